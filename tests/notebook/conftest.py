"""A store of its own for each test, and notebooks over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.notebook.world import Notebook


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cache, key and working folder of a test; what surrounds it does not reach in."""
    for name in ("ZEN_NB_ENABLE_CACHE", "ZEN_NB_STATUS", "ZEN_NB_SIZE_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(tmp_path / "key"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


@pytest.fixture
def fresh() -> Iterator[Callable[..., Notebook]]:
    """Open a notebook with a kernel of its own; the one before it is gone, as after a restart."""
    open_now: list[Notebook] = []

    def make(**more: bool) -> Notebook:
        while open_now:
            open_now.pop().close()
        open_now.append(Notebook(**more))
        return open_now[-1]

    yield make
    while open_now:
        open_now.pop().close()


@pytest.fixture
def nb(fresh: Callable[..., Notebook]) -> Notebook:
    """An empty notebook."""
    return fresh()
