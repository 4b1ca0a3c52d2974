"""The iris pipeline as cells: the same accuracies and the same hits as the script's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow

SPLIT = """%%step split
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
flowers = load_iris(as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(
    flowers.data, flowers.target, test_size=0.2, random_state=42
)"""
FIT = """%%step fit gamma=0.002
from sklearn.svm import SVC
model = SVC(gamma=gamma).fit(X_train.to_numpy(), y_train.to_numpy())
accuracy = model.score(X_train.to_numpy(), y_train.to_numpy())
print(f"accuracy {accuracy}")"""
RUNS = (
    "%pipeline run gamma=0.0001",
    "%pipeline run --no-cache=fit",
    "%pipeline run --no-cache",
)
LOW, HIGH = "accuracy 0.3416666666666667\n", "accuracy 0.6833333333333333\n"


def execute(monkeypatch: pytest.MonkeyPatch, *cells: str) -> list[Any]:
    """Return the executed code cells of a notebook in a kernel of its own."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120).execute()
    return list(notebook.cells)


def statuses(cell: Any) -> list[tuple[str, bool]]:
    """Return what a cell says of each step: its name, and whether it was cached."""
    said = [output.get("metadata", {}).get("zen_nb", {}) for output in cell.outputs]
    return [(about["step"], about["cached"]) for about in said if about.get("role") == "status"]


def printed(cell: Any) -> str:
    """Return what the user's code printed."""
    return "".join(out.text for out in cell.outputs if out.output_type == "stream")


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "cache"))


def test_cells_run_and_hit_as_the_script_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four runs: first, another gamma, off for one step, off for the run."""
    _, split, fit, *runs = execute(monkeypatch, "%load_ext zen_nb", SPLIT, FIT, *RUNS)
    assert statuses(split) + statuses(fit) == [("split", False), ("fit", False)]
    assert [statuses(run) for run in runs] == [
        [("split", True), ("fit", False)],
        [("split", True), ("fit", False)],
        [("split", False), ("fit", False)],
    ]
    assert [printed(cell) for cell in (fit, *runs)] == [HIGH, LOW, HIGH, HIGH]


def test_another_kernel_and_another_notebook_hit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restarted kernel with the cells at other places has nothing to run."""
    execute(monkeypatch, "%load_ext zen_nb", SPLIT, FIT)
    *_, split, fit = execute(
        monkeypatch, "%load_ext zen_nb", "# another notebook", "unrelated = 1", SPLIT, FIT
    )
    assert statuses(split) + statuses(fit) == [("split", True), ("fit", True)]
    assert printed(fit) == HIGH
