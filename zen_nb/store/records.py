"""The store: from a key to what a step produced, or to the reason why there is nothing.

One row for each key holds its records, newest first, at most eight, one for each
state of the outside. Rows live in diskcache (`disk`), once more in the journal
(`journal`), their large parts in blobs (`blobs`), each as its module says. Blobs are on
disk before the record that names them.

Keys of rows: 64 hexadecimal characters for a record, 61 for a line of a step's history, 65 for
what is known of a blob (``b`` and its digest where it was verified, ``c`` and its digest with how
many records name it), 2 for the format (``00``) and the counter (``01``).
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.locks import new_lock
from zen_nb.core.model import JSON, Component, Record
from zen_nb.core.options import Configuration
from zen_nb.store import envelope as envelopes
from zen_nb.store import history
from zen_nb.store.acceptances import Acceptances
from zen_nb.store.blobs import BlobGone, Blobs
from zen_nb.store.checking import Check
from zen_nb.store.disk import Rows
from zen_nb.store.drafts import private_folder
from zen_nb.store.envelope import Entry
from zen_nb.store.eviction import by_files
from zen_nb.store.flights import Flights
from zen_nb.store.folder import index_folder, prepare, store_folder
from zen_nb.store.journal import Journal
from zen_nb.store.lookup import Judged, Lookup, judge
from zen_nb.store.parcels import Parcel
from zen_nb.store.pins import Pins
from zen_nb.store.reading import Reader
from zen_nb.store.remote import RemoteUnavailable
from zen_nb.store.sections import Contents, Parts, read_components, read_previews
from zen_nb.store.serialize import NotLoadable, Payload
from zen_nb.store.sharing import (
    NOT_ASKED,
    Brought,
    Carried,
    Sharing,
    by_whom,
    is_believed,
    sharing_for,
    with_signer,
)
from zen_nb.store.signing import Signer, SigningUnavailable, open_signer
from zen_nb.store.space import Evicted, Space
from zen_nb.store.trust import SHARED
from zen_nb.store.verified import VerifiedBlobs
from zen_nb.store.writing import Writer

__all__ = ["Lookup", "NotLoadable", "Store", "open_store"]

# Rows that were verified, and stay so while their bytes are the same; a small one takes 3 kB.
_REMEMBERED_BYTES = 128 << 20
_OF_A_ROW_BYTES = 2048
# What making room may take of a step's time; what is left to go then goes with the next ones.
_EVICTING_S = 1.0
# How much of the limit is written, and how long it takes, before the size is looked at again.
_LOOKED_AT_EVERY = 1 / 1000
_LOOKED_AT_AFTER_S = 1.0
_HEAD_BYTES = 4096
_NOTHING = Lookup()


class Store:
    """One folder of records; usable from any thread, and from a forked child.

    Attributes
    ----------
    folder
        The real folder.
    index_folder
        Where its database is: the same, unless that is on a network file system.
    unavailable
        Why nothing can be written (read-only, full, no signing key), or ``""``.
    acceptances
        Which other keys' records serve a key, on the user's word.
    pins
        Which keys are never evicted, on the user's word.
    flights
        Which keys are being computed, by whatever process.
    shared
        The store that several people share, or ``None``.
    """

    def __init__(
        self, folder: Path, size_limit_bytes: int, signer: Signer | None, why: str
    ) -> None:
        self.folder = folder
        self.size_limit_bytes = size_limit_bytes
        self.unavailable = why
        self._signer = signer
        self._journal = Journal(folder)
        self.acceptances = Acceptances(folder, signer)
        self.pins = Pins(folder)
        self.flights = Flights(folder)
        self._blobs = Blobs(folder)
        self.shared: Sharing | None = None
        self._reader = Reader(self._blobs, self._journal)
        self._rows: Rows | None = None
        self._may_write = not why
        self.index_folder = folder
        self._judged: dict[str, Judged] = {}
        self._judged_bytes = 0
        self._judging = new_lock()
        self._mine: set[str] = set()
        self._touched: set[str] = set()
        self._full_at_bytes = 0
        self._unlooked_bytes = 0
        self._look_at_s = 0.0
        self._shared_as: Configuration | None = None
        self._open_rows()

    @classmethod
    def open(cls, folder: Path, size_limit_bytes: int) -> Store:
        """Open or make the store in `folder`.

        Where it can be read only, or there is no signing key, it opens all the same and
        `unavailable` says why nothing is written.

        Raises
        ------
        StoreUnavailable
            Where the folder cannot be trusted or made; says what mends it.
        """
        folder, writable = prepare(folder)
        why = "" if writable else f"{folder} is read-only: results are used, none are kept"
        signer = None
        try:
            signer = open_signer(outside=folder)
        except SigningUnavailable as error:
            why = str(error)
        return cls(folder, size_limit_bytes, signer, why)

    def _open_rows(self) -> Rows | None:
        """Open the database where it is not open and can be, and return it."""
        if self._rows is None and self._may_write:
            try:
                self.index_folder = index_folder(self.folder)
                self._rows = Rows(self.index_folder)
            except StoreUnavailable as error:  # a full disk: the journal can still be read
                self.unavailable = str(error)
                return None
            self.unavailable = ""
            for name in ("blobs", "drafts", "records"):
                private_folder(self.folder / name)
            self._blobs.memory = VerifiedBlobs(self._rows, self._trusted())
            self._blobs.sweep_drafts()
            self.flights = Flights(self.index_folder)
            self.flights.sweep()
            self._fill()
        return self._rows

    # ---------------------------------------------------------------- reading

    def find(self, key: str) -> Lookup:
        """Return the records of `key` that can be served; what cannot is a reason, never raised."""
        try:
            raw = None if self._rows is None else self._rows.get(key)
        except (StoreUnavailable, ValueError) as error:
            return Lookup(refused=(str(error),))
        judged = self._judged.get(key)
        if judged is None or judged.raw != raw:
            judged = self._read(key, raw)
            if judged is None:
                return _NOTHING if self._signer else Lookup(refused=(self.unavailable,))
        return judged.lookup if judged.whole else self._present(judged)

    def load(
        self,
        record: Record,
        namespace: dict[str, Any] | None,
        given: Mapping[str, Any] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Return the outputs of a record that `find` gave, by name, private to the caller.

        Parameters
        ----------
        namespace
            The notebook's globals; ``None`` for those of ``__main__``.
        given
            What else places begin with, by name: the arguments of a call.

        Raises
        ------
        NotLoadable
            Where it cannot be had after all; the step has to run.
        """
        values = self._reader.values(self._entry(record), namespace, given)
        self._touch(record.key)
        return values

    def use(self, record: Record) -> None:
        """Note that `record` serves, though its outputs stay where they are: they are there, whole.

        Raises
        ------
        NotLoadable
            Where a part is gone or damaged after all; the step has to run.
        """
        self._reader.verify(self._entry(record))
        self._touch(record.key)

    def _touch(self, key: str) -> None:
        """Note once in a process when a key was used."""
        if key not in self._touched and self._rows is not None:
            self._touched.add(key)
            self._journal.touch(key)

    def transcript(self, record: Record) -> bytes:
        """Return what the step showed; raises `NotLoadable` where that is damaged."""
        return bytes(self._reader.section(self._entry(record), "transcript"))

    def components(self, record: Record) -> tuple[Component, ...]:
        """Return the ingredients of the record's key; empty where they are not kept any more."""
        try:
            return read_components(self._reader.section(self._entry(record), "components"))
        except (NotLoadable, ValueError, TypeError):
            return ()

    def previews(self, record: Record) -> dict[str, JSON]:
        """Return a first look at the record's artifacts, by name; empty where none is kept."""
        try:
            return read_previews(self._reader.section(self._entry(record), "previews"))
        except (NotLoadable, ValueError, TypeError):
            return {}

    def history(self, step: str, most: int = history.LINES) -> list[Record]:
        """Return what this step produced, newest first, at most `most`, the evicted included.

        `evicted` tells which of them are gone. No more than 50 are kept.
        """
        if self._signer is None:
            return []
        if self._rows is None:
            past = history.from_journal(self._journal, self._signer, step)[:most]
            return [entry.record for entry in past]
        return history.History(self._rows, self._signer).read(step, most)

    def latest(self, most: int) -> list[Record]:
        """Return the records that were made last, of whatever step, newest first.

        Looks at the time of every record's file: for people, not for steps.
        """
        if self._signer is None:
            return []
        times = sorted((self._journal.used_at(key), key) for key in self._journal.all())
        found = (record for _, key in times[: -most - 1 : -1] for record in self.find(key).found)
        return sorted(found, key=lambda record: -record.created_at)[:most]

    def each(self) -> Iterator[tuple[str, Lookup, str | None]]:
        """Yield every key with its records, verified, and why what was there was evicted."""
        if self._signer is None:
            return
        for key, raw in self.check().rows():
            judged = judge(self._signer, key, raw)
            yield key, judged.lookup, judged.gone

    def used_at(self, key: str) -> float:
        """Return when a record of `key` was last written or served, in seconds of the epoch."""
        return self._journal.used_at(key)

    def evicted(self, key: str) -> str | None:
        """Return why what was under `key` was evicted, or ``None`` where it was not."""
        self.find(key)
        judged = self._judged.get(key)
        return None if judged is None else judged.gone

    @contextmanager
    def calling(self) -> Iterator[str]:
        """Give a word that `echo` answers alike wherever this folder is seen with this key."""
        word = secrets.token_hex(16)
        path = self.folder / f"{word}.call"
        path.touch(mode=0o600)
        try:
            yield word
        finally:
            path.unlink(missing_ok=True)

    def echo(self, word: str) -> str:
        """Return what a store that sees this folder, with this key, says to `word`; else ``""``."""
        if self._signer is None or not (self.folder / f"{word}.call").exists():
            return ""
        return self._signer.mac(b"zen_nb echo", word.encode()).hex()

    def size_bytes(self) -> int:
        """Return the bytes that the store takes, from its own counter; 0 where it is read-only."""
        return self._space().size_bytes() if self._rows is not None and self._signer else 0

    # ---------------------------------------------------------------- writing

    def add(
        self,
        record: Record,
        *,
        payload: Payload,
        transcript: bytes = b"",
        components: Sequence[Component] = (),
        previews: Mapping[str, JSON] = MappingProxyType({}),
        notes: Sequence[tuple[int, int, bytes]] = (),
    ) -> Record:
        """Keep a finished step and return its record with size and writer filled in.

        Replaces the record of the same key and variant. All or nothing: when this raises,
        what was there before is there. `notes` are the address, size and BLAKE3 digest of
        buffers that were read: what is known of a part spares reading it when it is back.

        Raises
        ------
        StoreUnavailable
            Where nothing can be written; the message is for the user.
        """
        rows, signer = self._writing()
        writer = Writer(self.folder, rows, self._blobs, self._journal, signer)
        record = writer.keep(record, Contents(payload, transcript, components, previews, notes))
        self._mine.add(record.key)
        if rows.rebuilt:
            self._fill()
        self._limit(record.size_bytes)
        self.offer(record)
        return record

    # ---------------------------------------------------------------- sharing

    def share(self, configuration: Configuration) -> None:
        """Look into the shared store that is configured, and into no other, from now on."""
        asked = replace(configuration, enable_cache=None, status="full", auto=None, problem="")
        if asked == self._shared_as:
            return
        self._shared_as = asked
        self.shared = sharing_for(self, configuration, self.folder)
        self._blobs.source = None if self.shared is None else _Elsewhere(self, self.shared)

    def bring(self, key: str, within_s: float) -> Brought:
        """Adopt what the shared store has of `key`, unless it was asked so lately; never raises."""
        return NOT_ASKED if self.shared is None else self.shared.bring(key, within_s)

    def adopt(self, parcel: Parcel) -> Record:
        """Keep a record that somebody else computed, signed by this user's key from now on."""
        rows, signer = self._writing()
        parts = Parts(sections=list(parcel.sections))
        for part in parcel.sections:
            if part.place != "blob":
                to = parts.inline if part.place == "row" else parts.tail
                to.append(bytes(parcel.held[part.name]))
        writer = Writer(self.folder, rows, self._blobs, self._journal, signer)
        record = writer.adopt(with_signer(parcel), parts)
        self._limit(sum(map(len, parcel.held.values())))
        return record

    def offer(self, record: Record) -> None:
        """Let a record that was computed just now be put into the shared store as well."""
        if self.shared is not None:
            self.shared.offer(record)

    def flush(self, limit_s: float) -> int:
        """Wait until all that was computed here is in the shared store too, so long at most.

        Returns how many records are left; they are sent later, or are kept here alone.
        """
        return 0 if self.shared is None else self.shared.flush(limit_s)

    def carried(self, record: Record) -> Carried:
        """Return all that is kept of a record, as it is handed to others; every part is whole."""
        entry = self._entry(record)
        for part in entry.blobs():
            if not self._blobs.is_whole(part.digest, part.size_bytes):
                raise NotLoadable("a stored part is gone or damaged")
        blobs = {part.digest: self._blobs.path(part.digest) for part in entry.blobs()}
        return Carried(entry.record, entry.sections, self._reader.content(entry), blobs)

    def parcels_of(self, key: str) -> set[str]:
        """Return the names of the parcels in which the records of `key` came."""
        came = (record.writer.get(SHARED) for record in self.find(key).found)
        return {str(one["parcel"]) for one in came if isinstance(one, dict)}

    def take_in(self, digest: str, size: int, pieces: Iterable[tuple[int, bytes]]) -> None:
        """Keep a blob that a record of the shared store names.

        Raises
        ------
        StoreUnavailable
            Where it is not what `digest` says, or cannot be kept.
        """
        new = self._blobs.take_in(digest, size, pieces)
        if new:
            self._space().has_come(digest)
            self._limit(size)
        self._blobs.remember_fresh()

    def forget(self, key: str) -> None:
        """Remove all records of `key`."""
        self._writing()
        self._space().remove([key], None)
        self.pins.remove(key)

    def clear(self, step: str | None = None) -> None:
        """Remove all records of `step`, or all there are, with all that is known of them.

        That is their history, their bytes, and what the user accepted.
        """
        rows, _ = self._writing()
        self.acceptances.remove(step)
        if step is None:
            self._space().empty()
            self.pins.clear()
            return
        keys = self.keys_of(step)
        self._space().remove(keys, None)
        history.History(rows, self._trusted()).forget(step)
        for key in keys:
            self.pins.remove(key)

    def keys_of(self, step: str) -> list[str]:
        """Return the keys under which there is, or was, a record of `step`."""
        return [key for key, raw in self._space().record_rows() if envelopes.names(raw, step)]

    def prune(
        self,
        to_bytes: int,
        keep: Collection[str] = (),
        *,
        freed: Callable[[int], None] = lambda _: None,
    ) -> Evicted:
        """Evict until the store takes `to_bytes`, and say what went.

        `freed` is told how many bytes have been freed since it was told last.

        What is dear to recompute, was used lately and is small stays longest. Never evicts
        `keep`, what is pinned, nor what this store wrote since it was opened.
        """
        reason = f"evicted to keep the store below {to_bytes / 1e9:.3g} GB"
        stays = self._stays(keep)
        self._make_way(stays)
        self._heal()
        return self._space().evict(to_bytes, stays, reason, tell=freed)

    def _heal(self) -> None:
        """Fill the database where it is found damaged now, before all of it is looked at."""
        if self._rows is not None:
            self._space().size_bytes()
            self._fill()

    def _make_way(self, stays: Collection[str]) -> None:
        """Where the disk is too full to open the database, remove records by their files alone."""
        if self._open_rows() is not None or not self._may_write:
            return
        for one in by_files(self._journal, self._blobs, stays):
            self._journal.remove(one.key)
            for digest in one.blobs:
                self._blobs.remove(digest)
            if self._open_rows() is not None:
                self._space().recount()
                return

    def would_lose(self, freed_bytes: int) -> Evicted:
        """Return what `prune` would evict next to free `freed_bytes`."""
        chosen, freed, _ = self._space().least_worth(freed_bytes, self._stays())
        return Evicted(tuple(one.key for one in chosen), freed, sum(p.duration_s for p in chosen))

    def _stays(self, keep: Collection[str] = ()) -> frozenset[str]:
        return self.pins.all().union(self._mine, keep)

    # ---------------------------------------------------------------- checking

    def check(self) -> Check:
        """Return what looks at every stored byte, and can mend."""
        self._heal()
        space = None if self._rows is None else self._space()
        return Check(self._trusted(), space, self._journal, self._blobs)

    def blob_files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Yield every blob that is there with the status of its file."""
        return self._blobs.all()

    def recount(self) -> None:
        """Count anew what the store takes, whatever was changed around it."""
        self._space().recount()

    def close(self) -> None:
        """Close this process's connections; the next call opens them again."""
        if self._rows is not None:
            self._rows.close()

    # ---------------------------------------------------------------- within

    def _trusted(self) -> Signer:
        if self._signer is None:
            raise SigningUnavailable(self.unavailable)
        return self._signer

    def _writing(self) -> tuple[Rows, Signer]:
        rows = self._open_rows()  # there may be room by now
        if rows is None:
            raise StoreUnavailable(self.unavailable)
        return rows, self._trusted()

    def _space(self) -> Space:
        rows, signer = self._writing()
        return Space(rows, self._blobs, self._journal, signer)

    def _read(self, key: str, raw: bytes | None) -> Judged | None:
        """Judge a row that is new to this process; where it is missing or bad, ask the journal."""
        if self._signer is None or len(key) != 64 or key.strip("0123456789abcdef"):
            return None
        if self._rows is not None and self._rows.rebuilt:
            self._fill()
        judged = None if raw is None else judge(self._signer, key, raw)
        if judged is None or not (judged.entries or judged.gone):
            judged = self._from_journal(key) or judged
        if judged is None:
            with self._judging:
                self._judged_bytes -= _weight(self._judged.pop(key, None))
        else:
            self._remember(key, judged)
        return judged

    def _remember(self, key: str, judged: Judged) -> None:
        """Keep what is believed of a row; where that is too much, what has been kept longest goes.

        A pipeline is walked in one order: were its rows a few more than are kept, each would
        be gone just before it is asked for.
        """
        with self._judging:
            before = self._judged.pop(key, None)
            self._judged[key] = judged
            self._judged_bytes += _weight(judged) - _weight(before)
            while self._judged_bytes > _REMEMBERED_BYTES:
                oldest = self._judged.pop(next(iter(self._judged)))
                self._judged_bytes -= _weight(oldest)

    def _from_journal(self, key: str) -> Judged | None:
        content = self._journal.read(key)
        if content is None:
            return None
        row = envelopes.without_tails(content)
        judged = judge(self._trusted(), key, row)
        if judged.entries and self._rows is not None:
            try:
                self._space().restore(key, row)
            except StoreUnavailable:
                return judged
        return judged

    def _present(self, judged: Judged) -> Lookup:
        found, refused = [], list(judged.lookup.refused)
        for entry in judged.entries:
            if not is_believed(entry.record):
                refused.append(f"it was computed by {by_whom(entry.record)}, not trusted any more")
            elif self._reader.has_all(entry):
                found.append(entry.record)
            elif SHARED in entry.record.writer:
                refused.append("a part of it is in a shared store, and cannot be had now")
            else:
                refused.append("a stored part is gone or damaged")
        return Lookup(tuple(found), tuple(refused))

    def _entry(self, record: Record) -> Entry:
        for attempt in range(2):
            judged = self._judged.get(record.key)
            for entry in judged.entries if judged is not None else ():
                if entry.record is record or _same(entry.record, record):
                    return entry
            if attempt == 0:
                self.find(record.key)
        raise NotLoadable("the record is gone")

    def _limit(self, grown_bytes: int) -> None:
        self._unlooked_bytes += grown_bytes + _HEAD_BYTES
        few = self._unlooked_bytes < self.size_limit_bytes * _LOOKED_AT_EVERY
        if few and time.monotonic() < self._look_at_s:
            return
        self._unlooked_bytes, self._look_at_s = 0, time.monotonic() + _LOOKED_AT_AFTER_S
        size = self.size_bytes()
        # Where nothing more could go last time, let it grow a little before looking again.
        if size > max(self.size_limit_bytes, self._full_at_bytes * 1.05):
            reason = f"evicted to keep the store below {self.size_limit_bytes / 1e9:.3g} GB"
            try:
                target = int(self.size_limit_bytes * 0.9)
                self._space().evict(target, self._stays(), reason, most_s=_EVICTING_S)
            except StoreUnavailable:
                return  # the result is kept; the next one tries again
            self._full_at_bytes = self.size_bytes()

    def _fill(self) -> None:
        """Fill a database that was made anew from the journal."""
        rows = self._rows
        if rows is None or not rows.rebuilt or self._signer is None:
            return
        rows.rebuilt = ""
        try:
            with rows.transaction():
                space = self._space()
                for key in self._journal.all():
                    row = envelopes.without_tails(self._journal.read(key) or b"")
                    space.put(key, row, rows.get(key) or b"")
                    space.count(self._journal.size(key))
                for entry in reversed(history.from_journal(self._journal, self._signer)):
                    history.History(rows, self._signer).push(entry.record, entry.envelope)
        except StoreUnavailable:
            return  # each key is still found in the journal when it is asked for


