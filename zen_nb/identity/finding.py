"""Where a module would be loaded from, without loading it or the packages around it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec


def found_spec(name: str) -> ModuleSpec | None:
    """Return the spec of a module, loaded or not; no code of the packages around it is executed."""
    spec: ModuleSpec | None = None
    folders: list[str] | None = None
    whole = ""
    for part in name.split("."):
        if whole and folders is None:
            return None
        whole = f"{whole}.{part}" if whole else part
        loaded = sys.modules.get(whole)
        if loaded is not None:
            spec = getattr(loaded, "__spec__", None)
            folders = _listed(getattr(loaded, "__path__", None))
        else:
            spec = _asked(whole, folders)
            if spec is None:
                return None
            folders = _listed(spec.submodule_search_locations)
    return spec


def _asked(name: str, folders: list[str] | None) -> ModuleSpec | None:
    """Ask the finders, as the import statement does."""
    for finder in list(sys.meta_path):
        try:
            spec = finder.find_spec(name, folders)
        except (ImportError, AttributeError, ValueError):
            continue
        if spec is not None:
            return spec
    return None


def _listed(folders: Iterable[str] | None) -> list[str] | None:
    if folders is None:
        return None
    try:
        return list(folders)
    except (KeyError, AttributeError):
        # A package without a file looks at the one around it, which is not loaded.
        return list(getattr(folders, "_path", ()))


def folders_of(spec: ModuleSpec) -> list[str]:
    """Return where the modules of a package lie; nothing for other modules."""
    return _listed(spec.submodule_search_locations) or []


def source_of_spec(spec: ModuleSpec) -> str | None:
    """Return the text that loading would execute; ``None`` where it cannot be had."""
    if spec.loader is None:
        return "" if spec.submodule_search_locations is not None else None
    read = getattr(spec.loader, "get_source", None)
    try:
        text = None if read is None else read(spec.name)
    except (ImportError, OSError, SyntaxError, UnicodeError):
        return None
    return text if isinstance(text, str) else None
