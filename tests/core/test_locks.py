"""Locks that a thread holds while another forks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from zen_nb.core.locks import new_lock, new_rlock


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("make", [new_lock, new_rlock])
def test_a_forked_child_finds_them_open(make: Callable[[], Any]) -> None:
    """What a thread of the parent holds is free in the child, and still held in the parent."""
    lock, taken, done = make(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            taken.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(30)
    child = os.fork()
    if not child:
        os._exit(0 if lock.acquire(timeout=5) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert not lock.acquire(blocking=False)
    done.set()
    thread.join()
