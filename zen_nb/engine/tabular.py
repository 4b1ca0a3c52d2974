"""What differs between two frames, arrays or long sequences, from what was kept of them.

Shares of changed elements are exact where all elements were compared, else an estimate
from a sample.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zen_nb.core.model import JSON
from zen_nb.identity.sample import digests

_NAMED = 3
_LISTED = 8
_COUNTABLE = 3


@dataclass(frozen=True, slots=True)
class Share:
    """How many elements differ.

    Attributes
    ----------
    compared
        Elements looked at.
    of
        Elements there are at the places that both have; `compared` of them where exact.
    same_until
        First place that differs, as far as was looked; ``None`` where none does.
    """

    differing: int
    compared: int
    of: int
    same_until: int | None = None

    @property
    def exact(self) -> bool:
        return self.compared == self.of

    @property
    def value(self) -> float:
        return self.differing / self.compared if self.compared else 0.0

    def words(self, noun: str) -> str:
        """Return ``3 of 150 values`` where that is known, else ``about 2 % of values``."""
        if self.differing and self.differing == self.compared:
            return f"all {self.of:,} {noun}" if self.exact else f"nearly all {noun}"
        if self.exact:
            return f"{self.differing:,} of {self.of:,} {noun}"
        if self.differing < _COUNTABLE:
            # With none in n, three in n is what can still be expected, 19 times of 20.
            most = 3 + 2 * self.differing
            return f"fewer than {math.ceil(100 * most / self.compared)} % of {noun}"
        return f"about {max(1, round(100 * self.value))} % of {noun}"


def share(
    before: Mapping[str, Any], after: Mapping[str, Any], lengths: tuple[int, int]
) -> Share | None:
    """Return how many of the elements at common places differ; ``None`` where no sample tells."""
    one, other = before.get("sample"), after.get("sample")
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    old = digests(lengths[0], int(before["most"]), one)
    new = digests(lengths[1], int(after["most"]), other)
    common = [place for place in old if place in new]
    differing = [place for place in common if old[place] != new[place]]
    if not common:
        return None
    return Share(len(differing), len(common), min(lengths), next(iter(differing), None))


@dataclass(frozen=True, slots=True)
class FrameDifference:
    """What differs between two frames.

    Attributes
    ----------
    rows
        Before and now.
    changed
        Columns whose content differs, with the share of their elements where a sample tells.
    kept
        Rows came or went at the end: those that both have look the same.
    more
        Columns that are not kept by name.
    """

    rows: tuple[int, int]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    changed: Mapping[str, Share | None] = field(default_factory=dict)
    reordered: bool = False
    index: str = ""
    kept: bool = False
    more: int = 0

    def clauses(self) -> list[str]:
        found = []
        if self.rows[0] != self.rows[1]:
            found.append(f"{self.rows[0]:,} → {self.rows[1]:,} rows")
        found += [f"column {name} {old} → {new}" for name, (old, new) in self.retyped.items()]
        found += [f"{_columns(names)} {word}" for names, word in self._came_and_went() if names]
        found += self._contents()
        if self.reordered:
            found.append("columns in another order")
        if self.index:
            found.append(self.index)
        if self.kept and min(self.rows):
            found.append(f"the first {min(self.rows):,} rows look the same")
        return found

    def _came_and_went(self) -> list[tuple[tuple[str, ...], str]]:
        return [(self.added, "added"), (self.removed, "removed")]

    def _contents(self) -> list[str]:
        if self.kept:
            return []
        told = {name: part for name, part in self.changed.items() if not self._is_moved(part)}
        if len(told) > _LISTED:
            found = [f"{_columns(tuple(told))} changed"]
        else:
            found = [_content(name, part) for name, part in told.items()]
        moved = [part for name, part in self.changed.items() if name not in told and part]
        if moved:
            first = min(part.same_until or 0 for part in moved)
            names = tuple(name for name in self.changed if name not in told)
            verb = "differ" if len(names) > 1 else "differs"
            found.append(f"{_columns(names)} {verb} from about row {first:,} on")
        return found

    def _is_moved(self, part: Share | None) -> bool:
        """Tell whether rows came or went before these, so that places do not compare."""
        return self.rows[0] != self.rows[1] and part is not None and part.value > 0.5

    def to_dict(self) -> dict[str, JSON]:
        found: dict[str, JSON] = {
            "kind": "frame",
            "rows": list(self.rows),
            "columns": {
                "added": list(self.added),
                "removed": list(self.removed),
                "retyped": {name: list(pair) for name, pair in self.retyped.items()},
                "changed": {name: _rounded(part) for name, part in self.changed.items()},
                "estimated": [n for n, part in self.changed.items() if part and not part.exact],
                "reordered": self.reordered,
                "not_listed": self.more,
            },
            "index": bool(self.index),
        }
        return found | {"first_rows_same": self.kept}


def _rounded(part: Share | None) -> float | None:
    return None if part is None else round(part.value, 4)


def _content(name: str, part: Share | None) -> str:
    if part is None or (part.exact and not part.differing):
        return f"column {name} changed"
    return f"column {name}: {part.words('values')} changed"


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"column{'s' if len(names) > 1 else ''} {shown}{more}"


def frames(before: Mapping[str, Any], after: Mapping[str, Any]) -> FrameDifference:
    """Compare the profiles of two frames."""
    old = {part[0]: part for part in before["columns"]}
    new = {part[0]: part for part in after["columns"]}
    rows = (int(before["rows"]), int(after["rows"]))
    common = [name for name in new if name in old]
    typed = [name for name in common if old[name][1] == new[name][1]]
    samples = _samples(before), _samples(after)
    shares = {n: share(samples[0].get(n, {}), samples[1].get(n, {}), rows) for n in typed}
    changed = {n: part for n, part in shares.items() if _differs(old[n][2], new[n][2], part)}
    resized = rows[0] != rows[1]
    return FrameDifference(
        rows=rows,
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        retyped={n: (old[n][1], new[n][1]) for n in common if old[n][1] != new[n][1]},
        changed={
            name: part
            for name, part in changed.items()
            if not resized or part is None or part.differing
        },
        reordered=common != [name for name in old if name in new],
        index=_index(before.get("index"), after.get("index"), resized=resized),
        kept=resized and all(p is not None and not p.differing for p in shares.values()),
        more=max(0, int(after.get("width", 0)) - len(new)),
    )


def _samples(profile: Mapping[str, Any]) -> dict[str, Any]:
    kept = profile.get("samples") or []
    named = zip(profile["columns"], kept, strict=False)
    return {part[0]: {"most": profile["most"], "sample": short} for part, short in named}


def _differs(old: str, new: str, found: Share | None) -> bool:
    """Tell whether two parts differ: by their digests where both have one, else by a sample."""
    if old and new:
        return old != new
    return found is not None and found.differing > 0


def _index(old: Any, new: Any, *, resized: bool) -> str:
    if not old or not new or old == new:
        return ""
    if old[2] != new[2]:
        return f"index {_names(old[2])} → {_names(new[2])}"
    if old[:2] != new[:2]:
        return f"index {old[0]} of {old[1]} → {new[0]} of {new[1]}"
    return "" if resized or not (old[3] and new[3]) else "index changed"


def _names(names: Sequence[str | None]) -> str:
    return ", ".join("unnamed" if name is None else name for name in names)


@dataclass(frozen=True, slots=True)
class ArrayDifference:
    """What differs between two arrays, series or long sequences.

    Attributes
    ----------
    sides
        Facts that differ (shape, dtype, order, name), before and now.
    kept
        It grew or shrank at the end only: what both have looks the same.
    """

    shape: tuple[tuple[int, ...], tuple[int, ...]]
    sides: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    share: Share | None = None
    index: str = ""
    kept: bool = False
    noun: str = "elements"

    def clauses(self) -> list[str]:
        old, new = self.shape
        found = [f"{name} {one} → {other}" for name, (one, other) in self.sides.items()]
        if old != new:
            found.insert(0, f"{_by(old)} → {_by(new)}")
            if self.kept:
                found.append(f"the first {_count(old, new):,} look the same")
        elif self.share is not None and "dtype" not in self.sides:
            found.append(f"{self.share.words(self.noun)} changed")
        return [*found, *([self.index] if self.index else [])]

    def to_dict(self) -> dict[str, JSON]:
        found: dict[str, JSON] = {
            "kind": "array",
            "shape": [list(self.shape[0]), list(self.shape[1])],
            **{name: list(pair) for name, pair in self.sides.items()},
            "index": bool(self.index),
        }
        if self.share is not None:
            found["changed"] = round(self.share.value, 4)
            found["estimated"] = not self.share.exact
        return found


def _by(shape: Sequence[int]) -> str:
    return " × ".join(f"{size:,}" for size in shape) if shape else "scalar"


def _count(old: Sequence[int], new: Sequence[int]) -> int:
    return min(old[0], new[0]) if old and new else 1


def arrays(before: Mapping[str, Any], after: Mapping[str, Any]) -> ArrayDifference:
    """Compare the profiles of two arrays or series."""
    old, new = tuple(before["shape"]), tuple(after["shape"])
    sides = {
        name: (str(before.get(name)), str(after.get(name)))
        for name in ("dtype", "order", "name", "stored", "device")
        if before.get(name) != after.get(name)
    }
    found = None
    if old[1:] == new[1:] and len(old) == len(new):
        found = share(before, after, (math.prod(old), math.prod(new)))
    kept = old != new and found is not None and not found.differing
    index = _index(before.get("index"), after.get("index"), resized=old != new)
    if old == new and _looks_same(before, after, found, told=bool(sides or index)):
        found = None
    return ArrayDifference((old, new), sides, found, index, kept)


def _looks_same(
    before: Mapping[str, Any], after: Mapping[str, Any], found: Share | None, *, told: bool
) -> bool:
    """Tell whether the elements are the same, so that something else is what differs."""
    if before.get("digest") and after.get("digest"):
        return bool(before["digest"] == after["digest"])
    return found is None or (not found.differing and (found.exact or told))


def sequences(before: Mapping[str, Any], after: Mapping[str, Any]) -> ArrayDifference:
    """Compare the profiles of two long lists, tuples or sets."""
    sizes = (int(before["size"]), int(after["size"]))
    found = share(before, after, sizes)
    kept = sizes[0] != sizes[1] and found is not None and not found.differing
    shape = ((sizes[0],), (sizes[1],))
    return ArrayDifference(shape, share=found, kept=kept, noun="items")
