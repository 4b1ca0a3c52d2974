"""The store: from a key to what a step produced, or to the reason why there is nothing.

One row for each key holds its records, newest first, at most `VARIANTS`, one for each
state of the outside. Rows live in diskcache (`disk`), once more in the journal
(`journal`), their large parts in blobs (`blobs`), each as its module says. Blobs are on
disk before the record that names them.

Keys of rows: 64 hexadecimal characters for a record, 48 for a step's history, 65 for a
verified blob (``b`` and its digest), 2 for `FORMAT_KEY` and `SIZE_KEY`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from struct import error as StructError
from typing import Any

from blake3 import blake3

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import JSON, Component, Record
from zen_nb.core.options import Configuration
from zen_nb.store import envelope as envelopes
from zen_nb.store.blobs import Blobs, Seen, digest_of
from zen_nb.store.disk import Rows
from zen_nb.store.envelope import Entry, Refused, Section, Tombstone
from zen_nb.store.folder import prepare, store_folder
from zen_nb.store.journal import Journal
from zen_nb.store.sections import Parts, buffers_of, lay_out, read_components
from zen_nb.store.serialize import NotLoadable, Payload
from zen_nb.store.serialize import load as load_stream
from zen_nb.store.signing import Signer, SigningUnavailable, open_signer

VARIANTS = 8
HISTORY = 50
SIZE_KEY = "01"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
WRITER: Mapping[str, JSON] = {"python": PYTHON, "format": envelopes.VERSION}

_REMEMBERED_KEYS = 4096
_SEEN = Struct("<5q")
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the store has under a key.

    Attributes
    ----------
    found
        Records that can be loaded, newest first.
    refused
        A clause for each one that is there and is not served, or was evicted.
    """

    found: tuple[Record, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as last read, with what was believed of it."""

    raw: bytes
    entries: tuple[Entry, ...]
    refused: tuple[str, ...]
    lookup: Lookup
    blobs: bool


class _Verified:
    """Remembers verified blobs as signed rows."""

    def __init__(self, rows: Rows, signer: Signer) -> None:
        self._rows = rows
        self._signer = signer

    def recall(self, digest: str) -> Seen | None:
        try:
            row = self._rows.get(f"b{digest}")
        except StoreUnavailable:
            return None
        if row is None or len(row) != 32 + _SEEN.size:
            return None
        if not self._signer.agrees(row[:32], b"verified 1", digest.encode(), row[32:]):
            return None
        return _SEEN.unpack(row[32:])

    def remember(self, digest: str, seen: Seen) -> None:
        try:
            body = _SEEN.pack(*seen)
            mac = self._signer.mac(b"verified 1", digest.encode(), body)
            self._rows.put(f"b{digest}", mac + body)
        except (StoreUnavailable, StructError):
            return  # only time is lost: it is verified again


class Store:
    """One folder of records; usable from any thread, and from a forked child."""

    def __init__(
        self, folder: Path, size_limit_bytes: int, signer: Signer | None, *, writable: bool
    ) -> None:
        self.folder = folder
        self.size_limit_bytes = size_limit_bytes
        self.writable = writable
        self._signer = signer
        self._unsigned = ""
        self._rows = Rows(folder) if writable else None
        memory = _Verified(self._rows, signer) if self._rows and signer else None
        self._blobs = Blobs(folder, memory)
        self._journal = Journal(folder)
        self._seen: dict[str, _Row] = {}
        self._mine: set[str] = set()
        self._touched: set[str] = set()
        self._pruned_at_bytes = 0
        self._lock = threading.RLock()
        if writable:
            self._blobs.sweep_drafts()
            self._heal()

    @classmethod
    def open(cls, folder: Path, size_limit_bytes: int) -> Store:
        """Open or make the store in `folder`.

        Raises
        ------
        StoreUnavailable
            Where it cannot be trusted or used at all; says what mends it.
        """
        folder, writable = prepare(folder)
        try:
            signer = open_signer()
            unsigned = ""
        except SigningUnavailable as error:
            signer, unsigned = None, str(error)
        store = cls(folder, size_limit_bytes, signer, writable=writable)
        store._unsigned = unsigned
        return store

    # -- reading ----------------------------------------------------------------------

    def find(self, key: str) -> Lookup:
        """Return the records of `key` that can be served; what cannot is a reason, no exception."""
        try:
            raw = self._raw(key)
        except StoreUnavailable as error:
            return Lookup(refused=(str(error),))
        if raw is None:
            return _NOTHING
        row = self._seen.get(key)
        if row is None or row.raw != raw:
            row = self._believed(key, raw)
        return row.lookup if not row.blobs else self._present(row)

    def load(self, record: Record, namespace: dict[str, Any] | None) -> dict[str, Any]:
        """Return the outputs of a record that `find` gave, by name, private to the caller.

        Raises
        ------
        NotLoadable
            Where it cannot be had after all; the step has to run.
        """
        entry = self._entry(record)
        try:
            layout = entry.inline.get("layout") or self._optional(entry, "layout")
            buffers = buffers_of(bytes(layout), lambda name: self._writable(entry, name))
            values = load_stream(self._bytes(entry, "stream"), buffers, namespace=namespace)
        except NotLoadable:
            raise
        except StoreUnavailable as error:
            self._seen.pop(record.key, None)
            raise NotLoadable(str(error)) from None
        self._touch(record.key)
        return values

    def transcript(self, record: Record) -> bytes:
        """Return what the step showed; raises `NotLoadable` where it is damaged."""
        return bytes(self._optional(self._entry(record), "transcript"))

    def components(self, record: Record) -> tuple[Component, ...]:
        """Return the ingredients of the record's key; empty where they are not kept any more."""
        try:
            return read_components(self._optional(self._entry(record), "components"))
        except (StoreUnavailable, ValueError, TypeError):
            return ()

    def history(self, step: str) -> list[Record]:
        """Return what this step produced, newest first, at most `HISTORY`, the evicted included.

        `evicted` tells which of them are gone.
        """
        if self._rows is None:
            return self._history_from_journal(step)
        row = _history_key(step)
        past = []
        try:
            for envelope, _ in envelopes.frames(self._rows.get(row) or b""):
                past.append(envelopes.unseal_past(self._trusted(), row, envelope))
        except (Refused, StoreUnavailable, KeyError, ValueError, TypeError):
            pass
        return past

    def evicted(self, key: str) -> str | None:
        """Return why what was under `key` is gone, or ``None`` where nothing is known to be."""
        lookup = self.find(key)
        if lookup.found:
            return None
        return next((why for why in lookup.refused if why.startswith("evicted")), None)

    def size_bytes(self) -> int:
        """Return the bytes that the store takes, from its own counter."""
        if self._rows is None:
            return 0
        try:
            return int(self._rows.get(SIZE_KEY) or b"0")
        except (ValueError, StoreUnavailable):
            return 0

    # -- writing ----------------------------------------------------------------------

    def add(
        self,
        record: Record,
        *,
        payload: Payload,
        transcript: bytes = b"",
        components: Sequence[Component] = (),
    ) -> Record:
        """Keep a finished step and return its record with size and writer filled in.

        Replaces the record of the same key and variant. All or nothing: when this raises,
        what was there before is there.

        Raises
        ------
        StoreUnavailable
            Where nothing can be written; the message is for the user.
        """
        rows, signer = self._writing()
        parts = lay_out(payload, transcript, components, self._blobs)
        try:
            record = envelopes.with_size(record, parts.size_bytes, WRITER)
            sealed = envelopes.seal(signer, record, parts.sections, parts.inline)
            again = lambda: lay_out(payload, transcript, components, self._blobs)  # noqa: E731
            self._commit(rows, record, sealed, parts, again)
        except BaseException as error:
            self._undo(parts)
            if isinstance(error, OSError):
                raise StoreUnavailable(f"cannot write to {self.folder}: {error.strerror}") from None
            raise
        self._mine.add(record.key)
        self._limit()
        return record

    def _commit(
        self, rows: Rows, record: Record, sealed: bytes, parts: Parts, again: Callable[[], Parts]
    ) -> None:
        for _ in range(_TRIES):
            with rows.transaction():
                # Whoever evicts holds this lock: a blob that is here now stays here.
                if self._all_here(parts):
                    self._write(rows, record, sealed, parts)
                    return
            parts.stored += again().stored
        raise StoreUnavailable(f"{self.folder} is being cleared")

    def _all_here(self, parts: Parts) -> bool:
        return all(
            self._blobs.size(part.digest) == part.size_bytes
            for part in parts.sections
            if part.place == "blob"
        )

    def _write(self, rows: Rows, record: Record, sealed: bytes, parts: Parts) -> None:
        key = record.key
        before = self._journal.read(key) or b""
        kept = [(sealed, b"".join(parts.tail))]
        for old, tail in envelopes.readable(before):
            if envelopes.variant_of(old) != record.variant and len(kept) < VARIANTS:
                kept.append((old, bytes(tail)))
        after = envelopes.framed(kept)
        rows.put(key, envelopes.framed([(old, b"") for old, _ in kept]))
        line = envelopes.seal_past(self._trusted(), _history_key(record.step), record)
        _push(rows, _history_key(record.step), line)
        grown = sum(part.size_bytes for part in parts.stored if part.new)
        self._count(rows, grown + len(after) - len(before))
        self._journal.write(key, after)

    def _undo(self, parts: Parts) -> None:
        for part in parts.stored:
            if part.new:
                self._blobs.remove(part.digest)

    def _count(self, rows: Rows, grown: int) -> None:
        rows.put(SIZE_KEY, str(max(0, self.size_bytes() + grown)).encode())

    def forget(self, key: str) -> None:
        """Remove all records of `key`."""
        self._remove({key}, None)

    def clear(self, step: str | None = None) -> None:
        """Remove all records of `step`, or all there are, with their history and their bytes."""
        rows, signer = self._writing()
        if step is None:
            self._remove(None, None)
            for key in rows.keys():
                if len(key) in (48, 64, 65):
                    rows.delete(key)
            rows.compact()
            return
        wanted = {key for key, raw in self._all_rows() if _names_step(raw, step)}
        self._remove(wanted, None)
        rows.delete(_history_key(step))

    def prune(self, to_bytes: int, keep: set[str] | frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Evict until the store takes `to_bytes`; return the keys that went.

        What is dear to recompute, was used lately and is small stays longest. Never evicts
        `keep`, nor what this store wrote since it was opened.
        """
        from zen_nb.store.eviction import choose

        self._writing()
        self._sweep()
        surplus = self.size_bytes() - to_bytes
        if surplus <= 0:
            return ()
        rows = [(key, raw) for key, raw in self._all_rows() if key not in keep | self._mine]
        chosen = choose(rows, surplus, self._journal, self._blobs, time.time())
        reason = f"evicted to keep the store below {self.size_limit_bytes / 1e9:.3g} GB"
        self._remove(set(chosen), reason)
        return tuple(chosen)

    def close(self) -> None:
        """Close this process's connections; the store may be opened again."""
        if self._rows is not None:
            self._rows.close()

    # -- within -----------------------------------------------------------------------

    def _trusted(self) -> Signer:
        if self._signer is None:
            raise SigningUnavailable(self._unsigned or "there is no signing key")
        return self._signer

    def _writing(self) -> tuple[Rows, Signer]:
        if self._rows is None:
            raise StoreUnavailable(f"{self.folder} is read-only: results are used, none are kept")
        return self._rows, self._trusted()

    def _raw(self, key: str) -> bytes | None:
        if self._rows is None:
            return self._journal.read(key)
        raw = self._rows.get(key)
        if self._rows.rebuilt:
            self._heal()
            raw = self._rows.get(key)
        return raw

    def _believed(self, key: str, raw: bytes) -> _Row:
        row = self._judge(key, raw)
        if len(self._seen) >= _REMEMBERED_KEYS:
            self._seen.pop(next(iter(self._seen)), None)
        self._seen[key] = row
        return row

    def _judge(self, key: str, raw: bytes) -> _Row:
        entries: list[Entry] = []
        refused: list[str] = []
        try:
            signer = self._trusted()
            for envelope, _ in envelopes.frames(raw):
                try:
                    entries += _served(envelopes.unseal(signer, key, envelope), refused)
                except Refused as why:
                    refused.append(str(why))
        except (Refused, SigningUnavailable) as why:
            refused.append(str(why))
        lookup = Lookup(tuple(entry.record for entry in entries), tuple(refused))
        blobs = any(entry.blobs() for entry in entries)
        return _Row(raw, tuple(entries), tuple(refused), lookup, blobs)

    def _present(self, row: _Row) -> Lookup:
        found, refused = [], list(row.refused)
        for entry in row.entries:
            if all(self._blobs.size(part.digest) == part.size_bytes for part in entry.blobs()):
                found.append(entry.record)
            else:
                refused.append("a stored part is gone")
        return Lookup(tuple(found), tuple(refused))

    def _entry(self, record: Record) -> Entry:
        for attempt in range(2):
            row = self._seen.get(record.key)
            for entry in row.entries if row is not None else ():
                if entry.record is record or _same(entry.record, record):
                    return entry
            if attempt == 0:
                self.find(record.key)
        raise NotLoadable("the record is gone")

    def _section(self, entry: Entry, name: str) -> Section:
        section = entry.section(name)
        if section is None:
            raise NotLoadable(f"the record has no {name}")
        return section

    def _bytes(self, entry: Entry, name: str) -> memoryview:
        inline = entry.inline.get(name)
        if inline is not None:
            return inline
        section = self._section(entry, name)
        if section.place == "blob":
            return self._blobs.open(section.digest, section.size_bytes)
        return self._tail(entry, section)

    def _writable(self, entry: Entry, name: str) -> memoryview:
        section = self._section(entry, name)
        content = self._bytes(entry, name)
        return content if section.place == "blob" else memoryview(bytearray(content))

    def _optional(self, entry: Entry, name: str) -> memoryview:
        try:
            return memoryview(b"") if entry.section(name) is None else self._bytes(entry, name)
        except NotLoadable:
            raise
        except StoreUnavailable as error:
            raise NotLoadable(str(error)) from None

    def _tail(self, entry: Entry, wanted: Section) -> memoryview:
        at = 0
        for section in entry.sections:
            if section is wanted:
                break
            at += section.size_bytes if section.place == "tail" else 0
        for envelope, tail in envelopes.readable(self._journal.read(entry.record.key) or b""):
            if envelope == entry.envelope:
                part = tail[at : at + wanted.size_bytes]
                if digest_of(part) == wanted.digest:
                    return part
        raise NotLoadable(f"the record's {wanted.name} are gone")

    def _touch(self, key: str) -> None:
        if key not in self._touched and self.writable:
            self._touched.add(key)
            self._journal.touch(key)

    def _limit(self) -> None:
        size = self.size_bytes()
        # Where nothing more could be evicted last time, wait for some growth before looking again.
        if size > self.size_limit_bytes and size > self._pruned_at_bytes * 1.05:
            self.prune(int(self.size_limit_bytes * 0.9))
            self._pruned_at_bytes = self.size_bytes()

    def _all_rows(self) -> list[tuple[str, bytes]]:
        rows, _ = self._writing()
        found = ((key, rows.get(key)) for key in rows.keys() if len(key) == 64)
        return [(key, raw) for key, raw in found if raw is not None]

    def _remove(self, wanted: set[str] | None, reason: str | None) -> None:
        """Remove rows, journal files and the blobs that nothing else names, under the lock."""
        rows, signer = self._writing()
        with rows.transaction():
            everything = self._all_rows()
            goes = {key for key, _ in everything} if wanted is None else wanted
            freed = 0
            stays = {d for key, raw in everything if key not in goes for d in envelopes.unverified_blobs(raw)}
            for key, raw in everything:
                if key in goes:
                    freed += sum(self._blobs.remove(d) for d in envelopes.unverified_blobs(raw) - stays)
            for key in goes:
                freed += self._journal.remove(key)
                self._seen.pop(key, None)
                if reason is None:
                    rows.delete(key)
                else:
                    stone = envelopes.seal_tombstone(signer, key, Tombstone(time.time(), reason))
                    rows.put(key, envelopes.framed([(stone, b"")]))
            self._count(rows, -freed)

    def _sweep(self) -> None:
        """Remove blobs that no record names, an hour after they were written, and recount."""
        rows, _ = self._writing()
        with rows.transaction():
            named = {digest for _, raw in self._all_rows() for digest in envelopes.unverified_blobs(raw)}
            total = sum(self._journal.size(key) for key in self._journal.keys())
            for digest, status in self._blobs.all():
                if digest not in named and time.time() - status.st_mtime > 3600:
                    self._blobs.remove(digest)
                else:
                    total += status.st_size
            rows.put(SIZE_KEY, str(total).encode())

    def _heal(self) -> None:
        """Fill a database that was made anew from the journal."""
        rows = self._rows
        if rows is None or not rows.rebuilt or self._signer is None:
            return
        rows.rebuilt = ""
        past: list[Record] = []
        with rows.transaction():
            for key in self._journal.keys():
                raw = self._journal.read(key) or b""
                rows.put(key, envelopes.framed([(old, b"") for old, _ in envelopes.readable(raw)]))
                past += [entry.record for entry in self._judge(key, raw).entries]
            for record in sorted(past, key=lambda record: record.created_at):
                row = _history_key(record.step)
                _push(rows, row, envelopes.seal_past(self._signer, row, record))
        self._sweep()

    def _history_from_journal(self, step: str) -> list[Record]:
        past = []
        for key in self._journal.keys():
            entries = self._judge(key, self._journal.read(key) or b"").entries
            past += [entry.record for entry in entries if entry.record.step == step]
        return sorted(past, key=lambda record: -record.created_at)[:HISTORY]


_NOTHING = Lookup()


def _served(said: Entry | Tombstone, refused: list[str]) -> list[Entry]:
    if isinstance(said, Tombstone):
        refused.append(said.reason)
        return []
    python = said.record.writer.get("python")
    if python != PYTHON:
        refused.append(f"the record was written by Python {python}, this is {PYTHON}")
        return []
    return [said]


def _same(one: Record, other: Record) -> bool:
    return one.variant == other.variant and one.created_at == other.created_at


def _names_step(raw: bytes, step: str) -> bool:
    return any(head.get("step") == step for head in envelopes.unverified_heads(raw))


def _history_key(step: str) -> str:
    return blake3(b"history 1\0" + step.encode("utf-8", "surrogatepass")).hexdigest(length=24)


def _push(rows: Rows, key: str, line: bytes) -> None:
    lines = [(line, b"")]
    lines += [(old, b"") for old, _ in envelopes.readable(rows.get(key) or b"")]
    rows.put(key, envelopes.framed(lines[:HISTORY]))


_open_stores: dict[tuple[int, Path], Store] = {}
_opening = threading.Lock()


def open_store(configuration: Configuration) -> Store:
    """Return this process's store for the configured folder; the same one each time.

    Raises
    ------
    StoreUnavailable
        Where it cannot be trusted or used at all; says what mends it.
    """
    folder = Path(os.path.realpath(store_folder(configuration)))
    with _opening:
        place = (os.getpid(), folder)
        store = _open_stores.get(place)
        if store is None:
            store = Store.open(folder, configuration.size_limit_bytes)
            _open_stores[place] = store
        store.size_limit_bytes = configuration.size_limit_bytes
        return store
