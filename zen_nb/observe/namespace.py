"""What a step does to a namespace, and doing the same to live objects on a hit."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from zen_nb.observe.state import fits, give_state, state_of

# Names that IPython keeps in the user's namespace for itself.
_SHELL_NAME = re.compile(
    r"_+|_i+|_i?\d+|In|Out|_oh|_ih|_dh|exit|quit|get_ipython|open|_exit_code|__\w+__"
)
_MISSING = object()


def is_user_name(name: str) -> bool:
    """Tell whether `name` is the user's, private ones too; IPython's own are not."""
    return not _SHELL_NAME.fullmatch(name)


@dataclass(frozen=True, slots=True)
class Difference:
    """Names that a body bound (newly or again) and names it deleted."""

    bound: tuple[str, ...]
    new: frozenset[str]
    deleted: tuple[str, ...]


class NamespaceWatch:
    """Remembers what each name held, by identity, while a body runs."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._before = dict(namespace)

    def difference(self, written: Collection[str] = ()) -> Difference:
        """Return what changed since; `written` names count as bound where they exist now.

        A name bound again to the very same object (a small integer) cannot be told
        from one left alone, so the names that the cell's code binds are given.
        """
        now = {name: value for name, value in self._namespace.items() if is_user_name(name)}
        bound = [
            name
            for name, value in now.items()
            if name in written or self._before.get(name, _MISSING) is not value
        ]
        new = frozenset(name for name in bound if name not in self._before)
        gone = tuple(name for name in self._before if is_user_name(name) and name not in now)
        return Difference(tuple(bound), new, gone)


def apply_change(target: object, value: object) -> bool:
    """Make `target` equal to `value` in place, so that every reference to it sees the change.

    Returns
    -------
    bool
        False where the type does not allow it; then nothing was changed.
    """
    state = state_of(value) if type(target) is type(value) else None
    if state is None or not fits(target, state):
        return False
    give_state(target, state)
    return True


def can_change(value: object) -> bool:
    """Tell whether `apply_change` can work on objects of this type."""
    return state_of(value) is not None
