"""`zen-nb run` and `zen-nb check` on notebooks with steps, in real kernels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.stores import own_store
from zen_nb.faces import cli
from zen_nb.notebook.orders import VARIABLE, Orders

pytestmark = pytest.mark.slow

CELLS = (
    "%load_ext zen_nb",
    "%%step load n=3\nrows = list(range(n))",
    "rows[:2]",
    "%%step extra\nmore = [9]",
    "print(more)",
    "%%step total k=10\nt = sum(rows) * k\nt",
    "%%step last\nz = t + 1",
)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook of four steps, in a store of its own."""
    own_store(tmp_path, monkeypatch)
    written = tmp_path / "some.ipynb"
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), written)
    return written


@pytest.fixture
def tell(path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Carry out a command on the notebook; return its exit code and what each step did."""

    def carry_out(command: str, *words: str) -> tuple[int, dict[str, str]]:
        code = cli.main([command, str(path), "--json", *words])
        found = json.loads(capsys.readouterr().out)
        return code, {one["step"]: one["status"] for one in found["steps"]}

    return carry_out


def test_parameters_are_those_of_the_line(tell: Any, path: Path, tmp_path: Path) -> None:
    """`-p` overrides by name, for one step too; the notebook's own defaults hit afterwards."""
    ran = dict.fromkeys(("load", "extra", "total", "last"), "ran")
    assert tell("run") == (0, ran)
    output = tmp_path / "done.ipynb"
    asked = ("-p", "total.k=2", "-p", "n=4", "-o", str(output))
    assert tell("run", *asked) == (0, ran | {"extra": "cached"})
    total = nbformat.read(output, as_version=4).cells[5]
    shown = [one.data["text/plain"] for one in total.outputs if one.output_type == "execute_result"]
    assert shown == ["12"]
    assert tell("run") == (0, dict.fromkeys(ran, "cached"))


def by_nbclient(path: Path, done: Path) -> None:
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}).execute()
    nbformat.write(notebook, done)


def by_papermill(path: Path, done: Path) -> None:
    papermill = pytest.importorskip("papermill")
    asked = {"kernel_name": "python3", "progress_bar": False}
    papermill.execute_notebook(path, done, cwd=path.parent, **asked)


def by_nbconvert(path: Path, done: Path) -> None:
    pytest.importorskip("nbconvert")
    words = ["nbconvert", "--to", "notebook", "--execute", "--output", str(done), str(path)]
    subprocess.run([sys.executable, "-m", *words], check=True, capture_output=True)


@pytest.mark.parametrize("other", [by_nbclient, by_papermill, by_nbconvert])
def test_the_keys_are_those_of_every_way_to_execute(
    tell: Any, path: Path, tmp_path: Path, other: Any
) -> None:
    """Law 10: what `zen-nb run` has executed is a hit for whoever executes the notebook."""
    tell("run")
    other(path, tmp_path / "done.ipynb")
    told = [
        output.metadata["zen_nb"]["cached"]
        for cell in nbformat.read(tmp_path / "done.ipynb", as_version=4).cells
        for output in cell.get("outputs", ())
        if output.get("metadata", {}).get("zen_nb", {}).get("role") == "status"
    ]
    assert told == [True] * 4


SIDE_BY_SIDE = (
    "%load_ext zen_nb",
    "import os, time\nkernel = os.getpid()",
    "%%step load\nrows = [1, 2, 3]\nin_load = os.getpid()",
    "%%step left\nx = sum(rows)\nin_left = os.getpid()",
    "%%step right --map row=rows\ny = row * 2",
    "# a plain cell ends what is computed side by side\nprint(x, y, {in_load, in_left} & {kernel})",
    "%%step alone\nz = x + sum(y)\nin_alone = os.getpid()",
    "print(in_alone == kernel, z)",
)


@pytest.mark.parametrize("long", [False, True])
def test_step_cells_side_by_side_are_computed_on_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Any, path: Path, long: bool
) -> None:
    """`--on` has the same keys and the same page; a long notebook's orders go by a file."""
    cells = [*SIDE_BY_SIDE]
    cells[3] += f"\n# {'long ' * 20_000}" if long else ""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, path)
    output = tmp_path / "done.ipynb"
    names = ("load", "left", "right", "alone")
    assert tell("run", "--on", "dask", "-o", str(output)) == (0, dict.fromkeys(names, "ran"))
    done = nbformat.read(output, as_version=4).cells
    said = ["".join(one.text for one in cell.outputs if "text" in one) for cell in done]
    assert said[5] == "6 [2, 4, 6] set()\n"
    assert said[7] == "True 18\n"
    assert tell("run") == (0, dict.fromkeys(names, "cached"))


