"""What each step produced, newest first, kept when the results themselves are evicted.

A row for each line, so that a new one costs the same however many there are. Its key, 61
characters, is the step's 48 and the time in microseconds in 13: the order of keys is theirs.
"""

from __future__ import annotations

from blake3 import blake3

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import Record
from zen_nb.store import envelope as envelopes
from zen_nb.store.disk import Rows
from zen_nb.store.envelope import Entry, Refused
from zen_nb.store.journal import Journal
from zen_nb.store.lookup import judge
from zen_nb.store.signing import Signer

LINES = 50
ROW_LENGTH = 61
_LATEST = (1 << 52) - 1
# Lines beyond `LINES` are removed now and then, not with each new one.
_TRIM_EVERY = 16


class History:
    """Signed heads of records, at least the last `LINES` of each step."""

    def __init__(self, rows: Rows, signer: Signer) -> None:
        self._rows = rows
        self._signer = signer

    def push(self, record: Record, sealed: bytes) -> None:
        """Add a line for `record`, kept as `sealed`; to be called inside a transaction."""
        moment = min(max(0, int(record.created_at * 1e6)), _LATEST)
        row = f"{row_of(record.step)}{moment:013x}"
        self._rows.put(row, envelopes.seal_past(self._signer, row, record.key, sealed))
        if moment % _TRIM_EVERY == 0:
            self._rows.keep_last_with(row_of(record.step), LINES)

    def read(self, step: str, most: int = LINES) -> list[Record]:
        """Return the records of `step`, newest first; damaged lines are left out."""
        past = []
        try:
            lines = self._rows.last_with(row_of(step), min(most, LINES))
            for line in lines:
                try:
                    sealed = self._rows.get(line) or b""
                    past.append(envelopes.unseal_past(self._signer, line, sealed))
                except (Refused, KeyError, ValueError, TypeError):
                    continue
        except StoreUnavailable:
            return past
        return past

    def forget(self, step: str) -> None:
        """Remove all lines of `step`."""
        self._rows.keep_last_with(row_of(step), 0)


def row_of(step: str) -> str:
    """Return what the keys of a step's lines begin with: 48 characters."""
    return blake3(b"history 1\0" + step.encode("utf-8", "surrogatepass")).hexdigest(length=24)


def from_journal(journal: Journal, signer: Signer, step: str | None = None) -> list[Entry]:
    """Return all records of the journal, or those of `step`, newest first."""
    past: list[Entry] = []
    for key in journal.all():
        entries = judge(signer, key, journal.read(key) or b"").entries
        past += [entry for entry in entries if step in (None, entry.record.step)]
    return sorted(past, key=lambda entry: -entry.record.created_at)
