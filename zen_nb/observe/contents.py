"""How a path stands: its state, what a file holds, which names a folder has."""

from __future__ import annotations

import os
import stat
import time
from functools import partial

from blake3 import blake3

from zen_nb.core.model import JSON
from zen_nb.core.threads import hashing_threads
from zen_nb.observe.audit import muted

SETTLED_NS = 2_000_000_000
_CHUNK = 4 << 20
_MEMORY: dict[tuple[str, int, int, int, int], str] = {}
_MEMORY_SIZE = 4096


def is_content(found: os.stat_result | None) -> bool:
    """Tell whether what stands at a path can be an input: a file, a folder, or nothing."""
    return found is None or stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)


def is_same(before: os.stat_result | None, after: os.stat_result) -> bool:
    """Tell whether nobody touched a path meanwhile."""
    return before is not None and state_of(before) == state_of(after)


def state_of(found: os.stat_result) -> tuple[int, int, int, int]:
    """Return what moves whenever a file is written: inode, size and times."""
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def guard_of(found: os.stat_result) -> dict[str, JSON]:
    """Return what `check` compares first; not settled where a later change could look equal."""
    newest = max(found.st_mtime_ns, found.st_ctime_ns)
    return {
        "kind": "folder" if stat.S_ISDIR(found.st_mode) else "file",
        "inode": found.st_ino,
        "size": found.st_size,
        "mtime_ns": found.st_mtime_ns,
        "ctime_ns": found.st_ctime_ns,
        "settled": newest < time.time_ns() - SETTLED_NS,
    }


def entries_of(path: str) -> tuple[list[str], os.stat_result]:
    """Return the names in a folder, and how it stood; what Python compiles does not count."""
    with muted():
        before = os.stat(path)
        return sorted(name for name in os.listdir(path) if name != "__pycache__"), before


def digest_names(names: list[str]) -> str:
    """Return the digest of names in a row."""
    hasher = blake3()
    for name in names:
        encoded = os.fsencode(name)
        hasher.update(len(encoded).to_bytes(8, "little") + encoded)
    return hasher.hexdigest()


def found_at(path: str) -> os.stat_result | None:
    """Return what stands at a path, ``None`` for nothing."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def content_of(path: str) -> tuple[str, os.stat_result]:
    """Return the digest of a file's bytes and how the file stood before and after reading.

    Remembered by inode, size and times, where those are old enough to be believed.
    """
    found = os.stat(path)
    key = (path, *state_of(found))
    if key in _MEMORY:
        return _MEMORY[key], found
    digest = _hash_file(path)
    if state_of(os.stat(path)) != state_of(found):
        raise OSError(0, "it changes all the time", path)
    if guard_of(found)["settled"]:
        if len(_MEMORY) >= _MEMORY_SIZE:
            _MEMORY.clear()
        _MEMORY[key] = digest
    return digest, found


def _hash_file(path: str) -> str:
    """Return the digest of a file; read, not mapped: a mapped file cut short kills the process."""
    with muted(), open(path, "rb", buffering=0) as file:
        hasher = blake3(max_threads=hashing_threads(os.fstat(file.fileno()).st_size))
        for chunk in iter(partial(file.read, _CHUNK), b""):
            hasher.update(chunk)
    return hasher.hexdigest()
