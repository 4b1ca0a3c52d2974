"""What is decided where the user took a change as equal."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.store.making import put
from zen_nb.core.errors import UsageError
from zen_nb.core.model import Artifact, Component, Record, Trace
from zen_nb.core.options import Setting
from zen_nb.engine.accept import accept, accepted
from zen_nb.engine.decide import Question, decide, known_outputs
from zen_nb.identity.ingredients import Ingredients, key_of
from zen_nb.store.acceptances import Acceptances
from zen_nb.store.records import Store
from zen_nb.store.signing import Signer

VARIABLE = "ZEN_NB_TEST_REGION"


def ingredients(**parts: Any) -> Ingredients:
    """Return ingredients with a component for each part: ``helper_clean="2"``."""
    named = {"code": "1", "param_gamma": "1", **parts}
    return Ingredients(
        tuple(
            Component(label.replace("_", ":", 1), f"{value:0>64}") for label, value in named.items()
        )
    )


def question(step: str = "train", *, expires: float | None = None, **parts: Any) -> Question:
    return Question(step, ingredients(**parts), expires_after_s=expires)


def ran(store: Store, *, trace: tuple[Trace, ...] = (), age: float = 0.0, **parts: Any) -> Record:
    """Keep a record of `train`, as if it had run with these ingredients."""
    components = ingredients(**parts).components
    record = Record(
        key=key_of(components),
        variant=f"{len(trace):064x}",
        step="train",
        created_at=time.time() - age,
        duration_s=1.0,
        trace=trace,
        artifacts=(Artifact("model", "ee" * 32, "int", "1"),),
    )
    return put(store, record, {"model": 1}, components=components)


def test_nothing_accepted_is_a_miss(store: Store) -> None:
    """A changed ingredient makes the step run, whatever was accepted for others."""
    ran(store)
    accept(question(code="2"), store)
    decision = decide(question(code="3"), store)
    assert (decision.record, decision.accepted) == (None, None)
    assert decision.reason == "code changed"


def test_what_was_accepted_is_served_with_its_outputs(store: Store) -> None:
    """Whoever reads the step's outputs is given those of the record."""
    record = ran(store)
    made = accept(question(code="2"), store)
    decision = decide(question(code="2"), store)
    assert decision.record == record
    assert decision.accepted == made
    assert decision.reason.startswith("accepted as equal to the record of 20")
    assert decision.reason.endswith("(code changed)")
    assert known_outputs(record) == {"model": "ee" * 32}


def test_the_nearest_record_is_the_one_that_is_accepted(store: Store) -> None:
    """Not the newest: the one that differs in the fewest ingredients."""
    near = ran(store, age=60, helper_clean="1")
    ran(store, param_gamma="9", helper_clean="8")
    made = accept(question(helper_clean="2"), store)
    assert (made.target, made.changes) == (near.key, ("helper clean() changed",))


def test_of_equally_near_ones_it_is_the_newest(store: Store) -> None:
    """The last of them stands for the step."""
    ran(store, age=60, helper_clean="1")
    newest = ran(store, helper_clean="2")
    assert accept(question(helper_clean="3"), store).target == newest.key


def test_its_own_record_wins(store: Store) -> None:
    """Once the step has run with the new key, the acceptance is passed over."""
    ran(store)
    accept(question(code="2"), store)
    own = ran(store, code="2")
    decision = decide(question(code="2"), store)
    assert (decision.record, decision.accepted) == (own, None)
    (listed,) = accepted(store)
    assert not listed.in_force


def test_accepting_never_leads_through_an_acceptance(store: Store) -> None:
    """However often a change is accepted on top, what is served is a record that exists."""
    record = ran(store)
    for code in ("2", "3", "4"):
        assert accept(question(code=code), store).target == record.key
    assert all(decide(question(code=code), store).record == record for code in "1234")


def test_the_trace_of_the_record_is_still_checked(store: Store, monkeypatch: Any) -> None:
    """What the step read outside must be as the record saw it."""
    monkeypatch.delenv(VARIABLE, raising=False)
    ran(store, trace=(Trace(f"env:{VARIABLE}", ""),))
    accept(question(code="2"), store)
    assert decide(question(code="2"), store).hit
    monkeypatch.setenv(VARIABLE, "north")
    decision = decide(question(code="2"), store)
    assert (decision.record, decision.kind) == (None, "changed")
    assert decision.reason == f"environment variable {VARIABLE} is set now"


