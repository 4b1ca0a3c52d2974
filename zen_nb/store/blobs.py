"""Bytes named by their digest, verified before use, mapped so that nobody can change them.

Blob format, version 1
----------------------
``blobs/<first two characters>/<digest>`` where `digest` is the lower-case hexadecimal
BLAKE3 digest (32 bytes) of the file's content, which has no header. A file appears by
rename, complete and on disk (fsync), with mode 0400, and is never written again. Drafts
live in ``drafts/`` under an exclusive ``flock`` for as long as their writer lives.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.threads import THREADS_FROM_BYTES
from zen_nb.store.drafts import (
    NO_FOLLOW,
    Draft,
    Hashing,
    Piece,
    chunks,
    digest_of,
    entries,
    private_folder,
    statuses,
    unlink_if_abandoned,
)
from zen_nb.store.mapping import mappings, seen

Seen: TypeAlias = tuple[int, int, int, int, int]

REMEMBER_FROM_BYTES = 16 << 20
# From here on it is remembered where a blob is mapped, and that nobody has written to it.
MAP_FROM_BYTES = 1 << 16
# A change within one tick of the file system's clock leaves the times as they are: a file is
# remembered as verified only when its last change lies further back than this.
_TICK_NS = 12_000_000
_DRAFT_AGE_S = 60.0


class BlobGone(StoreUnavailable):
    """A blob is missing or is not what its name says; the result has to be computed again."""


class Memory(Protocol):
    """Which files have been verified, across processes; what it says must be signed."""

    def recall(self, digest: str) -> Seen | None: ...

    def remember(self, digest: str, seen: Seen) -> None: ...


class Source(Protocol):
    """Where blobs can be had that are not here; sees to what they count."""

    def may_have(self, digest: str) -> bool: ...

    def bring(self, digest: str, size: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """Where bytes went; `new` tells whether this call wrote them."""

    digest: str
    size_bytes: int
    new: bool


class Blobs:
    """Content-addressed files below one folder.

    Parameters
    ----------
    folder
        The store's folder, already found to be safe.

    Attributes
    ----------
    memory
        Remembers verified files for other processes; this process remembers by itself.
    source
        Is asked for what is missing or damaged when it is opened; ``None`` where there is none.
    """

    def __init__(self, folder: Path, memory: Memory | None = None) -> None:
        self._root = folder / "blobs"
        self._drafts = folder / "drafts"
        self.memory = memory
        self.source: Source | None = None
        self._start = f"{self._root}{os.sep}"
        self._verified: dict[str, Seen] = {}
        self._damaged: dict[str, Seen] = {}
        self._fresh: dict[str, int] = {}

    def path(self, digest: str) -> Path:
        """Return where `digest` is kept; refuses what is not a digest.

        Raises
        ------
        BlobGone
            Where `digest` is not 64 hexadecimal characters.
        """
        return Path(self._place(digest))

    def _place(self, digest: str) -> str:
        if len(digest) != 64 or not _is_hex(digest):
            raise BlobGone(f"{digest[:80]!r} is not the name of a blob")
        return f"{self._start}{digest[:2]}{os.sep}{digest}"

    def size(self, digest: str) -> int | None:
        """Return the size of a blob in bytes, or ``None`` where there is no plain file of it.

        One that this process found damaged counts as none until it is written again.
        """
        try:
            status = os.lstat(self._place(digest))
        except (OSError, BlobGone):
            return None
        if self._damaged and self._damaged.get(digest) == seen(status):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def put(self, pieces: Sequence[Piece]) -> Stored:
        """Keep the concatenation of `pieces`; on return it is on disk under its digest.

        Raises
        ------
        StoreUnavailable
            Where it cannot be written, or changed while being written. Leaves no draft.
        """
        views = [memoryview(piece).cast("B") for piece in pieces]
        size = sum(view.nbytes for view in views)
        if size < THREADS_FROM_BYTES:
            hashing = Hashing(chunks(views), many=False)
            hashing.run()
        else:
            hashing = Hashing(chunks(views))
            hashing.start()
        try:
            return self._put(views, size, hashing)
        except OSError as error:
            raise StoreUnavailable(
                f"cannot write to {self._root.parent}: {error.strerror or error}"
            ) from None
        finally:
            hashing.stop()

    def _put(self, views: list[memoryview], size: int, hashing: Hashing) -> Stored:
        def kept() -> Stored | None:
            digest = hashing.digest
            if digest is None or self.size(digest) != size or not self.is_whole(digest, size):
                return None
            return Stored(digest, size, new=False)

        known = kept()
        if known is not None:
            return known
        with Draft(self._drafts) as draft:
            for chunk in chunks(views):
                draft.write(chunk)
                # Hashing is faster than writing: when the bytes are already here, stop early.
                if hashing.digest is not None and (known := kept()) is not None:
                    return known
            digest = draft.settle(size)
            if digest != hashing.wait():
                raise StoreUnavailable("the value changed while it was being stored")
            new = self._adopt(draft, digest, size)
        return Stored(digest, size, new=new)

    def _adopt(self, draft: Draft, digest: str, size: int) -> bool:
        """Give the draft its name; tell whether nobody else has just done the same."""
        path = self.path(digest)
        private_folder(self._root)
        private_folder(path.parent)
        if not draft.claim(path):
            if self.is_whole(digest, size):
                return False
            draft.become(path)
        _sync_folder(path.parent)
        if size >= REMEMBER_FROM_BYTES:
            self._fresh[digest] = size
        return True

    def remember_fresh(self) -> None:
        """Note what was just written as verified, so that no one hashes it again."""
        fresh, self._fresh = self._fresh, {}
        if fresh:
            time.sleep(_TICK_NS / 1e9)
        for digest in fresh:
            with contextlib.suppress(OSError):
                self._remember(digest, os.lstat(self._place(digest)))

    def take_in(self, digest: str, size: int, pieces: Iterable[tuple[int, bytes]]) -> bool:
        """Keep what `pieces` come to, by their offsets; tell whether it was not here before.

        Raises
        ------
        BlobGone
            Where that is not what `digest` says; leaves no draft.
        """
        with Draft(self._drafts) as draft:
            for offset, content in pieces:
                draft.write_at(offset, content)
            if draft.settle(size) != digest:
                raise BlobGone(f"a part of it is damaged there ({digest[:12]}…)")
            return self._adopt(draft, digest, size)

    def is_whole(self, digest: str, size: int) -> bool:
        """Tell whether a blob is here and what its name says."""
        try:
            self._open(digest, size)
        except BlobGone:
            return False
        return True

    def open(self, digest: str, size: int, *, afresh: bool = False) -> memoryview:
        """Return the bytes as private, writable memory: a change never reaches the file.

        They are hashed unless the file was verified before as it is; `afresh`, in any case.

        Raises
        ------
        BlobGone
            Where the blob is missing, has another size, or is not what its name says, and
            cannot be had elsewhere.
        """
        try:
            return self._open(digest, size, afresh=afresh)
        except BlobGone:
            if self.source is None or not self.source.may_have(digest):
                raise
        self.source.bring(digest, size)
        return self._open(digest, size)

    def _open(self, digest: str, size: int, *, afresh: bool = False) -> memoryview:
        path = self.path(digest)
        try:
            handle = os.open(path, os.O_RDONLY | NO_FOLLOW)
        except OSError as error:
            raise BlobGone(f"a stored part is gone ({error.strerror}: {path.name[:12]}…)") from None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size != size:
                raise BlobGone(f"a stored part was cut or replaced ({path.name[:12]}…)")
            if size == 0:
                return memoryview(bytearray())
            mapped = mmap.mmap(handle, size, access=mmap.ACCESS_COPY)
        except (OSError, ValueError) as error:
            raise BlobGone(f"a stored part cannot be mapped ({error})") from None
        finally:
            os.close(handle)
        view = memoryview(mapped)
        self._verify(digest, status, view, afresh=afresh)
        # A change within the tick of its last one would not show in the file's times.
        if size >= MAP_FROM_BYTES and time.time_ns() - status.st_ctime_ns >= _TICK_NS:
            mappings.add(mapped, self._place(digest), status, digest)
        return view

    def _verify(
        self, digest: str, status: os.stat_result, view: memoryview, *, afresh: bool
    ) -> None:
        now = seen(status)
        if not afresh and self._is_remembered(digest, now):
            return
        if digest_of(view) != digest:
            self._verified.pop(digest, None)
            self._damaged[digest] = now
            raise BlobGone(f"a stored part is damaged ({digest[:12]}…)")
        self._remember(digest, status)

    def _is_remembered(self, digest: str, now: Seen) -> bool:
        """Tell whether this very state of a file was verified, here or by another process."""
        if self._verified.get(digest) == now:
            return True
        size = now[2]
        lasting = self.memory is not None and size >= REMEMBER_FROM_BYTES
        if lasting and self.memory is not None and self.memory.recall(digest) == now:
            self._verified[digest] = now
            return True
        return False

    def _remember(self, digest: str, status: os.stat_result) -> None:
        if time.time_ns() - status.st_ctime_ns < _TICK_NS:
            return
        self._verified[digest] = seen(status)
        if self.memory is not None and status.st_size >= REMEMBER_FROM_BYTES:
            self.memory.remember(digest, seen(status))

    def fault(self, digest: str, size: int) -> str:
        """Hash a blob, whatever is remembered of it; return what is wrong, empty if nothing is."""
        try:
            self._open(digest, size, afresh=True)
        except BlobGone as error:
            return str(error)
        return ""

    def remove(self, digest: str) -> int:
        """Remove a blob and return the bytes that were freed; 0 where there was none."""
        self._verified.pop(digest, None)
        try:
            size = os.lstat(self._place(digest)).st_size
            os.unlink(self._place(digest))
        except (OSError, BlobGone):
            return 0
        return size

    def all(self) -> Iterator[tuple[str, os.stat_result]]:
        """Yield every blob with its status, in no particular order."""
        for folder in _folders(self._root):
            for path, status in statuses(folder):
                if len(path.name) == 64 and _is_hex(path.name):
                    yield path.name, status

    def sweep_drafts(self) -> None:
        """Remove drafts whose writer is dead; never one that is being written."""
        for path, status in statuses(self._drafts):
            if time.time() - status.st_mtime > _DRAFT_AGE_S:
                unlink_if_abandoned(path)


def _is_hex(text: str) -> bool:
    return not text.strip("0123456789abcdef")


def _folders(root: Path) -> list[Path]:
    return [Path(e.path) for e in entries(root) if e.is_dir(follow_symlinks=False)]


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
