"""Cells that workers compute: page, names and records are those of a run in the notebook."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests.executors.counting import KINDS, Counting
from tests.laws.test_correct_build import PROBE, SETUP, cells
from tests.notebook.world import Notebook

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("executors")]


@pytest.fixture
def nb() -> Iterator[Notebook]:
    notebook = Notebook()
    yield notebook
    notebook.close()


@pytest.fixture
def on(nb: Notebook, executor: Executor) -> Counting:
    """The executor, counted, under a name that ``--on`` takes."""
    nb.names["ours"] = Counting(executor)
    return nb.names["ours"]


# -- law 9 --------------------------------------------------------------------------------


def left_by(sources: list[str], line: str, executor: Executor | None) -> tuple[Any, ...]:
    """Return what a run of a notebook's steps shows, leaves and keeps."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZEN_NB_CACHE_DIR", folder)
        nb = Notebook()
        try:
            nb.names["ours"] = executor
            for source in (SETUP + "random.seed(7)", *sources, "random.seed(7)"):
                nb.cell(source)
            nb.log()
            done = nb.cell(line)
            probe = nb.cell(PROBE)
            records = {
                name: (log.record.key, log.record.trace, set(log.record.artifacts))
                for name, log in nb.session.logs.items()
                if log.record is not None
            }
            seen = done.shown, repr(done.error), nb.names.get("_found"), repr(probe.error)
            return *seen, nb.log(), records
        finally:
            nb.close()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells.filter(lambda drawn: "note" not in str(drawn)))
def test_cells_give_the_same_everywhere(
    kind: str, executors: dict[str, Executor], drawn: list[tuple[str, bool, str]]
) -> None:
    """Law 9: page, namespace, what ran and what is kept do not depend on the executor."""
    sources = [f"%%step s{place}\n{body}\n{shown}" for place, (body, _, shown) in enumerate(drawn)]
    here = left_by(sources, "%pipeline run --no-cache", None)
    there = left_by(sources, "%pipeline run --no-cache --on ours", executors[kind])
    assert there == here


# -- what runs where ----------------------------------------------------------------------

FORK = (
    "import os\nk = 3\ndef scaled(x):\n    return x * k",
    "%%step load\nrows = [1, 2, 3]\nprint('loaded')",
    "%%step left\nx = [scaled(row) for row in rows]\nx",
    "%%step right\ny = sum(rows)\nprint('right')",
    "%%step join\nz = sum(x) + y\nz",
)
RAN = ["ran load", "ran left", "ran right", "ran join"]
PAGE = [("stdout", "loaded\n"), ("result", "[4, 8, 12]"), ("stdout", "right\n"), ("result", "30")]


def test_cells_are_computed_elsewhere_and_shown_in_order(nb: Notebook, on: Counting) -> None:
    """Every step is a job; the page and the names are as after a run here."""
    nb.cells(*FORK, "k = 4")
    nb.log()
    (done,) = nb.cells("%pipeline run --no-cache --on ours")
    assert (nb.log(), on.count) == (RAN, 4)
    page = [(kind, text) for kind, text in done.shown if kind == "result"]
    assert page == [part for part in PAGE if part[0] == "result"]
    assert "".join(text for kind, text in done.shown if kind == "stdout") == "loaded\nright\n"
    assert (nb["x"], nb["y"], nb["z"]) == ([4, 8, 12], 6, 30)


def test_a_hit_is_never_handed_over(nb: Notebook, on: Counting) -> None:
    """Only what must run is a job; where nothing must, no executor is asked at all."""
    nb.cells(*FORK, "k = 4")
    nb.log()
    nb.cells("%pipeline run --on ours")
    assert nb.log() == ["cached load", "ran left", "cached right", "ran join"]
    assert on.count == 2
    nb.cells("%pipeline run --on ours")
    assert nb.log() == [f"cached {name}" for name in ("load", "left", "right", "join")]
    assert on.count == 2


