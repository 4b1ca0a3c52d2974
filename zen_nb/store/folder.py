"""The one folder of a user's results, found to be theirs alone before anything is read."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.options import Configuration

REMOTE = frozenset(
    [
        "9p",
        "acfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "cvmfs",
        "davfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "ocfs2",
        "panfs",
        "pvfs2",
        "smb2",
        "smb3",
        "smbfs",
        "virtiofs",
    ]
)
_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


def store_folder(configuration: Configuration) -> Path:
    """Return the configured folder, else the user's cache folder."""
    if configuration.cache_dir is not None:
        return configuration.cache_dir
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("zen_nb"))


def prepare(folder: Path) -> tuple[Path, bool]:
    """Return the real folder, made with mode 0700 where there was none, and if it is writable.

    Raises
    ------
    StoreUnavailable
        Where it cannot be made, belongs to somebody else, or others can write to it; says
        what mends it.
    """
    try:
        folder = Path(os.path.realpath(folder))
        make_private(folder)
        status = folder.stat()
    except OSError as error:
        raise StoreUnavailable(
            f"no store at {folder}: {error.strerror or error}; "
            "set ZEN_NB_CACHE_DIR to a folder of your own"
        ) from None
    _require_own(folder, status)
    return folder, os.access(folder, os.W_OK | os.X_OK)


def index_folder(folder: Path) -> Path:
    """Return where the database of the store in `folder` lies: on a disk of this machine.

    That is `folder` itself, unless it is on a network file system: there SQLite has no locks
    to rely on. Records and blobs are files that appear whole, and stay there.

    Raises
    ------
    StoreUnavailable
        Where no folder for it can be trusted or made.
    """
    if not is_remote(folder):
        return folder
    from blake3 import blake3
    from platformdirs import user_cache_dir

    name = blake3(os.fsencode(folder)).hexdigest(length=16)
    own = Path(user_cache_dir("zen_nb"))
    if is_remote(own):
        own = Path(tempfile.gettempdir()) / f"zen_nb-{os.geteuid()}"
    return prepare(own / "indexes" / name)[0]


def is_remote(folder: Path) -> bool:
    """Tell whether `folder`, or what is above it where it is missing, is on a network."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False  # a system that tells otherwise, or not at all
    kind = kind_of_mount(str(folder.resolve()), mounts)
    return kind in REMOTE or kind.startswith(("fuse.", "nfs"))


def kind_of_mount(path: str, mounts: str) -> str:
    """Return the type of the file system that `path` lies on.

    Parameters
    ----------
    mounts
        The text of ``/proc/self/mountinfo``, as proc_pid_mountinfo(5) describes it.
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        place = _OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4])
        holds = path == place or path.startswith(place.rstrip("/") + "/")
        if holds and len(place) >= best:  # of two mounts on one place the later one is seen
            best, kind = len(place), after.split(" ")[0]
    return kind


def make_private(folder: Path) -> None:
    """Make `folder` and what is missing above it, all with mode 0700 whatever the umask."""
    if folder.exists():
        return
    make_private(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)


def _require_own(folder: Path, status: os.stat_result) -> None:
    if not stat.S_ISDIR(status.st_mode):
        raise StoreUnavailable(f"{folder} is not a folder; set ZEN_NB_CACHE_DIR to one")
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise StoreUnavailable(
            f"{folder} belongs to another user; set ZEN_NB_CACHE_DIR to a folder of your own"
        )
    if status.st_mode & 0o022:
        raise StoreUnavailable(f"others can write to {folder}; mend it with: chmod 700 '{folder}'")
