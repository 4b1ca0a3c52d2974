"""What differs between two containers, objects or long texts, from what was kept of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, TypeAlias

from zen_nb.core.model import JSON
from zen_nb.identity.sample import digests

_NAMED = 3
# What is shown of an entry, or ``None`` where nothing may be.
Side: TypeAlias = str | None


@dataclass(frozen=True, slots=True)
class EntriesDifference:
    """What differs between two dicts, objects, lists or sets.

    Attributes
    ----------
    size
        Entries before and now.
    changed
        Path to what is shown of it before and now.
    more
        Entries that are not listed, so that a change of theirs is not told.
    """

    size: tuple[int, int]
    added: Mapping[str, Side] = field(default_factory=dict)
    removed: Mapping[str, Side] = field(default_factory=dict)
    changed: Mapping[str, tuple[Side, Side]] = field(default_factory=dict)
    reordered: bool = False
    more: int = 0
    noun: str = "items"

    def clauses(self) -> list[str]:
        old, new = self.size
        found = [] if old == new else [f"{old:,} → {new:,} {self.noun}"]
        found += [_turned(path, *sides) for path, sides in self.changed.items()]
        found += [_listed("added", self.added), _listed("removed", self.removed)]
        if self.reordered:
            found.append("in another order")
        return [clause for clause in found if clause]

    def to_dict(self) -> dict[str, JSON]:
        return {
            "kind": "entries",
            "size": list(self.size),
            "added": dict(self.added),
            "removed": dict(self.removed),
            "changed": {path: list(sides) for path, sides in self.changed.items()},
            "reordered": self.reordered,
            "not_listed": self.more,
        }


def _turned(path: str, old: Side, new: Side) -> str:
    return (
        f"{path} changed" if old is None or new is None or old == new else f"{path} {old} → {new}"
    )


def _listed(verb: str, entries: Mapping[str, Side]) -> str:
    if not entries:
        return ""
    said = [_said(path, side) for path, side in list(entries.items())[:_NAMED]]
    more = f" and {len(entries) - _NAMED} more" if len(entries) > _NAMED else ""
    return f"{verb} {', '.join(said)}{more}"


def _said(path: str, side: Side) -> str:
    """Name an entry; one of a list by what it is, where that is shown."""
    return side if path.startswith("[") and side is not None else path


def entries(before: Mapping[str, Any], after: Mapping[str, Any]) -> EntriesDifference:
    """Compare the profiles of two dicts or objects, by path."""
    old, new = before["entries"], after["entries"]
    common = [path for path in new if path in old]
    cut = before.get("more", 0) or after.get("more", 0)
    return EntriesDifference(
        size=(before["size"], after["size"]),
        # What is listed on one side only may be left out on the other.
        added={} if cut else {path: new[path][0] for path in new if path not in old},
        removed={} if cut else {path: old[path][0] for path in old if path not in new},
        changed={p: (old[p][0], new[p][0]) for p in common if old[p] != new[p]},
        reordered=common != [path for path in old if path in new] and after["of"] == "dict",
        more=int(cut),
        noun="keys" if after["of"] == "dict" else "attributes",
    )


def lists(before: Mapping[str, Any], after: Mapping[str, Any]) -> EntriesDifference:
    """Compare the profiles of two short lists, tuples or sets, as a diff does."""
    old, new = before["entries"], after["entries"]
    added: dict[str, Side] = {}
    removed: dict[str, Side] = {}
    changed: dict[str, tuple[Side, Side]] = {}
    matcher = SequenceMatcher(None, [part[1] for part in old], [part[1] for part in new], False)
    for what, one, until, other, end in matcher.get_opcodes():
        if what == "replace" and until - one == end - other and after["of"] != "set":
            pairs = zip(old[one:until], new[other:end], strict=True)
            changed |= {f"[{one + n}]": (was[0], now[0]) for n, (was, now) in enumerate(pairs)}
        elif what != "equal":
            removed |= {f"[{place}]": old[place][0] for place in range(one, until)}
            added |= {f"[{place}]": new[place][0] for place in range(other, end)}
    moved = _moved(old, new)
    size = (before["size"], after["size"])
    if moved:
        return EntriesDifference(size, reordered=True)
    return EntriesDifference(size, added, removed, changed)


def _moved(old: Sequence[Any], new: Sequence[Any]) -> bool:
    return old != new and sorted(part[1] for part in old) == sorted(part[1] for part in new)


@dataclass(frozen=True, slots=True)
class TextDifference:
    """What differs between two long texts, of which no line is kept.

    Attributes
    ----------
    lines
        Ranges of lines now that differ, from and to, counted from 1.
    """

    size: tuple[int, int]
    count: tuple[int, int]
    lines: tuple[tuple[int, int], ...] = ()

    def clauses(self) -> list[str]:
        found = [f"{n} {one:,} → {other:,}" for n, (one, other) in self._sides() if one != other]
        shown = ", ".join(_range(*part) for part in self.lines[:_NAMED])
        more = f" and {len(self.lines) - _NAMED} more" if len(self.lines) > _NAMED else ""
        return [f"{shown}{more} changed", *found] if shown and self.count[1] > 1 else found

    def _sides(self) -> list[tuple[str, tuple[int, int]]]:
        return [("characters", self.size), ("lines", self.count)]

    def to_dict(self) -> dict[str, JSON]:
        return {
            "kind": "text",
            "characters": list(self.size),
            "lines": list(self.count),
            "changed": [list(part) for part in self.lines],
        }


def _range(first: int, last: int) -> str:
    return f"line {first}" if last <= first else f"lines {first}–{last}"


def texts(before: Mapping[str, Any], after: Mapping[str, Any]) -> TextDifference:
    """Compare the profiles of two long texts, line by line."""
    old, new = _lines(before), _lines(after)
    changed = []
    if old and new:
        for what, _, _, first, last in SequenceMatcher(None, old, new, False).get_opcodes():
            if what != "equal":
                changed.append((first + 1, max(last, first + 1)))
    size = (before["size"], after["size"])
    return TextDifference(size, (before["lines"], after["lines"]), tuple(changed))


def _lines(profile: Mapping[str, Any]) -> list[bytes]:
    kept, count = profile.get("sample"), int(profile["lines"])
    return list(digests(count, count, kept).values()) if isinstance(kept, str) else []
