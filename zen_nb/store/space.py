"""The bytes that the store takes: counted, freed, and given to what is worth most.

Everything here happens under the one write lock, where a writer also makes sure
that the blobs of its record are still there. So nothing fresh is lost beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store import envelope as envelopes
from zen_nb.store.blobs import Blobs
from zen_nb.store.disk import Rows
from zen_nb.store.envelope import Tombstone
from zen_nb.store.eviction import choose
from zen_nb.store.journal import Journal
from zen_nb.store.signing import Signer
from zen_nb.store.verified import row_of as verified_row

SIZE_KEY = "01"
RECORD_KEY_LENGTH = 64
ORPHAN_AGE_S = 3600.0
TOMBSTONE_AGE_S = 90 * 86400.0


class Space:
    """Counts and frees; the counter is one row, so that asking it costs one lookup."""

    def __init__(self, rows: Rows, blobs: Blobs, journal: Journal, signer: Signer) -> None:
        self._rows = rows
        self._blobs = blobs
        self._journal = journal
        self._signer = signer

    def size_bytes(self) -> int:
        """Return what the counter says; 0 where it cannot be read."""
        try:
            return max(0, int(self._rows.get(SIZE_KEY) or b"0"))
        except (ValueError, StoreUnavailable):
            return 0

    def count(self, grown_bytes: int) -> None:
        """Add to the counter; to be called inside a transaction."""
        self._rows.put(SIZE_KEY, str(max(0, self.size_bytes() + grown_bytes)).encode())

    def record_rows(self) -> list[tuple[str, bytes]]:
        """Return every record's key and row."""
        keys = (key for key in self._rows.all_keys() if len(key) == RECORD_KEY_LENGTH)
        found = ((key, self._rows.get(key)) for key in keys)
        return [(key, raw) for key, raw in found if raw is not None]

    def remove(self, keys: Iterable[str], reason: str | None) -> None:
        """Remove records and the blobs that no other one names; leave a tombstone for `reason`."""
        goes = set(keys)
        with self._rows.transaction():
            named = {key: envelopes.unverified_blobs(raw) for key, raw in self.record_rows()}
            stays = {d for key, all_of in named.items() if key not in goes for d in all_of}
            freed = 0
            for digest in {d for key in goes for d in named.get(key, ())} - stays:
                freed += self._blobs.remove(digest)
                self._rows.delete(verified_row(digest))
            for key in goes:
                freed += self._journal.remove(key)
                self._bury(key, reason)
            self.count(-freed)

    def _bury(self, key: str, reason: str | None) -> None:
        if reason is None:
            self._rows.delete(key)
            return
        stone = envelopes.seal_tombstone(self._signer, key, Tombstone(time.time(), reason))
        self._rows.put(key, envelopes.framed([(stone, b"")]))

    def sweep(self) -> None:
        """Remove what no record names any more, and count again."""
        now = time.time()
        with self._rows.transaction():
            rows = self.record_rows()
            named = {digest for _, raw in rows for digest in envelopes.unverified_blobs(raw)}
            total = sum(self._journal.size(key) for key in self._journal.all())
            for digest, status in self._blobs.all():
                if digest not in named and now - status.st_mtime > ORPHAN_AGE_S:
                    self._blobs.remove(digest)
                    self._rows.delete(verified_row(digest))
                else:
                    total += status.st_size
            for key, raw in rows:
                if now - envelopes.unverified_eviction(raw, now) > TOMBSTONE_AGE_S:
                    self._rows.delete(key)
            self._rows.put(SIZE_KEY, str(total).encode())

    def prune(self, to_bytes: int, keep: set[str], reason: str) -> tuple[str, ...]:
        """Evict until `to_bytes` are left, never `keep`; return the keys that went."""
        self.sweep()
        surplus = self.size_bytes() - to_bytes
        if surplus <= 0:
            return ()
        rows = [(key, raw) for key, raw in self.record_rows() if key not in keep]
        chosen = choose(rows, surplus, self._journal, self._blobs, time.time())
        if chosen:
            self.remove(chosen, reason)
        return tuple(chosen)

    def empty(self) -> None:
        """Remove every record, its history and its bytes."""
        keys = {key for key, _ in self.record_rows()} | set(self._journal.all())
        self.remove(keys, None)
        with self._rows.transaction():
            for key in self._rows.all_keys():
                if len(key) > 2 and len(key) != RECORD_KEY_LENGTH:
                    self._rows.delete(key)
        self._rows.compact()
