"""What the notebook says of its steps in words: status, plan and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zen_nb.core.errors import UnknownStep, UsageError
from zen_nb.core.model import Record
from zen_nb.engine.accept import Listed
from zen_nb.engine.decide import decide, in_words, moment
from zen_nb.engine.earlier import Comparison
from zen_nb.engine.forecast import Forecast
from zen_nb.notebook.explanation import Account, Explanation, ago, when
from zen_nb.notebook.status import seconds, size
from zen_nb.pipelines import surroundings
from zen_nb.pipelines.asked import asked_now, compared
from zen_nb.pipelines.recent import known, recall
from zen_nb.store.sharing import by_whom

if TYPE_CHECKING:
    from zen_nb.notebook.recheck import Checked
    from zen_nb.notebook.session import Session, StepLog


def explain(session: Session, name: str) -> Explanation:
    """Return the explanation of step `name`, a cell or else a function; raises `UnknownStep`."""
    if name not in session.registry and name in known():
        return explain_function(name)
    step = session.registry.get(name)
    forecast = session.plan(session.registry.pipeline())[step.name]
    last = _last(step.called, session.logs.get(step.name))
    return Explanation(step.called, last, _outlook(forecast))


def _last(name: str, log: StepLog | None) -> Account:
    if log is None or log.duration_s is None:
        if log is not None and log.error:
            return Account("failed", f"{name} failed: {log.error}", reason=log.error)
        return Account("never", f"{name} has not run in this kernel.")
    if log.cached and log.record is not None:
        return _cached(name, log.reason, log.record, accepted=log.accepted)
    return _ran(name, log.duration_s, log.reason, log.note, log.comparison)


def _cached(name: str, reason: str, record: Record, *, accepted: bool = False) -> Account:
    by = f"; computed by {whom}, {ago(record.created_at)}" if (whom := by_whom(record)) else ""
    since = "" if accepted else f" since {moment(record.created_at) if by else when(record)}"
    saved = seconds(record.duration_s)
    text = f"{name} was cached: {reason}{since}{by}; {saved} saved."
    return Account("cached", text, Comparison(record), reason)


def _ran(name: str, duration_s: float, reason: str, note: str, comparison: Comparison) -> Account:
    text = f"{name} ran ({seconds(duration_s)}){_because(reason, comparison)}"
    if note and note != reason:
        text += f" Not cached: {note}."
    return Account("ran", text, comparison, reason)


def _because(reason: str, comparison: Comparison) -> str:
    """Return the end of a sentence: the reason, where it is not told change by change below."""
    told = comparison.changes and reason == in_words(comparison.changes)
    return "." if told else f": {reason}."


def explain_function(name: str) -> Explanation:
    """Return what happened to step function `name` last here; raises `UnknownStep`."""
    found = recall(name)
    if found is None:
        raise UnknownStep(name, known())
    comparison, now = compared(name), _function_now(name)
    if found.cached and comparison.record is not None:
        return Explanation(name, _cached(name, found.reason, comparison.record), now)
    last = _ran(name, found.duration_s, found.reason, found.note, comparison)
    return Explanation(name, last, now)


def _function_now(name: str) -> Account | None:
    """Return what the last call of a step function would give if it were made again."""
    try:
        question = asked_now(name)
    except UsageError:
        return None
    decision = decide(question, surroundings.store(surroundings.configuration()))
    if decision.record is not None:
        served = Comparison(decision.record)
        return Account("hit", "The same call would be cached now.", served, decision.reason)
    because = _because(decision.reason, decision.comparison)
    text = f"The same call would run now{because}"
    return Account("run", text, decision.comparison, decision.reason)


def _outlook(forecast: Forecast) -> Account:
    if forecast.what == "hit":
        why = f": {forecast.reason}" if forecast.accepted else ""
        text = f"Now it would be cached{why}."
        return Account("hit", text, forecast.comparison, forecast.reason)
    word = "it would run" if forecast.what == "run" else "it may run"
    text = f"Now {word}{_because(forecast.reason, forecast.comparison)}"
    return Account(forecast.what, text, forecast.comparison, forecast.reason)


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
    return f"{table(('step', 'outlook', 'time', 'why'), rows)}\n{forecast_line(forecasts)}"


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
        (part.step, moment(part.accepted_at), "; ".join(part.changes), part.state) for part in found
    ]
    return table(("step", "accepted", "changes", "state"), rows)


def recheck_table(found: Sequence[Checked]) -> str:
    """Return what a check came to, a line per step, and the sum."""
    if not found:
        return "There is no step to check yet: run a cell that begins with %%step NAME."
    rows = [
        (one.step, one.what, seconds(one.seconds) if one.seconds else "", one.told) for one in found
    ]
    counts = Counter(one.what for one in found)
    line = ", ".join(f"{count} {what}" for what, count in counts.items())
    return f"{table(('step', 'result', 'time', 'why'), rows)}\n{line}"


def status_table(session: Session) -> str:
    """Return the steps with what happened to them last, then the store."""
    rows = []
    for step in session.registry:
        log = session.logs.get(step.name)
        if log is None or (log.duration_s is None and not log.error):
            rows.append((step.called, "not run", "", "", ""))
            continue
        state = "failed" if log.error else "cached" if log.cached else "ran"
        saved = seconds(log.saved_s) if log.saved_s else ""
        took = "" if log.duration_s is None else seconds(log.duration_s)
        mark = session.marked(step.name)
        told = log.error or log.note or (f"{mark}: see %pipeline recheck" if mark else log.reason)
        rows.append((step.called, state, took, saved, told))
    listed = table(("step", "state", "time", "saved", "why"), rows)
    store = session.store
    place = (
        "The store is not available."
        if store is None
        else (
            f"Store: {store.folder}, {size(store.size_bytes())} of {size(store.size_limit_bytes)}"
        )
    )
    if store is not None and store.shared is not None:
        place += f"; {store.shared.told()}"
    return f"{listed}\n{place}; {seconds(session.saved_s)} saved since the kernel started."


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows under a head, in columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
