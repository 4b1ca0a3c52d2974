"""Why a step ran or was cached, and what would happen now: for people, pages and programs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, Literal, TypeAlias

from zen_nb.core.model import JSON, Record
from zen_nb.engine.decide import moment
from zen_nb.engine.earlier import NOTHING, Comparison
from zen_nb.engine.explain import Change

What: TypeAlias = Literal["ran", "cached", "failed", "never", "run", "hit", "waiting", "unknown"]


@dataclass(frozen=True, slots=True)
class Account:
    """One execution of a step, past or to come.

    Attributes
    ----------
    what
        ``ran``, ``cached``, ``failed`` and ``never`` of the last one; ``run``, ``hit``,
        ``waiting`` and ``unknown`` of the next.
    text
        The same in a sentence; with the reason where that is not what changed.
    reason
        Why, in one clause.
    comparison
        The nearest earlier record, and what has changed since.
    """

    what: What
    text: str
    comparison: Comparison = NOTHING
    reason: str = ""

    def compared(self) -> str:
        """Return the sentence that says with which record it was compared; ``""`` for none."""
        record, changes = self.comparison.record, self.comparison.changes
        if record is None or self.what in ("cached", "hit"):
            return ""
        which = f"the record of {when(record)}"
        past = self.what == "ran"
        if not changes:
            return f"Nothing else {'had' if past else 'has'} changed since {which}."
        of = self.comparison.of
        nearest = f", the nearest of {of}" if of > 1 else ""
        return f"What {'had ' if past else ''}changed since {which}{nearest}:"

    def to_dict(self) -> dict[str, JSON]:
        """Return it as plain JSON."""
        return {
            "what": self.what,
            "text": self.text,
            "reason": self.reason,
            "compared": _compared(self.comparison),
            "changes": [change.to_dict() for change in self.comparison.changes],
        }


def _compared(comparison: Comparison) -> JSON:
    record = comparison.record
    if record is None:
        return None
    return {
        "key": record.key,
        "created_at": record.created_at,
        "duration_s": record.duration_s,
        "of": comparison.of,
    }


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a step ran or was cached, and what would happen now.

    Printing it gives text, a notebook shows it as a page, `to_dict` is for programs.

    Attributes
    ----------
    last
        What happened last in this process.
    now
        What would happen now; ``None`` where that cannot be told.
    """

    step: str
    last: Account
    now: Account | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """What makes it run now; where it would be cached, what made it run last."""
        return self._telling.comparison.changes

    @property
    def compared_with(self) -> Record | None:
        """The earlier record that `changes` are told against; ``None`` where there is none."""
        return self._telling.comparison.record

    @property
    def _telling(self) -> Account:
        return self.now if self.now is not None and self.now.comparison.changes else self.last

    def to_dict(self) -> dict[str, JSON]:
        """Return it as plain JSON: what happened last, what would now, and all that changed."""
        return {
            "step": self.step,
            "last": self.last.to_dict(),
            "now": None if self.now is None else self.now.to_dict(),
            "compared": _compared(self._telling.comparison),
            "changes": [change.to_dict() for change in self.changes],
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _accounts(self) -> list[Account]:
        return [self.last] if self.now is None else [self.last, self.now]

    def _lines(self) -> Iterator[str]:
        for account in self._accounts():
            yield account.text
            if compared := account.compared():
                yield compared
            for change in account.comparison.changes:
                yield from _told(change)

    def to_html(self) -> str:
        """Return the same as markup that reads well on light and on dark pages."""
        parts = "".join(map(_section, self._accounts()))
        return f'<div style="{_PAGE}">{parts}</div>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.to_html()}


def when(record: Record) -> str:
    """Return when a record was computed: ``2026-05-01 10:00:02 (3 min ago)``."""
    return f"{moment(record.created_at)} ({ago(record.created_at)})"


def ago(at: float) -> str:
    """Return how long ago a time is, in its largest unit."""
    passed = max(0.0, time.time() - at)
    for unit, size in (("day", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count = int(passed // size)
        if count:
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return "just now"


def _told(change: Change) -> Iterator[str]:
    """Yield a change in a line, or its parts in several, and the diff of code."""
    head, parts = _parts(change)
    yield f"  {head}"
    yield from (f"    {part}" for part in parts)
    yield from (f"    {line}" for line in change.diff)


def _parts(change: Change) -> tuple[str, list[str]]:
    clauses = change.clauses()
    if change.said:
        return change.said, clauses[1:]
    if len(clauses) < 3:
        return str(change), []
    return f"{change.noun}:", clauses


_PAGE = (
    "line-height:1.45;font-size:var(--jp-ui-font-size1,13px);"
    "color:var(--jp-ui-font-color1,var(--vscode-editor-foreground,inherit))"
)
_DIFF = (
    "margin:2px 0 6px 1.5em;padding:2px 6px;font-size:12px;line-height:1.35;overflow-x:auto;"
    "background-color:transparent;color:inherit;border-left:2px solid rgba(128,128,128,0.4)"
)
# Let the page show through, so that its own colour of text stays legible on both.
_TINTS = {
    "+": "background-color:rgba(46,160,67,0.18)",
    "-": "background-color:rgba(248,81,73,0.18)",
    "@": "opacity:0.6",
    "…": "opacity:0.6",
}


def _section(account: Account) -> str:
    compared = account.compared()
    lines = f"<div>{escape(account.text)}</div>"
    if compared:
        lines += f'<div style="opacity:0.75">{escape(compared)}</div>'
    if not account.comparison.changes:
        return lines
    items = "".join(map(_item, account.comparison.changes))
    return f'{lines}<ul style="margin:2px 0 6px 0;padding-left:1.5em">{items}</ul>'


def _item(change: Change) -> str:
    head, parts = _parts(change)
    inner = "".join(f"<li>{escape(part)}</li>" for part in parts)
    below = f'<ul style="margin:0;padding-left:1.5em">{inner}</ul>' if inner else ""
    if change.diff:
        lines = "".join(map(_diff_line, change.diff))
        below += f'<pre style="{_DIFF}">{lines}</pre>'
    return f"<li>{escape(head)}{below}</li>"


def _diff_line(line: str) -> str:
    tint = _TINTS.get(line[:1], "")
    style = f' style="{tint}"' if tint else ""
    return f"<span{style}>{escape(line)}</span>\n"
