"""A change taken as equal: the nearest record of a step serves what it would be asked now."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from zen_nb.core.errors import UsageError
from zen_nb.core.model import Component, Record, Trace
from zen_nb.core.options import Setting
from zen_nb.engine.decide import Question, accepted_record, decide, in_words, moment
from zen_nb.engine.earlier import leaves_out
from zen_nb.engine.explain import Change, distance, nearest
from zen_nb.engine.standing import broken, restated
from zen_nb.observe.files import path_traces
from zen_nb.store.acceptances import Acceptance
from zen_nb.store.records import Store


@dataclass(frozen=True, slots=True)
class Listed:
    """One acceptance, and whether it still answers.

    Attributes
    ----------
    in_force
        A run that asks for its key gets the record.
    state
        ``in force``, or why not.
    """

    step: str
    accepted_at: float
    recorded_at: float
    changes: tuple[str, ...]
    in_force: bool
    state: str

    def __str__(self) -> str:
        return f"{self.step}, {moment(self.accepted_at)}: {in_words(self.changes)}; {self.state}"


def accept(question: Question, store: Store, gives: Collection[str] = ()) -> Acceptance:
    """Let the nearest earlier record of the step answer `question` from now on.

    Parameters
    ----------
    gives
        Names that the step surely binds now: a record without one of them cannot stand for it.

    Raises
    ------
    UsageError
        Where there is nothing to accept; says what to do instead.
    StoreUnavailable
        Where it cannot be written.
    """
    question = _missed(question, store)
    offer = _nearest(question, store)
    _require_fit(question, offer, gives)
    acceptance = Acceptance(
        key=question.ingredients.key,
        target=offer.record.key,
        step=question.step,
        accepted_at=time.time(),
        recorded_at=offer.record.created_at,
        changes=(*map(str, offer.changes), *offer.faults),
        variant=offer.record.variant,
        trace=_outside(question, offer),
    )
    store.acceptances.keep(acceptance)
    return acceptance


def accepted(store: Store, step: str | None = None) -> list[Listed]:
    """Return what was accepted, newest first, and whether it is still in force."""
    return [
        Listed(
            part.step,
            part.accepted_at,
            part.recorded_at,
            part.changes,
            state == _IN_FORCE,
            state,
        )
        for part in store.acceptances.all(step)
        for state in (_state(part, store),)
    ]


_IN_FORCE = "in force"


def _state(acceptance: Acceptance, store: Store) -> str:
    for record in store.find(acceptance.key).found:
        if not any(map(broken, record.trace)):
            return f"not needed now: its own record of {moment(record.created_at)} holds"
    found = accepted_record(acceptance, store)
    return found.reason if found.record is None else _IN_FORCE


def _missed(question: Question, store: Store) -> Question:
    """Return the question that a run would answer.

    Raises
    ------
    UsageError
        Where the step does not run for a change that could be accepted.
    """
    step = question.step
    decision = decide(replace(question, setting=Setting(True, "the default")), store)
    if decision.kind == "refused":
        raise UsageError(f"{step} cannot be cached, so nothing can be accepted: {decision.reason}")
    if decision.accepted is not None:
        raise UsageError(f"{step} is {decision.reason} already; %pipeline accepted lists all")
    if decision.hit:
        raise UsageError(f"there is nothing to accept: {step} would be cached; {decision.reason}")
    if not question.setting.enabled:
        raise UsageError(
            f"caching is off for {step}, set by {question.setting.source}: it runs each time; "
            "switch it on to accept a change"
        )
    return decision.question


@dataclass(frozen=True, slots=True)
class _Offer:
    """A record that is there, and how it differs from what is asked.

    Attributes
    ----------
    faults
        What has changed of the outside since, a clause each.
    """

    record: Record
    components: tuple[Component, ...]
    changes: tuple[Change, ...]
    faults: tuple[str, ...]


def _nearest(question: Question, store: Store) -> _Offer:
    """Return the record that differs least, the newest of equals; raises `UsageError` for none."""
    step = question.step
    past = store.history(step)
    if not past:
        raise UsageError(f"there is no earlier result of {step} to accept; run it once")
    there = [record for old in past for record in _same(old, store)]
    if not there:
        why = next(filter(None, (store.evicted(old.key) for old in past)), "removed or damaged")
        raise UsageError(f"the earlier results of {step} are gone ({why}); run it once")
    age = question.expires_after_s
    fresh = [part for part in there if age is None or time.time() - part.created_at <= age]
    if not fresh:
        raise UsageError(f"the earlier results of {step} have expired; run it once")
    offers = list(_offers(fresh, question, store))
    if not offers:
        raise UsageError(f"no earlier result of {step} is one of this step; run it once")
    now = question.ingredients.components
    return min(offers, key=lambda offer: distance(offer.components, now) + len(offer.faults))


def _same(old: Record, store: Store) -> list[Record]:
    """Return the record that a line of the history stands for, where it is still there."""
    return [
        part
        for part in store.find(old.key).found
        if (part.variant, part.created_at) == (old.variant, old.created_at)
    ]


def _offers(records: Sequence[Record], question: Question, store: Store) -> Iterator[_Offer]:
    now = question.ingredients.components
    for record in records:
        before = store.components(record)
        if leaves_out(now) and not leaves_out(before):
            # It may stand for what was left under a name then, not for whatever is there.
            continue
        changes = nearest([before], now)
        if changes is not None:
            faults = tuple(filter(None, map(broken, record.trace)))
            yield _Offer(record, before, changes, faults)


def _require_fit(question: Question, offer: _Offer, gives: Collection[str]) -> None:
    """Raise `UsageError` where serving the record would leave out what the step gives now."""
    step = question.step
    there = {part.name for part in offer.record.artifacts}
    missing = [name for name in gives if name not in there]
    if missing:
        raise UsageError(
            f"the record of {moment(offer.record.created_at)} has no `{missing[0]}`, "
            f"which {step} gives now; run it"
        )
    before, now = _by_label(offer.components), _by_label(question.ingredients.components)
    if before.get("outputs") != now.get("outputs"):
        raise UsageError(f"{step} returns other outputs than its record has; run it")
    if "outputs" in now and not _arguments(before) <= _arguments(now):
        raise UsageError(f"{step} takes other arguments than its record was made with; run it")


def _by_label(components: Sequence[Component]) -> dict[str, Component]:
    return {part.label: part for part in components}


def _arguments(components: Mapping[str, Component]) -> set[str]:
    return {part.name for part in components.values() if part.kind in ("input", "param")}


def _outside(question: Question, offer: _Offer) -> tuple[Trace, ...] | None:
    """Return what must hold for the record from now on; ``None`` where its own trace says it.

    The changed code can name files that the record's run never saw.
    """
    known = {part.label for part in offer.record.trace}
    named = path_traces(question.ingredients.strings) if offer.changes else ()
    more = tuple(part for part in named if part.label not in known)
    if not offer.faults and not more:
        return None
    return (*(_as_it_is(part, question.step) for part in offer.record.trace), *more)


def _as_it_is(trace: Trace, step: str) -> Trace:
    """Return `trace` with the state of the outside as it is now."""
    fault = broken(trace)
    if fault is None:
        return trace
    now = restated(trace)
    if now is None:
        raise UsageError(f"{fault}: that cannot be accepted for {step}; bring it back, or run it")
    return now
