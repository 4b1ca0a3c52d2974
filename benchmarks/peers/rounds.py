"""Rounds of all systems in turn, so that what else the machine does slows all alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.environments import ROOT, unplaced
from benchmarks.peers.order import Answer, Order, answer
from benchmarks.peers.questions import Question
from benchmarks.peers.systems import System

_FILL, _WATCH = 0, 1
_LIMIT_S, _TIMEOUT_S = 1.0, 900
_QUIET = {
    "AUTO_OPEN_DASHBOARD": "false",
    "HAMILTON_TELEMETRY_ENABLED": "false",
    "ZENML_ANALYTICS_OPT_IN": "false",
}


@dataclass(slots=True)
class Found:
    """What one system gave to one question.

    Attributes
    ----------
    seconds
        The median of each round.
    cannot
        Why it has no answer; empty where it has one.
    """

    seconds: list[float] = field(default_factory=list)
    cannot: str = ""


def measured(
    question: Question,
    pythons: Mapping[System, str],
    told: Callable[[str], object] = lambda _: None,
) -> dict[System, Found]:
    """Return what each system gives, in the interpreter named for it.

    Raises
    ------
    ValueError
        Where systems disagree about what the work gives: they did not do the same.
    """
    found = {system: Found() for system in pythons}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(question.rounds + 2):
            if number == _WATCH and not question.hits:
                continue
            answers = {
                system: _played(question, system, pythons[system], folder, number)
                for system in pythons
                if not found[system].cannot
            }
            agreed(question, answers)
            for system, one in answers.items():
                _note(found[system], one, question, number)
            told(f"{question.title}: round {number + 1} of {question.rounds + 2}")
            os.sync()  # what the first round wrote must not be written under the clock of others
    return found


def _played(question: Question, system: System, python: str, folder: str, number: int) -> Answer:
    place = Path(folder, system.module)
    place.mkdir(exist_ok=True)
    order = Order(
        system.module, question.name, str(place), number, question.warm_up, question.calls,
        _LIMIT_S, question.size, watched=number == _WATCH,
    )  # fmt: skip
    mine = {"ZENML_CONFIG_PATH": str(place / "config"),
            "ZENML_LOCAL_STORES_PATH": str(place / "stores"), "PYTHONPATH": str(ROOT)}  # fmt: skip
    command = [python, "-m", "benchmarks.peers.player", order.text()]
    try:
        done = subprocess.run(  # noqa: PLW1510 - a peer that fails is told, and the rest goes on
            command, cwd=place, env=_surroundings() | mine, capture_output=True, text=True,
            timeout=_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answer([], cannot=f"it took more than {_TIMEOUT_S} s")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Answer([], cannot=f"it failed: {unplaced(last)}")
    return answer(done.stdout)


def _surroundings() -> dict[str, str]:
    """Return what all get: compiled modules are kept, and nobody is told of the run."""
    kept = {name: told for name, told in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | _QUIET


def agreed(question: Question, answers: Mapping[System, Answer]) -> None:
    """See to it that all gave the same value."""
    values = {one.value for one in answers.values() if not one.cannot}
    if len(values) > 1:
        told = ", ".join(f"{system.name} {one.value}" for system, one in answers.items())
        raise ValueError(f"{question.title}: the systems did different work: {told}")


def _note(found: Found, one: Answer, question: Question, number: int) -> None:
    found.cannot = one.cannot
    if one.ran:
        found.cannot = f"no hit: it ran {', '.join(one.ran)} again"
    if number not in {_FILL, _WATCH} and one.seconds:
        found.seconds.append(statistics.median(one.seconds) / question.per)


def middle(seconds: Sequence[float]) -> float:
    """Return the median of the rounds."""
    return statistics.median(seconds)
