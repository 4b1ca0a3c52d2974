"""Hamilton: the step as the function of a node, run by a driver with a cache."""

from __future__ import annotations

from benchmarks.soundness import scripts
from tests.soundness.ways import Seen, Way, only_as_cell, script
from tests.soundness.world import World

_HEAD = "from typing import Any\nfrom hamilton import ad_hoc_utils, driver"
_DRIVER = """
steps = ad_hoc_utils.create_temporary_module(the_step, module_name="steps")
dr = driver.Builder().with_modules(steps).with_cache({store!r}).build()
"""


def cached(world: World) -> Seen:
    """Play the script; the cache's own log tells whether the node was executed."""
    given = scripts.arguments(world)
    function = world.function(*(f"{one}: Any" for one in given)).replace("):", ") -> Any:", 1)
    names = script(world, "main.py", _HEAD, function + _DRIVER.format(store=str(world.store)))

    def call() -> tuple[bool, object]:
        dr = names["dr"]
        value = dr.execute(["the_step"], inputs={one: names[one] for one in given})["the_step"]
        events = dr.cache.logs(dr.cache.last_run_id, level="debug")["the_step"]
        return any(one.event_type.value == "execute_node" for one in events), value

    return scripts.play(world, names, call)


def _load() -> None:
    import os

    os.environ["HAMILTON_TELEMETRY_ENABLED"] = "false"
    import hamilton.driver  # noqa: F401
    import numpy  # noqa: F401, ICN001
    import pandas  # noqa: F401, ICN001


WAYS = {"function": Way(cached, scripts.plain, only_as_cell, _load)}
