"""What goes first when the store is full: cheap to recompute, long unused, large."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from zen_nb.store import envelope as envelopes
from zen_nb.store.blobs import Blobs
from zen_nb.store.journal import Journal

_HOUR_S = 3600.0


def worth(duration_s: float, idle_s: float, size_bytes: int) -> float:
    """Return seconds to recompute × recency ÷ bytes: the least goes first."""
    recency = 1.0 / (1.0 + max(0.0, idle_s) / _HOUR_S)
    return max(duration_s, 1e-3) * recency / max(size_bytes, 1)


def choose(
    rows: Sequence[tuple[str, bytes]],
    surplus_bytes: int,
    journal: Journal,
    blobs: Blobs,
    now: float,
) -> list[str]:
    """Return keys whose removal frees `surplus_bytes`, the least worth first.

    A blob that several rows name is freed with the last of them.
    """
    named = {key: envelopes.unverified_blobs(raw) for key, raw in rows}
    owners = Counter(digest for digests in named.values() for digest in digests)
    sizes = {digest: blobs.size(digest) or 0 for digest in owners}
    costs = {}
    for key, raw in rows:
        size = journal.size(key) + sum(sizes[digest] for digest in named[key])
        if size:
            idle = now - journal.used_at(key)
            costs[key] = worth(_duration_s(raw), idle, size)
    chosen: list[str] = []
    freed = 0
    for key in sorted(costs, key=costs.__getitem__):
        if freed >= surplus_bytes:
            break
        chosen.append(key)
        freed += journal.size(key)
        owners.subtract(named[key])
        freed += sum(sizes[digest] for digest in named[key] if owners[digest] == 0)
    return chosen


def _duration_s(raw: bytes) -> float:
    found = [head.get("duration_s") for head in envelopes.unverified_heads(raw)]
    return sum(value for value in found if isinstance(value, (int, float)))
