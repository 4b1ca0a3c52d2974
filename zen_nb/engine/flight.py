"""One computation of a key at a time: whoever comes second waits, and finds the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self, TypeAlias

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.events import StepWaiting
from zen_nb.engine.decide import ASKED_WITHIN_S, Decision, Question, decide
from zen_nb.store.flights import Flight
from zen_nb.store.interrupts import held
from zen_nb.store.records import Store

# Is told once in a while that a step waits, and at last that it does not any more.
Waiting: TypeAlias = Callable[[StepWaiting], None]

_FIRST_LOOK_S = 0.01
_LAST_LOOK_S = 0.2
# A shorter wait is nobody's concern.
_FIRST_TOLD_S = 0.5


class Hold:
    """What a call holds of the keys, from before it is asked until it has ended.

    It exists before there is anything to hold: an interrupt at whatever moment finds it.
    """

    __slots__ = ("flight",)

    def __init__(self) -> None:
        self.flight: Flight | None = None

    def end(self, *, kept: bool = True) -> None:
        """Let others have the key, who may wait for the next run if this was `kept`."""
        if self.flight is not None:
            self.flight.end(kept=kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def decide_alone(
    question: Question, store: Store | None, hold: Hold, waiting: Waiting | None = None
) -> Decision:
    """Decide on `question`; for a run that will be kept, once nobody else computes its key.

    While somebody does, `waiting` is told; an interrupt ends the wait. A holder that dies lets
    go by that. Nobody waits for a step that could not be kept when it ran last.

    Parameters
    ----------
    hold
        Is given the key for a run; whoever made it ends it when the run has been stored or
        given up.
    """
    asked_at = time.time()
    decision = decide(question, store, within_s=ASKED_WITHIN_S)
    if store is None or not _is_shared(decision):
        if store is not None and store.shared is not None and decision.record is not None:
            store.shared.served(decision.record)
        return decision
    try:
        waited = _take(decision, store, hold, waiting)
    except StoreUnavailable:
        return decision
    if waited or _has_come(decision, store, asked_at):
        decision = decide(question, store, within_s=ASKED_WITHIN_S)
    if decision.hit:
        hold.end()
    return decision


def _is_shared(decision: Decision) -> bool:
    """Tell whether a run would be of use to others."""
    return not decision.hit and not decision.refusal and decision.question.setting.enabled


def _has_come(decision: Decision, store: Store, asked_at: float) -> bool:
    """Tell whether somebody has stored a record between the decision and the lock."""
    found = store.find(decision.key).found
    return any(record.created_at + record.duration_s > asked_at for record in found)


def _take(decision: Decision, store: Store, hold: Hold, waiting: Waiting | None) -> bool:
    """Hold the key of a decision, once nobody else does; tell whether there was a wait."""
    key = decision.key
    if store.flights.is_mine(key) or store.flights.is_futile(key) or _took(key, store, hold):
        return False
    began = time.monotonic()
    since = store.flights.since(key) or time.time()
    pause, next_s = _FIRST_LOOK_S, _FIRST_TOLD_S
    step, tell = decision.question.step, waiting or _nobody
    try:
        while not store.flights.is_futile(key):
            time.sleep(pause)
            if _took(key, store, hold):
                break
            pause = min(pause * 1.5, _LAST_LOOK_S)
            waited = time.monotonic() - began
            if waited > next_s:
                next_s += 1.0
                since = store.flights.since(key) or since
                tell(StepWaiting(step, since, waited))
    finally:
        if next_s > _FIRST_TOLD_S:
            tell(StepWaiting(step, since, time.monotonic() - began, over=True))
    return True


def _took(key: str, store: Store, hold: Hold) -> bool:
    """Take a key if nobody has it; an interrupt comes when `hold` has it, or nobody."""
    with held:
        hold.flight = store.flights.take(key)
    return hold.flight is not None


def _nobody(_: object) -> None:
    """Hear nothing."""
