"""Fingerprints of values: equal content, equal fingerprint, in any process.

`Encoder` writes the canonical encoding of `zen_nb.identity.encoding`. What has
its identity in code rather than in content (functions, classes, modules) is
handed to a `CodeSink`, which names it in the stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from blake3 import blake3

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.builtin import BUILTINS
from zen_nb.identity.encoding import (
    FORMAT,
    PACK_FROM,
    SCALARS,
    Digest,
    buffer_digest,
    number,
    scalar_writer,
    string,
    text,
)
from zen_nb.identity.memory import Memory
from zen_nb.identity.plain import LEAVES, is_tree, packed, tree_fingerprint
from zen_nb.identity.problems import inside, said_by, short, type_name
from zen_nb.identity.unordered import Twins


class CodeSink(Protocol):
    """Names what a value is made of but does not contain: its code."""

    def token(self, thing: object) -> str:
        """Return the label that stands for a function, class, module, builtin and the like."""


Handler: TypeAlias = Callable[["Encoder", Any], None]
# Exact classes to what writes a whole value at once, where nothing has to be remembered
# between its parts; ``None`` for those that need an encoder. The bytes are the same.
QUICK: dict[type, Callable[[Encoder, Any], bytes | None]] = {}
# The id of a frame to short digests of its index and columns, for whom wants to tell them apart.
Parts: TypeAlias = dict[int, list[str]]


def fingerprint_of(value: object, sink: CodeSink, parts: Parts | None = None) -> str:
    """Return the fingerprint of `value`: 64 hexadecimal digits, the same in every process.

    Raises
    ------
    NoFingerprint
        Where a part of it cannot be reduced to content; says which part and why.
    """
    scalar = scalar_writer(type(value))
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
        self.trial = False
        self.in_library = 0
        self.memory = Memory()
        self.described: dict[int, tuple[bytes, object]] = {}
        self._places: dict[int, int] = {}
        self._twins: dict[int, list[Twins]] = {}
        # An id is only good for as long as its object lives: reducing makes temporary ones.
        self._alive: list[object] = []
        self._handlers: dict[type, Handler] = {}
        self._folded: dict[int, tuple[int, bytes, object]] = {}
        self._names: dict[str, bytes] = {}
        self._tokens: dict[int, tuple[bytes, object]] = {}

    def fingerprint(self, value: object) -> str:
        """Return the fingerprint of `value`; see `fingerprint_of`. May be called while running."""
        outer = self.__dict__.copy()
        try:
            return self._fingerprint(value)
        except RecursionError:
            raise NoFingerprint(type_name(type(value)), "it is nested too deeply") from None
        except (NoFingerprint, KeyboardInterrupt):
            raise
        except BaseException as error:  # code of the value's own, which may do anything
            why = f"reading it failed ({said_by(error)})"
            raise NoFingerprint(type_name(type(value)), why) from error
        finally:
            self.__dict__ = outer

    def _fingerprint(self, value: object) -> str:
        kind = type(value)
        scalar = SCALARS.get(kind)
        if scalar is not None:
            return blake3(FORMAT + scalar(value)).hexdigest()
        if (kind is dict or kind is list or kind is tuple) and is_tree(value):
            return tree_fingerprint(value)
        quick = QUICK.get(kind)
        stream = None if quick is None else quick(self, value)
        return blake3(FORMAT + (stream or self._stream(value))).hexdigest()

    def _stream(self, value: object) -> bytearray:
        self._begin()
        self.encode(value)
        return self.out

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
        for twins in self._twins.get(place, ()):
            place = twins.place(place, settle=not self.trial)
        self.out += b"#" + number(place)
        return True

    def knows(self, value: object) -> bool:
        """Tell whether this object was met."""
        return id(value) in self._places

    def place_of(self, value: object) -> int:
        """Return the number of an object that was met."""
        return self._places[id(value)]

    def note(self, owner: object, start: int) -> None:
        """Hand out a short digest of what was written since `start`: a part of `owner`."""
        if self.parts is not None and not self.trial:
            digest = blake3(memoryview(self.out)[start:]).hexdigest(length=4)
            self.parts.setdefault(id(owner), []).append(digest)

    def name(self, name: str) -> bytes:
        """Return the encoding of a str that comes again and again, as names of attributes do."""
        known = self._names.get(name)
        if known is None:
            known = self._names[name] = string(name)
        return known

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

    @property
    def met(self) -> int:
        """How many objects that can change the stream holds so far."""
        return len(self._alive)

    def forget_from(self, before: int) -> None:
        """Take back the numbers of all objects but the first `before`."""
        if len(self._alive) > before:
            for met in self._alive[before:]:
                del self._places[id(met)]
                self.memory.forget(met)
            del self._alive[before:]
            self._folded.clear()

    def join_twins(self, twins: Twins, count: int) -> None:
        """Let the places of elements that look the same be numbered as they are referred to."""
        for place in range(twins.start, twins.start + twins.size * count):
            self._twins.setdefault(place, []).append(twins)
