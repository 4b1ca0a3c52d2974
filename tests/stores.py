"""A store and a key that no other test sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from zen_nb.pipelines import surroundings


def own_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let step functions, and processes started from here, keep what they make in `folder`."""
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(folder / "key"))
    monkeypatch.delenv("ZEN_NB_ENABLE_CACHE", raising=False)
    monkeypatch.setattr(surroundings, "_store", None)
