"""Readers written in C or Rust: what they are asked to open, which Python never sees.

While a step is watched, functions stand in for the public readers of the libraries that
are loaded, or that the step loads; each tells what it was asked for and calls the reader.
A reader that an earlier cell took by name (``from polars import read_csv``) is called
past them, unless it calls another one on its way.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.machinery import ModuleSpec
from types import CodeType, FrameType, ModuleType
from typing import Any

from zen_nb.core.locks import new_rlock
from zen_nb.observe.audit import tell
from zen_nb.observe.frames import module_of
from zen_nb.observe.standins import StandIn, put_back

_LAZY = (
    "collect_all",
    "LazyFrame.collect",
    "LazyFrame.collect_async",
    "LazyFrame.collect_batches",
    "LazyFrame.collect_schema",
    "LazyFrame.describe",
    "LazyFrame.fetch",
    "LazyFrame.profile",
    "LazyFrame.sink_*",
)
# Properties of lazy frames that read files by way of one of these.
_LAZY_PROPERTIES = frozenset({"columns", "dtypes", "schema", "width"})
# By module: names of functions, patterns of them, and methods.
READERS: Mapping[str, tuple[str, ...]] = {
    "pandas": ("read_parquet", "read_feather", "read_orc", "read_hdf", "read_excel"),
    "polars": ("read_[!cd]*", "read_csv*", "read_delta", "scan_*", *_LAZY),
    "pyarrow": ("memory_map", "input_stream"),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.dataset": ("dataset", "parquet_dataset"),
    "pyarrow.feather": ("read_feather", "read_table"),
    "pyarrow.json": ("read_json", "open_json"),
    "pyarrow.orc": ("read_table", "ORCFile.__init__"),
    "pyarrow.parquet": (
        "read_table",
        "read_pandas",
        "read_schema",
        "read_metadata",
        "ParquetFile.__init__",
        "ParquetDataset.__init__",
    ),
}
_ARGUMENTS = (
    "source",
    "sources",
    "path",
    "path_or_paths",
    "path_or_buf",
    "paths",
    "io",
    "where",
    "input_file",
    "metadata_path",
)
_WRITING = frozenset({"w", "r+", "rb+"})
_SCANNED = re.compile(r"SCAN \[(.*?)\]")
# Frames called so are skipped where warnings look for the line that is to blame.
_UNBLAMED = "<zen_nb importlib_bootstrap>"

_lock = new_rlock()
_watching = 0
_places: list[StandIn] = []


class ReaderWatch:
    """Keeps the stand-ins in place from `start` to `stop`; watches may overlap."""

    def __init__(self) -> None:
        self._open = False

    def start(self) -> None:
        """Begin."""
        global _watching  # noqa: PLW0603
        with _lock:
            self._open = True
            _watching += 1
            if _watching == 1:
                for name in READERS:
                    if name in sys.modules:
                        _stand_in(sys.modules[name])
                sys.meta_path.insert(0, _ARRIVALS)

    def stop(self) -> None:
        """End; harmless when repeated."""
        global _watching  # noqa: PLW0603
        with _lock:
            if not self._open:
                return
            self._open = False
            _watching -= 1
            if _watching == 0:
                sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _ARRIVALS]
                put_back(_places)
                _places.clear()


class _Arrivals:
    """Finds modules as the other finders do, and meets those with readers when they arrive."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in READERS:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                _meet(spec)
                return spec  # type: ignore[no-any-return]
        return None


_ARRIVALS: Any = _Arrivals()


def _meet(spec: ModuleSpec) -> None:
    """Let stand-ins follow as soon as the module is there."""
    loader: Any = spec.loader
    load = getattr(loader, "exec_module", None)
    if load is None:
        return

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        load(module)
        with _lock:
            if _watching:
                _stand_in(module)

    loader.exec_module = exec_module


def _stand_in(module: ModuleType) -> None:
    for owner, name in _readers(module):
        original = vars(owner)[name]
        if any(place.function() is original for place in _places):
            continue
        function = _telling(original, _teller(owner, name))
        # Also where it is defined: there pickle and its neighbours look for it.
        homes = (owner, sys.modules.get(original.__module__ or "", owner))
        _places.extend(
            StandIn.put(home, name, original, function)
            for home in homes
            if vars(home).get(name) is original
        )


def _readers(module: ModuleType) -> Iterator[tuple[Any, str]]:
    for pattern in READERS[module.__name__]:
        holder, _, wanted = pattern.rpartition(".")
        owner = getattr(module, holder, None) if holder else module
        if owner is not None:
            names = [name for name in vars(owner) if fnmatchcase(name, wanted)]
            yield from ((owner, name) for name in names if callable(vars(owner)[name]))


def _teller(owner: Any, name: str) -> Callable[..., None]:
    if name == "__init__":
        return _tell_paths_of_method
    return _tell_lazy if isinstance(owner, type) or name == "collect_all" else _tell_paths


def _telling(original: Callable[..., Any], told: Callable[..., None]) -> Callable[..., Any]:
    @functools.wraps(original)
    def telling(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        told(args, kwargs)
        return original(*args, **kwargs)

    function: Any = telling
    function.__code__ = _unblamed(function.__code__)
    return telling


@functools.cache
def _unblamed(code: CodeType) -> CodeType:
    return code.replace(co_filename=_UNBLAMED)


def _tell_paths(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    mode = kwargs.get("mode", args[1] if len(args) > 1 else None)
    if isinstance(mode, str) and mode in _WRITING:
        return
    for argument in (*args[:1], *(kwargs[name] for name in _ARGUMENTS if name in kwargs)):
        tell("reader", argument)


def _tell_paths_of_method(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    _tell_paths(args[1:], kwargs)


def _tell_lazy(args: Sequence[Any], _: Mapping[str, Any]) -> None:
    """Tell what a lazy frame is about to read; polars calls this for its own frames as well."""
    asker: FrameType | None = sys._getframe(2)
    if asker is not None and asker.f_code.co_name in _LAZY_PROPERTIES:
        asker = asker.f_back
    if asker is None or module_of(asker).startswith("polars."):
        return
    try:
        frames = args[0] if isinstance(args[0], (list, tuple)) else args[:1]
        plans = [frame.explain(optimized=False) for frame in frames]
    except Exception:  # whatever is wrong with it, the call itself says
        return
    for listed in (listed for plan in plans for listed in _SCANNED.findall(plan)):
        paths = [path for path in listed.split(", ") if not path.startswith("... ")]
        tell("lazy", paths, ", ... " not in listed and all(map(os.path.exists, paths)))
