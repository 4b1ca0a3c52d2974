"""Where the objects of a namespace are: name and path, by which a hit finds them again.

An output may be, or hold, an object that existed before the step: an input, or a
part of one. A copy of it would no longer see later changes, so it is stored as its
place. What a step changes in place is stored as the new state of each object that
it can have changed, and a hit gives that state to the objects that are there.
"""

from __future__ import annotations

import gc
import re
import sys
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta, tzinfo
from enum import Enum
from functools import partial
from pathlib import PurePath
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, TypeAlias

# A step of a path: how a part is reached, and which (``("item", 3)``, ``("attribute", "rows")``).
Way: TypeAlias = tuple[str, Any]
Place: TypeAlias = tuple[str, tuple[Way, ...]]

LIMIT = 100_000
_ATOMS = frozenset({int, float, complex, bool, str, bytes, type(None), type(...), range, slice})
_CODE = (FunctionType, BuiltinFunctionType, MethodType, ModuleType, CodeType, type)
_WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet, weakref.ref)
# Code that holds no object: of bound methods the owner counts.
_STILL = (FunctionType, ModuleType, CodeType, type)
_DESCRIPTORS = (property, staticmethod, classmethod, GetSetDescriptorType, MemberDescriptorType)
_UNCHANGING = (Enum, PurePath, re.Pattern)
_FROZEN = (tuple, frozenset, str, bytes, int, float, complex, date, time, timedelta, tzinfo)
_OF_VALUES = frozenset({"decimal", "fractions", "uuid", "zoneinfo", "ipaddress"})
_WITHOUT_ATTRIBUTES = frozenset({list, tuple, dict, set, frozenset, deque, bytearray})
_PLAIN_KEYS = frozenset({int, str, bool, bytes, type(None)})


class Places:
    """The objects reached from some names, each with the place where it was met first.

    Objects are kept alive, so that an ``id`` stands for one object as long as this exists.

    Parameters
    ----------
    roots
        Names and what they stand for.
    holdings
        The same of what code holds.

    Attributes
    ----------
    shared
        Pairs of places under different names that are one object, and that can change.
    overflowing
        Names that hold more objects than are followed.
    """

    def __init__(
        self,
        roots: Iterable[tuple[str, object]],
        holdings: Iterable[tuple[str, object]] = (),
    ) -> None:
        self._found: dict[int, tuple[object, Place]] = {}
        self._memory: dict[int, tuple[object, Place]] = {}
        self.shared: list[tuple[Place, Place]] = []
        self.overflowing: set[str] = set()
        for name, value in sorted(roots, key=lambda root: root[0]):
            self._walk(name, value)
        for name, value in holdings:
            if type(value) not in _ATOMS and not isinstance(value, (*_STILL, *_DESCRIPTORS)):
                self._walk(name, value)

    def __iter__(self) -> Iterator[tuple[object, Place]]:
        return iter(tuple(self._found.values()))

    def known(self) -> dict[int, str | Place]:
        """Return the place of each object by its ``id``; a bare name where there is no path."""
        return {
            id(thing): place if place[1] or not place[0].isidentifier() else place[0]
            for thing, place in self
        }

    def standing(self) -> dict[tuple[int, Way], object]:
        """Return which object stands where in each of these objects now, where that matters."""
        return {
            (id(thing), way): part
            for thing, _ in self
            for way, part in parts_of(thing)
            if can_be_shared(part)
        }

    def root_of(self, number: int) -> str:
        """Return the name under which the object of an ``id`` was met first."""
        return self._found[number][1][0]

    def _walk(self, name: str, value: object) -> None:
        waiting: deque[tuple[object, Place]] = deque([(value, (name, ()))])
        again: set[int] = set()
        while waiting:
            thing, place = waiting.popleft()
            before = self._found.get(id(thing))
            if before is None:
                if len(self._found) >= LIMIT:
                    self.overflowing.add(name)
                    return
                self._found[id(thing)] = (thing, place)
                self._note_memory(thing, place)
            elif before[1][0] == name or id(thing) in again:
                continue
            elif can_be_shared(thing):
                self.shared.append((before[1], place))
                continue
            else:
                again.add(id(thing))
            for way, part in parts_of(thing):
                waiting.append((part, (name, (*place[1], way))))

    def _note_memory(self, thing: Any, place: Place) -> None:
        """Note which arrays are windows on one memory, and where in it."""
        if not is_array(thing):
            return
        owner = thing
        while is_array(owner.base):
            owner = owner.base
        window = ("memory", (_start(thing) - _start(owner), thing.strides))
        before = self._memory.setdefault(id(owner), (owner, (place[0], (*place[1], window))))
        if before[1][0] != place[0]:
            self.shared.append((before[1], (place[0], (*place[1], window))))


