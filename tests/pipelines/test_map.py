"""Map steps: a function for one element, kept by element."""

from __future__ import annotations

import threading
from typing import Annotated, Any

import numpy as np
import pytest

from zen_nb import pipeline, step
from zen_nb.core.errors import UsageError


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what tells, in order, for which elements the body ran."""
    bodies: list[Any] = []
    monkeypatch.setattr(threading, "_zen_nb_test_hook", bodies.append, raising=False)
    return bodies


def body(element: Any) -> None:
    getattr(threading, "_zen_nb_test_hook", lambda _: None)(element)


@step(map="items")
def squared(items: int, power: int = 2) -> Annotated[list[int], "squares"]:
    body(items)
    if items == 13:
        raise ValueError("bad luck")
    return items**power


@step(map="rows")
def split(rows: tuple[int, int]) -> tuple[Annotated[int, "low"], Annotated[int, "high"]]:
    body(rows)
    return min(rows), max(rows)


def test_each_element_is_kept(ran: list[Any]) -> None:
    """One more element runs one; fewer, or another order, run none; a parameter runs all."""
    assert squared([1, 2, 3]) == [1, 4, 9]
    assert squared([1, 2, 3, 4]) == [1, 4, 9, 16]
    assert squared([3, 1]) == [9, 1]
    assert squared(items=(3, 1), power=1) == [3, 1]
    assert ran == [1, 2, 3, 4, 3, 1]


def test_a_loop_that_stops_has_kept_what_it_has(ran: list[Any]) -> None:
    """After a failure, or an interrupt, only what had not been computed runs."""
    with pytest.raises(ValueError, match="bad luck"):
        squared([5, 6, 13, 7])
    assert squared([5, 6, 7]) == [25, 36, 49]
    assert ran == [5, 6, 13, 7]


def test_several_outputs_are_lists_each(ran: list[Any]) -> None:
    """Every output is a list in the order of the elements."""
    assert split([(2, 1), (3, 4)]) == ([1, 3], [2, 4])
    assert split([]) == ([], [])


def test_off_is_off_for_every_element(ran: list[Any]) -> None:
    """The step's settings are those of its elements."""
    squared([1, 2])
    assert squared.with_options(enable_cache=False)([1, 2]) == [1, 4]
    assert ran == [1, 2, 1, 2]


def test_in_a_pipeline_it_is_one_step(ran: list[Any]) -> None:
    """Its elements are another step's output; the run shows it as one."""

    @step
    def numbers(n: int) -> Annotated[np.ndarray, "numbers"]:
        return np.arange(n)

    @pipeline
    def whole(n: int) -> None:
        squared(numbers(n))

    assert list(whole(3).steps) == ["numbers", "squared"]
    run = whole(4)
    assert run.steps["squared"].outputs["squares"].load() == [0, 1, 4, 9]
    assert whole(4).status == "cached"
    assert ran == [0, 1, 2, 3]


def test_what_is_no_list_of_elements_is_one_line() -> None:
    """A text, a table of names, or a parameter that there is not, is said to be none."""
    with pytest.raises(UsageError, match="give it a list, not str"):
        squared("abc")
    with pytest.raises(UsageError, match="no parameter of plain; parameters: a"):

        @step(map="b")
        def plain(a: int) -> int:
            return a
