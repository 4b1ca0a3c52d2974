"""Which paths are never traced, and how a path is named to a person."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module

from zen_nb.core.model import JSON

# Of what is in shared memory, only what libraries keep there for their own processes.
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "pts/", "std", "fd/", "ptmx")
_SHARED = ("sem.", "psm_", "pym-", "joblib_memmapping_folder")
_SYSTEM = (
    "/proc/",
    "/sys/",
    "/usr/share/zoneinfo/",
    "/usr/share/fonts/",
    *(f"/dev/{name}" for name in _DEVICES),
    *(f"/dev/shm/{name}" for name in _SHARED),  # noqa: S108 - looked at, never written
)
_TOOL_FOLDERS = (
    ".ipython",
    ".jupyter",
    ".matplotlib",
    ".cache/matplotlib",
    ".config/matplotlib",
    ".cache/fontconfig",
    ".local/share/jupyter",
    ".local/share/fonts",
    "Library/Jupyter",
    "Library/Caches/matplotlib",
)
_TOOL_VARIABLES = (
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "MPLCONFIGDIR",
)


def never_traced(path: str, left_out: tuple[str, ...]) -> bool:
    """Tell whether an absolute path is the machine's, an installed package's or a tool's own."""
    if path.startswith(left_out):
        return True
    if f"{os.sep}__pycache__{os.sep}" in path + os.sep:
        return True
    return path.endswith((".pyc", ".pyo", "matplotlibrc"))


def seen_from(path: str, folder: str) -> str:
    """Return `path` as the user sees it: relative to `folder` when below it."""
    if path == folder:
        return "."
    prefix = folder.rstrip(os.sep) + os.sep
    return path.removeprefix(prefix)


def guard_of_place(path: str, given: str, cwd: str) -> dict[str, JSON]:
    """Return where a path is; one that was spelled relative follows the working directory."""
    relative = not os.path.isabs(given) and os.path.join(cwd, given)
    here = bool(relative) and os.path.normpath(str(relative)) == path
    return {"path": path, "relative": os.path.normpath(given) if here else None}


def present_path(guard: Mapping[str, JSON]) -> str:
    """Return where the path is now: a relative one follows the working directory."""
    relative = guard.get("relative")
    return os.path.abspath(relative) if isinstance(relative, str) else str(guard.get("path"))


def installed_folders() -> tuple[str, ...]:
    """Return the folders of Python itself and of installed packages, each ending in a slash."""
    return _installed(tuple(sys.path))


@lru_cache(maxsize=8)
def _installed(search_path: tuple[str, ...]) -> tuple[str, ...]:
    scheme = sysconfig.get_paths()
    folders = {scheme[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {os.path.dirname(os.__file__), site.getusersitepackages()}
    folders |= {p for p in search_path if p.endswith(("site-packages", "dist-packages"))}
    # zen_nb itself, wherever it lies: what it does for itself is not the step's.
    folders.add(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    both = {os.path.abspath(p) for p in folders} | {os.path.realpath(p) for p in folders}
    return tuple(sorted(_as_folder(path) for path in both))


def left_out() -> tuple[str, ...]:
    """Return the beginnings of the paths that are never traced."""
    home = os.path.expanduser("~")
    named = tuple(os.environ.get(variable, "") for variable in _TOOL_VARIABLES)
    return _left_out_for(home, named, tuple(sys.path))


@lru_cache(maxsize=8)
def _left_out_for(home: str, named: tuple[str, ...], search: tuple[str, ...]) -> tuple[str, ...]:
    tools = {os.path.join(home, *part.split("/")) for part in _TOOL_FOLDERS}
    tools |= {os.path.abspath(folder) for folder in named if folder}
    kernel = os.path.join(tempfile.gettempdir(), "ipykernel_")
    library = os.path.join(sys.base_prefix, "lib", "python")  # also python311.zip, never there
    return (*_SYSTEM, library, *_installed(search), *sorted(map(_as_folder, tools)), kernel)


def _as_folder(path: str) -> str:
    return path.rstrip(os.sep) + os.sep


def module_sources() -> frozenset[str]:
    """Return the files that loaded modules came from: texts that name them read nothing."""
    found = set()
    for module in tuple(sys.modules.values()):
        source = getattr(module, "__file__", None)
        if isinstance(source, str):
            found.add(os.path.abspath(source))
    return frozenset(found)


def connection_file() -> str | None:
    """Return the file that the kernel was started with, if this is a kernel."""
    if "ipykernel.kernelapp" not in sys.modules:
        return None
    application = import_module("ipykernel.kernelapp").IPKernelApp
    if not application.initialized():
        return None
    return os.path.abspath(str(application.instance().abs_connection_file))
