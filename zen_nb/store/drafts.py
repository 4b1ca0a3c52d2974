"""Files on their way to a name: written, hashed and flushed before anyone can see them."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self, TypeAlias

from blake3 import blake3

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.threads import THREADS_FROM_BYTES, hashing_threads

try:
    import fcntl
except ImportError:  # pragma: no cover - no advisory locks: drafts are swept by age alone
    fcntl = None  # type: ignore[assignment]

Piece: TypeAlias = bytes | bytearray | memoryview
AnyPath: TypeAlias = str | Path

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_CHUNK_BYTES = 8 << 20


def digest_of(piece: Piece) -> str:
    """Return the BLAKE3 digest of `piece`, with threads where they pay."""
    threads = hashing_threads(memoryview(piece).nbytes)
    return blake3(piece, max_threads=threads).hexdigest()


class Hashing(threading.Thread):
    """Hashes pieces beside the writing; `digest` is set when it is known."""

    def __init__(self, pieces: Iterable[memoryview], *, many: bool = True) -> None:
        super().__init__(name="zen_nb-hash", daemon=True)
        self._pieces = pieces
        self._hash = blake3(max_threads=hashing_threads(_CHUNK_BYTES) if many else 1)
        self._stopped = False
        self.digest: str | None = None

    def run(self) -> None:
        for piece in self._pieces:
            if self._stopped:
                return
            self._hash.update(piece)
        self.digest = self._hash.hexdigest()

    def wait(self) -> str | None:
        if self.is_alive():
            self.join()
        return self.digest

    def stop(self) -> None:
        self._stopped = True
        self.wait()
        self._pieces = ()


class Draft:
    """A file without a name of its own yet; gone unless it becomes one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = f"{folder}{os.sep}{os.getpid()}-{secrets.token_hex(8)}"
        self._handle = -1
        self._named = False

    def __enter__(self) -> Self:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_FOLLOW
        try:
            self._handle = os.open(self._path, flags, 0o600)
        except FileNotFoundError:  # the first draft of all
            private_folder(self._folder)
            self._handle = os.open(self._path, flags, 0o600)
        with contextlib.suppress(OSError):  # no locks here: the sweep goes by age alone
            if fcntl is not None:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)
        if not self._named:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)

    def write(self, chunk: memoryview) -> None:
        while chunk.nbytes:
            chunk = chunk[os.write(self._handle, chunk) :]

    def write_at(self, offset: int, content: bytes) -> None:
        view = memoryview(content)
        while view.nbytes:
            written = os.pwrite(self._handle, view, offset)
            view, offset = view[written:], offset + written

    def settle(self, size: int) -> str:
        """Return the digest of what the file holds, once that is on disk.

        The file is read back, not the memory it came from: a value that another thread
        changes meanwhile must not get the name of other bytes.
        """
        self.close_to_writing()
        if size < THREADS_FROM_BYTES:
            os.fsync(self._handle)
            return digest_of(os.pread(self._handle, size, 0))
        hashing = Hashing(self._read_back(size))
        hashing.start()
        try:
            os.fsync(self._handle)
            digest = hashing.wait()
        finally:
            hashing.stop()
        assert digest is not None
        return digest

    def _read_back(self, size: int) -> Iterator[memoryview]:
        """Yield what the file holds, in pieces: mapped whole it would count as memory in use."""
        buffer = memoryview(bytearray(min(size, _CHUNK_BYTES)))
        place = 0
        while place < size:
            read = os.preadv(self._handle, [buffer[: size - place]], place)
            if not read:
                return
            yield buffer[:read]
            place += read

    def close_to_writing(self) -> None:
        os.fchmod(self._handle, 0o400)

    def claim(self, path: AnyPath) -> bool:
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

    def become(self, path: AnyPath) -> None:
        os.rename(self._path, path)
        self._named = True


def private_folder(path: AnyPath) -> None:
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


def replace_file(path: AnyPath, drafts: Path, content: bytes) -> None:
    """Let `path` hold `content`, or what it held before, and never a part; mode 0400.

    Not flushed to disk: whoever reads it checks a signature, and a cut file counts as none.
    """
    with Draft(drafts) as draft:
        draft.write(memoryview(content))
        draft.close_to_writing()
        draft.become(path)


def chunks(views: Sequence[memoryview]) -> Iterator[memoryview]:
    """Yield `views` in pieces between which hashing and writing can stop."""
    for view in views:
        for start in range(0, view.nbytes, _CHUNK_BYTES):
            yield view[start : start + _CHUNK_BYTES]


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in `folder`; nothing where it cannot be listed."""
    try:
        with os.scandir(folder) as listed:
            return list(listed)
    except OSError:
        return []


def statuses(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what is in `folder` with its status; what another removes meanwhile is left out."""
    for entry in entries(folder):
        with contextlib.suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            yield Path(entry.path), status


def unlink_if_abandoned(path: Path) -> None:
    """Remove a draft unless its writer lives."""
    try:
        handle = os.open(path, os.O_RDONLY | NO_FOLLOW)
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
