"""What goes first when the store is full: cheap to recompute, long unused, large."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from zen_nb.store import envelope as envelopes
from zen_nb.store.blobs import Blobs
from zen_nb.store.journal import Journal

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that could go.

    Attributes
    ----------
    raw
        The row as it was looked at: one that has changed since stays.
    own_bytes
        What goes with it whatever else stays.
    blobs
        Size in bytes of each blob it names, by digest.
    worth
        Seconds to recompute × recency ÷ bytes.
    """

    key: str
    raw: bytes
    duration_s: float
    own_bytes: int
    blobs: Mapping[str, int]
    worth: float


def worth(duration_s: float, idle_s: float, size_bytes: float) -> float:
    """Return seconds to recompute × recency ÷ bytes: the least goes first."""
    recency = 1.0 / (1.0 + max(0.0, idle_s) / _HOUR_S)
    return max(duration_s, 1e-3) * recency / max(size_bytes, 1.0)


def candidates(
    rows: Iterable[tuple[str, bytes]],
    keep: Collection[str],
    *,
    journal: Journal,
    blobs: Blobs,
    owners: Callable[[str], int],
) -> list[Candidate]:
    """Return the rows that hold something and may go; a shared blob counts by its share."""
    found = []
    now = time.time()
    sizes: dict[str, int] = {}
    for key, raw in rows:
        if key in keep or any(envelopes.is_newer(part) for part, _ in envelopes.readable(raw)):
            continue
        own, used_at = journal.seen(key)
        named = {}
        for digest in envelopes.unverified_blobs(raw):
            if digest not in sizes:
                sizes[digest] = blobs.size(digest) or 0
            named[digest] = sizes[digest]
        size = own + sum(named[digest] / max(owners(digest), 1) for digest in named)
        if size:
            took = _duration_s(raw)
            value = worth(took, now - used_at, size)
            found.append(Candidate(key, raw, took, own, named, value))
    return found


def by_files(journal: Journal, blobs: Blobs, keep: Collection[str]) -> list[Candidate]:
    """Return what may go, the least worth first, as the files alone tell."""
    keys = list(journal.all())
    rows = [(key, envelopes.without_tails(journal.read(key) or b"")) for key in keys]
    owners = Counter(digest for _, raw in rows for digest in envelopes.unverified_blobs(raw))
    found = candidates(rows, keep, journal=journal, blobs=blobs, owners=owners.__getitem__)
    return sorted(found, key=lambda one: one.worth)


def choose(
    found: list[Candidate], surplus_bytes: int, owners: Callable[[str], int], most: int
) -> tuple[list[Candidate], int]:
    """Return the least worth whose removal frees `surplus_bytes`, at most `most`, and the bytes.

    A blob is freed with the last row that names it.
    """
    left: dict[str, int] = {}
    chosen: list[Candidate] = []
    freed = 0
    for one in heapq.nsmallest(most, found, key=lambda part: part.worth):
        if freed >= surplus_bytes:
            break
        chosen.append(one)
        freed += one.own_bytes
        for digest, size in one.blobs.items():
            left[digest] = left.get(digest, owners(digest)) - 1
            if left[digest] == 0:
                freed += size
    return chosen, freed


def _duration_s(raw: bytes) -> float:
    found = [head.get("duration_s") for head in envelopes.unverified_heads(raw)]
    return sum(value for value in found if isinstance(value, (int, float)))
