"""How costs grow: pipelines and notebooks of 10,000 steps, a store of a million records.

Every size is measured in processes of its own. What a pipeline or a notebook costs is told
for each step, beside the same of a smaller one, so that what does not grow with it shows.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.storing import _fill, _folder
from benchmarks.timing import Row

STEPS = (100, 1_000, 10_000)
RECORDS = (1_000, 1_000_000)
_NEW_PROCESSES = 3


def rows() -> list[Row]:
    """Return what grows with the number of steps, and with the number of records."""
    return [*_pipelines(), *_notebooks(), *_stores()]


# ---------------------------------------------------------------- pipelines of functions

_PIPELINE = """
import json, logging, sys, time
from zen_nb import pipeline, step
logging.getLogger("zen_nb").setLevel(logging.ERROR)

@step
def increment(x: int) -> int:
    return x + 1

steps = [increment.with_options(name=f"step_{n}") for n in range(int(sys.argv[1]))]

@pipeline
def chain():
    value = 0
    for one in steps:
        value = one(value)

def seconds():
    began = time.perf_counter()
    run = chain()
    return run.status, time.perf_counter() - began

told = [seconds() for _ in range(6)]
print(json.dumps({"status": [one[0] for one in told], "took": [one[1] for one in told]}))
"""


def _pipelines() -> list[Row]:
    """A chain of steps, all cached: in a process that knows it, and in a new one."""
    found: list[Row] = []
    first: dict[str, float] = {}
    for steps in STEPS:
        with _folder():
            _told(_PIPELINE, steps)
            told = [_told(_PIPELINE, steps) for _ in range(_NEW_PROCESSES)]
        assert {status for one in told for status in one["status"]} == {"cached"}
        took = {
            "a warm process": statistics.median(s for one in told for s in one["took"][1:]),
            "a new process": statistics.median(one["took"][0] for one in told),
        }
        for where, whole in took.items():
            what = f"a pipeline of {steps:,} steps, all cached, in {where}"
            goal = "≤ 1 s" if steps == STEPS[-1] and where == "a warm process" else ""
            found.append(_growing(what, whole, steps, first.setdefault(where, whole), goal))
    return found


def _growing(what: str, whole: float, count: int, first: float, goal: str = "") -> Row:
    """Return a row that sets `whole` beside what it would be if the smallest had only grown."""
    linear = first * count / STEPS[0]
    met = whole <= 2 * linear and (not goal or whole <= 1.0)
    reach = f"{goal}, ≤ 2 × linear" if goal else "≤ 2 × linear"
    return Row(what, whole, f"{STEPS[0]} steps × {count // STEPS[0]:,}:", linear, reach, met)


def _told(script: str, *words: object) -> dict[str, list[float]]:
    ask = [sys.executable, "-c", script, *map(str, words)]
    done = subprocess.run(ask, capture_output=True, text=True, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


# ---------------------------------------------------------------- notebooks of cells

_NOTEBOOK = """
import json, sys, time
from dataclasses import replace
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

count = int(sys.argv[1])
shell = InteractiveShell.instance()
shell.run_cell("%load_ext zen_nb")
from zen_nb.faces.extension import current
from zen_nb.faces.follow import changes
extension = current()
session = extension.session
session.configuration = replace(session.configuration, status="quiet")

def cell(number):
    value = f"v{number - 1} + 1" if number else "0"
    shell.run_cell(f"%%step step_{number}\\nv{number} = {value}", cell_id=f"cell{number}")

def seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began

told = {}
with capture_output():
    for number in range(count - 50):
        cell(number)
    told["a cell"] = [seconds(lambda: cell(number)) for number in range(count - 50, count)]
    live = extension.graphs.live(None)
    live.snapshot()
    planned = lambda: session.plan(session.registry.pipeline())
    told["plan"] = [seconds(planned) for _ in range(3)]
    session.refresh(force=True)
    told["snapshot"] = []
    for _ in range(3):
        session.registry._changed()  # as after a cell that is new
        live._drawn.clear()
        told["snapshot"].append(seconds(live.snapshot))
    run = lambda: shell.run_line_magic("pipeline", "run")
    told["run"] = [seconds(run) for _ in range(2)]
    assert {one.what for one in planned().values()} == {"hit"}
