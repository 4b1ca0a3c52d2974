"""A few elements of a large value, as short digests, so that a later value can be compared.

The places are always the same ones, and those taken of a longer sequence are among those
of a shorter one as far as that reaches. No element can be read back from a sample.
"""

from __future__ import annotations

import binascii
import math
from collections.abc import Iterable, Iterator
from typing import Any

from blake3 import blake3

from zen_nb.core.model import JSON
from zen_nb.identity.encoding import SCALARS

DIGEST_BYTES = 2
_EDGE = 4096
_MASK = (1 << 64) - 1
_REPRESENTED = frozenset({"datetime", "decimal", "fractions", "uuid", "pandas"})


def places(length: int, most: int) -> list[int]:
    """Return at most `most` places below `length`, in order: all of them where they fit.

    One is taken of each block of equal size, not always at the same place in it, so that
    what is regular in the sequence does not show as its whole.
    """
    if length <= 0 or most <= 0:
        return []
    levels = max(0, math.ceil(math.log2(length / most)))
    found = (_descend(block, levels) for block in range(math.ceil(length / (1 << levels))))
    return [place for place in found if place < length]


def _descend(place: int, levels: int) -> int:
    for level in range(levels, 0, -1):
        mixed = ((place + 1) * 0x9E3779B97F4A7C15 ^ level * 0xBF58476D1CE4E5B9) & _MASK
        mixed = (mixed ^ (mixed >> 29)) * 0x94D049BB133111EB & _MASK
        place = 2 * place + (mixed >> 63)
    return place


def sample(length: int, most: int, elements: Iterable[bytes]) -> dict[str, JSON]:
    """Return what is kept of elements taken at ``places(length, most)``."""
    short = b"".join([blake3(part).digest(DIGEST_BYTES) for part in elements])
    return {"of": length, "most": most, "short": binascii.b2a_base64(short, newline=False).decode()}


def digests(kept: Any) -> dict[int, bytes]:
    """Return the digests of a kept sample by place; empty where it cannot be read."""
    try:
        short = binascii.a2b_base64(kept["short"])
        at = places(int(kept["of"]), int(kept["most"]))
    except (TypeError, KeyError, ValueError):
        return {}
    size = DIGEST_BYTES
    return {place: short[n * size : n * size + size] for n, place in enumerate(at)}


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
    if kind is tuple:
        return b"(" + b"".join(map(element, value)) + b")"
    root = kind.__module__.partition(".")[0]
    if root == "numpy" and hasattr(value, "tobytes"):
        return f"{value.dtype} ".encode() + bytes(value.tobytes())
    if root in _REPRESENTED and getattr(value, "shape", None) is None:
        return f"{kind.__qualname__} {value!r}".encode("utf-8", "surrogatepass")
    raise TypeError(kind.__qualname__)


def of_array(array: Any, most: int) -> Iterator[bytes]:
    """Yield the elements of a numpy array at the sampled places, in C order, without a copy."""
    numpy = __import__("numpy")
    at = numpy.asarray(places(array.size, most), dtype="i8")
    taken = array[numpy.unravel_index(at, array.shape)] if array.ndim else array.reshape(1)
    if taken.dtype.kind in "OVT":
        yield from map(element, taken.tolist())
        return
    for part in numpy.ascontiguousarray(taken):
        yield part.tobytes()
