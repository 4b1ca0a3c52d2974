"""A store of one user and one that several share: what is brought from there, and put there.

Nothing is believed but what a key has signed that this user has named (`trust`); what is believed
is signed by the user's own key then, and kept as if it had been computed here. Its blobs are
brought when they are wanted.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import JSON, Record
from zen_nb.core.options import Configuration
from zen_nb.store import parcels
from zen_nb.store.envelope import Section
from zen_nb.store.parcels import Parcel
from zen_nb.store.remote import Breaker, Listed, NotThere, Remote, RemoteUnavailable
from zen_nb.store.trust import (
    MINE,
    SHARED,
    SharingKey,
    Trusted,
    Untrusted,
    Writable,
    open_key,
    unknown,
)
from zen_nb.store.uploads import Offer, Sent, Uploads, before_exit

_CAP_BYTES = 64 << 20
_VARIANTS = 8
_REMEMBERED = 4096
_AT_EXIT_S = 30.0
_FILLING_S = 3600.0


class Local(Protocol):
    """What is asked of the user's own store."""

    def adopt(self, parcel: Parcel) -> Record:
        """Keep what somebody else computed; raises `StoreUnavailable`."""

    def carried(self, record: Record) -> Carried:
        """Return all of a record that is kept here; raises `StoreUnavailable`."""

    def parcels_of(self, key: str) -> set[str]:
        """Return the names of the parcels that the records of `key` came in."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A record with its sections: the bytes of those that are no blobs, and files of the others."""

    record: Record
    sections: Sequence[Section]
    content: Sequence[bytes]
    blobs: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Brought:
    """What asking for a key has come to.

    Attributes
    ----------
    new
        Whether there are records now that were not there before.
    refused
        Why what the shared store has is not used, in a clause; ``""`` where that is not so.
    """

    new: bool = False
    refused: str = ""


NOT_ASKED = Brought()


