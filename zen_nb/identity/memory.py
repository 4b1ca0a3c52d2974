"""Arrays that lie on each other: a change of one shows in the other, so it is part of a value.

An array alone is its elements, a view as good as a copy. Where a value holds two arrays that
share bytes, the second one is written with the place of the first and how it lies on it.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# How many arrays that may share bytes are looked at one by one. Beyond, they count as sharing.
_LOOKED_AT = 32
_WORK = 10_000


@dataclass(frozen=True, slots=True)
class Region:
    """Where the elements of an array lie.

    Attributes
    ----------
    owner
        Identity of what owns the bytes; it must live as long as the region is asked about.
    array
        The numpy array itself, where it can be asked exactly which bytes it shares.
    """

    owner: int
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int
    array: Any = None

    def extent(self) -> tuple[int, int]:
        """Return the first address and the one after the last; equal where nothing is held."""
        low = high = self.start
        for length, stride in zip(self.shape, self.strides, strict=True):
            if not length:
                return self.start, self.start
            reach = (length - 1) * stride
            low, high = low + min(reach, 0), high + max(reach, 0)
        return low, high + self.itemsize

    def shares(self, other: Region) -> bool:
        """Tell whether a byte is in both and can change; where that is hard to say, it does."""
        if self.array is None or other.array is None:
            return True
        if not (self.array.flags.writeable or other.array.flags.writeable):
            return False
        numpy = sys.modules["numpy"]
        try:
            return bool(numpy.shares_memory(self.array, other.array, max_work=_WORK))
        except (numpy.exceptions.TooHardError, OverflowError):
            return True


def region_of(array: Any) -> Region:
    """Return where the elements of a numpy array lie."""
    owner = array
    while getattr(owner, "base", None) is not None:
        owner = owner.base
    owner = owner.obj if isinstance(owner, memoryview) else owner
    start = int(array.__array_interface__["data"][0])
    return Region(id(owner), start, array.shape, array.strides, array.itemsize, array)


@dataclass(slots=True)
class _Span:
    """Addresses from `low` to `high`, and what lies within."""

    low: int
    high: int
    regions: list[tuple[object, Region]]


class Memory:
    """The arrays of one stream, by what owns their bytes."""

    def __init__(self) -> None:
        self._owned: dict[int, list[_Span]] = {}
        self._met: dict[int, int] = {}
        self._first: tuple[object, Callable[[], Region]] | None = None
        self._is_empty = True

    def add(
        self, met: object, region: Callable[[], Region]
    ) -> tuple[object, tuple[int, ...]] | None:
        """Remember the bytes of an object; say which object before it shares some, and how.

        Where the bytes of the first one lie is asked when there is a second.

        Returns
        -------
        tuple or None
            The object met earlier; the distance in bytes between their first elements, and
            the strides of the new one. ``None`` where nothing is shared that can change.
        """
        if self._is_empty:
            self._is_empty, self._first = False, (met, region)
            return None
        if self._first is not None:
            first, self._first = self._first, None
            self._add(first[0], first[1]())
        return self._add(met, region())

    def _add(self, met: object, region: Region) -> tuple[object, tuple[int, ...]] | None:
        low, high = region.extent()
        if low == high:
            return None
        self._met[id(met)] = region.owner
        near = self._place(_Span(low, high, [(met, region)]))
        for earlier, other in near[:_LOOKED_AT]:
            if len(near) > _LOOKED_AT or region.shares(other):
                return earlier, (region.start - other.start, *region.strides)
        return None

    def _place(self, span: _Span) -> list[tuple[object, Region]]:
        """Put a span where it belongs; return what lies in the ones it touches."""
        spans = self._owned.setdefault(span.regions[0][1].owner, [])
        first = after = bisect_right(spans, span.low, key=lambda known: known.high)
        while after < len(spans) and spans[after].low < span.high:
            after += 1
        touched = spans[first:after]
        near = [one for known in touched for one in known.regions]
        span.low = min([span.low, *(known.low for known in touched)])
        span.high = max([span.high, *(known.high for known in touched)])
        span.regions = [*near, *span.regions]
        spans[first:after] = [span]
        return near

    def forget(self, met: object) -> None:
        """Take back an object."""
        if self._first is not None and self._first[0] is met:
            self._first, self._is_empty = None, True
        owner = self._met.pop(id(met), None)
        for span in () if owner is None else self._owned[owner]:
            span.regions = [one for one in span.regions if one[0] is not met]
