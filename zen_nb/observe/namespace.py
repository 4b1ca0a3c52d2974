"""What a step does to a namespace, and doing the same to live objects on a hit."""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import compress, repeat
from typing import Any

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
        before, now = self._before, dict(self._namespace)
        # Names are looked at last, and by no code of ours: a shell keeps two for each cell that
        # was ever executed, and this is asked after each.
        were = map(before.get, now, repeat(_MISSING))
        moved = {*compress(now, map(operator.is_not, now.values(), were))}
        moved.update(name for name in written if name in now)
        bound = list(filter(is_user_name, filter(moved.__contains__, now)))
        new = frozenset(name for name in bound if name not in before)
        gone = tuple(name for name in before.keys() - now.keys() if is_user_name(name))
        return Difference(tuple(bound), new, tuple(sorted(gone)))