class Sharing:
    """One shared store, beside the store of this user.

    Parameters
    ----------
    key
        Signs what is put there; ``None`` where it is only looked at.
    note
        What the user should know of it, or ``""``.
    """

    def __init__(
        self, local: Local, remote: Remote, trusted: Trusted, key: SharingKey | None, note: str = ""
    ) -> None:
        self.url = without_secrets(remote.url)
        self._local = local
        self._remote = remote
        self._trusted = trusted
        self._key = key
        self._note = note
        self._reading, self._writing = Breaker(), Breaker()
        self._asked: dict[str, tuple[float, str]] = {}
        self._lacking: dict[str, str] = {}
        self._uploads = Uploads(self._send)
        self._offered: set[tuple[str, str, float]] = set()
        self._report: Path | None = None
        self._told = False
        self._process = os.getpid()

    @property
    def trouble(self) -> str:
        """What went wrong with it first in this process, in a sentence; ``""`` for nothing."""
        if self._reading.trouble:
            return f"The shared store {self.url} is left out for now: {self._reading.trouble}."
        if self._writing.trouble:
            why = self._writing.trouble
            return f"Nothing is put into the shared store {self.url} for now: {why}."
        return self._note

    def told(self) -> str:
        """Return in a clause what is done with it, and whose results are believed."""
        names = ", ".join(one.name for one in self._trusted) or "no key that you trust"
        told = f"shared: {self.url}, results by {names} are used"
        if not self.writes:
            return told
        return f"{told}, {self.sent.records} put there, {self.sent.failed} not"

    def news(self) -> str:
        """Return what went wrong, to whoever asks first; ``""`` to all others."""
        trouble = "" if self._told else self.trouble
        self._told = self._told or bool(trouble)
        return trouble

    @property
    def writes(self) -> bool:
        """Whether what is computed here is put there."""
        return self._key is not None and self._is_here

    @property
    def _is_here(self) -> bool:
        """Whether this is the process it was made in: a forked child has none of its threads."""
        return self._process == os.getpid()

    # ---------------------------------------------------------------- from there

    def bring(self, key: str, within_s: float) -> Brought:
        """Adopt what trusted keys have signed for `key`, unless that was tried so lately."""
        at, refused = self._asked.get(key, (-within_s, ""))
        if time.monotonic() - at < within_s:
            return Brought(refused=refused)
        if not self._is_here or self._reading.is_open:
            return NOT_ASKED
        try:
            with self._reading.guard():
                brought = self._bring(key)
        except RemoteUnavailable:
            return NOT_ASKED
        except StoreUnavailable as error:  # our own store cannot keep it
            brought = Brought(refused=f"the shared store has it, but {error}")
        except Exception as error:
            why = f"it cannot be kept here ({type(error).__name__})"
            brought = Brought(refused=f"the shared store has it, but {why}")
        if len(self._asked) >= _REMEMBERED:
            self._asked.pop(next(iter(self._asked)), None)
        self._asked[key] = time.monotonic(), brought.refused
        return brought

    def _bring(self, key: str) -> Brought:
        listed = self._remote.names(key)
        if not listed:
            return NOT_ASKED
        known = self._local.parcels_of(key)
        refused = [*self._strange(listed)]
        wanted = [one for one in listed if self._is_wanted(one) and one.name not in known]
        wanted = wanted[:_VARIANTS][::-1]
        new = False
        for one, content in zip(wanted, self._remote.read(key, wanted), strict=True):
            try:
                if content is None:
                    continue
                self._local.adopt(parcels.unpack(self._trusted, key, one.name, content))
                new = True
            except Untrusted as why:
                refused.append(str(why))
        return Brought(new, "" if new or known or not refused else _told(refused[-1]))

    def _is_wanted(self, one: Listed) -> bool:
        signer = parcels.signer_of(one.name)
        trusted = signer is not None and self._trusted.find(signer) is not None
        return trusted and one.size_bytes <= _CAP_BYTES

    def _strange(self, listed: Sequence[Listed]) -> Iterator[str]:
        """Yield what is said of parcels whose signer nobody has named."""
        for one in listed:
            signer = parcels.signer_of(one.name)
            if signer is not None and self._trusted.find(signer) is None:
                yield unknown(signer)
                return

    def may_have(self, digest: str) -> bool:
        """Tell whether a blob can be asked for now, as far as is known."""
        return self._is_here and not self._reading.is_open and digest not in self._lacking

    def blob(self, digest: str, size: int) -> Iterator[tuple[int, bytes]]:
        """Yield a blob in pieces, each with its offset.

        Raises
        ------
        RemoteUnavailable
            Where it cannot be had; says why in a clause.
        """
        if not self._is_here:
            raise RemoteUnavailable("a forked process does not ask it")
        try:
            with self._reading.guard():
                yield from self._remote.read_blob(digest, size)
        except NotThere as error:
            self.lacks(digest, str(error))
            raise

    def lacks(self, digest: str, why: str) -> None:
        """Take note that a blob is missing or damaged there: it is put there again from here."""
        self._lacking[digest] = why

    # ---------------------------------------------------------------- to there

    def offer(self, record: Record) -> None:
        """Let a record that was computed here just now be put there, in the background."""
        if self.writes and self._writing.is_open:
            self.sent.failed += 1
        elif self.writes:
            self._add(record, fresh=True)

    def served(self, record: Record) -> None:
        """Let a record that was found here be put there, where it is to be filled."""
        if self._report is None or not self.writes:
            return
        if SHARED in record.writer:
            self._uploads.sent.there += self._is_new(record)
        else:
            self._add(record, fresh=False)

    def fill(self, report: Path) -> None:
        """Put there what is found here too; at the end of the process write what came of it."""
        before_exit(self._end)
        self._report = report

    def flush(self, limit_s: float) -> int:
        """Wait until all that was offered is there, so long at most; return how many are left."""
        return self._uploads.flush(limit_s) if self._is_here else 0

    @property
    def sent(self) -> Sent:
        return self._uploads.sent

    def _is_new(self, record: Record) -> bool:
        told = (record.key, record.variant, record.created_at)
        known, before = told in self._offered, len(self._offered)
        self._offered.add(told)
        if not before and self._report is None:
            before_exit(self._end)
        return not known

    def _add(self, record: Record, *, fresh: bool) -> None:
        if not self._is_new(record):
            return
        wait = self._report is not None
        if not self._uploads.add(Offer(record, fresh), wait=wait) and not self._writing.trouble:
            self._writing.trouble = "results are made faster than they can be put there"

    def _end(self) -> None:
        """Let what waits be sent before the process ends, and report."""
        left = self.flush(_AT_EXIT_S if self._report is None else _FILLING_S)
        if self._report is not None and self._is_here:
            told = {**asdict(self.sent), "left": left, "trouble": self.trouble}
            self._report.write_text(json.dumps(told), encoding="utf-8")

    def _send(self, offer: Offer, sent: Sent) -> None:
        try:
            carried = self._local.carried(offer.record)
        except StoreUnavailable:  # replaced by a newer one, or evicted
            return
        try:
            with self._writing.guard():
                grown = self._put(carried, fresh=offer.fresh)
        except StoreUnavailable:
            sent.failed += 1
            return
        if grown is None:
            sent.there += 1
        else:
            sent.records += 1
            sent.size_bytes += grown

    def _put(self, carried: Carried, *, fresh: bool) -> int | None:
        """Put blobs, then the record; return the bytes that took, ``None`` where it was there."""
        assert self._key is not None
        record = carried.record
        name, parcel = parcels.pack(self._key, record, carried.sections, carried.content)
        listed = () if fresh else self._remote.names(record.key)
        is_there = any(one.name == name for one in listed)
        grown = 0
        for part in carried.sections:
            if part.place == "blob":
                grown += self._put_blob(part, carried.blobs[part.digest])
        if not is_there:
            self._remote.put_parcel(record.key, name, parcel)
        return None if is_there and not grown else grown + len(parcel)

    def _put_blob(self, part: Section, path: Path) -> int:
        lacking = part.digest in self._lacking
        if not lacking and self._remote.blob_size(part.digest) == part.size_bytes:
            return 0
        self._remote.put_blob(part.digest, str(path), part.size_bytes)
        self._lacking.pop(part.digest, None)
        return part.size_bytes


