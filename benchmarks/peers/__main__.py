"""Ask all and write ``RESULTS.md``: ``python -m benchmarks.peers ENVIRONMENTS [QUESTION …]``."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.environments import installed, python
from benchmarks.peers.page import page
from benchmarks.peers.questions import QUESTIONS
from benchmarks.peers.rounds import Found, measured
from benchmarks.peers.systems import PLAIN, SYSTEMS, System

_FILE = Path(__file__).parents[1] / "RESULTS.md"
_COMMON = ("numpy", "pandas", "pyarrow", "scikit-learn", "dask")
_ASK = "import sys, importlib.metadata as m; print(*(m.version(name) for name in sys.argv[1:]))"


def main(folder: str, *names: str) -> int:
    """Write the file, or print it where only some questions are asked."""
    notes = {one: installed(folder, one) for one in SYSTEMS if one != PLAIN}
    pythons = {one: python(folder, one) for one in SYSTEMS if one == PLAIN or not notes[one].error}
    results = {}
    for question in (one for one in QUESTIONS if not names or one.name in names):
        found = measured(question, pythons, lambda line: print(line, flush=True))
        missing = {one: Found(cannot="it is not installed") for one in notes if one not in pythons}
        results[question] = found | missing
    text = page(results, notes, _machine(), _versions(pythons))
    if names:
        print(text)
    else:
        _FILE.write_text(text)
    return 0


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory"


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _versions(pythons: dict[System, str]) -> list[str]:
    told = [
        f"{one.distribution} {_asked(path, one.distribution)}"
        for one, path in pythons.items()
        if one != PLAIN
    ]
    common = _asked(pythons[PLAIN], *_COMMON).split()
    told += [f"{name} {version}" for name, version in zip(_COMMON, common, strict=True)]
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    return [*told, f"Python {platform.python_version()}", platform.system(), today]


def _asked(path: str, *names: str) -> str:
    done = subprocess.run([path, "-c", _ASK, *names], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
