"""diskcache, held safely: rows of bytes under hexadecimal keys and nothing else.

What is held off, and why, was measured on diskcache 5.6.3:

- its pickle mode and its file names out of a row run code or read any file
  (CVE-2025-69872): `RowDisk` knows bytes inside SQLite only;
- its own limit empties the cache in silence: culling and policy are off;
- an interrupt leaves a transaction open for every other kernel: held off;
- a fork while another thread writes hangs the child: no store call is under way
  while this process forks, and the child never touches its parent's connections.

A ``cache.db`` that is damaged, or that a newer zen_nb has written, is renamed to
``cache.db.aside-<time>`` and made anew; `Rows.rebuilt` then tells the store to
fill it from the journal.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diskcache

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store.interrupts import held

FORMAT = b"2"
FORMAT_KEY = "00"
MODE_BYTES = 1
WAIT_S = 5.0
_DATABASE = "cache.db"
_HUGE = 1 << 62
_DAMAGED = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_CONSTRAINT,
    }
)
_SETTINGS: dict[str, Any] = {
    "size_limit": _HUGE,
    "cull_limit": 0,
    "eviction_policy": "none",
    "statistics": 0,
    "tag_index": 0,
    "disk_min_file_size": _HUGE,
    "disk_pickle_protocol": 5,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 1 << 13,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 1,
    # Pages that wait to be moved into the database; moving them waits for the disk.
    "sqlite_wal_autocheckpoint": 4000,
}


class BadRow(ValueError):
    """A row says something that zen_nb never writes: it is damaged or was put there."""


class DatabaseDamaged(StoreUnavailable):
    """The database was found damaged inside a transaction; a new one has taken its place."""


class RowDisk(diskcache.Disk):  # type: ignore[misc]
    """Hexadecimal keys, bytes as values, no files, no pickle."""

    def __init__(self, directory: str, **_settings: object) -> None:
        super().__init__(directory, min_file_size=_HUGE, pickle_protocol=5)

    def put(self, key: Any) -> tuple[str, bool]:
        _require_key(key)
        return key, True

    def get(self, key: Any, raw: Any) -> str:
        return self.put(key)[0]

    def store(self, value: Any, read: Any, key: Any = None) -> tuple[int, int, None, Any]:
        if type(value) is not bytes or read:
            raise BadRow("a value is bytes")
        return 0, MODE_BYTES, None, sqlite3.Binary(value)

    def fetch(self, mode: Any, filename: Any, value: Any, read: Any) -> bytes:
        if mode != MODE_BYTES or filename is not None or type(value) is not bytes:
            raise BadRow("a row names a file or another mode")
        return value

    def filename(self, key: Any = None, value: Any = None) -> tuple[str, str]:
        raise BadRow("rows have no files")

    def remove(self, file_path: Any) -> None:
        """Remove nothing: whatever a row names, zen_nb did not write it."""


_open_rows: weakref.WeakSet[Rows] = weakref.WeakSet()
_abandoned: list[object] = []


class Rows:
    """One table of bytes, shared by processes and threads.

    Attributes
    ----------
    rebuilt
        Why the database was made anew, or ``""``; whoever fills it again clears it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / _DATABASE
        self._lock = threading.RLock()
        self._cache: Any = None
        self._inode = 0
        self._inside = 0
        self.rebuilt = ""
        _open_rows.add(self)
        self._call(lambda cache: None)

    def get(self, key: str) -> bytes | None:
        """Return the value of `key`, or ``None``; a damaged row counts as none."""
        _require_key(key)
        cache = self._cache
        if cache is not None:
            try:
                with held, self._lock:
                    return _get(cache, key)
            except Exception:  # asked again below, where it is judged
                pass
        answer: bytes | None = self._call(lambda cache: _get(cache, key))
        return answer

    def put(self, key: str, value: bytes) -> None:
        """Keep `value` under `key`."""
        _require_key(key)
        if type(value) is not bytes:
            raise BadRow("a value is bytes")
        self._call(lambda cache: cache._sql(_PUT, (key, time.time(), MODE_BYTES, value)))

    def add_to(self, key: str, difference: int) -> None:
        """Let the number under `key`, 0 where there is none, grow by `difference`, not below 0."""
        _require_key(key)
        first = str(max(0, difference)).encode()
        values = (key, time.time(), MODE_BYTES, first, difference)
        self._call(lambda cache: cache._sql(_ADD, values))

    def delete(self, key: str) -> None:
        """Forget `key`."""
        _require_key(key)
        self._call(lambda cache: cache._sql(_DELETE, (key,)))

    def keep_last_with(self, start: str, most: int) -> None:
        """Forget the keys that begin with `start` and are longer, but for the last `most`."""
        _require_key(start)
        self._call(lambda cache: cache._sql(_DELETE_EARLIER, (start, f"{start}g", most)))

    def all_keys(self) -> list[str]:
        """Return all keys, sorted."""
        answer: list[str] = self._call(lambda cache: list(cache.iterkeys()))
        return answer

    def keys_of_length(self, length: int) -> list[str]:
        """Return the keys of that many characters, sorted."""
        ask = "SELECT key FROM Cache WHERE raw = 1 AND length(key) = ? ORDER BY key"
        found = self._call(lambda cache: cache._sql(ask, (length,)).fetchall())
        return [key for (key,) in found]

    def last_with(self, start: str, most: int) -> list[str]:
        """Return the last keys that begin with `start` and are longer, last first."""
        ask = (
            "SELECT key FROM Cache WHERE raw = 1 AND key > ? AND key < ? ORDER BY key DESC LIMIT ?"
        )
        found = self._call(lambda cache: cache._sql(ask, (start, f"{start}g", most)).fetchall())
        return [key for (key,) in found if len(key) > len(start)]

    def records_after(self, key: str, most: int = 1000) -> list[tuple[str, bytes]]:
        """Return the next records after `key`, by key; damaged rows are left out."""
        ask = (
            "SELECT key, value FROM Cache WHERE raw = 1 AND key > ? AND length(key) = 64"
            " AND mode = ? AND filename IS NULL ORDER BY key LIMIT ?"
        )
        found = self._call(lambda cache: cache._sql(ask, (key, MODE_BYTES, most)).fetchall())
        return [(key, value) for key, value in found if type(value) is bytes]

    def compact(self) -> None:
        """Give back the space of what was deleted, leaving none of its bytes behind."""
        self._call(_compact)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the one write lock; all or nothing of what is put inside is kept.

        Raises
        ------
        StoreUnavailable
            Where the lock is not had within `WAIT_S` seconds, or nothing can be written.
        """
        with held, self._lock:
            if self._moved():
                self.close()
            begun = contextlib.ExitStack()

            def begin(cache: Any) -> None:
                _get(cache, FORMAT_KEY)  # heals what is damaged, before anything is begun
                begun.enter_context(cache.transact())

            self._call(begin)
            self._inside += 1
            try:
                with begun:
                    yield
            except (sqlite3.Error, diskcache.Timeout, DatabaseDamaged) as error:
                if not isinstance(error, DatabaseDamaged) and not _is_damage(error):
                    raise _unavailable(self._folder, error) from None
                self._set_aside(str(error))
                raise DatabaseDamaged(f"the store in {self._folder} was damaged") from None
            finally:
                self._inside -= 1

    def close(self) -> None:
        """Close this process's connections."""
        with held, self._lock:
            cache, self._cache = self._cache, None
            if cache is not None:
                cache.close()

    def _call(self, ask: Any) -> Any:
        """Ask the database; where it is damaged, set it aside and ask the new one once."""
        with held, self._lock:
            try:
                return ask(self._opened())
            except (sqlite3.Error, diskcache.Timeout, OSError) as error:
                if not self._moved() and not _is_damage(error):
                    raise _unavailable(self._folder, error) from None
                reason = str(error)
            except StoreUnavailable:
                raise
            except Exception as error:  # settings or schema of a damaged file
                reason = f"{type(error).__name__}: {error}"
            if self._inside:
                raise DatabaseDamaged(reason)
            self._set_aside(reason)
            try:
                return ask(self._opened())
            except (sqlite3.Error, diskcache.Timeout, OSError) as error:
                raise _unavailable(self._folder, error) from None

    def _opened(self) -> Any:
        if self._cache is None:
            _make_private(self._path)
            cache = diskcache.Cache(str(self._folder), timeout=WAIT_S, disk=RowDisk, **_SETTINGS)
            written = cache.get(FORMAT_KEY)
            if written is None:
                cache.set(FORMAT_KEY, FORMAT)
            elif written != FORMAT:
                cache.close()
                raise BadRow(f"it has format {written[:20]!r}, this zen_nb reads {FORMAT!r}")
            self._inode = os.stat(self._path).st_ino
            self._cache = cache
        return self._cache

    def _set_aside(self, reason: str) -> None:
        with contextlib.suppress(Exception):
            self.close()
        self._cache = None
        stamp = f"{time.time_ns()}"
        with _only_one(self._folder):
            if not self._moved():
                for suffix in ("", "-wal", "-shm"):
                    path = Path(f"{self._path}{suffix}")
                    with contextlib.suppress(FileNotFoundError):
                        path.rename(f"{self._path}.aside-{stamp}{suffix}")
                self.rebuilt = reason or "it is damaged"
        self._inode = 0

    def _moved(self) -> bool:
        """Tell whether another process has set aside the database that we had open."""
        try:
            return self._inode not in (0, os.stat(self._path).st_ino)
        except OSError:
            return self._inode != 0

    def _before_fork(self) -> None:
        self._lock.acquire()

    def _after_fork_in_parent(self) -> None:
        self._lock.release()

    def _after_fork_in_child(self) -> None:
        # Not closed: SQLite must not touch a connection that another process opened.
        _abandoned.append(self._cache)
        self._cache = None
        self._lock = threading.RLock()


