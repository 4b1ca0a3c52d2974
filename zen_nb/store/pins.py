"""Records that are never evicted, on the user's word: one empty file for each key."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store.drafts import private_folder


class Pins:
    """``pins/<key>`` in a store's folder; what they say keeps bytes, it never serves any."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "pins"

    def all(self) -> frozenset[str]:
        """Return the pinned keys."""
        try:
            return frozenset(filter(_is_key, os.listdir(self._root)))
        except OSError:
            return frozenset()

    def holds(self, key: str) -> bool:
        """Tell whether `key` is pinned."""
        return _is_key(key) and (self._root / key).exists()

    def add(self, key: str) -> None:
        """Pin `key`; raises `StoreUnavailable` where nothing can be written."""
        try:
            private_folder(self._root)
            os.close(os.open(self._root / key, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            why = error.strerror or error
            raise StoreUnavailable(f"cannot write to {self._root}: {why}") from None

    def remove(self, key: str) -> None:
        """Unpin `key`, pinned or not."""
        with contextlib.suppress(OSError):
            (self._root / key).unlink()

    def clear(self) -> None:
        """Unpin all."""
        for key in self.all():
            self.remove(key)


def _is_key(name: str) -> bool:
    return len(name) == 64 and not name.strip("0123456789abcdef")
