"""Values as one pickle stream with their large buffers beside it.

Payload format, version 1
-------------------------
One pickle of protocol 5 whose root is a dict from output name to value; buffers
of `SMALL_BYTES` and more are out of band, in the order in which the stream asks
for them. All outputs of a step share the stream, so that ``a is b`` survives.

Names that only mean something to the notebook are globals of the pseudo module
``zen_nb.store.live``; ``__main__`` means the namespace. A persistent id is a name,
and stands for what the namespace holds under it; or a name and a path, and stands
for a part of that (``("rows", (("item", 0), ("attribute", "name")))``).

A stream is loaded only after its signature has been checked, never before.
"""

from __future__ import annotations

import copyreg
import functools
import gc
import io
import itertools
import pickle
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, MappingProxyType
from typing import Any

import cloudpickle

from zen_nb.core.errors import NotStorable, StoreUnavailable
from zen_nb.store import generators, live, remade
from zen_nb.store.closed import reduce_closed
from zen_nb.store.views import Arrays, ArrayViews, holds_its_own

PROTOCOL = 5
SMALL_BYTES = 4096

_NO_KNOWN: Mapping[int, live.Name] = MappingProxyType({})
_BUILT_IN = frozenset({"builtins", "itertools", "_io", "io", "_csv", "_collections", "re", "_sre"})
_POSITION = "its position cannot be kept; make a list of it, or make it anew where it is used"
_FILE = "an open file does not come back open; read or write it inside the step"
_VIEW = "it is a window on memory that it does not own; keep the object that owns it"
_SCATTERED = "it shares memory with another one that is far away in it; copy() one of them"
_NOT_THERE = "the notebook does not define {!r} at this point"


class NotLoadable(StoreUnavailable):
    """A stored value cannot be made here; the step has to run again. Says why in one clause."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What `dump` made of a step's outputs.

    Attributes
    ----------
    stream
        The pickle.
    buffers
        Contiguous memory of the values themselves, not copied: store it before they change.
    kinds
        The classes whose instances it holds, but for those of builtins.
    """

    stream: bytes
    buffers: tuple[memoryview, ...] = ()
    kinds: frozenset[type] = frozenset()

    @property
    def size_bytes(self) -> int:
        return len(self.stream) + sum(buffer.nbytes for buffer in self.buffers)


def dump(
    values: Mapping[str, object],
    *,
    namespace: dict[str, Any] | None,
    known: Mapping[int, live.Name] = _NO_KNOWN,
    absent: Collection[str] = (),
    apart: Iterable[object] = (),
) -> Payload:
    """Return `values` such that `load` gives equal ones, aliases among them included.

    Parameters
    ----------
    namespace
        The notebook's globals; ``None`` for those of ``__main__``.
    known
        ``id(object)`` to name, or to name and path, for objects that the namespace holds there
        when the payload is loaded: they are stored as that. They must be kept alive meanwhile.
    absent
        Names that the namespace will not hold when the payload is loaded: functions and
        classes under them go by value.
    apart
        Arrays that are stored by themselves, whatever memory they share.

    Raises
    ------
    NotStorable
        Where a value would not come back as it is; names the output and the type in the way.
    """
    around = _Around(_globals_of(namespace), known, absent, tuple(apart))
    try:
        return _dump(values, around)
    except Exception as error:
        whole = error
    for name, value in values.items():
        try:
            _dump({name: value}, around)
        except Exception as error:
            raise _explained(name, error) from None
    raise _explained(", ".join(values), whole) from None


