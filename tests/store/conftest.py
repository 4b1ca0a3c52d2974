"""A store of its own for each test, with a key of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zen_nb.store.records import Store


@pytest.fixture(autouse=True)
def key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "key"
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def opened() -> Iterator[Callable[..., Store]]:
    """Open stores that are closed after the test."""
    stores: list[Store] = []

    def open_it(folder: Path, limit: int = 10**9) -> Store:
        stores.append(Store.open(folder, limit))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def store(folder: Path, opened: Callable[..., Store]) -> Store:
    return opened(folder)
