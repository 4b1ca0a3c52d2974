"""What became of a scenario: sound, stale, needless, or an error: ``python -m … [GROUP]``."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.soundness import stage
from tests.soundness.scenario import Scenario

# Each state has a process of its own, with a hash seed of its own.
STATES = {"before": "1", "control": "2", "after": "3"}
Seen = Mapping[str, Any]
# Where files need no disk: thousands of small stores are made and thrown away.
_MEMORY, _ENOUGH_BYTES = Path("/dev/shm"), 2**30


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one scenario, played in one way.

    Attributes
    ----------
    what
        ``stale``: a value was served that a run would not have given, or the step hit although
        it must rerun. ``needless``: it ran although nothing that matters changed, or the
        unedited control ran. ``refused``: it ran each time and said that it cannot be kept, as
        expected. ``error``: the cell or the play failed.
    """

    name: str
    what: Literal["sound", "stale", "needless", "refused", "error"]
    told: str = ""


def verdict(
    scenario: Scenario, name: str, states: Mapping[str, Mapping[str, Seen]], *, strict: bool = True
) -> Verdict:
    """Return what became of a scenario from what was seen in its three states.

    Unless `strict`, a step that must rerun may hit as long as the value is what a run gives.
    """
    before, control, after = (states[state][name] for state in STATES)
    for state, seen in zip(STATES, (before, control, after), strict=True):
        if "error" in seen:
            return Verdict(name, "error", f"{state}: {seen['error']}")
    ran, reason, note, why = after["ran"][-1]
    fresh = after["fresh"] or after["impossible"]
    told = f"{reason} {note} {why} | served {after['value'][:200]} fresh {fresh[:200]}"
    if after["value"] != after["fresh"] or (strict and scenario.rerun and not ran):
        return Verdict(name, "stale", told)
    if any(f"[{way}]" in name for way in scenario.refused) and all(
        one[0] and one[2] for one in (*before["ran"], *control["ran"], *after["ran"])
    ):
        return Verdict(name, "refused", before["ran"][-1][2])
    if any(one[0] for one in control["ran"]):
        return Verdict(name, "needless", f"control: {before['ran'][-1][2]} {control['ran']}")
    if scenario.live and after["ran"][0][0]:
        return Verdict(name, "needless", f"before the live edit: {after['ran'][0]}")
    if ran and not scenario.rerun:
        return Verdict(name, "needless", told)
    return Verdict(name, "sound", told)


def play_all(
    group: str | None = None, ways: str = stage.WAYS, python: str = sys.executable
) -> dict[str, dict[str, Seen]]:
    """Play all scenarios in their three states, one process after another."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES
    with tempfile.TemporaryDirectory(dir=_MEMORY if roomy else None) as root:
        command = [python, "-m", "tests.soundness.stage", root]
        return {
            state: _told([*command, state, group or "", ways], seed)
            for state, seed in STATES.items()
        }


def _told(command: list[str], seed: str) -> dict[str, Seen]:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def verdicts(group: str | None = None, ways: str = stage.WAYS) -> list[Verdict]:
    """Return the verdicts of all scenarios, in every way."""
    states = play_all(group, ways)
    played = stage.names_of(stage.loaded(group), importlib.import_module(ways).WAYS)
    return [verdict(scenario, name, states) for scenario, name in played]


if __name__ == "__main__":
    found = verdicts(sys.argv[1] if len(sys.argv) > 1 else None)
    for one in found:
        if one.what != "sound":
            print(f"{one.what:8} {one.name}\n         {one.told}")
    counts = {
        what: sum(one.what == what for one in found)
        for what in ("sound", "refused", "stale", "needless", "error")
    }
    print(counts)
