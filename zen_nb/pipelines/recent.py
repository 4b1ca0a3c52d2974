"""What happened to step functions last in this process, for `zen_nb.why`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recent:
    """The last execution of a step function.

    Attributes
    ----------
    note
        Why its result was not kept; ``""`` where it was.
    """

    cached: bool
    reason: str
    duration_s: float
    note: str = ""


_recent: dict[str, Recent] = {}


def remember(name: str, what: Recent) -> None:
    """Keep what happened to step `name`, instead of what happened before."""
    _recent[name] = what


def recall(name: str) -> Recent | None:
    """Return what happened to step `name` last; ``None`` where nothing did."""
    return _recent.get(name)


def known() -> list[str]:
    """Return the names of all steps that were executed."""
    return list(_recent)
