"""One finished step put into the store: all of it or nothing."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import Record
from zen_nb.store import envelope as envelopes
from zen_nb.store.blobs import Blobs
from zen_nb.store.disk import DatabaseDamaged, Rows
from zen_nb.store.history import History
from zen_nb.store.interrupts import held
from zen_nb.store.journal import Journal
from zen_nb.store.lookup import WRITER, judge
from zen_nb.store.sections import Contents, Parts, lay_out
from zen_nb.store.signing import Signer
from zen_nb.store.space import Space

VARIANTS = 8
_TRIES = 3


class Writer:
    """Writes blobs, then record, journal, history and counter in one transaction."""

    def __init__(
        self, folder: Path, rows: Rows, blobs: Blobs, journal: Journal, signer: Signer
    ) -> None:
        self._folder = folder
        self._rows = rows
        self._blobs = blobs
        self._journal = journal
        self._signer = signer
        self._replaced: list[tuple[str, bytes | None]] = []

    def keep(self, record: Record, contents: Contents) -> Record:
        """Keep `record` with its parts and return it with size and writer filled in.

        Raises
        ------
        StoreUnavailable
            Where it cannot be; what was there before is there.
        """
        parts = Parts()
        try:
            lay_out(parts, contents, self._blobs)
            writer = {**record.writer, **WRITER}
            record = replace(record, size_bytes=parts.size_bytes, writer=writer)
            sealed = envelopes.seal(self._signer, record, parts.sections, parts.inline)
        except BaseException as error:
            self._undo(parts)
            if isinstance(error, (TypeError, ValueError)):
                raise StoreUnavailable(f"its record cannot be written: {error}") from error
            raise
        with held:  # from here on it is either kept or taken back before an interrupt is seen
            self._commit(record, sealed, parts, contents)
        self._blobs.remember_fresh()
        return record

    def adopt(self, record: Record, parts: Parts) -> Record:
        """Keep a record that was made elsewhere; its blobs may come later.

        Raises
        ------
        StoreUnavailable
            Where it cannot be; what was there before is there.
        """
        sealed = envelopes.seal(self._signer, record, parts.sections, parts.inline)
        with held:
            try:
                for _ in range(_TRIES):
                    if self._write_if_here(record, sealed, parts, lazy=True):
                        return record
            except BaseException as error:
                self._undo(parts)
                if isinstance(error, OSError):
                    raise StoreUnavailable(
                        f"cannot write to {self._folder}: {error.strerror}"
                    ) from None
                raise
        raise StoreUnavailable(f"{self._folder} is being rebuilt by another kernel")

    def _commit(self, record: Record, sealed: bytes, parts: Parts, contents: Contents) -> None:
        try:
            for _ in range(_TRIES):
                if self._write_if_here(record, sealed, parts):
                    return
                again = Parts()
                lay_out(again, contents, self._blobs)
                parts.stored += again.stored
        except BaseException as error:
            self._undo(parts)
            if isinstance(error, OSError):
                raise StoreUnavailable(
                    f"cannot write to {self._folder}: {error.strerror}"
                ) from None
            raise
        self._undo(parts)
        raise StoreUnavailable(f"{self._folder} is being cleared by another kernel")

    def _write_if_here(
        self, record: Record, sealed: bytes, parts: Parts, *, lazy: bool = False
    ) -> bool:
        space = Space(self._rows, self._blobs, self._journal, self._signer)
        try:
            with self._rows.transaction():
                # Whoever evicts holds this lock: a blob that is here now stays here.
                here = lazy or self._all_here(parts)
                if here:
                    self._write(record, sealed, parts, space)
        except DatabaseDamaged:  # the next try writes into a new one
            return False
        with contextlib.suppress(StoreUnavailable):  # they are swept later
            space.free()
        return here

    def _all_here(self, parts: Parts) -> bool:
        blobs = (part for part in parts.sections if part.place == "blob")
        return all(self._blobs.size(part.digest) == part.size_bytes for part in blobs)

    def _write(self, record: Record, sealed: bytes, parts: Parts, space: Space) -> None:
        key = record.key
        rows, signer = self._rows, self._signer
        row, file = rows.get(key) or b"", self._journal.read(key)
        before = file or row
        believed = {entry.envelope for entry in judge(signer, key, before).entries}
        kept: list[tuple[bytes, bytes | memoryview]] = [(sealed, b"".join(parts.tail))]
        for old, tail in envelopes.readable(before):
            other = old in believed and envelopes.variant_of(old) != record.variant
            if other or envelopes.is_newer(old):
                kept.append((old, tail))
        after = envelopes.framed(kept[:VARIANTS])
        grown = len(after) - len(file or b"")
        space.put(key, envelopes.without_tails(after), row, grown)
        History(rows, signer).push(record, sealed)
        self._replaced.append((key, file))
        self._journal.write(key, after)

    def _undo(self, parts: Parts) -> None:
        while self._replaced:
            self._journal.restore(*self._replaced.pop())
        for part in parts.stored:
            if part.new:
                self._blobs.remove(part.digest)