def load(
    stream: bytes | memoryview,
    buffers: Sequence[memoryview | bytearray] = (),
    *,
    namespace: dict[str, Any] | None,
    given: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the values of a stream whose signature has been checked.

    Parameters
    ----------
    given
        What places begin with that the namespace does not hold.

    Raises
    ------
    NotLoadable
        Where this process cannot make them.
    """
    try:
        values = _Unpickler(stream, buffers, _globals_of(namespace), given).load()
    except live.NotDefined as error:
        raise NotLoadable(_NOT_THERE.format(str(error.args[0]))) from None
    except Exception as error:
        raise NotLoadable(f"cannot be loaded here ({type(error).__name__}: {error})") from error
    if type(values) is not dict:
        raise NotLoadable("cannot be loaded here (it is not a payload)")
    return values


def _globals_of(namespace: dict[str, Any] | None) -> dict[str, Any]:
    return vars(sys.modules["__main__"]) if namespace is None else namespace


@dataclass(frozen=True, slots=True)
class _Around:
    """What `dump` is told besides the values."""

    namespace: dict[str, Any]
    known: Mapping[int, live.Name]
    absent: Collection[str]
    apart: tuple[object, ...]


def _dump(values: Mapping[str, object], around: _Around) -> Payload:
    arrays = Arrays(around.apart)
    payload = _written(values, around, arrays)
    views = ArrayViews(arrays, around.known, around.namespace)
    if views.scattered is not None:
        raise _Refused(views.scattered, _SCATTERED)
    return _written(values, around, arrays, views) if views else payload


def _written(
    values: Mapping[str, object], around: _Around, arrays: Arrays, views: ArrayViews | None = None
) -> Payload:
    stream = io.BytesIO()
    buffers: list[memoryview] = []

    def beside(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < SMALL_BYTES:
            return True
        buffers.append(raw)
        return False

    kind = _KnowingPickler if around.known else _Pickler
    pickler = kind(stream, beside, around, arrays)
    pickler.views = views
    try:
        pickler.dump(dict(values))
    except _Refused:
        raise
    except Exception as error:
        raise _Refused(pickler.last, _reason(error)) from error
    return Payload(stream.getvalue(), tuple(buffers), frozenset(pickler.kinds))


class _Refused(Exception):
    """An object in the way: its type, and why."""

    def __init__(self, culprit: object, why: str) -> None:
        super().__init__(culprit, why)
        self.type_name = culprit if isinstance(culprit, str) else _type_name(type(culprit))
        self.why = why


def _explained(name: str, error: Exception) -> NotStorable:
    if isinstance(error, _Refused):
        return NotStorable(name, error.type_name, error.why)
    return NotStorable(name, "value", _reason(error))


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError):
        return "it is nested too deeply"
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def _type_name(kind: type) -> str:
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def _refusal(value: object) -> str | None:
    """Return why `value` must not be stored although pickle might accept it."""
    if isinstance(value, memoryview):
        return _VIEW
    if isinstance(value, io.IOBase):
        return None if type(value) in (io.BytesIO, io.StringIO) else _FILE
    # A counter is its next number and nothing else; figures with categories hold one.
    if isinstance(value, Iterator) and type(value).__module__ in _BUILT_IN:
        return None if type(value) is itertools.count else _POSITION
    return None


class _NEVER:
    """Has no instances."""


_ATOMS = frozenset({int, float, complex, bool, str, bytes, type(None), type(...)})
_CACHED = type(functools.lru_cache(repr))
_DICT_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


def _view_of(mapping: dict[Any, Any], part: str) -> Any:
    return getattr(mapping, part)()


def _reducers() -> dict[type, Any]:
    """Return one plain dict: the pickler asks it for every object, and a chain is slow."""
    table = {**copyreg.dispatch_table, **cloudpickle.Pickler.dispatch_table}
    for kind in (memoryview, io.TextIOWrapper, *_DICT_VIEWS):
        table.pop(kind, None)
    table.update(remade.reducers())
    return table


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Cloudpickle, with the notebook's functions and classes by name or over live globals."""

    def __init__(
        self,
        stream: io.BytesIO,
        beside: Callable[[pickle.PickleBuffer], bool],
        around: _Around,
        arrays: Arrays,
    ) -> None:
        self.dispatch_table = _reducers()  # looked for while the pickler is made
        super().__init__(stream, protocol=PROTOCOL, buffer_callback=beside)
        self.last: object = None
        self.views: ArrayViews | None = None
        self._namespace = around.namespace
        self._known = around.known
        self._absent = around.absent
        self._arrays = arrays
        self._array = arrays.kind or _NEVER
        self._cells: dict[int, live.Cell] = {}
        self._plain: set[type] = set()
        self.kinds: set[type] = set()

    def reducer_override(self, obj: Any) -> Any:
        self.last = obj
        kind = type(obj)
        if kind in self._plain:
            return NotImplemented
        if kind is FunctionType or issubclass(kind, type):
            return self._definition(obj)
        if kind is live.Cell:
            return live.empty_cell, ()
        if kind in _DICT_VIEWS:
            return self._dict_view(obj)
        if kind is _CACHED and obj.__module__ == "__main__":
            return self._remembering(obj)
        if issubclass(kind, self._array):
            return self._array_or_window(obj)
        return self._instance(obj)

    def _instance(self, obj: Any) -> Any:
        if made := reduce_closed(obj) or generators.reduce_shared(obj):
            return made
        if why := _refusal(obj):
            raise _Refused(obj, why)
        kind = type(obj)
        self.kinds.add(kind)
        if holds_its_own(kind):
            self._arrays.meet_holder(obj)
        elif kind is not _CACHED and kind.__name__ not in generators.KINDS:
            self._plain.add(kind)
        return NotImplemented

    def _array_or_window(self, array: Any) -> Any:
        """Note an array, or reduce it to a window where others share its memory."""
        if self.views is None:
            self._arrays.meet(array)
            return NotImplemented
        return self.views.reduce(array) or NotImplemented

    def _named(self, obj: Any) -> str | None:
        name = live.is_named(self._namespace, obj)
        return None if name is None or name.partition(".")[0] in self._absent else name

    def _definition(self, obj: Any) -> Any:
        if name := self._named(obj):
            return live.resolve, (live.NAMESPACE, name)
        if isinstance(obj, FunctionType) and obj.__globals__ is self._namespace:
            return self._live_function(obj)
        return super().reducer_override(obj)

    def _remembering(self, cached: Any) -> Any:
        """Reduce an `lru_cache` function of the notebook; what it remembers is not kept."""
        if name := self._named(cached):
            return live.resolve, (live.NAMESPACE, name)
        return live.remember_again, (cached.__wrapped__, cached.cache_parameters())

    def _live_function(self, function: FunctionType) -> Any:
        cells = tuple(self._cell(cell) for cell in function.__closure__ or ())
        state = live.function_state(function, cells)
        made = (live.NAMESPACE, function.__code__, function.__name__, cells)
        return live.make_function, made, state, None, None, live.fill_function

    def _cell(self, cell: Any) -> live.Cell:
        if id(cell) not in self._cells:
            self._cells[id(cell)] = live.Cell(cell)
        return self._cells[id(cell)]

    def _dict_view(self, view: Any) -> Any:
        owners = [owner for owner in gc.get_referents(view) if isinstance(owner, dict)]
        if len(owners) != 1:
            raise _Refused(view, _VIEW)
        return _view_of, (owners[0], _DICT_VIEWS[type(view)])


class _KnowingPickler(_Pickler):
    """As above, and what the namespace already holds goes by name.

    A class of its own because `persistent_id` is asked for every object there is.
    """

    def persistent_id(self, obj: Any) -> live.Name | None:
        name = self._known.get(id(obj))
        return None if name is None or type(obj) in _ATOMS else name


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        stream: bytes | memoryview,
        buffers: Sequence[memoryview | bytearray],
        namespace: dict[str, Any],
        given: Mapping[str, Any],
    ) -> None:
        super().__init__(io.BytesIO(stream), buffers=buffers)
        self._namespace = namespace
        self._given = given

    def find_class(self, module: str, name: str) -> Any:
        if module == live.__name__ and name == "NAMESPACE":
            return self._namespace
        if module == "__main__":
            return self.persistent_load(name)
        return super().find_class(module, name)

    def persistent_load(self, name: Any) -> Any:
        if type(name) is str:
            return live.resolve(self._namespace, name)
        return live.part(self._namespace, self._given, *name)
