"""Which step is which: redefinition, renaming, taken names, order and dropping."""

from __future__ import annotations

import pytest

from zen_nb.core.errors import NameTaken, UnknownStep


def names(nb):
    return nb.session.registry.names


def edges(nb):
    return {(edge.source, edge.target): edge.names for edge in nb.session.registry.edges()}


def test_executing_a_cell_again_redefines_its_step(nb):
    """An edited cell keeps its step and its place."""
    nb.cell("%%step a\nx = 1", "c1")
    nb.cell("%%step b\ny = x", "c2")
    nb.cell("%%step a\nx = 2", "c1")
    assert names(nb) == ["a", "b"]
    assert "x = 2" in nb.session.registry.get("a").body.source


def test_a_new_name_for_the_same_cell_replaces_the_old_step(nb):
    """A renamed cell keeps its place, its log and its toggle; the old name is gone; it hits."""
    nb.cell("%%step a\nx = 1", "c1")
    nb.cell("%%step b\ny = x", "c2")
    nb.cell("%pipeline off a")
    nb.cell("%%step alpha\nx = 1", "c1")
    assert names(nb) == ["alpha", "b"]
    assert nb.session.toggles.step("alpha") is False
    assert nb.session.toggles.step("a") is None
    nb.cell("%pipeline reset alpha")
    nb.log()
    nb.cell("%%step alpha\nx = 1", "c1")
    assert nb.log() == ["cached alpha"]


def test_a_taken_name_is_an_error_that_shows_both(nb):
    """Another cell with the name does not run, and the message shows both cells."""
    nb.cell("%%step a\nx = 1", "c1")
    done = nb.cell("%%step a\nx = 2", "c2")
    assert isinstance(done.error, NameTaken)
    text = str(done.error)
    assert "'a'" in text
    assert f"In [{nb.shell.execution_count - 2}]" in text
    assert f"In [{nb.shell.execution_count - 1}]" in text
    assert "%pipeline drop a" in text
    assert nb["x"] == 1
    assert nb.log() == ["ran a"]


def test_a_taken_name_is_free_after_a_drop(nb):
    """`%pipeline drop` frees a name; the records stay."""
    nb.cell("%%step a\nx = 1", "c1")
    nb.cells("%pipeline drop a")
    assert names(nb) == []
    nb.cell("%%step a\nx = 1", "c2")
    assert nb.log() == ["ran a", "cached a"]


def test_dropping_an_unknown_step_lists_those_there_are(nb):
    """A wrong name is answered with the right ones."""
    nb.cells("%%step a\nx = 1")
    done = nb.cell("%pipeline drop aa")
    assert isinstance(done.error, UnknownStep)
    assert "steps here: a" in done.traceback


def test_a_rename_to_a_taken_name(nb):
    """A cell renamed to a name that another cell has is refused, and both stay what they were."""
    nb.cell("%%step a\nx = 1", "c1")
    nb.cell("%%step b\ny = 2", "c2")
    done = nb.cell("%%step a\ny = 2", "c2")
    assert isinstance(done.error, NameTaken)
    assert names(nb) == ["a", "b"]
    assert "x = 1" in nb.session.registry.get("a").body.source


def test_a_cell_without_its_step_line_is_no_step(nb):
    """Taking the line off a cell takes its step out of the pipeline."""
    nb.cell("%%step a\nx = 1", "c1")
    nb.cell("x = 1", "c1")
    assert names(nb) == []


def test_two_steps_may_write_one_name(nb):
    """Each is a new version, and a reader takes the last writer above it."""
    nb.cells(
        "%%step one\ndf = [1, None]",
        "%%step two\ndf = [x for x in df if x]",
        "%%step three\nn = len(df)",
    )
    assert edges(nb) == {("one", "two"): ("df",), ("two", "three"): ("df",)}
    nb.cells("%%step two\ndf = [x for x in df if x]")
    nb.log()
    nb.cells("%pipeline run")
    assert nb.log() == ["cached one", "cached two", "cached three"]


def test_order_is_that_of_the_first_execution(nb):
    """Executing an earlier cell again does not move it."""
    nb.cell("%%step a\nx = 1", "c1")
    nb.cell("%%step b\ny = 1", "c2")
    nb.cell("%%step a\nx = 1", "c1")
    assert names(nb) == ["a", "b"]


def test_a_failed_step_is_a_step(nb):
    """A cell that raised defines its step all the same."""
    nb.cell("%%step a\n1/0")
    assert names(nb) == ["a"]


@pytest.mark.parametrize("word", ["a b", "1st", "a/b", "é!"])
def test_names_that_cannot_be(nb, word):
    """A name is a word; the error suggests one."""
    done = nb.cell(f"%%step {word}\nx = 1")
    assert "UsageError" in done.traceback
    assert names(nb) == []


def test_names_that_can_be(nb):
    """Letters of any script, digits, dots and dashes make names."""
    nb.cells("%%step früh_1.b-c\nx = 1")
    assert names(nb) == ["früh_1.b-c"]
