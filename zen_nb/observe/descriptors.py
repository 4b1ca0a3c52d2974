"""Waiting for output that bypasses Python: of C code, and of other programs.

A kernel replaces file descriptors 1 and 2 by pipes, which a thread reads. What was written to
them can arrive after the cell has ended. A mark written behind it tells when all is through.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from typing import Any

_MARK = "\0"
_PATIENCE_S = 2.0


def drain() -> None:
    """Return when everything written to descriptors 1 and 2 so far has reached the page.

    Gives up after two seconds, and does nothing where no kernel watches the descriptors.
    """
    watched = [stream for stream in (sys.stdout, sys.stderr) if _is_watched(stream)]
    if watched:
        _flush_c()
        for stream in watched:
            _drain(stream)


def _is_watched(stream: Any) -> bool:
    thread = getattr(stream, "watch_fd_thread", None)
    return (
        bool(getattr(stream, "_should_watch", False)) and thread is not None and thread.is_alive()
    )


def _flush_c() -> None:
    try:
        ctypes.CDLL(None).fflush(None)
    except (OSError, AttributeError, TypeError):  # no C library that can be found by name
        return


def _drain(stream: Any) -> None:
    arrived = threading.Event()
    write = stream.write

    def without_mark(text: str) -> Any:
        if _MARK in text and threading.current_thread() is stream.watch_fd_thread:
            text = text.replace(_MARK, "", 1)
            arrived.set()
            if not text:
                return 0
        return write(text)

    had_own = "write" in vars(stream)
    stream.write = without_mark
    try:
        os.write(stream._original_stdstream_fd, _MARK.encode())
        arrived.wait(_PATIENCE_S)
    finally:
        if had_own:
            stream.write = write
        else:
            del stream.write
