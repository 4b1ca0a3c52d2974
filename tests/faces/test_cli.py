"""`zen-nb run` shows what the kernel says, at the moment it says it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from zen_nb._version import __version__
from zen_nb.faces import cli, headless, statuses

TELL = """
from IPython.display import publish_display_data

def tell(step, cached, **more):
    said = {"role": "status", "step": step, "cached": cached, **more}
    publish_display_data({"text/plain": step}, metadata={"zen_nb": said})
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of code cells into a folder with a space in its name."""
    folder = tmp_path / "my notebooks"
    folder.mkdir()

    def write(*cells: str) -> Path:
        path = folder / "some.ipynb"
        nbformat.write(
            nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)]), path
        )
        return path

    return write


def test_version_is_the_one_of_the_package(capsys):
    """``zen-nb --version`` names the version and ends with 0."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"zen-nb {__version__}\n"


@pytest.mark.slow
def test_table_tells_ran_and_cached_with_their_times(notebook, capsys):
    """Every status message is a progress line and a row of the table, in order."""
    path = notebook(
        TELL,
        'tell("load", True, seconds=0.002, saved_s=1.5, reason="as 2 minutes ago")',
        'tell("train", False, seconds=0.25, saved_s=None, reason="param gamma 0.1 → 0.2")',
        'tell("plot", False, seconds=0.5, saved_s=None, reason="", stored=False)',
    )
    assert cli.main(["run", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "  In [2]   load: cached in 0.002 s  (as 2 minutes ago)\n" in shown
    assert "  In [3]   train: ran in 0.250 s  (param gamma 0.1 → 0.2)\n" in shown
    assert "  In [4]   plot: ran in 0.500 s  (not stored)\n" in shown
    table = shown[shown.index("step ") :].splitlines()
    assert [row.split() for row in table[:5]] == [
        ["step", "ran", "or", "cached", "seconds", "saved"],
        ["-----", "-------------", "-------", "-----"],
        ["load", "cached", "0.002", "1.500"],
        ["train", "ran", "0.250"],
        ["plot", "ran", "0.500"],
    ]
    assert "1 cached, 2 ran; 0.752 s spent in steps, 1.500 s saved" in table


@pytest.mark.slow
def test_progress_is_told_while_the_notebook_runs(notebook, tmp_path):
    """A step's line is there before the next cell is done: that cell waits until it was seen."""
    seen = tmp_path / "seen"
    wait = f"import os, time\nwhile not os.path.exists({str(seen)!r}): time.sleep(0.05)"
    path = notebook(TELL, 'tell("load", False, seconds=0.0)', wait)
    running = subprocess.Popen(
        [sys.executable, "-m", "zen_nb.faces.cli", "run", str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "load: ran" in line:
            seen.touch()
            break
    assert seen.exists()
    running.communicate()
    assert running.returncode == 0


@pytest.mark.slow
def test_failed_cell_is_named_and_what_ran_is_saved(notebook, tmp_path, capsys):
    """A cell that raises gives exit code 1 and one line; what ran before it is saved."""
    path = notebook("print('before')", "1 / 0", "print('after')")
    output = tmp_path / "out" / "done.ipynb"
    assert cli.main(["run", str(path), "-o", str(output)]) == 1
    said = capsys.readouterr()
    assert said.err == f"zen-nb: {path}: cell In [2]: ZeroDivisionError: division by zero\n"
    first, second, third = nbformat.read(output, as_version=4).cells
    assert first.outputs[0].text == "before\n"
    assert second.outputs[0].ename == "ZeroDivisionError"
    assert third.outputs == []


@pytest.mark.slow
def test_source_notebook_is_untouched_and_cells_run_beside_it(notebook, tmp_path, capsys):
    """The notebook on disk keeps its bytes, and a cell finds the files next to it."""
    path = notebook("print(open('beside.txt').read())")
    (path.parent / "beside.txt").write_text("found")
    before = path.read_bytes()
    output = tmp_path / "done.ipynb"
    assert cli.main(["run", str(path), "-o", str(output)]) == 0
    assert path.read_bytes() == before
    assert nbformat.read(output, as_version=4).cells[0].outputs[0].text == "found\n"
    assert "No step was executed" in capsys.readouterr().out


@pytest.mark.slow
def test_kernel_that_dies_is_a_failure(notebook, capsys):
    """A kernel that ends in the middle of a cell gives exit code 1 and names the cell."""
    path = notebook("1", "import os; os._exit(3)")
    assert cli.main(["run", str(path)]) == 1
    assert capsys.readouterr().err == f"zen-nb: {path}: cell In [2]: the kernel died\n"


@pytest.mark.slow
def test_kernel_that_does_not_start_is_one_line(notebook, tmp_path, monkeypatch, capsys):
    """A kernel that ends before it answers is a failure that repeats what it said last."""
    spec = tmp_path / "kernels" / "broken" / "kernel.json"
    spec.parent.mkdir(parents=True)
    stop = [sys.executable, "-c", "raise SystemExit('out of luck')", "{connection_file}"]
    spec.write_text(json.dumps({"argv": stop, "display_name": "broken", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    path = notebook("1")
    assert cli.main(["run", str(path), "--kernel", "broken"]) == 1
    said = capsys.readouterr().err
    assert said == f"zen-nb: {path}: the kernel did not start: out of luck\n"


@pytest.mark.slow
def test_kernel_says_nothing_of_its_own_on_the_terminal(notebook, capfd):
    """What the kernel and its children write to its terminal is not among the lines."""
    path = notebook("import os; os.system('echo from a child'); os.write(2, b'aside')")
    assert cli.main(["run", str(path)]) == 0
    said = capfd.readouterr()
    assert "from a child" not in said.out
    assert said.err == ""


@pytest.mark.slow
def test_cell_over_its_time_limit_is_a_failure(notebook, capsys):
    """``--timeout`` ends a cell that takes longer, with exit code 1."""
    path = notebook("import time; time.sleep(600)")
    assert cli.main(["run", str(path), "--timeout", "1"]) == 1
    assert "cell In [1]: A cell timed out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read {path}: No such file or directory"),
        ("plain text", "{path} is not a notebook: "),
        ('{"a": 1}', "{path} is not a notebook: "),
        ("[]", "{path} is not a notebook: "),
    ],
)
def test_what_is_no_notebook_is_one_line(tmp_path, capsys, content, said):
    """A path that holds no notebook gives exit code 2 and one line that says so."""
    path = tmp_path / "some.ipynb"
    if content is not None:
        path.write_text(content)
    assert cli.main(["run", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("zen-nb: " + said.format(path=path))
    assert error.count("\n") == 1


def test_unknown_kernel_is_one_line(notebook, capsys):
    """A kernel that is not there is named, with how to see those that are."""
    path = notebook("1")
    assert cli.main(["run", str(path), "--kernel", "nowhere"]) == 1
    assert "there is no kernel named 'nowhere'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        [],
        {"zen_nb": None},
        {"zen_nb": {"role": "summary", "step": "a", "cached": True}},
        {"zen_nb": {"role": "status", "cached": True}},
        {"zen_nb": {"role": "status", "step": 3, "cached": True}},
        {"zen_nb": {"role": "status", "step": "a", "cached": "yes"}},
    ],
)
def test_other_metadata_is_no_status(metadata):
    """Metadata of a user's own output, whatever its shape, is never taken for a status."""
    assert statuses.read_status(metadata) is None


def test_status_with_odd_numbers_keeps_the_step():
    """A status whose times are not numbers is still told, without its times."""
    said = {"role": "status", "step": "a", "cached": True, "seconds": "1", "saved_s": True}
    assert statuses.read_status({"zen_nb": said}) == statuses.StepStatus(step="a", cached=True)


def _showing(*shown: tuple[dict[str, str], dict[str, object]]) -> nbformat.NotebookNode:
    outputs = [nbformat.v4.new_output("display_data", data, metadata=meta) for data, meta in shown]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])


WIDGET = {"application/vnd.jupyter.widget-view+json": ""}
GRAPH = {"zen_nb": {"role": "graph"}}


def _image(svg: bytes) -> str:
    return f'<img alt="" src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}">'


def test_picture_is_the_last_graph_shown():
    """Of several graphs the last is taken, from the image that stands in for the widget."""
    notebook = _showing(
        (WIDGET | {"text/html": _image(b"<svg>1</svg>")}, {}),
        ({"text/html": _image(b"<svg>2</svg>")}, GRAPH),
        ({"text/plain": "no graph"}, {}),
    )
    assert headless.last_picture(notebook) == b"<svg>2</svg>"


def test_picture_of_the_user_is_no_graph():
    """A figure that the notebook itself shows is never taken for the graph."""
    figure = ({"image/svg+xml": "<svg>figure</svg>"}, {})
    image = ({"text/html": _image(b"<svg>logo</svg>")}, {})
    assert headless.last_picture(_showing(figure, image)) is None


def test_picture_that_is_damaged_is_none():
    """An image whose text is not base64 gives no picture instead of an exception."""
    broken = {"text/html": '<img src="data:image/svg+xml;base64,A">'}
    assert headless.last_picture(_showing((broken, GRAPH))) is None
