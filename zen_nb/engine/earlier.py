"""The earlier records of a step that a person is told it was compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from zen_nb.core.model import Component, Fingerprint, Record, Trace
from zen_nb.engine.explain import Change, changes, nearest_place, of_trace
from zen_nb.engine.standing import broken, restated
from zen_nb.store.records import Store

COMPARED = 12
_Check = Callable[[Trace], str | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since the nearest earlier record of a step.

    Attributes
    ----------
    record
        That record; ``None`` where there is none to compare with.
    of
        How many records were looked at.
    """

    record: Record | None = None
    changes: tuple[Change, ...] = ()
    of: int = 0


NOTHING = Comparison()


def nearest_record(step: str, now: Sequence[Component], store: Store) -> Comparison:
    """Return what changed since the record of `step` that differs least, the newest of equals.

    Files and environment variables that it saw count too, where the code is the same.
    """
    past = store.history(step, COMPARED)
    candidates = _of_a_kind([store.components(record) for record in past], now)
    place = nearest_place(candidates, now)
    if place is None:
        return NOTHING
    found = changes(candidates[place], now)
    record = past[place]
    if found and all(part.label != "code" for part in found):
        found += _outside(_not_ambient(record.trace), broken)
    return Comparison(record, found, sum(map(bool, candidates)))


def _of_a_kind(
    candidates: list[tuple[Component, ...]], now: Sequence[Component]
) -> list[tuple[Component, ...]]:
    """Empty the candidates that count leftovers where `now` leaves them out, or the reverse."""
    mine = leaves_out(now)
    kin = [one if leaves_out(one) == mine else () for one in candidates]
    return kin if any(kin) else candidates


def leaves_out(components: Iterable[Component]) -> bool:
    """Tell whether what was left under some names does not count among `components`."""
    return any(part.kind == "leftover" for part in components)


def _not_ambient(trace: Iterable[Trace]) -> list[Trace]:
    """Return what a step saw that is not bound to the moment, as generators are."""
    return [part for part in trace if part.kind != "ambient"]


def nearest_outside(records: Sequence[Record], check: _Check) -> Comparison:
    """Return what changed around the record of one key that differs least from what is now."""
    found = [(record, _outside(record.trace, check)) for record in records]
    if not found:
        return NOTHING
    record, changed = min(found, key=lambda pair: len(pair[1]))
    return Comparison(record, changed, len(found))


def _outside(trace: Iterable[Trace], check: _Check) -> tuple[Change, ...]:
    said = ((part, check(part)) for part in trace)
    return tuple(of_trace(part, fault, _now(part)) for part, fault in said if fault is not None)


def _now(trace: Trace) -> Trace | None:
    try:
        return restated(trace)
    except OSError:
        return None


def of_key(step: str, key: Fingerprint, store: Store) -> Comparison:
    """Return the newest record that `step` made for `key`, though it may be gone: no change."""
    past = store.history(step)
    same = [record for record in past if record.key == key]
    return Comparison(same[0], (), len(same)) if same else NOTHING
