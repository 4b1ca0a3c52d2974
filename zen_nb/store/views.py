"""Arrays that share memory, kept sharing it.

``b = a[::2]`` and ``a`` stored one by one would come back as two arrays that no
longer see each other's changes. Among a step's outputs and the arrays that the
notebook already holds, those that lie within another one are stored as a window
on it: offset, shape and strides. Object arrays are not covered.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from zen_nb.store.live import Name


class ArrayViews:
    """Which of the arrays in sight are windows on which other ones; false where none is."""

    def __init__(
        self, outputs: Iterable[object], known: Mapping[int, Name], namespace: Mapping[str, Any]
    ) -> None:
        self._windows: dict[int, tuple[Any, Any, int]] = {}
        numpy = sys.modules.get("numpy")
        if numpy is None:
            return
        mine = _arrays(numpy, outputs)
        if not mine:
            return
        held = _arrays(
            numpy,
            (
                namespace[name]
                for name in known.values()
                if isinstance(name, str) and name in namespace
            ),
        )
        fixed = {id(array) for array in held}
        for group in _by_owner([*mine, *held]):
            self._join(group, fixed)

    def __bool__(self) -> bool:
        return bool(self._windows)

    def reduce(self, value: Any) -> Any:
        """Return how to make `value` from the array that it is a window on, or ``None``."""
        found = self._windows.get(id(value))
        if found is None:
            return None
        _, whole, offset = found
        place = (offset, value.shape, value.strides, value.dtype, value.flags.writeable)
        return make_window, (whole, place)

    def _join(self, group: list[Any], fixed: set[int]) -> None:
        whole = max(group, key=lambda array: (array.nbytes, id(array) in fixed))
        if not (whole.flags.c_contiguous or whole.flags.f_contiguous):
            return
        low, high = _extent(whole)
        for array in group:
            first, last = _extent(array)
            inside = low <= first and last <= high
            if array is not whole and id(array) not in fixed and inside:
                start = array.__array_interface__["data"][0]
                self._windows[id(array)] = (array, whole, start - low)


def make_window(whole: Any, place: tuple[int, Any, Any, Any, bool]) -> Any:
    """Return an array over the memory of `whole`."""
    offset, shape, strides, dtype, writeable = place
    numpy = sys.modules["numpy"]
    straight = whole if whole.flags.c_contiguous else whole.T
    memory = straight.reshape(-1).view(numpy.uint8)
    window = numpy.ndarray(shape, dtype, buffer=memory, offset=offset, strides=strides)
    if not writeable:
        window.flags.writeable = False
    return window


def _arrays(numpy: Any, values: Iterable[object]) -> list[Any]:
    kind = numpy.ndarray
    arrays: list[Any] = [value for value in values if type(value) is kind]
    plain = {id(one): one for one in arrays if one.nbytes and not one.dtype.hasobject}
    return list(plain.values())


def _by_owner(arrays: list[Any]) -> list[list[Any]]:
    groups: dict[int, list[Any]] = {}
    for array in arrays:
        owner = array
        while type(owner.base) is type(array):
            owner = owner.base
        groups.setdefault(id(owner), []).append(array)
    return [group for group in groups.values() if len(group) > 1]


def _extent(array: Any) -> tuple[int, int]:
    """Return the first address of `array` and the one after its last."""
    first = last = array.__array_interface__["data"][0]
    for length, stride in zip(array.shape, array.strides, strict=True):
        reach = (length - 1) * stride
        first, last = first + min(reach, 0), last + max(reach, 0)
    return first, last + array.itemsize
