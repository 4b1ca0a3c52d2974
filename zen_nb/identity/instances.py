"""Instances: their class by name, their state by content.

Where a class leaves reducing to `object`, its attributes and slots are read here. Every
other class says through ``__reduce_ex__(4)`` or `copyreg` what it is made of; what a class
of Python's own does not say of a subclass (attributes put on a date, a counter, an
exception) is added.
"""

from __future__ import annotations

import copyreg
import enum
import functools
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity import arrays, frames, generators, pictures, polar, tables, tensors
from zen_nb.identity.attributes import Read, attributes_reader, claimed, family, held, slots_of
from zen_nb.identity.builtin import code
from zen_nb.identity.encoding import SCALARS, number, text
from zen_nb.identity.forgotten import counts, forgotten
from zen_nb.identity.origin import module_origin
from zen_nb.identity.problems import inside, said_by, type_name
from zen_nb.identity.refused import GENERAL, ITERATOR, WHY_NOT
from zen_nb.identity.standard import (
    STANDARD,
    enum_handler,
    is_file,
    standard_handler,
    write_file,
)
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
    registered = copyreg.dispatch_table.get(kind)
    known = _chosen.get(kind)
    if known is not None and known[0] is registered:
        return known[1]
    handler = _choose(kind)
    if family(kind) and module_origin(str(kind.__module__)) != "project":
        _chosen[kind] = (registered, handler)
    return handler


def _choose(kind: type) -> Handler:
    if issubclass(kind, _CODE_KINDS):
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
    registered = copyreg.dispatch_table.get(kind)
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
    write_state = _state_writer(kind)

    def write(encoder: Encoder, value: Any) -> None:
        encoder.out += b"o" + encoder.token(kind)
        encoder.encode(_new_arguments(value) if has_arguments else None)
        write_state(encoder, value)

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
    left_out = forgotten(kind)

    def write(encoder: Encoder, value: Any) -> None:
        if not state_is_attributes:
            _state(encoder, ask(value, value.__getstate__), left_out)
        else:
            _state(encoder, read(value) if read else None, left_out)
            _write_slots(encoder, held(value, slots) if slots else [])

    return write


def _write_slots(encoder: Encoder, filled: list[tuple[str, Any]]) -> None:
    encoder.out += number(len(filled))
    for name, part in filled:
        encoder.out += text(name)
        encoder.part(name, part)


def _new_arguments(value: Any) -> object:
    if hasattr(type(value), "__getnewargs_ex__"):
        return ask(value, value.__getnewargs_ex__)
    return ask(value, value.__getnewargs__)


def _state(encoder: Encoder, state: object, left_out: frozenset[str] = frozenset()) -> None:
    """Write a state; an error in a part of it names the part as an attribute."""
    if type(state) is not dict:
        encoder.encode(state)
    elif left_out:
        kept = {name: part for name, part in state.items() if name not in left_out}
        _state(encoder, kept or None)
    elif not encoder.again(state):
        attributes(encoder, state)


def attributes(encoder: Encoder, state: Mapping[Any, Any]) -> None:
    """Write a dict of attributes, as any dict."""
    encoder.out += b"d" + number(len(state))
    name: object = None
    try:
        for name, part in state.items():
            scalar = SCALARS.get(type(part))
            if type(name) is not str:
                encoder.encode(name)
            else:
                encoder.out += encoder.name(name)
            if scalar is not None:
                encoder.out += scalar(part)
            else:
                encoder.encode(part)
    except NoFingerprint as error:
        raise inside(error, f".{name}") from None


def ask(value: object, question: Callable[[], Any]) -> Any:
    """Return what an object's own method says; its refusal is a `NoFingerprint`."""
    try:
        return question()
    except (NoFingerprint, RecursionError):
        raise
    except Exception as error:
        raise NoFingerprint(type_name(type(value)), f"{GENERAL} ({said_by(error)})") from None