# diskcache's own `get` and `set` ask several times for what rows of ours never have.
_ASK = "SELECT value FROM Cache WHERE key = ? AND raw = 1 AND mode = 1 AND filename IS NULL"
_PUT = (
    "INSERT INTO Cache(key, raw, store_time, access_time, size, mode, value)"
    " VALUES (?1, 1, ?2, ?2, 0, ?3, ?4) ON CONFLICT(key, raw) DO UPDATE SET"
    " store_time = ?2, expire_time = NULL, size = 0, mode = ?3, filename = NULL, value = ?4"
)
_ADD = (
    "INSERT INTO Cache(key, raw, store_time, access_time, size, mode, value)"
    " VALUES (?1, 1, ?2, ?2, 0, ?3, ?4) ON CONFLICT(key, raw) DO UPDATE SET"
    " value = CAST(CAST(max(0, CAST(CAST(value AS TEXT) AS INTEGER) + ?5) AS TEXT) AS BLOB)"
)
_DELETE = "DELETE FROM Cache WHERE key = ? AND raw = 1"
_DELETE_EARLIER = (
    "DELETE FROM Cache WHERE rowid IN (SELECT rowid FROM Cache"
    " WHERE raw = 1 AND key > ? AND key < ? ORDER BY key DESC LIMIT -1 OFFSET ?)"
)


