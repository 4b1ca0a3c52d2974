"""Step functions in a store of their own, with a log of what ran."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores import own_store


class Lines(logging.Handler):
    """Keeps what zen_nb writes to its log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_store(tmp_path, monkeypatch)


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Return the lines of the log, growing as steps run."""
    handler = Lines()
    logger = logging.getLogger("zen_nb")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler.lines
    logger.removeHandler(handler)
    logger.setLevel(before)
