"""Arrow: columns by content, whatever their chunks, offsets and spare bytes.

Everything is ``W`` and the text of its kind. An Arrow column is its type, its length and
which items are null; then the bytes of fixed-width items with zeros under nulls, or
lengths and joined bytes, or lengths and the column of all items (keys and items of a map),
or the columns of a struct, or indices and dictionary, or the codes of a union and the column
of each member, or the values of all runs; types beyond these by their Python items.
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
    encoder.out += b"W" + text("column")
    describe(encoder, array.type)
    encoder.out += number(len(array))
    _nulls(encoder, array)
    _content(encoder, array, arrow)


def _nulls(encoder: Encoder, array: Any) -> None:
    encoder.out += number(array.null_count)
    if 0 < array.null_count < len(array):
        valid = array.is_valid().cast("uint8").to_numpy(zero_copy_only=False)
        encoder.out += encoder.digest(valid)


def _content(encoder: Encoder, array: Any, arrow: Any) -> None:
    kind, types = array.type, arrow.types
    for is_kind, write in _NESTED.items():
        if getattr(types, is_kind, lambda kind: False)(kind):
            write(encoder, array, arrow)
            return
    if isinstance(array, arrow.ExtensionArray):
        column(encoder, array.storage)
    elif types.is_null(kind):
        pass
    elif types.is_boolean(kind):
        bits = array.fill_null(False) if array.null_count else array
        encoder.out += encoder.digest(bits.cast("uint8").to_numpy(zero_copy_only=False))
    elif _is_text(kind):
        _joined(encoder, array, arrow)
    elif types.is_primitive(kind) or types.is_decimal(kind) or _is_octets(kind, types):
        encoder.out += encoder.digest(_fixed(array))
    else:
        encoder.sequence(array.to_pylist())


def _is_octets(kind: Any, types: Any) -> bool:
    return bool(types.is_fixed_size_binary(kind) and kind.byte_width)


def _is_text(kind: Any) -> bool:
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


def _maps(encoder: Encoder, array: Any, arrow: Any) -> None:
    numpy = import_module("numpy")
    array = array.drop_null()
    lengths = numpy.diff(array.offsets.to_numpy()).astype("<i8")
    encoder.out += encoder.digest(lengths.view("u1"))
    column(encoder, array.keys)
    column(encoder, array.items)


def _structs(encoder: Encoder, array: Any, arrow: Any) -> None:
    for part in array.flatten():
        column(encoder, part)


def _dictionaries(encoder: Encoder, array: Any, arrow: Any) -> None:
    column(encoder, array.indices)
    column(encoder, array.dictionary)


def _runs(encoder: Encoder, array: Any, arrow: Any) -> None:
    """Write the values of all items: how long runs are follows from them."""
    column(encoder, import_module("pyarrow.compute").run_end_decode(array))


def _unions(encoder: Encoder, array: Any, arrow: Any) -> None:
    """Write which member each item is of, then for each member its items in order."""
    chosen = array.type_codes.to_numpy()
    encoder.out += encoder.digest(chosen.view("u1"))
    dense = array.type.mode == "dense"
    for place, code in enumerate(array.type.type_codes):
        mine = (chosen == code).nonzero()[0]
        found = array.offsets.to_numpy()[mine] if dense else mine
        column(encoder, array.field(place).take(arrow.array(found)))


_NESTED: dict[str, Any] = {
    "is_dictionary": _dictionaries,
    "is_struct": _structs,
    "is_map": _maps,
    "is_list": _lists,
    "is_large_list": _lists,
    "is_fixed_size_list": _lists,
    "is_list_view": _lists,
    "is_large_list_view": _lists,
    "is_union": _unions,
    "is_run_end_encoded": _runs,
}


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
    encoder.out += b"W" + text("field") + text(value.name)
    describe(encoder, value.type)
    encoder.encode(bool(value.nullable))
    encoder.encode(dict(value.metadata) if value.metadata else None)


def describe(encoder: Encoder, kind: Any) -> None:
    """Write a type by its parts: its text does not tell a name with a comma from two names."""
    arrow = sys.modules["pyarrow"]
    encoder.out += b"W" + text("type") + text(str(kind))
    if isinstance(kind, arrow.BaseExtensionType):
        encoder.encode(_parameters(kind))
        describe(encoder, kind.storage_type)
    elif arrow.types.is_dictionary(kind):
        describe(encoder, kind.index_type)
        describe(encoder, kind.value_type)
    else:
        fields = [kind.field(place) for place in range(kind.num_fields)]
        encoder.out += number(len(fields))
        for field in fields:
            _field(encoder, field)


def _parameters(kind: Any) -> bytes | None:
    """Return what an extension type written in Python keeps; the text of others tells."""
    serialize = getattr(kind, "__arrow_ext_serialize__", None)
    return None if serialize is None else bytes(serialize())


def _arrow_type(encoder: Encoder, value: Any) -> None:
    encoder.out += b"W" + text("type") + encoder.token(type(value))
    describe(encoder, value)


def _arrow_scalar(encoder: Encoder, value: Any) -> None:
    encoder.out += b"W" + text("scalar") + encoder.token(type(value))
    column(encoder, sys.modules["pyarrow"].repeat(value, 1))


HANDLERS: dict[str, Handler] = {
    "pyarrow:Array": _arrow_column,
    "pyarrow:ChunkedArray": _arrow_column,
    "pyarrow:Table": _arrow_table,
    "pyarrow:RecordBatch": _arrow_table,
    "pyarrow:Schema": _schema,
    "pyarrow:Field": _field,
    "pyarrow:DataType": _arrow_type,
    "pyarrow:Scalar": _arrow_scalar,
}
