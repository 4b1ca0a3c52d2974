"""What is kept of a value so that a later one can be compared with it.

A profile is small (`LIMIT_BYTES` of each part), JSON-shaped, and made without reading the
value through: shape and types, digests of columns that the encoder handed out anyway, a
sample of short digests of elements. It holds values of small scalars only, those that
do not look like secrets.

========  ======================================================================
kind      what it holds
========  ======================================================================
frame     rows, columns (``[name, type, digest]``), index, a sample of each column
array     shape, dtype, order, a sample; a series also has name and index
items     size, and what lies at which path: ``[shown or null, digest]``
list      the same, by place
sequence  size, a sample
text      characters, a digest of each line
========  ======================================================================
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from zen_nb.core.model import JSON
from zen_nb.identity import sample
from zen_nb.identity.outline import listed, outlined
from zen_nb.identity.secrets import has_secret_form
from zen_nb.identity.summary import LONGEST
from zen_nb.identity.values import Parts

LIMIT_BYTES = 4096
LISTED = 64
_SAMPLED = 1024
_FEWEST = 16
_LINES = 512
_NAME_CHARACTERS = 40

Profile: TypeAlias = dict[str, JSON]


def profile(name: str, value: object, parts: Parts | None = None) -> Profile:
    """Return what is kept of `value`; empty where nothing is, or its own code fails.

    Parameters
    ----------
    parts
        What the encoder noted of frames.
    """
    with contextlib.suppress(Exception):
        known = of_data(value, (parts or {}).get(id(value), ()))
        if known is not None:
            return known
        if isinstance(value, str):
            return _text(value) if len(value) > LONGEST else {}
        if isinstance(value, (list, tuple, set, frozenset)) and len(value) > LISTED:
            return _sequence(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            return {"kind": "list", **listed(name, value, LIMIT_BYTES)}
        return outlined(name, value, LIMIT_BYTES)
    return {}


def of_data(value: object, notes: Sequence[str] = ()) -> Profile | None:
    """Return the profile of a frame or an array; ``None`` for anything else."""
    make = _maker(value)
    return None if make is None else make(value, notes)


_Maker: TypeAlias = Callable[[Any, Sequence[str]], Profile]


def _maker(value: object) -> _Maker | None:
    for kind in type(value).__mro__:
        library = kind.__module__.partition(".")[0]
        make = _MAKERS.get(f"{library}:{kind.__name__}")
        if make is not None and library in sys.modules:
            return make
    return None


def _label(name: object) -> str:
    text = name if isinstance(name, str) else repr(name)
    if has_secret_form(text):
        return "…"
    return text if len(text) <= _NAME_CHARACTERS else text[: _NAME_CHARACTERS - 1] + "…"


def _frame(
    shape: tuple[int, int],
    names: Iterable[object],
    types: Iterable[str],
    notes: Sequence[str],
    elements: Callable[[int, list[int]], Iterable[Any]],
) -> Profile:
    """Return the profile of a frame; `elements` gives those of a column at some places."""
    rows, width = shape
    columns: list[JSON] = []
    taken: dict[str, int] = {}
    left = LIMIT_BYTES
    for place, (name, kind) in enumerate(zip(names, types, strict=True)):
        label = _label(name)
        taken[label] = taken.get(label, 0) + 1
        label += f"#{taken[label]}" if taken[label] > 1 else ""
        left -= len(label) + len(kind) + 20
        if left < 0:
            break
        columns.append([label, kind, notes[place] if place < len(notes) else ""])
    found: Profile = {"kind": "frame", "rows": rows, "width": width, "columns": columns}
    most = LIMIT_BYTES * 3 // 4 // sample.DIGEST_BYTES // max(len(columns), 1)
    if most >= _FEWEST or rows <= most:
        at = list(sample.places(rows, most))
        kept: list[JSON] = [_kept(elements(place, at)) for place in range(len(columns))]
        found |= {"most": most, "samples": kept}
    return found


def _kept(elements: Any) -> str | None:
    return sample.of_elements(elements) if hasattr(elements, "dtype") else sample.sample(elements)


def _taken(series: Any) -> Any:
    """Return the values of a series as an array where numpy holds them, else as a list."""
    plain = type(series.dtype).__module__.partition(".")[0] == "numpy"
    return series.to_numpy() if plain else series.tolist()


def _pandas_frame(value: Any, notes: Sequence[str]) -> Profile:
    whole = len(notes) == value.shape[1] + 1
    found = _frame(
        value.shape,
        value.columns,
        (_dtype(dtype) for dtype in value.dtypes),
        notes[1:] if whole else (),
        lambda place, at: _taken(value.iloc[at, place]),
    )
    return found | {"index": _index(value.index, notes[0] if whole else "")}


def _dtype(dtype: object) -> str:
    """Return the text of a dtype; without the categories that it may list, which are values."""
    text = str(dtype)
    for kind in ("Enum", "Categorical", "category", "dictionary"):
        if text.startswith(kind):
            return kind
    return text[:_NAME_CHARACTERS]


def _index(index: Any, note: str) -> JSON:
    names: list[JSON] = [None if name is None else _label(name) for name in index.names]
    return [type(index).__name__, str(getattr(index, "dtype", ""))[:_NAME_CHARACTERS], names, note]


def _pandas_series(value: Any, notes: Sequence[str]) -> Profile:
    index_note, note = notes if len(notes) == 2 else ("", "")
    return {
        "kind": "array",
        "shape": [len(value)],
        "dtype": _dtype(value.dtype),
        "most": _SAMPLED,
        "sample": _kept(_taken(value.iloc[_places(value)])),
        "digest": note,
        "name": None if value.name is None else _label(value.name),
        "index": _index(value.index, index_note),
    }


def _pandas_index(value: Any, notes: Sequence[str]) -> Profile:
    return _column(len(value), value.dtype, value[_places(value)].tolist())


def _polars_frame(value: Any, notes: Sequence[str]) -> Profile:
    return _frame(
        value.shape,
        value.columns,
        map(_dtype, value.dtypes),
        notes if len(notes) == value.width else (),
        lambda place, at: value.to_series(place).gather(at).to_list(),
    )


def _polars_series(value: Any, notes: Sequence[str]) -> Profile:
    elements = value.gather(_places(value)).to_list()
    return _column(len(value), value.dtype, elements) | {"name": _label(value.name)}


def _arrow_table(value: Any, notes: Sequence[str]) -> Profile:
    return _frame(
        value.shape,
        value.column_names,
        (_dtype(field.type) for field in value.schema),
        notes if len(notes) == value.num_columns else (),
        lambda place, at: value.column(place).take(at).to_pylist(),
    )


def _arrow_array(value: Any, notes: Sequence[str]) -> Profile:
    elements = value.take(_places(value)).to_pylist()
    return _column(len(value), value.type, elements)


def _places(value: Any) -> list[int]:
    return list(sample.places(len(value), _SAMPLED))


def _column(length: int, dtype: object, elements: Iterable[Any]) -> Profile:
    found: Profile = {"kind": "array", "shape": [length], "dtype": _dtype(dtype)}
    return found | {"most": _SAMPLED, "sample": sample.sample(elements)}


def _array(value: Any, notes: Sequence[str]) -> Profile:
    plain = sys.modules["numpy"].asarray(value.data if hasattr(value, "mask") else value)
    flags = plain.flags
    return {
        "kind": "array",
        "shape": list(plain.shape),
        "dtype": _dtype(plain.dtype),
        "order": "F" if flags.f_contiguous and not flags.c_contiguous else "C",
        "most": _SAMPLED,
        "sample": sample.of_array(plain, _SAMPLED),
    }


def _tensor(value: Any, notes: Sequence[str]) -> Profile:
    found: Profile = {"kind": "array", "shape": list(value.shape), "dtype": str(value.dtype)}
    if value.device.type != "cpu":
        return found | {"device": str(value.device)}
    flat = value.detach().reshape(-1) if value.is_contiguous() else None
    if flat is not None:
        elements = flat[_places(flat)].tolist()
        found |= {"most": _SAMPLED, "sample": sample.sample(elements)}
    return found


def _sparse(value: Any, notes: Sequence[str]) -> Profile:
    found = {"kind": "array", "shape": list(value.shape), "dtype": str(value.dtype)}
    return {**found, "order": value.format, "stored": int(value.nnz)}


def _sequence(value: Any) -> Profile:
    found: Profile = {"kind": "sequence", "of": type(value).__name__, "size": len(value)}
    if isinstance(value, (list, tuple)):
        kept = sample.sample(value[place] for place in _places(value))
        found |= {"most": _SAMPLED, "sample": kept}
    return found


def _text(value: str) -> Profile:
    lines = value.splitlines()
    kept = sample.sample(lines) if len(lines) <= _LINES else None
    return {"kind": "text", "size": len(value), "lines": len(lines), "sample": kept}


_MAKERS: Mapping[str, _Maker] = {
    "pandas:DataFrame": _pandas_frame,
    "pandas:Series": _pandas_series,
    "pandas:Index": _pandas_index,
    "polars:DataFrame": _polars_frame,
    "polars:Series": _polars_series,
    "pyarrow:Table": _arrow_table,
    "pyarrow:RecordBatch": _arrow_table,
    "pyarrow:Array": _arrow_array,
    "pyarrow:ChunkedArray": _arrow_array,
    "numpy:ndarray": _array,
    "torch:Tensor": _tensor,
    "scipy:_spbase": _sparse,
    "scipy:spmatrix": _sparse,
}
