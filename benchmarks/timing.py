"""Medians of interleaved rounds, so that a machine that drifts slows both sides alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, beside what, and what is to be reached.

    Attributes
    ----------
    ours_s, theirs_s
        Medians in seconds; ``theirs_s`` is ``None`` where there is no peer.
    reach
        The goal in words; ``met`` says whether this run reached it.
    """

    what: str
    ours_s: float
    beside: str
    theirs_s: float | None
    reach: str
    met: bool


def medians(
    sides: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: int = 3
) -> dict[str, float]:
    """Return the median seconds of each side, called in turn `rounds` times."""
    timed = {name: partial(_seconds, call) for name, call in sides.items()}
    return medians_of(timed, rounds=rounds, warm_up=warm_up)


def medians_of(
    sides: Mapping[str, Callable[[], float]], *, rounds: int, warm_up: int = 3
) -> dict[str, float]:
    """Return the median of what each side gives, called in turn `rounds` times."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + warm_up):
        for name, call in sides.items():
            found = call()
            if number >= warm_up:
                taken[name].append(found)
    return {name: statistics.median(found) for name, found in taken.items()}


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def readable(seconds: float) -> str:
    """Return seconds in the unit that suits them."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| what | zen_nb | beside it | ratio | to reach | reached |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        beside, ratio = "–", "–"
        if row.theirs_s is not None:
            beside, ratio = (
                f"{row.beside} {readable(row.theirs_s)}",
                f"{row.ours_s / row.theirs_s:.2f}",
            )
        reached = "yes" if row.met else "no"
        lines.append(
            f"| {row.what} | {readable(row.ours_s)} | {beside} | {ratio} "
            f"| {row.reach} | {reached} |"
        )
    return "\n".join(lines)
