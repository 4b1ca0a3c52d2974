r"""One record as signed bytes.

Envelope format, version 1 (integers little-endian)
---------------------------------------------------
======  =====  ==============================================================
offset  bytes  what
======  =====  ==============================================================
0       7      ``zen_nb\\0``
7       1      format version, 1
8       8      identity of the signer's key
16      32     signature: purpose ``record``, key, variant, and all that follows
48      32     variant (raw)
80      4      length of the head
84      …      head: JSON in ASCII, the object described below
…       …      inline sections, in the order of the head's table
======  =====  ==============================================================

The key is not read from the envelope: the caller says under which key it was
found, and a record moved to another key does not verify. The version stands
before the signature and enters it through the purpose.

Head: ``step``, ``created_at``, ``duration_s``, ``trace`` (``[label, digest, guard,
shown]``), ``artifacts`` (``[name, fingerprint, type_name, summary, role]``),
``badges``, ``writer``, ``size_bytes``, ``sections`` (``[name, place, size, digest]``).
`place` is ``row`` (inline here), ``tail`` (after the envelope in the journal file)
or ``blob``. Section names: ``stream``, ``layout``, ``pack``, ``buffer:<n>``,
``digests``, ``transcript``, ``components``, ``previews``.

A row, and a journal file, is a sequence of frames, newest first: length of the
envelope (4 bytes), length of its tail (4 bytes; 0 in a row), envelope, tail. A
tail is the concatenation of its sections in the order of the head's table.

A line of a step's history is an envelope signed for purpose ``history`` under the key of
its row; its head is the record's with ``key`` instead of ``sections``, which it has none of.

A tombstone is an envelope whose head is ``{"evicted_at": t, "reason": text}``, with
purpose ``tombstone`` and a variant of zero bytes; it stands alone in its row.

Acceptances (see `acceptances`) are envelopes of a head alone as well.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct, error
from typing import Any, Literal, TypeAlias

from zen_nb.core.model import Artifact, Record, Trace
from zen_nb.store.signing import IDENTITY_BYTES, Signer

VERSION = 1
MAGIC = b"zen_nb\0"

Place: TypeAlias = Literal["row", "tail", "blob"]

_START = MAGIC + bytes([VERSION])
_PREFIX = Struct(f"<8s{IDENTITY_BYTES}s32s")
_BODY = Struct("<32sI")
_FRAME = Struct("<II")
_NO_VARIANT = bytes(32)
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Refused(Exception):
    """An envelope that is not served; its only argument says why."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a record: its size, its digest, and where it is."""

    name: str
    place: Place
    size_bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A verified record with what is needed to reach its parts.

    Attributes
    ----------
    table
        The four fields of each section, one after the other: thousands of entries are kept,
        and a plain tuple of texts and numbers is nothing that Python's collector looks at.
    inline_at
        Where the inline sections begin in the envelope.
    """

    record: Record
    table: tuple[Any, ...]
    inline_at: int
    envelope: bytes

    @property
    def sections(self) -> list[Section]:
        fields = iter(self.table)
        return [Section(*part) for part in zip(fields, fields, fields, fields, strict=True)]

    def section(self, name: str) -> Section | None:
        if name not in self.table[::4]:
            return None
        return next(part for part in self.sections if part.name == name)

    def inline(self, name: str) -> memoryview | None:
        """Return a section that stands in the envelope; ``None`` where it does not."""
        at = self.inline_at
        for part in self.sections:
            if part.place == "row":
                if part.name == name:
                    return memoryview(self.envelope)[at : at + part.size_bytes]
                at += part.size_bytes
        return None

    def blobs(self) -> list[Section]:
        if "blob" not in self.table[1::4]:
            return []
        return [part for part in self.sections if part.place == "blob"]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A record was here; when and why it was removed."""

    evicted_at: float
    reason: str


def seal(
    signer: Signer, record: Record, sections: Sequence[Section], inline: Sequence[bytes]
) -> bytes:
    """Return `record` as an envelope signed by `signer`."""
    for fingerprint in (record.key, record.variant):
        if len(bytes.fromhex(fingerprint)) != 32:
            raise ValueError(f"{fingerprint!r} is not a fingerprint of 32 bytes")
    return _signed(signer, b"record 1", record.key, body_of(record, sections, inline))


def body_of(record: Record, sections: Sequence[Section], content: Sequence[bytes]) -> bytes:
    """Return what is signed of a record: its variant, its head, and the bytes of sections."""
    head = _json(_head(record, sections))
    return _BODY.pack(bytes.fromhex(record.variant), len(head)) + head + b"".join(content)


