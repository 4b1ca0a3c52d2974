"""Polars: columns by content, whatever their chunks, without the help of Arrow.

Everything is ``W`` and the text of its kind. A column is its name, its dtype in words, its
length and which items are null; then the bytes of numbers with zeros under nulls, or lengths
and joined text, or lengths and the column of all items, or the columns of a struct.
Categories count by their text.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from zen_nb.identity.encoding import number, text

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler


def _frame(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    encoder.out += b"W" + text("frame") + encoder.token(type(value))
    encoder.out += number(value.height) + number(value.width)
    for series in value.get_columns():
        start = len(encoder.out)
        column(encoder, series)
        encoder.note(value, start)


def _series(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    encoder.out += b"W" + text("series") + encoder.token(type(value))
    column(encoder, value)


def column(encoder: Encoder, series: Any) -> None:
    """Write name, dtype, which items are null, and the items."""
    encoder.out += text(series.name) + text(repr(series.dtype)) + number(len(series))
    encoder.out += number(series.null_count())
    if 0 < series.null_count() < len(series):
        encoder.out += encoder.digest(_octets(series.is_not_null().to_numpy()))
    _items(encoder, series)


def _items(encoder: Encoder, series: Any) -> None:
    polars = sys.modules["polars"]
    dtype = series.dtype
    if dtype in (polars.Categorical, polars.Enum):
        series = series.cast(polars.String)
        dtype = series.dtype
    if dtype == polars.String:
        _texts(encoder, series)
    elif dtype == polars.List:
        _lists(encoder, series)
    elif dtype == polars.Array:
        column(encoder, series.drop_nulls().explode() if dtype.size else series.clear())
    elif dtype == polars.Struct:
        there = series.filter(series.is_not_null())
        for name in series.struct.fields:
            column(encoder, there.struct.field(name))
    elif dtype.is_numeric() or dtype.is_temporal() or dtype == polars.Boolean:
        _numbers(encoder, series)
    else:
        encoder.sequence(series.to_list())


def _texts(encoder: Encoder, series: Any) -> None:
    whole = series.fill_null("")
    encoder.out += encoder.digest(_octets(whole.str.len_bytes().to_numpy()))
    encoder.encode("".join(whole.to_list()) if len(whole) else "")


def _lists(encoder: Encoder, series: Any) -> None:
    lengths = series.list.len()
    encoder.out += encoder.digest(_octets(lengths.fill_null(0).to_numpy()))
    column(encoder, series.filter(lengths > 0).explode())


def _numbers(encoder: Encoder, series: Any) -> None:
    polars = sys.modules["polars"]
    physical = series.to_physical()
    if physical.dtype in (polars.Int128, polars.UInt128) or series.dtype.is_decimal():
        encoder.sequence(series.to_list())
    else:
        filled = physical.fill_null(False if series.dtype == polars.Boolean else 0)
        encoder.out += encoder.digest(_octets(filled.to_numpy()))


def _octets(array: Any) -> Any:
    return array.reshape(-1).view("u1")


HANDLERS: dict[str, Handler] = {
    "polars:DataFrame": _frame,
    "polars:Series": _series,
}