def test_an_executor_that_is_none_is_told_before_anything_runs(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What there is, is said; no cell is executed."""
    assert cli.main(["run", str(path), "--on", "cluster"]) == 2
    assert "there is no executor 'cluster'" in capsys.readouterr().err


def test_a_cell_that_the_notebook_leaves_out_is_left_out(tell: Any, path: Path) -> None:
    """A cell tagged ``skip-execution`` is not run, here as with every runner."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[3].metadata["tags"] = ["skip-execution"]
    notebook.cells[4].metadata["tags"] = ["skip-execution"]
    nbformat.write(notebook, path)
    assert tell("run") == (0, dict.fromkeys(("load", "total", "last"), "ran"))


def test_to_leaves_out_what_a_step_does_not_need(tell: Any, path: Path, tmp_path: Path) -> None:
    """Other steps are not executed, nor what is below, nor plain cells that read what is missing."""
    output = tmp_path / "done.ipynb"
    assert tell("run", "--to", "total", "-o", str(output)) == (0, {"load": "ran", "total": "ran"})
    counts = [cell.execution_count for cell in nbformat.read(output, as_version=4).cells]
    assert [count is not None for count in counts] == [True, True, True, False, False, True, False]
    assert all("tags" not in cell.metadata for cell in nbformat.read(output, as_version=4).cells)


def test_only_takes_the_rest_from_the_cache(tell: Any, path: Path, capsys: Any) -> None:
    """Where something before it would run, that is said, and nothing runs."""
    assert tell("run", "--only", "last") == (1, {"load": "would_run"})
    tell("run", "--to", "total")
    assert tell("run", "--only", "last") == (
        0,
        {"load": "cached", "total": "cached", "last": "ran"},
    )
    assert tell("run", "--only", "last", "--no-cache") == (
        0,
        {"load": "cached", "total": "cached", "last": "ran"},
    )


def test_no_cache_is_for_all_or_for_one(tell: Any) -> None:
    """`--no-cache` runs everything, `--no-cache=STEP` that step and what its result changes."""
    tell("run")
    assert set(tell("run", "--no-cache")[1].values()) == {"ran"}
    assert tell("run", "--no-cache=load")[1] == {
        "load": "ran", "extra": "cached", "total": "cached", "last": "cached",
    }  # fmt: skip


def test_check_tells_what_would_run_and_runs_nothing(tell: Any, path: Path, capsys: Any) -> None:
    """Exit code 1 with the reasons while something would run, 0 once nothing would."""
    names = ("load", "extra", "total", "last")
    assert tell("check") == (1, dict.fromkeys(names, "would_run"))
    tell("run")
    assert tell("check") == (0, dict.fromkeys(names, "cached"))
    assert cli.main(["check", str(path), "-p", "n=5"]) == 1
    shown = capsys.readouterr().out
    assert "load: would run  (param n 3 → 5)" in shown
    assert "total: would run  (it reads rows, and load would run)" in shown
    assert "1 of 4 steps are cached, the others would run" in shown
    assert tell("check") == (0, dict.fromkeys(names, "cached"))


def test_a_cell_that_fails_is_no_answer(path: Path, capsys: Any) -> None:
    """Where a plain cell raises, whether steps would run cannot be told: exit code 2."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [notebook.cells[0], nbformat.v4.new_code_cell("1 / 0")]
    nbformat.write(notebook, path)
    assert cli.main(["check", str(path)]) == 2
    assert "cell In [2]: ZeroDivisionError: division by zero" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-p", "q=1"], "no step has the parameter 'q'; parameters: load.n, total.k"),
        (["-p", "n"], "-p n: write NAME=VALUE, for example -p gamma=0.01"),
        (["-p", "n=one"], "n=one is not a Python literal; write n='one'"),
        (["--to", "totl"], "there is no step 'totl'; steps here: load, extra, total, last"),
        (["--no-cache=totl"], "there is no step 'totl'"),
    ],
)
def test_a_wrong_word_is_one_line(path: Path, capsys: Any, words: list[str], said: str) -> None:
    """Nothing is executed, and what there is is said."""
    assert cli.main(["run", str(path), *words]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert said in told.err


def test_orders_come_as_they_were_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read once; the variable is gone then, and damage counts as none."""
    given = Orders({"k": (1, 2.5, "x"), "a.b": None}, False, {"s": True}, frozenset({"t"}), True)
    monkeypatch.setenv(VARIABLE, given.text())
    assert Orders.taken() == given
    assert Orders.taken() == Orders()
    monkeypatch.setenv(VARIABLE, '{"parameters": 5}')
    assert Orders.taken() == Orders()
