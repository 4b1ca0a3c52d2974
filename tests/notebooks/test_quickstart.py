"""The quickstart notebook, executed as a reader would execute it: twice, in two kernels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from zen_nb.faces import headless, statuses

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
QUICKSTART = NOTEBOOKS / "01_quickstart.ipynb"

# One worker executes the notebook for all tests here.
pytestmark = pytest.mark.xdist_group("quickstart")

STEPS = ["load", "split", "train", "evaluate", "plot"]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path):
    """A notebook in the repository has no outputs and no execution counts."""
    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_quickstart_is_short():
    """The quickstart has twelve cells at most."""
    assert len(nbformat.read(QUICKSTART, as_version=4).cells) <= 12


@pytest.fixture(scope="module")
def passes(tmp_path_factory):
    """Execute the quickstart twice over one cache that begins empty, each in a new process."""
    folder = tmp_path_factory.mktemp("quick start")
    return [_execute(folder, number) for number in (1, 2)]


def _execute(folder: Path, number: int) -> nbformat.NotebookNode:
    output = folder / f"pass{number}.ipynb"
    command = [sys.executable, "-m", "zen_nb.faces.cli", "run", str(QUICKSTART), "-o", str(output)]
    with pytest.MonkeyPatch.context() as patch:
        for setting in ("ZEN_NB_ENABLE_CACHE", "ZEN_NB_SIZE_LIMIT", "ZEN_NB_STATUS"):
            patch.delenv(setting, raising=False)
        patch.setenv("ZEN_NB_CACHE_DIR", str(folder / "cache"))
        patch.setenv("ZEN_NB_KEY_DIR", str(folder / "key"))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return nbformat.read(output, as_version=4)


def _statuses(notebook) -> list[tuple[str, bool]]:
    """Return step and cached of every status message, in order."""
    found = [
        statuses.read_status(output.get("metadata"))
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    ]
    return [(status.step, status.cached) for status in found if status is not None]


def _step_cells(notebook) -> list[tuple[str, int | None, list]]:
    """Return what each step's cell shows, what zen_nb itself says left out."""
    return [
        (
            cell.source,
            cell.execution_count,
            [out for out in cell.outputs if "zen_nb" not in out.get("metadata", {})],
        )
        for cell in notebook.cells
        if cell.source.startswith("%%step")
    ]


@pytest.mark.slow
def test_first_pass_runs_each_step_once(passes):
    """From an empty cache every step runs; another gamma then reruns only what it concerns."""
    told = _statuses(passes[0])
    assert told[:5] == [(step, False) for step in STEPS]
    assert dict(told[5:]) == {
        "load": True,
        "split": True,
        "train": False,
        "evaluate": False,
        "plot": False,
    }


@pytest.mark.slow
def test_second_pass_runs_nothing(passes):
    """A new kernel over the same cache computes nothing."""
    told = _statuses(passes[1])
    assert [step for step, _ in told[:5]] == STEPS
    assert [step for step, cached in told if not cached] == []


@pytest.mark.slow
def test_second_pass_shows_the_same(passes):
    """What every step's cell shows, figures and execution counts included, is the same."""
    first, second = map(_step_cells, passes)
    assert len(first) == len(STEPS)
    assert second == first


@pytest.mark.slow
def test_graph_is_in_the_saved_notebook(passes):
    """The saved notebook holds a picture of the graph that needs no kernel."""
    picture = headless.last_picture(passes[0])
    assert picture is not None
    for step in STEPS:
        assert step in picture.decode()


@pytest.mark.slow
def test_side_by_side_is_computed_on_dask_and_found_again(tmp_path, monkeypatch):
    """The second notebook runs on the processes of this machine; then all of it is cached."""
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(tmp_path / "key"))
    command = [sys.executable, "-m", "zen_nb", "run", str(NOTEBOOKS / "02_side_by_side.ipynb")]
    told = []
    for _ in range(2):
        done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
        told.append([one["status"] for one in json.loads(done.stdout)["steps"]])
    first = ["ran"] * 5
    again = ["cached", "ran", "ran", "cached", "ran"]
    one_more = ["cached", "cached", "cached", "ran", "ran"]
    assert told == [[*first, *again, *one_more], ["cached"] * 15]
