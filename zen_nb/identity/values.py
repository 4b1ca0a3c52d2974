"""Fingerprints of values: equal content, equal fingerprint, in any process.

`Encoder` writes the canonical encoding of `zen_nb.identity.encoding`. What has
its identity in code rather than in content (functions, classes, modules) is
handed to a `CodeSink`, which names it in the stream.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from blake3 import blake3

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.encoding import (
    FOLD_FROM,
    FORMAT,
    PACK_FROM,
    SCALARS,
    Digest,
    buffer_digest,
    number,
    text,
)
from zen_nb.identity.plain import LEAVES, is_tree, packed, tree_fingerprint


class CodeSink(Protocol):
    """Names what a value is made of but does not contain: its code."""

    def token(self, thing: object) -> str:
        """Return the label that stands for a function, class, module, builtin and the like."""


Handler: TypeAlias = Callable[["Encoder", Any], None]
# The id of a frame to short digests of its index and columns, for whom wants to tell them apart.
Parts: TypeAlias = dict[int, list[str]]


def fingerprint_of(value: object, sink: CodeSink, parts: Parts | None = None) -> str:
    """Return the fingerprint of `value`: 64 hexadecimal digits, the same in every process.

    Raises
    ------
    NoFingerprint
        Where a part of it cannot be reduced to content; says which part and why.
    """
    scalar = SCALARS.get(type(value))
    if scalar is not None:
        return blake3(FORMAT + scalar(value)).hexdigest()
    return Encoder(sink, parts=parts).fingerprint(value)


class Encoder:
    """Writes encodings, one value after another; keeps nothing between two fingerprints.

    Parameters
    ----------
    sink
        Names functions, classes and modules.
    digest
        Digests array buffers: `buffer_digest`, or a function that knows some digests
        already (they must be the same ones).
    parts
        Is given the digests of the columns of the frames met, where there is one.
    """

    def __init__(
        self, sink: CodeSink, digest: Digest = buffer_digest, parts: Parts | None = None
    ) -> None:
        self.sink = sink
        self.digest = digest
        self.parts = parts

    def _begin(self) -> None:
        self.out = bytearray()
        self._places: dict[int, int] = {}
        # An id is only good for as long as its object lives: reducing makes temporary ones.
        self._alive: list[object] = []
        self._handlers: dict[type, Handler] = {}
        self._folded: dict[int, tuple[int, bytes, object]] = {}
        self._tokens: dict[int, tuple[bytes, object]] = {}

    def fingerprint(self, value: object) -> str:
        """Return the fingerprint of `value`; see `fingerprint_of`. May be called while running."""
        kind = type(value)
        scalar = SCALARS.get(kind)
        if scalar is not None:
            return blake3(FORMAT + scalar(value)).hexdigest()
        if (kind is dict or kind is list or kind is tuple) and is_tree(value):
            return tree_fingerprint(value)
        outer = self.__dict__.copy()
        self._begin()
        try:
            self.encode(value)
            return blake3(FORMAT + self.out).hexdigest()
        except RecursionError:
            raise NoFingerprint(type_name(kind), "nested too deeply") from None
        except NoFingerprint:
            raise
        except Exception as error:  # code of the value's own, which may do anything
            said = " ".join(f"{type(error).__name__}: {error}".split())[:120]
            raise NoFingerprint(type_name(kind), f"reading it failed ({said})") from error
        finally:
            self.__dict__ = outer

    def encode(self, value: object) -> None:
        """Append the encoding of `value` to the stream."""
        kind = type(value)
        scalar = SCALARS.get(kind)
        if scalar is not None:
            self.out += scalar(value)
            return
        handler = BUILTINS.get(kind) or self._handlers.get(kind) or self._choose(kind)
        handler(self, value)

    def _choose(self, kind: type) -> Handler:
        from zen_nb.identity.instances import choose_handler

        handler = self._handlers[kind] = choose_handler(kind)
        return handler

    def again(self, value: object) -> bool:
        """Write a reference and return True where this object was met before; else number it."""
        places = self._places
        place = places.setdefault(id(value), len(places))
        if place == len(self._alive):
            self._alive.append(value)
            return False
        self.out += b"#" + number(place)
        return True

    def note(self, owner: object, start: int) -> None:
        """Hand out a short digest of what was written since `start`: a part of `owner`."""
        if self.parts is not None:
            digest = blake3(memoryview(self.out)[start:]).hexdigest(length=4)
            self.parts.setdefault(id(owner), []).append(digest)

    def token(self, thing: object) -> bytes:
        """Return what the sink calls `thing`, as text of the stream."""
        known = self._tokens.get(id(thing))
        if known is None:
            known = self._tokens[id(thing)] = (text(self.sink.token(thing)), thing)
        return known[0]

    def sequence(self, items: list[Any] | tuple[Any, ...]) -> None:
        """Append the items of a list or tuple, packed where they are many leaves."""
        if len(items) >= PACK_FROM:
            kinds = set(map(type, items))
            if kinds <= LEAVES:
                self.out += packed(items, kinds)
                return
        self.out += b"," + number(len(items))
        self.each(items)

    def each(self, items: list[Any] | tuple[Any, ...]) -> None:
        """Append the encodings of `items` in a row."""
        place = 0
        try:
            for place, item in enumerate(items):  # noqa: B007 - read when an item has none
                scalar = SCALARS.get(type(item))
                if scalar is not None:
                    self.out += scalar(item)
                else:
                    self.encode(item)
        except NoFingerprint as error:
            raise inside(error, f"[{place}]") from None

    def pairs(self, items: Any) -> int:
        """Append keys and values in a row; return how many pairs there were."""
        count = 0
        key: object = None
        try:
            for key, value in items:
                self.encode(key)
                self.encode(value)
                count += 1
        except NoFingerprint as error:
            raise inside(error, f"[{short(key)}]") from None
        return count

    def part(self, name: str, value: object) -> None:
        """Append a part that an error should name as an attribute."""
        try:
            self.encode(value)
        except NoFingerprint as error:
            raise inside(error, f".{name}") from None

    def unordered(self, items: Any) -> None:
        """Append items sorted by their bytes, whatever order they come in.

        Each is written as if it came first. Objects met in an element keep their place
        afterwards, unless another element looks the same and the choice would be arbitrary.
        """
        start, before = len(self.out), len(self._alive)
        written: list[tuple[bytes, list[object]]] = []
        for item in items:
            self.encode(item)
            written.append((bytes(self.out[start:]), self._alive[before:]))
            del self.out[start:]
            self._forget_from(before)
        written.sort(key=lambda element: element[0])
        self.out += number(len(written))
        self.out += b"".join([element for element, _ in written])
        self._number_elements(written)

    def _forget_from(self, before: int) -> None:
        if len(self._alive) > before:
            for met in self._alive[before:]:
                del self._places[id(met)]
            del self._alive[before:]
            self._folded.clear()

    def _number_elements(self, written: list[tuple[bytes, list[object]]]) -> None:
        for place, (element, objects) in enumerate(written):
            beside = written[max(place - 1, 0) : place] + written[place + 1 : place + 2]
            if objects and all(element != other for other, _ in beside):
                for met in objects:
                    if id(met) not in self._places:
                        self._places[id(met)] = len(self._alive)
                        self._alive.append(met)


def inside(error: NoFingerprint, step: str) -> NoFingerprint:
    """Put `step` before the path of `error`."""
    return NoFingerprint(error.type_name, error.why, step + error.path)


def short(key: object) -> str:
    """Return how a key is written, for an error: leaves only, bounded."""
    if type(key) not in LEAVES:
        return "…"
    shown = repr(key)
    return shown if len(shown) <= 40 else shown[:39] + "…"


def type_name(kind: type) -> str:
    """Return the qualified name of a class, without ``builtins``."""
    module = getattr(kind, "__module__", "builtins")
    name = getattr(kind, "__qualname__", kind.__name__)
    return str(name) if module == "builtins" else f"{module}.{name}"


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
        encoder.unordered(value)


def _frozenset(encoder: Encoder, value: frozenset[Any]) -> None:
    encoder.out += b"E"
    encoder.unordered(value)


def _bytearray(encoder: Encoder, value: bytearray) -> None:
    if not encoder.again(value):
        encoder.out += b"a" + number(len(value)) + encoder.digest(value)


def _memoryview(encoder: Encoder, value: memoryview) -> None:
    shape = value.shape or ()
    raw = value.cast("B") if value.c_contiguous and value.nbytes else value.tobytes("C")
    encoder.out += b"v" + text(value.format) + number(len(shape))
    encoder.out += b"".join(map(number, shape)) + encoder.digest(raw)


def _range(encoder: Encoder, value: range) -> None:
    encoder.out += b"r"
    encoder.each((value.start, value.stop, value.step))


def _slice(encoder: Encoder, value: slice) -> None:
    encoder.out += b":"
    encoder.each((value.start, value.stop, value.step))


def code(encoder: Encoder, value: object) -> None:
    """Write what has its identity in code by the name that the sink gives it."""
    encoder.out += b"g" + encoder.token(value)


def _is_shared_generator(owner: object) -> bool:
    """Tell whether this is the generator behind ``random.random`` or ``numpy.random.rand``.

    Their state is a matter of the surroundings, not part of what the functions are.
    """
    for module, name in (("random", "_inst"), ("numpy.random.mtrand", "_rand")):
        if module in sys.modules and getattr(sys.modules[module], name, None) is owner:
            return True
    return False


def _method(encoder: Encoder, value: types.MethodType) -> None:
    if _is_shared_generator(value.__self__):
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
    if _is_shared_generator(owner):
        encoder.out += b"G" + encoder.token(type(owner)) + text(value.__name__)
        return None
    encoder.out += b"M"
    encoder.part("__self__", owner)
    encoder.out += text(value.__name__)
    return None


def _partial(encoder: Encoder, value: functools.partial[Any]) -> None:
    if encoder.again(value):
        return
    encoder.out += b"u" + encoder.token(type(value))
    encoder.part("func", value.func)
    encoder.part("args", value.args)
    encoder.part("keywords", value.keywords)
    encoder.part("__dict__", vars(value))


def _mapping_proxy(encoder: Encoder, value: types.MappingProxyType[Any, Any]) -> None:
    encoder.out += b"x" + text("mappingproxy") + b"d" + number(len(value))
    encoder.pairs(value.items())


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
    types.MappingProxyType: _mapping_proxy,
    functools.partial: _partial,
}
