"""What is asked of a system in a new process, and what it answers; both travel as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """One round of one system.

    Attributes
    ----------
    place
        A folder that the system has for this question alone, the same in every round.
    number
        Which round it is: the first fills the store.
    warm_up, calls
        How often the work is done before the clock runs, and under it.
    limit_s
        No further call is begun after so many seconds under the clock.
    size
        Rows of the frame, or turns of a branch.
    watched
        Look at which functions run, instead of at the time.
    """

    module: str
    question: str
    place: str
    number: int
    warm_up: int
    calls: int
    limit_s: float
    size: int
    watched: bool = False

    def text(self) -> str:
        """Return it as a command line takes it."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a round gave.

    Attributes
    ----------
    value
        What the work gave, which must be the same in all systems.
    ran
        The functions that were called, where they were watched.
    cannot
        Why the system has no answer; empty where it has one.
    """

    seconds: list[float]
    value: float | None = None
    ran: list[str] | None = None
    cannot: str = ""

    def text(self) -> str:
        """Return it as the last line that a process prints."""
        return json.dumps(asdict(self))


def order(text: str) -> Order:
    """Return the order that the text holds."""
    return Order(**json.loads(text))


def answer(text: str) -> Answer:
    """Return the answer that the last line holds."""
    return Answer(**json.loads(text.splitlines()[-1]))