def _told(why: str) -> str:
    return f"the shared store has a record of it, but {why}"


def sharing_for(local: Local, configuration: Configuration, folder: Path) -> Sharing | None:
    """Return the shared store that is configured, ``None`` for none; asks nobody yet."""
    if not configuration.remote:
        return None
    key, note, url = None, "", without_secrets(configuration.remote)
    try:
        key = open_key(outside=folder)
    except StoreUnavailable as error:
        note = f"Nothing is put into the shared store {url}: {error}."
    if configuration.remote_mode == "write" and not note:
        note = _no_leave(configuration, key)
    writes = configuration.remote_mode == "write" and not note
    remote = Remote(configuration.remote, configuration.remote_timeout_s)
    return Sharing(local, remote, Trusted(mine=key), key if writes else None, note)


def _no_leave(configuration: Configuration, key: SharingKey | None) -> str:
    """Return why nothing is written although that is asked for; ``""`` where it may be.

    What a project's file says is not the user's word: results could be sent to whoever wrote it.
    """
    url = without_secrets(configuration.remote)
    if key is None:
        return (
            f"Nothing is put into {url}: there is no key to sign with; zen-nb keys new makes one."
        )
    if configuration.remote_asked or url in Writable().all():
        return ""
    return f"This project asks to put results into {url}; to allow it: zen-nb keys allow {url}"


def without_secrets(url: str) -> str:
    """Return a URL as it may be shown: without the name and password that it may hold."""
    return re.sub(r"//[^/@]*@", "//…@", url)


def by_whom(record: Record) -> str:
    """Return who signed a record that was computed elsewhere; ``""`` for one of here."""
    found = record.writer.get(SHARED)
    return str(found.get("by", "")) if isinstance(found, dict) else ""


def is_believed(record: Record) -> bool:
    """Tell whether whoever computed a record is trusted still; those of here are believed."""
    found = record.writer.get(SHARED)
    if not isinstance(found, dict):
        return SHARED not in record.writer
    return found.get("by") == MINE or Trusted().find(str(found.get("key"))) is not None


def with_signer(parcel: Parcel) -> Record:
    """Return the record of a parcel with who signed it, and in which parcel it came."""
    came: JSON = {"by": parcel.signer.name, "key": parcel.signer.id, "parcel": parcel.name}
    return replace(parcel.record, writer={**parcel.record.writer, SHARED: came})
