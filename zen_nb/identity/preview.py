"""A first look at a value, as plain data: what a page shows of an artifact without loading it.

Made when the step is stored, from values of known types alone: nobody's own code runs, large
content is sampled, and what looks like a secret is masked.

A preview is one of
``{"kind": "table", "columns": […], "types": […], "index": […], "rows": [[…]], "shape": [r, c]}``,
``{"kind": "plot", "low": […], "high": […], "length": n}`` (least and greatest of each stretch),
``{"kind": "picture", "png": "…", "width": w, "height": h}`` (base64),
``{"kind": "parameters", "rows": [[name, value]], "text": "…"}``,
``{"kind": "text", "text": "…"}``.
"""

from __future__ import annotations

import base64
import contextlib
import io
import math
import reprlib
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from zen_nb.core.model import JSON
from zen_nb.identity.secrets import has_secret_form, looks_secret, names_a_secret

Preview = dict[str, JSON]

ROWS, COLUMNS, CELL, TEXT = 8, 12, 40, 600
STRETCHES, SAMPLED = 96, 1 << 14
PIXELS = 240
PARAMETERS = 40
MOST = 24
_MASK = "•••"
_SCALARS = (bool, int, float, complex, str, type(None))
_CONTAINERS = (list, tuple, dict, set, frozenset)


def preview(name: str, value: object) -> Preview | None:
    """Return a first look at `value`; ``None`` where its type is not known. Never raises."""
    if names_a_secret(name):
        return None
    with contextlib.suppress(Exception):
        kind = type(value)
        if kind in _SCALARS:
            return None if looks_secret(name, value) else _text(_plain(value))
        if kind in _CONTAINERS:
            return _text(_BRIEF.repr(value))
        return _of_library(value, str(kind.__module__).partition(".")[0])
    return None


def previews(values: Mapping[str, object], most_s: float) -> dict[str, JSON]:
    """Return a first look at each of some values, at most `MOST`, and none after `most_s`."""
    found: dict[str, JSON] = {}
    until = time.perf_counter() + most_s
    for name, value in values.items():
        if len(found) >= MOST or time.perf_counter() > until:
            break
        if (shown := preview(name, value)) is not None:
            found[name] = shown
    return found


def _of_library(value: Any, library: str) -> Preview | None:
    if library == "sklearn" and hasattr(type(value), "get_params"):
        return _estimator(value)
    look = _LOOKS.get((library, type(value).__name__))
    return look(value) if look is not None else None


# ---------------------------------------------------------------- tables


def _table(
    columns: Iterable[object],
    types: Iterable[object],
    index: Iterable[object],
    rows: Iterable[Iterable[object]],
    shape: tuple[int, int],
) -> Preview:
    names = [_cell(name) for name in columns]
    hidden = [names_a_secret(name) for name in names]
    return {
        "kind": "table",
        "columns": [*names],
        "types": [str(each)[:CELL] for each in types],
        "index": [_cell(each) for each in index],
        "rows": [
            [_MASK if secret else _cell(each) for each, secret in zip(row, hidden, strict=True)]
            for row in rows
        ],
        "shape": [*shape],
    }


def _pandas_frame(value: Any) -> Preview:
    head = value.iloc[:ROWS, :COLUMNS]
    columns = [head.iloc[:, place].tolist() for place in range(head.shape[1])]
    rows = list(zip(*columns, strict=True)) if columns else [()] * head.shape[0]
    return _table(head.columns, head.dtypes, head.index, rows, value.shape)


def _pandas_series(value: Any) -> Preview:
    if value.dtype.kind in "biuf" and isinstance(value.dtype, _numpy().dtype) and len(value) > ROWS:
        return _plot(value.to_numpy())
    head = value.iloc[:ROWS]
    rows = [(each,) for each in head.tolist()]
    return _table([value.name], [value.dtype], head.index, rows, (len(value), 1))


def _pandas_index(value: Any) -> Preview:
    rows = [(each,) for each in value[:ROWS].tolist()]
    return _table([value.name], [value.dtype], range(len(rows)), rows, (len(value), 1))


def _polars_frame(value: Any) -> Preview:
    head = value[:ROWS, :COLUMNS]
    return _table(head.columns, head.dtypes, range(head.height), head.rows(), value.shape)


def _polars_series(value: Any) -> Preview:
    if value.dtype.is_numeric() and len(value) > ROWS:
        return _plot(value.cast(sys.modules["polars"].Float64).to_numpy())
    rows = [(each,) for each in value[:ROWS].to_list()]
    return _table([value.name], [value.dtype], range(len(rows)), rows, (len(value), 1))


def _arrow_table(value: Any) -> Preview:
    head = value.slice(0, ROWS).select(list(range(min(COLUMNS, value.num_columns))))
    columns = [column.to_pylist() for column in head.columns]
    rows = list(zip(*columns, strict=True)) if columns else [()] * head.num_rows
    shape = (value.num_rows, value.num_columns)
    return _table(head.column_names, head.schema.types, range(len(rows)), rows, shape)


# ---------------------------------------------------------------- arrays and pictures


def _array(value: Any) -> Preview | None:
    if value.dtype.kind not in "biufcSUmM" or value.ndim == 0:
        return (
            _text(_plain(value.item())) if value.ndim == 0 and value.dtype.kind in "biuf" else None
        )
    if value.ndim == 1 and value.dtype.kind in "biuf" and len(value) > ROWS:
        return _plot(value)
    flat = value if value.ndim <= 2 else value.reshape(value.shape[0], -1)
    head = flat[:ROWS, None] if flat.ndim == 1 else flat[:ROWS, :COLUMNS]
    width = 1 if flat.ndim == 1 else flat.shape[1]
    names = range(head.shape[1])
    types = [value.dtype] * head.shape[1]
    return _table(names, types, range(head.shape[0]), head.tolist(), (flat.shape[0], width))