def test_workers_decide_where_they_are_asked_to(
    nb: Notebook, on: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step is a job then, with the same outcome."""
    nb.cells(*FORK)
    nb.log()
    monkeypatch.setenv("ZEN_NB_PREVENT_CLIENT_SIDE_CACHING", "true")
    nb.cells("k = 4", "%pipeline run --on ours")
    assert nb.log() == ["cached load", "ran left", "cached right", "ran join"]
    assert on.count == 4


def test_what_draws_runs_in_its_turn(nb: Notebook, on: Counting) -> None:
    """A worker has no page: a cell that shows more than text is executed here."""
    nb.cells(
        "from IPython.display import display, HTML",
        "%%step drawn\ndisplay(HTML('<b>a</b>'))\nn = 1",
        "%%step after\nm = n + 1",
    )
    nb.log()
    (done,) = nb.cells("%pipeline run --no-cache --on ours")
    assert nb.log() == ["ran drawn", "ran after"]
    assert [kind for kind, _ in done.shown] == ["display"]
    nb.cells("%pipeline run")
    assert nb.log() == ["cached drawn", "cached after"]


def test_a_cell_that_raises_raises_here(nb: Notebook, on: Counting) -> None:
    """The exception, its traceback and the names bound until then are those of the page."""
    nb.cells("items = [1]", "%%step first\nhalf = 1", "%%step fails\na = half\nb = items[0] // 1")
    nb.cell("items = [0]")
    nb.cell("%pipeline run --no-cache")
    nb.cells("%%step fails\na = half\nb = 1 // len(items)", "items = []; a = None")
    done = nb.cell("%pipeline run --no-cache --on ours")
    assert isinstance(done.error, ZeroDivisionError)
    assert "b = 1 // len(items)" in done.traceback
    assert nb["a"] == 1
    assert "Step fails has failed." in done.text


def test_what_a_step_changes_in_place_is_changed_here(nb: Notebook, on: Counting) -> None:
    """The change is applied to the notebook's own object, and later steps read it."""
    nb.cells(
        "rows = [1]; also = rows",
        "%%step grow\nrows.append(2)",
        "%%step total\nt = sum(rows)",
        "rows[:] = [5]",
    )
    nb.log()
    nb.cells("%pipeline run --on ours")
    assert nb.log() == ["ran grow", "ran total"]
    assert (nb["rows"], nb["also"] is nb["rows"], nb["t"]) == ([5, 2], True, 7)


def test_classes_of_the_notebook_stay_its_own(nb: Notebook, on: Counting) -> None:
    """What comes back is an instance of the class that the namespace holds."""
    nb.cells(
        "class Box:\n    kept = []\n    def __init__(self, x):\n        self.x = x",
        "%%step made\nbox = Box(3)",
        "%%step read\nn = box.x",
        "first, kept = box, Box.kept",
    )
    nb.cells("%pipeline run --no-cache --on ours")
    assert isinstance(nb["box"], nb["Box"])
    assert isinstance(nb["first"], nb["Box"])
    assert nb["Box"].kept is nb["kept"]
    assert nb["n"] == 3


def test_parameters_of_a_run_travel(nb: Notebook, on: Counting) -> None:
    """An override holds on the worker as it does here, and leaves the default alone."""
    nb.cells("%%step fit rate=2\ny = rate * 10", "%pipeline run rate=5 --on ours")
    assert (nb["y"], on.count) == (50, 1)
    assert "rate" not in nb.names


def test_what_cannot_travel_is_computed_here(nb: Notebook, on: Counting) -> None:
    """A lock, a generator: the step runs in its turn, as it always did."""
    nb.cells(
        "import threading\nlock = threading.Lock()",
        "%%step held --ignore lock\nwith lock:\n    n = os_id = 1",
        "%pipeline run --no-cache --on ours",
    )
    assert (nb["n"], on.count) == (1, 0)


@pytest.mark.parametrize("word", ["threads", "dask"])
def test_an_executor_is_named_by_a_word(nb: Notebook, word: str) -> None:
    """It is started for the run, and ends with it."""
    nb.cells(
        "import os", "%%step who\nnumber = os.getpid()", f"%pipeline run --no-cache --on {word}"
    )
    assert (nb["number"] == os.getpid()) == (word == "threads")
    done = nb.cell("%pipeline run --no-cache --on cluster")
    assert "there is no executor 'cluster'" in str(done.error)
    assert "--on needs where to compute" in str(nb.cell("%pipeline run --on").error)


def test_elements_of_a_map_step_are_computed_side_by_side(nb: Notebook, on: Counting) -> None:
    """One job for each element that is not cached; they are not computed again in their turn."""
    nb.cells("import os", "%%step load\nnumbers = [1, 2, 3]")
    nb.cells("%%step who --map n=numbers\nsquare = n * n\nwhere = os.getpid()")
    nb.cells("%pipeline run --no-cache --on ours")
    assert (nb["square"], on.count) == ([1, 4, 9], 4)
    nb.cells("%%step load\nnumbers = [3, 4]")
    (done,) = nb.cells("%pipeline run --on ours")
    assert (nb["square"], on.count) == ([9, 16], 5)
    assert "1 of 2 elements were cached." in done.text


def test_workers_that_do_not_see_the_store_are_no_use(
    nb: Notebook, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """One line says what is missing, before anything runs."""
    elsewhere = str(tmp_path / "of-another")
    nb.cells("%%step first\nn = 1")
    with ProcessPoolExecutor(1, get_context("spawn"), _with_another_key, (elsewhere,)) as pool:
        nb.names["ours"] = pool
        done = nb.cell("%pipeline run --no-cache --on ours")
    assert "do not see the cache folder" in str(done.error)
    assert nb.log() == ["ran first"]


def _with_another_key(folder: str) -> None:
    """Let this process be one of another user's."""
    from zen_nb.store import signing

    signing.key_folder = lambda: Path(folder)


def test_a_worker_knows_settings_by_what_a_notebook_knows_them(tmp_path: Path) -> None:
    """Pandas shows more columns in a notebook: what workers compute for one counts there."""
    cells = [
        "%load_ext zen_nb\nimport os\nimport pandas as pd\nkernel = os.getpid()",
        "%%step a seed=0\nx = pd.Series([1, 2]) + seed\nwhere = os.getpid()\nprint(x)",
        "%pipeline run seed=1 --on dask",
        "print(where == kernel)",
    ]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3").execute()
    assert notebook.cells[3].outputs[0].text == "False\n"
    said = [one.data["text/plain"] for one in notebook.cells[2].outputs if "data" in one]
    assert "(param seed 0 → 1)" in said[0]
