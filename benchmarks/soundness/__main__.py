"""Play all systems and write ``soundness.md``: ``python -m … PEERS_PYTHON [GROUP …]``."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.soundness import table
from benchmarks.soundness.outcome import SYSTEMS, ZEN, Outcome, System, count, outcome
from tests.soundness.corpus import GROUPS
from tests.soundness.verdict import Seen, play_all

_FILE = Path(__file__).parents[1] / "soundness.md"
_NAMED = ("zen_nb", "joblib", "apache-hamilton", "marimo-base", "ipython", "numpy", "pandas")
_ASK = (
    "import json, sys, importlib.metadata as m;"
    " print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
)
States = Mapping[str, Mapping[str, Seen]]


def main(peers: str, *groups: str) -> int:
    """Write the file, or print it where only some groups are played."""
    all_ways = dict.fromkeys(system.ways for system in SYSTEMS)
    tasks = [(ways, group) for group in groups or GROUPS for ways in all_ways]
    found: dict[System, list[Outcome]] = {system: [] for system in SYSTEMS}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        played = pool.map(lambda task: _play(*task, peers), tasks)
        for number, ((ways, group), states) in enumerate(zip(tasks, played, strict=True), 1):
            for system in (one for one in SYSTEMS if one.ways == ways):
                outcomes = [outcome(system, group, one, states) for one in GROUPS[group]]
                found[system] += outcomes
                print(f"{number:3}/{len(tasks)} {_told(system, group, outcomes)}", flush=True)
    page = table.page(found, _versions(peers))
    if groups:
        print(page)
    else:
        _FILE.write_text(page)
    return 0


def _play(ways: str, group: str, peers: str) -> States:
    return play_all(group, ways, sys.executable if ways == ZEN else peers)


def _told(system: System, group: str, outcomes: list[Outcome]) -> str:
    counts = count(outcomes)
    told = ", ".join(f"{n} {what}" for what, n in counts.items() if n and what != "played")
    return f"{system.name} {system.how}, {group}: {told}"


def _versions(peers: str) -> list[str]:
    command = [peers, "-c", _ASK, *_NAMED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    named = [f"{name} {version}" for name, version in json.loads(done.stdout).items()]
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    return [*named, f"Python {platform.python_version()}", platform.system(), today]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
