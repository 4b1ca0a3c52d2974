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
import time
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

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
_TICKS = 2
# By how much the clocks of machines that share files may differ.
_SKEW_NS = 60 * 10**9


class Reads:
    """Paths opened for reading that are still to be looked at, with the thread that did.

    Parameters
    ----------
    apart
        Paths that are looked at when they are opened: those that a writer in C may be given.

    Attributes
    ----------
    waiting
        In the order in which they were first opened.
    since
        In nanoseconds: a file changed later may have changed since it was opened.
    covers
        Tells whether the calling thread works for the step; ``None`` where that is told later.
    closed
        Whether every file is to be looked at when it is opened.
    elsewhere
        Where files are whose times are not to be relied on.
    """

    __slots__ = ("_began", "apart", "closed", "covers", "elsewhere", "since", "waiting")

    def __init__(self, apart: Collection[str] = ()) -> None:
        self.apart = frozenset(apart)
        self.waiting: dict[str, int] = {}
        self.elsewhere = foreign_mounts() or ()
        self.closed = foreign_mounts() is None
        self.covers: Callable[[], bool] | None = None
        self.since = 0
        self._began = time.monotonic()

    def can_wait(self) -> bool:
        """Tell whether what is opened from now on can be looked at later."""
        if self.closed or time.monotonic() - self._began < _TICKS * _tick():
            return False
        if f"{os.getcwd()}/".startswith(self.elsewhere):
            return False
        self.since = time.clock_gettime_ns(_COARSE)
        return True

    def taken(self) -> dict[str, int]:
        """Return what waits, and wait no longer for it."""
        found, self.waiting = self.waiting, {}
        return found

    def may_have_changed(self, state: os.stat_result) -> bool:
        """Tell whether a file in this state may have been in another when it was opened."""
        # A link may lead to another machine's file system all the same.
        slack = _SKEW_NS if state.st_dev in _foreign_devices() else 0
        return max(state.st_ctime_ns, state.st_mtime_ns) + slack >= self.since


@cache
def _tick() -> float:
    """Return the seconds between two ticks of the clock that file times are taken from."""
    return time.clock_getres(_COARSE)


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