def test_an_accepted_state_of_the_outside_is_one_state(store: Store, monkeypatch: Any) -> None:
    """The record holds for the state it saw and for the one accepted, for no third."""
    monkeypatch.delenv(VARIABLE, raising=False)
    ran(store, trace=(Trace(f"env:{VARIABLE}", ""),))
    found = []
    monkeypatch.setenv(VARIABLE, "north")
    accept(question(), store)
    for value in ("north", "south", None):
        monkeypatch.setenv(VARIABLE, value) if value else monkeypatch.delenv(VARIABLE)
        found.append((decide(question(), store).hit, decide(question(), store).accepted is None))
    assert found == [(True, False), (False, True), (True, True)]


def test_files_that_only_the_new_code_names_must_stay_as_they_are(
    store: Store, tmp_path: Any
) -> None:
    """The record's run cannot have seen them, so its trace says nothing of them."""
    path = tmp_path / "limits.txt"
    path.write_text("1")
    ran(store)
    asked = question(code="2")
    asked = Question(asked.step, Ingredients(asked.ingredients.components, strings={str(path)}))
    accept(asked, store)
    assert decide(asked, store).hit
    path.write_text("22")
    assert "limits.txt changed" in decide(asked, store).reason


def test_expiry_counts_from_when_the_record_was_made(store: Store) -> None:
    """Accepting makes nothing younger."""
    ran(store, age=100)
    accept(question(code="2"), store)
    assert decide(question(code="2", expires=1000), store).hit
    assert decide(question(code="2", expires=10), store).kind == "expired"
    with pytest.raises(UsageError, match="have expired"):
        accept(question(code="3", expires=10), store)


@pytest.mark.parametrize("how", ["evicted", "removed"])
def test_a_record_that_is_gone_is_a_miss_with_a_reason(store: Store, how: str) -> None:
    """Neither an error nor another record in its place."""
    record = ran(store)
    accept(question(code="2"), store)
    store._mine.clear()
    assert store.prune(0) if how == "evicted" else store.forget(record.key) is None
    decision = decide(question(code="2"), store)
    assert decision.record is None
    said = "evicted to keep the store below" if how == "evicted" else "it is gone"
    assert decision.reason.startswith(f"the record accepted for it cannot be served: {said}")
    assert decision.kind == ("evicted" if how == "evicted" else "damaged")


def test_a_foreign_acceptance_serves_nothing(store: Store) -> None:
    """Another user's word is a reason on the page, no more."""
    ran(store)
    made = accept(question(code="2"), store)
    store.acceptances.remove()
    Acceptances(store.folder, Signer(bytes(32))).keep(made)
    decision = decide(question(code="2"), store)
    assert (decision.record, decision.kind) == (None, "damaged")
    assert decision.reason == "what was accepted was signed by somebody else"


def test_a_hit_asks_for_no_acceptance(store: Store, monkeypatch: Any) -> None:
    """The way of a plain hit is no longer than it was."""
    ran(store)
    monkeypatch.setattr(Acceptances, "find", lambda *_: pytest.fail("asked"))
    assert decide(question(), store).hit


def test_another_steps_records_are_not_offered(store: Store) -> None:
    """A step is compared with what it made itself, under its own name."""
    ran(store)
    with pytest.raises(UsageError, match="no earlier result of fit to accept"):
        accept(question("fit", code="2"), store)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"refusal": "it reads input()"}, "train cannot be cached, so nothing can be accepted"),
        ({"setting": Setting(False, "the step")}, "caching is off for train, set by the step"),
    ],
)
def test_where_a_record_would_not_be_read_there_is_nothing_to_accept(
    store: Store, more: dict[str, Any], says: str
) -> None:
    """It says what is in the way."""
    ran(store)
    with pytest.raises(UsageError, match=says):
        accept(Question("train", ingredients(code="2"), **more), store)
    assert accepted(store) == []
