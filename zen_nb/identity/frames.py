"""pandas: frames column by column, so that the layout of their blocks does not matter.

Everything is ``w`` and the text of its kind:

- ``frame``: class, index, columns, n columns, the values of each, extras;
- ``series``: class, index, values, extras;
- ``index``: class, names, then for a range start, stop and step; for levels their
  indexes and codes; else values and the frequency;
- ``array``: class, values and frequency of an array that stands by itself;
- ``dtype``: class, its text, the parts that it is compared by;
- values of a column: array content, or ``w``, the kind of array, dtype and its parts.

Extras are attrs, whether labels may repeat, what the class lists in ``_metadata``, and what
the user put on the object. What a mask covers does not count.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zen_nb.identity import tables
from zen_nb.identity.arrays import content
from zen_nb.identity.encoding import number, text

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler


def _frame(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    encoder.out += b"w" + text("frame") + encoder.token(type(value))
    start = len(encoder.out)
    _index(encoder, value.index)
    encoder.note(value, start)
    _index(encoder, value.columns)
    encoder.out += number(value.shape[1])
    for place, column in enumerate(_columns(value)):
        start = len(encoder.out)
        _column(encoder, column, value, place)
        encoder.note(value, start)
    _extras(encoder, value)


def _columns(frame: Any) -> Iterable[Any]:
    if hasattr(frame, "_iter_column_arrays"):
        found: Iterable[Any] = frame._iter_column_arrays()
        return found
    return (frame.iloc[:, place].array for place in range(frame.shape[1]))


def _column(encoder: Encoder, column: Any, frame: Any, place: int) -> None:
    from zen_nb.core.errors import NoFingerprint
    from zen_nb.identity.problems import inside, short

    try:
        values(encoder, column)
    except NoFingerprint as error:
        raise inside(error, f"[{short(frame.columns[place])}]") from None


def _series(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    encoder.out += b"w" + text("series") + encoder.token(type(value))
    start = len(encoder.out)
    _index(encoder, value.index)
    encoder.note(value, start)
    start = len(encoder.out)
    values(encoder, value.array)
    encoder.note(value, start)
    _extras(encoder, value)


# What pandas itself keeps on a frame or series.
_OF_PANDAS = frozenset(
    {
        "_mgr",
        "_item_cache",
        "_attrs",
        "_flags",
        "_name",
        "_is_copy",
        "_cacher",
        "_typ",
        "_metadata",
    }
)


def _extras(encoder: Encoder, value: Any) -> None:
    encoder.encode(value.attrs)
    encoder.encode(bool(value.flags.allows_duplicate_labels))
    kept = dict.fromkeys(value._metadata)
    encoder.encode([[name.lstrip("_"), getattr(value, name, None)] for name in kept])
    known = _OF_PANDAS | kept.keys()
    more = {name: part for name, part in vars(value).items() if name not in known}
    encoder.encode({n: part for n, part in more.items() if not _is_accessor(value, n)} or None)


def _is_accessor(value: Any, name: str) -> bool:
    """Tell whether an attribute is an accessor (``str``, ``plot``), kept where it was asked for."""
    found = next((vars(kind)[name] for kind in type(value).__mro__ if name in vars(kind)), None)
    return type(found).__name__ in ("Accessor", "CachedAccessor")


def _whole_index(encoder: Encoder, value: Any) -> None:
    """Write an index that stands by itself: its name can be changed."""
    if not encoder.again(value):
        _index(encoder, value)


def _index(encoder: Encoder, value: Any) -> None:
    encoder.out += b"w" + text("index") + encoder.token(type(value))
    encoder.sequence(list(value.names))
    pandas = sys.modules["pandas"]
    if isinstance(value, pandas.RangeIndex):
        encoder.sequence((value.start, value.stop, value.step))
    elif isinstance(value, pandas.MultiIndex):
        for level, codes in zip(value.levels, value.codes, strict=True):
            _index(encoder, level)
            content(encoder, pandas.Series(codes).to_numpy())
    else:
        values(encoder, value.array)
        _frequency(encoder, value)


def _frequency(encoder: Encoder, value: Any) -> None:
    """Write the offset itself: two calendars of business days have one text."""
    pandas = sys.modules["pandas"]
    known = isinstance(value, pandas.PeriodIndex) or not hasattr(value, "freq")
    encoder.encode(None if known else value.freq)


def _dtype(encoder: Encoder, value: Any) -> None:
    encoder.out += b"w" + text("dtype") + encoder.token(type(value)) + text(str(value))
    for name in value._metadata:
        encoder.encode(getattr(value, name, None))


def values(encoder: Encoder, array: Any) -> None:
    """Write the values of a column or index, by what they are and not by where they lie."""
    if type(array).__module__ == "numpy":
        return content(encoder, array)
    for parent in type(array).__mro__:
        write = _ARRAYS.get(parent.__name__) if _is_pandas(parent) else None
        if write is not None:
            encoder.out += b"w" + text(parent.__name__)
            return write(encoder, array)
    from zen_nb.identity.instances import instance_handler

    return instance_handler(type(array))(encoder, array)


def _whole_array(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    encoder.out += b"w" + text("array") + encoder.token(type(value))
    values(encoder, value)
    encoder.encode(getattr(value, "freq", None))


def _is_pandas(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "pandas"


def _from_numpy(encoder: Encoder, array: Any) -> None:
    content(encoder, array.to_numpy())


def _strings(encoder: Encoder, array: Any) -> None:
    missing = array.isna()
    encoder.encode(array.dtype)
    content(encoder, missing)
    encoder.sequence(array.to_numpy(dtype=object)[~missing].tolist())


def _arrow(encoder: Encoder, array: Any) -> None:
    encoder.encode(array.dtype)
    tables.column(encoder, array._pa_array)


def _categorical(encoder: Encoder, array: Any) -> None:
    encoder.encode(array.dtype)
    content(encoder, array.codes)


def _instants(encoder: Encoder, array: Any) -> None:
    encoder.encode(array.dtype)
    content(encoder, array.asi8)


def _masked(encoder: Encoder, array: Any) -> None:
    mask, held = array._mask, array._data
    encoder.encode(array.dtype)
    content(encoder, mask)
    if mask.any():
        held = held.copy()
        held[mask] = 0
    content(encoder, held)


def _intervals(encoder: Encoder, array: Any) -> None:
    encoder.encode(array.dtype)
    values(encoder, array.left.array)
    values(encoder, array.right.array)


def _sparse(encoder: Encoder, array: Any) -> None:
    encoder.encode(array.dtype)
    encoder.out += number(len(array)) + text(array.kind)
    content(encoder, array.sp_index.to_int_index().indices)
    content(encoder, array.sp_values)


_ARRAYS: dict[str, Handler] = {
    "ArrowStringArray": _arrow,
    "ArrowExtensionArray": _arrow,
    "StringArray": _strings,
    "NumpyExtensionArray": _from_numpy,
    "PandasArray": _from_numpy,
    "Categorical": _categorical,
    "DatetimeArray": _instants,
    "TimedeltaArray": _instants,
    "PeriodArray": _instants,
    "BaseMaskedArray": _masked,
    "IntervalArray": _intervals,
    "SparseArray": _sparse,
}


def _instant(encoder: Encoder, value: Any) -> None:
    """Write a point in time; which of two equal hours it is in is not in its pickles."""
    encoder.out += b"w" + text("instant") + encoder.token(type(value))
    encoder.encode((*value.__reduce__()[1], value.fold))


HANDLERS: dict[str, Handler] = {
    "pandas:Timestamp": _instant,
    "pandas:DataFrame": _frame,
    "pandas:Series": _series,
    "pandas:Index": _whole_index,
    "pandas:ExtensionDtype": _dtype,
    "pandas:ExtensionArray": _whole_array,
}
