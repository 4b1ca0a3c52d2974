"""What every test starts from: a store, a key and settings of its own, never the user's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

_SETTINGS = (
    "ZEN_NB_AUTO",
    "ZEN_NB_ENABLE_CACHE",
    "ZEN_NB_REMOTE",
    "ZEN_NB_REMOTE_MODE",
    "ZEN_NB_REMOTE_TIMEOUT",
    "ZEN_NB_SIZE_LIMIT",
    "ZEN_NB_STATUS",
)

# How long an example takes is the machine's affair.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def _away_from_the_users_folders() -> None:
    """Point the store and its key to a temporary folder, for kernels and processes started too."""
    folder = Path(tempfile.mkdtemp(prefix="zen_nb-tests-"))
    os.environ["ZEN_NB_CACHE_DIR"] = str(folder / "cache")
    os.environ["ZEN_NB_KEY_DIR"] = str(folder / "key")
    for name in _SETTINGS:
        os.environ.pop(name, None)
