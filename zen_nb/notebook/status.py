"""What zen_nb says on the page: one message per execution, told apart by its metadata."""

from __future__ import annotations

import html
import secrets
import time
from typing import TYPE_CHECKING, Any

from zen_nb.core.options import Configuration
from zen_nb.engine.decide import in_words
from zen_nb.store.sharing import by_whom

if TYPE_CHECKING:
    from zen_nb.core.events import StepWaiting
    from zen_nb.notebook.execution import Execution
    from zen_nb.store.records import Store

# What updates of a message that a step waits go to, by step.
_waiting: dict[str, str] = {}
_STYLE = "color:var(--jp-ui-font-color2,#666);font-size:smaller"


def seconds(duration: float) -> str:
    """Return a duration as a person reads it: ``3 ms``, ``0.93 s``, ``4 min 10 s``, ``2 h``."""
    if duration < 0.1:
        return f"{duration * 1000:.3g} ms"
    if duration < 60:
        return f"{duration:.3g} s"
    minutes, rest = divmod(round(duration), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(count: float) -> str:
    """Return bytes as a person reads them, in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def store_line(store: Store, configuration: Configuration) -> str:
    """Return the sentence that names the store on first use."""
    line = f"Results are kept in {store.folder}, up to {size(configuration.size_limit_bytes)}."
    if store.index_folder != store.folder:
        line += f" That is on a network: their index is in {store.index_folder}."
    return line


def show(shell: Any, text: str, metadata: dict[str, Any], markup: str | None = None) -> None:
    """Put one message of zen_nb's on the page."""
    markup = markup or html.escape(text)
    shell.display_pub.publish(_bundle(text, markup), metadata={"zen_nb": metadata})


def _bundle(text: str, markup: str) -> dict[str, str]:
    return {"text/plain": text, "text/html": f'<div style="{_STYLE}">{markup}</div>'}


def show_waiting(shell: Any, event: StepWaiting) -> None:
    """Say in one message, brought up to date, that a step waits for another kernel."""
    so_far = seconds(time.time() - event.since)
    text = f"Step {event.step} is computing in another kernel, {so_far} so far."
    if event.over:
        text = f"Waited {seconds(event.waited_s)} for another kernel that computed {event.step}."
    about = {"role": "waiting", "step": event.step, "over": event.over}
    bundle = _bundle(text, html.escape(text))
    known = _waiting.get(event.step)
    place = known or secrets.token_hex(8)
    shell.display_pub.publish(
        bundle,
        metadata={"zen_nb": about},
        transient={"display_id": place},
        update=known is not None,
    )
    if event.over:
        _waiting.pop(event.step, None)
    else:
        _waiting[event.step] = place


def show_hit(shell: Any, execution: Execution, *, quiet: bool) -> None:
    """Say that a record was served: when it was computed and what that saved."""
    record = execution.record
    assert record is not None
    text = f"Using cached version of {execution.step.called}."
    if not quiet:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created_at))
        by = f" by {name}" if (name := by_whom(record)) else ""
        text += f" Computed{by} {when}, {seconds(record.duration_s)} saved."
    accepted = execution.decision.accepted
    if accepted is not None:
        text += f" Accepted as equal: {in_words(accepted.changes)}."
    metadata = {
        "role": "status",
        "step": execution.step.name,
        "cached": True,
        "seconds": 0.0 if quiet else time.time() - execution.started_at,
        "saved_s": record.duration_s,
        "reason": execution.decision.reason,
    }
    show(shell, text, metadata)


def show_would_run(shell: Any, step: str, reason: str, why: list[str]) -> None:
    """Say that a step would run, where none is to."""
    metadata = {"role": "status", "step": step, "cached": False, "would_run": True}
    metadata |= {"reason": reason, "why": why, "stored": False}
    show(shell, f"Step {step} would run. ({reason})", metadata)


def show_run(shell: Any, execution: Execution, *, note: str, quiet: bool) -> None:
    """Say that the step ran, why, and where it was not stored, why not."""
    assert execution.outcome is not None
    name, duration = execution.step.called, execution.outcome.duration_s
    text = (
        f"Step {name} has finished." if quiet else f"Step {name} has finished in {duration:.3f}s."
    )
    text += f" ({execution.decision.reason})"
    if execution.elements is not None:
        cached, total = execution.elements
        text += f" {cached} of {total} elements were cached."
    if note and note != execution.decision.reason:
        text += f" Not cached: {note}."
    metadata = {
        "role": "status",
        "step": execution.step.name,
        "cached": False,
        "seconds": 0.0 if quiet else duration,
        "saved_s": None,
        "reason": execution.decision.reason,
        "stored": execution.outcome.record is not None,
    }
    show(shell, text, metadata)
