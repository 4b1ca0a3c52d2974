"""Plays scenarios as their users would: ``python -m tests.soundness.stage FOLDER STATE [GROUP]``.

One process plays all scenarios in one state, each in a forked child of its own, so that none
sees what another imported; the store of each scenario lies in FOLDER and is found again by the
next state. Prints JSON: scenario and way to what was seen.

=========  ===============================================================================
state      what is played
=========  ===============================================================================
before     the notebook or script as it was, from an empty store
control    the same again in a new process: must hit, and once more when executed again
after      the edited text in a new process; a live edit is made after a first execution
=========  ===============================================================================
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import json
import os
import re
import runpy
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.soundness.corpus import GROUPS, SCENARIOS
from tests.soundness.scenario import Scenario

Seen = dict[str, Any]

PARAMETERS = "gamma = 0.1"
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_BETWEEN_CELLS = re.compile(r"^# %%.*\n", re.MULTILINE)
_WITHOUT_STEP = re.compile(r"^%%step.*\n", re.MULTILINE)
_SECONDS = 60


class World:
    """What a scenario finds around it: its folder, its modules, its text in one state."""

    def __init__(self, scenario: Scenario, folder: Path, state: str) -> None:
        self.scenario = scenario
        self.folder = folder
        edited = state == "after"
        self.twice = state == "control" and not scenario.reads_itself
        self.edits = scenario.edits if edited else ()
        self.live = self.text(scenario.live) if edited else ""
        for name, text in scenario.modules.items():
            self.write(name, self.text(text))
        for name, text in (scenario.files or {}).items():
            self.write(name, self.text(text))

    def text(self, text: str) -> str:
        for old, new in self.edits:
            text = text.replace(old, new)
        return text

    @property
    def cells(self) -> list[str]:
        parts = _BETWEEN_CELLS.split(self.text(self.scenario.setup))
        return [part for part in parts if part.strip()]

    @property
    def step(self) -> str:
        return self.text(self.scenario.step)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)

    def rewrite(self, name: str, old: str, new: str) -> None:
        """Edit a module on disk, as an editor would."""
        path = self.folder / name
        path.write_text(path.read_text().replace(old, new) if path.exists() else new)
        importlib.invalidate_caches()

    @contextlib.contextmanager
    def editing(self, names: dict[str, Any]) -> Iterator[str]:
        names["rewrite"] = self.rewrite
        try:
            yield self.live
        finally:
            names.pop("rewrite", None)


def described(value: object) -> str:
    """Return a text that two values share when a user would call them the same."""
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__} {sorted(map(described, value))}"
    if type(value) in (list, tuple):
        return f"{type(value).__name__} {[*map(described, value)]}"
    if type(value) is dict:
        return f"dict {[(described(key), described(part)) for key, part in value.items()]}"
    dtype = getattr(value, "dtypes", getattr(value, "dtype", ""))
    return f"{type(value).__name__} {dtype} {_ADDRESS.sub('', repr(value))}"


# -- ways ---------------------------------------------------------------------------------


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


def as_function(world: World) -> Seen:
    """Play the step as a ``@step`` function of a script."""
    from zen_nb.pipelines.recent import recall

    names = _script(world)
    ran, value = [], None

    def execute() -> None:
        nonlocal value
        value = names["the_step"]()
        found = recall("the_step")
        assert found is not None
        ran.append([not found.cached, found.reason, found.note, []])

    execute()
    if world.live:
        with world.editing(names) as live:
            exec(compile(live, "<live>", "exec"), names)
    if world.live or world.twice:
        execute()
    return {"ran": ran, "value": described(value)}


def plain_cell(world: World) -> Seen:
    """Play the notebook without zen_nb: what it gives is the truth."""
    shell = _shell()
    cells = [_WITHOUT_STEP.sub("", cell) for cell in world.cells]
    cells.append(f"{PARAMETERS}\n{world.step}")
    if world.live:
        shell.user_ns["rewrite"] = world.rewrite
        cells += [world.live, f"{PARAMETERS}\n{world.step}"]
    for cell in cells:
        _run(shell, cell)
    return {"value": described(_result(shell.user_ns))}


def plain_function(world: World) -> Seen:
    """Play the script without zen_nb."""
    names = _script(world, decorated=False)
    value = names["the_step"]()
    if world.live:
        with world.editing(names) as live:
            exec(compile(live, "<live>", "exec"), names)
        value = names["the_step"]()
    return {"value": described(value)}


WAYS: dict[str, tuple[Callable[[World], Seen], Callable[[World], Seen]]] = {
    "cell": (as_cell, plain_cell),
    "function": (as_function, plain_function),
}


def ways_of(scenario: Scenario) -> list[str]:
    """Return the ways in which a scenario can be played."""
    return ["cell"] if scenario.cell_only else ["cell", "function"]


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


def _script(world: World, *, decorated: bool = True) -> dict[str, Any]:
    """Execute the scenario as ``python main.py`` would, and return its names."""
    body = textwrap.indent(world.step, "    ").replace("from mylib import *", "pass")
    head = "from zen_nb import step as zen_step\n" if decorated else ""
    mark = "@zen_step\n" if decorated else ""
    text = f"{head}{''.join(world.cells)}\n{mark}def the_step():\n{body}\n    return y\n"
    path = world.folder / ("main.py" if decorated else "plain.py")
    path.write_text(text)
    module = ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    exec(compile(text, str(path), "exec"), vars(module))
    return vars(module)


# -- one child per scenario ---------------------------------------------------------------


def in_a_child(play: Callable[[], Seen]) -> Seen:
    """Return what `play` returns in a forked process; its failure is part of what is seen."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            import signal

            signal.alarm(_SECONDS)
            seen = _caught(play)
            with os.fdopen(writer, "w") as pipe:
                json.dump(seen, pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told) if told else {"error": "the process ended"}


