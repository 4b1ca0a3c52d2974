"""Who computes which key: one lock for each, let go by the end of whoever holds it.

``flights/<key>`` is locked with ``flock`` for as long as its step runs, and gone after that,
unless the run has come to nothing that is kept: then it stays, with a byte in it, and nobody
waits for the next. Its time is when the run began. The locks only spare work: whoever cannot
have one may run.
Not `filelock`, whose locks a child that a step forks would hold on to after its parent's end.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from pathlib import Path

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store.drafts import NO_FOLLOW, private_folder, statuses, unlink_if_abandoned

try:
    import fcntl
except ImportError:  # pragma: no cover - no advisory locks: every process computes for itself
    fcntl = None  # type: ignore[assignment]

_TRIES = 5
_DAY_S = 86400.0


class Flight:
    """A key that this thread computes, until `end`."""

    def __init__(self, flights: Flights, key: str, path: str, handle: int) -> None:
        self.key = key
        self.thread = threading.get_ident()
        self._flights = flights
        self._path = path
        self._handle = handle
        _open.add(self)

    def end(self, *, kept: bool = True) -> None:
        """Let others have the key, who may wait for the next run if this was `kept`."""
        handle, self._handle = self._handle, -1
        if handle < 0:
            return
        self._flights.forget(self)
        with contextlib.suppress(OSError):
            if kept:
                # While it is locked: whoever opened it before finds that it is not there any more.
                os.unlink(self._path)
            else:
                os.pwrite(handle, b"x", 0)
        with contextlib.suppress(OSError):
            os.close(handle)

    def __del__(self) -> None:
        self.end()

    def leave_to_parent(self) -> None:
        """In a forked child: close the handle that keeps the lock, and leave the file alone."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            with contextlib.suppress(OSError):
                os.close(handle)


class Flights:
    """The keys that are being computed, below one folder."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "flights"
        # Weak: a flight that nobody ends any more ends with its last reference.
        self._mine: weakref.WeakValueDictionary[str, Flight] = weakref.WeakValueDictionary()

    def take(self, key: str) -> Flight | None:
        """Return the lock of `key`, or ``None`` where somebody else has it.

        Raises
        ------
        StoreUnavailable
            Where there can be no lock: read-only, full, or a system without them.
        """
        if fcntl is None:
            raise StoreUnavailable("this system has no file locks")
        path = f"{self._root}{os.sep}{key}"
        try:
            for _ in range(_TRIES):
                handle = self._opened(path)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if _is_there(path, handle):
                        os.utime(handle)
                        flight = self._mine[key] = Flight(self, key, path, handle)
                        return flight
                except BlockingIOError:
                    os.close(handle)
                    return None
                except BaseException:
                    os.close(handle)
                    raise
                os.close(handle)  # its holder has just ended, and the file with it
        except OSError as error:
            raise StoreUnavailable(f"no locks in {self._root}: {error.strerror}") from None
        return None

    def is_mine(self, key: str) -> bool:
        """Tell whether this very thread computes `key`: a step that runs itself must not wait."""
        held = self._mine.get(key)
        return held is not None and held.thread == threading.get_ident()

    def is_futile(self, key: str) -> bool:
        """Tell whether the last run of `key` came to nothing that is kept."""
        try:
            return os.lstat(f"{self._root}{os.sep}{key}").st_size > 0
        except OSError:
            return False

    def since(self, key: str) -> float | None:
        """Return when the run of `key` began; ``None`` where none is known."""
        try:
            return os.lstat(f"{self._root}{os.sep}{key}").st_mtime
        except OSError:
            return None

    def sweep(self) -> None:
        """Remove what a day has not touched and nobody holds."""
        for path, status in statuses(self._root):
            if time.time() - status.st_mtime > _DAY_S:
                unlink_if_abandoned(path)

    def forget(self, flight: Flight) -> None:
        """Take note that `flight` has ended."""
        if self._mine.get(flight.key) is flight:
            del self._mine[flight.key]

    def _opened(self, path: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | NO_FOLLOW
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            private_folder(self._root)
            return os.open(path, flags, 0o600)


def _is_there(path: str, handle: int) -> bool:
    try:
        return os.lstat(path).st_ino == os.fstat(handle).st_ino
    except OSError:
        return False


_open: weakref.WeakSet[Flight] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for flight in list(_open):
        flight.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
