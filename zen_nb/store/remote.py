"""A place that several people reach, by any URL that fsspec knows: bytes there and back, in time.

Every request runs in a thread of its own, which is left behind where it takes too long: nobody
waits longer than was set, whatever the network does. After a failure the place is not asked again
for a while.

What is there: ``zen_nb-1/records/…`` (see `parcels`) and ``zen_nb-1/blobs/<first two
characters>/<digest>``. Objects appear whole and are never written again, unless they turned out
to be damaged.
"""

from __future__ import annotations

import contextlib
import errno
import inspect
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, TypeVar

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.threads import begin_own_work, own_work
from zen_nb.store.trust import INSTALL

FORMAT = "zen_nb-1"
RANGE_BYTES = 8 << 20
# A connection slower than this is as good as none for what takes long to compute.
_SLOWEST_BYTES_PER_S = 1_000_000
_PAUSE_S = 60.0
_LONGEST_PAUSE_S = 3600.0
_MOST_DOUBLED = 10
_OPENING_S = 30.0
_AT_ONCE = 4
_Made = TypeVar("_Made")


class RemoteUnavailable(StoreUnavailable):
    """The place cannot be asked: off, slow, or it refuses; the message says which, in a clause."""


class NotThere(RemoteUnavailable):
    """The place answers, and has no such object."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as the place lists it: its last name, its size in bytes, and when it was put."""

    name: str
    size_bytes: int
    at: float


