"""Whose code a frame of the stack runs: the project's, Python's or an installed package's."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import FrameType

from zen_nb.observe.paths import installed_folders

_IMPORTS = "<frozen importlib"
_IMPORT_NAME = dis.opmap["IMPORT_NAME"]


def is_project(frame: FrameType) -> bool:
    """Tell whether the user wrote what a frame runs, in the notebook, a module or a text."""
    return not frame.f_code.co_filename.startswith(("<frozen", *installed_folders()))


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield `frame` and those that led to it, innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def module_of(frame: FrameType) -> str:
    """Return the name of the module whose code a frame runs."""
    return str(frame.f_globals.get("__name__", ""))


def is_import_system(frame: FrameType) -> bool:
    """Tell whether a frame is the import system's own."""
    return frame.f_code.co_filename.startswith(_IMPORTS)


def asked_by_project(frame: FrameType | None, through: tuple[str, ...]) -> bool:
    """Tell whether project code is the first to ask, beyond modules named in `through`."""
    for outer in outwards(frame):
        if is_project(outer):
            return True
        if not module_of(outer).startswith(through):
            return False
    return False


def importing_statement(frame: FrameType | None) -> FrameType | None:
    """Return the project's frame whose import statement leads to `frame`; ``None`` for a call."""
    for outer in outwards(frame):
        if is_import_system(outer):
            continue
        at = outer.f_lasti
        runs = outer.f_code.co_code[at] if at >= 0 else 0
        return outer if is_project(outer) and runs == _IMPORT_NAME else None
    return None
