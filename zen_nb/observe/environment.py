"""Environment variables that the user's code reads, which no audit event tells of.

While a watch is active, ``os.environ`` has a class that notes reads. Reads by
Python itself and by installed packages do not count: their answers are the
machine's, as their version is. Where Python looks something up for who calls it
(a path with variables in it, a program on the path), it is the caller who reads.
A trace holds a digest, never a value.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, cast

from blake3 import blake3

from zen_nb.core.locks import new_lock
from zen_nb.core.model import Trace
from zen_nb.observe.frames import module_of
from zen_nb.observe.paths import installed_folders
from zen_nb.observe.scope import Reach, Scope

_Environ = os._Environ
# What calls a function for the user, in a thread of its own perhaps.
_POOLS = ("concurrent.futures", "functools", "multiprocessing.pool", "threading")
_ACCESSORS = frozenset(
    {
        __name__,
        "_collections_abc",
        "collections.abc",
        "getpass",
        "ntpath",
        "os",
        "pathlib",
        "pathlib._local",
        "posixpath",
        "shutil",
        "string",
    }
)


class EnvironmentWatch:
    """Sees which variables the user's code reads between `start` and `stop`."""

    def __init__(self, reach: Reach = "process") -> None:
        self._scope = Scope(reach)
        self._read: dict[str, str] = {}
        self._set: set[str] = set()
        self._whole = False

    def start(self) -> None:
        """Begin; ``os.environ`` takes the observing class."""
        global _active  # noqa: PLW0603
        self._scope.enter()
        with _lock:
            _active = (*_active, self)
            if type(os.environ) is _Environ:
                os.environ.__class__ = _Observed

    def stop(self) -> tuple[Trace, ...]:
        """End, and return a trace for each variable read, in order of name."""
        global _active  # noqa: PLW0603
        with _lock:
            _active = tuple(watch for watch in _active if watch is not self)
            if not _active and type(os.environ) is _Observed:
                cast("Any", os.environ).__class__ = _Environ
        self._scope.leave()
        return tuple(Trace(f"env:{name}", self._read[name]) for name in sorted(self._read))

    @property
    def badges(self) -> tuple[str, ...]:
        """Tell of what cannot be traced: ``external:environment`` where all of it was read."""
        return ("external:environment",) if self._whole else ()

    def note_read(self, name: str) -> None:
        """Note a read; what the step itself has set before is no input."""
        if name not in self._set and name not in self._read and self._scope.covers():
            self._read[name] = _digest(name)

    def note_set(self, name: str) -> None:
        """Note that the step sets or deletes a variable."""
        if self._scope.covers():
            self._set.add(name)

    def note_whole(self) -> None:
        """Note that the step goes through all variables."""
        if self._scope.covers():
            self._whole = True


_active: tuple[EnvironmentWatch, ...] = ()
_lock = new_lock()


class _Observed(_Environ[str]):
    """``os.environ`` while a step runs."""

    def __getitem__(self, key: str) -> str:
        if isinstance(key, str) and _asked_by_user():
            for watch in _active:
                watch.note_read(key)
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: str) -> None:
        super().__setitem__(key, value)
        for watch in _active:
            watch.note_set(key)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        for watch in _active:
            watch.note_set(key)

    def __iter__(self) -> Iterator[str]:
        if _asked_by_user():
            for watch in _active:
                watch.note_whole()
        return super().__iter__()

    def copy(self) -> dict[str, str]:
        if _asked_by_user():
            for watch in _active:
                watch.note_whole()
        return {
            self.decodekey(k): self.decodevalue(v) for k, v in vars(self)["_data"].copy().items()
        }


def _asked_by_user() -> bool:
    """Tell whether the first frame that asks for itself belongs to the user."""
    frame: FrameType | None = sys._getframe(2)
    handed = False
    while frame is not None:
        module = module_of(frame)
        by_pool = module.startswith(_POOLS)
        if not by_pool and module not in _ACCESSORS:
            break
        handed = handed or by_pool
        frame = frame.f_back
    if frame is None:  # a function that reads one was itself handed to a thread
        return handed
    source = frame.f_code.co_filename
    return not source.startswith(("<frozen", *installed_folders()))


def _digest(name: str) -> str:
    """Return the digest of a variable's present value, ``""`` where it is not set."""
    raw = vars(os.environ)["_data"].get(os.environ.encodekey(name))
    return (
        "" if raw is None else blake3(raw if isinstance(raw, bytes) else raw.encode()).hexdigest()
    )


def check(trace: Trace) -> str | None:
    """Return ``None`` while the variable has the value the step saw, else the reason."""
    digest = _digest(trace.name)
    if digest == trace.digest:
        return None
    if not digest:
        return f"environment variable {trace.name} is no longer set"
    if not trace.digest:
        return f"environment variable {trace.name} is set now"
    return f"environment variable {trace.name} changed"


def present(trace: Trace) -> Trace:
    """Return `trace` with the variable's present value, or that it is not set."""
    return Trace(trace.label, _digest(trace.name))
