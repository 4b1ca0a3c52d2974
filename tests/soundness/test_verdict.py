"""A way that is wrong is told to be wrong: the verdicts can fail."""

from __future__ import annotations

import pytest

from tests.soundness import fakes
from tests.soundness.stage import names_of
from tests.soundness.verdict import play_all, verdict

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("soundness verdicts")]


@pytest.fixture(scope="module")
def states():
    return play_all(fakes.__file__, fakes.__name__)


@pytest.fixture(scope="module")
def found(states):
    played = names_of(fakes.SCENARIOS, fakes.WAYS)
    return {name: verdict(one, name, states) for one, name in played}


@pytest.mark.parametrize("name", ["matters", "matters later", "gives the same"])
def test_cache_that_always_serves_the_first_value_is_stale(found, name: str):
    """A hit where the step must rerun is stale, before and in a session."""
    assert found[f"{name} [first]"].what == "stale"


def test_stale_verdict_tells_both_values(found):
    """It says what was served, and what a run gives."""
    assert "served int  1 fresh int  2" in found["matters [first]"].told


def test_hit_that_gives_what_a_run_gives_is_stale_only_strictly(states):
    """Peers are charged with values that differ, not with luck."""
    name = "gives the same [first]"
    scenario = next(one for one in fakes.SCENARIOS if one.name == "gives the same")
    assert verdict(scenario, name, states, strict=False).what == "sound"


def test_cache_that_never_reads_is_needless(found):
    """What always runs is not taken for sound where it may not hit by chance."""
    for name in ("matters", "matters later", "gives the same", "cannot matter"):
        assert found[f"{name} [always]"].what == "needless"


def test_hit_is_sound_where_nothing_matters(found):
    """The same cache that is stale elsewhere is right to hit here."""
    assert found["cannot matter [first]"].what == "sound"


def test_failure_of_a_way_is_an_error(found, states):
    """It names the state and the exception, and the plain play is known to work."""
    assert found["matters [broken]"].what == "error"
    assert found["matters [broken]"].told.startswith("before: ")
    assert "OSError: no room" in found["matters [broken]"].told
    assert states["before"]["matters [broken]"]["impossible"] is None


def test_scenario_that_fails_plainly_is_known_to(states):
    """What cannot run without a cache is told apart from what the cache breaks."""
    assert "ZeroDivisionError" in states["before"]["fails [broken]"]["impossible"]
