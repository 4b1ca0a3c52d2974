"""Arrays that share memory, kept sharing it.

``b = a[::2]`` and ``a`` stored one by one would come back as two arrays that no
longer see each other's changes. So the arrays of a payload, wherever they occur in it,
and those that the notebook already holds are looked at together: those that share bytes
are stored as windows on one memory, each by offset, shape and strides.

What pandas holds is left alone: frames that share memory know of each other, and would
not once they are loaded.
"""

from __future__ import annotations

import gc
import pickle
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zen_nb.store.live import Name, NotDefined, part

# How many arrays that may share bytes are compared one by one; more count as sharing.
_COMPARED = 32
_WORK = 10_000
# A memory this large is only kept whole where the arrays on it fill a fair part of it.
SCATTERED_BYTES = 1 << 26
_FAIR_PART = 8
# Classes of pandas that hold no arrays.
_POINTS = frozenset({"Timestamp", "Timedelta", "Period", "Interval", "NaTType", "NAType"})


class Arrays:
    """The arrays that a payload is found to hold while it is made, but for those `apart`."""

    def __init__(self, apart: Iterable[object] = ()) -> None:
        numpy = sys.modules.get("numpy")
        self.kind = getattr(numpy, "ndarray", None)
        self._met: list[Any] = []
        self._held = set(map(id, apart))
        # An id stands for one object only as long as that lives.
        self._holders: list[object] = []

    def meet(self, array: Any) -> None:
        """Note an array."""
        self._met.append(array)

    def meet_holder(self, value: object) -> None:
        """Note what arrays an object of pandas holds."""
        self._holders.append(value)
        for thing in (*gc.get_referents(value), *getattr(value, "__dict__", {}).values()):
            parts = thing if isinstance(thing, (list, tuple)) else (thing,)
            self._held.update(id(one) for one in parts if type(one) is self.kind)

    def __iter__(self) -> Iterator[Any]:
        return (one for one in self._met if id(one) not in self._held)


def holds_its_own(kind: type) -> bool:
    """Tell whether instances of a class keep arrays that they look after themselves."""
    root = str(kind.__module__).partition(".")[0]
    return root == "pandas" and kind.__name__ not in _POINTS


class ArrayViews:
    """Which arrays are windows on which memory; false where none is.

    Attributes
    ----------
    scattered
        One of some arrays that lie too far apart to keep all that is between them.

    Parameters
    ----------
    arrays
        Those of the payload.
    known
        Places of objects that the notebook holds, by ``id``.
    """

    def __init__(
        self, arrays: Iterable[Any], known: Mapping[int, Name], namespace: Mapping[str, Any]
    ) -> None:
        self.scattered: Any = None
        self._windows: dict[int, tuple[Any, Any, int]] = {}
        mine = list({id(one): one for one in arrays if _can_be_window(one)}.values())
        held = _held_arrays(mine, known, namespace)
        if len(mine) + len(held) > 1:
            fixed = {id(array) for array in held}
            for group in _groups([*mine, *held]):
                self._join(group, fixed)

    def __bool__(self) -> bool:
        return bool(self._windows)

    def reduce(self, value: Any) -> Any:
        """Return how to make `value` from the memory that it is a window on, or ``None``."""
        found = self._windows.get(id(value))
        if found is None:
            return None
        _, whole, offset = found
        place = (offset, value.shape, value.strides, value.dtype, value.flags.writeable)
        if value.dtype.hasobject:
            return make_window_on_objects, (whole, place)
        if type(value) is sys.modules["numpy"].ndarray:
            return make_window, (whole, place)
        return make_window_of, (type(value), whole, place)

    def _join(self, group: list[Any], fixed: set[int]) -> None:
        extents = [_extent(array) for array in group]
        low, high = min(first for first, _ in extents), max(last for _, last in extents)
        whole = next((one for one in group if id(one) in fixed and _covers(one, low, high)), None)
        if group[0].dtype.hasobject:
            whole = whole or next((one for one in group if _covers(one, low, high)), None)
            if whole is None or any(one.dtype.kind != "O" for one in group):
                return
        elif whole is None:
            filled = sum(array.nbytes for array in group)
            if high - low > max(SCATTERED_BYTES, _FAIR_PART * filled):
                self.scattered = group[0]
                return
            whole = _octets(low, high)
        for array in group:
            if array is not whole and id(array) not in fixed:
                self._windows[id(array)] = (array, whole, _start(array) - low)


def make_window(whole: Any, place: tuple[int, Any, Any, Any, bool]) -> Any:
    """Return an array over the memory of `whole`."""
    offset, shape, strides, dtype, writeable = place
    numpy = sys.modules["numpy"]
    memory = _flat(whole).view(numpy.uint8)
    window = numpy.ndarray(shape, dtype, buffer=memory, offset=offset, strides=strides)
    if not writeable:
        window.flags.writeable = False
    return window


