"""The table of peers counts what happened, and peers are played as their users would."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soundness import joblib_memory, marimo_app, table
from benchmarks.soundness.outcome import Outcome, System, count, outcome
from benchmarks.soundness.scripts import arguments
from tests.soundness import fakes
from tests.soundness.scenario import RERUN, SAME, Scenario
from tests.soundness.verdict import play_all
from tests.soundness.world import World

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("soundness table")]

FAKES = {way: System("fake", way, fakes.__name__, way) for way in fakes.WAYS}
JOBLIB = System("joblib", "@memory.cache", joblib_memory.__name__, "function")


def _outcomes(system: System, file: str, scenarios: list[Scenario]) -> dict[str, Outcome]:
    states = play_all(file, system.ways)
    return {one.name: outcome(system, "group", one, states) for one in scenarios}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Outcome]]:
    return {way: _outcomes(one, fakes.__file__, fakes.SCENARIOS) for way, one in FAKES.items()}


def test_stale_value_is_counted_and_shown(found):
    """A cache that serves its first value for ever is shown with both values."""
    counts = count([*found["first"].values()])
    assert (counts["played"], counts["stale"], counts["sound"]) == (4, 2, 2)
    page = table.page({FAKES["first"]: [*found["first"].values()]}, ["Python"])
    assert "stale: matters (`y = 1` → `y = 2`): served `int 1`, fresh `int 2`" in page
    assert "stale: matters later (then `k = 2`): served `int 1`, fresh `int 2`" in page
    assert "| fake | first | 4 | 2 | 0 | 0 | 0 | 1 |" in page


def test_peer_is_not_charged_with_a_hit_that_gives_what_a_run_gives(found):
    """The result could have differed and does not: for a peer this is sound."""
    assert found["first"]["gives the same"].what == "sound"


def test_run_of_the_unedited_control_is_counted_apart(found):
    """What never hits is not taken for a cache that is careful."""
    assert count([*found["always"].values()])["unedited"] == 4


def test_scenario_that_fails_without_a_cache_is_not_played(found):
    """Nobody is charged with what the system cannot express."""
    fails = found["first"]["fails"]
    assert (fails.what, fails.told) == ("not played", "without a cache: ZeroDivisionError")


def test_failure_of_the_cache_is_an_error_with_its_name(found):
    """What works without the cache, and not with it, is the cache's."""
    assert found["broken"]["matters"].what == "error"
    assert found["broken"]["matters"].told == "OSError"


def test_zen_nb_is_shown_where_it_fails(found):
    """Its own failures are listed, with the peers that are sound there."""
    strict = System("zen_nb", "way", fakes.__name__, "always", strict=True)
    outcomes = {strict: [*found["always"].values()], FAKES["first"]: [*found["first"].values()]}
    page = table.page(outcomes, ["Python"])
    assert "- cannot matter: unedited as way. Sound there: fake." in page
    assert "- matters: unedited as way. Sound there: –." in page


def test_joblib_is_played_for_real(tmp_path: Path):
    """It sees the function and its arguments, and no helper: one hit too many, and one too few."""
    file = tmp_path / "edits.py"
    file.write_text(
        "from tests.soundness.scenario import Scenario\n"
        "SCENARIOS = [\n"
        "    Scenario('own text', True, 'a = 1', 'y = a + 1', ('a + 1', 'a + 2')),\n"
        "    Scenario('data', True, 'a = [1]', 'y = a[0]', ('[1]', '[2]')),\n"
        "    Scenario('helper', True, 'def f(x):\\n    return x', 'y = f(2)', ('return x', 'return -x')),\n"
        "    Scenario('comment', False, 'a = 1', 'y = a  # one', ('# one', '# two')),\n"
        "]\n"
    )
    scenarios = [
        Scenario("own text", RERUN),
        Scenario("data", RERUN),
        Scenario("helper", RERUN),
        Scenario("comment", SAME),
    ]
    found = _outcomes(JOBLIB, str(file), scenarios)
    what = {name: one.what for name, one in found.items()}
    assert what == {"own text": "sound", "data": "sound", "helper": "stale", "comment": "needless"}
    assert (found["helper"].served, found["helper"].fresh) == ("int  2", "int  -2")


def test_arguments_are_the_data_that_the_step_itself_reads(tmp_path: Path):
    """Functions, classes and modules stay global, and so does what only helpers read."""
    setup = "import math\na, k, s = [1], 2, 3\nclass A:\n    pass\ndef f(x):\n    return k\n"
    step = "def g():\n    return a\ny = f(g()), math.pi, A, len(g()), s, eval('k')"
    one = Scenario("data", RERUN, setup, step, ("[1]", "[2]"))
    assert arguments(World(one, tmp_path, "before")) == ["a", "s"]


def test_marimo_gets_one_cell_for_each_and_the_step_in_a_block(tmp_path: Path):
    """The app is a Python file; the parameter is bound only where the step reads it."""
    one = Scenario("cells", RERUN, "a = 1\n# %%\nb = '''\n'''", "y = a", ("a = 1", "a = 2"))
    cells = marimo_app.in_a_block(World(one, tmp_path, "after"), cached=True)
    assert cells[:2] == ["a = 2\n", "b = '''\n'''"]
    assert cells[2] == 'with mo.persistent_cache("the_step") as the_cache:\n    y = a'
    compile(marimo_app.text(cells), "<app>", "exec")
