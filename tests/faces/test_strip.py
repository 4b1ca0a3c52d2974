"""`zen-nb strip` leaves a notebook that computes the same, without a word of zen_nb."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from zen_nb.core.errors import UsageError
from zen_nb.faces import cli
from zen_nb.faces.strip import strip

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def notebook(*cells: str) -> Any:
    return nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])


def stripped(*cells: str) -> list[str]:
    made = notebook(*cells)
    strip(made)
    return [cell.source for cell in made.cells]


CASES = {
    "the line that loads it": (["%load_ext zen_nb\n\nimport json"], ["\nimport json"]),
    "cells of its lines alone": (
        ["%load_ext zen_nb", "%pipeline run\n%pipeline why a", "1"],
        ["1"],
    ),
    "automatic mode": (["%load_ext zen_nb\n%pipeline auto on\nx = 1"], ["x = 1"]),
    "a step": (["%%step load -> df --no-cache\ndf = 1\ndf"], ["df = 1\ndf"]),
    "a step without a body": (["%%step nothing", "1"], ["1"]),
    "parameters": (
        ["%%step a gamma=0.1 kernel='rbf'\ny = gamma"],
        ["gamma = 0.1\nkernel = 'rbf'\ny = gamma"],
    ),
    "a parameter that means something else outside": (
        ["g = 5", "%%step a g=1\ny = g", "z = g"],
        ["g = 5", "outside_g = globals().get('g')\ng = 1\ny = g", "g = outside_g\nz = g"],
    ),
    "another magic below": (["%%step a\n%%time\nx = 1"], ["%%time\nx = 1"]),
    "what only looks like it": (
        ["%pipelines x", "text = '''\n%%step a\n'''", "%load_ext autoreload", "# %%step a"],
        ["%pipelines x", "text = '''\n%%step a\n'''", "%load_ext autoreload", "# %%step a"],
    ),
    "an empty cell of the user's": (["", "%%step a\nx = 1"], ["", "x = 1"]),
}


@pytest.mark.parametrize("case", CASES)
def test_lines_and_parameters_are_taken_out(case: str) -> None:
    """What is left is what the cell computes; parameters are assignments."""
    before, after = CASES[case]
    assert stripped(*before) == after


@given(st.lists(st.sampled_from([cell for before, _ in CASES.values() for cell in before])))
@settings(max_examples=50)
def test_a_stripped_notebook_has_nothing_to_take_out(cells: list[str]) -> None:
    """Stripping twice changes nothing more."""
    made = notebook(*cells)
    strip(made)
    once = [cell.source for cell in made.cells]
    assert not strip(made).changed
    assert [cell.source for cell in made.cells] == once


def test_outputs_and_widgets_of_zen_nb_go_too() -> None:
    """Status lines, tables, graphs and the state of its widgets; the user's outputs stay."""
    made = notebook("%%step a\nprint(1)")
    said = nbformat.v4.new_output("display_data", {"text/plain": "b"}, metadata={"zen_nb": {}})
    shown = nbformat.v4.new_output("stream", text="1\n")
    made.cells[0].outputs = [shown, said]
    own = {"state": {"_anywidget_id": "zen_nb.faces.widget.GraphWidget", "layout": "IPY_MODEL_b"}}
    states = {"a": own, "b": {"state": {}}, "c": {"state": {"_anywidget_id": "other.Widget"}}}
    made.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": states}}
    assert strip(made).outputs == 2
    assert made.cells[0].outputs == [shown]
    (left,) = made.metadata["widgets"].values()
    assert list(left["state"]) == ["c"]


def test_steps_written_as_functions_are_named() -> None:
    """They need zen_nb; nobody is told that the notebook does not."""
    made = notebook(
        "from zen_nb import step\n@step\ndef f() -> int: return 1", "import zen_nb as z"
    )
    assert strip(made).left == ["cell 1: from zen_nb import step", "cell 2: import zen_nb as z"]


def test_a_line_that_cannot_be_read_loses_nothing() -> None:
    """The error says what is wrong with it."""
    with pytest.raises(UsageError, match="gamma"):
        stripped("%%step a gamma=open(1)\nx = 1")


@pytest.mark.slow
def test_the_quickstart_computes_the_same_without_zen_nb(tmp_path: Path) -> None:
    """In a kernel that cannot import it, the stripped notebook runs and shows the same."""
    target = tmp_path / "plain.ipynb"
    command = [sys.executable, "-m", "zen_nb", "strip", str(NOTEBOOKS / "01_quickstart.ipynb")]
    subprocess.run([*command, "-o", str(target)], check=True, capture_output=True)
    made: Any = nbformat.read(target, as_version=4)
    assert not any("%%step" in cell.source for cell in made.cells if cell.cell_type == "code")
    made.cells.insert(0, nbformat.v4.new_code_cell("import sys\nsys.modules['zen_nb'] = None"))
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    shown = [
        out.get("text", "")
        for cell in made.cells
        if cell.cell_type == "code"
        for out in cell.outputs
    ]
    assert any("flowers to learn from" in text for text in shown)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "some.ipynb"
    nbformat.write(notebook("%load_ext zen_nb", "%%step a k=1\nx = k"), path)
    return path


def test_check_only_says_what_would_be_done(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The notebook is as it was; the exit code tells that something would be taken out."""
    before = written.read_bytes()
    assert cli.main(["strip", "--check", str(written)]) == 1
    assert written.read_bytes() == before
    assert "2 cells and 0 outputs of zen_nb's would be" in capsys.readouterr().out
    assert cli.main(["strip", str(written)]) == 0
    assert cli.main(["strip", "--check", str(written)]) == 0
    assert [cell.source for cell in nbformat.read(written, 4).cells] == ["k = 1\nx = k"]


def test_what_is_no_notebook_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file, a text and another JSON each end with 2."""
    for name, text in (("no.ipynb", None), ("text.ipynb", "hello"), ("json.ipynb", "[]")):
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        assert cli.main(["strip", str(path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
