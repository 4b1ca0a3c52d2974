"""Whatever happens to the store: no wrong value, nothing lost, no foreign code, no exception."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import plays
from tests.faults.plays import Tally

Play = Callable[[str, Path, int], Tally]

# What is played in `make test`, and how often in `make sweep`.
PLAYS: dict[str, tuple[Play, int, int]] = {
    "killed while storing 24 kB": (plays.killed, 3, 85),
    "killed while storing 200 MB": (plays.killed_large, 0, 15),
    "interrupted beside another writer": (plays.interrupted, 100, 2000),
    "bytes flipped and lengths cut, 13 apart": (plays.damaged, 997, 13),
    "files and rows swapped": (plays.swapped, 1, 1),
    "poison in every file and row": (plays.poisoned, 1, 1),
    "a disk of 20 MB, filled twice": (plays.full, 20, 40),
    "read-only, as another user": (plays.read_only, 1, 1),
    "8 processes over 1,000 keys": (plays.crowded, 3, 20),
    "room made beside writers": (plays.cleaned, 3, 10),
    "forked beside four writing threads": (plays.forked, 5, 25),
    "twenty hash seeds": (plays.seeded, 3, 20),
}


@pytest.fixture(autouse=True)
def _quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(tmp_path / "key"))
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "none"))
    caplog.set_level(logging.ERROR, logger="zen_nb")


def _play(name: str, folder: Path, amount: int) -> None:
    tally = PLAYS[name][0]("zen_nb", folder / "play", amount)
    assert tally.is_clean, tally
    assert tally.tests or tally.note


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", [name for name, (_, few, _) in PLAYS.items() if few])
def test_a_fault_leaves_the_store_right(name: str, tmp_path: Path) -> None:
    """Some of each fault."""
    _play(name, tmp_path, PLAYS[name][1])


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", PLAYS)
def test_a_fault_made_often_leaves_the_store_right(name: str, tmp_path: Path) -> None:
    """Many of each fault."""
    _play(name, tmp_path, PLAYS[name][2])
