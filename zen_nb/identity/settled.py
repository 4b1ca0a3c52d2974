"""Names that a cell binds in a loop or a branch, and that may stay unbound.

Such a name may be read though the cell has not bound it: then it is what an earlier execution
or another cell left. Whether it is shows when the statements that bind it have run: a name that
they bound cannot have been read as it was before. So does whether the name is an output at all.
Where neither can show, what was left under the name is an input.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from zen_nb.identity.flow import Flow

# Name to the places, among the statements of the cell, of those that bind it before it is read;
# none where its statements cannot be watched one by one.
Places: TypeAlias = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Settled:
    """What some statements of a cell may bind.

    Attributes
    ----------
    read
        Names that are read after that, or whose statements cannot be watched.
    unread
        Names that are not read, and whose statements can be watched.
    inputs
        Names of which what was left counts though the cell does not read them, those in `read`
        until the run has bound them: they may be bound unseen, are unbound again, or functions
        of the cell read them.
    """

    read: Places = field(default_factory=dict)
    unread: Places = field(default_factory=dict)
    inputs: frozenset[str] = frozenset()


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

    def before_read(self, name: str) -> tuple[int, ...]:
        """Return the places that bind a name, up to the first that may read it unbound."""
        last = self.first_read.get(name, self.place + 1)
        return tuple(dict.fromkeys(at for at in self.bound_at.get(name, ()) if at < last))


def settled_by(statements: Sequence[ast.stmt], flow: Flow, *, watched: bool) -> Settled:
    """Return the names that some statements settle.

    Once these statements have bound such a name, nothing left under it is read. Until then
    nothing in the cell reads the name, these statements included, but where they have surely
    bound it; nothing in the cell deletes it, and no function of the cell reads it, since
    others may call that at any time.

    Parameters
    ----------
    flow
        Has walked the statements.
    watched
        Whether they are run one by one.
    """
    unbound = ends_unbound(statements)
    unsure = flow.binds.keys() - flow.sure
    names = unsure | (flow.binds.keys() & flow.reads.keys())
    names -= set(flow.deletes).union(*flow.deferred.values(), unbound)
    walk = _Places()
    for place, statement in enumerate(statements):
        walk.place = place
        walk.walk([statement])
    found = {name: walk.before_read(name) for name in sorted(names)}
    read = {name: places for name, places in found.items() if places and name in flow.reads}
    seen = flow.reads.keys() | walk.first_read.keys()
    unread = {name: places for name, places in found.items() if name not in seen}
    # Read by the cell only where a context manager ends an exception.
    loose = names & seen - flow.reads.keys()
    inputs = {*unsure, *unbound} - read.keys() - unread.keys() - flow.reads.keys()
    if not watched or flow.stars:
        loose |= read.keys() | unread.keys()
        inputs |= unread.keys()
        read, unread = {}, {}
    return Settled(read | dict.fromkeys(sorted(loose), ()), unread, frozenset(inputs))


def ends_unbound(statements: Sequence[ast.stmt]) -> frozenset[str]:
    """Return the names that exception handlers bind, and delete when they end."""
    parts = (part for statement in statements for part in ast.walk(statement))
    return frozenset(
        part.name for part in parts if isinstance(part, ast.ExceptHandler) and part.name
    )