def _get(cache: Any, key: str) -> bytes | None:
    """Return a value by one statement."""
    rows = cache._sql(_ASK, (key,)).fetchall()
    return rows[0][0] if rows and type(rows[0][0]) is bytes else None


def _require_key(key: str) -> None:
    if type(key) is not str or key.strip("0123456789abcdef"):
        raise BadRow("a key is hexadecimal text")


def _compact(cache: Any) -> None:
    cache._sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    cache._sql("VACUUM")
    cache._sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _is_damage(error: BaseException) -> bool:
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return True
    return (code & 0xFF) in _DAMAGED


def _unavailable(folder: Path, error: BaseException) -> StoreUnavailable:
    busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
    if busy or isinstance(error, diskcache.Timeout):
        return StoreUnavailable(f"another kernel has been writing to {folder} for {WAIT_S:.0f} s")
    return StoreUnavailable(f"cannot use the store in {folder}: {error}")


def _make_private(path: Path) -> None:
    """Let the database exist with mode 0600: SQLite gives its other files the same."""
    if path.is_symlink():
        raise BadRow("it is a symlink")
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            os.fchmod(handle, 0o600)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time set a database aside."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(str(folder / "aside.lock"), timeout=WAIT_S, mode=0o600):
            yield
    except Timeout:
        raise StoreUnavailable(f"another kernel is mending the store in {folder}") from None


def _before_fork() -> None:
    for rows in list(_open_rows):
        rows._before_fork()


def _after_fork_in_parent() -> None:
    for rows in list(_open_rows):
        rows._after_fork_in_parent()


def _after_fork_in_child() -> None:
    for rows in list(_open_rows):
        rows._after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
