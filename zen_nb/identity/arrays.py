"""numpy: arrays by dtype, shape, order and bytes.

Content of an array is ``k``, dtype, number of dimensions, shape, ``C`` or ``F`` (F only
where the array is contiguous in Fortran order and not in C order), then

- plain dtypes: the digest of the elements in that order, taken without a copy where the
  array is contiguous; extended floats without the bytes that pad them;
- structured dtypes: the digest of the records without the bytes between their fields; where
  a field is not plain, the elements of each field in turn;
- objects and variable-width strings: the elements, as the items of a list.

A dtype is ``.`` and its text (``<f8``, ``<M8[ns]``), ``:`` with its class where that text
does not tell enough, ``(`` with dtype and shape for a sub-array, or ``{``, the size of an item
and n fields of (name, title, place, dtype); before it ``m`` and its metadata where it has some.
Bits of NaN, unlike those of a Python float, all count; so does the order of bytes, except for
dates, whose pickles do not keep it.

An array that shares bytes with one before it in the same value is preceded by ``V``, the
number of that one, and how it lies on it: see `zen_nb.identity.memory`.
"""

from __future__ import annotations

import gc
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.threads import hashing_threads
from zen_nb.identity.encoding import SCALARS, number, text
from zen_nb.identity.memory import region_of
from zen_nb.identity.values import QUICK

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler

_ROWS = 1 << 16
_NO_ATTRIBUTES = SCALARS[type(None)](None)


def content(encoder: Encoder, array: Any) -> None:
    """Write dtype, shape, order and elements of an array, whatever its class."""
    flags = array.flags
    order = "F" if flags.f_contiguous and not flags.c_contiguous else "C"
    shape = b"".join(map(number, array.shape))
    encoder.out += b"k"
    _describe_once(encoder, array.dtype)
    encoder.out += number(array.ndim) + shape + order.encode()
    _elements(encoder, array, order)


def _elements(encoder: Encoder, array: Any, order: str) -> None:
    dtype = array.dtype
    if dtype.names is not None:
        _records(encoder, array, order)
    elif dtype.kind in "OT":
        encoder.sequence(array.ravel(order).tolist())
    else:
        encoder.out += encoder.digest(octets_of(_in_kept_order(array).ravel(order)))


def _records(encoder: Encoder, array: Any, order: str) -> None:
    dtype = array.dtype
    runs = _runs(dtype, 0)
    if runs is None:
        for name in dtype.names:
            _elements(encoder, array[name], order)
        return
    raw = array.ravel(order).view("u1").reshape(array.size, dtype.itemsize)
    digest = blake3(max_threads=hashing_threads(raw.nbytes))
    for start in range(0, len(raw), _ROWS):
        digest.update(_without_padding(raw[start : start + _ROWS], runs))
    encoder.out += digest.digest()


def _runs(dtype: Any, start: int) -> list[tuple[int, int]] | None:
    """Return first and last places of the bytes of plain fields; ``None`` if some are not plain."""
    if dtype.names is None:
        inner = dtype.base
        swapped = inner.kind in "mM" and not inner.isnative
        plain = inner.names is None and inner.kind not in "OT" and inner.char not in "gG"
        return [(start, start + dtype.itemsize)] if plain and not swapped else None
    found: list[tuple[int, int]] = []
    for name in dtype.names:
        inner, place = dtype.fields[name][:2]
        runs = _runs(inner, start + place)
        if runs is None:
            return None
        found += runs
    joined: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _without_padding(raw: Any, runs: list[tuple[int, int]]) -> Any:
    """Return the bytes of records side by side, copied where there are others between them."""
    if runs == [(0, raw.shape[1])]:
        return raw.reshape(-1)
    numpy = sys.modules["numpy"]
    packed = numpy.empty((len(raw), sum(last - first for first, last in runs)), "u1")
    at = 0
    for first, last in runs:
        packed[:, at : at + last - first] = raw[:, first:last]
        at += last - first
    return packed.reshape(-1)


def _in_kept_order(array: Any) -> Any:
    """Return dates in the order of bytes of this machine, the only one that a pickle keeps."""
    if array.dtype.kind in "mM" and not array.dtype.isnative:
        return array.astype(array.dtype.newbyteorder("="))
    return array


def octets_of(flat: Any) -> Any:
    """Return the bytes of a contiguous one-dimensional array as an array, without a copy."""
    if not flat.itemsize:
        return b""
    if flat.dtype.char == "G":
        flat = flat.view(flat.real.dtype)
    raw = flat.view("u1")
    if flat.dtype.char == "g" and _pads_extended_floats():
        return raw.reshape(-1, flat.itemsize)[:, :10].reshape(-1)
    return raw


def _pads_extended_floats() -> bool:
    numpy = sys.modules["numpy"]
    return bool(numpy.finfo(numpy.longdouble).nmant == 63)


def _describe_once(encoder: Encoder, dtype: Any) -> None:
    """Describe a dtype, from memory where the same object was described before."""
    known = encoder.described.get(id(dtype))
    if known is not None:
        encoder.out += known[0]
        return
    start, met = len(encoder.out), encoder.met
    describe(encoder, dtype)
    if encoder.met == met:  # else it refers to what was met, which is not the same each time
        encoder.described[id(dtype)] = (bytes(encoder.out[start:]), dtype)


