"""Digests of memory that need not be read, because somebody can prove what it holds.

Whoever maps stored bytes knows their digests, and the operating system can tell whether a
page of them was written since. Who that is, `identity` does not know: it is told a `Prover`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Protocol, TypeAlias

# Below this, hashing is as fast as asking.
FROM_BYTES = 1 << 16

# Address, size in bytes, BLAKE3 digest.
Note: TypeAlias = tuple[int, int, bytes]


class Prover(Protocol):
    """Knows what some memory holds."""

    def digest(self, address: int, size: int) -> bytes | None:
        """Return the digest of memory that is proven not to have changed, or ``None``."""

    def learn(self, address: int, size: int, digest: bytes) -> None:
        """Take in the digest of memory that was just read."""


_provers: list[Prover] = []
_notes: ContextVar[list[Note] | None] = ContextVar("_notes", default=None)


def trust(prover: Prover) -> None:
    """Ask `prover` from now on, in place of any other."""
    _provers[:] = [prover]


@contextlib.contextmanager
def noting() -> Iterator[list[Note]]:
    """Note the digests of all large buffers that are fingerprinted meanwhile, in this thread."""
    notes: list[Note] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def proven(buffer: Any, size: int) -> tuple[int, bytes | None]:
    """Return the address of a buffer and its digest; 0 and ``None`` where they are not known."""
    notes = _notes.get()
    if not _provers and notes is None:
        return 0, None
    address = address_of(buffer)
    if not address:
        return 0, None
    digest = _provers[0].digest(address, size) if _provers else None
    if digest is not None and notes is not None:
        notes.append((address, size, digest))
    return address, digest


def read(address: int, size: int, digest: bytes) -> None:
    """Tell of the digest of a buffer that was read."""
    for prover in _provers:
        prover.learn(address, size, digest)
    notes = _notes.get()
    if notes is not None:
        notes.append((address, size, digest))


def address_of(buffer: Any) -> int:
    """Return where the bytes of a buffer begin; 0 where that cannot be told."""
    held = getattr(buffer, "__array_interface__", None)
    if held is None:
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(buffer, memoryview):
            return 0
        held = numpy.frombuffer(buffer, "u1").__array_interface__
    return int(held["data"][0])
