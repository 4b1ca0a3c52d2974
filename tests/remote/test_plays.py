"""The plays of `benchmarks/remote.md`, a few of each: none is wrong, lost, executed or raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.remote.plays import PLAYS, SLOW, team

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", PLAYS)
def test_a_play_comes_to_nothing_bad(name: str, server: int, tmp_path: Path) -> None:
    """No value is wrong, no result lost, no code executed, no call fails."""
    play, amount, _ = PLAYS[name]
    with team(tmp_path, server, timeout=SLOW.get(name, "20")) as here:
        tally = play(here, amount)
    assert tally.is_clean, tally
    assert tally.tests
