"""Blobs mapped into this process: which of their bytes are still those of the file.

A mapping is private: what is written to it goes to a copy of the page that belongs to the
process, not to the file. Linux tells since 6.7 which pages of a range are no longer backed by
their file (``PAGEMAP_SCAN`` on ``/proc/self/pagemap``, see the kernel's
Documentation/admin-guide/mm/pagemap.rst): a range without any holds the bytes of the file,
whoever may have had a pointer to it. The file is never written again, and its status is
compared each time. Where the system cannot tell, nothing is known, and everything is hashed.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
import weakref
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from struct import Struct

from zen_nb.core.locks import new_lock

_SCAN = 0xC0606610  # _IOWR('f', 16, struct pm_scan_arg)
_ARGUMENT = Struct("<12Q")
_FILE, _PRESENT, _SWAPPED = 1 << 2, 1 << 3, 1 << 4
_ANY = _FILE | _PRESENT | _SWAPPED

Place = tuple[int, int]


class _Region(ctypes.Structure):
    """``struct page_region``: what a scan fills."""

    _fields_ = (
        ("start", ctypes.c_uint64),
        ("end", ctypes.c_uint64),
        ("categories", ctypes.c_uint64),
    )


class Pages:
    """Tells whether this process has written to a range of a private mapping."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._process = 0
        self._handle = -1
        self._works: bool | None = None

    def are_clean(self, address: int, size: int) -> bool:
        """Return whether no page of the range was written; ``False`` where that is not known."""
        if self._works is None:
            with self._lock:
                self._works = self._is_right()
        return bool(self._works) and self._scan(address, size) == 0

    def _scan(self, address: int, size: int) -> int:
        """Return 1 where a page of the range is the process's own, else 0; -1 if unknown."""
        import fcntl

        page = mmap.PAGESIZE
        start = address - address % page
        end = address + size + -(address + size) % page
        region = _Region()
        wants = (_FILE, _FILE, _PRESENT | _SWAPPED, _ANY)
        vector = ctypes.addressof(region)
        argument = bytearray(_ARGUMENT.pack(96, 0, start, end, 0, vector, 1, 1, *wants))
        try:
            return int(fcntl.ioctl(self._opened(), _SCAN, argument, True))
        except OSError:
            return -1

    def _opened(self) -> int:
        """Return a handle on the page table of this very process, not of one that forked it."""
        if self._process != os.getpid():
            self._handle = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
            self._process = os.getpid()
        return self._handle

    def _is_right(self) -> bool:
        """Try it on a file of three pages: what is read is clean, what is written is not."""
        page = mmap.PAGESIZE
        try:
            import fcntl  # noqa: F401 - not there, not known

            with tempfile.TemporaryFile() as file:
                file.write(bytes(3 * page))
                file.flush()
                with mmap.mmap(file.fileno(), 3 * page, access=mmap.ACCESS_COPY) as tried:
                    whole = (ctypes.c_char * (3 * page)).from_buffer(tried)
                    address = ctypes.addressof(whole)
                    read = tried[0] + tried[page] + tried[2 * page]
                    clean = self._scan(address, 3 * page) == 0 and read == 0
                    tried[page] = 1
                    told = [self._scan(address + n * page, page) for n in range(3)]
                    del whole
            return clean and told == [0, 1, 0]
        except (ImportError, OSError, ValueError, BufferError):
            return False


pages = Pages()


class _Mapped:
    """One mapping: where it is, which file it shows, and digests of parts of it."""

    __slots__ = ("digests", "end", "path", "seen", "start")

    def __init__(self, start: int, size: int, path: str, seen: tuple[int, ...]) -> None:
        self.start = start
        self.end = start + size
        self.path = path
        self.seen = seen
        self.digests: dict[Place, bytes] = {}

    def is_as_stored(self, address: int, size: int) -> bool:
        """Tell whether a range of it holds what the file holds, and the file what it held."""
        try:
            status = os.lstat(self.path)
        except OSError:
            return False
        return seen(status) == self.seen and pages.are_clean(address, size)


def seen(status: os.stat_result) -> tuple[int, int, int, int, int]:
    """Return what tells that a file is the same and was not written: inode, size, both times."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


class Mappings:
    """All mappings of blobs that are alive in this process."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._starts: list[int] = []
        self._at: dict[int, _Mapped] = {}

    def add(self, mapped: mmap.mmap, path: str, status: os.stat_result, digest: str) -> None:
        """Take in a mapping whose bytes were verified; it is forgotten when it is gone."""
        start = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
        one = _Mapped(start, len(mapped), path, seen(status))
        one.digests[0, len(mapped)] = bytes.fromhex(digest)
        weakref.finalize(mapped, self._forget, start).atexit = False
        with self._lock:
            self._at[start] = one
            self._starts = _sorted(self._at)

    def know(self, view: memoryview, digests: Mapping[Place, bytes]) -> None:
        """Take in digests of parts of a mapping, by offset and size, as its record has them."""
        found = self._around(_address(view), view.nbytes)
        if found is not None:
            found.digests.update(digests)

    def digest(self, address: int, size: int) -> bytes | None:
        """Return the digest of a range that holds what was stored, where it is known."""
        found = self._around(address, size)
        known = None if found is None else found.digests.get((address - found.start, size))
        return known if known and found and found.is_as_stored(address, size) else None

    def learn(self, address: int, size: int, digest: bytes) -> None:
        """Take in the digest of a range that was just read, if it is as it was stored."""
        found = self._around(address, size)
        if found is not None and found.is_as_stored(address, size):
            found.digests[address - found.start, size] = digest

    def _around(self, address: int, size: int) -> _Mapped | None:
        """Return the mapping that a range lies in."""
        if not self._at:
            return None
        with self._lock:
            place = bisect_right(self._starts, address) - 1
            found = self._at.get(self._starts[place]) if place >= 0 else None
        return found if found is not None and address + size <= found.end else None

    def _forget(self, start: int) -> None:
        # Called by the collector, maybe while this thread holds the lock: no lock is taken.
        self._at.pop(start, None)


def _sorted(at: dict[int, _Mapped]) -> list[int]:
    while True:
        try:
            return sorted(at)
        except RuntimeError:  # one has gone meanwhile
            continue


mappings = Mappings()


def parts_of(view: memoryview, notes: Iterable[tuple[int, int, bytes]]) -> dict[Place, bytes]:
    """Return the digests among `notes` of what lies in `view`, by offset and size."""
    if not view.nbytes:
        return {}
    start = _address(view)
    end = start + view.nbytes
    return {
        (address - start, size): digest
        for address, size, digest in notes
        if start <= address and address + size <= end
    }


def _address(view: memoryview) -> int:
    """Return where the bytes of a view begin, read-only ones too."""
    buffer = (ctypes.c_ssize_t * 16)()  # a Py_buffer, whose first field is the address
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(buffer), 0)
    try:
        return int(buffer[0])
    finally:
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(buffer))
