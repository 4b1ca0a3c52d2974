"""The bytes that the store takes: counted, freed, and given to what is worth most.

All changes happen under the one write lock, where a writer also makes sure that the
blobs of its record are still there. So nothing fresh is lost beside it. The lock is
held for a hundred records at a time, and what is to go is looked for without it.

How many rows name a blob is a row of its own (``c`` and the digest), changed in the
same transaction as they are: to free a record nobody has to look at all the others.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store import envelope as envelopes
from zen_nb.store.blobs import Blobs
from zen_nb.store.disk import Rows
from zen_nb.store.envelope import Tombstone
from zen_nb.store.eviction import Candidate, candidates, choose
from zen_nb.store.journal import Journal
from zen_nb.store.signing import Signer
from zen_nb.store.verified import row_of as verified_row

SIZE_KEY = "01"
RECORD_KEY_LENGTH = 64
ORPHAN_AGE_S = 3600.0
TOMBSTONE_AGE_S = 90 * 86400.0
# Of a larger store a part is looked at: keys are digests, so that any run of them is a sample.
SAMPLE = 20_000
_AT_A_GO = 100


@dataclass(frozen=True, slots=True)
class Evicted:
    """What eviction has freed: keys, bytes, and the seconds that computing it all again takes."""

    keys: tuple[str, ...] = ()
    freed_bytes: int = 0
    lost_s: float = 0.0


class Space:
    """Counts and frees; the counter is one row, so that asking it costs one lookup."""

    def __init__(self, rows: Rows, blobs: Blobs, journal: Journal, signer: Signer) -> None:
        self._rows = rows
        self._blobs = blobs
        self._journal = journal
        self._signer = signer
        self._idle: set[str] = set()

    # ---------------------------------------------------------------- counting

    def size_bytes(self) -> int:
        """Return what the counter says; 0 where it cannot be read."""
        return self._number(SIZE_KEY)

    def owners(self, digest: str) -> int:
        """Return how many rows name a blob."""
        return self._number(_owners_row(digest))

    def count(self, grown_bytes: int) -> None:
        """Add to the counter; to be called inside a transaction."""
        if grown_bytes:
            self._rows.add_to(SIZE_KEY, grown_bytes)

    def put(self, key: str, row: bytes, before: bytes, grown_bytes: int = 0) -> None:
        """Let `key` have `row` for the one it has, and count the blobs that both name.

        To be called inside a transaction, in which `before` was read. `grown_bytes` is what
        else the store takes by that.

        Blobs that nothing names any more are there until `free`: what is undone loses none.
        """
        old, new = envelopes.unverified_blobs(before), envelopes.unverified_blobs(row)
        grown = sum(self._take(digest) for digest in new - old)
        freed = sum(self._leave(digest) for digest in old - new)
        self._rows.put(key, row)
        self.count(grown_bytes + grown - freed)

    def has_come(self, digest: str) -> None:
        """Count a blob that came after the rows that name it."""
        with self._rows.transaction():
            if self.owners(digest):
                self.count(self._blobs.size(digest) or 0)

    def restore(self, key: str, row: bytes) -> None:
        """Let `key` have `row` again, which was found elsewhere."""
        with self._rows.transaction():
            self.put(key, row, self._rows.get(key) or b"")

    def _take(self, digest: str) -> int:
        """Count one more owner of a blob, and return the bytes that are new by that."""
        owners = self.owners(digest)
        self._rows.put(_owners_row(digest), str(owners + 1).encode())
        return 0 if owners else self._blobs.size(digest) or 0

    def _leave(self, digest: str) -> int:
        """Count one owner less, and return the bytes that are to be freed by that."""
        owners = self.owners(digest) - 1
        if owners > 0:
            self._rows.put(_owners_row(digest), str(owners).encode())
            return 0
        self._rows.delete(_owners_row(digest))
        self._idle.add(digest)
        return self._blobs.size(digest) or 0

    def free(self) -> None:
        """Remove the blobs that have lost their last owner since this was made."""
        idle, self._idle = self._idle, set()
        if idle:
            with self._rows.transaction():
                for digest in idle:
                    self._remove_unless_owned(digest)

    def _remove_unless_owned(self, digest: str) -> None:
        if not self.owners(digest):
            self._blobs.remove(digest)
            self._rows.delete(verified_row(digest))

    def _number(self, row: str) -> int:
        try:
            return max(0, int(self._rows.get(row) or b"0"))
        except (ValueError, StoreUnavailable):
            return 0

    # ---------------------------------------------------------------- looking

    def record_rows(self, start: str = "") -> Iterator[tuple[str, bytes]]:
        """Yield every record's key and row, by key, from `start` on."""
        while True:
            some = self._rows.records_after(start)
            yield from some
            if not some:
                return
            start = some[-1][0]

    def _sample(self) -> tuple[list[tuple[str, bytes]], bool]:
        """Return rows of records, and whether they are all there are."""
        found: list[tuple[str, bytes]] = []
        start = secrets.token_hex(RECORD_KEY_LENGTH // 2)
        for begin, end in ((start, ""), ("", start)):
            for key, raw in self.record_rows(begin):
                if end and key > end:
                    break
                if len(found) == SAMPLE:
                    return found, False
                found.append((key, raw))
        return found, True

    def least_worth(
        self, surplus_bytes: int, keep: Collection[str]
    ) -> tuple[list[Candidate], int, bool]:
        """Return what should go for `surplus_bytes`, what it frees, and if more could follow."""
        rows, whole = self._sample()
        around: Any = {"journal": self._journal, "blobs": self._blobs, "owners": self.owners}
        found = candidates(rows, keep, **around)
        most = len(found) if whole else len(found) // 4
        chosen, freed = choose(found, surplus_bytes, self.owners, most)
        return chosen, freed, not whole and freed < surplus_bytes

    # ---------------------------------------------------------------- freeing

    def remove(self, keys: Iterable[str], reason: str | None) -> int:
        """Remove records and the blobs that no other one names; leave a tombstone for `reason`.

        Returns the bytes that were freed.
        """
        return self._remove([(key, None) for key in set(keys)], reason)

    def _remove(
        self,
        goes: Sequence[tuple[str, bytes | None]],
        reason: str | None,
        tell: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Remove rows; one that is not what was looked at any more stays."""
        freed = told = 0
        for start in range(0, len(goes), _AT_A_GO):
            some = goes[start : start + _AT_A_GO]
            try:
                freed += self._remove_some(some, reason)
            except StoreUnavailable:  # on a full disk even forgetting takes room
                self._make_room(key for key, _ in some)
                freed += self._remove_some(some, reason)
            tell(freed - told)
            told = freed
        return freed

    def _make_room(self, keys: Iterable[str]) -> None:
        """Remove the files of records that are to go, before the rows that name them."""
        for key in keys:
            for digest in envelopes.unverified_blobs(self._rows.get(key) or b""):
                if self.owners(digest) <= 1:
                    self._blobs.remove(digest)
            self._journal.remove(key)

    def _remove_some(self, goes: Sequence[tuple[str, bytes | None]], reason: str | None) -> int:
        before = self.size_bytes()
        with self._rows.transaction():
            for key, seen in goes:
                if seen is None or self._rows.get(key) == seen:
                    self.count(-self._journal.remove(key))
                    self._bury(key, reason)
        self.free()
        return before - self.size_bytes()

    def _bury(self, key: str, reason: str | None) -> None:
        stone = b""
        if reason is not None:
            said = Tombstone(time.time(), reason)
            stone = envelopes.framed([(envelopes.seal_tombstone(self._signer, key, said), b"")])
        self.put(key, stone, self._rows.get(key) or b"")
        if reason is None:
            self._rows.delete(key)

    def evict(
        self,
        to_bytes: int,
        keep: Collection[str],
        reason: str,
        *,
        most_s: float = math.inf,
        tell: Callable[[int], None] = lambda _: None,
    ) -> Evicted:
        """Evict until `to_bytes` are left or `most_s` have passed, never `keep`.

        `tell` is told the bytes that each hundred records have freed.
        Of a store with more than `SAMPLE` records a sample is looked at, as often as it takes.
        """
        self.sweep()
        done = Evicted()
        more, began = True, time.monotonic()
        while more and self.size_bytes() > to_bytes and time.monotonic() - began < most_s:
            chosen, _, more = self.least_worth(self.size_bytes() - to_bytes, keep)
            freed = self._remove([(one.key, one.raw) for one in chosen], reason, tell)
            more = more and freed > 0
            keys = (*done.keys, *(one.key for one in chosen))
            lost = sum(one.duration_s for one in chosen)
            done = Evicted(keys, done.freed_bytes + freed, done.lost_s + lost)
        return done

    def sweep(self) -> int:
        """Remove blobs that no record names, after an hour in which one might have been written.

        Returns how many there were.
        """
        now = time.time()
        old = [
            digest
            for digest, status in self._blobs.all()
            if now - status.st_mtime > ORPHAN_AGE_S and not self.owners(digest)
        ]
        if not old:
            return 0
        with self._rows.transaction():
            for digest in old:
                self._remove_unless_owned(digest)
        return len(old)

    def recount(self) -> None:
        """Count owners and bytes anew, from the rows and files; forget tombstones after a season.

        Holds the write lock throughout.
        """
        now = time.time()
        with self._rows.transaction():
            owners: dict[str, int] = {}
            for key, raw in list(self.record_rows()):
                if now - envelopes.unverified_eviction(raw, now) > TOMBSTONE_AGE_S:
                    self._rows.delete(key)
                for digest in envelopes.unverified_blobs(raw):
                    owners[digest] = owners.get(digest, 0) + 1
            for row in self._rows.keys_of_length(len(_owners_row("")) + RECORD_KEY_LENGTH):
                if row[:1] == _owners_row("") and row[1:] not in owners:
                    self._rows.delete(row)
            for digest, count in owners.items():
                self._rows.put(_owners_row(digest), str(count).encode())
            total = sum(self._blobs.size(digest) or 0 for digest in owners)
            total += sum(self._journal.size(key) for key in self._journal.all())
            self._rows.put(SIZE_KEY, str(total).encode())

    def empty(self) -> None:
        """Remove every record, its history and its bytes."""
        keys = {key for key, _ in self.record_rows()} | set(self._journal.all())
        self.remove(keys, None)
        with self._rows.transaction():
            for key in self._rows.all_keys():
                if len(key) > 2 and len(key) != RECORD_KEY_LENGTH:
                    self._rows.delete(key)
        self._rows.compact()


def _owners_row(digest: str) -> str:
    return f"c{digest}"
