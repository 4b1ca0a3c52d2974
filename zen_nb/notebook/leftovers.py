"""What was left under names that a cell binds in a loop or a branch, while it runs.

A name that the cell then reads is its own only where the loop or the branch has bound it, and
only then it is an output. To see that, what the name held is set aside while the statement
runs, and put back after it where nothing was bound.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Mapping
from types import FunctionType
from typing import Any

from zen_nb.identity.bytecode import facts

_CALL = "__import__('sys').modules['{}'].{}({}, {})"
_MISSING = object()
_numbers = itertools.count()
_open: dict[int, Leftovers] = {}


def set_aside(number: int, place: int) -> None:
    """Do what stands before a statement that is to bind names."""
    if number in _open:
        _open[number].set_aside(place)


def put_back(number: int, place: int) -> None:
    """Do what stands after it, also where it raises."""
    if number in _open:
        _open[number].put_back(place)


class Leftovers:
    """What one run of a cell finds under names that some of its statements are to bind.

    Parameters
    ----------
    places
        Name to the places of those statements in the cell; none where they cannot be watched:
        then a name is known to be bound where it holds another object at the end.
    """

    def __init__(self, namespace: dict[str, Any], places: Mapping[str, tuple[int, ...]]) -> None:
        self._namespace = namespace
        called = _read_elsewhere(namespace, places.keys() & namespace.keys())
        self._places = {name: at for name, at in places.items() if name not in called}
        self._in_sight = {name: namespace[name] for name in sorted(called)}
        self._before = {
            name: namespace.get(name, _MISSING) for name, at in places.items() if not at
        }
        self._unbound = set(self._places)
        self._aside: dict[str, Any] = {}
        self._number = next(_numbers)

    @property
    def bound(self) -> frozenset[str]:
        """Names that the run has bound for sure, so that nothing left under them was read."""
        return frozenset(self._places.keys() - self._unbound)

    @property
    def unbound(self) -> frozenset[str]:
        """Names that it has left as they were, for sure."""
        return frozenset(self._unbound)

    @property
    def unsure(self) -> frozenset[str]:
        """Names that hold what they held, and that could not be set aside meanwhile.

        Functions elsewhere read them. Whether the run has bound them to the same object, or
        left them alone, cannot be told.
        """
        now = self._namespace
        return frozenset(name for name, was in self._in_sight.items() if now.get(name) is was)

    def watched(self, tree: ast.Module) -> ast.Module:
        """Return the tree of the cell with its statements watched; `close` ends that.

        They stay in their places and at their lines, so that the shell runs and shows the
        cell as ever, and a traceback sees nothing else.
        """
        watched = {place for places in self._places.values() for place in places}
        if watched:
            _open[self._number] = self
        body = [
            self._around(node, place) if place in watched else node
            for place, node in enumerate(tree.body)
        ]
        return ast.Module(body, tree.type_ignores)

    def _around(self, node: ast.stmt, place: int) -> ast.stmt:
        before, after = (self._calling(name, place, node) for name in ("set_aside", "put_back"))
        whole = ast.Try(body=[before, node], handlers=[], orelse=[], finalbody=[after])
        return ast.copy_location(whole, node)

    def _calling(self, name: str, place: int, at: ast.stmt) -> ast.stmt:
        """Return a call that shows no value, wherever values of expressions are shown."""
        call = _CALL.format(__name__, name, self._number, place)
        made = ast.parse(f"if {call}: pass").body[0]
        for part in ast.walk(made):
            if isinstance(part, (ast.expr, ast.stmt)):
                ast.copy_location(part, at)
        return made

    def set_aside(self, place: int) -> None:
        """Set aside what is under names that the statement at `place` is to bind."""
        for name in self._names_at(place):
            if name in self._namespace:
                self._aside[name] = self._namespace.pop(name)

    def put_back(self, place: int) -> None:
        """Note which names the statement has bound, and put back what was under the others."""
        for name in self._names_at(place):
            if name in self._namespace:
                self._unbound.discard(name)
        self._restore()

    def _names_at(self, place: int) -> list[str]:
        return [name for name in self._unbound if place in self._places[name]]

    def _restore(self) -> None:
        for name, value in self._aside.items():
            self._namespace.setdefault(name, value)
        self._aside.clear()

    def close(self) -> None:
        """End it; nothing stays set aside."""
        _open.pop(self._number, None)
        self._restore()
        for name, was in self._before.items():
            now = self._namespace.get(name, _MISSING)
            if now is not was and now is not _MISSING:
                self._unbound.discard(name)


def _read_elsewhere(namespace: Mapping[str, Any], names: Collection[str]) -> set[str]:
    """Return those of `names` that functions of the notebook read: they may be called any time."""
    found: set[str] = set()
    for value in tuple(namespace.values()) if names else ():
        for part in vars(value).values() if isinstance(value, type) else (value,):
            function = getattr(part, "fget", getattr(part, "__func__", part))
            if isinstance(function, FunctionType) and function.__globals__ is namespace:
                of = facts(function.__code__)
                found |= of.stores.union(chain[0] for chain in of.chains) & set(names)
    return found
