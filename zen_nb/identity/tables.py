"""Arrow and polars: columns by content, whatever their chunks, offsets and spare bytes.

Everything is ``W`` and the text of its kind. An Arrow column is its type, its length and
which items are null; then the bytes of fixed-width items with zeros under nulls, or
lengths and joined bytes, or lengths and the column of all items, or the columns of a
struct, or indices and dictionary; types beyond these by their Python items.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from zen_nb.identity.encoding import number, text

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler


def column(encoder: Encoder, array: Any) -> None:
    """Write an Arrow array or chunked array."""
    arrow = sys.modules["pyarrow"]
    if isinstance(array, arrow.ChunkedArray):
        if arrow.types.is_dictionary(array.type):
            array = array.unify_dictionaries()
        array = array.combine_chunks()
        if isinstance(array, arrow.ChunkedArray):
            parts = array.chunks
            array = parts[0] if len(parts) == 1 else arrow.concat_arrays(parts)
    kind = array.type
    encoder.out += b"W" + text("column") + text(str(kind)) + number(len(array))
    _nulls(encoder, array)
    _content(encoder, array, arrow)


def _nulls(encoder: Encoder, array: Any) -> None:
    encoder.out += number(array.null_count)
    if 0 < array.null_count < len(array):
        valid = array.is_valid().cast("uint8").to_numpy(zero_copy_only=False)
        encoder.out += encoder.digest(valid)


def _content(encoder: Encoder, array: Any, arrow: Any) -> None:
    kind, types = array.type, arrow.types
    if isinstance(array, arrow.ExtensionArray):
        encoder.out += text(kind.extension_name)
        column(encoder, array.storage)
    elif types.is_null(kind):
        return
    elif types.is_boolean(kind):
        bits = array.fill_null(False) if array.null_count else array
        encoder.out += encoder.digest(bits.cast("uint8").to_numpy(zero_copy_only=False))
    elif _is_text(kind, types):
        _joined(encoder, array, arrow)
    elif types.is_dictionary(kind):
        column(encoder, array.indices)
        column(encoder, array.dictionary)
    elif types.is_struct(kind):
        for part in array.flatten():
            column(encoder, part)
    elif _is_list(kind, types):
        _lists(encoder, array, arrow)
    elif types.is_primitive(kind) or types.is_decimal(kind) or _is_octets(kind, types):
        encoder.out += encoder.digest(_fixed(array))
    else:
        encoder.sequence(array.to_pylist())


def _is_octets(kind: Any, types: Any) -> bool:
    return bool(types.is_fixed_size_binary(kind) and kind.byte_width)


def _is_list(kind: Any, types: Any) -> bool:
    return bool(types.is_list(kind) or types.is_large_list(kind))


def _is_text(kind: Any, types: Any) -> bool:
    names = ("string", "large_string", "binary", "large_binary", "string_view", "binary_view")
    return str(kind) in names


def _fixed(array: Any) -> Any:
    """Return the bytes of fixed-width items as an array, zeros under nulls."""
    numpy = import_module("numpy")
    width = array.type.bit_width // 8
    start = array.offset * width
    held = array.buffers()[1]
    if held is None:
        return b""
    raw = numpy.frombuffer(held, dtype="u1")[start : start + len(array) * width]
    if array.null_count:
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        raw = raw.reshape(len(array), width).copy()
        raw[~valid] = 0
        raw = raw.reshape(-1)
    return raw


def _joined(encoder: Encoder, array: Any, arrow: Any) -> None:
    """Write lengths and bytes of text or binary items; nulls are empty."""
    numpy = import_module("numpy")
    is_text = "string" in str(array.type)
    large = array.cast(arrow.large_string() if is_text else arrow.large_binary())
    if large.null_count:
        large = large.fill_null("" if is_text else b"")
    _, offsets, joined = large.buffers()
    if not len(large) or offsets is None:
        encoder.out += encoder.digest(b"") * 2
        return
    ends = numpy.frombuffer(offsets, dtype="<i8")[large.offset : large.offset + len(large) + 1]
    encoder.out += encoder.digest(numpy.diff(ends).view("u1"))
    raw = numpy.frombuffer(joined, dtype="u1") if joined is not None else b""
    encoder.out += encoder.digest(raw[int(ends[0]) : int(ends[-1])])


def _lists(encoder: Encoder, array: Any, arrow: Any) -> None:
    compute = import_module("pyarrow.compute")
    lengths = compute.list_value_length(array).fill_null(0).cast("int64")
    encoder.out += encoder.digest(_fixed(lengths))
    column(encoder, array.flatten())


def _arrow_column(encoder: Encoder, value: Any) -> None:
    encoder.out += b"W" + text("array") + encoder.token(type(value))
    column(encoder, value)


def _arrow_table(encoder: Encoder, value: Any) -> None:
    encoder.out += b"W" + text("table") + encoder.token(type(value))
    _schema(encoder, value.schema)
    encoder.out += number(value.num_rows)
    for part in value.columns:
        start = len(encoder.out)
        column(encoder, part)
        encoder.note(value, start)


def _schema(encoder: Encoder, value: Any) -> None:
    encoder.out += b"W" + text("schema") + number(len(value))
    for field in value:
        _field(encoder, field)
    encoder.encode(dict(value.metadata) if value.metadata else None)


def _field(encoder: Encoder, value: Any) -> None:
    encoder.out += b"W" + text("field") + text(value.name) + text(str(value.type))
    encoder.encode(bool(value.nullable))
    encoder.encode(dict(value.metadata) if value.metadata else None)


def _arrow_type(encoder: Encoder, value: Any) -> None:
    encoder.out += b"W" + text("type") + encoder.token(type(value)) + text(str(value))


def _arrow_scalar(encoder: Encoder, value: Any) -> None:
    arrow = sys.modules["pyarrow"]
    encoder.out += b"W" + text("scalar") + encoder.token(type(value))
    column(encoder, arrow.array([value.as_py()], type=value.type))


def _polars_frame(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    encoder.out += b"W" + text("frame") + encoder.token(type(value))
    encoder.out += number(value.height) + number(value.width)
    for series in value.get_columns():
        start = len(encoder.out)
        _polars_column(encoder, series)
        encoder.note(value, start)


def _polars_series(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    encoder.out += b"W" + text("series") + encoder.token(type(value))
    _polars_column(encoder, value)


def _polars_column(encoder: Encoder, series: Any) -> None:
    """Write name, dtype, which items are null, and the items, without the help of Arrow."""
    polars = sys.modules["polars"]
    encoder.out += text(series.name) + text(repr(series.dtype)) + number(len(series))
    encoder.out += number(series.null_count())
    if 0 < series.null_count() < len(series):
        encoder.out += encoder.digest(_octets(series.is_not_null().to_numpy()))
    dtype = series.dtype
    if dtype in (polars.Categorical, polars.Enum):
        series = series.cast(polars.String)
        dtype = series.dtype
    if dtype == polars.String:
        whole = series.fill_null("")
        encoder.out += encoder.digest(_octets(whole.str.len_bytes().to_numpy()))
        encoder.encode("".join(whole.to_list()) if len(whole) else "")
    elif dtype.is_numeric() or dtype.is_temporal() or dtype == polars.Boolean:
        physical = series.to_physical()
        if physical.dtype in (polars.Int128, polars.UInt128) or dtype.is_decimal():
            encoder.sequence(series.to_list())
        else:
            filled = physical.fill_null(False if dtype == polars.Boolean else 0)
            encoder.out += encoder.digest(_octets(filled.to_numpy()))
    else:
        encoder.sequence(series.to_list())


def _octets(array: Any) -> Any:
    return array.reshape(-1).view("u1")


HANDLERS: dict[str, Handler] = {
    "pyarrow:Array": _arrow_column,
    "pyarrow:ChunkedArray": _arrow_column,
    "pyarrow:Table": _arrow_table,
    "pyarrow:RecordBatch": _arrow_table,
    "pyarrow:Schema": _schema,
    "pyarrow:Field": _field,
    "pyarrow:DataType": _arrow_type,
    "pyarrow:Scalar": _arrow_scalar,
    "polars:DataFrame": _polars_frame,
    "polars:Series": _polars_series,
}
