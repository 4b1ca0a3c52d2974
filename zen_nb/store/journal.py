"""Every record once more as a file, so that a damaged database loses nothing.

``records/<first two characters>/<key>`` holds the frames of a key, as the row does,
each with its tail. Nothing but the user's key makes these files believable.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store.drafts import private_folder, replace_file

_CAP_BYTES = 64 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Journal:
    """Files of signed frames, one for each key, below the folder `name` of a store."""

    def __init__(self, folder: Path, name: str = "records") -> None:
        self._root = folder / name
        self._drafts = folder / "drafts"
        self._start = f"{self._root}{os.sep}"

    def read(self, key: str) -> bytes | None:
        """Return the frames of `key`, or ``None`` where there is no plain file of them."""
        try:
            handle = os.open(self._place(key), _FLAGS)
        except OSError:
            return None
        with open(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size > _CAP_BYTES:
                return None
            return file.read()

    def write(self, key: str, content: bytes) -> None:
        """Replace the frames of `key`, or leave them as they are."""
        place = self._place(key)
        try:
            replace_file(place, self._drafts, content)
        except (FileNotFoundError, NotADirectoryError):  # the first record of its folder
            private_folder(self._root)
            private_folder(os.path.dirname(place))
            replace_file(place, self._drafts, content)

    def restore(self, key: str, content: bytes | None) -> None:
        """Put back what `read` gave, as far as that can be done."""
        if content is None:
            self.remove(key)
        elif self.read(key) != content:
            with contextlib.suppress(OSError, StoreUnavailable):
                self.write(key, content)

    def remove(self, key: str) -> int:
        """Remove the frames of `key` and return the bytes that were freed."""
        size = self.size(key)
        with contextlib.suppress(OSError):
            os.unlink(self._place(key))
        return size

    def size(self, key: str) -> int:
        """Return the size of the file in bytes; 0 where there is none."""
        return self.seen(key)[0]

    def touch(self, key: str) -> None:
        """Note that `key` was used now: eviction reads it from the file's time."""
        with contextlib.suppress(OSError):
            os.utime(self._place(key), follow_symlinks=False)

    def used_at(self, key: str) -> float:
        """Return when `key` was last written or used; 0 where it is not there."""
        return self.seen(key)[1]

    def seen(self, key: str) -> tuple[int, float]:
        """Return the size of the file in bytes and when it was last used; 0 where it is not."""
        try:
            status = os.lstat(self._place(key))
        except OSError:
            return 0, 0.0
        return status.st_size, status.st_mtime

    def all(self) -> Iterator[str]:
        """Yield the keys that have a file."""
        try:
            folders = sorted(os.listdir(self._root))
        except OSError:
            return
        for folder in folders:
            with contextlib.suppress(OSError):
                for name in os.listdir(self._root / folder):
                    if len(name) == 64 and not name.strip("0123456789abcdef"):
                        yield name

    def _place(self, key: str) -> str:
        return f"{self._start}{key[:2]}{os.sep}{key}"