def _weight(judged: Judged | None) -> int:
    """Return about what a row takes while it is remembered, in bytes."""
    return 0 if judged is None else len(judged.raw) + _OF_A_ROW_BYTES


def _same(one: Record, other: Record) -> bool:
    return one.variant == other.variant and one.created_at == other.created_at


class _Elsewhere:
    """The shared store as where blobs can be had."""

    def __init__(self, store: Store, shared: Sharing) -> None:
        self._store = store
        self._shared = shared

    def may_have(self, digest: str) -> bool:
        return self._shared.may_have(digest)

    def bring(self, digest: str, size: int) -> None:
        """Bring a blob here; raises `BlobGone`."""
        try:
            self._store.take_in(digest, size, self._shared.blob(digest, size))
        except RemoteUnavailable as error:
            raise BlobGone(f"a part of it cannot be had from {self._shared.url}: {error}") from None
        except BlobGone as error:
            self._shared.lacks(digest, str(error))
            raise
        except OSError as error:
            why = error.strerror or error
            raise BlobGone(f"a part of it cannot be kept here: {why}") from None


_stores: dict[Path, Store] = {}
_opening = new_lock()


def open_store(configuration: Configuration) -> Store:
    """Return this process's store for the configured folder; the same one each time.

    Raises
    ------
    StoreUnavailable
        Where the folder cannot be trusted or made; says what mends it.
    """
    folder = Path(os.path.realpath(store_folder(configuration)))
    with _opening:
        store = _stores.get(folder)
        if store is None or not folder.is_dir():
            store = _stores[folder] = Store.open(folder, configuration.size_limit_bytes)
        store.size_limit_bytes = configuration.size_limit_bytes
        store.share(configuration)
        return store
