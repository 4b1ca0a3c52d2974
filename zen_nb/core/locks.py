"""Locks that a forked child finds open.

A thread that holds a lock while another forks is not there in the child to let go of it. What
such locks of zen_nb's guard are registers that are whole between any two instructions.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

_locks: weakref.WeakSet[Any] = weakref.WeakSet()


def new_lock() -> threading.Lock:
    """Return a new lock."""
    made = threading.Lock()
    _locks.add(made)
    return made


def new_rlock() -> threading.RLock:
    """Return a new lock that its thread may take again."""
    made = threading.RLock()
    _locks.add(made)
    return made


def _after_fork_in_child() -> None:
    for made in list(_locks):
        made._at_fork_reinit()  # noqa: SLF001 - what Python's own modules call in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
