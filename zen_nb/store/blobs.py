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
import secrets
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, TypeAlias

from blake3 import blake3

from zen_nb.core.errors import StoreUnavailable

try:
    import fcntl
except ImportError:  # pragma: no cover - no advisory locks: drafts are swept by age alone
    fcntl = None  # type: ignore[assignment]

Piece: TypeAlias = bytes | bytearray | memoryview
Seen: TypeAlias = tuple[int, int, int, int, int]

THREADS_FROM_BYTES = 1 << 20
REMEMBER_FROM_BYTES = 16 << 20
_CHUNK_BYTES = 8 << 20
# A change within one tick of the file system's clock leaves the times as they are: a file is
# remembered as verified only when its last change lies further back than this.
_TICK_NS = 12_000_000
_DRAFT_AGE_S = 60.0
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class BlobGone(StoreUnavailable):
    """A blob is missing or is not what its name says; the result has to be computed again."""


class Memory(Protocol):
    """Which files have been verified, across processes; what it says must be signed."""

    def recall(self, digest: str) -> Seen | None: ...

    def remember(self, digest: str, seen: Seen) -> None: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """Where bytes went; `new` tells whether this call wrote them."""

    digest: str
    size_bytes: int
    new: bool


def digest_of(piece: Piece) -> str:
    """Return the BLAKE3 digest of `piece`, with threads where they pay."""
    many = blake3.AUTO if memoryview(piece).nbytes >= THREADS_FROM_BYTES else 1
    return blake3(piece, max_threads=many).hexdigest()


class Blobs:
    """Content-addressed files below one folder.

    Parameters
    ----------
    folder
        The store's folder, already found to be safe.
    memory
        Remembers verified files for other processes; this process remembers by itself.
    """

    def __init__(self, folder: Path, memory: Memory | None = None) -> None:
        self._root = folder / "blobs"
        self._drafts = folder / "drafts"
        self._memory = memory
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
        if self._damaged and self._damaged.get(digest) == _seen(status):
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
            hashing = _Hashing(views, many=False)
            hashing.run()
        else:
            hashing = _Hashing(views)
            hashing.start()
        try:
            return self._put(views, size, hashing)
        except OSError as error:
            raise StoreUnavailable(
                f"cannot write to {self._root.parent}: {error.strerror or error}"
            ) from None
        finally:
            hashing.stop()

    def _put(self, views: list[memoryview], size: int, hashing: _Hashing) -> Stored:
        def kept() -> Stored | None:
            digest = hashing.digest
            if digest is None or self.size(digest) != size or not self._intact(digest, size):
                return None
            return Stored(digest, size, new=False)

        known = kept()
        if known is not None:
            return known
        with _Draft(self._drafts) as draft:
            for chunk in _chunks(views):
                draft.write(chunk)
                # Hashing is faster than writing: when the bytes are already here, stop early.
                if hashing.digest is not None and (known := kept()) is not None:
                    return known
            digest = draft.settle(size)
            if digest != hashing.wait():
                raise StoreUnavailable("the value changed while it was being stored")
            new = self._adopt(draft, digest, size)
        return Stored(digest, size, new=new)

    def _adopt(self, draft: _Draft, digest: str, size: int) -> bool:
        """Give the draft its name; tell whether nobody else has just done the same."""
        path = self.path(digest)
        private_folder(self._root)
        private_folder(path.parent)
        if not draft.claim(path):
            if self._intact(digest, size):
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

    def _intact(self, digest: str, size: int) -> bool:
        try:
            self.open(digest, size)
        except BlobGone:
            return False
        return True

    def open(self, digest: str, size: int) -> memoryview:
        """Return the bytes as private, writable memory: a change never reaches the file.

        Raises
        ------
        BlobGone
            Where the blob is missing, has another size, or is not what its name says.
        """
        path = self.path(digest)
        try:
            handle = os.open(path, os.O_RDONLY | _NO_FOLLOW)
        except OSError as error:
            raise BlobGone(f"a stored part is gone ({error.strerror}: {path.name[:12]}…)") from None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size != size:
                raise BlobGone(f"a stored part was cut or replaced ({path.name[:12]}…)")
            if size == 0:
                return memoryview(bytearray())
            view = memoryview(mmap.mmap(handle, size, access=mmap.ACCESS_COPY))
        except (OSError, ValueError) as error:
            raise BlobGone(f"a stored part cannot be mapped ({error})") from None
        finally:
            os.close(handle)
        self._verify(digest, status, view)
        return view

    def _verify(self, digest: str, status: os.stat_result, view: memoryview) -> None:
        seen = _seen(status)
        if self._verified.get(digest) == seen:
            return
        lasting = self._memory is not None and status.st_size >= REMEMBER_FROM_BYTES
        if lasting and self._memory is not None and self._memory.recall(digest) == seen:
            self._verified[digest] = seen
            return
        if digest_of(view) != digest:
            self._damaged[digest] = seen
            raise BlobGone(f"a stored part is damaged ({digest[:12]}…)")
        self._remember(digest, status)

    def _remember(self, digest: str, status: os.stat_result) -> None:
        if time.time_ns() - status.st_ctime_ns < _TICK_NS:
            return
        self._verified[digest] = _seen(status)
        if self._memory is not None and status.st_size >= REMEMBER_FROM_BYTES:
            self._memory.remember(digest, _seen(status))

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
            for entry in _entries(folder):
                if len(entry.name) == 64 and _is_hex(entry.name):
                    yield entry.name, entry.stat(follow_symlinks=False)

    def sweep_drafts(self) -> None:
        """Remove drafts whose writer is dead; never one that is being written."""
        for entry in _entries(self._drafts):
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > _DRAFT_AGE_S:
                _unlink_if_abandoned(Path(entry.path))


