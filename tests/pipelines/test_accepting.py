"""Changes taken as equal of step functions: for the arguments of their last call."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytest

import zen_nb
from zen_nb import pipeline, step
from zen_nb.core.errors import UnknownStep, UsageError

FACTOR = 2
CHANGED = f"module {__name__}.FACTOR 2 → 3"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(globals(), "FACTOR", 2)
    monkeypatch.setattr(pd, "_zen_nb_test", [], raising=False)


def body(name: str) -> None:
    """Tell that a body runs; lives in a library, so it is no ingredient."""
    vars(pd)["_zen_nb_test"].append(name)


def ran() -> list[str]:
    """Return the bodies that ran since this was asked last."""
    found = list(vars(pd)["_zen_nb_test"])
    vars(pd)["_zen_nb_test"].clear()
    return found


def scaled(value: Any) -> Any:
    """A helper whose global is reached by the steps that call it."""
    return value * FACTOR


@step
def doubled(x: Any, name: str = "a") -> Any:
    body("doubled")
    return scaled(x)


@step
def summed(x: Any) -> Annotated[float, "total"]:
    body("summed")
    return float(np.sum(scaled(x)))


@step
def numbers() -> Any:
    body("numbers")
    return np.arange(4)


def change(monkeypatch: pytest.MonkeyPatch, factor: int = 3) -> None:
    monkeypatch.setitem(globals(), "FACTOR", factor)


@pytest.mark.parametrize(
    "value", [3, "ab", [1, 2], np.arange(5), pd.DataFrame({"a": [1, 2]}), (1, None, {"k": 2.5})]
)
def test_the_last_call_is_answered_by_the_record(
    value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its arguments are: they are known by their fingerprints."""
    before = doubled(value)
    change(monkeypatch)
    found = zen_nb.accept("doubled")
    assert found.changes == (CHANGED,)
    after = doubled(value)
    assert ran() == ["doubled"]
    assert zen_nb.fingerprint(after) == zen_nb.fingerprint(before)
    assert "accepted as equal to the record of" in str(zen_nb.why("doubled"))


def test_only_those_arguments_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another call runs, with the code as it is."""
    assert [doubled(1), doubled(2)] == [2, 4]
    change(monkeypatch)
    zen_nb.accept("doubled")
    assert [doubled(2), doubled(1)] == [4, 3]
    assert ran() == ["doubled", "doubled", "doubled"]


def test_taken_back_it_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the list is empty."""
    doubled(1)
    change(monkeypatch)
    found = zen_nb.accept("doubled")
    assert [part.step for part in zen_nb.accepted()] == ["doubled"]
    assert zen_nb.unaccept("doubled") == [found]
    assert doubled(1) == 3
    assert zen_nb.accepted() == []


def test_a_call_that_was_interrupted_is_the_last_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the call, interrupt it, accept, call again."""
    doubled([1])
    change(monkeypatch)

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    class Interrupting(list[str]):
        append = staticmethod(interrupted)

    kept = vars(pd)["_zen_nb_test"]
    monkeypatch.setattr(pd, "_zen_nb_test", Interrupting())
    with pytest.raises(KeyboardInterrupt):
        doubled([1, 2], name="b")
    monkeypatch.setattr(pd, "_zen_nb_test", kept)
    found = zen_nb.accept("doubled")
    assert CHANGED in found.changes
    assert doubled([1, 2], name="b") == [1, 1]


def test_a_step_of_a_pipeline_and_those_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step is given by another is known; what is below sees the record's outputs."""

    @pipeline
    def all_of_it() -> None:
        summed(doubled(numbers()))

    all_of_it()
    change(monkeypatch)
    assert ran() == ["numbers", "doubled", "summed"]
    zen_nb.accept("doubled")
    zen_nb.accept("summed")
    run = all_of_it()
    assert ran() == []
    assert run.status == "cached"
    assert run.steps["summed"].outputs["total"].load() == 24.0


def test_the_function_is_taken_as_it_is_defined_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A definition executed again counts, without a call of it."""
    scope: dict[str, Any] = {"__name__": "__main__", "step": step, "body": body}
    source = "@step\ndef kept(x):\n    body('kept')\n    return x + 1\n"
    exec(source, scope)
    scope["kept"](1)
    exec(source.replace("x + 1", "1 + x"), scope)
    assert zen_nb.accept("kept").changes == ("code changed",)
    assert scope["kept"](1) == 2
    assert ran() == ["kept"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kept(x)", "kept(x, y=1)", "takes other arguments than in its last call"),
        ("-> int", "-> 'Annotated[int, \"n\"]'", "returns other outputs than its record has"),
    ],
)
def test_a_record_that_cannot_stand_for_the_call_is_refused(old: str, new: str, says: str) -> None:
    """Other parameters or other outputs: the step has to run once."""
    scope: dict[str, Any] = {"__name__": "__main__", "step": step, "Annotated": Annotated}
    source = "@step\ndef kept(x) -> int:\n    return x + 1\n"
    exec(source, scope)
    scope["kept"](1)
    exec(source.replace(old, new), scope)
    with pytest.raises(UsageError, match=says):
        zen_nb.accept("kept")


def test_a_step_that_was_not_called_is_unknown() -> None:
    """Those that were are named."""
    doubled(1)
    with pytest.raises(UnknownStep, match="doubled"):
        zen_nb.accept("tripled")


def test_what_is_a_hit_needs_no_accepting() -> None:
    """Nothing has changed since the last call."""
    doubled(1)
    with pytest.raises(UsageError, match="nothing to accept: doubled would be cached"):
        zen_nb.accept("doubled")


def test_arguments_are_not_kept_alive() -> None:
    """Of a large argument only its fingerprint is remembered."""
    import gc
    import weakref

    value = np.arange(1000)
    ended = weakref.ref(value)
    doubled(value)
    del value
    gc.collect()
    assert ended() is None
