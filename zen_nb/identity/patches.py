"""What the user put into classes of Python and of packages (``pd.DataFrame.mine = …``).

Functions and classes of the user's are told from the library's own by where they were
written. Constants cannot be: those that code may read count by value, whose-ever they are.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from types import FunctionType
from typing import TypeAlias

from zen_nb.identity.origin import module_origin

Patch: TypeAlias = "tuple[type, str, object]"

# Whoever handles one thing of such a package comes by these.
_KIN = {
    "pandas": (
        "DataFrame",
        "Series",
        "Index",
        "Timestamp",
        "core.groupby.DataFrameGroupBy",
        "core.groupby.SeriesGroupBy",
    ),
    "polars": ("DataFrame", "LazyFrame", "Series", "Expr"),
}
_NOTHING = object()
_CONSTANTS = frozenset({bool, int, float, complex, str, bytes})
_ROOTS = frozenset({object, type, dict, list, tuple, set, str, int, float, BaseException})


def patched(kinds: Iterable[type], names: Collection[str]) -> list[Patch]:
    """Return what code that reads the attributes `names` finds of the user's in such classes.

    Classes of pandas and polars stand for their kin. Sorted, so that it does not matter in
    which order the classes were met.
    """
    asked = names if isinstance(names, (set, frozenset)) else frozenset(names)
    found = [
        (kind, name, part)
        for kind in {parent for kind in kinds for parent in _with_kin(kind)}
        for name in kind.__dict__.keys() & asked
        if (part := _users(kind.__dict__[name])) is not _NOTHING
    ]
    return sorted(found, key=lambda one: (one[0].__module__, one[0].__qualname__, one[1]))


def _users(entry: object) -> object:
    """Return the function, accessor class or constant behind an entry that may be the user's."""
    if type(entry) in _CONSTANTS:
        return entry
    found = entry.fget if isinstance(entry, property) else entry
    if isinstance(found, (staticmethod, classmethod)):
        found = found.__func__
    found = getattr(found, "func", found) if type(found).__name__ == "cached_property" else found
    found = getattr(found, "_accessor", found)
    if isinstance(found, FunctionType):
        module = found.__globals__.get("__name__", "__main__")
    elif isinstance(found, type):
        module = found.__module__
    else:
        return _NOTHING
    return found if module_origin(str(module)) == "project" else _NOTHING


def kin_of(root: str) -> tuple[type, ...]:
    """Return the classes by which things of package `root` are handled, as far as it is loaded."""
    return _loaded_kin(root) if root in _KIN and root in sys.modules else ()


@cache
def _loaded_kin(root: str) -> tuple[type, ...]:
    found = []
    for name in _KIN[root]:
        part: object = sys.modules[root]
        for step in name.split("."):
            part = getattr(part, step, None)
        if isinstance(part, type):
            found.append(part)
    return tuple(found)


def _with_kin(kind: type) -> Iterator[type]:
    yield from _parents(kind)
    for one in kin_of(kind.__module__.partition(".")[0]):
        yield from _parents(one)


@cache
def _parents(kind: type) -> tuple[type, ...]:
    return tuple(
        parent
        for parent in kind.__mro__
        if parent not in _ROOTS and module_origin(parent.__module__) != "project"
    )