def _caught(play: Callable[[], Seen]) -> Seen:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        try:
            return play()
        except BaseException:
            return {"error": traceback.format_exc()[-3000:]}


def play(scenario: Scenario, way: str, state: str, root: Path) -> Seen:
    """Play one scenario in one way and state; in `after`, the truth is found too."""
    name = re.sub(r"\W+", "_", f"{scenario.name} {way}")
    ours, theirs = WAYS[way]

    def staged(act: Callable[[World], Seen], place: str) -> Seen:
        folder = root / name / place
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["ZEN_NB_CACHE_DIR"] = str(root / name / "cache")
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        sys.argv = ["notebook"]
        sys.dont_write_bytecode = True
        for taken in scenario.modules:  # a module of the scenario's may have a known name
            sys.modules.pop(taken.removesuffix(".py"), None)
        importlib.invalidate_caches()
        return act(World(scenario, folder, state))

    seen = in_a_child(lambda: staged(ours, "source"))
    if state == "after":
        truth = in_a_child(lambda: staged(theirs, "plain"))
        seen["fresh"] = truth.get("value", truth.get("error"))
    return seen


def loaded(group: str | None) -> list[Scenario]:
    """Return the whole corpus, one group of it, or the ``SCENARIOS`` of another file."""
    if group is None:
        return SCENARIOS
    return GROUPS[group] if group in GROUPS else runpy.run_path(group)["SCENARIOS"]


def main(root: str, state: str, group: str | None = None) -> None:
    """Play all scenarios in one state, and print what was seen."""
    import numpy  # noqa: F401, ICN001 - loaded once for all children
    import pandas  # noqa: F401, ICN001
    from IPython.core.interactiveshell import InteractiveShell  # noqa: F401

    import zen_nb.faces.extension
    import zen_nb.pipelines.decorators  # noqa: F401

    os.environ["HOME"] = root
    seen = {
        f"{scenario.name} [{way}]": play(scenario, way, state, Path(root))
        for scenario in loaded(group)
        for way in ways_of(scenario)
    }
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
