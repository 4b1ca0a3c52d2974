"""Which files an argument of a reader stands for: one, several, a pattern or a folder of them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

_MOST_FILES = 10_000
_LONGEST_PATH = 4096


@dataclass(slots=True)
class Readable:
    """What a reader is about to open.

    Attributes
    ----------
    folders
        Those whose entries decide what is opened.
    remote
        Whether some of it lies elsewhere.
    too_many
        Whether some files are left out here.
    """

    files: dict[str, None] = field(default_factory=dict)
    folders: dict[str, None] = field(default_factory=dict)
    remote: bool = False
    too_many: bool = False


def readable(argument: Any) -> Readable:
    """Return the files and folders that `argument` names; nothing for what is no path."""
    found = Readable()
    for text in _texts(argument):
        _add(found, text)
    return found


def _texts(argument: Any) -> Iterator[str]:
    """Yield the paths in an argument; bytes are content."""
    if isinstance(argument, (str, os.PathLike)):
        yield os.fsdecode(argument)
    elif isinstance(argument, (list, tuple)):
        for part in islice(argument, _MOST_FILES):
            if isinstance(part, (str, os.PathLike)):
                yield os.fsdecode(part)


def _add(found: Readable, text: str) -> None:
    if not text or len(text) >= _LONGEST_PATH or "\n" in text or "\0" in text:
        return
    scheme, mark, rest = text.partition("://")
    if mark and scheme != "file":
        found.remote = True
        return
    path = os.path.expanduser(rest if mark else text)
    if os.path.isdir(path):
        _add_folder(found, path)
    elif os.path.exists(path) or not glob.has_magic(path):
        found.files[path] = None
    else:
        _add_pattern(found, path)


def _add_folder(found: Readable, path: str) -> None:
    for folder, _, names in os.walk(path):
        found.folders[folder] = None
        for name in names:
            if len(found.files) >= _MOST_FILES:
                found.too_many = True
                return
            found.files[os.path.join(folder, name)] = None


def _add_pattern(found: Readable, pattern: str) -> None:
    """Add what a pattern matches now, and the folders that it is matched against."""
    for path in islice(glob.iglob(pattern, recursive=True), _MOST_FILES):
        if os.path.isfile(path):
            found.files[path] = None
    found.too_many |= len(found.files) >= _MOST_FILES
    _add_matched(found, os.path.dirname(pattern))


def _add_matched(found: Readable, pattern: str) -> None:
    if not glob.has_magic(pattern):
        if os.path.isdir(pattern or "."):
            found.folders[pattern or "."] = None
        return
    for folder in islice(glob.iglob(pattern, recursive=True), _MOST_FILES):
        if os.path.isdir(folder):
            found.folders[folder.rstrip(os.sep)] = None
    _add_matched(found, os.path.dirname(pattern))
