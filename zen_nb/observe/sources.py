"""For whom Python reads the sources of modules and lists their folders."""

from __future__ import annotations

import os
from types import FrameType

from zen_nb.observe.frames import (
    asked_by_project,
    is_import_system,
    is_project,
    module_of,
    outwards,
)

_LISTING = (
    "<frozen importlib",
    f"{os.sep}importlib{os.sep}",
    f"{os.sep}importlib_metadata{os.sep}",
    f"{os.sep}pkg_resources{os.sep}",
)
_LOADING = frozenset({"get_code", "exec_module", "source_to_code"})
# What shows lines of code to people: tracebacks and warnings read sources through it.
_SHOWING = ("linecache", "tokenize")


def asked_by_python(frame: FrameType) -> bool:
    """Tell whether a source is read to be executed or to be shown in a traceback.

    Code that reads the text of a module, by ``open`` or ``inspect``, reads it as data.
    """
    shows = False
    for outer in outwards(frame):
        if is_import_system(outer):
            if outer.f_code.co_name in _LOADING:
                return True
        elif module_of(outer) in _SHOWING:
            shows |= module_of(outer) == "linecache"
        else:
            return shows and not asked_by_project(outer, ("inspect",))
    return False


def asked_by_import(frame: FrameType) -> bool:
    """Tell whether the import system lists a folder of the search path."""
    for outer in outwards(frame):
        if module_of(outer) == "pkgutil":
            return not asked_by_project(outer, ("pkgutil",))
        if any(part in outer.f_code.co_filename for part in _LISTING):
            return True
        if is_project(outer):
            return False
    return False
