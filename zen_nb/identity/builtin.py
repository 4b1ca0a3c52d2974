"""Builtin containers and what is bound: lists, sets, windows, methods, partials."""

from __future__ import annotations

import functools
import gc
import types
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.encoding import FOLD_FROM, buffer_digest, number, text
from zen_nb.identity.generators import is_shared
from zen_nb.identity.problems import type_name
from zen_nb.identity.unordered import write_unordered

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler


def _list(encoder: Encoder, value: list[Any]) -> None:
    if not encoder.again(value):
        encoder.out += b"l"
        encoder.sequence(value)


def _dict(encoder: Encoder, value: dict[Any, Any]) -> None:
    if not encoder.again(value):
        encoder.out += b"d" + number(len(value))
        encoder.pairs(value.items())


def _tuple(encoder: Encoder, value: tuple[Any, ...]) -> None:
    """Write a tuple, as a digest where it is long.

    A tuple that is reached along very many paths would be written once for each. From the
    second time on its encoding no longer changes (all it holds has been met), so a long one
    is written from memory then.
    """
    visits, known, _ = encoder._folded.get(id(value), (0, b"", None))
    if visits > 1:
        encoder.out += known
        return
    out = encoder.out
    start = len(out)
    out += b"t"
    encoder.sequence(value)
    size = len(out) - start
    if size > FOLD_FROM:
        known = b"D" + number(size) + buffer_digest(bytes(out[start:]))
        out[start:] = known
        encoder._folded[id(value)] = (visits + 1, known, value)


def _set(encoder: Encoder, value: set[Any]) -> None:
    if not encoder.again(value):
        encoder.out += b"e"
        write_unordered(encoder, value)


def _frozenset(encoder: Encoder, value: frozenset[Any]) -> None:
    encoder.out += b"E"
    write_unordered(encoder, value)


def _bytearray(encoder: Encoder, value: bytearray) -> None:
    if not encoder.again(value):
        encoder.out += b"a" + number(len(value)) + encoder.digest(value)


def _memoryview(encoder: Encoder, value: memoryview) -> None:
    """Write what it shows, and what it is a window on: a change there shows in it."""
    if encoder.again(value):
        return
    shape = value.shape or ()
    raw = value.cast("B") if value.c_contiguous and value.nbytes else value.tobytes("C")
    encoder.out += b"v" + text(value.format) + number(len(shape))
    encoder.out += b"".join(map(number, shape)) + encoder.digest(raw)
    encoder.encode((value.readonly, value.strides))
    encoder.part("obj", value.obj)


def _range(encoder: Encoder, value: range) -> None:
    encoder.out += b"r"
    encoder.each((value.start, value.stop, value.step))


def _slice(encoder: Encoder, value: slice) -> None:
    encoder.out += b":"
    encoder.each((value.start, value.stop, value.step))


def code(encoder: Encoder, value: object) -> None:
    """Write what has its identity in code by the name that the sink gives it."""
    encoder.out += b"g" + encoder.token(value)


def _method(encoder: Encoder, value: types.MethodType) -> None:
    if is_shared(value.__self__):
        encoder.out += b"G" + encoder.token(type(value.__self__)) + text(value.__name__)
        return
    encoder.out += b"M"
    encoder.part("__self__", value.__self__)
    encoder.out += encoder.token(value.__func__)


def _builtin(encoder: Encoder, value: types.BuiltinMethodType) -> None:
    """Write a function written in C: by name, or with what it is bound to."""
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType) or type(owner).__name__ == "PyCapsule":
        return code(encoder, value)
    if is_shared(owner):
        encoder.out += b"G" + encoder.token(type(owner)) + text(value.__name__)
        return None
    encoder.out += b"M"
    encoder.part("__self__", owner)
    encoder.out += text(value.__qualname__)
    return None


def _partial(encoder: Encoder, value: functools.partial[Any]) -> None:
    if encoder.again(value):
        return
    encoder.out += b"u" + encoder.token(type(value))
    encoder.part("func", value.func)
    encoder.part("args", value.args)
    encoder.part("keywords", value.keywords)
    encoder.part("__dict__", vars(value))


def _window(encoder: Encoder, value: Any) -> None:
    """Write a view of a mapping by the mapping, which it shows as it will be."""
    shown = [part for part in gc.get_referents(value) if not isinstance(part, type)]
    if len(shown) != 1:
        raise NoFingerprint(type_name(type(value)), "it hides what it is a view of")
    encoder.out += b"x" + text(type(value).__name__)
    encoder.encode(shown[0])


BUILTINS: dict[type, Handler] = {
    list: _list,
    dict: _dict,
    tuple: _tuple,
    set: _set,
    frozenset: _frozenset,
    bytearray: _bytearray,
    memoryview: _memoryview,
    range: _range,
    slice: _slice,
    type: code,
    types.FunctionType: code,
    types.ModuleType: code,
    types.BuiltinFunctionType: _builtin,
    types.MethodWrapperType: _builtin,
    types.MethodType: _method,
    types.MappingProxyType: _window,
    type({}.keys()): _window,
    type({}.values()): _window,
    type({}.items()): _window,
    type(OrderedDict().keys()): _window,
    type(OrderedDict().values()): _window,
    type(OrderedDict().items()): _window,
    functools.partial: _partial,
}
