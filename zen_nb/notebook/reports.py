"""What the notebook says of its steps in words: status, plan and why."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zen_nb.core.errors import UnknownStep
from zen_nb.engine.accept import Listed
from zen_nb.engine.decide import moment
from zen_nb.engine.explain import Change
from zen_nb.engine.forecast import Forecast
from zen_nb.notebook.status import seconds, size
from zen_nb.pipelines.recent import known, recall

if TYPE_CHECKING:
    from zen_nb.notebook.session import Session


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a step ran or was cached, in words and for programs.

    Attributes
    ----------
    last
        What happened last, in a sentence.
    now
        What would happen now, in a sentence.
    changes
        What differs now from the nearest record; empty on a hit.
    """

    step: str
    last: str
    now: str
    changes: tuple[Change, ...] = ()

    def __str__(self) -> str:
        lines = [self.last, *_listed(self.changes), self.now]
        return "\n".join(line for line in lines if line)

    __repr__ = __str__


def explain(session: Session, name: str) -> Explanation:
    """Return the explanation of step `name`; raises `UnknownStep`."""
    session.registry.get(name)
    log = session.logs.get(name)
    forecast = session.plan(session.registry.pipeline())[name]
    changes = session.changes.get(name, ())
    if log is None or log.duration_s is None:
        last = (
            f"{name} failed: {log.error}"
            if log and log.error
            else f"{name} has not run in this kernel."
        )
    elif log.cached and log.record is not None:
        since = "" if log.accepted else f" since {moment(log.record.created_at)}"
        last = f"{name} was cached: {log.reason}{since} ({seconds(log.duration_s)} saved)."
        changes = ()
    else:
        last = f"{name} ran ({seconds(log.duration_s)}): {log.reason}."
        if log.note and log.note != log.reason:
            last += f" Not cached: {log.note}."
    return Explanation(name, last, _outlook(forecast), changes)


def explain_function(name: str) -> Explanation:
    """Return what happened to step function `name` last here; raises `UnknownStep`."""
    found = recall(name)
    if found is None:
        raise UnknownStep(name, known())
    took = seconds(found.duration_s)
    if found.cached:
        return Explanation(name, f"{name} was cached: {found.reason} ({took} saved).", "")
    note = f" Not cached: {found.note}." if found.note else ""
    return Explanation(name, f"{name} ran ({took}): {found.reason}.{note}", "")


def _outlook(forecast: Forecast) -> str:
    if forecast.what == "hit":
        why = f": {forecast.reason}" if forecast.accepted else ""
        return f"Now it would be cached{why}."
    word = "it would run" if forecast.what == "run" else "it may run"
    return f"Now {word}: {forecast.reason}."


def _listed(changes: Sequence[Change]) -> list[str]:
    lines: list[str] = []
    for change in changes:
        lines.append(f"  {change}")
        lines += [f"    {line}" for line in _diff(change)]
    return lines


def _diff(change: Change) -> list[str]:
    before, after = change.before.get("source"), change.after.get("source")
    if not isinstance(before, str) or not isinstance(after, str):
        return []
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++"))]


def plan_table(forecasts: Mapping[str, Forecast]) -> str:
    """Return what a run would do, a line per step, and the sum."""
    words = {"hit": "cached", "run": "will run", "waiting": "waits"}
    rows = [
        (
            name,
            words[part.what],
            "" if not part.predicted_s else f"~{seconds(part.predicted_s)}",
            part.reason,
        )
        for name, part in forecasts.items()
    ]
    return f"{_table(('step', 'outlook', 'time', 'why'), rows)}\n{forecast_line(forecasts)}"


def forecast_line(forecasts: Mapping[str, Forecast]) -> str:
    """Return ``11 cached, 2 to run, about 4 min``."""
    cached = sum(part.what == "hit" for part in forecasts.values())
    running = [part for part in forecasts.values() if part.what != "hit"]
    line = f"{cached} cached, {len(running)} to run"
    times = [part.predicted_s for part in running]
    if times and None not in times:
        line += f", about {seconds(sum(part for part in times if part is not None))}"
    return line


def accepted_table(found: Sequence[Listed]) -> str:
    """Return what was accepted, a line each, newest first."""
    if not found:
        return "Nothing is accepted; %pipeline accept STEP takes a change of a step as equal."
    rows = [
        (part.step, moment(part.accepted_at), ", ".join(part.changes), part.state) for part in found
    ]
    return _table(("step", "accepted", "changes", "state"), rows)


def status_table(session: Session) -> str:
    """Return the steps with what happened to them last, then the store."""
    rows = []
    for step in session.registry:
        log = session.logs.get(step.name)
        if log is None or (log.duration_s is None and not log.error):
            rows.append((step.name, "not run", "", "", ""))
            continue
        state = "failed" if log.error else "cached" if log.cached else "ran"
        saved = seconds(log.saved_s) if log.saved_s else ""
        took = "" if log.duration_s is None else seconds(log.duration_s)
        rows.append((step.name, state, took, saved, log.error or log.note or log.reason))
    table = _table(("step", "state", "time", "saved", "why"), rows)
    store = session.store
    place = (
        "The store is not available."
        if store is None
        else (
            f"Store: {store.folder}, {size(store.size_bytes())} of {size(store.size_limit_bytes)}"
        )
    )
    return f"{table}\n{place}; {seconds(session.saved_s)} saved since the kernel started."


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
