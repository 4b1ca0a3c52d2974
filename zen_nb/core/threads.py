"""Threads of zen_nb's own: how many may hash, and which of those that run are ours."""

from __future__ import annotations

import os
from _thread import get_ident
from collections.abc import Iterator
from contextlib import contextmanager

THREADS_FROM_BYTES = 1 << 20
_ALL = -1  # blake3.AUTO
_forked: list[int] = []
_own: set[int] = set()


@contextmanager
def own_work() -> Iterator[None]:
    """While entered, what this thread does is zen_nb's own doing and no step's."""
    ident = get_ident()
    _own.add(ident)
    try:
        yield
    finally:
        _own.discard(ident)


def begin_own_work() -> None:
    """From now on what this thread does is zen_nb's own doing, as long as it lives."""
    _own.add(get_ident())


def is_own(thread: int) -> bool:
    """Tell whether a thread does zen_nb's own work."""
    return thread in _own


def hashing_threads(size_bytes: int) -> int:
    """Return BLAKE3's ``max_threads`` for a buffer: all where they pay, one in a forked child.

    There the pool of the parent is known and none of its threads lives: to ask it is to hang.
    """
    return _ALL if size_bytes >= THREADS_FROM_BYTES and not _forked else 1


def _after_fork_in_child() -> None:
    _forked.append(os.getpid())
    _own.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
