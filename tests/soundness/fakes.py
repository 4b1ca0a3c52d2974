"""Ways that are wrong on purpose, so that the verdicts can be seen to tell."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME, Scenario
from tests.soundness.ways import Seen, Way, only_as_cell, plain_function
from tests.soundness.world import World

SCENARIOS = [
    Scenario("matters", RERUN, step="y = 1", edit=("y = 1", "y = 2")),
    Scenario("matters later", RERUN, setup="k = 1", step="y = k", live="k = 2"),
    Scenario("gives the same", RERUN, step="y = 1 + 2", edit=("1 + 2", "2 + 1")),
    Scenario("cannot matter", SAME, step="y = 1  # one", edit=("# one", "# two")),
    Scenario("fails", SAME, step="y = 1 / 0", edit=("1 / 0", "1 / (0)")),
]


def serves_the_first(world: World) -> Seen:
    """Serve for ever what the first run gave."""
    kept = world.store / "first"
    ran = not kept.exists()
    if ran:
        world.store.mkdir()
        kept.write_text(plain_function(world)["value"])
    again = [[False, "", "", []]] if world.live or world.twice else []
    return {"ran": [[ran, "", "", []], *again], "value": kept.read_text()}


def runs_always(world: World) -> Seen:
    """Run whatever is asked."""
    runs = 2 if world.live or world.twice else 1
    return {"ran": [[True, "", "", []]] * runs, **plain_function(world)}


def breaks(world: World) -> Seen:
    """Fail although the script does not."""
    raise OSError("no room")


WAYS = {
    "first": Way(serves_the_first, plain_function, only_as_cell),
    "always": Way(runs_always, plain_function, only_as_cell),
    "broken": Way(breaks, plain_function, only_as_cell),
}
