"""What cells have cost, from kernel to kernel: advice on what is not worth asking about.

A record tells what it saves; of cells that are not kept, because they run faster than a record
of them would come back, nobody would know. Nothing that is served depends on this file.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

_MOST = 5_000


class Habits:
    """Which cells are not worth keeping, by the digest of their text, and from when on they were.

    One measurement may be anything on a busy machine: two must say so, unless the first is plain.

    Parameters
    ----------
    folder
        Where the file lies; ``None`` to remember only as long as this exists.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / "habits.json"
        self._cheap: dict[str, float] = self._read()
        self._once: set[str] = set()

    def seconds(self, cell: str) -> float | None:
        """Return what a cell not worth keeping would have to take; ``None`` for any other."""
        return self._cheap.get(cell)

    def keep(self, cell: str, seconds: float, *, plainly: bool) -> None:
        """Remember that a cell is not worth keeping, which a second time or `plainly` is so."""
        if not plainly and cell not in self._once:
            self._once.add(cell)
            return
        known = self._cheap.get(cell)
        self._cheap[cell] = seconds
        if known is None:
            self._write({cell: seconds})

    def forget(self, cell: str) -> None:
        """A cell has become worth keeping."""
        if self._cheap.pop(cell, None) is not None:
            self._write({cell: None})

    def _read(self) -> dict[str, float]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8")) if self._path else {}
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {str(key): part for key, part in found.items() if type(part) in (int, float)}

    def _write(self, changes: Mapping[str, float | None]) -> None:
        """Write what has changed over what other kernels have written meanwhile."""
        if self._path is None:
            return
        now = {**self._read(), **changes}
        kept = {key: part for key, part in now.items() if part is not None}
        newest = dict([*kept.items()][-_MOST:])
        with contextlib.suppress(OSError):
            folder = self._path.parent
            with NamedTemporaryFile(
                "w", dir=folder, prefix="habits.", suffix=".tmp", encoding="utf-8", delete=False
            ) as file:
                json.dump(newest, file)
            os.replace(file.name, self._path)
