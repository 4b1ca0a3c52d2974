"""Settings of matplotlib, pandas, numpy and scikit-learn, and of how notebooks show figures.

A library is never imported to be read; one that a change belongs to is imported to make it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from zen_nb.observe.changes import MappingChange, mapping_change


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
        tree = _pandas_tree()
        return None if tree is None else _flat(tree)

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


def _pandas_tree() -> Mapping[str, Any] | None:
    library = sys.modules.get("pandas._config.config")
    return getattr(library, "_global_config", {}) if "pandas" in sys.modules else None


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

PANDAS = PandasOptions()


class PolarsConfig:
    """What ``polars.Config`` sets, which polars keeps in the environment and reads there itself."""

    name = "polars.config"

    def read(self) -> dict[bytes, bytes] | None:
        if "polars" not in sys.modules:
            return None
        held: dict[bytes, bytes] = vars(os.environ)["_data"]
        return {name: value for name, value in held.items() if name.startswith(b"POLARS_")}

    def change(
        self, before: dict[bytes, bytes] | None, after: dict[bytes, bytes]
    ) -> MappingChange | None:
        return mapping_change(before or {}, after)

    def make(self, change: MappingChange) -> None:
        for name, value in change.put.items():
            os.environ[os.fsdecode(name)] = os.fsdecode(value)
        for name in change.dropped:
            os.environ.pop(os.fsdecode(name), None)


class ElementNumbers:
    """How far scikit-learn has counted the elements that it has drawn on the page.

    What a step has drawn is counted on a hit too, from wherever the count stands.
    """

    name = "sklearn.elements"
    _MODULES = ("sklearn.utils._repr_html.estimator", "sklearn.utils._estimator_html_repr")
    _COUNTERS = ("_CONTAINER_ID_COUNTER", "_ESTIMATOR_ID_COUNTER")

    def read(self) -> dict[str, int] | None:
        found = {name: counter.count for name, counter in self._counters()}
        return found or None

    def change(self, before: dict[str, int] | None, after: dict[str, int]) -> dict[str, int] | None:
        drawn = {name: count - (before or {}).get(name, 0) for name, count in after.items()}
        return drawn if any(drawn.values()) else None

    def make(self, change: dict[str, int]) -> None:
        for name, counter in self._counters():
            counter.count += change.get(name, 0)

    def _counters(self) -> Iterator[tuple[str, Any]]:
        modules = (sys.modules.get(name) for name in self._MODULES)
        for module in modules:
            for name in self._COUNTERS:
                counter = getattr(module, name, None)
                if type(getattr(counter, "count", None)) is int:
                    yield name, counter


LIBRARY_SETTINGS = (
    RcParams(),
    ColourLetters(),
    PANDAS,
    NumpyState("numpy.printoptions", "get_printoptions", "set_printoptions", _PRINT_DEFAULTS),
    NumpyState("numpy.err", "geterr", "seterr", _ERROR_DEFAULTS),
    SklearnConfig(),
    PolarsConfig(),
    ElementNumbers(),
    FigureFormats(),
)


@dataclass(frozen=True, slots=True)
class View:
    """Some options of pandas: a step can depend on them and on none of the others."""

    name: str
    shows: bool
    whole: str = PANDAS.name

    def of(self, state: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return what belongs here of a reading of all options."""
        if state is None:
            return None
        wanted = self.shows
        return {k: v for k, v in state.items() if (k.partition(".")[0] in _SHOWING) is wanted}

    def read(self) -> dict[str, Any] | None:
        """Return how they stand now."""
        tree = _pandas_tree()
        if tree is None:
            return None
        return _flat({k: part for k, part in tree.items() if (k in _SHOWING) is self.shows})

    def change(self, before: dict[str, Any] | None, after: dict[str, Any]) -> MappingChange | None:
        """Return those that differ."""
        return PANDAS.change(before, after)


_SHOWING = frozenset({"display", "styler", "plotting"})
VIEWS = (View("pandas.display", shows=True), View("pandas.compute", shows=False))
