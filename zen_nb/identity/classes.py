"""What a class is made of, part by part, without what follows from the rest."""

from __future__ import annotations

import abc
import enum
import functools
import importlib
import inspect
import weakref
from collections.abc import Iterator
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

from zen_nb.identity.origin import module_origin

# Entries of a class that Python or a library keeps there and that follow from the rest.
_BOOKKEEPING = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__doc__",
        "__module__",
        "__qualname__",
        "__slotnames__",
        "__firstlineno__",
        "__static_attributes__",
        "__annotations__",
        "__annotations_cache__",
        "__annotate__",
        "__annotate_func__",
        "__conditional_annotations__",
        "__dataclass_fields__",
        "__dataclass_params__",
        "_abc_impl",
        "__parameters__",
        "__type_params__",
    }
)
# Tables of an enum that grow with use, and those that repeat its members.
_ENUM_TABLES = frozenset(
    {"_value2member_map_", "_inverted_", "_hashable_values_", "_unhashable_values_"}
)

_WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet, weakref.ref)
_WRAPPERS = (staticmethod, classmethod)


def unwrapped(part: object) -> object:
    """Return what a descriptor is made of, in builtins; any other object as it is.

    What a cache of a library remembers weakly is no part of what a thing does: of weak
    containers only instances of the user's classes count.
    """
    if isinstance(part, _WRAPPERS):
        return (type(part).__name__, part.__func__)
    if type(part) is property:
        return ("property", part.fget, part.fset, part.fdel)
    if isinstance(part, functools.cached_property):
        return ("cached_property", part.func, part.attrname)
    if isinstance(part, _WEAK):
        return ("weak", type(part).__name__, *_users_own(part))
    owner = getattr(part, "__self__", None)
    if owner is not None and isinstance(owner, _WEAK):
        return ("weak", type(owner).__name__, getattr(part, "__name__", ""))
    return part


def _users_own(part: Any) -> Iterator[object]:
    """Yield the user's instances that a weak container holds."""
    if isinstance(part, weakref.ref):
        held = [part()]
    elif isinstance(part, weakref.WeakSet):
        held = [*part]
    else:
        held = [*part.keys(), *part.values()]
    own = [one for one in held if module_origin(str(type(one).__module__)) == "project"]
    yield frozenset(own) if isinstance(part, weakref.WeakSet) else own


def follows_from_the_rest(cls: type, name: str) -> bool:
    """Tell whether an entry of `cls` is kept there beside what the class means."""
    return name in _BOOKKEEPING or (issubclass(cls, enum.Enum) and name in _ENUM_TABLES)


def class_entries(cls: type) -> Iterator[tuple[str, object]]:
    """Yield the parts of `cls` itself (not of its bases), by name."""
    skipped = _BOOKKEEPING | _ENUM_TABLES if issubclass(cls, enum.Enum) else _BOOKKEEPING
    for name, part in sorted(vars(cls).copy().items()):
        if name in skipped or isinstance(part, (GetSetDescriptorType, MemberDescriptorType)):
            continue
        # A weak container as it is: what is in it must not be kept alive, and changes.
        yield name, part if isinstance(part, _WEAK) else unwrapped(part)
    yield from _fields(cls)
    registered = _registered(cls)
    if registered:
        yield "<registered>", registered


def _fields(cls: type) -> Iterator[tuple[str, object]]:
    """Yield what dataclasses and others read from annotations and fields."""
    fields = vars(cls).get("__dataclass_fields__")
    if isinstance(fields, dict):
        for name, field in fields.items():
            yield f"<field {name}>", _field(field)
    elif fields is None and _reads_annotations(cls):
        for name, annotation in inspect.get_annotations(cls).items():
            yield f"<annotation {name}>", annotation


def _field(field: Any) -> object:
    flags = (field.init, field.repr, field.hash, field.compare, getattr(field, "kw_only", None))
    factory = getattr(field, "default_factory", None)
    made = factory if callable(factory) else None
    return (field._field_type.name, flags, made, dict(field.metadata), field.type)


def _reads_annotations(cls: type) -> bool:
    """Tell whether something may give meaning to the annotations of a class."""
    return type(cls) not in (type, abc.ABCMeta) or any(
        hasattr(parent, "__init_subclass__") and "__init_subclass__" in vars(parent)
        for parent in cls.__mro__[1:-1]
    )


def _registered(cls: type) -> list[str]:
    """Return the names of classes registered with an abstract class."""
    if "_abc_impl" not in vars(cls):
        return []
    dump = importlib.import_module("_abc")._get_dump  # the registry has no public reader
    found = (reference() for reference in dump(cls)[0])
    return sorted(f"{part.__module__}.{part.__qualname__}" for part in found if part is not None)
