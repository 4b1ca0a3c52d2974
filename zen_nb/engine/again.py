"""A call that was a hit before and can be seen to be one still, without asking everything again.

What a call comes to depends on its code with all that it reaches, its arguments, and what the
store holds. The first is told by the guard of the walk, which hands out the same `Reach` as long
as nothing has moved; the second by values that cannot change; the third by the row, which is
read each time; so is what was put into libraries. Records that depend on anything else (a trace,
a term, changes in place) are not remembered here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType, NoneType
from typing import TYPE_CHECKING, Any

from zen_nb.core.model import Record
from zen_nb.engine.decide import Decision
from zen_nb.identity.call_ingredients import guarded
from zen_nb.identity.code import Reach
from zen_nb.identity.registered import registered
from zen_nb.store.records import Store

if TYPE_CHECKING:
    from zen_nb.engine.body import Call

_LIMIT = 4096
_LONGEST = 1000
_float: Callable[[float], bytes] = struct.Struct("<d").pack


@dataclass(frozen=True, slots=True)
class Hit:
    """What a call came to.

    Attributes
    ----------
    registered
        Digests of what stands in libraries of the user's and the code comes by, by label.
    values
        Its outputs by name, all of them such that nobody can change them.
    """

    function: FunctionType
    reach: Reach
    registered: Mapping[str, str]
    store: Store
    decision: Decision
    record: Record
    values: Mapping[str, Any]


_hits: dict[tuple[Any, ...], Hit] = {}


def recall(call: Call, store: Store | None) -> Hit | None:
    """Return what `call` came to before, where it is certain that it comes to that now."""
    place = _place(call)
    hit = None if place is None else _hits.get(place)
    if hit is None or hit.store is not store or hit.function is not call.function:
        return None
    if guarded(call.function, call.options.ignore) is not hit.reach:
        return None
    if registered(hit.reach) != hit.registered:
        return None
    found = hit.store.find(hit.record.key).found
    return hit if found and found[0] is hit.record else None


def remember(call: Call, store: Store, decision: Decision, values: Mapping[str, Any]) -> None:
    """Keep what a hit that showed nothing has come to, where `recall` can be certain of it."""
    record, question = decision.record, decision.question
    if record is None or record.trace or decision.accepted is not None:
        return
    found = question.ingredients
    plain = not (found.held or found.relived or found.problems or record.writer.get("ambient"))
    place, reach = _place(call), guarded(call.function, call.options.ignore)
    if not plain or place is None or reach is None or question.expires_after_s is not None:
        return
    if set(values) != set(call.outputs) or not all(map(_is_atom, values.values())):
        return
    newest = store.find(record.key).found
    if not newest or newest[0] is not record:
        return
    if len(_hits) >= _LIMIT:
        _hits.clear()
    _hits[place] = Hit(
        call.function, reach, registered(reach), store, decision, record, dict(values)
    )


def _place(call: Call) -> tuple[Any, ...] | None:
    """Return what tells a call from others; ``None`` where an argument can change."""
    if call.given or not call.setting.enabled:
        return None
    told: list[Any] = [id(call.function), call.name, call.outputs, call.options]
    for name, value in call.arguments.items():
        kind = type(value)
        if kind is float:
            told += (name, kind, _float(value))
        elif _is_atom(value):
            told += (name, kind, value)
        else:
            return None
    return tuple(told)


def _is_atom(value: object) -> bool:
    kind = type(value)
    if kind is int or kind is float or kind is bool or kind is NoneType:
        return True
    return (kind is str or kind is bytes) and len(value) <= _LONGEST  # type: ignore[arg-type]
