"""Ctrl-C held off while the store is being touched, and delivered right after.

An interrupt inside SQLite can leave a transaction open that makes every other
kernel wait. Masking the signal does not help beside other threads (a kernel
always has some), so a handler of our own stands in for the time of one call.
"""

from __future__ import annotations

import os

# The C functions: those of `signal` convert to enums, which takes ten times as long as
# a lookup in the store may add.
from _signal import (  # type: ignore[import-not-found]
    SIGINT,
    getsignal,
    raise_signal,
)
from _signal import signal as install
from threading import get_ident, main_thread
from types import FrameType, TracebackType
from typing import Any

_main = main_thread().ident


def _after_fork() -> None:
    """The thread that forked is the child's main thread, whichever it was."""
    global _main  # noqa: PLW0603 - asked at every call of the store
    _main = get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class HeldInterrupts:
    """A reentrant ``with`` block that no KeyboardInterrupt leaves half way.

    Works where Python delivers interrupts, in the main thread; does nothing elsewhere.
    """

    __slots__ = ("_depth", "_pending", "_previous")

    def __init__(self) -> None:
        self._depth = 0
        self._pending = False
        self._previous: Any = None

    def __enter__(self) -> None:
        if get_ident() != _main:
            return
        if self._depth == 0:
            if getsignal(SIGINT) is None:  # installed by C code: it could not be put back
                return
            self._pending = False
            # Nothing below can be interrupted once this line has run, nor has anything
            # changed before it.
            self._previous = install(SIGINT, self._note)
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._depth == 0 or get_ident() != _main:
            return
        self._depth -= 1
        if self._depth == 0:
            install(SIGINT, self._previous)
            if self._pending:
                self._pending = False
                raise_signal(SIGINT)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._pending = True


held = HeldInterrupts()
