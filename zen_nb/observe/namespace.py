"""What a step does to a namespace, and doing the same to live objects on a hit."""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass
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
        now = {name: value for name, value in self._namespace.items() if is_user_name(name)}
        bound = [
            name
            for name, value in now.items()
            if name in written or self._before.get(name, _MISSING) is not value
        ]
        new = frozenset(name for name in bound if name not in self._before)
        gone = tuple(name for name in self._before if is_user_name(name) and name not in now)
        return Difference(tuple(bound), new, gone)

    def held_before(self, name: str) -> Any:
        """Return what `name` held before the body ran; raises KeyError where it was unbound."""
        return self._before[name]


def apply_change(target: object, value: object) -> bool:
    """Make `target` equal to `value` in place, so that every reference to it sees the change.

    Returns
    -------
    bool
        False where the type does not allow it; then nothing was changed.
    """
    if type(target) is not type(value):
        return False
    if isinstance(target, list) or isinstance(target, bytearray):
        target[:] = value  # type: ignore[index]
    elif isinstance(target, MutableMapping) and isinstance(value, Mapping):
        target.clear()
        target.update(value)
    elif isinstance(target, (set, deque)):
        target.clear()
        target.update(value) if isinstance(target, set) else target.extend(value)  # type: ignore[call-overload]
    elif _is_array(target):
        return _apply_array(target, value)
    elif _is_frame(target):
        return _apply_frame(target, value)
    elif not hasattr(target, "__dict__"):
        return False
    _apply_attributes(target, value)
    return True


def can_change(value: object) -> bool:
    """Tell whether `apply_change` can work on objects of this type."""
    return (
        isinstance(value, (list, bytearray, MutableMapping, set, deque))
        or _is_array(value)
        or _is_frame(value)
        or hasattr(value, "__dict__")
    )


def _is_array(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def _is_frame(value: object) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series))


def _apply_array(target: Any, value: Any) -> bool:
    if target.shape != value.shape or target.dtype != value.dtype or not target.flags.writeable:
        return False
    target[...] = value
    return True


def _apply_frame(target: Any, value: Any) -> bool:
    # What pandas itself does for its own inplace methods: take over the other's blocks.
    if not hasattr(target, "_update_inplace"):
        return False
    target._update_inplace(value)  # noqa: SLF001
    target.attrs = value.attrs
    return True


def _apply_attributes(target: object, value: object) -> None:
    fields = getattr(target, "__dict__", None)
    if isinstance(fields, dict) and fields is not getattr(value, "__dict__", None):
        fresh = dict(vars(value))
        fields.clear()
        fields.update(fresh)
    for kind in type(target).__mro__:
        for name in _slots(kind):
            if hasattr(value, name):
                object.__setattr__(target, name, getattr(value, name))
            elif hasattr(target, name):
                object.__delattr__(target, name)


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    private = kind.__name__.lstrip("_")
    return tuple(
        f"_{private}{name}" if name.startswith("__") and not name.endswith("__") else name
        for name in names
        if name not in ("__dict__", "__weakref__")
    )
