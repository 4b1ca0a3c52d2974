"""Where a module comes from: Python itself, an installed package, or the project.

Python and installed packages are known by their versions; the project's own
modules, editable installs among them, are known by their content.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import sysconfig
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeAlias

Origin: TypeAlias = Literal["python", "package", "project"]

# Import names whose distribution has another name, to spare the scan of all metadata.
_DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "yaml": "PyYAML",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "bs4": "beautifulsoup4",
    "skimage": "scikit-image",
    "mpl_toolkits": "matplotlib",
}
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
        return file_origin(file)
    if root in _OF_PYTHON:
        return "python"
    if "." in name:
        return module_origin(root)
    return "package" if _distribution_version(root) else "project"


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
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    return None if spec is None else _spec_file(spec)


def _spec_file(spec: ModuleSpec) -> str | None:
    if spec.has_location:
        return spec.origin
    return _single(list(spec.submodule_search_locations or ()))


def _single(folders: list[str]) -> str | None:
    """Return the folder of a package in one place; one in several has no origin of its own."""
    return folders[0] if len({file_origin(folder) for folder in folders}) == 1 else None


@cache
def package_version(root: str) -> str:
    """Return the version of the distribution that holds import name `root`, as first seen.

    Read from the installed metadata, so that a package that is not loaded yet has the
    same version as after its import. Where another version is loaded (it was upgraded
    and the kernel was not restarted), both are named.
    """
    found = _distribution_version(root)
    running = getattr(sys.modules.get(root), "__version__", None)
    if not found:
        return str(running or "unknown")
    if isinstance(running, str) and running not in found:
        return f"{found} (running {running})"
    return found


@cache
def _distribution_version(root: str) -> str:
    for name in (_DISTRIBUTIONS.get(root, root), root):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    owners = _owners().get(root, ())
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in sorted(set(owners)))


@cache
def _owners() -> dict[str, list[str]]:
    return {
        name: list(found) for name, found in importlib.metadata.packages_distributions().items()
    }
