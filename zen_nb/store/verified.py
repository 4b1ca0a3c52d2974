"""Which large blobs have been hashed before, remembered under a signature."""

from __future__ import annotations

import struct

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store.blobs import Seen
from zen_nb.store.disk import Rows
from zen_nb.store.signing import MAC_BYTES, Signer

_SEEN = struct.Struct("<5q")


def row_of(digest: str) -> str:
    """Return the key of the row that remembers `digest`."""
    return f"b{digest}"


class VerifiedBlobs:
    """A row for each verified file: signature, then device, inode, size and both times."""

    def __init__(self, rows: Rows, signer: Signer) -> None:
        self._rows = rows
        self._signer = signer

    def recall(self, digest: str) -> Seen | None:
        """Return what the file looked like when it was verified, or ``None``."""
        try:
            row = self._rows.get(row_of(digest))
        except StoreUnavailable:
            return None
        if row is None or len(row) != MAC_BYTES + _SEEN.size:
            return None
        mac, body = row[:MAC_BYTES], row[MAC_BYTES:]
        if not self._signer.agrees(mac, b"verified 1", digest.encode(), body):
            return None
        return _SEEN.unpack(body)

    def remember(self, digest: str, seen: Seen) -> None:
        """Keep it; where that fails only time is lost."""
        try:
            body = _SEEN.pack(*seen)
            mac = self._signer.mac(b"verified 1", digest.encode(), body)
            self._rows.put(row_of(digest), mac + body)
        except (StoreUnavailable, struct.error):
            return
