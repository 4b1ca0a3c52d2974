"""Instances: their class by name, their state by content.

Where a class leaves reducing to `object`, its attributes and slots are read here. Every
other class says through ``__reduce_ex__(4)`` or `copyreg` what it is made of; what a class
of Python's own does not say of a subclass (attributes put on a date, a counter, an
exception) is added.
"""

from __future__ import annotations

import enum
import functools
import types
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity import (
    arrays,
    frames,
    generators,
    loggers,
    on_disk,
    pages,
    pictures,
    polar,
    tables,
    tensors,
)
from zen_nb.identity.attributes import attributes_reader, claimed, family, held, slots_of
from zen_nb.identity.builtin import code
from zen_nb.identity.encoding import number
from zen_nb.identity.origin import module_origin
from zen_nb.identity.problems import type_name
from zen_nb.identity.reduced import reduced_handler, reducer_of
from zen_nb.identity.refused import ITERATOR, WHY_NOT
from zen_nb.identity.standard import (
    HANDLERS as OF_STANDARD,
)
from zen_nb.identity.standard import (
    STANDARD,
    enum_handler,
    is_file,
    standard_handler,
    write_file,
)
from zen_nb.identity.state import Writing, ask, write_slots, write_state
from zen_nb.identity.unordered import write_unordered
from zen_nb.identity.values import Encoder, Handler

_CODE_KINDS: tuple[type, ...] = (
    type,
    types.FunctionType,
    types.ModuleType,
    types.CodeType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    property,
    staticmethod,
    classmethod,
    type(functools.lru_cache(len)),
    type(functools.cmp_to_key(lambda _one, _other: 0)),
)
_KNOWN: dict[str, Handler] = {
    **arrays.HANDLERS,
    **frames.HANDLERS,
    **tables.HANDLERS,
    **polar.HANDLERS,
    **pictures.HANDLERS,
    **tensors.HANDLERS,
    **generators.HANDLERS,
    **loggers.HANDLERS,
    **on_disk.HANDLERS,
    **pages.HANDLERS,
    **OF_STANDARD,
}
_FROZEN = frozenset(
    {
        "zoneinfo:ZoneInfo",
        "pandas:Timestamp",
        "pandas:Timedelta",
        "pandas:Period",
        "pandas:Interval",
        "pandas:NaTType",
        "pandas:NAType",
        "pandas:BaseOffset",
    }
)
_FROZEN_BASES = (int, float, complex, str, bytes, tuple, frozenset)


# What was chosen for classes of Python and of packages, which are not defined again: the
# reducer that `copyreg` had for the class then, and the handler.
_chosen: dict[type, tuple[object, Handler]] = {}


def choose_handler(kind: type) -> Handler:
    """Return what writes the instances of a class that is not a builtin one."""
    registered = reducer_of(kind)
    known = _chosen.get(kind)
    if known is not None and known[0] is registered:
        return known[1]
    handler = _choose(kind)
    if family(kind) and module_origin(str(kind.__module__)) != "project":
        _chosen[kind] = (registered, handler)
    return handler


def _choose(kind: type) -> Handler:
    if issubclass(kind, _CODE_KINDS) or _is_cython_function(kind):
        return code
    if family(kind) in STANDARD:
        return standard_handler(kind)
    for parent in kind.__mro__[:-1]:
        name = claimed(parent)
        if name in WHY_NOT:
            return _refusal(WHY_NOT[name])
        if name in _KNOWN and family(parent):
            return _KNOWN[name]
    if issubclass(kind, enum.Enum):
        return enum_handler(kind)
    if is_file(kind):
        return write_file
    if isinstance(getattr(kind, "__next__", None), types.WrapperDescriptorType):
        return _iterator(kind)
    return instance_handler(kind)


def _is_cython_function(kind: type) -> bool:
    """Tell whether instances are functions that Cython made: each package shares its class."""
    name = kind.__name__
    return name.endswith("cython_function_or_method") or name == "fused_cython_function"


def _iterator(kind: type) -> Handler:
    """Refuse what is an iterator in C, except for files in memory: its position is not seen."""
    import io

    if issubclass(kind, (io.BytesIO, io.StringIO)):
        return instance_handler(kind)
    return _refusal(ITERATOR)


