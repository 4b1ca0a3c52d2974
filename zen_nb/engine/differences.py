"""What differs between two things that a person was shown: pure, from what was kept of them.

Every kind of difference has clauses for people, the most telling first, and a JSON-shaped
form for programs. Where nothing that was kept tells, there is none: never a wrong one.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from zen_nb.core.model import JSON
from zen_nb.engine.entries import entries, lists, texts
from zen_nb.engine.tabular import arrays, frames, sequences

LONGEST_DIFF = 60
_AROUND = 2


class Difference(Protocol):
    """What differs between two things of one kind."""

    def clauses(self) -> list[str]:
        """Return what changed, a clause each, the most telling first."""

    def to_dict(self) -> dict[str, JSON]:
        """Return it for programs."""


@dataclass(frozen=True, slots=True)
class SourceDifference:
    """What differs between two versions of some code.

    Attributes
    ----------
    diff
        Unified, of bounded length; its last line then says how much was left out.
    lines
        Line numbers that differ now, of the cell or file that holds the code.
    """

    diff: tuple[str, ...]
    lines: tuple[int, ...]

    def clauses(self) -> list[str]:
        if not self.lines:
            return []
        if len(self.lines) == 1:
            return [f"line {self.lines[0]} changed"]
        if self.lines[-1] - self.lines[0] + 1 == len(self.lines):
            return [f"lines {self.lines[0]}–{self.lines[-1]} changed"]
        return [f"{len(self.lines)} lines changed"]

    def to_dict(self) -> dict[str, JSON]:
        return {"kind": "source", "lines": list(self.lines)}


def sources(before: Mapping[str, Any], after: Mapping[str, Any]) -> SourceDifference:
    """Compare two texts of code."""
    old, new = before["source"].splitlines(), after["source"].splitlines()
    first = int(before.get("line", 1)), int(after.get("line", 1))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    lines: list[int] = []
    diff: list[str] = []
    for group in matcher.get_grouped_opcodes(_AROUND):
        start, end = group[0], group[-1]
        diff.append(
            f"@@ -{_span(first[0], start[1], end[2])} +{_span(first[1], start[3], end[4])} @@"
        )
        for what, one, until, other, last in group:
            if what == "equal":
                diff += [f" {line}" for line in old[one:until]]
                continue
            diff += [f"-{line}" for line in old[one:until]]
            diff += [f"+{line}" for line in new[other:last]]
            lines += [first[1] + at for at in range(other, max(last, other + 1))]
    return SourceDifference(_bounded(diff), tuple(lines))


def _span(first: int, start: int, end: int) -> str:
    return f"{first + start},{end - start}"


def _bounded(diff: list[str]) -> tuple[str, ...]:
    left = len(diff) - LONGEST_DIFF
    if left <= 1:
        return tuple(diff)
    return (*diff[:LONGEST_DIFF], f"… {left} more lines of this diff are left out")


@dataclass(frozen=True, slots=True)
class FileDifference:
    """What differs between a file as the step saw or left it, and as it is.

    Attributes
    ----------
    size_bytes, modified_at
        Before and now; ``None`` where there is no such file.
    """

    size_bytes: tuple[int | None, int | None]
    modified_at: tuple[float | None, float | None]

    def clauses(self) -> list[str]:
        found = []
        old, new = self.size_bytes
        if old is not None and new is not None and old != new:
            found.append(f"{old:,} → {new:,} bytes")
        before, now = (_moment(part) for part in self.modified_at)
        if before and now and before != now:
            found.append(f"written {before} → {now}")
        elif now and not before:
            found.append(f"written {now}")
        return found

    def to_dict(self) -> dict[str, JSON]:
        return {
            "kind": "file",
            "size_bytes": list(self.size_bytes),
            "modified_at": list(self.modified_at),
        }


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def files(before: Mapping[str, Any], after: Mapping[str, Any]) -> FileDifference:
    """Compare two states of a file."""
    return FileDifference(
        (before.get("size_bytes"), after.get("size_bytes")),
        (before.get("modified_at"), after.get("modified_at")),
    )


_Compare: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any]], Difference]
_KINDS: Mapping[str, _Compare] = {
    "frame": frames,
    "array": arrays,
    "sequence": sequences,
    "items": entries,
    "list": lists,
    "text": texts,
}


def compare(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> Difference | None:
    """Return what differs between what was shown before and now; ``None`` where nothing tells.

    What was kept by an older version, or is cut short, tells nothing.
    """
    try:
        return _compare(before, after)
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def _compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference | None:
    if "source" in before and "source" in after:
        return sources(before, after)
    if "size_bytes" in before or "size_bytes" in after:
        return files(before, after)
    old, new = before.get("profile") or {}, after.get("profile") or {}
    if before.get("type") != after.get("type") or old.get("kind") != new.get("kind"):
        return None
    make = _KINDS.get(str(new.get("kind")))
    return None if make is None else make(old, new)