print(json.dumps(told))
"""


def _notebooks() -> list[Row]:
    """A notebook of many step cells, all cached, in a new kernel."""
    found: list[Row] = []
    first: dict[str, float] = {}
    for steps in STEPS:
        with _folder():
            _told(_NOTEBOOK, steps)
            told = {name: statistics.median(s) for name, s in _told(_NOTEBOOK, steps).items()}
        one = told.pop("a cell")
        begun = first.setdefault("a cell", one)
        found.append(Row(f"a cached cell below {steps:,} others", one, f"below {STEPS[0]}",
                         begun, "≤ 2 ×", one <= 2 * begun))  # fmt: skip
        for name, whole in told.items():
            what = f"{_SAID[name]} of {steps:,} cells"
            found.append(_growing(what, whole, steps, first.setdefault(name, whole)))
    return found


_SAID = {
    "plan": "the forecast of a notebook",
    "snapshot": "the graph drawn anew, kernel,",
    "run": "%pipeline run, all cached,",
}

# ---------------------------------------------------------------- records in one store

_STORE = """
import json, sys, time
from pathlib import Path
from zen_nb import step
from zen_nb.store import inventory
from zen_nb.store.records import Store

folder = Path(sys.argv[1])

def seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began

@step
def add(a: float, b: float = 2.0) -> float:
    return a + b

def fresh(number):
    return seconds(lambda: add(float(number)))

for number in range(20):
    fresh(number)
told = {}
told["a run, stored,"] = [fresh(number) for number in range(1000, 1200)]
told["a hit"] = [fresh(0) for _ in range(2000)]
told["opening it"] = []
for _ in range(5):
    began = time.perf_counter()
    store = Store.open(folder, 10**12)
    store.find("00" * 32)
    told["opening it"].append(time.perf_counter() - began)
told["its history of a step"] = [seconds(lambda: store.history("step_7")) for _ in range(5)]
size = store.size_bytes()
some = min(10**6, size // 10)
told["what would go"] = [seconds(lambda: store.would_lose(some)) for _ in range(3)]
told["cache stats"] = [seconds(lambda: inventory.stock(store))]
store.size_limit_bytes = size - some
told["an eviction pass in a step's time"] = [seconds(lambda: store._limit(10**9))]
small = store.size_bytes()
told["pruning 1 MB"] = [seconds(lambda: store.prune(small - some))]
assert store.size_bytes() < small
print(json.dumps(told))
"""

# What may grow with the records, in seconds for a million; all else may take twice as long.
_MAY_TAKE_S = {"cache stats": 60.0, "an eviction pass in a step's time": 3.0, "pruning 1 MB": 5.0,
               "what would go": 3.0}  # fmt: skip


def _stores() -> list[Row]:
    """The same questions to a small store and to one of a million records."""
    told: dict[int, dict[str, float]] = {}
    for records in RECORDS:
        with _folder() as place:
            folder = place / "cache"
            _fill(folder, records)
            _link_files(folder)
            found = _told(_STORE, folder)
            told[records] = {name: statistics.median(taken) for name, taken in found.items()}
    small, large = (told[records] for records in RECORDS)
    found_rows = []
    for name, took in large.items():
        most = _MAY_TAKE_S.get(name)
        goal = f"≤ {most:g} s" if most else "≤ 2 ×"
        met = took <= most if most else took <= 2 * small[name]
        what = f"{name} with {RECORDS[-1]:,} records"
        found_rows.append(Row(what, took, f"{RECORDS[0]:,}:", small[name], goal, met))
    return found_rows


def _link_files(folder: Path) -> None:
    """Give every record its file; many names of few files, since a million would take 4 GB."""
    from zen_nb.store.records import Store

    store = Store.open(folder, 10**12)
    space, journal = store._space(), store._journal  # noqa: SLF001 - in bulk
    source, left, size = Path(), 0, 0
    for key, raw in space.record_rows():
        if left == 0:
            source, left = Path(tempfile.mkstemp(dir=folder / "records")[1]), 50_000
            source.write_bytes(raw)
        place = Path(journal._place(key))  # noqa: SLF001
        place.parent.mkdir(mode=0o700, exist_ok=True)
        os.link(source, place)
        left, size = left - 1, size + source.stat().st_size
    space.count(size)
    store.close()
