"""What the engine tells: frozen records that carry all that a face draws.

Nothing below the notebook floor prints; listeners do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from zen_nb.core.model import Record


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A body is about to run, with why it must."""

    step: str
    at: float
    reason: str


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


Event: TypeAlias = StepStarted | StepCached | StepFinished | StepFailed | RunStarted | RunFinished
Listener: TypeAlias = Callable[[Event], None]
