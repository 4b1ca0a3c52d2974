"""What the engine tells: frozen records that carry all that a face draws.

Nothing below the notebook floor prints; listeners do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from zen_nb.core.locks import new_lock
from zen_nb.core.model import Record


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A body is about to run, with why it must."""

    step: str
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class StepWaiting:
    """Another kernel or process computes the same since the time `since`; this one waits for it.

    Told after half a second, then once a second, and once more when the wait is `over`.
    """

    step: str
    since: float
    waited_s: float
    over: bool = False


@dataclass(frozen=True, slots=True)
class StepCached:
    """A record is served instead of a run."""

    step: str
    record: Record
    reason: str


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A body ran to its end; `record` is ``None`` where nothing was stored and `note` says why."""

    step: str
    duration_s: float
    record: Record | None
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A body raised; `error` is the exception's own text in one line."""

    step: str
    duration_s: float
    error: str


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A pipeline run begins."""

    pipeline: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A pipeline run has ended; `cached` of `total` steps were hits."""

    pipeline: str
    duration_s: float
    cached: int
    total: int
    failed: str | None = None


Event: TypeAlias = (
    StepStarted | StepWaiting | StepCached | StepFinished | StepFailed | RunStarted | RunFinished
)
Listener: TypeAlias = Callable[[Event], None]


class Listeners:
    """Who is told that something has changed; usable from any thread.

    A listener that fails is not the concern of whoever tells: the others are told all the same.
    """

    def __init__(self) -> None:
        self._lock = new_lock()
        self._all: tuple[Callable[[], None], ...] = ()

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Tell `listener` from now on; return what ends that, harmless when repeated."""
        with self._lock:
            self._all = (*self._all, listener)

        def end() -> None:
            with self._lock:
                self._all = tuple(known for known in self._all if known is not listener)

        return end

    def tell(self) -> None:
        """Tell all who listen now."""
        for listener in self._all:
            with contextlib.suppress(Exception):
                listener()

    def clear(self) -> None:
        """Tell nobody any more."""
        self._all = ()
