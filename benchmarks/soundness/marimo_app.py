"""marimo: the notebook as an app, run as a script, its step under ``mo.persistent_cache``."""

from __future__ import annotations

import inspect
import re
import runpy
import textwrap
from typing import Any

from tests.soundness.scenario import Scenario
from tests.soundness.ways import PARAMETERS, Play, Seen, Way, only_as_cell
from tests.soundness.world import World, described

_CELL = "@app.cell\ndef _():\n{body}\n    return\n\n"
_HEAD = "import marimo\n\napp = marimo.App()\n\n" + _CELL.format(body="    import marimo as mo")
_TAIL = 'if __name__ == "__main__":\n    outputs, names = app.run()\n'


def text(cells: list[str]) -> str:
    """Return the notebook file that holds these cells."""
    bodies = [_CELL.format(body=textwrap.indent(cell.strip("\n"), "    ")) for cell in cells]
    return _HEAD + "".join(bodies) + _TAIL


def in_a_block(world: World, *, cached: bool) -> list[str]:
    """Return the cells, the last one with the step in a ``with`` block."""
    needed = re.search(r"\bgamma\b", world.step)
    body = f"{PARAMETERS}\n{world.step}" if needed else world.step
    block = f'with mo.persistent_cache("the_step") as the_cache:\n{textwrap.indent(body, "    ")}'
    return [*world.cells, block if cached else body]


def in_a_function(world: World, *, cached: bool) -> list[str]:
    """Return the cells, with the step as a function that the last one calls."""
    mark = "@mo.persistent_cache\n" if cached else ""
    return [*world.cells, mark + world.function(), "y = the_step()"]


def _run(world: World, file: str, cells: list[str]) -> dict[str, Any]:
    path = world.write(file, text(cells))
    return runpy.run_path(str(path), run_name="__main__")["names"]


def _cached_block(world: World) -> Seen:
    runs = [
        _run(world, "main.py", in_a_block(world, cached=True))
        for _ in range(2 if world.twice else 1)
    ]
    ran = [[not names["the_cache"].hit, "", "", []] for names in runs]
    return {"ran": ran, "value": described(runs[-1]["y"])}


def _cached_function(world: World) -> Seen:
    runs = [
        _run(world, "main.py", in_a_function(world, cached=True))
        for _ in range(2 if world.twice else 1)
    ]
    ran = [[bool(names["the_step"].cache_info().misses), "", "", []] for names in runs]
    return {"ran": ran, "value": described(runs[-1]["y"])}


def _plain(cells: Any) -> Play:
    return lambda world: {
        "value": described(_run(world, "plain.py", cells(world, cached=False))["y"])
    }


def _in_session(scenario: Scenario) -> str:
    return "the edit is made in a running session" if scenario.live else ""


def _load() -> None:
    import marimo  # noqa: F401
    import matplotlib.pyplot  # noqa: F401, ICN001 - an app that runs imports it
    import numpy  # noqa: F401, ICN001
    import pandas  # noqa: F401, ICN001

    inspect.stack()  # every app looks at its stack; where modules lie is remembered


WAYS = {
    "block": Way(_cached_block, _plain(in_a_block), _in_session, _load),
    "function": Way(
        _cached_function,
        _plain(in_a_function),
        lambda scenario: only_as_cell(scenario) or _in_session(scenario),
    ),
}
