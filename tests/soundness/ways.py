"""How a scenario is played: as a ``%%step`` cell of a notebook, as a ``@step`` of a script."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from tests.soundness.scenario import Scenario
from tests.soundness.world import World, described

Seen = dict[str, Any]
Play = Callable[[World], Seen]

PARAMETERS = "gamma = 0.1"
_WITHOUT_STEP = re.compile(r"^%%step.*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to play a scenario.

    Attributes
    ----------
    cached, plain
        Play it with a cache, and without one: what that gives is the truth. Both tell the
        value; the first also tells of each execution whether the step ran.
    refuses
        Why a scenario cannot be played so; nothing where it can.
    prepare
        What is loaded once, before there are children.
    """

    cached: Play
    plain: Play
    refuses: Callable[[Scenario], str] = lambda scenario: ""
    prepare: Callable[[], object] = lambda: None


def ways_of(scenario: Scenario, ways: Mapping[str, Way] | None = None) -> list[str]:
    """Return the ways in which a scenario can be played."""
    found = WAYS if ways is None else ways
    return [name for name, way in found.items() if not way.refuses(scenario)]


def only_as_cell(scenario: Scenario) -> str:
    """Say why a scenario cannot be played as a function."""
    return "its step is no function" if scenario.cell_only else ""


# -- as a cell ----------------------------------------------------------------------------


def as_cell(world: World) -> Seen:
    """Play the step as a ``%%step`` cell of a notebook."""
    from zen_nb.faces.extension import current

    shell = _shell()
    _run(shell, "%load_ext zen_nb")
    for cell in world.cells:
        _run(shell, cell)
    parameter, source = PARAMETERS.replace(" ", ""), f"\n{world.step}"
    ran = []

    def execute() -> None:
        _run(shell, f"%%step the_step {parameter}{source}")
        found = current()
        log = found.session.logs["the_step"]
        ran.append([not log.cached, log.reason, log.note, list(log.why)])

    execute()
    if world.live:
        with world.editing(shell.user_ns) as live:
            _run(shell, live)
    if world.live or world.twice:
        execute()
    return {"ran": ran, "value": described(_result(shell.user_ns))}


def plain_cell(world: World) -> Seen:
    """Play the notebook without zen_nb."""
    shell = _shell()
    cells = [_WITHOUT_STEP.sub("", cell) for cell in world.cells]
    cells.append(f"{PARAMETERS}\n{world.step}")
    if world.live:
        shell.user_ns["rewrite"] = world.rewrite
        cells += [world.live, f"{PARAMETERS}\n{world.step}"]
    for cell in cells:
        _run(shell, cell)
    return {"value": described(_result(shell.user_ns))}


def _result(names: dict[str, Any]) -> object:
    return names.get("y", names.get("_"))


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    quiet = Config({"HistoryManager": {"enabled": False, "hist_file": ":memory:"}})
    return InteractiveShell.instance(config=quiet)


def _run(shell: Any, cell: str) -> None:
    done = shell.run_cell(cell, store_history=True)
    error = done.error_before_exec or done.error_in_exec
    if error is not None:
        raise error


# -- as a function ------------------------------------------------------------------------


def as_function(world: World) -> Seen:
    """Play the step as a ``@step`` function of a script."""
    from zen_nb.pipelines.recent import recall

    head = "from zen_nb import step as zen_step"
    names = script(world, "main.py", head, f"@zen_step\n{world.function()}")
    ran, value = [], None

    def execute() -> None:
        nonlocal value
        value = names["the_step"]()
        found = recall("the_step")
        assert found is not None
        ran.append([not found.cached, found.reason, found.note, []])

    execute()
    live_edit(world, names)
    if world.live or world.twice:
        execute()
    return {"ran": ran, "value": described(value)}


def plain_function(world: World) -> Seen:
    """Play the script without zen_nb."""
    names = script(world, "plain.py", "", world.function())
    value = names["the_step"]()
    if world.live:
        live_edit(world, names)
        value = names["the_step"]()
    return {"value": described(value)}


def script(world: World, file: str, head: str, tail: str) -> dict[str, Any]:
    """Execute ``python FILE`` with the setup between `head` and `tail`; return its names."""
    text = f"{head}\n{''.join(world.cells)}\n{tail}"
    path = world.write(file, text)
    module = ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    exec(compile(text, str(path), "exec", dont_inherit=True), vars(module))
    return vars(module)


def live_edit(world: World, names: dict[str, Any]) -> None:
    """Execute the live edit among the names of a script that still runs."""
    if world.live:
        with world.editing(names) as live:
            exec(compile(live, "<live>", "exec", dont_inherit=True), names)


def _load() -> None:
    import numpy  # noqa: F401, ICN001
    import pandas  # noqa: F401, ICN001
    import platformdirs.unix  # noqa: F401
    from IPython.core.interactiveshell import InteractiveShell  # noqa: F401

    import zen_nb.faces.extension
    import zen_nb.pipelines.decorators  # noqa: F401
    from zen_nb.identity import packages, register

    # What is the same for all of them is read once: the modules of this project, and which
    # distribution has which package.
    register.standing()
    packages._owners()


# Functions come first: children that are forked later find a shell, as notebooks do.
WAYS = {
    "function": Way(as_function, plain_function, only_as_cell, _load),
    "cell": Way(as_cell, plain_cell, prepare=_shell),
}
