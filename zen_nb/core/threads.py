"""How many threads may hash: a forked child does not have the pool that its parent began."""

from __future__ import annotations

import os

THREADS_FROM_BYTES = 1 << 20
_ALL = -1  # blake3.AUTO
_forked: list[int] = []


def hashing_threads(size_bytes: int) -> int:
    """Return BLAKE3's ``max_threads`` for a buffer: all where they pay, one in a forked child.

    There the pool of the parent is known and none of its threads lives: to ask it is to hang.
    """
    return _ALL if size_bytes >= THREADS_FROM_BYTES and not _forked else 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _forked.append(os.getpid()))
