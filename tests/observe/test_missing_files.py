"""A file that a step looked for and did not find makes it run once it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebook.conftest import fresh, nb, places
from zen_nb.observe.files import FileWatch
from zen_nb.observe.traces import broken

__all__ = ["fresh", "nb", "places"]

CELLS = {
    "os.path": "import os.path\nfound = os.path.exists('opt.json')",
    "pathlib": "from pathlib import Path\nfound = Path('opt.json').is_file()",
}


@pytest.mark.parametrize("name", CELLS)
def test_a_file_created_later_runs_the_step(nb, name):
    """Missing it is reused, there it runs, gone again it is reused."""
    step = "%%step look\n" + CELLS[name]
    nb.cells(step, step)
    assert nb.log() == ["ran look", "cached look"]
    Path("opt.json").write_text("{}")
    nb.cells(step)
    assert nb.log() == ["ran look"]
    assert nb["found"]
    Path("opt.json").unlink()
    nb.cells(step)
    assert nb.log() == ["cached look"]
    assert not nb["found"]


def missed(*strings: str, names: tuple[str, ...] = ("exists",)) -> list[str]:
    watch = FileWatch(strings=strings, names=names)
    watch.start()
    seen = watch.stop()
    assert all(broken(trace) is None for trace in seen.traces)
    return [trace.name for trace in seen.traces]


def test_only_what_looks_like_a_path_is_missed(tmp_path, monkeypatch):
    """Other texts, and all texts of code that does not ask, are no files."""
    monkeypatch.chdir(tmp_path)
    texts = ("a.json", "d/b", "plain", "two words.txt", "{:.2f}", "%.3f", "end.", "x\ny.z")
    assert missed(*texts) == ["a.json", "d/b"]
    assert missed(*texts, names=("print",)) == []
