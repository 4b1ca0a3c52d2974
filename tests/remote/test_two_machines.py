"""Two processes with nothing in common but the shared store and a name for a key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.remote.machines import Machine
from tests.remote.s3 import ROOT
from zen_nb.faces import cli

pytestmark = pytest.mark.slow


def ran_by(machine: Machine, *numbers: int) -> list[tuple[int, bool, bool]]:
    """Return what a process of its own says: numbers, whether found, whether right."""
    ask = [sys.executable, "-m", "tests.remote.worker", str(machine.folder), *map(str, numbers)]
    env = os.environ | machine.env | {"PYTHONPATH": ROOT}
    told = subprocess.run(ask, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [line for line in told.stdout.splitlines() if line.startswith("[")]
    return [tuple(json.loads(line)) for line in lines]


def test_the_second_machine_finds_what_the_first_has_computed(ci: Machine, bob: Machine) -> None:
    """Two processes, two caches, two keys: all that the one has computed the other finds."""
    assert ran_by(ci, 1, 2, 3) == [(1, False, True), (2, False, True), (3, False, True)]
    assert ran_by(bob, 1, 2, 3, 4) == [
        (1, True, True),
        (2, True, True),
        (3, True, True),
        (4, False, True),
    ]
    assert ran_by(bob, 1, 4) == [(1, True, True), (4, True, True)]


CELLS = (
    "%load_ext zen_nb",
    "import csv",
    "from pathlib import Path",
    "%%step load\nrows = list(csv.reader(Path('data.csv').open()))\nprint(len(rows))",
    "%%step total k=10\nt = sum(int(row[1]) for row in rows) * k\nt",
)


@pytest.fixture
def projects(tmp_path: Path, bucket: Any) -> list[Path]:
    """Two checkouts of one project, in folders of different names."""
    made = []
    for name in ("first", "second"):
        folder = tmp_path / name / "project"
        folder.mkdir(parents=True)
        (folder / "data.csv").write_text("a,1\nb,2\n")
        (folder / "pyproject.toml").write_text(
            f'[tool.zen_nb]\nremote = "s3://{bucket.name}/store"\n'
        )
        cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "some.ipynb")
        made.append(folder / "some.ipynb")
    return made


def told_by(
    machine: Machine, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[str, Any]]:
    """Carry out a command on a machine; the project's file names the store, not the machine."""
    del machine.env["ZEN_NB_REMOTE"], machine.env["ZEN_NB_REMOTE_MODE"]
    try:
        with machine.here():
            code = cli.main([*words, "--json"])
    finally:
        machine.env |= {"ZEN_NB_REMOTE": "", "ZEN_NB_REMOTE_MODE": ""}
    return code, json.loads(capsys.readouterr().out)


def test_a_notebook_fills_the_store_for_another_checkout(
    ci: Machine, bob: Machine, projects: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """`zen-nb warm` puts what its steps give there; the same notebook elsewhere finds it all."""
    first, second = map(str, projects)
    code, told = told_by(ci, capsys, "warm", first)
    assert (code, told["records"], told["there"], told["failed"]) == (0, 2, 0, 0)
    code, told = told_by(ci, capsys, "warm", first)
    assert (code, told["records"], told["there"]) == (0, 0, 2)
    code, told = told_by(bob, capsys, "run", second)
    assert code == 0
    assert {one["step"]: one["status"] for one in told["steps"]} == {
        "load": "cached",
        "total": "cached",
    }


def test_what_a_run_computes_is_there_when_it_has_ended(
    ci: Machine, bob: Machine, projects: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """`zen-nb run` where results are put into the store: its kernel sends all before it ends."""
    with ci.here():
        assert cli.main(["run", str(projects[0]), "--json"]) == 0
        assert cli.main(["run", str(projects[0]), "--json"]) == 0
    capsys.readouterr()
    with bob.here():
        assert cli.main(["run", str(projects[1]), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["status"] for one in told["steps"]] == ["cached", "cached"]


def test_a_file_that_differs_is_not_the_others(
    ci: Machine, bob: Machine, projects: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """What a step read on the other machine is compared with what is here."""
    first, second = projects
    assert told_by(ci, capsys, "warm", str(first))[0] == 0
    (second.parent / "data.csv").write_text("a,1\nb,5\n")
    _, told = told_by(bob, capsys, "run", str(second))
    assert {one["step"]: one["status"] for one in told["steps"]} == {"load": "ran", "total": "ran"}


def test_what_has_no_store_or_key_cannot_be_filled(
    ci: Machine, bob: Machine, projects: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """`zen-nb warm` says what is missing, and runs nothing."""
    with bob.here():
        assert cli.main(["warm", str(projects[0])]) == 2
    assert "zen-nb keys new" in capsys.readouterr().err
    with ci.here():
        os.environ["ZEN_NB_REMOTE"] = "off"
        assert cli.main(["warm", str(projects[0])]) == 2
    assert "no shared store is configured" in capsys.readouterr().err
