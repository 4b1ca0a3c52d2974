"""Programs that a step starts, and the files that they are given."""

from __future__ import annotations

import os
import shlex
from importlib.machinery import PathFinder
from itertools import pairwise
from typing import Any

_MOST_ARGUMENTS = 1_000


def name_of(args: tuple[Any, ...]) -> str:
    """Return what a program is called, from what its start tells."""
    program = args[0]
    if program is None and len(args) > 1 and args[1]:
        program = args[1][0]
    return os.path.basename(os.fsdecode(program)) if program else ""


def files_of(args: tuple[Any, ...]) -> list[str]:
    """Return the files among the arguments of a program, and the module that Python runs.

    Such a file is read by the program, as far as one can tell.
    """
    folder = args[2] if len(args) > 2 and isinstance(args[2], (str, bytes, os.PathLike)) else "."
    words = _words(args[1] if len(args) > 1 else args[0])
    if words[1:2] == ["-c"] and not name_is_python(words[0]):
        words = _words(words[2]) if len(words) > 2 else []
    # Where the program itself is no script of the user's, its version is the machine's.
    own = words[:1] if words and not os.path.isabs(words[0]) else []
    found = [os.path.join(os.fsdecode(folder), word) for word in (*own, *words[1:]) if word]
    for mark, name in pairwise(words):
        if mark == "-m" and name_is_python(words[0]):
            found += _module_files(name, os.fsdecode(folder))
            break
    return [path for path in found if os.path.isfile(path)]


def name_is_python(program: str) -> bool:
    """Tell whether a program is an interpreter of Python."""
    return os.path.basename(program).startswith(("python", "pypy"))


def _words(argument: Any) -> list[str]:
    if isinstance(argument, (str, bytes)):
        try:
            return shlex.split(os.fsdecode(argument))
        except ValueError:
            return []
    if isinstance(argument, (list, tuple)):
        known = (str, bytes, os.PathLike)
        return [os.fsdecode(word) for word in argument[:_MOST_ARGUMENTS] if isinstance(word, known)]
    return []


def _module_files(name: str, folder: str) -> list[str]:
    """Return the files of a module that is run as a program, without importing its package."""
    path: list[str] = [folder, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    parts = name.split(".")
    found = []
    for place in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: place + 1]), path)
        if spec is None:
            break
        found += [spec.origin] if spec.has_location and spec.origin else []
        path = list(spec.submodule_search_locations or ())
        main = PathFinder.find_spec(f"{name}.__main__", path) if place == len(parts) - 1 else None
        found += [main.origin] if main is not None and main.origin else []
    return found
