"""The byte layout of the canonical encoding, and the one digest of buffers.

This is the format of every key: a change here makes every record a miss, and
must raise `FORMAT`.

A fingerprint is ``blake3(FORMAT + stream)`` in hexadecimal, where the stream is
one encoded value. A value is one tag byte and what the table says; what an instance is
made of is settled by its class, whose name comes first. No encoded value is a prefix of
another, so a sequence of them can be read in one way only,
and values that differ in kind, length or nesting cannot meet.

``n`` is an unsigned number in 8 bytes, little endian. ``text`` is ``n`` and that
many bytes of UTF-8 (lone surrogates as UTF-8 would write them). ``digest`` is 32
bytes of BLAKE3. ``value`` is an encoded value. ``x*n`` is n of them in a row.

=====  ================  ==========================================================
tag    kind              what follows
=====  ================  ==========================================================
``N``  None              nothing
``T``  True              nothing
``F``  False             nothing
``.``  Ellipsis          nothing
``!``  NotImplemented    nothing
``i``  int               n, two's complement in n bytes, little endian, the fewest
``f``  float             8 bytes IEEE 754, little endian; every NaN as 7ff8000000000000
``c``  complex           two such floats
``s``  str               text, up to `INLINE_BYTES` of it
``S``  long str          n and the digest of its UTF-8
``b``  bytes             n, bytes
``B``  long bytes        n, digest
``a``  bytearray         n, digest
``v``  memoryview        text format, n dimensions, n each, digest of its C-ordered bytes, then
                         values of read-only and strides, and of the object it is a window on
``r``  range             three ints
``:``  slice             three values
``t``  tuple             items
``l``  list              items
``,``  items             n, value*n
``d``  dict              n, (key, value)*n in order
``e``  set               n, value*n, sorted by what each is by itself
``E``  frozenset         the same
``p``  items, packed     in place of ``,`` for at least `PACK_FROM` items that are all None,
                         bool, int, float, str or bytes: see `zen_nb.identity.plain`
``D``  digested          n and the digest of an encoded tuple longer than `FOLD_FROM` bytes
``#``  again             n: the mutable object met as the n-th of this stream
``P``  tree              only at the root: a pickle without memo of a tree of plain builtins,
                         see `zen_nb.identity.plain`
``x``  standard type     text name, value: an immutable object of the standard library, a view
                         of a mapping by that mapping, a picture
``m``  enum member       text class, text name, value, then value of other attributes
``g``  code              text: what the sink calls a function, class, module or builtin
``M``  bound method      value of ``__self__``, text: method
``u``  partial           text class, values of func, args, keywords and ``__dict__``
``o``  instance          text class, value newargs, value state; where the state is all that the
                         attributes hold, also n, (text slot, value)*n
``L``  subclass of a     ``l``, ``d``, ``e`` or ``E`` and what the builtin base holds, then ``o``
       builtin container
``q``  reduced           text class, values of constructor (None for the class, True for its
                         ``__new__``), arguments and state, then items of a list or None, pairs of
                         a dict or None, value setter; attributes and n slots that a reducer of
                         Python's own leaves out; for exceptions what they came from
``G``  singleton         text class, text name, then attributes and n slots of an instance
``A``  array             text class, ``k``, and value of further state; a masked array has ``k`` for
                         its data and ``k`` for its mask
``V``  on another        n, value: before an array or tensor that shares bytes with the n-th
                         object, and how it lies on it: see `zen_nb.identity.memory`
``k``  array content     see `zen_nb.identity.arrays`
``y``  numpy dtype       see `zen_nb.identity.arrays`
``w``  data frame        and the other kinds of pandas: see `zen_nb.identity.frames`
``W``  Arrow, polars,    see `zen_nb.identity.tables`, `zen_nb.identity.polar` and
       torch             `zen_nb.identity.tensors`; pages and what reads a file when it is
                         asked: `zen_nb.identity.pages`, `zen_nb.identity.on_disk`
=====  ================  ==========================================================

Shared references: lists, dicts, sets, arrays, frames and instances are numbered
in the order in which they are met, and a second meeting is written as ``#`` (what the
elements of a set share, and the order of those that look the same: see
`zen_nb.identity.unordered`). What
cannot be changed (numbers, text, tuples, dates, dtypes) is written again each
time, so that interning and caching by the interpreter do not matter.

NaN: a Python float is one NaN, whatever its payload. In array data every bit counts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from blake3 import blake3

from zen_nb.core.threads import hashing_threads
from zen_nb.identity import known

FORMAT = b"zen_nb value 3\n"

INLINE_BYTES = 4096
PACK_FROM = 32
FOLD_FROM = 1024

Digest: TypeAlias = Callable[[Any], bytes]

NAN = struct.pack("<d", float("nan"))
_float64 = struct.Struct("<d").pack
_SHORT = tuple(n.to_bytes(8, "little") for n in range(512))


def number(n: int) -> bytes:
    """Return a count or place in 8 bytes."""
    return _SHORT[n] if 0 <= n < 512 else n.to_bytes(8, "little")


def text(value: str) -> bytes:
    """Return the length and the UTF-8 of a string, lone surrogates included."""
    raw = value.encode("utf-8", "surrogatepass")
    return number(len(raw)) + raw


def buffer_digest(buffer: Any) -> bytes:
    """Return the BLAKE3 digest of a contiguous buffer, without a copy, with threads when large.

    The digest does not depend on how it was computed, so whoever can prove it supplies it:
    see `zen_nb.identity.known`.
    """
    size = buffer.nbytes if hasattr(buffer, "nbytes") else len(buffer)
    if size < known.FROM_BYTES:
        return blake3(buffer).digest()
    address, digest = known.proven(buffer, size)
    if digest is None:
        digest = blake3(buffer, max_threads=hashing_threads(size)).digest()
        if address:
            known.read(address, size, digest)
    return digest


def float_bits(value: float) -> bytes:
    """Return 8 bytes: -0.0 differs from 0.0, every NaN is the same."""
    return _float64(value) if value == value else NAN


def _integer(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    return b"i" + number(size) + value.to_bytes(size, "little", signed=True)


_SMALL = {n: _integer(n) for n in range(-128, 1025)}


def integer(value: int) -> bytes:
    """Encode an int of any size."""
    return _SMALL.get(value) or _integer(value)


def string(value: str) -> bytes:
    """Encode a str."""
    raw = value.encode("utf-8", "surrogatepass")
    size = len(raw)
    if size <= INLINE_BYTES:
        return b"s" + number(size) + raw
    return b"S" + number(size) + buffer_digest(raw)


def octets(value: bytes) -> bytes:
    """Encode bytes."""
    size = len(value)
    if size <= INLINE_BYTES:
        return b"b" + number(size) + value
    return b"B" + number(size) + buffer_digest(value)


SCALARS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"N",
    bool: lambda value: b"T" if value else b"F",
    int: integer,
    float: lambda value: b"f" + float_bits(value),
    complex: lambda value: b"c" + float_bits(value.real) + float_bits(value.imag),
    str: string,
    bytes: octets,
    type(Ellipsis): lambda value: b".",
    type(NotImplemented): lambda value: b"!",
}


def scalar_writer(kind: type) -> Callable[[Any], bytes] | None:
    """Return what encodes instances of a class of `SCALARS`; ``None`` for every other class."""
    try:
        return SCALARS.get(kind)
    except Exception:  # a class that cannot be hashed
        return None
