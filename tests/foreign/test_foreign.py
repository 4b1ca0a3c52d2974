"""Cells that nobody wrote for this show what they show without zen_nb."""

from __future__ import annotations

import pytest

from tests.foreign.material import notebooks
from tests.foreign.stage import edited
from tests.foreign.verdict import judge


@pytest.mark.parametrize("package", ["statistics", "pandas"])
def test_examples_show_the_same_with_every_cell_a_step(package: str) -> None:
    """Cold, warm and with every other cell run on restored state; and what can be is reused."""
    found = judge(package, 1, ["cold", "warm", "odd"])
    assert found.differing == []
    assert found.compared["warm"] >= 5
    assert found.hits == found.able, found.unkept


@pytest.mark.sweep
@pytest.mark.parametrize("package", ["numpy", "sklearn", "scipy", "polars"])
def test_examples_show_the_same_in_every_way(package: str) -> None:
    """After an edit and in automatic mode too."""
    found = judge(package, 2)
    assert found.differing == []


def test_an_edit_changes_one_number_of_one_cell() -> None:
    """The rest of the notebook is as it was."""
    (notebook,) = notebooks("pandas", 1)
    pairs = zip(notebook.cells, edited(notebook), strict=True)
    assert sum(before != after for before, after in pairs) == 1
