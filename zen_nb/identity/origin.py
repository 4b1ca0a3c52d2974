"""Where a module comes from: Python itself, an installed package, or the project.

Python and installed packages are known by their versions; the project's own
modules, editable installs among them, are known by their content.
"""

from __future__ import annotations

import sys
import sysconfig
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeAlias

from zen_nb.identity.finding import folders_of, found_spec
from zen_nb.identity.packages import distributions

Origin: TypeAlias = Literal["python", "package", "project"]

_OF_PYTHON = sys.stdlib_module_names | set(sys.builtin_module_names)

# What was found for modules with a file, by name: the file, and the answer.
_known: dict[str, tuple[object, Origin]] = {}


@cache
def _folders() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the folders of the standard library and those of installed packages."""
    paths = sysconfig.get_paths()
    own = {paths["stdlib"], paths["platstdlib"]}
    installed = {paths["purelib"], paths["platlib"]}
    installed |= {entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))}
    return _resolved(own), _resolved(installed)


def _resolved(folders: set[str]) -> tuple[str, ...]:
    return tuple(sorted(f"{Path(folder).resolve()}/" for folder in folders))


@cache
def file_origin(filename: str) -> Origin:
    """Return where a source file belongs."""
    if filename.startswith("<frozen"):
        return "python"
    try:
        path = f"{Path(filename).resolve()}"
    except OSError:
        return "project"
    own, installed = _folders()
    if path.startswith(installed):
        return "package"
    return "python" if path.startswith(own) else "project"


def module_origin(name: str) -> Origin:
    """Return where module `name` comes from; a module without a file counts by its root.

    The file decides, not the name: a file of the project may be called as a module of
    Python. zen_nb itself counts as installed wherever it lies: a step does not depend
    on the cache that stores it.
    """
    module = sys.modules.get(name)
    mark = getattr(module, "__file__", None)
    known = _known.get(name)
    if known is not None and known[0] == mark:
        return known[1]
    found = _origin(name, module)
    if module is not None or found != "project":
        # What is not there yet may come from anywhere when it comes.
        _known[name] = (mark, found)
    return found


def _origin(name: str, module: ModuleType | None) -> Origin:
    root = name.partition(".")[0]
    if root in ("__main__", "__mp_main__"):
        return "project"
    if root == "zen_nb":
        return "package"
    file = module_file(name) if module is not None else module_file(root) or _file_below(name)
    if file is not None:
        found = file_origin(file)
        # What somebody copied there has no version that could tell it from another.
        return "project" if found == "package" and not distributions(root) else found
    if root in _OF_PYTHON:
        return "python"
    if "." in name:
        return module_origin(root)
    return "package" if distributions(root) else "project"


def _file_below(name: str) -> str | None:
    """Return the file of a module in a package without a file of its own."""
    return module_file(name) if "." in name else None


def module_file(name: str) -> str | None:
    """Return the file of a module, loaded or not; ``None`` where it has none."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if isinstance(file, str):
        return file
    if module is not None:
        return _single(list(getattr(module, "__path__", ())))
    spec = found_spec(name)
    return None if spec is None else _spec_file(spec)


def _spec_file(spec: ModuleSpec) -> str | None:
    if spec.has_location:
        return spec.origin
    return _single(folders_of(spec))


def _single(folders: list[str]) -> str | None:
    """Return the folder of a package in one place; one in several has no origin of its own."""
    return folders[0] if len({file_origin(folder) for folder in folders}) == 1 else None
