"""Files opened for reading: noted at once, looked at when something may change them.

Looking at a file costs as much as opening a small one does. Where many are opened, a path is
only noted; its state is taken before the step writes, starts a program or ends. Whether the
file was the same when it was opened is told by its time of change, which the operating system
sets and nobody else can. So the first milliseconds are no such time (that clock ticks), and
neither are file systems whose clock is another machine's.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
import weakref
from _thread import get_ident
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

from zen_nb.core.locks import new_lock

# Kinds of file systems whose times are those of this machine.
_LOCAL = re.compile(
    r"bcachefs|btrfs|ecryptfs|erofs|exfat|ext[234]|f2fs|iso9660|jfs|ntfs3|overlay|ramfs|rootfs"
    r"|squashfs|tmpfs|ubifs|udf|vfat|xfs|zfs"
)
# Kinds that hold no files of the user's.
_NO_FILES = re.compile(
    r"autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|hugetlbfs"
    r"|mqueue|nsfs|proc|pstore|rpc_pipefs|securityfs|selinuxfs|sysfs|tracefs"
)
# Linux's CLOCK_REALTIME_COARSE, which file times are taken from.
_COARSE = 5
_LEAST_NS = 1
# By how much the clocks of machines that share files may differ.
_SKEW_NS = 60 * 10**9


class _Life:
    """Ends with the thread that holds it."""


class _Noted(threading.local):
    """What notes a path that this thread opens: ``None`` before its first."""

    note: Callable[[str], None] | None = None
    life: _Life | None = None


noted = _Noted()
# All that is noted, with the thread that noted it. A thread keeps its own for life: a note that
# comes while one step ends and the next begins is lost to neither.
_noted: list[tuple[int, set[str], weakref.ref[_Life]]] = []
_lock = new_lock()


def note_here() -> Callable[[str], None]:
    """Let the calling thread note what it opens from now on; return what notes it."""
    if noted.note is None:
        paths: set[str] = set()
        noted.note, noted.life = paths.add, _Life()
        with _lock:
            _noted.append((get_ident(), paths, weakref.ref(noted.life)))
    return noted.note


def taken() -> dict[str, int]:
    """Return what waits, each with a thread that has opened it, and wait no longer for it."""
    found: dict[str, int] = {}
    with _lock:
        ended = [one for one in _noted if one[2]() is None]
        for thread, paths, _ in _noted:
            while paths:
                found[paths.pop()] = thread
        for one in ended:
            _noted.remove(one)
    return dict(sorted(found.items()))


class Reads:
    """Whether files that one step opens for reading can be looked at later.

    Parameters
    ----------
    apart
        Paths that are looked at when they are opened: those that a writer in C may be given.

    Attributes
    ----------
    since
        In nanoseconds: a file changed later may have changed since it was opened.
    closed
        Whether every file is to be looked at when it is opened.
    elsewhere
        Where files are whose times are not to be relied on.
    """

    __slots__ = ("_began", "apart", "closed", "elsewhere", "since")

    def __init__(self, apart: Collection[str] = ()) -> None:
        self.apart = frozenset(apart)
        self.elsewhere = foreign_mounts() or ()
        self.closed = foreign_mounts() is None
        self.since = 0
        self._began = 0 if self.closed else time.clock_gettime_ns(_COARSE)

    def can_wait(self) -> bool:
        """Tell whether what is opened from now on can be looked at later.

        Not before the clock has ticked: a file written just before the step began has the
        time of that tick, and so has one that is written just after.
        """
        if self.closed:
            return False
        now = time.clock_gettime_ns(_COARSE)
        if now - self._began < _LEAST_NS or f"{os.getcwd()}/".startswith(self.elsewhere):
            return False
        self.since = now
        return True

    def may_have_changed(self, state: os.stat_result) -> bool:
        """Tell whether a file in this state may have been in another when it was opened."""
        # A link may lead to another machine's file system all the same.
        slack = _SKEW_NS if state.st_dev in _foreign_devices() else 0
        return max(state.st_ctime_ns, state.st_mtime_ns) + slack >= self.since


def foreign_mounts() -> tuple[str, ...] | None:
    """Return where file systems of other machines are mounted; ``None`` where it is not known."""
    mounts = _foreign()
    return None if mounts is None else tuple(mounts)


def _foreign_devices() -> frozenset[int]:
    return frozenset((_foreign() or {}).values())


@cache
def _foreign() -> dict[str, int] | None:
    if sys.platform != "linux":
        return None
    try:
        return foreign_among(Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    except OSError:
        return None


def foreign_among(mounts: str) -> dict[str, int]:
    """Return the folders of file systems whose times are another machine's, with their devices."""
    found = {}
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        kind = after.partition(" ")[0]
        if not _LOCAL.fullmatch(kind) and not _NO_FILES.fullmatch(kind):
            _, _, device, _, folder, *_ = before.split(" ")
            major, minor = map(int, device.split(":"))
            found[folder.replace("\\040", " ").rstrip("/") + "/"] = os.makedev(major, minor)
    return found
