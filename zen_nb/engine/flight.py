"""One computation of a key at a time: whoever comes second waits, and finds the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.events import StepWaiting
from zen_nb.engine.decide import Decision, Question, decide
from zen_nb.store.flights import Flight
from zen_nb.store.records import Store

# Is told once in a while that a step waits, and at last that it does not any more.
Waiting: TypeAlias = Callable[[StepWaiting], None]

_FIRST_LOOK_S = 0.01
_LAST_LOOK_S = 0.2
# A shorter wait is nobody's concern.
_FIRST_TOLD_S = 0.5


def decide_alone(
    question: Question, store: Store | None, waiting: Waiting | None = None
) -> tuple[Decision, Flight | None]:
    """Decide on `question`; for a run that will be kept, once nobody else computes its key.

    While somebody does, `waiting` is told; an interrupt ends the wait. A holder that dies lets
    go by that. Nobody waits for a step that could not be kept when it ran last.

    Returns
    -------
    tuple
        The decision, and what is held until the run has been stored or given up.
    """
    asked_at = time.time()
    decision = decide(question, store)
    if store is None or not _is_shared(decision):
        return decision, None
    try:
        flight, waited = _taken(decision, store, waiting)
    except StoreUnavailable:
        return decision, None
    if waited or _has_come(decision, store, asked_at):
        decision = decide(question, store)
    if decision.hit and flight is not None:
        flight.end()
        flight = None
    return decision, flight


def _is_shared(decision: Decision) -> bool:
    """Tell whether a run would be of use to others."""
    return not decision.hit and not decision.refusal and decision.question.setting.enabled


def _has_come(decision: Decision, store: Store, asked_at: float) -> bool:
    """Tell whether somebody has stored a record between the decision and the lock."""
    found = store.find(decision.key).found
    return any(record.created_at + record.duration_s > asked_at for record in found)


def _taken(decision: Decision, store: Store, waiting: Waiting | None) -> tuple[Flight | None, bool]:
    """Return the lock of the key, and whether there was a wait for it."""
    key, step = decision.key, decision.question.step
    if store.flights.is_mine(key) or store.flights.is_futile(key):
        return None, False
    flight = store.flights.take(key)
    if flight is not None:
        return flight, False
    began = time.monotonic()
    since = store.flights.since(key) or time.time()
    pause, next_s = _FIRST_LOOK_S, _FIRST_TOLD_S
    tell = waiting or _nobody
    try:
        while flight is None and not store.flights.is_futile(key):
            time.sleep(pause)
            pause = min(pause * 1.5, _LAST_LOOK_S)
            flight = store.flights.take(key)
            waited = time.monotonic() - began
            if flight is None and waited > next_s:
                next_s += 1.0
                since = store.flights.since(key) or since
                tell(StepWaiting(step, since, waited))
    finally:
        if next_s > _FIRST_TOLD_S:
            tell(StepWaiting(step, since, time.monotonic() - began, over=True))
    return flight, True


def _nobody(_: object) -> None:
    """Hear nothing."""
