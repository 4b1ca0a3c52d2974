"""Acceptances at rest: signed, bound to their keys, and as hard to lose as records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.store.making import a_record, put
from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import Trace
from zen_nb.store.acceptances import Acceptance, Acceptances
from zen_nb.store.records import Store
from zen_nb.store.signing import Signer, open_signer

NEW, OLD, OTHER = "a1" * 32, "b2" * 32, "c3" * 32
TRACE = (Trace("file:a.csv", "ab" * 32, {"size": 3}, {"summary": "3 bytes"}), Trace("env:R", ""))


def an_acceptance(**more: Any) -> Acceptance:
    made = Acceptance(NEW, OLD, "train", 20.0, 10.0, ("helper clean() changed",), "0" * 64)
    return replace(made, **more)


def file_of(store: Store, key: str) -> Path:
    return store.folder / "acceptances" / key[:2] / key


@pytest.mark.parametrize("trace", [None, (), TRACE])
def test_what_is_kept_comes_back(store: Store, trace: Any) -> None:
    """Every field, also by another process that opens the folder; traces with their guards."""
    kept = an_acceptance(trace=trace)
    store.acceptances.keep(kept)
    (found,) = Acceptances(store.folder, open_signer()).find(NEW).found
    assert found == kept
    for part, was in zip(found.trace or (), trace or (), strict=True):
        assert (part.guard, part.shown) == (was.guard, was.shown)
    assert store.acceptances.find(OLD).found == ()


def test_of_one_key_the_newest_comes_first(store: Store) -> None:
    """One for each state of the outside, at most eight; one for the same state is replaced."""
    for number in range(10):
        trace = (Trace("env:R", f"{number:064x}"),)
        store.acceptances.keep(an_acceptance(trace=trace, accepted_at=float(number)))
    store.acceptances.keep(an_acceptance(trace=trace, accepted_at=99.0))
    times = [part.accepted_at for part in store.acceptances.find(NEW).found]
    assert times == [99.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0]


def test_every_byte_flipped_or_cut_is_refused(store: Store) -> None:
    """Nothing that was tampered with is believed, and what is not believed has a reason."""
    store.acceptances.keep(an_acceptance(trace=TRACE))
    path = file_of(store, NEW)
    content = path.read_bytes()
    path.chmod(0o600)
    for place in range(len(content)):
        changed = bytes([content[place] ^ (1 << place % 8)])
        for damaged in (content[:place] + changed + content[place + 1 :], content[:place]):
            path.write_bytes(damaged)
            found = store.acceptances.find(NEW)
            assert found.found == ()
            assert found.refused or not damaged
    path.write_bytes(content)
    assert store.acceptances.find(NEW).found == (an_acceptance(trace=TRACE),)


def test_one_that_is_damaged_does_not_hide_another(store: Store) -> None:
    """The frames of a key are judged one by one."""
    store.acceptances.keep(an_acceptance())
    store.acceptances.keep(an_acceptance(trace=TRACE))
    path = file_of(store, NEW)
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:60] + bytes([content[60] ^ 1]) + content[61:])
    found = store.acceptances.find(NEW)
    assert found.found == (an_acceptance(),)
    assert found.refused == ("what was accepted is damaged",)


def test_replayed_under_another_key_it_is_refused(store: Store) -> None:
    """An acceptance says nothing about any key but its own."""
    store.acceptances.keep(an_acceptance())
    path = file_of(store, OTHER)
    path.parent.mkdir()
    path.write_bytes(file_of(store, NEW).read_bytes())
    assert store.acceptances.find(OTHER).found == ()
    assert store.acceptances.find(OTHER).refused == ("what was accepted is damaged",)


def test_one_of_another_user_is_refused_as_foreign(store: Store) -> None:
    """It names the reason, and is neither served nor listed."""
    Acceptances(store.folder, Signer(bytes(32))).keep(an_acceptance())
    found = store.acceptances.find(NEW)
    assert found.found == ()
    assert found.refused == ("what was accepted was signed by somebody else",)
    assert store.acceptances.all() == []


def test_a_record_is_no_acceptance_and_an_acceptance_no_record(store: Store) -> None:
    """Both are signed with one key, for different purposes."""
    record = put(store, a_record(1), {"x": 1})
    assert store._rows is not None
    path = file_of(store, record.key)
    path.parent.mkdir(parents=True)
    path.write_bytes(store._rows.get(record.key) or b"")
    assert store.acceptances.find(record.key).found == ()
    store.acceptances.keep(an_acceptance())
    store._rows.put(NEW, file_of(store, NEW).read_bytes())
    assert store.find(NEW).found == ()
    assert "damaged" in store.find(NEW).refused[0]


def test_a_rebuilt_database_has_lost_none(store: Store, opened: Callable[..., Store]) -> None:
    """They do not depend on the database."""
    put(store, a_record(1), {"x": 1})
    store.acceptances.keep(an_acceptance())
    store.close()
    database = store.folder / "cache.db"
    database.write_bytes(b"not a database" * 1000)
    again = opened(store.folder)
    assert again.find(a_record(1).key).found
    assert again.acceptances.all() == [an_acceptance()]


def test_all_are_listed_newest_first_by_step(store: Store) -> None:
    """Those of one step, or of all."""
    one, two = an_acceptance(), an_acceptance(key=OTHER, step="score", accepted_at=30.0)
    store.acceptances.keep(one)
    store.acceptances.keep(two)
    assert store.acceptances.all() == [two, one]
    assert store.acceptances.all("train") == [one]


def test_removing_takes_those_of_a_step(store: Store) -> None:
    """Another step's stay, those under the same key too."""
    one, two = an_acceptance(), an_acceptance(step="fit", trace=TRACE)
    three = an_acceptance(key=OTHER)
    for part in (one, two, three):
        store.acceptances.keep(part)
    assert store.acceptances.remove("train") == [one, three]
    assert store.acceptances.all() == [two]
    assert store.acceptances.remove("train") == []


def test_clearing_removes_them_with_the_records(store: Store) -> None:
    """Of one step, or of all; what cannot be read goes with all."""
    for key, step in ((NEW, "train"), (OTHER, "score")):
        store.acceptances.keep(an_acceptance(key=key, step=step))
    store.clear("train")
    assert [part.step for part in store.acceptances.all()] == ["score"]
    file_of(store, OTHER).chmod(0o600)
    file_of(store, OTHER).write_bytes(b"damaged")
    store.clear()
    assert not list((store.folder / "acceptances").rglob("?" * 64))


def test_where_nothing_can_be_written_it_says_so(store: Store) -> None:
    """A read-only folder, or no key: an error for the user, and nothing is kept."""
    (store.folder / "acceptances").write_bytes(b"in the way")
    with pytest.raises(StoreUnavailable, match="not a folder"):
        store.acceptances.keep(an_acceptance())
    with pytest.raises(StoreUnavailable, match="no signing key"):
        Acceptances(store.folder, None).keep(an_acceptance())
    assert store.acceptances.find(NEW).found == ()
