"""Quick canonical forms for plain builtins: packed leaves and whole trees.

Both are chosen by the value alone, so that equal values always take the same way.

**Packed leaves**, in place of ``,`` and the items of a long sequence: ``p``, n items, n kinds,
then the digest of one byte of kind per item where there are several kinds, then for each
kind in the order of `_KINDS` its letter and

- ``s``, ``b`` (str, bytes): ``0`` and the digest of the items joined by NUL where none
  contains NUL, else ``1``, the digest of their lengths (8 bytes each) and of the items joined;
- ``f``: the digest of their 8 bytes each; ``T`` (bool): the digest of a byte each;
- ``i``: ``q`` and the digest of 8 bytes each where all fit, else ``n`` and the digest of
  their encodings in a row;
- ``N``: nothing.

**Trees**: a root list, tuple or dict that holds only exact None, bool, int, float, str,
bytes, tuple, list and dict, no NaN, no list or dict twice, at least `TREE_FROM` items in
all, at most `DEEPEST` levels, and not too many items (counted along every path). A pickle
without memo is canonical for these: it depends on the values only, and it can be read
back, so different trees differ.
"""

from __future__ import annotations

import gc
import sys
from array import array
from collections.abc import Iterable, Sequence
from pickle import Pickler
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zen_nb.identity.encoding import (
    FORMAT,
    NAN,
    SCALARS,
    buffer_digest,
    number,
)

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

TREE_FROM = 64
DEEPEST = 40
# How many items there may be down to a level. Data is wide and shallow; what grows on and on
# is a tuple that is reached along many paths, which a pickle without memo would write out.
SHALLOW = 6
SHALLOW_UP_TO = 1 << 25
DEEP_UP_TO = 1 << 16

_KINDS: dict[type, int] = {
    type(None): ord("N"),
    bool: ord("T"),
    int: ord("i"),
    float: ord("f"),
    str: ord("s"),
    bytes: ord("b"),
}
LEAVES = frozenset(_KINDS)
_CONTAINERS = frozenset({tuple, list, dict})
_PLAIN = LEAVES | _CONTAINERS


def packed(items: Sequence[Any], kinds: set[type]) -> bytes:
    """Encode `items`, all of the exact types `kinds`, which are leaves."""
    parts = [b"p", number(len(items)), number(len(kinds))]
    if len(kinds) > 1:
        parts.append(buffer_digest(bytes(map(_KINDS.__getitem__, map(type, items)))))
    for kind, letter in _KINDS.items():
        if kind in kinds:
            chosen = items if len(kinds) == 1 else [item for item in items if type(item) is kind]
            parts += (bytes((letter,)), _column(kind, chosen))
    return b"".join(parts)


def _column(kind: type, items: Sequence[Any]) -> bytes:
    if kind is str:
        return _joined(items, "\0", "")
    if kind is bytes:
        return _joined(items, b"\0", b"")
    if kind is float:
        return buffer_digest(_floats(items))
    if kind is bool:
        return buffer_digest(bytes(items))
    if kind is int:
        return _integers(items)
    return b""


def _joined(items: Sequence[Any], separator: Any, nothing: Any) -> bytes:
    whole = separator.join(items)
    if whole.count(separator) == len(items) - 1:
        return b"0" + buffer_digest(_raw(whole))
    lengths = _little(array("Q", map(len, items)))
    return b"1" + buffer_digest(lengths) + buffer_digest(_raw(nothing.join(items)))


def _raw(whole: Any) -> bytes:
    return whole if isinstance(whole, bytes) else str(whole).encode("utf-8", "surrogatepass")


def _floats(items: Sequence[float]) -> bytes:
    if has_nan(items):
        nan = memoryview(NAN).cast("d")[0]
        items = [item if item == item else nan for item in items]
    return _little(array("d", items))


def _integers(items: Sequence[int]) -> bytes:
    try:
        return b"q" + buffer_digest(_little(array("q", items)))
    except OverflowError:
        return b"n" + buffer_digest(b"".join(map(SCALARS[int], items)))


def _little(numbers: array[Any]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def has_nan(items: Iterable[float]) -> bool:
    """Tell whether a float is NaN. A sum that is none has met none."""
    total = sum(items)
    return total != total and any(item != item for item in items)


def is_tree(root: Any) -> bool:
    """Tell whether `root`, an exact list, tuple or dict, takes the way of trees.

    Level by level: what a level refers to are the items of the next one. Dicts whose
    keys are all exact str do not list their keys, which are leaves anyway.
    """
    level: list[Any] = [root]
    met: set[int] = set()
    size = 0
    for depth in range(DEEPEST):
        size += sum(map(len, level))
        if size > (SHALLOW_UP_TO if depth <= SHALLOW else DEEP_UP_TO):
            return False
        level = gc.get_referents(*level)
        kinds = set(map(type, level))
        if not kinds <= _PLAIN or (float in kinds and has_nan(_of(float, level, kinds))):
            return False
        if kinds.isdisjoint(_CONTAINERS):
            return size >= TREE_FROM
        level = [item for item in level if type(item) in _CONTAINERS]
        if not _all_new(root, level, met):
            return False
    return False


def _of(kind: type, level: list[Any], kinds: set[type]) -> list[Any]:
    return level if len(kinds) == 1 else [item for item in level if type(item) is kind]


def _all_new(root: Any, level: list[Any], met: set[int]) -> bool:
    before = len(met)
    changeable = [id(item) for item in level if type(item) is not tuple]
    met.update(changeable)
    return len(met) == before + len(changeable) and id(root) not in met


class _Hashed:
    """A file that keeps the digest of what is written to it, and nothing else."""

    def __init__(self) -> None:
        self._digest = blake3(FORMAT + b"P")

    def write(self, chunk: ReadableBuffer) -> int:
        self._digest.update(chunk)
        return len(chunk)  # type: ignore[arg-type]

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def tree_fingerprint(root: Any) -> str:
    """Return the fingerprint of a root for which `is_tree` holds."""
    target = _Hashed()
    pickler = Pickler(target, protocol=4)
    pickler.fast = True
    pickler.dump(root)
    return target.hexdigest()
