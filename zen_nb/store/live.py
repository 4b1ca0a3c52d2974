"""Functions of the notebook, bound to the live namespace when they come back.

A function defined in a notebook reads its globals from the namespace that the
user goes on working in. Loaded by value in the usual way it would get a copy of
them, and no later cell could reach it. Here a function that the namespace holds
under its own name is stored as that name, and any other (a lambda, a closure)
by its code, with its globals bound to the namespace at load and with the cells
that closures share still shared.
"""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Callable, Mapping
from itertools import islice
from types import CellType, CodeType, FunctionType
from typing import Any, TypeAlias

# A name in the namespace, or a name and the path from there to a part of what it holds.
Name: TypeAlias = "str | tuple[str, tuple[tuple[str, Any], ...]]"


class _Namespace:
    """Stands for the notebook's globals in a stream; the loader puts the real ones there."""

    def __reduce__(self) -> str:
        return "NAMESPACE"


NAMESPACE = _Namespace()
_FIELDS = ("__module__", "__qualname__", "__doc__", "__defaults__", "__kwdefaults__")


class Cell:
    """Stands for one closure cell while a payload is made, so that sharers meet again."""

    __slots__ = ("cell", "told")

    def __init__(self, cell: CellType) -> None:
        self.cell = cell
        self.told = False


class NotDefined(LookupError):
    """The namespace holds nothing under the name that is its only argument."""


def resolve(namespace: Mapping[str, Any], qualname: str) -> Any:
    """Return what `namespace` holds under a dotted name; raises `NotDefined`."""
    first, *rest = qualname.split(".")
    try:
        found = namespace[first]
        for name in rest:
            found = getattr(found, name)
    except (KeyError, AttributeError):
        raise NotDefined(qualname) from None
    return found


def part(
    namespace: Mapping[str, Any],
    given: Mapping[str, Any],
    name: str,
    path: tuple[tuple[str, Any], ...],
) -> Any:
    """Return the part that `path` leads to in what `given`, or `namespace`, holds under `name`.

    A dotted name is one of a variable in a loaded module. No code of the parts' own types is
    run on the way.
    """
    try:
        found = given[name] if name in given else _variable(namespace, name)
        for way, key in path:
            found = _WAYS[way](found, key)
    except (LookupError, AttributeError, TypeError, StopIteration):
        raise NotDefined(name) from None
    return found


def _variable(namespace: Mapping[str, Any], name: str) -> Any:
    module, _, variable = name.rpartition(".")
    return (vars(sys.modules[module]) if module else namespace)[variable]


def _item(found: Any, key: Any) -> Any:
    kinds: tuple[Any, ...] = (dict, list, tuple, deque)
    for kind in kinds:
        if isinstance(found, kind):
            return kind.__getitem__(found, key)
    raise TypeError(type(found))


_WAYS: Mapping[str, Callable[[Any, Any], Any]] = {
    "item": _item,
    "nth": lambda found, at: next(islice(dict.values(found), at, None)),
    "attribute": object.__getattribute__,
}


def is_named(namespace: Mapping[str, Any], value: Any) -> str | None:
    """Return the name under which `namespace` holds this very object, or ``None``."""
    qualname = getattr(value, "__qualname__", None)
    if not isinstance(qualname, str) or getattr(value, "__module__", None) != "__main__":
        return None
    try:
        return qualname if resolve(namespace, qualname) is value else None
    except NotDefined:
        return None


def empty_cell() -> CellType:
    """Return a cell that is filled once the function that owns it exists."""
    return CellType()


def make_function(
    namespace: dict[str, Any], code: CodeType, name: str, cells: tuple[CellType, ...]
) -> FunctionType:
    """Return a function over `namespace` itself, its state still to come."""
    return FunctionType(code, namespace, name, None, cells or None)


def remember_again(function: FunctionType, parameters: Mapping[str, Any]) -> Any:
    """Return `function` under an empty `lru_cache`."""
    return functools.lru_cache(**parameters)(function)


def function_state(function: FunctionType, cells: tuple[Cell, ...]) -> dict[str, Any]:
    """Return all of `function` but its code; each cell's content is told by its first owner."""
    state: dict[str, Any] = {name: getattr(function, name) for name in _FIELDS}
    state["__dict__"] = dict(function.__dict__)
    state["__annotations__"] = _annotations(function)
    told = []
    for place, cell in enumerate(cells):
        if not cell.told:
            cell.told = True
            try:
                told.append((place, cell.cell.cell_contents))
            except ValueError:
                continue  # a name that is not bound yet stays so
    state["cells"] = told
    return state


def fill_function(function: FunctionType, state: dict[str, Any]) -> None:
    """Give `function` what `function_state` took from it."""
    for place, content in state.pop("cells"):
        assert function.__closure__ is not None
        function.__closure__[place].cell_contents = content
    function.__dict__.update(state.pop("__dict__"))
    for name, value in state.items():
        setattr(function, name, value)


def _annotations(function: FunctionType) -> dict[str, Any]:
    try:
        return dict(function.__annotations__)
    except NameError:  # written for type checkers only
        return {}
