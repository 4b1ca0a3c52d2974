"""Numbers and states in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zen_nb.faces.snapshot import RunBar
from zen_nb.faces.words import duration, forecast, size

_NUMBERS = json.loads((Path(__file__).parent / "numbers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("seconds", "said"), _NUMBERS["durations"])
def test_duration(seconds: float, said: str) -> None:
    """A duration is said in the unit that keeps it short, as on the page."""
    assert duration(seconds) == said


@pytest.mark.parametrize(("count", "said"), _NUMBERS["sizes"])
def test_size(count: int, said: str) -> None:
    """A size is said in decimal units, as on the page."""
    assert size(count) == said


def test_forecast_gives_a_time_only_where_every_step_has_one() -> None:
    """A step that never ran makes the time unknown, and the forecast says so."""
    assert forecast(RunBar(cached=11, to_run=2, predicted_s=240)) == (
        "11 cached, 2 to run, about 4 min"
    )
    assert forecast(RunBar(to_run=1)) == "0 cached, 1 to run, time not known yet"
    assert forecast(RunBar(cached=3)) == "3 cached, 0 to run"