class Breaker:
    """Remembers that a place failed, and lets it alone: for a while, then for twice as long.

    Attributes
    ----------
    trouble
        What went wrong first in this process, or ``""``.
    """

    def __init__(self, pause_s: float = _PAUSE_S) -> None:
        self.trouble = ""
        self._pause_s = pause_s
        self._failures = 0
        self._until = 0.0
        self._why = ""

    @property
    def is_open(self) -> bool:
        """Whether the place is let alone now."""
        return time.monotonic() < self._until

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Ask nothing while it is open; take note of a failure within."""
        if self.is_open:
            raise RemoteUnavailable(self._why)
        try:
            yield
            self._failures = 0
        except NotThere:
            raise
        except RemoteUnavailable as error:
            pause = min(self._pause_s * 2**self._failures, _LONGEST_PAUSE_S)
            self._until = time.monotonic() + pause
            self._failures = min(self._failures + 1, _MOST_DOUBLED)
            self._why = str(error)
            self.trouble = self.trouble or self._why
            raise


class Remote:
    """One place, for one process.

    Parameters
    ----------
    timeout_s
        How long one request is waited for; large ones longer, by their size.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self.url = url
        self.timeout_s = timeout_s
        self._opened: tuple[Any, str] | None = None
        self._lock = threading.Lock()
        self._by_prefix = self._on_disk = False

    # ---------------------------------------------------------------- asking

    def names(self, key: str) -> list[Listed]:
        """Return the parcels of a key, the newest first."""
        return self._within(lambda: self._names(key), self.timeout_s)

    def read(self, key: str, wanted: Sequence[Listed]) -> list[bytes | None]:
        """Return parcels, fetched side by side; ``None`` for one that is not there any more."""
        pieces = [(self._parcel(key, one.name), 0, one.size_bytes) for one in wanted]
        return list(self._side_by_side([partial(self._piece, *piece) for piece in pieces], 0))

    def read_blob(self, digest: str, size: int) -> Iterator[tuple[int, bytes]]:
        """Yield a blob in pieces, each with its offset, fetched side by side.

        Raises
        ------
        NotThere
            Where it is missing or cut.
        """
        place = self._blob(digest)
        starts = range(0, size, RANGE_BYTES)
        ends = [min(start + RANGE_BYTES, size) for start in starts]
        acts = [partial(self._piece, place, *ends_of) for ends_of in zip(starts, ends, strict=True)]
        found = self._side_by_side(acts, min(size, RANGE_BYTES))
        for start, end, content in zip(starts, ends, found, strict=True):
            if content is None or len(content) != end - start:
                raise NotThere("it is missing there" if content is None else "it is cut there")
            yield start, content

    def blob_size(self, digest: str) -> int | None:
        """Return the size of a blob in bytes, or ``None`` where there is none."""
        return self._within(lambda: self._size(self._blob(digest)), self.timeout_s)

    # ---------------------------------------------------------------- putting

    def put_parcel(self, key: str, name: str, parcel: bytes) -> None:
        """Put a parcel; there is all of it, or nothing."""
        self._put(self._parcel(key, name), lambda fs, to: fs.pipe_file(to, parcel), len(parcel))

    def put_blob(self, digest: str, path: str, size: int) -> None:
        """Put a file under its digest."""
        self._put(self._blob(digest), lambda fs, to: fs.put_file(path, to), size)

    def _put(self, place: str, write: Callable[[Any, str], object], size: int) -> None:
        def put() -> None:
            files, root = self._open()
            target = f"{root}/{place}"
            if self._by_prefix:  # an object store, where all of an object appears at once
                write(files, target)
                return
            self._require_root(files, root)
            folder, _, name = target.rpartition("/")
            files.makedirs(folder, exist_ok=True)
            draft = f"{folder}/.{name[:16]}.{secrets.token_hex(8)}"
            try:
                write(files, draft)
                files.mv(draft, target)
            except BaseException:
                with contextlib.suppress(Exception):
                    files.rm_file(draft)
                raise

        self._within(put, self.timeout_s + size / _SLOWEST_BYTES_PER_S)

    # ---------------------------------------------------------------- within

    @staticmethod
    def _parcel(key: str, name: str) -> str:
        return f"records/{key[:2]}/{key}/{name}"

    @staticmethod
    def _blob(digest: str) -> str:
        return f"blobs/{digest[:2]}/{digest}"

    def _require_root(self, files: Any, root: str) -> None:
        """Raise where the folder of a URL is not there: a disk that is not mounted, most likely."""
        if self._on_disk and not files.isdir(root.rpartition("/")[0]):
            raise RemoteUnavailable("there is no such folder: mount it, or make it")

    def _names(self, key: str) -> list[Listed]:
        files, root = self._open()
        folder = f"{root}/records/{key[:2]}"
        try:
            if self._by_prefix:  # one request, whatever else is in the folder
                found = files.find(folder, prefix=f"{key}/", detail=True).values()
            else:
                found = files.ls(f"{folder}/{key}", detail=True)
        except FileNotFoundError:
            self._require_root(files, root)
            return []
        listed = [
            Listed(str(one["name"]).rpartition("/")[2], int(one["size"] or 0), _when(one))
            for one in found
            if one.get("type") == "file"
        ]
        return sorted(listed, key=lambda one: -one.at)

    def _piece(self, place: str, start: int, stop: int) -> bytes | None:
        """Return a part of an object, shorter where it ends before; ``None`` where it is none."""
        files, root = self._open()
        try:
            return bytes(files.cat_file(f"{root}/{place}", start=start, end=stop))
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.EINVAL:  # how S3 says that it ends before the range begins
                return b""
            raise

    def _size(self, place: str) -> int | None:
        files, root = self._open()
        try:
            return int(files.info(f"{root}/{place}")["size"])
        except FileNotFoundError:
            return None

    def _side_by_side(
        self, acts: Sequence[Callable[[], _Made]], each_bytes: int
    ) -> Iterator[_Made]:
        """Yield what `acts` come to, in order; some are done at once, each within its time."""
        limit = self.timeout_s + _AT_ONCE * each_bytes / _SLOWEST_BYTES_PER_S
        self._ready()
        waiting = [_Request(act) for act in acts]
        for one in waiting[:_AT_ONCE]:
            one.start()
        for number, one in enumerate(waiting):
            yield one.result(limit)
            for later in waiting[number + _AT_ONCE : number + _AT_ONCE + 1]:
                later.start()

    def _within(self, act: Callable[[], _Made], limit_s: float) -> _Made:
        self._ready()
        request = _Request(act)
        request.start()
        made: _Made = request.result(limit_s)
        return made

    def _ready(self) -> None:
        """Bring the libraries that the URL needs: that asks nobody, but takes its time once."""
        if self._opened is None:
            opening = _Request(self._open)
            opening.start()
            opening.result(_OPENING_S)

    def _open(self) -> tuple[Any, str]:
        with self._lock:
            if self._opened is None:
                self._opened = self._connect()
            return self._opened

    def _connect(self) -> tuple[Any, str]:
        try:
            import fsspec
            from fsspec.asyn import AsyncFileSystem
            from fsspec.utils import get_protocol

            kind = fsspec.get_filesystem_class(get_protocol(self.url))
        except (ImportError, ValueError) as error:
            why = str(error).partition("\n")[0]
            raise RemoteUnavailable(f"{why}; {INSTALL}") from None
        options: dict[str, Any] = {**kind._get_kwargs_from_urls(self.url)}
        if issubclass(kind, AsyncFileSystem):
            options["loop"] = _own_loop()
        protocols = (kind.protocol,) if isinstance(kind.protocol, str) else tuple(kind.protocol)
        if "s3" in protocols:
            options["config_kwargs"] = self._s3_settings()
        files = kind(**options, skip_instance_cache=True, use_listings_cache=False)
        if "s3" in protocols:
            files.retries = 1  # each pauses for longer; who waits has waited enough
        find = getattr(kind, "_find", kind.find)
        self._by_prefix = "prefix" in inspect.signature(find).parameters
        self._on_disk = bool({"file", "local"} & set(protocols))
        return files, f"{kind._strip_protocol(self.url).rstrip('/')}/{FORMAT}"

    def _s3_settings(self) -> dict[str, Any]:
        return {
            "connect_timeout": self.timeout_s,
            "read_timeout": self.timeout_s,
            # None: what it draws to pause at random is the user's stream of random numbers.
            "retries": {"total_max_attempts": 1},
            "max_pool_connections": 2 * _AT_ONCE,
        }


