"""Closed files, which is what ``with open(…) as f`` leaves behind.

A closed file has a name and a mode and can do nothing any more, so another closed
file with the same name and mode is as good. So has what `tempfile` puts around one.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from typing import Any

_BUFFERED: dict[str, Callable[[Any], Any]] = {
    "BufferedReader": io.BufferedReader,
    "BufferedWriter": io.BufferedWriter,
    "BufferedRandom": io.BufferedRandom,
}


def reduce_closed(value: Any) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
    """Return how a closed file is made again; ``None`` for everything else."""
    kind = type(value).__name__
    if kind == "_TemporaryFileWrapper" and type(value).__module__ == "tempfile":
        parts = vars(value)
        closed = parts["file"].closed
        return (closed_temporary, (parts["file"], parts["name"])) if closed else None
    if type(value).__module__ != "_io" or not getattr(value, "closed", False):
        return None
    if isinstance(value, io.TextIOWrapper):
        return closed_text, (value.name, getattr(value, "mode", "r"), value.encoding)
    if isinstance(value, io.FileIO):
        return closed_raw, (value.name, value.mode)
    if kind in _BUFFERED:
        return closed_buffered, (kind, getattr(value, "name", ""), getattr(value, "mode", "rb+"))
    return None


def closed_raw(name: Any, mode: str = "rb+") -> io.FileIO:
    """Return a closed raw file that is called `name` and was opened in `mode`."""
    raw = _nothing(name, mode)
    raw.close()
    return raw


def _nothing(name: Any, mode: str) -> io.FileIO:
    """Return an empty file; one that was made new is as one written over."""
    raw = io.FileIO(os.devnull, mode.replace("b", "").replace("x", "w"))
    raw.name = name
    return raw


def closed_buffered(kind: str, name: Any, mode: str = "rb+") -> Any:
    """Return a closed binary file of the class `kind` that is called `name`."""
    made = _BUFFERED[kind](_nothing(name, mode))
    made.close()
    return made


def closed_text(name: Any, mode: str, encoding: str) -> io.TextIOWrapper:
    """Return a closed text file that is called `name` and was opened in `mode`."""
    raw = io.FileIO(os.devnull, "r+")
    raw.name = name
    made = io.TextIOWrapper(io.BufferedReader(raw), encoding=encoding)
    made.mode = mode  # type: ignore[misc] # what open() does as well
    made.close()
    return made


def closed_temporary(file: Any, name: str) -> Any:
    """Return what `tempfile.NamedTemporaryFile` gives, closed; nothing is deleted again."""
    return tempfile._TemporaryFileWrapper(file, name, delete=False)
