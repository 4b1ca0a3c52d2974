"""How steps are joined and ordered by the names that they read and write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zen_nb.core.errors import CycleError
from zen_nb.core.graph import Edge, edges_by_name, topological, upstream
from zen_nb.core.model import Step


def a_step(name: str, reads: str = "", writes: str = "", awaits: str = "") -> Step:
    return Step(name, tuple(reads.split()), tuple(writes.split()), awaits=frozenset(awaits.split()))


def test_a_reader_takes_the_last_writer_above_it() -> None:
    """Two steps write one name: each is a new version."""
    steps = [
        a_step("load", "", "df"),
        a_step("clean", "df", "df"),
        a_step("early", "df", "a"),
        a_step("again", "df", "df"),
    ]
    assert edges_by_name(steps) == (
        Edge("load", "clean", ("df",)),
        Edge("clean", "early", ("df",)),
        Edge("clean", "again", ("df",)),
    )


def test_names_between_two_steps_share_one_edge() -> None:
    """An edge lists every name that it carries."""
    steps = [a_step("split", "", "X y"), a_step("train", "X y", "model")]
    assert edges_by_name(steps) == (Edge("split", "train", ("X", "y")),)


def test_what_nobody_writes_joins_nothing() -> None:
    """A name from a plain cell has no edge, even where a step below binds it anew."""
    assert edges_by_name([a_step("a", "cfg", "x"), a_step("b", "x", "cfg")]) == (
        Edge("a", "b", ("x",)),
    )


def test_what_was_not_there_comes_from_below() -> None:
    """A step executed too early takes what it awaited from the step that gives it."""
    steps = [a_step("plot", "df", "", "df"), a_step("load", "", "df")]
    edges = edges_by_name(steps)
    assert edges == (Edge("load", "plot", ("df",)),)
    assert topological(["plot", "load"], edges) == ["load", "plot"]


def test_steps_that_await_each_other_are_an_error_that_lists_them() -> None:
    """A cycle names its steps in order."""
    steps = [a_step("a", "y", "x", "y"), a_step("b", "x", "y")]
    with pytest.raises(CycleError, match=r"wait for each other: (a → b → a|b → a → b); let one"):
        topological(["a", "b"], edges_by_name(steps))


def test_upstream_is_the_step_and_all_it_depends_on() -> None:
    """What lies below or beside is not among it."""
    edges = [Edge("a", "b", ()), Edge("b", "c", ()), Edge("x", "c", ()), Edge("c", "d", ())]
    assert upstream(["c"], edges) == {"a", "b", "c", "x"}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_sources_come_first_and_order_is_kept_otherwise(pairs: list[tuple[int, int]]) -> None:
    """Any acyclic graph: sources before targets; edges along the given order change nothing."""
    names = [str(number) for number in range(10)]
    forward = [Edge(str(min(a, b)), str(max(a, b)), ()) for a, b in pairs if a != b]
    assert topological(names, forward) == names
    backward = [Edge(edge.target, edge.source, ()) for edge in forward]
    ordered = topological(names, backward)
    assert sorted(ordered) == names
    assert all(ordered.index(e.source) < ordered.index(e.target) for e in backward)