class _Request(threading.Thread):
    """One thing asked; its thread is left behind where it takes too long."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__(name="zen_nb-remote", daemon=True)
        self._act = act
        self._ended = threading.Event()
        self._made: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        with own_work():
            try:
                self._made = _twice(self._act)
            except BaseException as error:  # handed to whoever waits
                self._error = error
            finally:
                self._ended.set()

    def result(self, limit_s: float) -> Any:
        """Return what it came to; raises `RemoteUnavailable` for whatever went wrong."""
        if not self._ended.wait(limit_s):
            raise RemoteUnavailable(f"it did not answer within {limit_s:.3g} s")
        if self._error is None:
            return self._made
        if isinstance(self._error, RemoteUnavailable):
            raise self._error
        raise RemoteUnavailable(_said(self._error)) from None


def _twice(act: Callable[[], _Made]) -> _Made:
    """Do `act`, at once again where it failed by chance: a server's error, a lost connection."""
    try:
        return act()
    except (FileNotFoundError, PermissionError, RemoteUnavailable):
        raise
    except Exception:
        return act()


def _said(error: BaseException) -> str:
    """Return in a clause what went wrong."""
    if isinstance(error, FileNotFoundError):
        return f"there is no such place ({_line(error)})"
    if isinstance(error, PermissionError):
        return f"it refuses ({_line(error)})"
    return _line(error)


def _line(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0][:160]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _when(listed: dict[str, Any]) -> float:
    """Return when an object was put there, as its kind of place says it."""
    for name in ("LastModified", "mtime", "updated", "created", "last_modified"):
        found = listed.get(name)
        if isinstance(found, datetime):
            return found.timestamp()
        if isinstance(found, (int, float)):
            return float(found)
        with contextlib.suppress(TypeError, ValueError):
            return datetime.fromisoformat(found or "").timestamp()
    return 0.0


@cache
def _own_loop() -> Any:
    """Return an event loop of our own: what runs in fsspec's would count as a step's doing.

    One for the process: what is not used any more is closed in whichever loop runs then.
    """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    loop = asyncio.new_event_loop()
    loop.set_default_executor(
        ThreadPoolExecutor(2, thread_name_prefix="zen_nb-remote", initializer=begin_own_work)
    )

    def run() -> None:
        begin_own_work()
        asyncio.set_event_loop(loop)
        loop.run_forever()

    threading.Thread(target=run, name="zen_nb-remote-loop", daemon=True).start()
    return loop
