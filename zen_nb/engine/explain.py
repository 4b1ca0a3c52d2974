"""What changed between a record and now, named for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from zen_nb.core.model import JSON, Component


@dataclass(frozen=True, slots=True)
class Change:
    """One ingredient that differs from the nearest earlier record.

    Attributes
    ----------
    before, after
        What a person is shown of it (see `Component.shown`); empty where there is nothing.
    """

    label: str
    how: Literal["changed", "new", "gone"]
    before: Mapping[str, JSON]
    after: Mapping[str, JSON]

    def __str__(self) -> str:
        noun = _noun(self.label)
        if self.label.startswith("alias:"):
            return (
                f"{noun} the same object"
                if self.how == "new"
                else f"{noun} no longer the same object"
            )
        if self.label.startswith("name:"):
            return f"{noun} exists already" if self.how == "new" else f"{noun} does not exist yet"
        if self.how == "new":
            return f"{noun} is new"
        if self.how == "gone":
            return f"{noun} is no longer used"
        before, after = _text(self.before), _text(self.after)
        if before and after and before != after:
            return f"{noun} {before} → {after}"
        return f"{noun} changed"


def changes(before: Iterable[Component], after: Iterable[Component]) -> tuple[Change, ...]:
    """Return what differs, what the user wrote first, then helpers, inputs and packages."""
    old = {part.label: part for part in before}
    new = {part.label: part for part in after}
    found = []
    for label in old.keys() | new.keys():
        was, now = old.get(label), new.get(label)
        if was is None and now is not None:
            found.append(Change(label, "new", {}, now.shown))
        elif now is None and was is not None:
            found.append(Change(label, "gone", was.shown, {}))
        elif was is not None and now is not None and was.digest != now.digest:
            found.append(Change(label, "changed", was.shown, now.shown))
    return tuple(sorted(found, key=_weight))


def nearest(
    candidates: Sequence[Sequence[Component]], now: Sequence[Component]
) -> tuple[Change, ...] | None:
    """Return the changes against the candidate that differs least; the first of equals.

    ``None`` where none is comparable: a step of another notebook can have the same name.
    """
    alike = (candidate for candidate in candidates if _is_alike(candidate, now))
    compared = [changes(candidate, now) for candidate in alike]
    return min(compared, key=len) if compared else None


def _is_alike(before: Sequence[Component], now: Sequence[Component]) -> bool:
    """Tell whether two steps of one name are versions of one step.

    They are when the code is the same or similar, or when they share an ingredient of the
    user's. What both have from Python and its packages says nothing.
    """
    old = {part.label: part for part in before}
    shared = [part for part in now if old.get(part.label) == part]
    if not before or any(part.kind != "package" for part in shared):
        return bool(before)
    mine = next((part.shown.get("source") for part in now if part.label == "code"), None)
    other = old["code"].shown.get("source") if "code" in old else None
    if not isinstance(mine, str) or not isinstance(other, str):
        return True
    return difflib.SequenceMatcher(None, other, mine).quick_ratio() >= _ALIKE


_ALIKE = 0.6
_ORDER = (
    "code",
    "param",
    "global",
    "helper",
    "module",
    "input",
    "file",
    "env",
    "ambient",
    "package",
)


def _weight(change: Change) -> tuple[int, int, str]:
    kind = change.label.partition(":")[0]
    place = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
    return (place, ("changed", "new", "gone").index(change.how), change.label)


def _noun(label: str) -> str:
    kind, _, name = label.partition(":")
    if kind == "code":
        return "code"
    if kind == "helper":
        return (
            f"helper {name}()" if name[:1].islower() or name.startswith("_") else f"helper {name}"
        )
    return f"{kind} {name}"


def _text(shown: Mapping[str, JSON]) -> str:
    for part in ("value", "version"):
        if part in shown:
            return str(shown[part])
    return str(shown.get("summary") or "")