def _refusal(why: str) -> Handler:
    def refuse(encoder: Encoder, value: object) -> None:
        raise NoFingerprint(type_name(type(value)), why)

    return refuse


def instance_handler(kind: type) -> Handler:
    """Return what writes instances by class and state; once each, unless they cannot change."""
    registered = reducer_of(kind)
    if registered is not None:
        write = reduced_handler(kind, registered)
    elif issubclass(kind, (list, dict, set, frozenset)) and _reduces_as_any(kind):
        write = _container(kind)
    elif _is_plain_class(kind):
        write = _plain_class(kind)
    else:
        write = reduced_handler(kind, lambda value: value.__reduce_ex__(4))
    if _is_frozen(kind):
        return write
    return _once(write, in_library=module_origin(claimed(kind).partition(":")[0]) == "package")


def _once(write: Handler, *, in_library: bool) -> Handler:
    def once(encoder: Encoder, value: object) -> None:
        if encoder.again(value):
            return
        encoder.in_library += in_library
        write(encoder, value)
        encoder.in_library -= in_library

    return once


def _is_frozen(kind: type) -> bool:
    if not _FROZEN.isdisjoint(map(family, kind.__mro__)):
        return True
    return issubclass(kind, _FROZEN_BASES) and not kind.__dictoffset__ and not slots_of(kind)


def _reduces_as_any(kind: Any) -> bool:
    """Tell whether a class leaves to a builtin container what it is made of."""
    return kind.__reduce_ex__ is object.__reduce_ex__ and kind.__reduce__ in (
        object.__reduce__,
        set.__reduce__,
        frozenset.__reduce__,
    )


def _is_plain_class(kind: Any) -> bool:
    """Tell whether all state is in attributes and slots, by the test that `copyreg` makes."""
    if kind.__reduce_ex__ is not object.__reduce_ex__ or kind.__itemsize__:
        return False
    if kind.__reduce__ is not object.__reduce__:
        return False
    size = object.__basicsize__ + 8 * len(slots_of(kind))
    size += 8 * (kind.__dictoffset__ > 0) + 8 * (kind.__weakrefoffset__ > 0)
    return bool(kind.__basicsize__ <= size)


def _plain_class(kind: type) -> Handler:
    """Write instances by their class, the arguments of ``__new__`` and their state."""
    has_arguments = hasattr(kind, "__getnewargs_ex__") or hasattr(kind, "__getnewargs__")
    write_parts = _state_writer(kind)

    def write(encoder: Encoder, value: Any) -> None:
        encoder.out += b"o" + encoder.token(kind)
        encoder.encode(_new_arguments(value) if has_arguments else None)
        write_parts(encoder, value)

    return write


def _container(kind: type) -> Handler:
    """Write what the builtin base holds, whatever its methods are overridden with, and the rest."""
    write_plain = _plain_class(kind)

    def write(encoder: Encoder, value: Any) -> None:
        if issubclass(kind, dict):
            encoder.out += b"Ld" + number(dict.__len__(value))
            encoder.pairs(dict.items(value))
        elif issubclass(kind, list):
            encoder.out += b"Ll"
            encoder.sequence([*list.__iter__(value)])
        elif issubclass(kind, set):
            encoder.out += b"Le"
            write_unordered(encoder, set.__iter__(value))
        else:
            encoder.out += b"LE"
            write_unordered(encoder, frozenset.__iter__(value))
        write_plain(encoder, value)

    return write


def _state_writer(kind: Any) -> Handler:
    slots, read = slots_of(kind), attributes_reader(kind)
    state_is_attributes = getattr(kind, "__getstate__", None) is object.__getstate__
    writing = Writing.of(kind)

    def write(encoder: Encoder, value: Any) -> None:
        if not state_is_attributes:
            write_state(encoder, value, ask(value, value.__getstate__), writing)
        else:
            write_state(encoder, value, read(value) if read else None, writing)
            write_slots(encoder, held(value, slots) if slots else [])

    return write


def _new_arguments(value: Any) -> object:
    if hasattr(type(value), "__getnewargs_ex__"):
        return ask(value, value.__getnewargs_ex__)
    return ask(value, value.__getnewargs__)