def read_body(
    key: str, body: memoryview
) -> tuple[Record, tuple[Section, ...], dict[str, memoryview]]:
    """Return what `body_of` made of a record, its sections, and those that are not blobs."""
    variant, length = _BODY.unpack_from(body)
    head = json.loads(bytes(body[_BODY.size : _BODY.size + length]))
    sections = tuple(Section(*part) for part in head["sections"])
    place = _BODY.size + length
    held = {}
    for part in sections:
        if part.place != "blob":
            held[part.name] = body[place : place + part.size_bytes]
            place += part.size_bytes
    return _record(key, variant.hex(), head), sections, held


def seal_tombstone(signer: Signer, key: str, tombstone: Tombstone) -> bytes:
    """Return the sign that `key` was evicted."""
    head = {"evicted_at": tombstone.evicted_at, "reason": tombstone.reason}
    return seal_head(signer, b"tombstone 1", key, head)


def seal_past(signer: Signer, row: str, key: str, sealed: bytes) -> bytes:
    """Return the record of `key` that was `sealed` as a line of a history, kept under `row`."""
    head = _head_text(sealed)
    # The head's last entry; what follows it here has no names.
    content = b'{"key":"%b",%b}' % (key.encode("ascii"), head[1 : head.rindex(b',"sections":')])
    return _seal_text(signer, b"history 1", row, content, bytes.fromhex(variant_of(sealed)))


def unseal_past(signer: Signer, row: str, envelope: bytes) -> Record:
    """Return one line of the history `row`; raises `Refused` where it is not to be believed."""
    head = unseal_head(signer, b"history 1", row, envelope, "the history")
    return _record(head["key"], variant_of(envelope), head)


def seal_head(
    signer: Signer, purpose: bytes, key: str, head: Mapping[str, Any], variant: str = ""
) -> bytes:
    """Return `head` as an envelope without sections, signed for `purpose` under `key`."""
    return _seal_text(signer, purpose, key, _json(head), bytes.fromhex(variant) or _NO_VARIANT)


def unseal_head(
    signer: Signer, purpose: bytes, key: str, envelope: bytes, what: str
) -> dict[str, Any]:
    """Return the head that was sealed for `purpose` under `key`; raises `Refused` on `what`."""
    if len(envelope) < _PREFIX.size + _BODY.size:
        raise Refused(f"{what} is cut")
    magic, identity, mac = _PREFIX.unpack_from(envelope)
    if magic == _START and identity != signer.identity:
        raise Refused(f"{what} was signed by somebody else")
    body = memoryview(envelope)[_PREFIX.size :]
    if magic != _START or not signer.agrees(mac, purpose, key.encode(), body):
        raise Refused(f"{what} is damaged")
    return _head_of(envelope)


def unseal(signer: Signer, key: str, envelope: bytes) -> Entry | Tombstone:
    """Return what `envelope` says about `key`, once its signature is found good.

    Raises
    ------
    Refused
        With the reason, where it must not be believed.
    """
    start = _PREFIX.size
    if len(envelope) < start + _BODY.size:
        raise Refused("the record is cut")
    magic, identity, mac = _PREFIX.unpack_from(envelope)
    if magic != _START:
        raise Refused(_strange(magic))
    if identity != signer.identity:
        raise Refused("the record was signed by somebody else")
    body = memoryview(envelope)[start:]
    if signer.agrees(mac, b"record 1", key.encode(), body):
        return _read(key, envelope)
    if signer.agrees(mac, b"tombstone 1", key.encode(), body):
        head = _head_of(envelope)
        return Tombstone(head["evicted_at"], head["reason"])
    raise Refused("the record is damaged, or belongs to another key")


