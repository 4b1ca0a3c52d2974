"""A few elements of a large value, as short digests, so that a later value can be compared.

The places are always the same ones, and those taken of a longer sequence are among those
of a shorter one as far as that reaches. No element can be read back from a sample.
"""

from __future__ import annotations

import binascii
import math
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from blake3 import blake3

from zen_nb.identity.encoding import SCALARS

DIGEST_BYTES = 2
_EDGE = 4096
_SHORT = 100
_LEFT_OR_RIGHT = int.from_bytes(blake3(b"left or right").digest(128), "little")
# Odd numbers that spread the bits of an element (the golden ratio, and one of its kind).
_MIX_A, _MIX_B = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
_REPRESENTED = frozenset({"datetime", "decimal", "fractions", "uuid", "pandas"})


@lru_cache(maxsize=64)
def places(length: int, most: int) -> tuple[int, ...]:
    """Return at most `most` places below `length`, in order: all of them where they fit.

    One is taken of each block of equal size, not always at the same place in it, so that
    what is regular in the sequence does not show as its whole.
    """
    if length <= 0 or most <= 0:
        return ()
    levels = max(0, math.ceil(math.log2(length / most)))
    found = (_descend(block, levels) for block in range(math.ceil(length / (1 << levels))))
    return tuple(place for place in found if place < length)


def _descend(place: int, levels: int) -> int:
    for level in range(levels, 0, -1):
        place = 2 * place + (_LEFT_OR_RIGHT >> ((place * 167 + level * 59) & 1023) & 1)
    return place


def sample(elements: Iterable[Any]) -> str | None:
    """Return what is kept of elements taken at `places`; ``None`` where they are no leaves."""
    try:
        short = b"".join([blake3(element(part)).digest(DIGEST_BYTES) for part in elements])
    except (TypeError, ValueError):
        return None
    return _written(short)


def digests(length: int, most: int, kept: str) -> dict[int, bytes]:
    """Return the digests of a kept sample by place; empty where it cannot be read."""
    size = DIGEST_BYTES
    try:
        short = binascii.a2b_base64(kept)
    except ValueError:
        return {}
    return {
        place: short[n * size : n * size + size] for n, place in enumerate(places(length, most))
    }


def element(value: Any) -> bytes:
    """Return bytes that tell an element from others; its ends where it is long.

    Raises
    ------
    TypeError
        For an object that is no leaf: reading it could take any time.
    """
    if isinstance(value, (str, bytes)) and len(value) > 2 * _EDGE:
        head, tail = element(value[:_EDGE]), element(value[-_EDGE:])
        return b"%d" % len(value) + head + tail
    scalar = SCALARS.get(type(value))
    if scalar is not None:
        return scalar(value)
    kind = type(value)
    if kind in (tuple, list) and len(value) <= _SHORT:
        return kind.__name__.encode() + b"".join(map(_nested, value)) + b")"
    root = kind.__module__.partition(".")[0]
    if root == "numpy" and hasattr(value, "tobytes") and value.nbytes <= 2 * _EDGE:
        return f"{value.dtype} {value.shape} ".encode() + bytes(value.tobytes())
    if root in _REPRESENTED and getattr(value, "shape", None) is None:
        return f"{kind.__qualname__} {value!r}".encode("utf-8", "surrogatepass")
    raise TypeError(kind.__qualname__)


def _nested(value: Any) -> bytes:
    if type(value) in (tuple, list) and any(type(part) in (tuple, list) for part in value):
        raise TypeError("nested too deeply")
    return element(value)


def of_array(array: Any, most: int) -> str | None:
    """Return what is kept of a numpy array: elements at the sampled places, in C order."""
    numpy = sys.modules["numpy"]
    at = numpy.asarray(places(array.size, most), dtype="i8")
    taken = array[numpy.unravel_index(at, array.shape)] if array.ndim else array.reshape(1)
    return of_elements(taken)


def of_elements(taken: Any) -> str | None:
    """Return what is kept of a one-dimensional numpy array, all of it.

    Elements of a fixed size are digested together: a hash of each by itself would take longer
    than most of what a step costs.
    """
    if taken.dtype.kind in "OVT":
        return sample(taken.tolist())
    numpy = sys.modules["numpy"]
    size = taken.dtype.itemsize
    words = numpy.zeros((len(taken), -(-size // 8) * 8), "u1")
    if len(taken) and size:
        words[:, :size] = numpy.ascontiguousarray(taken).view("u1").reshape(len(taken), size)
    mixed = numpy.full(len(taken), size, "<u8")
    for word in words.view("<u8").T:
        mixed = (mixed ^ word) * numpy.uint64(_MIX_A)
        mixed ^= mixed >> numpy.uint64(29)
    mixed *= numpy.uint64(_MIX_B)
    return _written((mixed >> numpy.uint64(48)).astype("<u2").tobytes())


def _written(short: bytes) -> str:
    return binascii.b2a_base64(short, newline=False).decode()
