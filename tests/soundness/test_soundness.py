"""No edit of a notebook gives a stale result, and none that cannot matter runs a step again."""

from __future__ import annotations

import pytest

from tests.soundness.corpus import GROUPS, SCENARIOS
from tests.soundness.scenario import Scenario
from tests.soundness.verdict import Verdict, verdicts
from tests.soundness.ways import ways_of

# Groups of many variations on few themes: played by `make sweep`.
SWEPT = {
    "datascience",
    "effects",
    "formatting",
    "imports",
    "insensitive",
    "leftovers",
    "outside",
    "packages",
    "reaching",
    "restored",
    "sharing",
}
PLAYED = [
    pytest.param(
        group,
        f"{one.name} [{way}]",
        one.known.get(way, "refused" if way in one.refused else "sound"),
        marks=[
            pytest.mark.xdist_group(f"soundness {group}"),
            *([pytest.mark.sweep] if group in SWEPT else []),
        ],
    )
    for group, scenarios in GROUPS.items()
    for one in scenarios
    for way in ways_of(one)
]
_found: dict[str, dict[str, Verdict]] = {}


def _verdicts(group: str) -> dict[str, Verdict]:
    """Play a group once: three processes before, without and after the edit."""
    if group not in _found:
        _found[group] = {one.name: one for one in verdicts(group)}
    return _found[group]


def test_every_scenario_has_a_name_of_its_own():
    """The corpus holds at least 150 scenarios, none twice."""
    assert len({one.name for one in SCENARIOS}) == len(SCENARIOS) >= 150


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_edit_is_an_edit(scenario: Scenario):
    """Each scenario changes something: its text, or what is executed afterwards."""
    beside = (*scenario.modules.values(), *scenario.files.values())
    texts = (scenario.setup, scenario.step, scenario.live, *beside)
    for old, _ in scenario.edits:
        assert any(old in text for text in texts)
    assert scenario.edits or scenario.live


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("group", "name", "expected"), PLAYED)
def test_step_runs_exactly_when_its_result_can_differ(group: str, name: str, expected: str):
    """An edit that matters runs the step, and nothing else does, but for limits that are known."""
    found = _verdicts(group)[name]
    assert found.what == expected, found.told
