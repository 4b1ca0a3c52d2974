"""One cached function, kept by zen_nb and by joblib: what faults are played on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

SMALL, LARGE = 3_000, 25_000_000  # elements of 8 bytes: 24 kB, 200 MB


def made(number: int, size: int = SMALL) -> dict[str, Any]:
    """Return a value that can be checked, and that costs nothing to make."""
    import numpy as np

    return {"number": number, "text": ["one", "two"], "array": np.arange(number, number + size)}


def is_right(value: Any, number: int, size: int = SMALL) -> bool:
    """Tell whether a value is the one that `made` makes, element by element."""
    wanted = made(number, size)
    try:
        same = value["number"] == number and value["text"] == wanted["text"]
        return bool(same and np.array_equal(value["array"], wanted["array"]))
    except Exception:
        return False


class Peer(Protocol):
    """A cache over `made` in a folder."""

    name: str

    def call(self, number: int, size: int = SMALL) -> tuple[Any, bool]:
        """Return what the function gives, and whether it was found instead of computed."""

    def forget(self) -> None:
        """Know nothing of the folder but what is in it: what a new process knows."""


class ZenNb:
    """``@step``."""

    name = "zen_nb"

    def __init__(self, folder: Path) -> None:
        from zen_nb import step

        self.folder = folder / "zen_nb"
        self._step = step(made)

    def call(self, number: int, size: int = SMALL) -> tuple[Any, bool]:
        from zen_nb.pipelines.recent import recall

        os.environ["ZEN_NB_CACHE_DIR"] = str(self.folder)
        value = self._step(number, size)
        last = recall("made")
        assert last is not None
        return value, last.cached

    def forget(self) -> None:
        from zen_nb.engine import again
        from zen_nb.pipelines import surroundings
        from zen_nb.store import records

        for store in records._stores.values():
            store.close()
        records._stores.clear()
        again._hits.clear()
        surroundings._store = None


class Joblib:
    """``joblib.Memory``."""

    name = "joblib"

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "joblib"
        self.forget()

    def call(self, number: int, size: int = SMALL) -> tuple[Any, bool]:
        found = self._cached.check_call_in_cache(number, size)
        return self._cached(number, size), found

    def forget(self) -> None:
        import joblib

        self._cached = joblib.Memory(self.folder, verbose=0).cache(made)


PEERS: dict[str, Callable[[Path], Any]] = {"zen_nb": ZenNb, "joblib": Joblib}
