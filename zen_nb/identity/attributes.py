"""What an instance holds as memory has it, whatever its class says when it is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, TypeAlias

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.problems import type_name

Read: TypeAlias = Callable[[Any], Any]

_mro: Read = type.__dict__["__mro__"].__get__


def attributes_reader(kind: type) -> Read | None:
    """Return what gives the dict of an instance; ``None`` for classes whose instances have none.

    An attribute or a method of the name ``__dict__`` is not asked.
    """
    if not kind.__dictoffset__:
        return None
    for parent in _mro(kind):
        getter = parent.__dict__.get("__dict__")
        if isinstance(getter, (GetSetDescriptorType, MemberDescriptorType)):
            return getter.__get__
    raise NoFingerprint(type_name(kind), "it hides its attributes")


def slots_of(kind: type, *, above: type = object) -> list[tuple[str, Read]]:
    """Return names and readers of the slots of `kind` and its bases, down to `above`.

    A slot that a subclass declares again is another one and is listed twice.
    """
    found: list[tuple[str, Read]] = []
    for parent in _mro(kind):
        if parent is above:
            break
        if "__slots__" in parent.__dict__:
            found += [
                (name, part.__get__)
                for name, part in parent.__dict__.copy().items()
                if isinstance(part, MemberDescriptorType)
            ]
    return found


def held(value: object, slots: list[tuple[str, Read]]) -> list[tuple[str, Any]]:
    """Return names and contents of the slots that are filled."""
    filled: list[tuple[str, Any]] = []
    for name, read in slots:
        try:
            filled.append((name, read(value)))
        except AttributeError:
            continue
    return filled


def claimed(kind: type) -> str:
    """Return root module and class name, as the class says: libraries move classes about."""
    module = str(getattr(kind, "__module__", "builtins"))
    return f"{module.partition('.')[0]}:{kind.__qualname__}"


def family(kind: type) -> str:
    """Return root module and class name where the class is really found there, else ``""``."""
    found: Any = sys.modules.get(str(getattr(kind, "__module__", "builtins")))
    for part in kind.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return claimed(kind) if found is kind else ""
