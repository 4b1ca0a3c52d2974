"""Whatever happens to stored bytes: an explained miss or the right value, never foreign code."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.store.making import A_COMPONENT, a_record, put
from zen_nb.store import envelope as envelopes
from zen_nb.store.disk import FORMAT_KEY
from zen_nb.store.records import Store
from zen_nb.store.serialize import NotLoadable, Payload
from zen_nb.store.signing import Signer, open_signer

VALUES: dict[str, Any] = {"x": [1, "two"], "a": np.arange(3000)}
SHOWN = b"shown"


class Canary:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def outcome(store: Store, key: str) -> str:
    """Return `right`, or `miss` where there is a reason; anything else fails the test."""
    lookup = store.find(key)
    if not lookup.found:
        assert lookup.refused
        return "miss"
    try:
        values = store.load(lookup.found[0], {})
        shown = store.transcript(lookup.found[0])
    except NotLoadable:
        return "miss"
    assert values["x"] == VALUES["x"]
    np.testing.assert_array_equal(values["a"], VALUES["a"])
    assert shown == SHOWN
    store.components(lookup.found[0])
    return "right"


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :]


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def test_every_byte_of_a_row_flipped_or_cut_is_a_miss(store: Store) -> None:
    """No byte of a record can change without being noticed, and each miss has a reason."""
    record = put(store, a_record(), VALUES, transcript=SHOWN)
    assert store._rows is not None
    row = store._rows.get(record.key)
    assert row is not None
    store._journal.remove(record.key)
    for place in range(len(row)):
        for damaged in (flipped(row, place), row[:place]):
            store._rows.put(record.key, damaged)
            lookup = store.find(record.key)
            assert lookup.found == ()
            assert lookup.refused or not damaged
    store._rows.put(record.key, row)
    assert outcome(store, record.key) == "right"


def test_every_byte_of_a_blob_flipped_or_cut_is_a_miss(store: Store, folder: Path) -> None:
    """A blob is what its name says or it is not used; running again puts it right."""
    record = put(store, a_record(), VALUES, transcript=SHOWN)
    (blob,) = [path for path in (folder / "blobs").rglob("*") if path.is_file()]
    content = blob.read_bytes()
    for place in [*range(0, len(content), 97), len(content) - 1]:
        for damaged in (flipped(content, place), content[:place], content + b"x"):
            overwrite(blob, damaged)
            assert outcome(store, record.key) == "miss"
    assert store.find(record.key).found == ()
    put(store, record, VALUES, transcript=SHOWN)
    assert outcome(store, record.key) == "right"
    blob.unlink()
    assert outcome(store, record.key) == "miss"
    blob.symlink_to(folder / "cache.db")
    assert outcome(store, record.key) == "miss"


@pytest.fixture
def template(folder: Path, opened: Any) -> tuple[Path, str]:
    store = opened(folder)
    record = put(store, a_record(), VALUES, transcript=SHOWN, components=[A_COMPONENT])
    store.close()
    return folder, record.key


@pytest.mark.slow
def test_any_stored_file_damaged_is_right_or_explained(
    template: tuple[Path, str], tmp_path: Path, opened: Any
) -> None:
    """Sampled over all files: flip, cut, empty, fill with noise, remove; the store then works."""
    folder, key = template
    source = random.Random(5)
    names = [p.relative_to(folder) for p in sorted(folder.rglob("*")) if p.is_file()]
    assert {"cache.db"} < {name.name for name in names}
    outcomes = []
    for number in range(150):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(folder, copy)
        copy.chmod(0o700)
        victim = copy / names[number % len(names)]
        content = victim.read_bytes()
        place = source.randrange(len(content)) if content else 0
        damaged: list[bytes | None] = [
            flipped(content, place) if content else b"",
            content[:place],
            source.randbytes(len(content)),
            b"",
            None,
        ]
        choice = damaged[number // len(names) % 5]
        if choice is None:
            victim.unlink()
        else:
            overwrite(victim, choice)
        store = opened(copy)
        outcomes.append(outcome(store, key))
        put(store, a_record(), VALUES, transcript=SHOWN)
        assert outcome(store, key) == "right"
        store.close()
        shutil.rmtree(copy)
    assert {"right", "miss"} == set(outcomes)


@pytest.mark.sweep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("part", range(4))
def test_every_byte_of_every_file_flipped_or_cut_is_right_or_explained(
    template: tuple[Path, str], opened: Any, part: int
) -> None:
    """No byte of a small store, and no length of a file, gives a wrong value or an exception."""
    folder, key = template
    memory = Path("/dev/shm")
    outcomes: set[str] = set()
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as root:
        copy = Path(root) / "copy"
        for path in [path for path in sorted(folder.rglob("*")) if path.is_file()]:
            content = path.read_bytes()
            for place in range(part, len(content), 4):
                for damaged in (flipped(content, place), content[:place]):
                    shutil.copytree(folder, copy)
                    copy.chmod(0o700)
                    overwrite(copy / path.relative_to(folder), damaged)
                    store = Store.open(copy, 10**9)
                    outcomes.add(outcome(store, key))
                    store.close()
                    shutil.rmtree(copy)
    assert outcomes == {"right", "miss"}


def test_a_damaged_database_is_set_aside_and_rebuilt(
    template: tuple[Path, str], opened: Any
) -> None:
    """Results and history survive the loss of the database; the old one is kept beside."""
    folder, key = template
    overwrite(folder / "cache.db", b"not a database" * 1000)
    store = opened(folder)
    assert outcome(store, key) == "right"
    assert [record.key for record in store.history("train")] == [key]
    assert store.size_bytes() > 24_000
    assert list(folder.glob("cache.db.aside-*"))


def test_a_newer_database_is_set_aside(template: tuple[Path, str], opened: Any) -> None:
    """A database of a format to come is not guessed at."""
    folder, key = template
    with sqlite3.connect(folder / "cache.db") as connection:
        connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (b"9", FORMAT_KEY))
    connection.close()
    assert outcome(opened(folder), key) == "right"
    assert list(folder.glob("cache.db.aside-*"))


def test_a_database_damaged_while_open_does_not_stop_the_notebook(store: Store) -> None:
    """Finding and keeping go on after the file was overwritten under an open store."""
    record = put(store, a_record(), VALUES, transcript=SHOWN)
    assert store._rows is not None
    store._rows.close()
    overwrite(store.folder / "cache.db", b"x" * 40_000)
    assert outcome(store, record.key) == "right"
    assert outcome(store, put(store, a_record(2), VALUES, transcript=SHOWN).key) == "right"


def test_a_record_under_another_key_is_refused(store: Store) -> None:
    """A valid record replayed under another key is not served."""
    one, two = a_record(1), a_record(2)
    put(store, one, VALUES)
    assert store._rows is not None
    row = store._rows.get(one.key)
    assert row is not None
    store._rows.put(two.key, row)
    lookup = store.find(two.key)
    assert lookup.found == ()
    assert "another key" in lookup.refused[0]


def test_a_newer_format_is_a_miss_that_says_so(store: Store) -> None:
    """A record of version 2 is named as newer, not as damaged."""
    record = put(store, a_record(), VALUES)
    assert store._rows is not None
    row = store._rows.get(record.key) or b""
    store._journal.remove(record.key)
    store._rows.put(record.key, row[:15] + b"\x02" + row[16:])
    assert "newer" in store.find(record.key).refused[0]


def test_a_newer_format_is_left_alone(store: Store, folder: Path, opened: Any) -> None:
    """What a later zen_nb has stored survives a record of ours, eviction, and repair."""
    from zen_nb.store.inventory import verify

    record = put(store, a_record(), VALUES, transcript=SHOWN)
    assert store._rows is not None
    row = store._rows.get(record.key)
    assert row is not None
    (sealed, _) = envelopes.readable(row)[0]
    newer = sealed[:7] + bytes([envelopes.VERSION + 1]) + sealed[8:]
    later = envelopes.framed([(newer, b"")])
    with store._rows.transaction():
        store._space().put(record.key, later, row)
    store._journal.write(record.key, later)
    other = opened(folder)
    assert "newer than this zen_nb" in other.find(record.key).refused[0]
    assert other.prune(0).keys == ()
    assert verify(other, mend=True).damaged == []
    put(other, a_record(), VALUES, transcript=SHOWN)
    assert outcome(other, record.key) == "right"
    kept = [part for part, _ in envelopes.readable(other._journal.read(record.key) or b"")]
    assert newer in kept


def test_poison_signed_by_somebody_else_is_never_executed(
    store: Store, tmp_path: Path, opened: Any
) -> None:
    """A whole store written with another key, copied in: explained misses, no code runs."""
    canary = tmp_path / "canary"
    poison = Payload(pickle.dumps({"x": Canary(canary)}, protocol=5))
    (tmp_path / "other").mkdir(mode=0o700)
    other = Store(tmp_path / "other", 10**9, Signer(bytes(32)), "")
    record = other.add(a_record(), payload=poison)
    other.close()
    shutil.copytree(other.folder, store.folder, dirs_exist_ok=True)
    store.close()
    reader = opened(store.folder)
    lookup = reader.find(record.key)
    assert lookup.found == ()
    assert "somebody else" in lookup.refused[0]
    with pytest.raises(NotLoadable):
        reader.load(record, {})
    assert not canary.exists()


def test_poison_in_every_place_is_never_executed(store: Store, tmp_path: Path) -> None:
    """Poison as blob, as inline stream, as a row in pickle mode or naming a file: no code runs."""
    canary = tmp_path / "canary"
    poison = pickle.dumps({"x": Canary(canary)}, protocol=5)
    record = put(store, a_record(), VALUES, transcript=SHOWN)
    for blob in [path for path in (store.folder / "blobs").rglob("*") if path.is_file()]:
        overwrite(blob, poison.ljust(blob.stat().st_size, b"."))
    assert outcome(store, record.key) == "miss"
    put(store, record, VALUES, transcript=SHOWN)

    (store.folder / "poison.val").write_bytes(poison)
    database = sqlite3.connect(store.folder / "cache.db")
    for mode, filename, value in (
        (4, None, poison),
        (4, "poison.val", None),
        (2, "poison.val", None),
        (3, "../canary", None),
        (1, None, "text"),
    ):
        with database:
            database.execute(
                "UPDATE Cache SET mode = ?, filename = ?, value = ? WHERE key = ?",
                (mode, filename, value, record.key),
            )
        assert outcome(store, record.key) == "right"  # from the journal, which is signed
    database.close()
    assert (store.folder / "poison.val").exists()
    assert not canary.exists()


def test_a_canary_would_be_seen(store: Store, tmp_path: Path) -> None:
    """The same poison, signed with the user's own key, does run: the tests above can fail."""
    canary = tmp_path / "canary"
    poison = Payload(pickle.dumps({"x": Canary(canary)}, protocol=5))
    record = store.add(a_record(), payload=poison)
    store.load(store.find(record.key).found[0], {})
    assert canary.exists()


def test_a_tombstone_of_another_key_is_refused() -> None:
    """Not even "evicted" is believed without the key that it was said of."""
    signer = open_signer()
    stone = envelopes.seal_tombstone(signer, "a" * 64, envelopes.Tombstone(1.0, "evicted"))
    assert isinstance(envelopes.unseal(signer, "a" * 64, stone), envelopes.Tombstone)
    with pytest.raises(envelopes.Refused):
        envelopes.unseal(signer, "b" * 64, stone)