def make_window_of(kind: type, whole: Any, place: tuple[int, Any, Any, Any, bool]) -> Any:
    """Return an array of a subclass over the memory of `whole`."""
    return make_window(whole, place).view(kind)


def make_window_on_objects(whole: Any, place: tuple[int, Any, Any, Any, bool]) -> Any:
    """Return an array over the same objects as `whole`."""
    offset, shape, strides, dtype, writeable = place
    strided = sys.modules["numpy"].lib.stride_tricks.as_strided
    return strided(_flat(whole)[offset // dtype.itemsize :], shape, strides, writeable=writeable)


def _flat(whole: Any) -> Any:
    return (whole if whole.flags.c_contiguous else whole.T).reshape(-1)


class _Memory:
    """Some bytes, as numpy asks for them."""

    def __init__(self, low: int, high: int) -> None:
        self.__array_interface__ = {
            "data": (low, False),
            "shape": (high - low,),
            "typestr": "|u1",
            "version": 3,
        }


def _octets(low: int, high: int) -> Any:
    """Return the bytes from one address to another, which must belong to an array that lives."""
    return sys.modules["numpy"].asarray(_Memory(low, high))


def _can_be_window(array: Any) -> bool:
    dtype, kind = array.dtype, type(array)
    plain = sys.modules["numpy"].ndarray
    if not array.nbytes or (dtype.hasobject and (dtype.kind != "O" or kind is not plain)):
        return False
    if kind.__reduce__ is not plain.__reduce__ or kind.__reduce_ex__ is not plain.__reduce_ex__:
        return False
    # A dtype that its own pickle does not keep would read the bytes as something else.
    return dtype.isnative or bool(pickle.loads(pickle.dumps(dtype)) == dtype)


def _held_arrays(
    arrays: list[Any], known: Mapping[int, Name], namespace: Mapping[str, Any]
) -> list[Any]:
    """Return the arrays of the notebook that some of the payload's may lie on."""
    held: dict[int, Any] = {}
    bases = {id(base): base for array in arrays for base in _bases(array)}
    if not bases or not known:
        return []
    for key, place in known.items():
        found = bases.get(key)
        if found is None:
            name, path = (place, ()) if isinstance(place, str) else place
            try:
                found = part(namespace, {}, name, path)
            except NotDefined:
                continue
        if id(found) == key and isinstance(found, sys.modules["numpy"].ndarray):
            held[key] = found
    return [one for one in held.values() if _can_be_window(one)]


def _bases(array: Any) -> Iterator[Any]:
    kind = sys.modules["numpy"].ndarray
    while isinstance(array.base, kind):
        array = array.base
        yield array


def _groups(arrays: list[Any]) -> Iterator[list[Any]]:
    """Yield the arrays that share bytes, each such set by itself, in the order of `arrays`."""
    order = {id(array): at for at, array in enumerate(arrays)}
    for near in _near(arrays):
        found = [near] if len(near) > _COMPARED else _sharing(near)
        yield from (sorted(one, key=lambda a: order[id(a)]) for one in found if len(one) > 1)


def _near(arrays: list[Any]) -> Iterator[list[Any]]:
    """Yield the arrays whose extents overlap."""
    near: list[Any] = []
    end = 0
    for (first, last), _, array in sorted((_extent(a), at, a) for at, a in enumerate(arrays)):
        if near and first >= end:
            yield near
            near, end = [], 0
        near.append(array)
        end = max(end, last)
    yield near


def _sharing(near: list[Any]) -> list[list[Any]]:
    groups: list[list[Any]] = []
    for array in near:
        mine = [group for group in groups if any(_share(array, other) for other in group)]
        groups = [group for group in groups if not any(group is one for one in mine)]
        groups.append([array, *(other for group in mine for other in group)])
    return groups


def _share(one: Any, other: Any) -> bool:
    numpy = sys.modules["numpy"]
    try:
        return bool(numpy.shares_memory(one, other, max_work=_WORK))
    except (numpy.exceptions.TooHardError, OverflowError):
        return True


def _covers(array: Any, low: int, high: int) -> bool:
    flags = array.flags
    return _extent(array) == (low, high) and bool(flags.c_contiguous or flags.f_contiguous)


def _start(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _extent(array: Any) -> tuple[int, int]:
    """Return the first address of `array` and the one after its last."""
    first = last = _start(array)
    for length, stride in zip(array.shape, array.strides, strict=True):
        reach = (length - 1) * stride
        first, last = first + min(reach, 0), last + max(reach, 0)
    return first, last + array.itemsize