def may_share(roots: Iterable[object]) -> bool:
    """Tell whether an object may be reached from two of the roots; quick where none is.

    It follows all that Python's own collector follows, which is more than `Places` does; what
    arrays share it does not see, so where two roots hold arrays they may share.
    """
    others: set[int] = set()
    with_arrays = 0
    for value in roots:
        mine: dict[int, object] = {}
        kinds: set[type] = set()
        fresh = {id(value): value}
        while fresh:
            mine |= fresh
            if not others.isdisjoint(fresh) or len(mine) > LIMIT:
                return True
            found = [part for part in gc.get_referents(*fresh.values()) if type(part) not in _ATOMS]
            kinds.update(map(type, found))
            still = {kind for kind in kinds if issubclass(kind, _STILL)}
            fresh = {id(part): part for part in found if type(part) not in still}
            for key in fresh.keys() & mine.keys():
                del fresh[key]
        others.update(mine)
        with_arrays += is_array(value) or any(map(is_array_type, kinds))
    return with_arrays > 1


def can_be_shared(thing: object) -> bool:
    """Tell whether it matters who else refers to `thing`: a change of it would show there."""
    if (
        isinstance(thing, (*_UNCHANGING, *_STILL, *_DESCRIPTORS))
        or type(thing).__module__ in _OF_VALUES
    ):
        return False
    if isinstance(thing, _FROZEN):
        return bool(getattr(thing, "__dict__", None))
    numpy = sys.modules.get("numpy")
    return numpy is None or not isinstance(thing, (numpy.generic, numpy.dtype))


def _start(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def parts_of(thing: Any) -> Iterator[tuple[Way, object]]:
    """Yield the parts of a container or instance that can change or hold what can."""
    if is_frame(thing) or issubclass(type(thing), _WEAK):
        return
    if isinstance(thing, (*_CODE, partial)):
        yield from _bound_to(thing)
        return
    if isinstance(thing, (list, tuple, deque)):
        if set(map(type, thing)) <= _ATOMS:
            return
        yield from (
            (("item", at), part) for at, part in enumerate(thing) if type(part) not in _ATOMS
        )
    elif isinstance(thing, dict):
        for at, (key, part) in enumerate(dict.items(thing)):
            if type(part) not in _ATOMS:
                yield (("item", key) if type(key) in _PLAIN_KEYS else ("nth", at)), part
    if type(thing) not in _WITHOUT_ATTRIBUTES:
        yield from _attributes(thing)


def _attributes(thing: Any) -> Iterator[tuple[Way, object]]:
    for name, part in attributes_of(thing).items():
        if type(part) not in _ATOMS and not isinstance(part, _STILL):
            yield ("attribute", name), part


def _bound_to(thing: Any) -> Iterator[tuple[Way, object]]:
    """Yield what a method or a partial is called on and with."""
    if isinstance(thing, partial):
        yield ("attribute", "args"), thing.args
        yield ("attribute", "keywords"), thing.keywords
    elif isinstance(thing, (MethodType, BuiltinFunctionType)):
        owner = thing.__self__
        if owner is not None and not isinstance(owner, _STILL):
            yield ("attribute", "__self__"), owner


def attributes_of(thing: Any) -> dict[str, Any]:
    """Return what an object holds in its ``__dict__`` and its slots, read without its own code."""
    found: dict[str, Any] = {}
    fields = getattr(thing, "__dict__", None)
    if type(fields) is dict:
        found.update(fields)
    for kind in type(thing).__mro__:
        for name in slots_of(kind):
            member = kind.__dict__.get(name)
            try:
                found[name] = member.__get__(thing, type(thing))  # type: ignore[union-attr]
            except AttributeError:
                continue
    return found


def slots_of(kind: type) -> tuple[str, ...]:
    """Return the names under which a class keeps its own slots."""
    slots = kind.__dict__.get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    private = kind.__name__.lstrip("_")
    return tuple(
        f"_{private}{name}" if name.startswith("__") and not name.endswith("__") else name
        for name in names
        if name not in ("__dict__", "__weakref__")
    )


def is_array(value: object) -> bool:
    """Tell whether `value` is a numpy array, without importing numpy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def is_array_type(kind: type) -> bool:
    """Tell whether a class is one of numpy arrays."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(kind, numpy.ndarray)


def is_frame(value: object) -> bool:
    """Tell whether `value` is a pandas frame or series, without importing pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series, pandas.Index))


def written(place: Place) -> str:
    """Return a place as Python would write it: ``rows[0].name``."""
    text, path = place
    for way, part in path:
        if way == "item":
            text += f"[{part!r}]"
        elif way == "attribute":
            text += f".{part}"
        else:
            text += f" ({way} {part})"
    return text
