"""What changed between a record and now, named for people and for programs."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from zen_nb.core.model import JSON, Component, Trace
from zen_nb.engine.differences import Difference, SourceDifference, compare

How: TypeAlias = Literal["changed", "new", "gone"]


@dataclass(frozen=True, slots=True)
class Change:
    """One ingredient that differs from the nearest earlier record.

    Attributes
    ----------
    before, after
        What a person is shown of it (see `Component.shown`); empty where there is nothing.
    said
        What whoever found the change says of it; ``""`` where the two sides tell.
    """

    label: str
    how: How
    before: Mapping[str, JSON]
    after: Mapping[str, JSON]
    said: str = ""

    @property
    def difference(self) -> Difference | None:
        """What differs within it; ``None`` where nothing that was kept tells."""
        return compare(self.before, self.after)

    @property
    def diff(self) -> tuple[str, ...]:
        """The lines of a unified diff; empty where it is no code."""
        found = self.difference
        return found.diff if isinstance(found, SourceDifference) else ()

    @property
    def noun(self) -> str:
        """What it is called: ``helper clean()``, ``input df``."""
        return _noun(self.label)

    def clauses(self) -> list[str]:
        """Return what changed of it, the most telling first; empty where its noun says all."""
        if self.said:
            found = self.difference
            more = found.clauses() if found else []
            return [self.said, *(clause for clause in more if clause not in self.said)]
        if self.how != "changed":
            return [_absence(self.label, self.how)]
        return _sides(self.before, self.after) or ["changed"]

    def __str__(self) -> str:
        if self.said:
            return self.said
        found = self.clauses()
        more = f" and {len(found) - _CLAUSES} more" if len(found) > _CLAUSES else ""
        colon = ":" if _is_sentence(self.before, self.after) else ""
        return f"{self.noun}{colon} {', '.join(found[:_CLAUSES])}{more}"

    def to_dict(self) -> dict[str, JSON]:
        """Return it as plain JSON: label, how, before, after, diff, and what differs within."""
        found = self.difference
        return {
            "label": self.label,
            "how": self.how,
            "words": str(self),
            "before": _public(self.before),
            "after": _public(self.after),
            "diff": "\n".join(self.diff) or None,
            "detail": None if found is None else found.to_dict(),
        }


_CLAUSES = 2
# A diff tells what changed in code, and a profile is for comparing only.
_KEPT_APART = frozenset({"source", "profile"})


def _public(shown: Mapping[str, JSON]) -> dict[str, JSON]:
    return {name: part for name, part in shown.items() if name not in _KEPT_APART}


def _absence(label: str, how: How) -> str:
    kind = label.partition(":")[0]
    if kind == "alias":
        return "the same object" if how == "new" else "no longer the same object"
    if kind == "name":
        return "exists already" if how == "new" else "does not exist yet"
    if kind == "leftover":
        return "does not count" if how == "new" else "counts"
    return "is new" if how == "new" else "is no longer used"


def _is_sentence(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> bool:
    """Tell whether what changed is about parts of it, so that a colon stands before."""
    return "profile" in before and "profile" in after and not _short(before, after)


def _sides(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> list[str]:
    """Return what changed by the two sides of it."""
    if "hidden" in before or "hidden" in after:
        return ["changed (not shown: it looks like a secret)"]
    short = _short(before, after)
    if short:
        return [short]
    needed = _needed(before.get("requires"), after.get("requires"))
    if needed:
        return needed
    outputs = _outputs(before, after)
    found = compare(before, after)
    told = [*([outputs] if outputs else []), *(found.clauses() if found else [])]
    if told:
        return told
    if "source" in before and "source" in after:
        beyond = "cut" in before or "cut" in after
        return ["changed beyond the text that is kept" if beyond else "changed, its text did not"]
    old, new = _line(before), _line(after)
    differ = before.get("type") != after.get("type") or ("summary" in before and "summary" in after)
    return [f"{old} → {new}"] if differ and old and new and old != new else []


def _short(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> str:
    """Return ``0.001 → 0.0001`` where both sides are shown whole."""
    for part in ("value", "version"):
        old, new = before.get(part), after.get(part)
        if old is not None and new is not None and old != new:
            return f"{old} → {new}"
    return ""


def _needed(before: JSON, after: JSON) -> list[str]:
    """Return what differs in the packages that a package builds on."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return [
        f"needs {name} {before.get(name, 'none')} → {after.get(name, 'none')}" for name in names
    ]


