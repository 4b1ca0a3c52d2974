"""The one folder of a user's results, found to be theirs alone before anything is read."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.options import Configuration


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
