"""Names that a cell binds in a loop or a branch and reads afterwards.

Such a name may be read though the cell has not bound it: then it is what an earlier execution
or another cell left. Whether it is shows when the statements that bind it have run: a name that
they bound cannot have been read as it was before.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from zen_nb.identity.flow import Flow

# Name to the places, among the statements of the cell, of those that bind it before it is read.
Settled: TypeAlias = Mapping[str, tuple[int, ...]]


class _Places(Flow):
    """A walk that takes no way for sure that may be left, and remembers where names stand."""

    def __init__(self) -> None:
        super().__init__()
        self.place = 0
        self.first_read: dict[str, int] = {}
        self.bound_at: dict[str, list[int]] = {}

    def _unbound(self, name: str, bound: frozenset[str]) -> None:
        super()._unbound(name, bound)
        self.first_read.setdefault(name, self.place)

    def _bind(self, name: str) -> None:
        super()._bind(name)
        self.bound_at.setdefault(name, []).append(self.place)

    def _may_swallow(self, node: ast.expr) -> bool:
        return not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open")

    def _may_be_left(self, end: set[str] | None) -> bool:
        return True


def settled_by(statements: Sequence[ast.stmt], flow: Flow) -> Settled:
    """Return which names some statements settle: once these have bound it, no leftover is read.

    Until then nothing in the cell reads the name, these statements included, but where they
    have surely bound it; nothing in the cell deletes it, and no function of the cell reads it,
    since others may call that at any time.

    Parameters
    ----------
    flow
        Has walked the statements.
    """
    names = set(flow.binds) & set(flow.reads) - set(flow.deletes)
    names -= {part for waiting in flow.deferred.values() for part in waiting}
    if not names or flow.stars:
        return {}
    names -= set(map(_ends_unbound, (part for node in statements for part in ast.walk(node))))
    walk = _Places()
    for place, statement in enumerate(statements):
        walk.place = place
        walk.walk([statement])
    found = {name: _before_read(walk, name) for name in sorted(names)}
    return {name: places for name, places in found.items() if places}


def _before_read(walk: _Places, name: str) -> tuple[int, ...]:
    places = dict.fromkeys(walk.bound_at.get(name, ()))
    return tuple(place for place in places if place < walk.first_read.get(name, 0))


def _ends_unbound(node: ast.AST) -> str:
    """Return the name that an exception handler binds, and deletes when it ends."""
    return (node.name or "") if isinstance(node, ast.ExceptHandler) else ""
