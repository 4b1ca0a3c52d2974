"""What a step said of itself on the page, read back from the metadata of an output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepStatus:
    """One execution of a step, as its status message tells it.

    Attributes
    ----------
    cell
        Number of the cell that it came from, as in ``In [3]``; ``None`` where unknown.
    duration_s
        What this execution took: the run, or the hit.
    saved_s
        What the hit saved; ``None`` for a run.
    reason
        Why it ran, or which earlier run it took the result from.
    stored
        Whether the next execution can be a hit; a run that could not be stored says so.
    would_run
        It was not executed, for no step was to run.
    why
        What has changed, a line each.
    """

    step: str
    cached: bool
    cell: int | None = None
    duration_s: float | None = None
    saved_s: float | None = None
    reason: str = ""
    stored: bool = True
    would_run: bool = False
    why: tuple[str, ...] = ()


def read_status(metadata: object, cell: int | None = None) -> StepStatus | None:
    """Return the status that `metadata` carries, or ``None`` where it carries none.

    Metadata is what any cell may write, so what does not have the shape of a status
    is not one.
    """
    said = metadata.get("zen_nb") if isinstance(metadata, Mapping) else None
    if not isinstance(said, Mapping) or said.get("role") != "status":
        return None
    step, cached = said.get("step"), said.get("cached")
    if not isinstance(step, str) or not isinstance(cached, bool):
        return None
    return StepStatus(
        step=step,
        cached=cached,
        cell=cell,
        duration_s=_seconds(said.get("seconds")),
        saved_s=_seconds(said.get("saved_s")),
        reason=str(said.get("reason") or ""),
        stored=said.get("stored") is not False,
        would_run=said.get("would_run") is True,
        why=tuple(map(str, why)) if isinstance(why := said.get("why"), list) else (),
    )


def _seconds(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]
