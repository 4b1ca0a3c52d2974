"""Texts that project code evaluates are told with their variables, those of libraries are not."""

from __future__ import annotations

import ast
import collections
import dataclasses
import timeit

import pandas as pd
import pytest

from zen_nb.observe.files import FileWatch

limit = 1
table = pd.DataFrame({"a": [1, 2, 3]})


def heard(body):
    """Return what is told while `body` runs."""
    found = []
    watch = FileWatch()
    watch.listen(found.append)
    watch.start()
    try:
        body()
    finally:
        watch.stop()
    return found


@pytest.mark.parametrize(
    "body",
    [
        lambda: eval("limit + 1"),
        lambda: exec("limit + 1"),
        lambda: compile("limit + 1", "<rule>", "eval"),
        lambda: timeit.timeit("limit + 1", number=1, globals=globals()),
    ],
    ids=["eval", "exec", "compile", "timeit"],
)
def test_a_text_is_told_with_the_variables_around_it(body):
    """Whoever evaluates it finds the global names of this module first."""
    text = next(text for text in heard(body) if "limit + 1" in str(text.source))
    assert text.scopes[0] is globals()
    assert not text.mark


def test_of_a_condition_on_a_table_only_marked_names_count():
    """Other names in it are columns."""
    (text,) = heard(lambda: table.query("a > @limit"))
    assert text.mark
    assert f"{text.mark}limit" in text.source


def test_a_text_evaluated_by_pandas_without_a_table_has_no_columns():
    """All its names are variables."""
    (text,) = heard(lambda: pd.eval("limit + 1"))
    assert not text.mark


def test_names_of_a_function_come_before_global_ones():
    """Its arguments and variables are no variables of the notebook."""

    def run(limit):
        return table.query("a > @limit")

    (text,) = heard(lambda: run(2))
    assert "limit" in text.local


@pytest.mark.parametrize(
    "body",
    [
        lambda: dataclasses.make_dataclass("Point", ["limit"])(1),
        lambda: collections.namedtuple("Point", ["limit"])(1),  # noqa: PYI024 - it evaluates
        lambda: ast.literal_eval("[1]"),
        lambda: __import__("colorsys"),
    ],
    ids=["dataclass", "namedtuple", "literal", "import"],
)
def test_what_libraries_compile_for_themselves_is_not_told(body):
    """Nothing of it reads the user's variables."""
    assert heard(body) == []
