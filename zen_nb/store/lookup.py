"""What is believed of a row: records that can be served, and why the others cannot."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from zen_nb._version import __version__
from zen_nb.core.model import JSON, Record
from zen_nb.store import envelope as envelopes
from zen_nb.store.envelope import Entry, Refused, Tombstone
from zen_nb.store.signing import Signer
from zen_nb.store.trust import SHARED

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# On another one the last bits of numbers may be others.
MACHINE = f"{platform.system()} {platform.machine()}"
WRITER: Mapping[str, JSON] = {
    "python": PYTHON,
    "machine": MACHINE,
    "format": envelopes.VERSION,
    "zen_nb": __version__,
}


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
class Judged:
    """A row as read, and what is believed of it while these bytes stay the same.

    Attributes
    ----------
    gone
        Why there is nothing any more, where the row is a tombstone; else ``None``.
    whole
        Whether every entry stands in the row alone, so that no file can be missing, and was
        computed here, so that nobody has to be trusted.
    sound
        Whether nothing in the row is damaged; what another Python, or a later zen_nb, wrote is not.
    """

    raw: bytes
    entries: tuple[Entry, ...]
    lookup: Lookup
    gone: str | None
    whole: bool
    sound: bool


def judge(signer: Signer, key: str, raw: bytes) -> Judged:
    """Verify every envelope of a row; never raises for what it holds."""
    entries: list[Entry] = []
    refused: list[str] = []
    gone = None
    sound = bool(raw)
    try:
        for envelope, _ in envelopes.frames(raw):
            try:
                said = envelopes.unseal(signer, key, envelope)
            except Refused as why:
                refused.append(str(why))
                sound = sound and envelopes.is_newer(envelope)
                continue
            if isinstance(said, Tombstone):
                gone = said.reason
                refused.append(gone)
            elif why_not := _foreign(said.record):
                refused.append(why_not)
            else:
                entries.append(said)
    except Refused as why:
        refused.append(str(why))
        sound = False
    lookup = Lookup(tuple(entry.record for entry in entries), tuple(refused))
    whole = not any(entry.blobs() or SHARED in entry.record.writer for entry in entries)
    return Judged(raw, tuple(entries), lookup, gone, whole, sound)


def _foreign(record: Record) -> str | None:
    python = record.writer.get("python")
    if python != PYTHON:
        return f"the record was written by Python {python}, this is {PYTHON}"
    machine = record.writer.get("machine", MACHINE)
    if machine != MACHINE:
        return f"the record was computed on {machine}, this is {MACHINE}"
    return None