def frames(row: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield each envelope of a row or journal file with its tail.

    Raises
    ------
    Refused
        Where the frames do not add up; those before are good.
    """
    place = 0
    while place < len(row):
        try:
            length, tail = _FRAME.unpack_from(row, place)
        except error:
            raise Refused("the record is cut") from None
        begin = place + _FRAME.size
        place = begin + length + tail
        if place > len(row):
            raise Refused("the record is cut")
        yield row[begin : begin + length], memoryview(row)[begin + length : place]


def framed(parts: Sequence[tuple[bytes, bytes | memoryview]]) -> bytes:
    """Return envelopes and their tails as one row."""
    return b"".join(
        piece
        for envelope, tail in parts
        for piece in (_FRAME.pack(len(envelope), len(tail)), envelope, tail)
    )


def readable(row: bytes) -> list[tuple[bytes, memoryview]]:
    """Return the frames of `row` up to the first that is cut."""
    found: list[tuple[bytes, memoryview]] = []
    with contextlib.suppress(Refused):
        found.extend(frames(row))
    return found


def without_tails(content: bytes) -> bytes:
    """Return the frames of a journal file as a row."""
    return framed([(sealed, b"") for sealed, _ in readable(content)])


def unverified_heads(row: bytes) -> list[dict[str, Any]]:
    """Return the heads of a row without believing them: for what to remove, never to serve."""
    heads = []
    for envelope, _ in readable(row):
        with contextlib.suppress(Exception):  # damaged: it names nothing
            heads.append(_head_of(envelope))
    return heads


def unverified_blobs(row: bytes) -> set[str]:
    """Return the digests of all blobs that a row names."""
    return set(unverified_blob_sizes(row))


def unverified_blob_sizes(row: bytes) -> dict[str, int]:
    """Return the sizes in bytes of all blobs that a row names, by digest."""
    found: dict[str, int] = {}
    if b'"blob"' not in row:
        return found
    for head in unverified_heads(row):
        for part in head.get("sections", ()):
            if len(part) == 4 and part[1] == "blob":
                found[part[3]] = part[2]
    return found


def unverified_eviction(row: bytes, otherwise: float) -> float:
    """Return when a tombstone was set, or `otherwise` where the row is none."""
    for head in unverified_heads(row):
        when = head.get("evicted_at")
        if isinstance(when, (int, float)):
            return when
    return otherwise


def names(row: bytes, step: str) -> bool:
    """Tell whether a record of `row` was made by `step`, unverified."""
    return any(head.get("step") == step for head in unverified_heads(row))


def is_newer(envelope: bytes) -> bool:
    """Tell whether a later zen_nb wrote `envelope`: not to be read, and not ours to remove."""
    return envelope[: len(MAGIC)] == MAGIC and envelope[len(MAGIC) : len(MAGIC) + 1] > _START[-1:]


def variant_of(envelope: bytes) -> str:
    """Return the variant an envelope is for, unverified."""
    return envelope[_PREFIX.size : _PREFIX.size + 32].hex()


def _seal_text(signer: Signer, purpose: bytes, key: str, head: bytes, variant: bytes) -> bytes:
    return _signed(signer, purpose, key, _BODY.pack(variant, len(head)) + head)


def _signed(signer: Signer, purpose: bytes, key: str, body: bytes) -> bytes:
    mac = signer.mac(purpose, key.encode(), body)
    return _PREFIX.pack(_START, signer.identity, mac) + body


def _strange(magic: bytes) -> str:
    if magic[:-1] == MAGIC and magic[-1] > VERSION:
        return f"the record has format {magic[-1]}, which is newer than this zen_nb"
    return "the record is damaged (it does not begin as one)"


def _head_text(envelope: bytes) -> bytes:
    _, length = _BODY.unpack_from(envelope, _PREFIX.size)
    begin = _PREFIX.size + _BODY.size
    return envelope[begin : begin + length]


def _head_of(envelope: bytes) -> dict[str, Any]:
    head = json.loads(_head_text(envelope))
    if type(head) is not dict:
        raise Refused("the record is damaged (no head)")
    return head


def _read(key: str, envelope: bytes) -> Entry:
    variant, length = _BODY.unpack_from(envelope, _PREFIX.size)
    head = _head_of(envelope)
    table = tuple(field for part in head["sections"] for field in _four(part))
    inline_at = _PREFIX.size + _BODY.size + length
    return Entry(_record(key, variant.hex(), head), table, inline_at, envelope)


def _four(part: list[Any]) -> list[Any]:
    if len(part) != len(Section.__slots__):
        raise Refused("the record is damaged (its table of sections)")
    return part


def _head(record: Record, sections: Sequence[Section]) -> dict[str, Any]:
    return {
        "step": record.step,
        "created_at": record.created_at,
        "duration_s": record.duration_s,
        "trace": listed(record.trace),
        "artifacts": [
            [a.name, a.fingerprint, a.type_name, a.summary, a.role] for a in record.artifacts
        ],
        "badges": list(record.badges),
        "writer": dict(record.writer),
        "size_bytes": record.size_bytes,
        "sections": [[s.name, s.place, s.size_bytes, s.digest] for s in sections],
    }


def _record(key: str, variant: str, head: dict[str, Any]) -> Record:
    return Record(
        key=key,
        variant=variant,
        step=head["step"],
        created_at=head["created_at"],
        duration_s=head["duration_s"],
        trace=traces_of(head["trace"]),
        artifacts=tuple(Artifact(*part) for part in head["artifacts"]),
        badges=tuple(head["badges"]),
        writer=head["writer"],
        size_bytes=head["size_bytes"],
    )


def listed(traces: Sequence[Trace]) -> list[list[Any]]:
    """Return traces as they stand in a head."""
    return [[part.label, part.digest, dict(part.guard), dict(part.shown)] for part in traces]


def traces_of(rows: Sequence[Sequence[Any]]) -> tuple[Trace, ...]:
    """Return the traces that `listed` wrote."""
    return tuple(Trace(*row) for row in rows)


def _json(value: Any) -> bytes:
    return _encode(value).encode("ascii")
