"""How states and numbers are said and marked, the same on every face.

``frontend/src/states.json`` and ``frontend/src/words.ts`` say them the same way; the
tests compare both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zen_nb.faces.snapshot import Node, PipelineSnapshot, RunBar, State


@dataclass(frozen=True, slots=True)
class Look:
    """A state by word, glyph, border and colour; colour never stands alone.

    Attributes
    ----------
    icon
        The glyph as an SVG path in a box of 16 by 16, since fonts differ.
    """

    word: str
    glyph: str
    color: str
    border: str
    icon: str


_RING = "M8 3.2a4.8 4.8 0 1 1 0 9.6a4.8 4.8 0 1 1 0-9.6"
_PEN = "M3.6 12.4l.6-2.8l6-6l2.2 2.2l-6 6zM9 4.8l2.2 2.2"
_BARRED = "M8 3a5 5 0 1 1 0 10a5 5 0 1 1 0-10M4.6 11.4l6.8-6.8"
_UNLIKE = "M3.6 6.2h8.8M3.6 9.8h8.8M10 3.4l-4 9.2"
_DOTS = "M3.8 8h.01M8 8h.01M12.2 8h.01"
_ERASE = "M6 4h7v8H6L2.6 8zM7.6 6.4l3.2 3.2M10.8 6.4l-3.2 3.2"
_CLOCK = "M8 4.2a4.6 4.6 0 1 1 0 9.2a4.6 4.6 0 1 1 0-9.2M8 6.4v2.6l1.8 1.2M6.4 2h3.2"

LOOKS: Final[dict[State, Look]] = {
    "never_run": Look("never run", "○", "#6b7280", "dashed", _RING),
    "up_to_date": Look("up to date", "✓", "#0072b2", "solid", "M3.6 8.4l3 3l5.8-6.4"),
    "edited": Look("edited", "✎", "#e69f00", "dashed", _PEN),
    "will_run": Look("will run", "≠", "#e69f00", "dashed", _UNLIKE),
    "waiting": Look("waiting on upstream", "⋯", "#6b7280", "dashed", _DOTS),
    "running": Look("running", "▶", "#56b4e9", "solid", "M5.6 3.8v8.4l6.4-4.2z"),
    "failed": Look("failed", "✕", "#d55e00", "solid", "M4.4 4.4l7.2 7.2M11.6 4.4l-7.2 7.2"),
    "caching_off": Look("caching off", "⊘", "#6b7280", "solid", _BARRED),
    "evicted": Look("evicted", "⌫", "#cc79a7", "dotted", _ERASE),
    "expired": Look("expired", "⏱", "#cc79a7", "dotted", _CLOCK),
}

DARK_GLYPHS: Final[dict[State, str]] = {
    "edited": "#1d1300",
    "will_run": "#1d1300",
    "running": "#00202f",
    "failed": "#1f0d00",
    "evicted": "#2b0b1d",
    "expired": "#2b0b1d",
}
"""The ink of glyphs on the lighter discs; white on the others."""


def duration(seconds: float) -> str:
    """Say a duration in the unit that keeps it short: ``45 ms``, ``2.4 s``, ``1.5 h``."""
    if seconds < 0.0995:
        return f"{max(1, _round(seconds * 1000))} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{_round(seconds)} s"
    minutes = seconds / 60
    if minutes < 9.95:
        return f"{_trim(minutes)} min"
    if minutes < 99.5:
        return f"{_round(minutes)} min"
    return f"{_trim(minutes / 60)} h"


def size(count: int) -> str:
    """Say a size in decimal units: ``48 kB``, ``1.2 GB``."""
    units = ("B", "kB", "MB", "GB", "TB")
    value, rank = float(count), 0
    while value >= 999.5 and rank < len(units) - 1:
        value, rank = value / 1000, rank + 1
    digits = _trim(value) if rank and value < 9.95 else str(_round(value))
    return f"{digits} {units[rank]}"


def forecast(run: RunBar) -> str:
    """Say what a run would do: ``11 cached, 2 to run, about 4 min``."""
    parts = [f"{run.cached} cached", f"{run.to_run} to run"]
    if run.to_run:
        known = run.predicted_s is not None
        parts.append(f"about {duration(run.predicted_s or 0)}" if known else "time not known yet")
    return ", ".join(parts)


def clause(node: Node) -> str:
    """Return what follows the state's word on a still face: the error or the reason, one line.

    What is up to date needs none, and a reason does not say the word itself twice.
    """
    if node.state == "up_to_date":
        return ""
    if node.state == "caching_off":
        return f"set by {node.cache.source}"
    said = node.error if node.state == "failed" and node.error else node.reason
    return said.split("\n", 1)[0].removeprefix(f"{LOOKS[node.state].word}: ")


def timings(node: Node) -> str:
    """Return the quiet last line of a node: ``2.4 s · saved 2.3 s``."""
    parts = [duration(node.duration_s)] if node.duration_s is not None else []
    if node.saved_s:
        parts.append(f"saved {duration(node.saved_s)}")
    return " · ".join(parts)


def spoken(snapshot: PipelineSnapshot, most: int = 600) -> str:
    """Say a whole graph in words, for those who hear the picture."""
    steps = "; ".join(f"{node.name} {LOOKS[node.state].word}" for node in snapshot.nodes)
    said = f"Pipeline {snapshot.pipeline}: {forecast(snapshot.run)}. {steps or 'No steps yet'}."
    return said if len(said) <= most else said[: most - 1] + "…"


def _round(value: float) -> int:
    return int(value + 0.5)


def _trim(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
