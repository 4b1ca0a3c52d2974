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
from pathlib import Path
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


@cache
def installed_folders() -> tuple[str, ...]:
    """Return the folders of the standard library and of installed packages, with a separator."""
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))}
    return tuple(sorted(f"{Path(folder).resolve()}/" for folder in folders))


@cache
def is_installed_file(filename: str) -> bool:
    """Tell whether a source file belongs to Python or to an installed package."""
    if filename.startswith("<frozen"):
        return True
    try:
        return f"{Path(filename).resolve()}".startswith(installed_folders())
    except OSError:
        return False


@cache
def module_origin(name: str) -> Origin:
    """Return where module `name` comes from; a module without a file counts by its root.

    zen_nb itself counts as installed wherever it lies: a step does not depend on
    the cache that stores it.
    """
    root = name.partition(".")[0]
    if root in ("__main__", "__mp_main__"):
        return "project"
    if root in sys.stdlib_module_names or root in sys.builtin_module_names:
        return "python"
    if root == "zen_nb":
        return "package"
    file = module_file(name) or module_file(root)
    if file is None:
        return "package" if _has_distribution(root) else "project"
    return "package" if is_installed_file(file) else "project"


def module_file(name: str) -> str | None:
    """Return the file of a module, loaded or not; ``None`` where it has none."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if isinstance(file, str):
        return file
    if module is not None:
        folders = list(getattr(module, "__path__", ()))
        return str(folders[0]) if folders else None
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    return spec.origin if spec is not None and spec.has_location else None


def _has_distribution(root: str) -> bool:
    return bool(_distribution_version(root))


@cache
def package_version(root: str) -> str:
    """Return the version of the distribution that holds import name `root`, as first seen.

    Read from the installed metadata, so that a package that is not loaded yet
    has the same version as after its import.
    """
    found = _distribution_version(root)
    if found:
        return found
    return str(getattr(sys.modules.get(root), "__version__", "unknown"))


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
    return {name: list(found) for name, found in importlib.metadata.packages_distributions().items()}