def _plot(array: Any) -> Preview:
    """Return the least and the greatest of each stretch; of many, evenly taken ones."""
    numpy = _numpy()
    length = len(array)
    taken = numpy.asarray(array[:: max(1, length // SAMPLED)], dtype="float64")
    taken = numpy.where(numpy.isfinite(taken), taken, numpy.nan)
    begins = numpy.linspace(0, len(taken), min(STRETCHES, len(taken)), endpoint=False).astype(int)
    low = numpy.fmin.reduceat(taken, begins)
    high = numpy.fmax.reduceat(taken, begins)
    return {"kind": "plot", "low": _rounded(low), "high": _rounded(high), "length": length}


def _picture(value: Any) -> Preview:
    small = value.copy()
    small.thumbnail((PIXELS, PIXELS))
    if small.mode not in ("RGB", "RGBA", "L"):
        small = small.convert("RGBA" if "transparency" in small.info else "RGB")
    packed = io.BytesIO()
    small.save(packed, "PNG")
    return {
        "kind": "picture",
        "png": base64.b64encode(packed.getvalue()).decode(),
        "width": small.width,
        "height": small.height,
    }


def _numpy() -> Any:
    return sys.modules["numpy"]


def _rounded(values: Any) -> list[JSON]:
    return [None if math.isnan(each) else float(f"{each:.6g}") for each in values.tolist()]


# ---------------------------------------------------------------- models and texts


def _estimator(value: Any) -> Preview:
    rows: list[JSON] = []
    for name, setting in sorted(value.get_params(deep=False).items())[:PARAMETERS]:
        shown = _MASK if looks_secret(name, setting) else _setting(setting)
        rows.append([str(name)[:CELL], shown])
    return {"kind": "parameters", "rows": rows, "text": type(value).__qualname__}


def _setting(value: object) -> str:
    """Say a setting of a model; of another model, what it is called."""
    kind = type(value)
    if kind in _SCALARS or kind in _CONTAINERS:
        return _BRIEF.repr(value)[: 3 * CELL]
    return kind.__qualname__


def _cell(value: object) -> str:
    if isinstance(value, str):
        text = str(value)
        if has_secret_form(text):
            return _MASK
    elif isinstance(value, float):
        text = f"{value:.6g}"
    elif type(value) in _SCALARS or type(value).__module__.partition(".")[0] in _PLAIN_MODULES:
        text = str(value)
    elif type(value) in _CONTAINERS:
        text = _BRIEF.repr(value)
    else:
        text = type(value).__qualname__
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


_PLAIN_MODULES = frozenset({"numpy", "pandas", "datetime", "decimal", "fractions", "uuid"})


def _text(text: str) -> Preview:
    return {"kind": "text", "text": text if len(text) <= TEXT else text[: TEXT - 1] + "…"}


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value[: TEXT + 1]
    if isinstance(value, int) and value.bit_length() > 4 * TEXT:
        return f"integer of {value.bit_length()} bits"
    return repr(value)


class _Brief(reprlib.Repr):
    """Says builtin values; of all others their type alone, since their own code may do anything."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 12
        self.maxdict = 12
        self.maxstring = self.maxlong = self.maxother = 60

    def repr1(self, x: Any, level: int) -> str:
        kind = type(x)
        if kind is str and has_secret_form(x):
            return _MASK
        if kind in _CONTAINERS:
            return super().repr1(x, level)
        if kind in _SCALARS:
            return super().repr1(x, level)
        return f"<{kind.__qualname__}>"

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        if level <= 0 or not x:
            return "{…}" if x else "{}"
        shown = []
        for key, value in list(x.items())[: self.maxdict]:
            hidden = isinstance(key, str) and looks_secret(key, value)
            said = _MASK if hidden else self.repr1(value, level - 1)
            shown.append(f"{self.repr1(key, level - 1)}: {said}")
        more = ", …" if len(x) > self.maxdict else ""
        return "{" + ", ".join(shown) + more + "}"

    def _repr_set(self, x: Any, level: int) -> str:
        shown = sorted(self.repr1(each, level - 1) for each in list(x)[: self.maxset])
        more = ", …" if len(x) > self.maxset else ""
        return "{" + ", ".join(shown) + more + "}"

    def repr_set(self, x: set[Any], level: int) -> str:
        return self._repr_set(x, level) if x else "set()"

    def repr_frozenset(self, x: frozenset[Any], level: int) -> str:
        return f"frozenset({self._repr_set(x, level) if x else ''})"


_BRIEF = _Brief()
_LOOKS: Mapping[tuple[str, str], Callable[[Any], Preview | None]] = {
    ("pandas", "DataFrame"): _pandas_frame,
    ("pandas", "Series"): _pandas_series,
    ("pandas", "Index"): _pandas_index,
    ("pandas", "DatetimeIndex"): _pandas_index,
    ("pandas", "RangeIndex"): _pandas_index,
    ("polars", "DataFrame"): _polars_frame,
    ("polars", "Series"): _polars_series,
    ("pyarrow", "Table"): _arrow_table,
    ("numpy", "ndarray"): _array,
    **{("PIL", name): _picture for name in ("Image", "PngImageFile", "JpegImageFile")},
}
