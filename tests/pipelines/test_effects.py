"""What a step function does besides returning: a hit does it too, or the step says that it cannot."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from zen_nb import pipeline, step
from zen_nb.pipelines.recent import recall

INNER = [1]
OUTER = {"k": INNER}
COUNT = 0


@pytest.fixture(autouse=True)
def restored() -> Any:
    """Put the globals back as they were."""
    yield
    global COUNT
    INNER[:] = [1]
    COUNT = 0


def _cached(name: str) -> bool:
    found = recall(name)
    assert found is not None
    return found.cached


def _twice(call: Callable[[], object], look: Callable[[], object], name: str) -> list[object]:
    """Run a step and serve it, from the same state; return what each left."""
    seen = []
    for _ in range(2):
        INNER[:] = [1]
        globals()["COUNT"] = 0
        call()
        seen.append(look())
    assert _cached(name)
    return seen


def test_a_part_of_a_global_is_changed_where_it_is() -> None:
    """Whoever else refers to the part sees the change."""

    @step
    def deepen() -> None:
        OUTER["k"].append(2)

    assert _twice(deepen, lambda: list(INNER), "deepen") == [[1, 2], [1, 2]]
    assert OUTER["k"] is INNER


def test_a_global_that_a_step_binds_is_bound_on_a_hit() -> None:
    """A counter of the script counts on."""

    @step
    def count() -> None:
        global COUNT
        COUNT += 1

    assert _twice(count, lambda: COUNT, "count") == [1, 1]


def test_an_output_that_is_a_global_is_that_object_on_a_hit() -> None:
    """What is returned and what the script holds stay one."""

    @step
    def give() -> dict[str, list[int]]:
        return {"rows": INNER}

    found = [give(), give()]
    assert _cached("give")
    assert all(one["rows"] is INNER for one in found)


def test_a_part_of_an_argument_is_changed_where_it_is() -> None:
    """An argument is a place as well; a part of it that has another name changes with it."""

    @step
    def extend(table: dict[str, list[int]]) -> int:
        table["a"].append(2)
        return len(table["a"])

    for _ in range(2):
        part = [1]
        table = {"a": part}
        assert extend(table) == 2
        assert part == [1, 2]
        assert table["a"] is part
    assert _cached("extend")


def test_what_a_closure_keeps_is_changed_on_a_hit_too() -> None:
    """A counter that a step moves on stands after a hit where it stands after a run."""

    def make() -> Callable[[], int]:
        n = 0
        seen: list[int] = []

        def up() -> int:
            nonlocal n
            n += 1
            seen.append(n)
            return sum(seen)

        return up

    for cached in (False, True):
        up = make()

        @step
        def advance(by: int) -> int:
            return up() + up() + by  # noqa: B023

        assert advance(10) == 14
        assert _cached("advance") is cached
        assert up() == 6


def test_what_a_class_keeps_is_changed_on_a_hit_too() -> None:
    """A registry in a class holds after a hit what it holds after a run."""

    class Registry:
        known: ClassVar[dict[str, int]] = {}
        count = 0

    @step
    def register(name: str) -> int:
        Registry.known[name] = len(Registry.known)
        Registry.count += 1
        return Registry.count

    for cached in (False, True):
        Registry.known.clear()
        Registry.count = 0
        assert register("a") == 1
        assert _cached("register") is cached
        assert (Registry.known, Registry.count) == ({"a": 0}, 1)


def test_an_output_of_a_step_that_changed_its_argument_can_be_loaded() -> None:
    """A pipeline's outputs come back although the record holds the argument's new state."""

    @step
    def add(rows: list[int]) -> int:
        rows.append(1)
        return len(rows)

    @pipeline
    def both() -> None:
        add([5])

    for expected in ("completed", "cached"):
        run = both()
        assert run.steps["add"].status == expected
        assert run.steps["add"].outputs["output"].load() == 2


def test_a_hit_in_a_pipeline_changes_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants its outputs, and what it set is set all the same."""
    monkeypatch.delenv("ZEN_NB_TEST_REGION", raising=False)

    @step
    def prepare() -> int:
        os.environ["ZEN_NB_TEST_REGION"] = "north"
        return 1

    @pipeline
    def alone() -> None:
        prepare()

    for expected in ("completed", "cached"):
        monkeypatch.delenv("ZEN_NB_TEST_REGION", raising=False)
        assert alone().steps["prepare"].status == expected
        assert os.environ["ZEN_NB_TEST_REGION"] == "north"


def test_a_variable_set_in_an_installed_module_is_set_on_a_hit_too() -> None:
    """What a helper sets in an installed module stands there after a hit."""

    def put() -> None:
        threading._zen_nb_effect = 5  # type: ignore[attr-defined]

    @step
    def touch() -> None:
        put()

    for cached in (False, True):
        touch()
        assert _cached("touch") is cached
        assert vars(threading).pop("_zen_nb_effect") == 5
