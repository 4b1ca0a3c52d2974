"""The standard library's values that hold little: numbers, dates, paths, patterns, members."""

from __future__ import annotations

import enum
import io
from collections.abc import Callable
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.attributes import attributes_reader, family
from zen_nb.identity.encoding import text
from zen_nb.identity.problems import type_name
from zen_nb.identity.values import Encoder, Handler

# Objects that cannot change, by what they are made again from.
STANDARD: dict[str, Callable[[Any], object]] = {
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
    "sqlite3:Row": lambda value: (value.keys(), tuple(value)),
    "_struct:Struct": lambda value: value.format,
}
_OF_ENUM = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_"})


def standard_handler(kind: type) -> Handler:
    """Return what writes instances of a class of `STANDARD`."""
    name = family(kind)
    head, content = b"x" + text(name), STANDARD[name]

    def write(encoder: Encoder, value: object) -> None:
        encoder.out += head
        encoder.encode(content(value))

    return write


def enum_handler(kind: type) -> Handler:
    """Return what writes members by class, name and value, and what else was put on them."""
    read = attributes_reader(kind) or (lambda value: {})

    def write(encoder: Encoder, value: enum.Enum) -> None:
        more = {name: part for name, part in read(value).items() if name not in _OF_ENUM}
        if more and encoder.again(value):
            return
        encoder.out += b"m" + encoder.token(kind) + text(value._name_ or "")
        encoder.part("value", value._value_)
        encoder.encode(more or None)

    return write


def write_file(encoder: Encoder, value: Any) -> None:
    """Write a closed file, which is a name and a mode; an open one has no fingerprint."""
    if not value.closed:
        raise NoFingerprint(type_name(type(value)), "an open file belongs to one process")
    encoder.out += b"x" + text("closed " + type_name(type(value)))
    encoder.encode((str(getattr(value, "name", "")), str(getattr(value, "mode", ""))))


def _temporary(encoder: Encoder, value: Any) -> None:
    """Write what `tempfile` puts around a file by the file: what it deletes is no part of it."""
    if not encoder.again(value):
        encoder.out += b"o" + encoder.token(type(value))
        encoder.part("file", vars(value).get("file"))


HANDLERS: dict[str, Handler] = {"tempfile:_TemporaryFileWrapper": _temporary}


def is_file(kind: type) -> bool:
    """Tell whether instances are files other than those in memory."""
    return issubclass(kind, io.IOBase) and not issubclass(kind, (io.BytesIO, io.StringIO))
