"""A store and a key of their own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zen_nb.store.records import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(tmp_path / "key"))
    made = Store.open(tmp_path / "store", 10**9)
    yield made
    made.close()
