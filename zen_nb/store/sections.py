"""How the parts of a record are laid out: inline, in the journal's tail, or as blobs.

Layout, version 1
-----------------
``stream`` is the pickle. Its out-of-band buffers of `BIG_BYTES` and more are each a
section ``buffer:<n>``, so that equal ones are kept once; smaller ones stand together in
``pack``, each at a multiple of 64 bytes. ``layout`` has one entry of 20 bytes for each
buffer in the order of the stream: place (4 bytes: 0 for the pack, else n + 1), offset and
length (8 bytes each), little-endian. ``digests`` tells the BLAKE3 digests of parts of the
buffers with a section of their own, as they were found when the values were fingerprinted:
n (4 bytes), offset, length (8 bytes each), digest (32 bytes).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from struct import Struct

from zen_nb.core.model import JSON, Component
from zen_nb.store.blobs import Blobs, Stored
from zen_nb.store.drafts import Piece, digest_of
from zen_nb.store.envelope import Place, Section
from zen_nb.store.mapping import parts_of
from zen_nb.store.serialize import Payload

INLINE_BYTES = 16 << 10
TRANSCRIPT_INLINE_BYTES = 4 << 10
TAIL_BYTES = 1 << 20
BIG_BYTES = 1 << 20
ALIGN_BYTES = 64

_BUFFER = Struct("<IQQ")
_DIGEST = Struct("<IQQ32s")


@dataclass(slots=True)
class Parts:
    """The sections of one record, with the bytes that stand in the row and in the tail."""

    sections: list[Section] = field(default_factory=list)
    inline: list[bytes] = field(default_factory=list)
    tail: list[bytes] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self.sections)

    def add(self, name: str, pieces: Sequence[Piece], place: Place, blobs: Blobs) -> None:
        """Put a section where it belongs; blobs are on disk when this returns."""
        if place == "blob":
            stored = blobs.put(pieces)
            self.stored.append(stored)
            self.sections.append(Section(name, place, stored.size_bytes, stored.digest))
            return
        content = b"".join(pieces)
        (self.inline if place == "row" else self.tail).append(content)
        self.sections.append(Section(name, place, len(content), digest_of(content)))


@dataclass(frozen=True, slots=True)
class Contents:
    """What is kept of a finished step besides its head.

    Attributes
    ----------
    previews
        A first look at artifacts by name, as plain data.
    notes
        Address, size and digest of buffers that were fingerprinted; some lie in the payload.
    """

    payload: Payload
    transcript: bytes = b""
    components: Sequence[Component] = ()
    previews: Mapping[str, JSON] = field(default_factory=dict)
    notes: Sequence[tuple[int, int, bytes]] = ()


def lay_out(parts: Parts, contents: Contents, blobs: Blobs) -> None:
    """Store what is large and put the rest into `parts`, ready to be sealed.

    Where this raises, `parts` knows which blobs were made.
    """
    payload, transcript = contents.payload, contents.transcript
    small = payload.size_bytes <= INLINE_BYTES
    place: Place = "row" if small else "blob"
    layout, pack, big = _arrange(payload)
    parts.add("stream", [payload.stream], _place(len(payload.stream), INLINE_BYTES), blobs)
    if payload.buffers:
        parts.add("layout", [layout], _place(len(layout), INLINE_BYTES), blobs)
    if pack:
        parts.add("pack", pack, place, blobs)
    for number, buffer in enumerate(big):
        parts.add(f"buffer:{number}", [buffer], "blob", blobs)
    if digests := _digests(big, contents.notes):
        parts.add("digests", [digests], _transcript_place(len(digests)), blobs)
    if transcript:
        parts.add("transcript", [transcript], _transcript_place(len(transcript)), blobs)
    shown = _components_json(contents.components)
    parts.add("components", [shown], _tail_place(len(shown)), blobs)
    if contents.previews:
        looks = json.dumps(dict(contents.previews), separators=(",", ":")).encode("ascii")
        parts.add("previews", [looks], _tail_place(len(looks)), blobs)


def buffers_of(layout: bytes, part: Callable[[str], memoryview]) -> list[memoryview]:
    """Return the buffers in the order of the stream; `part` gives a section's writable bytes."""
    whole: dict[int, memoryview] = {}
    found = []
    for place, offset, length in _BUFFER.iter_unpack(layout):
        if place not in whole:
            whole[place] = part("pack" if place == 0 else f"buffer:{place - 1}")
        found.append(whole[place][offset : offset + length])
    return found


def read_digests(content: bytes | memoryview) -> dict[str, dict[tuple[int, int], bytes]]:
    """Return what `lay_out` kept of digests: by section, then by offset and size."""
    found: dict[str, dict[tuple[int, int], bytes]] = {}
    for place, offset, length, digest in _DIGEST.iter_unpack(content):
        found.setdefault(f"buffer:{place}", {})[offset, length] = digest
    return found


def read_components(content: bytes | memoryview) -> tuple[Component, ...]:
    """Return what `lay_out` kept of the components."""
    return tuple(Component(*part) for part in json.loads(bytes(content)))


def read_previews(content: bytes | memoryview) -> dict[str, JSON]:
    """Return what `lay_out` kept of the previews."""
    found = json.loads(bytes(content) or b"{}")
    return found if isinstance(found, dict) else {}


def _digests(big: Sequence[memoryview], notes: Sequence[tuple[int, int, bytes]]) -> bytes:
    packed = [
        _DIGEST.pack(number, offset, size, digest)
        for number, buffer in enumerate(big)
        for (offset, size), digest in parts_of(buffer, notes).items()
    ]
    return b"".join(packed)


def _components_json(components: Sequence[Component]) -> bytes:
    listed = [[part.label, part.digest, dict(part.shown)] for part in components]
    return json.dumps(listed, separators=(",", ":")).encode("ascii")


def _place(size: int, inline: int) -> Place:
    return "row" if size <= inline else "blob"


def _transcript_place(size: int) -> Place:
    return "row" if size <= TRANSCRIPT_INLINE_BYTES else _tail_place(size)


def _tail_place(size: int) -> Place:
    return "tail" if size <= TAIL_BYTES else "blob"


def _arrange(payload: Payload) -> tuple[bytes, list[Piece], list[memoryview]]:
    layout: list[bytes] = []
    pack: list[Piece] = []
    big: list[memoryview] = []
    at = 0
    for buffer in payload.buffers:
        if buffer.nbytes >= BIG_BYTES:
            big.append(buffer)
            layout.append(_BUFFER.pack(len(big), 0, buffer.nbytes))
            continue
        layout.append(_BUFFER.pack(0, at, buffer.nbytes))
        gap = -buffer.nbytes % ALIGN_BYTES
        pack += [buffer, bytes(gap)]
        at += buffer.nbytes + gap
    return b"".join(layout), pack, big
