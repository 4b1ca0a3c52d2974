"""What each step produced, newest first, kept when the results themselves are evicted."""

from __future__ import annotations

from blake3 import blake3

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import Record
from zen_nb.store import envelope as envelopes
from zen_nb.store.disk import Rows
from zen_nb.store.envelope import Refused
from zen_nb.store.journal import Journal
from zen_nb.store.lookup import judge
from zen_nb.store.signing import Signer

LINES = 50


class History:
    """A row for each step: signed heads, at most `LINES`."""

    def __init__(self, rows: Rows, signer: Signer) -> None:
        self._rows = rows
        self._signer = signer

    def push(self, record: Record) -> None:
        """Put `record` first; to be called inside a transaction."""
        row = row_of(record.step)
        lines = [(envelopes.seal_past(self._signer, row, record), b"")]
        lines += [(old, b"") for old, _ in envelopes.readable(self._rows.get(row) or b"")]
        self._rows.put(row, envelopes.framed(lines[:LINES]))

    def read(self, step: str, most: int = LINES) -> list[Record]:
        """Return the records of `step`, newest first; damaged lines are left out."""
        row = row_of(step)
        past = []
        try:
            lines = envelopes.readable(self._rows.get(row) or b"")
        except StoreUnavailable:
            return []
        for line, _ in lines[:most]:
            try:
                past.append(envelopes.unseal_past(self._signer, row, line))
            except (Refused, KeyError, ValueError, TypeError):
                continue
        return past


def row_of(step: str) -> str:
    """Return the key of the row that holds the history of `step`: 48 characters."""
    return blake3(b"history 1\0" + step.encode("utf-8", "surrogatepass")).hexdigest(length=24)


def from_journal(journal: Journal, signer: Signer, step: str | None = None) -> list[Record]:
    """Return all records of the journal, or those of `step`, newest first."""
    past = []
    for key in journal.all():
        entries = judge(signer, key, journal.read(key) or b"").entries
        past += [entry.record for entry in entries if step in (None, entry.record.step)]
    return sorted(past, key=lambda record: -record.created_at)
