"""A table of edits: what must rerun does, what cannot matter does not, in any process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.identity.scenarios import SCENARIOS, Scenario

# All scenarios share three processes.
pytestmark = [pytest.mark.xdist_group("scenarios"), pytest.mark.slow]

WAYS = [
    (part, way) for part in SCENARIOS for way in ("cell", "function")[: 1 if part.cell_only else 2]
]
IDS = [f"{part.name} [{way}]" for part, way in WAYS]

# Steps that read what they have changed: running them twice are two different runs.
READS_ITSELF = {
    "added to",
    "deleted and read",
    "two inputs become one object",
    "helper's global bound after the call",
    "helper's global bound in one branch",
    "function of the cell called before its global is bound",
    "read in a loop that may not run",
    "bound behind or",
    "exception ended by suppress",
}


def _keys(state: str, seed: str) -> dict[str, dict[str, list]]:
    command = [sys.executable, "-m", "tests.identity.scenario_run", state]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def runs() -> dict[str, dict[str, dict[str, list]]]:
    """Compute all keys before the edit, in an unedited control and after the edit."""
    states = {"before": ("before", "1"), "control": ("before", "2"), "after": ("after", "3")}
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda asked: _keys(*asked), states.values())
        return dict(zip(states, made, strict=True))


def test_every_scenario_has_a_name_of_its_own():
    """The table holds at least 150 scenarios, none twice."""
    assert len({part.name for part in SCENARIOS}) == len(SCENARIOS) >= 150


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda part: part.name)
def test_edit_is_an_edit(scenario: Scenario):
    """Each scenario changes something: its text, or what is executed afterwards."""
    texts = (scenario.setup, scenario.step, *scenario.modules.values())
    if scenario.edit is not None:
        assert any(scenario.edit[0] in text for text in texts)
    assert scenario.edit is not None or scenario.live


@pytest.mark.parametrize(("scenario", "way"), WAYS, ids=IDS)
def test_unedited_control_has_the_same_key(runs, scenario: Scenario, way: str):
    """Another process with another hash seed computes the same key, and the step can be cached."""
    before, control = (runs[state][scenario.name] for state in ("before", "control"))
    assert "error" not in before, before["error"]
    assert before[way][2] == {}
    assert control[way] == before[way]


@pytest.mark.parametrize(("scenario", "way"), WAYS, ids=IDS)
def test_key_changes_exactly_when_the_step_must_rerun(runs, scenario: Scenario, way: str):
    """The key after the edit differs where the result can, and only there."""
    before, after = (runs[state][scenario.name] for state in ("before", "after"))
    assert "error" not in after, after["error"]
    changed = sorted(
        label
        for label in {*before[way][1], *after[way][1]}
        if before[way][1].get(label) != after[way][1].get(label)
    )
    assert (before[way][0] != after[way][0]) == scenario.rerun, changed


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda part: part.name)
def test_cell_does_not_take_in_its_own_result(runs, scenario: Scenario):
    """Run twice in one namespace, a cell has the same key, unless it reads what it changes."""
    if scenario.name in READS_ITSELF:
        return
    found = runs["before"][scenario.name]
    assert found["again"][1] == found["cell"][1]
