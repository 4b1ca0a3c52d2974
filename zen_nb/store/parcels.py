r"""One record as it travels: signed by whoever computed it, for whoever trusts that key.

Parcel format, version 1 (integers little-endian)
-------------------------------------------------
======  =====  ==============================================================
offset  bytes  what
======  =====  ==============================================================
0       7      ``zen_nbS``
7       1      format version, 1
8       16     identity of the signer's key
24      64     Ed25519 signature: purpose ``shared record``, the identity, the cache key,
               the first 8 bytes, and all that follows
88      32     variant (raw)
120     4      length of the head
124     …      head, as in an envelope
…       …      the sections that are not blobs, in the order of the head's table
======  =====  ==============================================================

The cache key is not read from the parcel: the reader says which one it asked for. Nothing in
a parcel is looked at before its signature by a trusted key is found good, and nothing that its
head does not hold the digest of is used after.

In a store a parcel is ``records/<first two characters>/<cache key>/<name>``, where `name` is the
identity of the signer, ``-``, and the BLAKE3 digest of the parcel: one key has a parcel for every
state of the outside, and nothing is ever written again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import Struct

from blake3 import blake3

from zen_nb.core.model import Record
from zen_nb.store import envelope as envelopes
from zen_nb.store.drafts import digest_of
from zen_nb.store.envelope import Section
from zen_nb.store.trust import (
    ID_BYTES,
    SIGNATURE_BYTES,
    PublicKey,
    SharingKey,
    Trusted,
    Untrusted,
)

VERSION = 1
MAGIC = b"zen_nbS"
NAME_LENGTH = 2 * ID_BYTES + 1 + 64

_START = MAGIC + bytes([VERSION])
_PREFIX = Struct(f"<8s{ID_BYTES}s{SIGNATURE_BYTES}s")
_PURPOSE = b"shared record"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A record that somebody who is trusted has signed, with its parts but for the blobs."""

    record: Record
    sections: tuple[Section, ...]
    held: Mapping[str, memoryview]
    signer: PublicKey
    name: str


def pack(
    key: SharingKey, record: Record, sections: Sequence[Section], content: Sequence[bytes]
) -> tuple[str, bytes]:
    """Return `record` as a parcel signed by `key`, and the parcel's name."""
    body = envelopes.body_of(record, sections, content)
    identity = bytes.fromhex(key.id)
    signature = key.sign(_PURPOSE, identity, record.key.encode(), _START, body)
    parcel = _PREFIX.pack(_START, identity, signature) + body
    return f"{key.id}-{blake3(parcel).hexdigest()}", parcel


def signer_of(name: str) -> str | None:
    """Return whose key a name says, unverified; ``None`` where it is not the name of a parcel."""
    signer, _, digest = name.partition("-")
    usual = len(name) == NAME_LENGTH and len(digest) == 64
    return signer if usual and not (signer + digest).strip("0123456789abcdef") else None


def unpack(trusted: Trusted, key: str, name: str, parcel: bytes) -> Parcel:
    """Return what `parcel` says about `key`, once its signature by a trusted key is found good.

    Raises
    ------
    Untrusted
        With the reason, where it must not be believed.
    """
    if len(parcel) < _PREFIX.size:
        raise Untrusted("it is cut")
    start, identity, signature = _PREFIX.unpack_from(parcel)
    if start != _START:
        newer = start[:-1] == MAGIC and start[-1] > VERSION
        raise Untrusted("a newer zen_nb wrote it" if newer else "it is damaged")
    body = memoryview(parcel)[_PREFIX.size :]
    signer = trusted.verify(
        identity.hex(), signature, _PURPOSE, identity, key.encode(), start, body
    )
    try:
        record, sections, held = envelopes.read_body(key, body)
    except Exception as error:  # signed all the same: by a zen_nb that writes something else
        raise Untrusted(f"it cannot be read ({type(error).__name__})") from None
    for part in sections:
        if part.place != "blob" and digest_of(held[part.name]) != part.digest:
            raise Untrusted(f"its {part.name} is damaged")
    return Parcel(record, sections, held, signer, name)
