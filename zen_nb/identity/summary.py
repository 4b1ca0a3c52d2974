"""What a person is shown of a value: short, bounded, and never a reason to fail.

Nothing here is part of a key. Large content is never touched, and what looks like
a secret is never shown.
"""

from __future__ import annotations

import contextlib
from enum import Enum
from typing import Any

from zen_nb.identity.secrets import has_secret_form, looks_secret, names_a_secret

LONGEST = 80

_SHORT_MODULES = frozenset({"datetime", "decimal", "fractions", "pathlib", "uuid"})
_SCALARS = (bool, int, float, complex, str, bytes, type(None))


def summarise(value: object, name: str = "") -> tuple[str, str]:
    """Return the name of the type and a line about the value; never raises.

    The line is ``""`` where the value's own code fails to say anything. What looks like a
    secret, by its form or by `name`, is described by its length at most.
    """
    kind = type(value)
    qualname = str(getattr(kind, "__qualname__", "object"))
    module = str(getattr(kind, "__module__", "builtins")).partition(".")[0]
    full = qualname if module == "builtins" else f"{module}.{qualname}"
    with contextlib.suppress(Exception):
        if kind in _SCALARS and looks_secret(name, value):
            return full, _length(value)
        if _is_short(value, module) and _tells_a_secret(name, value):
            return full, ""
        return full, _bounded(_describe(value, module))
    return full, ""


def shown_value(name: str, value: object) -> str | None:
    """Return a short repr of a parameter or small scalar; ``None`` for what may be a secret."""
    if type(value) not in _SCALARS or looks_secret(name, value):
        return None
    with contextlib.suppress(Exception):
        return _bounded(_scalar(value))
    return None


def _is_short(value: Any, module: str) -> bool:
    """Tell whether the line about a value is all of it."""
    if module in _SHORT_MODULES or isinstance(value, Enum):
        return True
    return module == "numpy" and getattr(value, "shape", None) == ()


def _tells_a_secret(name: str, value: object) -> bool:
    inside = value.value if isinstance(value, Enum) else str(value)
    return names_a_secret(name) or (isinstance(inside, str) and has_secret_form(inside))


def _bounded(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _scalar(value: object) -> str:
    if isinstance(value, (str, bytes)) and len(value) > LONGEST:
        return repr(value[:LONGEST]) + "…"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return f"{'-' if value < 0 else ''}integer of {value.bit_length()} bits"
    return repr(value)


def _describe(value: Any, module: str) -> str:
    if type(value) in _SCALARS:
        return _scalar(value)
    if module in _SHORT_MODULES or isinstance(value, Enum):
        return repr(value)
    if isinstance(value, (list, tuple, dict, set, frozenset, bytearray)):
        return _count(len(value), "item")
    if callable(value) and hasattr(value, "__qualname__"):
        return str(value.__qualname__)
    if module in _BY_LIBRARY:
        described = _BY_LIBRARY[module](value)
        if described is not None:
            return described
    if hasattr(type(value), "get_params"):
        return _estimator(value)
    return ""


def _length(value: object) -> str:
    return _count(len(value), "character") if isinstance(value, (str, bytes)) else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _by_shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape) if shape else "scalar"


def _of_numpy(value: Any) -> str | None:
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        return None
    return repr(value) if value.shape == () else f"{value.dtype} {_by_shape(value.shape)}"


def _of_table(value: Any) -> str | None:
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple):
        return None
    if len(shape) == 1 and hasattr(value, "dtype"):
        return f"{value.dtype} {_count(shape[0], 'row')}"
    return _by_shape(shape)


def _of_arrow(value: Any) -> str | None:
    if hasattr(value, "num_rows"):
        return _by_shape((value.num_rows, value.num_columns))
    return f"{value.type} {_count(len(value), 'row')}" if hasattr(value, "__len__") else None


def _of_scipy(value: Any) -> str | None:
    if not hasattr(value, "nnz"):
        return None
    return f"{value.dtype} {_by_shape(value.shape)}, {value.nnz:,} stored"


def _estimator(value: Any) -> str:
    """Show an estimator by the parameters that differ from its defaults and are small."""
    defaults = type(value)().get_params(deep=False) if _default_made(type(value)) else {}
    shown = []
    for name, setting in sorted(value.get_params(deep=False).items()):
        if type(setting) in _SCALARS and not (
            name in defaults
            and type(defaults[name]) is type(setting)
            and repr(defaults[name]) == repr(setting)
        ):
            text = shown_value(name, setting)
            shown.append(f"{name}={'…' if text is None else text}")
    return f"{type(value).__name__}({', '.join(shown)})"


def _default_made(kind: type) -> bool:
    """Tell whether making one without arguments runs nobody's code but a library's."""
    return kind.__module__.partition(".")[0] == "sklearn"


_BY_LIBRARY = {
    "numpy": _of_numpy,
    "pandas": _of_table,
    "polars": _of_table,
    "pyarrow": _of_arrow,
    "scipy": _of_scipy,
}
