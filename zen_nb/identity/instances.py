"""Instances: their class by name, their state by content; and what has no identity at all.

Where a class leaves reducing to `object`, its attributes and slots are read here. Every
other class says through ``__reduce_ex__(4)`` or `copyreg` what it is made of.
"""

from __future__ import annotations

import copyreg
import enum
import io
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity import arrays, frames, tables
from zen_nb.identity.encoding import number, text
from zen_nb.identity.values import Encoder, Handler, code, inside, type_name

_HEAP_TYPE = 1 << 9

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
)

_LOCK = "a lock lives in one process only"
_RUNNING = "it is in the middle of running and cannot be copied"
_CONNECTION = "an open connection belongs to one process"
_ITERATOR = "reading it uses it up"

WHY_NOT: dict[str, str] = {
    "_thread:lock": _LOCK,
    "_thread:RLock": _LOCK,
    "_thread:_local": "its content differs from thread to thread",
    "builtins:generator": _ITERATOR,
    "builtins:async_generator": _ITERATOR,
    "builtins:coroutine": _RUNNING,
    "builtins:frame": _RUNNING,
    "builtins:traceback": _RUNNING,
    "_asyncio:Future": _RUNNING,
    "threading:Thread": "a thread lives in one process only",
    "subprocess:Popen": "a running program belongs to one process",
    "_socket:socket": _CONNECTION,
    "_ssl:_SSLSocket": _CONNECTION,
    "sqlite3:Connection": _CONNECTION,
    "sqlite3:Cursor": _CONNECTION,
    "multiprocessing:_ConnectionBase": _CONNECTION,
    "select:epoll": _CONNECTION,
    "mmap:mmap": "a mapped file may change at any time",
    "_contextvars:ContextVar": "its content differs from context to context",
    "_contextvars:Context": "its content differs from context to context",
    "weakref:ReferenceType": "what it refers to may vanish at any time",
    "builtins:PyCapsule": "it is an address in memory",
}
_GENERAL = "it cannot be reduced to content"