class _Hashing(threading.Thread):
    """Hashes pieces beside the writing; `digest` is set when it is known."""

    def __init__(self, views: list[memoryview], *, many: bool = True) -> None:
        super().__init__(name="zen_nb-hash", daemon=True)
        self._views = views
        self._hash = blake3(max_threads=blake3.AUTO if many else 1)
        self._stopped = False
        self.digest: str | None = None

    def run(self) -> None:
        for chunk in _chunks(self._views):
            if self._stopped:
                return
            self._hash.update(chunk)
        self.digest = self._hash.hexdigest()

    def wait(self) -> str | None:
        if self.is_alive():
            self.join()
        return self.digest

    def stop(self) -> None:
        self._stopped = True
        self.wait()
        self._views = []


class _Draft:
    """A file without a name of its own yet; gone unless it becomes one."""

    def __init__(self, folder: Path) -> None:
        private_folder(folder)
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(8)}"
        self._handle = -1
        self._named = False

    def __enter__(self) -> Self:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
        self._handle = os.open(self._path, flags, 0o600)
        with contextlib.suppress(OSError):  # no locks here: the sweep goes by age alone
            if fcntl is not None:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)
        if not self._named:
            self._path.unlink(missing_ok=True)

    def write(self, chunk: memoryview) -> None:
        while chunk.nbytes:
            chunk = chunk[os.write(self._handle, chunk) :]

    def settle(self, size: int) -> str:
        """Return the digest of what the file holds, once that is on disk.

        The file is read back, not the memory it came from: a value that another thread
        changes meanwhile must not get the name of other bytes.
        """
        self.close_to_writing()
        if size < THREADS_FROM_BYTES:
            os.fsync(self._handle)
            return digest_of(os.pread(self._handle, size, 0))
        # Not closed by hand: interrupted, the hashing may still be reading from it.
        hashing = _Hashing([memoryview(mmap.mmap(self._handle, size, access=mmap.ACCESS_READ))])
        hashing.start()
        try:
            os.fsync(self._handle)
            digest = hashing.wait()
        finally:
            hashing.stop()
        assert digest is not None
        return digest

    def close_to_writing(self) -> None:
        os.fchmod(self._handle, 0o400)

    def claim(self, path: Path) -> bool:
        """Become `path` unless something stands there; tell which."""
        try:
            os.link(self._path, path, follow_symlinks=False)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if os.path.lexists(path):
                return False
            self.become(path)
        return True

    def become(self, path: Path) -> None:
        os.rename(self._path, path)
        self._named = True


def private_folder(path: Path) -> None:
    """Make `path` a folder with mode 0700 whatever the umask; refuses a symlink.

    Raises
    ------
    StoreUnavailable
        Where something else stands there.
    """
    try:
        os.mkdir(path, 0o700)
        os.chmod(path, 0o700)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise StoreUnavailable(f"{path} is not a folder; remove it") from None


def replace_file(path: Path, drafts: Path, content: bytes) -> None:
    """Let `path` hold `content`, or what it held before, and never a part; mode 0400.

    Not flushed to disk: whoever reads it checks a signature, and a cut file counts as none.
    """
    with _Draft(drafts) as draft:
        draft.write(memoryview(content))
        draft.close_to_writing()
        draft.become(path)


def _seen(status: os.stat_result) -> Seen:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _chunks(views: Sequence[memoryview]) -> Iterator[memoryview]:
    for view in views:
        for start in range(0, view.nbytes, _CHUNK_BYTES):
            yield view[start : start + _CHUNK_BYTES]


def _is_hex(text: str) -> bool:
    return not text.strip("0123456789abcdef")


def _folders(root: Path) -> list[Path]:
    return [Path(e.path) for e in _entries(root) if e.is_dir(follow_symlinks=False)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listed:
            return list(listed)
    except OSError:
        return []


def _unlink_if_abandoned(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY | _NO_FOLLOW)
    except OSError:
        path.unlink(missing_ok=True)
        return
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        return
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
