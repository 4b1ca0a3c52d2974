"""Copies of what is written to ``sys.stdout`` and ``sys.stderr``, for those who asked.

The streams stay the objects that they are, since loggers hold on to them: while anybody
listens, their `write` is one that gives a copy to every listener whose scope covers the
calling thread.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from zen_nb.core.locks import new_lock
from zen_nb.observe.scope import Scope
from zen_nb.observe.transcript import Recorder


@dataclass(frozen=True, slots=True)
class Listener:
    """Records the writes that its scope covers; a `silent` one lets them get no further."""

    scope: Scope
    recorder: Recorder
    silent: bool = False


class _Quiet(threading.local):
    depth = 0


_listeners: tuple[Listener, ...] = ()
_taps: list[_Tap] = []
_lock = new_lock()
_quiet = _Quiet()


@contextmanager
def quiet() -> Iterator[None]:
    """While entered, what this thread writes is shown and not recorded."""
    _quiet.depth += 1
    try:
        yield
    finally:
        _quiet.depth -= 1


def hush() -> None:
    """Begin not to record what this thread writes; ends with `unhush`."""
    _quiet.depth += 1


def unhush() -> None:
    """End what `hush` began."""
    _quiet.depth = max(0, _quiet.depth - 1)


def listen(listener: Listener) -> None:
    """Give `listener` copies from now on."""
    global _listeners  # noqa: PLW0603
    with _lock:
        _listeners = (*_listeners, listener)
        for name in ("stdout", "stderr"):
            _tap(name, getattr(sys, name))


def leave(listener: Listener) -> None:
    """Give `listener` no more; the last one to leave puts the streams' own `write` back."""
    global _listeners  # noqa: PLW0603
    with _lock:
        _listeners = tuple(known for known in _listeners if known is not listener)
        while not _listeners and _taps:
            _taps.pop().remove()


class _Tap:
    """One stream's `write` while it gives copies; the one before it is put back after."""

    def __init__(self, name: str, stream: Any) -> None:
        self.name = name
        self.stream = stream
        self.before = vars(stream).get("write")
        self._write: Callable[[str], Any] = stream.write
        self._on = True
        self._own = self._copying
        stream.write = self._own

    def _copying(self, text: str, *args: Any, **kwargs: Any) -> Any:
        silent = False
        if self._on and not _quiet.depth and isinstance(text, str):
            for listener in _listeners:
                if listener.scope.covers():
                    listener.recorder.stream(self.name, text)
                    silent = silent or listener.silent
        return len(text) if silent else self._write(text, *args, **kwargs)

    def remove(self) -> None:
        """End; where another has wrapped this one since, it stays and only passes on."""
        self._on = False
        if vars(self.stream).get("write") is not self._own:
            return
        if self.before is None:
            del self.stream.write
        else:
            self.stream.write = self.before


def _tap(name: str, stream: Any) -> None:
    if any(tap.stream is stream for tap in _taps):
        return
    with suppress(AttributeError, TypeError):  # None, or a stream that lets nothing be set
        _taps.append(_Tap(name, stream))
