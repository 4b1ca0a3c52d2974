"""What became of the scenarios in each system, counted."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tests.soundness.scenario import Scenario
from tests.soundness.verdict import STATES, Seen, verdict

What = Literal["sound", "stale", "unedited", "needless", "error", "not played"]


@dataclass(frozen=True, slots=True)
class System:
    """One cache, used in one way.

    Attributes
    ----------
    ways, way
        The module that holds its ways of playing, and which of them this is.
    strict
        A step that must rerun must run; otherwise a hit is allowed that gives what a run gives.
    """

    name: str
    how: str
    ways: str
    way: str
    strict: bool = False

    def refuses(self, scenario: Scenario) -> str:
        return importlib.import_module(self.ways).WAYS[self.way].refuses(scenario)


ZEN = "tests.soundness.ways"
SYSTEMS = (
    System("zen_nb", "`%%step` cell", ZEN, "cell", strict=True),
    System("zen_nb", "`@step` function", ZEN, "function", strict=True),
    System("joblib", "`@memory.cache`", "benchmarks.soundness.joblib_memory", "function"),
    System("Hamilton", "`with_cache()`", "benchmarks.soundness.hamilton_driver", "function"),
    System("marimo", "`with persistent_cache`", "benchmarks.soundness.marimo_app", "block"),
    System("marimo", "`@persistent_cache`", "benchmarks.soundness.marimo_app", "function"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one scenario in one system.

    Attributes
    ----------
    what
        A verdict; ``unedited`` is a needless run of the unedited control.
    served, fresh
        The value after the edit, and what a run without a cache gives.
    told
        The exception of an error, or why it was not played.
    """

    group: str
    scenario: Scenario
    what: What
    served: str = ""
    fresh: str = ""
    told: str = ""


def outcome(
    system: System, group: str, scenario: Scenario, states: Mapping[str, Mapping[str, Seen]]
) -> Outcome:
    """Return what became of a scenario, or why it could not be played."""
    refused = system.refuses(scenario)
    if refused:
        return Outcome(group, scenario, "not played", told=refused)
    name = f"{scenario.name} [{system.way}]"
    seen = [states[state][name] for state in STATES]
    impossible = [one["impossible"] for one in seen if one.get("impossible")]
    if impossible:
        told = f"without a cache: {exception(impossible[0])}"
        return Outcome(group, scenario, "not played", told=told)
    found = verdict(scenario, name, states, strict=system.strict)
    again = found.what == "needless" and any(ran for ran, *_ in seen[1]["ran"])
    what: What = "unedited" if again or found.what == "refused" else found.what
    served, fresh = seen[2].get("value", ""), seen[2].get("fresh", "")
    told = exception(found.told) if what == "error" else ""
    return Outcome(group, scenario, what, served, fresh, told)


def exception(traceback: str) -> str:
    """Return the name of the exception that a traceback ends with."""
    last = (traceback.strip().splitlines() or [""])[-1]
    return last.partition(":")[0].rpartition(".")[2]


def count(outcomes: list[Outcome]) -> Counter[str]:
    """Return how often each thing happened; ``played`` is all but what was not."""
    found = Counter(one.what for one in outcomes)
    found["played"] = len(outcomes) - found["not played"]
    return found
