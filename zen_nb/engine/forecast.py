"""What would happen to a step, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zen_nb.core.model import Record
from zen_nb.core.options import Setting
from zen_nb.engine.earlier import NOTHING, Comparison


@dataclass(frozen=True, slots=True)
class Forecast:
    """The outlook of one step.

    Attributes
    ----------
    what
        ``hit``, ``run``, or ``waiting``: an upstream step runs first, and whether this one
        must run depends on what it gives.
    kind
        Why it runs, as in `Decision.kind`.
    predicted_s
        Seconds it took last; ``None`` where it has never run. 0 for a hit.
    accepted
        A hit on the user's word that a change is equal.
    comparison
        The nearest earlier record and what changed since; where caching is off, what a
        look would have told.
    """

    what: Literal["hit", "run", "waiting"]
    reason: str
    kind: str
    why: tuple[str, ...]
    setting: Setting
    record: Record | None = None
    predicted_s: float | None = None
    accepted: bool = False
    comparison: Comparison = NOTHING