def _line(shown: Mapping[str, JSON]) -> str:
    """Return a value in one line: what it is worth, else its type and size."""
    if "value" in shown:
        return str(shown["value"])
    return " ".join(str(shown[part]) for part in ("type", "summary") if shown.get(part))


def _outputs(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> str:
    old, new = before.get("outputs"), after.get("outputs")
    if old == new or "source" not in before or "outputs" not in before:
        return ""
    return f"outputs {_names(old)} → {_names(new)}"


def _names(outputs: JSON) -> str:
    return ", ".join(map(str, outputs)) or "none" if isinstance(outputs, list) else "all"


def changes(before: Iterable[Component], after: Iterable[Component]) -> tuple[Change, ...]:
    """Return what differs, what the user wrote first, then helpers, inputs and packages.

    What is shown of the present side is found now, before anybody changes the values.
    """
    old = {part.label: part for part in before}
    new = {part.label: part for part in after}
    found = []
    for label in old.keys() | new.keys():
        was, now = old.get(label), new.get(label)
        if was is None and now is not None:
            found.append(Change(label, "new", {}, dict(now.shown)))
        elif now is None and was is not None:
            found.append(Change(label, "gone", was.shown, {}))
        elif was is not None and now is not None and was.digest != now.digest:
            found.append(Change(label, "changed", was.shown, dict(now.shown)))
    # Which leftovers do not count follows from the code.
    told = [part for part in found if not part.label.startswith("leftover:")]
    return tuple(sorted(told or found, key=_weight))


def of_trace(trace: Trace, said: str, now: Trace | None) -> Change:
    """Return the change of what a step saw or left outside its variables.

    Parameters
    ----------
    now
        The same as it is now; ``None`` where there is nothing of the kind.
    """
    how: How = "changed"
    if now is None or (trace.digest and not now.digest):
        how = "gone"
    elif not trace.digest:
        how = "new"
    return Change(trace.label, how, _state(trace), {} if now is None else _state(now), said)


def _state(trace: Trace) -> dict[str, JSON]:
    if trace.kind not in ("file", "env", "ambient"):
        return dict(trace.shown)
    size, modified = trace.guard.get("size"), trace.guard.get("mtime_ns")
    if not isinstance(size, int) or not isinstance(modified, int):
        return {}
    if trace.guard.get("kind") == "folder":
        return {"entries": trace.guard.get("entries")}
    return {"size_bytes": size, "modified_at": modified / 1e9}


def nearest(
    candidates: Sequence[Sequence[Component]], now: Sequence[Component]
) -> tuple[Change, ...] | None:
    """Return the changes against the candidate that differs least; the first of equals.

    ``None`` where none is comparable: a step of another notebook can have the same name.
    """
    place = nearest_place(candidates, now)
    return None if place is None else changes(candidates[place], now)


def nearest_place(
    candidates: Sequence[Sequence[Component]], now: Sequence[Component]
) -> int | None:
    """Return the place of the candidate that differs least; ``None`` where none is comparable."""
    alike = [n for n, candidate in enumerate(candidates) if _is_alike(candidate, now)]
    return min(alike, key=lambda n: distance(candidates[n], now), default=None)


def distance(before: Sequence[Component], now: Sequence[Component]) -> float:
    """Return how far a record is from now: the sum of what changed, each by how much it did.

    What the user changed counts once, and up to twice for code that has little left in
    common. What follows from another change counts less: parts that code takes in or lets
    go, packages, and facts about the other ingredients.
    """
    old = {part.label: part for part in before}
    new = {part.label: part for part in now}
    total = 0.0
    for label in old.keys() | new.keys():
        was, is_now = old.get(label), new.get(label)
        if was is None or is_now is None:
            total += 0.5 if label.partition(":")[0] in _ORDER else 0.25
        elif was.digest != is_now.digest:
            total += _far(was, is_now)
    return total


def _far(was: Component, now: Component) -> float:
    if was.kind not in _ORDER:
        return 0.25
    if was.kind == "package":
        return 0.5
    old, new = was.shown.get("source"), now.shown.get("source")
    if not isinstance(old, str) or not isinstance(new, str):
        return 1.0
    return 2.0 - _in_common(old, new)


def _in_common(old: str, new: str) -> float:
    """Return the share of words that two texts have in common, wherever they stand."""
    one, other = Counter(old.split()), Counter(new.split())
    words = one.total() + other.total()
    return 2.0 * (one & other).total() / words if words else 1.0


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
    return _NOUNS.get(label) or f"{kind} {name}".rstrip()


_NOUNS = {
    "aliases": "which inputs are the same object",
    "docs": "documentation that the code reads",
    "outputs": "the names of its outputs",
    "env": "environment variable",
}
