"""Which libraries the values of a step belong to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import ModuleType
from typing import Any

_MOST_PARTS = 50
_DEEPEST = 3


def libraries_of(values: Iterable[Any], deepest: int = _DEEPEST) -> frozenset[str]:
    """Return the top names of the modules of `values` and of what the first parts of them are.

    Modules, classes and functions count for themselves, other values by all their classes.
    """
    found: set[str] = set()
    for value in values:
        found.update(_own(value))
        if deepest:
            found |= libraries_of(_parts(value), deepest - 1)
    return frozenset(found)


def _own(value: Any) -> Iterator[str]:
    if isinstance(value, ModuleType):
        yield value.__name__.partition(".")[0]
        return
    for kind in (value, *type(value).__mro__):
        name = _module_of(kind)
        if name:
            yield name.partition(".")[0]


def _module_of(thing: Any) -> str:
    if not (isinstance(thing, type) or callable(thing)):
        return ""
    name = getattr(thing, "__module__", None)
    return name if isinstance(name, str) else ""


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping) and type(value).__module__ in ("builtins", "collections"):
        yield from islice(value.values(), _MOST_PARTS)
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from islice(value, _MOST_PARTS)
    elif type(type(value)) is type and not isinstance(value, (type, ModuleType)):
        yield from islice(getattr(value, "__dict__", {}).values(), _MOST_PARTS)
