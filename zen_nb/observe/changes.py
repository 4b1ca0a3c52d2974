"""What leads from one reading of a setting to another: small, and able to be pickled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MappingChange:
    """Items that were set, and names that were taken away."""

    put: Mapping[Any, Any]
    dropped: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class ListChange:
    """What came first, what came last and what went; or the whole list where neither tells."""

    first: tuple[Any, ...] = ()
    last: tuple[Any, ...] = ()
    whole: tuple[Any, ...] | None = None


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:
        return False


def mapping_change(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> MappingChange | None:
    """Return the items that differ, ``None`` where none does."""
    if _same(before, after):
        return None
    absent = object()
    put = {k: v for k, v in after.items() if not _same(before.get(k, absent), v)}
    dropped = tuple(k for k in before if k not in after)
    return MappingChange(put, dropped) if put or dropped else None


def list_change(before: Sequence[Any], after: Sequence[Any]) -> ListChange | None:
    """Return what was added at either end, else the whole list; ``None`` where they are equal."""
    old, new = tuple(before), tuple(after)
    if old == new:
        return None
    if old and new[len(new) - len(old) :] == old:
        return ListChange(first=new[: len(new) - len(old)])
    if new[: len(old)] == old:
        return ListChange(last=new[len(old) :])
    return ListChange(whole=new)


def changed_list(now: Sequence[Any], change: ListChange) -> list[Any]:
    """Return `now` with a change made; what is there already is not added twice."""
    if change.whole is not None:
        return list(change.whole)
    kept = [item for item in now if item not in change.first and item not in change.last]
    return [*change.first, *kept, *change.last]
