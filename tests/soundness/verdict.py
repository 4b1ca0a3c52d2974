"""What became of a scenario: sound, stale, needless, or an error: ``python -m … [GROUP]``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.soundness.corpus import Scenario
from tests.soundness.stage import loaded, ways_of

# Each state has a process of its own, with a hash seed of its own.
STATES = {"before": "1", "control": "2", "after": "3"}
Seen = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one scenario, played in one way.

    Attributes
    ----------
    what
        ``stale``: a value was served that a run would not have given, or the step hit although
        it must rerun. ``needless``: it ran although nothing that matters changed, or the
        unedited control ran. ``error``: the cell or the play failed.
    """

    name: str
    what: Literal["sound", "stale", "needless", "error"]
    told: str = ""


def verdict(scenario: Scenario, name: str, states: Mapping[str, Mapping[str, Seen]]) -> Verdict:
    """Return what became of a scenario from what was seen in its three states."""
    before, control, after = (states[state][name] for state in STATES)
    for state, seen in zip(STATES, (before, control, after), strict=True):
        if "error" in seen:
            return Verdict(name, "error", f"{state}: {seen['error']}")
    ran, reason, note, why = after["ran"][-1]
    told = f"{reason} {note} {why} | served {after['value'][:200]} fresh {after['fresh'][:200]}"
    if after["value"] != after["fresh"] or (scenario.rerun and not ran):
        return Verdict(name, "stale", told)
    if any(one[0] for one in control["ran"]):
        return Verdict(name, "needless", f"control: {before['ran'][-1][2]} {control['ran']}")
    if scenario.live and after["ran"][0][0]:
        return Verdict(name, "needless", f"before the live edit: {after['ran'][0]}")
    if ran and not scenario.rerun:
        return Verdict(name, "needless", told)
    return Verdict(name, "sound", told)


def play_all(group: str | None = None) -> dict[str, dict[str, Seen]]:
    """Play all scenarios in their three states, one process after another."""
    with tempfile.TemporaryDirectory() as root:
        return {state: _play(root, state, seed, group) for state, seed in STATES.items()}


def _play(root: str, state: str, seed: str, group: str | None) -> dict[str, Seen]:
    command = [sys.executable, "-m", "tests.soundness.stage", root, state]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [*command, *([group] if group else [])],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def verdicts(group: str | None = None) -> list[Verdict]:
    """Return the verdicts of all scenarios, in every way."""
    states = play_all(group)
    return [
        verdict(scenario, f"{scenario.name} [{way}]", states)
        for scenario in loaded(group)
        for way in ways_of(scenario)
    ]


if __name__ == "__main__":
    found = verdicts(sys.argv[1] if len(sys.argv) > 1 else None)
    for one in found:
        if one.what != "sound":
            print(f"{one.what:8} {one.name}\n         {one.told}")
    counts = {
        what: sum(one.what == what for one in found)
        for what in ("sound", "stale", "needless", "error")
    }
    print(counts)
