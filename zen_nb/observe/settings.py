"""Settings that a step may change beside its variables, read and changed back item by item.

Each setting can be read (``None`` where its library is not loaded), two readings can be
told apart as a change that is small and can be pickled, and a change can be made again.
A library is never imported to be read; one that a change belongs to is imported to make it.
"""

from __future__ import annotations

import decimal
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol


class Setting(Protocol):
    """One kind of state outside the variables."""

    name: str

    def read(self) -> Any:
        """Return a copy of the present state, ``None`` where its library is not loaded."""

    def change(self, before: Any, after: Any) -> Any:
        """Return what leads from `before` to `after`, ``None`` where they are equal."""

    def make(self, change: Any) -> None:
        """Make a change again."""


@dataclass(frozen=True, slots=True)
class MappingChange:
    """Items that were set, and names that were taken away."""

    put: Mapping[Any, Any]
    dropped: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class ListChange:
    """What came first, what came last and what went; or the whole list where neither tells."""

    first: tuple[Any, ...] = ()
    last: tuple[Any, ...] = ()
    whole: tuple[Any, ...] | None = None


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:
        return False


def mapping_change(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> MappingChange | None:
    """Return the items that differ, ``None`` where none does."""
    if _same(before, after):
        return None
    absent = object()
    put = {k: v for k, v in after.items() if not _same(before.get(k, absent), v)}
    dropped = tuple(k for k in before if k not in after)
    return MappingChange(put, dropped) if put or dropped else None


def list_change(before: Sequence[Any], after: Sequence[Any]) -> ListChange | None:
    """Return what was added at either end, else the whole list; ``None`` where they are equal."""
    old, new = tuple(before), tuple(after)
    if old == new:
        return None
    if old and new[len(new) - len(old) :] == old:
        return ListChange(first=new[: len(new) - len(old)])
    if new[: len(old)] == old:
        return ListChange(last=new[len(old) :])
    return ListChange(whole=new)


def changed_list(now: Sequence[Any], change: ListChange) -> list[Any]:
    """Return `now` with a change made; what is there already is not added twice."""
    if change.whole is not None:
        return list(change.whole)
    kept = [item for item in now if item not in change.first and item not in change.last]
    return [*change.first, *kept, *change.last]


class Environ:
    """``os.environ``, as bytes and past the class that observes reads."""

    name = "os.environ"
    change = staticmethod(mapping_change)

    def read(self) -> dict[Any, Any]:
        return dict(vars(os.environ)["_data"])

    def make(self, change: MappingChange) -> None:
        for name, value in change.put.items():
            os.environ[os.environ.decodekey(name)] = os.environ.decodevalue(value)
        for name in change.dropped:
            os.environ.pop(os.environ.decodekey(name), None)


class WorkingDirectory:
    """The current folder of the process."""

    name = "working directory"

    def read(self) -> str:
        return os.getcwd()

    def change(self, before: str, after: str) -> str | None:
        return after if before != after else None

    def make(self, change: str) -> None:
        os.chdir(change)


class SearchPath:
    """``sys.path``."""

    name = "sys.path"
    change = staticmethod(list_change)

    def read(self) -> list[str]:
        return list(sys.path)

    def make(self, change: ListChange) -> None:
        sys.path[:] = changed_list(sys.path, change)


class WarningFilters:
    """The filters of the warnings module."""

    name = "warnings.filters"
    change = staticmethod(list_change)

    def read(self) -> list[Any]:
        return list(warnings.filters)

    def make(self, change: ListChange) -> None:
        wanted = changed_list(warnings.filters, change)
        warnings.resetwarnings()  # tells the module that what it remembers is out of date
        warnings.filters[:] = wanted  # type: ignore[index]


class LogLevels:
    """Levels of all loggers that have one; the root under ``""``, what is disabled ``None``."""

    name = "logging"
    change = staticmethod(mapping_change)

    def read(self) -> dict[str | None, int]:
        known = logging.root.manager.loggerDict.items()
        levels: dict[str | None, int] = {
            name: logger.level
            for name, logger in known
            if isinstance(logger, logging.Logger) and logger.level
        }
        return levels | {"": logging.root.level, None: logging.root.manager.disable}

    def make(self, change: MappingChange) -> None:
        for name, level in change.put.items():
            if name is None:
                logging.disable(level)
            else:
                logging.getLogger(name).setLevel(level)
        for name in change.dropped:
            logging.getLogger(name).setLevel(logging.NOTSET)


class RcParams:
    """Matplotlib's settings, without those of the backend."""

    name = "matplotlib.rcParams"

    def read(self) -> dict[str, Any] | None:
        library = sys.modules.get("matplotlib")
        return None if library is None else _rc_items(getattr(library, "rcParams", {}))

    def change(self, before: dict[str, Any] | None, after: dict[str, Any]) -> MappingChange | None:
        start = before or _rc_items(import_module("matplotlib").rcParamsOrig)
        return mapping_change(start, after)

    def make(self, change: MappingChange) -> None:
        settings = import_module("matplotlib").rcParams
        for name, value in change.put.items():
            if name in settings:
                dict.__setitem__(settings, name, list(value) if type(value) is list else value)


# The shell sets these with the first figure; they say where figures go, not what they show.
_OF_THE_BACKEND = frozenset({"backend", "interactive"})


def _rc_items(settings: Any) -> dict[str, Any]:
    return {
        name: list(value) if type(value) is list else value
        for name, value in dict.items(settings)
        if name not in _OF_THE_BACKEND
    }


class ColourLetters:
    """What ``"b"`` or ``"r"`` mean in matplotlib; styles redefine them."""

    name = "matplotlib.colors"

    def read(self) -> dict[str, Any] | None:
        library = sys.modules.get("matplotlib.colors")
        named = getattr(library, "_colors_full_map", None)
        return None if named is None else {letter: named[letter] for letter in "bgrcmykw"}

    def change(self, before: dict[str, Any] | None, after: dict[str, Any]) -> MappingChange | None:
        return mapping_change(before or dict(import_module("matplotlib.colors").BASE_COLORS), after)

    def make(self, change: MappingChange) -> None:
        colors = import_module("matplotlib.colors")
        for letter, colour in change.put.items():
            colors._colors_full_map[letter] = colour
        colors._colors_full_map.cache.clear()


class PandasOptions:
    """All options of pandas, by their dotted names."""

    name = "pandas.options"

    def read(self) -> dict[str, Any] | None:
        library = sys.modules.get("pandas._config.config")
        if library is None or "pandas" not in sys.modules:
            return None
        return _flat(getattr(library, "_global_config", {}))

    def change(self, before: dict[str, Any] | None, after: dict[str, Any]) -> MappingChange | None:
        if before is None:
            registered = import_module("pandas._config.config")._registered_options
            before = {name: option.defval for name, option in registered.items()}
        found = mapping_change(before, after)
        return MappingChange(found.put) if found and found.put else None

    def make(self, change: MappingChange) -> None:
        pandas = import_module("pandas")
        for name, value in change.put.items():
            pandas.set_option(name, value)


def _flat(tree: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if type(value) is dict:
            found.update(_flat(value, f"{above}{name}."))
        else:
            found[above + name] = value
    return found


class NumpyState:
    """One of numpy's global settings that a function returns and another one sets."""

    def __init__(self, name: str, reader: str, writer: str, defaults: Mapping[str, Any]) -> None:
        self.name = name
        self._defaults = defaults
        self._reader = reader
        self._writer = writer

    def read(self) -> dict[str, Any] | None:
        library = sys.modules.get("numpy")
        read: Callable[[], dict[str, Any]] | None = getattr(library, self._reader, None)
        return None if read is None else dict(read())

    def change(self, before: dict[str, Any] | None, after: dict[str, Any]) -> MappingChange | None:
        found = mapping_change(self._defaults if before is None else before, after)
        return MappingChange(found.put) if found and found.put else None

    def make(self, change: MappingChange) -> None:
        getattr(import_module("numpy"), self._writer)(**change.put)


class SklearnConfig:
    """What ``sklearn.set_config`` sets."""

    name = "sklearn.config"

    def read(self) -> dict[str, Any] | None:
        get_config = getattr(sys.modules.get("sklearn"), "get_config", None)
        return None if get_config is None else dict(get_config())

    def change(self, before: dict[str, Any] | None, after: dict[str, Any]) -> MappingChange | None:
        # Each thread has a copy of its own, so that this one stays as the library came.
        start = import_module("sklearn._config")._global_config if before is None else before
        return mapping_change(start, after)

    def make(self, change: MappingChange) -> None:
        import_module("sklearn").set_config(**change.put)


class DecimalContext:
    """Precision, rounding and limits of ``decimal``, not the flags that computing raises."""

    name = "decimal.context"
    change = staticmethod(mapping_change)
    _NAMES = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")

    def read(self) -> dict[str, Any]:
        context = decimal.getcontext()
        return {name: getattr(context, name) for name in self._NAMES} | {
            kind.__name__: bool(on) for kind, on in context.traps.items()
        }

    def make(self, change: MappingChange) -> None:
        context = decimal.getcontext()
        for name, value in change.put.items():
            if name in self._NAMES:
                setattr(context, name, value)
            else:
                context.traps[getattr(decimal, name)] = value


class FigureFormats:
    """As what the page shows matplotlib's figures.

    The shell sets this up with the first figure: until then it stands at the defaults.
    """

    name = "inline.figures"
    change = staticmethod(mapping_change)

    def read(self) -> dict[str, Any]:
        backend = _inline_backend()
        if backend is None:
            return dict(_FIGURE_DEFAULTS)
        return {name: _plain(getattr(backend, name)) for name in _FIGURE_DEFAULTS}

    def make(self, change: MappingChange) -> None:
        backend = _inline_backend()
        for name, value in change.put.items() if backend is not None else ():
            setattr(backend, name, set(value) if name == "figure_formats" else value)


_FIGURE_DEFAULTS: Mapping[str, Any] = {
    "figure_formats": ["png"],
    "print_figure_kwargs": {"bbox_inches": "tight"},
    "rc": {},
    "close_figures": True,
}


def _inline_backend() -> Any:
    library = sys.modules.get("matplotlib_inline.config")
    kind = getattr(library, "InlineBackend", None)
    return kind._instance if kind is not None and kind.initialized() else None


def _plain(value: Any) -> Any:
    if isinstance(value, set):
        return sorted(value)
    return dict(value) if isinstance(value, Mapping) else value


# What numpy documents as its own defaults: how things stand while it is not imported.
_PRINT_DEFAULTS: Mapping[str, Any] = {
    "edgeitems": 3,
    "threshold": 1000,
    "floatmode": "maxprec",
    "precision": 8,
    "suppress": False,
    "linewidth": 75,
    "nanstr": "nan",
    "infstr": "inf",
    "sign": "-",
    "formatter": None,
    "legacy": False,
    "override_repr": None,
}
_ERROR_DEFAULTS: Mapping[str, Any] = {
    "divide": "warn",
    "over": "warn",
    "under": "ignore",
    "invalid": "warn",
}

SETTINGS: tuple[Setting, ...] = (
    Environ(),
    WorkingDirectory(),
    SearchPath(),
    WarningFilters(),
    LogLevels(),
    RcParams(),
    ColourLetters(),
    PandasOptions(),
    NumpyState("numpy.printoptions", "get_printoptions", "set_printoptions", _PRINT_DEFAULTS),
    NumpyState("numpy.err", "geterr", "seterr", _ERROR_DEFAULTS),
    SklearnConfig(),
    DecimalContext(),
    FigureFormats(),
)

_SECRET_NAME = re.compile(r"key|token|secret|passw|credential|auth", re.IGNORECASE)
_SECRET_FORM = re.compile(r"^(sk-|ghp_|xox[a-z]-|AKIA|eyJ)|://[^/@\s]+:[^/@\s]+@|PRIVATE KEY")


def secret_names(change: MappingChange) -> tuple[str, ...]:
    """Return the variables whose values look like secrets and must not be kept."""
    decoded = {os.fsdecode(k): os.fsdecode(v) for k, v in change.put.items()}
    return tuple(
        name
        for name, value in sorted(decoded.items())
        if value and (_SECRET_NAME.search(name) or _SECRET_FORM.search(value))
    )