# What a library keeps beside the state, follows from the rest, and is there at times only.
_REMEMBERED: dict[str, frozenset[str]] = {
    "sklearn:Bunch": frozenset({"_deprecated_key_to_warnings"}),
    "scipy:_cs_matrix": frozenset({"_has_sorted_indices", "_has_canonical_format"}),
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

_STANDARD: dict[str, Callable[[Any], object]] = {
    "decimal:Decimal": str,
    "fractions:Fraction": lambda value: (value.numerator, value.denominator),
    "datetime:date": lambda value: value.toordinal(),
    "datetime:datetime": lambda value: value.__reduce_ex__(4)[1],
    "datetime:time": lambda value: value.__reduce_ex__(4)[1],
    "datetime:timedelta": lambda value: (value.days, value.seconds, value.microseconds),
    "datetime:timezone": lambda value: value.__getinitargs__(),
    "uuid:UUID": lambda value: (value.int, value.is_safe.name),
    "pathlib:PosixPath": str,
    "pathlib:PurePosixPath": str,
    "pathlib:WindowsPath": str,
    "pathlib:PureWindowsPath": str,
    "re:Pattern": lambda value: (value.pattern, value.flags),
    "types:UnionType": lambda value: value.__args__,
    "typing:Union": lambda value: value.__args__,
}


def family(kind: type) -> str:
    """Return root module and class name: libraries move classes between their modules."""
    module = str(getattr(kind, "__module__", "builtins"))
    return f"{module.partition('.')[0]}:{kind.__qualname__}"


def choose_handler(kind: type) -> Handler:
    """Return what writes the instances of a class that is not a builtin one."""
    if issubclass(kind, _CODE_KINDS):
        return code
    if family(kind) in _STANDARD:
        return _standard(kind)
    for parent in kind.__mro__:
        name = family(parent)
        if name in WHY_NOT:
            return _refusal(WHY_NOT[name])
        for table in (arrays.HANDLERS, frames.HANDLERS, tables.HANDLERS):
            if name in table:
                return table[name]
    if issubclass(kind, enum.Enum):
        return _enum_member
    if issubclass(kind, io.IOBase) and not issubclass(kind, (io.BytesIO, io.StringIO)):
        return _file
    if hasattr(kind, "__next__") and not kind.__flags__ & _HEAP_TYPE and not _in_memory(kind):
        return _refusal(_ITERATOR)
    return instance_handler(kind)


def _in_memory(kind: type) -> bool:
    return issubclass(kind, (io.BytesIO, io.StringIO))


def _refusal(why: str) -> Handler:
    def refuse(encoder: Encoder, value: object) -> None:
        raise NoFingerprint(type_name(type(value)), why)

    return refuse


def _standard(kind: type) -> Handler:
    head = b"x" + text(family(kind))
    content = _STANDARD[family(kind)]

    def write(encoder: Encoder, value: object) -> None:
        encoder.out += head
        encoder.encode(content(value))

    return write


def _file(encoder: Encoder, value: Any) -> None:
    """Write a closed file, which is a name and a mode; an open one has no fingerprint."""
    if not value.closed:
        raise NoFingerprint(type_name(type(value)), "an open file belongs to one process")
    encoder.out += b"x" + text("closed " + family(type(value)))
    encoder.encode((str(getattr(value, "name", "")), str(getattr(value, "mode", ""))))


def _enum_member(encoder: Encoder, value: enum.Enum) -> None:
    encoder.out += b"m" + encoder.token(type(value)) + text(value._name_ or "")
    encoder.part("value", value._value_)


def instance_handler(kind: type) -> Handler:
    """Return what writes instances by class and state; once each, unless they cannot change."""
    registered = copyreg.dispatch_table.get(kind)
    if registered is None and _is_plain_class(kind):
        write: Handler = _plain_class(kind)
    else:
        write = reduced_handler(kind, registered or (lambda value: value.__reduce_ex__(4)))
    if _is_frozen(kind):
        return write

    def once(encoder: Encoder, value: object) -> None:
        if not encoder.again(value):
            write(encoder, value)

    return once


def _is_frozen(kind: type) -> bool:
    if not _FROZEN.isdisjoint(map(family, kind.__mro__)):
        return True
    return issubclass(kind, _FROZEN_BASES) and not kind.__dictoffset__ and not _slots(kind)


def _is_plain_class(kind: type) -> bool:
    """Tell whether all state is in attributes and slots, by the test that `copyreg` makes."""
    asked: Any = kind
    if asked.__reduce_ex__ is not object.__reduce_ex__ or kind.__itemsize__:
        return False
    if asked.__reduce__ is not object.__reduce__:
        return False
    size = object.__basicsize__ + 8 * len(_slots(kind))
    size += 8 * (kind.__dictoffset__ > 0) + 8 * (kind.__weakrefoffset__ > 0)
    return kind.__basicsize__ <= size


def _slots(kind: type) -> list[str]:
    """Return the names of all slots, as attributes are called (`copyreg` would leave a trace)."""
    names: list[str] = []
    for parent in kind.__mro__:
        declared = parent.__dict__.get("__slots__", ())
        for name in (declared,) if isinstance(declared, str) else tuple(declared):
            if name in ("__dict__", "__weakref__"):
                continue
            private = name.startswith("__") and not name.endswith("__")
            stripped = parent.__name__.lstrip("_")
            names.append(f"_{stripped}{name}" if private and stripped else name)
    return names


def _plain_class(kind: type) -> Handler:
    """Write instances by their class, the arguments of ``__new__`` and their state."""
    slots = _slots(kind)
    state_is_attributes = getattr(kind, "__getstate__", None) is object.__getstate__
    has_attributes = bool(kind.__dictoffset__)
    has_arguments = hasattr(kind, "__getnewargs_ex__") or hasattr(kind, "__getnewargs__")
    forgotten = _forgotten(kind)

    def write(encoder: Encoder, value: Any) -> None:
        encoder.out += b"o" + encoder.token(kind)
        encoder.encode(_new_arguments(value) if has_arguments else None)
        if not state_is_attributes:
            _state(encoder, ask(value, value.__getstate__), forgotten)
        else:
            _state(encoder, value.__dict__ if has_attributes else None, forgotten)
            held = [name for name in slots if hasattr(value, name)] if slots else slots
            encoder.out += number(len(held))
            for name in held:
                encoder.out += text(name)
                encoder.part(name, getattr(value, name))

    return write


def _forgotten(kind: type) -> frozenset[str]:
    found = [_REMEMBERED.get(family(parent), frozenset()) for parent in kind.__mro__]
    return frozenset().union(*found)


def _new_arguments(value: Any) -> object:
    if hasattr(type(value), "__getnewargs_ex__"):
        return ask(value, value.__getnewargs_ex__)
    return ask(value, value.__getnewargs__)


def _state(encoder: Encoder, state: object, forgotten: frozenset[str] = frozenset()) -> None:
    """Write a state; an error in a part of it names the part as an attribute."""
    if type(state) is not dict:
        encoder.encode(state)
    elif forgotten:
        kept = {name: part for name, part in state.items() if name not in forgotten}
        _state(encoder, kept or None)
    elif not encoder.again(state):
        attributes(encoder, state)


def attributes(encoder: Encoder, state: Mapping[Any, Any]) -> None:
    """Write a dict of attributes, as any dict."""
    encoder.out += b"d" + number(len(state))
    name: object = None
    try:
        for name, part in state.items():
            encoder.encode(name)
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
        said = " ".join(str(error).split())
        why = f"{_GENERAL} ({said[:120]})" if said else _GENERAL
        raise NoFingerprint(type_name(type(value)), why) from None


def reduced_handler(kind: type, reduce: Callable[[Any], Any]) -> Handler:
    """Write instances by what they reduce to."""
    forgotten = _forgotten(kind)

    def write(encoder: Encoder, value: object) -> None:
        found = _without_trace(kind, value, reduce)
        if isinstance(found, str):
            return _by_name(encoder, value, found)
        if not isinstance(found, tuple) or not 2 <= len(found) <= 6:
            raise NoFingerprint(type_name(kind), _GENERAL)
        make, arguments, state, items, pairs, setter = (*found, None, None, None, None)[:6]
        encoder.out += b"q" + encoder.token(kind)
        if make is copyreg.__newobj__:  # type: ignore[attr-defined]
            make, arguments = None, arguments[1:]
        encoder.encode(make if make is not kind else None)
        encoder.encode(arguments)
        _state(encoder, state, forgotten)
        _content(encoder, items, pairs)
        encoder.encode(setter)
        return None

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
    """Write what reduces to the name of a global: code, or the one instance of its class."""
    if callable(value):
        code(encoder, value)
    else:
        encoder.out += b"G" + encoder.token(type(value)) + text(name)


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
