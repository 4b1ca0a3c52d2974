"""Plays scenarios as users would: ``python -m tests.soundness.stage FOLDER STATE [GROUP [WAYS]]``.

One process plays all scenarios in one state, each in a forked child of its own, so that none
sees what another imported; the store of each scenario lies in FOLDER and is found again by the
next state. WAYS is a module that holds them, zen_nb's own unless it is given. Prints JSON:
scenario and way to what was seen.

=========  ===============================================================================
state      what is played
=========  ===============================================================================
before     the notebook or script as it was, from an empty store
control    the same again in a new process: must hit, and once more when executed again
after      the edited text in a new process; a live edit is made after a first execution
=========  ===============================================================================
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import re
import runpy
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.soundness.corpus import GROUPS, SCENARIOS
from tests.soundness.scenario import Scenario
from tests.soundness.ways import Play, Seen, Way, ways_of
from tests.soundness.world import World

WAYS = "tests.soundness.ways"
_SECONDS = 60


def main(root: str, state: str, group: str | None = None, ways: str = WAYS) -> None:
    """Play all scenarios in one state, and print what was seen."""
    os.environ["HOME"] = root
    sys.dont_write_bytecode = True
    seen = {}
    for name, way in importlib.import_module(ways).WAYS.items():
        way.prepare()
        gc.collect()
        gc.freeze()  # what children never touch is never copied
        for scenario in loaded(group or None):
            if not way.refuses(scenario):
                seen[f"{scenario.name} [{name}]"] = play(scenario, name, way, state, Path(root))
    json.dump(seen, sys.stdout)


def loaded(group: str | None) -> list[Scenario]:
    """Return the whole corpus, one group of it, or the ``SCENARIOS`` of another file."""
    if group is None:
        return SCENARIOS
    return GROUPS[group] if group in GROUPS else runpy.run_path(group)["SCENARIOS"]


def names_of(scenarios: list[Scenario], ways: Mapping[str, Way]) -> list[tuple[Scenario, str]]:
    """Return what is played: each scenario, with its name in each way."""
    return [(one, f"{one.name} [{way}]") for one in scenarios for way in ways_of(one, ways)]


def play(scenario: Scenario, name: str, way: Way, state: str, root: Path) -> Seen:
    """Play one scenario in one way and state; after the edit, and where it fails, plainly too."""
    folder = root / re.sub(r"\W+", "_", f"{scenario.name} {name}")
    seen = in_a_child(lambda: _on_stage(scenario, folder / "source", state, way.cached))
    if state == "after" or "error" in seen:
        truth = in_a_child(lambda: _on_stage(scenario, folder / "plain", state, way.plain))
        seen["fresh"] = truth.get("value")
        seen["impossible"] = truth.get("error")
    return seen


def _on_stage(scenario: Scenario, folder: Path, state: str, act: Play) -> Seen:
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["ZEN_NB_CACHE_DIR"] = str(folder.parent / "cache")
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = ["notebook"]
    for taken in scenario.modules:  # a module of the scenario's may have a known name
        sys.modules.pop(taken.removesuffix(".py"), None)
    importlib.invalidate_caches()
    return act(World(scenario, folder, state))


def in_a_child(act: Callable[[], Seen]) -> Seen:
    """Return what `act` returns in a forked process; its failure is part of what is seen."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            signal.alarm(_SECONDS)
            seen = _caught(act)
            with os.fdopen(writer, "w") as pipe:
                json.dump(seen, pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told) if told else {"error": "the process ended"}


def _caught(act: Callable[[], Seen]) -> Seen:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        try:
            return act()
        except BaseException:
            return {"error": traceback.format_exc()[-3000:]}


if __name__ == "__main__":
    main(*sys.argv[1:])