def reduced_handler(kind: type, reduce: Callable[[Any], Any]) -> Handler:
    """Write instances by what they reduce to."""
    left_out, counted = forgotten(kind), counts(kind)
    is_exception = issubclass(kind, BaseException)
    write_unsaid = _unsaid_writer(kind, left_out)

    def write(encoder: Encoder, value: object) -> None:
        found = _without_trace(kind, value, reduce)
        if isinstance(found, str):
            return _by_name(encoder, value, found)
        if not isinstance(found, tuple) or not 2 <= len(found) <= 6:
            raise NoFingerprint(type_name(kind), GENERAL)
        make, arguments, state, items, pairs, setter = (*found, None, None, None, None)[:6]
        encoder.out += b"q" + encoder.token(kind)
        if make is copyreg.__newobj__ and arguments[0] is kind:  # type: ignore[attr-defined]
            make, arguments = True, arguments[1:]
        encoder.encode(make if make is not kind else None)
        encoder.encode(arguments)
        if counted is not None and type(state) is tuple:
            state = (*state[: counted.start], *state[counted.stop :])
        # An exception says so once somebody has asked for its attributes, also where it has none.
        _state(encoder, (state or None) if is_exception else state, left_out)
        _content(encoder, items, pairs)
        encoder.encode(setter)
        write_unsaid(encoder, value, said=bool(state) or (state is not None and not is_exception))
        return None

    return write


def _unsaid_writer(kind: type, left_out: frozenset[str]) -> Callable[..., None]:
    """Return what writes that part of instances which a reducer of Python's own leaves out."""
    author = next(
        parent
        for parent in kind.__mro__
        if "__reduce_ex__" in parent.__dict__ or "__reduce__" in parent.__dict__
    )
    is_python = author is not object and module_origin(str(author.__module__)) == "python"
    read: Read | None = attributes_reader(kind) if is_python else None
    slots = slots_of(kind, above=author) if is_python else []
    is_exception = issubclass(kind, BaseException)

    def write(encoder: Encoder, value: Any, *, said: bool) -> None:
        _state(encoder, (read(value) or None) if read and not said else None, left_out)
        _write_slots(encoder, held(value, slots) if slots else [])
        if is_exception:
            encoder.part("__cause__", value.__cause__)
            encoder.part("__context__", value.__context__)
            encoder.encode(value.__suppress_context__)

    return write


def _content(
    encoder: Encoder,
    items: Iterator[Any] | None,
    pairs: Iterator[Any] | None,
) -> None:
    if items is None:
        encoder.out += b"N"
    else:
        encoder.out += b"l"
        encoder.sequence(list(items))
    if pairs is None:
        encoder.out += b"N"
    else:
        listed = list(pairs)
        encoder.out += b"d" + number(len(listed))
        encoder.pairs(listed)


def _by_name(encoder: Encoder, value: object, name: str) -> None:
    """Write what reduces to the name of a global: code, or an instance by its class and name.

    That the user's own class says so does not keep its instances from changing.
    """
    kind = type(value)
    origin = module_origin(str(kind.__module__))
    if callable(value) and origin == "python":
        code(encoder, value)
        return
    encoder.out += b"G" + encoder.token(kind) + text(name)
    read = attributes_reader(kind) if origin != "package" else None
    slots = slots_of(kind) if origin != "package" else []
    encoder.encode(read(value) if read else None)
    _write_slots(encoder, held(value, slots))


def _without_trace(kind: type, value: object, reduce: Callable[[Any], Any]) -> Any:
    """Reduce without leaving ``__slotnames__`` in the class, where it would count as code."""
    had = "__slotnames__" in kind.__dict__
    try:
        return ask(value, lambda: reduce(value))
    finally:
        if not had and "__slotnames__" in kind.__dict__:
            try:
                del kind.__slotnames__  # type: ignore[attr-defined]
            except (AttributeError, TypeError):  # a class that cannot be changed
                pass