def describe(encoder: Encoder, dtype: Any) -> None:
    """Write what values of a dtype mean and where a record keeps them."""
    if dtype.metadata:
        encoder.out += b"m"
        encoder.encode(dict(dtype.metadata))
    if dtype.names is not None:
        kind = b"r" if dtype.type.__name__ == "record" else b"v"
        encoder.out += b"{" + kind + number(dtype.itemsize) + number(len(dtype.names))
        for name in dtype.names:
            _field(encoder, name, *dtype.fields[name])
    elif dtype.subdtype is not None:
        inner, shape = dtype.subdtype
        encoder.out += b"(" + number(len(shape)) + b"".join(map(number, shape))
        describe(encoder, inner)
    elif dtype.kind == "T":
        encoder.out += b":" + text(f"numpy.StringDType {dtype.coerce}")
        encoder.encode([dtype.na_object] if hasattr(dtype, "na_object") else None)
    elif dtype.isbuiltin == 2:
        kind_of = type(dtype)
        encoder.out += b":" + text(f"{kind_of.__module__}.{kind_of.__qualname__} {dtype!r}")
    else:
        native = dtype.newbyteorder("=") if dtype.kind in "mM" else dtype
        encoder.out += b"." + text(native.str)


def _field(encoder: Encoder, name: str, dtype: Any, place: int, title: object = None) -> None:
    encoder.out += text(name) + number(place)
    encoder.encode(title)
    describe(encoder, dtype)


def _array(encoder: Encoder, value: Any) -> None:
    numpy = sys.modules["numpy"]
    kind = type(value)
    if kind is not numpy.ndarray and _reduces_itself(kind, numpy.ndarray):
        from zen_nb.identity.instances import instance_handler

        return instance_handler(kind)(encoder, value)
    QUICK.setdefault(numpy.ndarray, _plain)
    if encoder.again(value):
        return None
    _shared(encoder, value, value)
    encoder.out += b"A" + encoder.token(kind)
    content(encoder, numpy.asarray(value))
    kept = getattr(value, "__dict__", None)
    # A mapped array is an array; where it is mapped from is not part of its value.
    encoder.encode(kept if kept and not isinstance(value, numpy.memmap) else None)
    return None


def _plain(encoder: Encoder, array: Any) -> bytes | None:
    """Return the whole encoding of an array of plain numbers in C order: most arrays are."""
    dtype = array.dtype
    if dtype.kind not in "biufc" or dtype.isbuiltin != 1 or dtype.char in "gG" or dtype.metadata:
        return None
    if not array.flags.c_contiguous:
        return None
    shape = b"".join(map(number, array.shape))
    head = b"A" + text(encoder.sink.token(type(array))) + b"k." + text(dtype.str)
    digest = encoder.digest(array.reshape(-1).view("u1"))
    return head + number(array.ndim) + shape + b"C" + digest + _NO_ATTRIBUTES


def _shared(encoder: Encoder, value: Any, array: Any) -> None:
    """Write on which array before it this one lies. What a library shares inside is its own."""
    if encoder.in_library:
        return
    found = encoder.memory.add(value, partial(region_of, array))
    if found is not None:
        encoder.out += b"V" + number(encoder.place_of(found[0]))
        encoder.encode(found[1])


def _reduces_itself(kind: Any, array_type: Any) -> bool:
    return (
        kind.__reduce__ is not array_type.__reduce__
        or kind.__reduce_ex__ is not array_type.__reduce_ex__
    )


_OF_MASKED = frozenset(
    {
        "_mask",
        "_fill_value",
        "_hardmask",
        "_sharedmask",
        "_isfield",
        "_baseclass",
        "_basedict",
        "_optinfo",
    }
)


def _masked(encoder: Encoder, value: Any) -> None:
    """Write data, mask and fill value. A fill value that was never asked for is the default."""
    if encoder.again(value):
        return
    numpy = sys.modules["numpy"]
    _shared(encoder, value, value.data)
    encoder.out += b"A" + encoder.token(type(value))
    content(encoder, numpy.asarray(value.data))
    content(encoder, numpy.ma.getmaskarray(value))
    fill = value._fill_value
    if fill is None:
        fill = numpy.ma.default_fill_value(value)
    encoder.encode([numpy.asarray(fill, dtype=value.dtype).tolist(), bool(value.hardmask)])
    more = {name: part for name, part in vars(value).items() if name not in _OF_MASKED}
    encoder.encode(more or None)


def _scalar(encoder: Encoder, value: Any) -> None:
    if value.dtype.kind == "V" and encoder.again(value):
        return
    encoder.out += b"A" + encoder.token(type(value))
    if isinstance(value, str):
        encoder.encode(str(value))
    elif isinstance(value, bytes):
        encoder.encode(bytes(value))
    else:
        content(encoder, sys.modules["numpy"].asarray(value))
    encoder.out += b"N"


def _dtype(encoder: Encoder, value: Any) -> None:
    encoder.out += b"y"
    describe(encoder, value)
    encoder.out += number(value.itemsize) + number(value.alignment)


def _ufunc(encoder: Encoder, value: Any) -> None:
    name = value.__name__
    for module in ("numpy", "scipy.special"):
        if getattr(sys.modules.get(module), name, None) is value:
            encoder.out += b"G" + encoder.token(type(value)) + text(f"{module}.{name}")
            return
    made_of = [part for part in gc.get_referents(value) if callable(part)]
    if len(made_of) != 1:
        raise NoFingerprint("numpy.ufunc", "it hides the function that it was made of")
    encoder.out += b"G" + encoder.token(type(value)) + text("made of")
    encoder.encode((made_of[0], value.nin, value.nout, value.identity))


HANDLERS: dict[str, Handler] = {
    "numpy:MaskedArray": _masked,
    "numpy:ndarray": _array,
    "numpy:generic": _scalar,
    "numpy:dtype": _dtype,
    "numpy:ufunc": _ufunc,
}
