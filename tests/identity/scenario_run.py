"""Computes the keys of scenarios in this process: ``python -m … before|after``, as JSON."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import sys
import tempfile
import textwrap
import traceback
from pathlib import Path
from types import ModuleType

from tests.identity.scenarios import SCENARIOS, Scenario
from zen_nb.identity.cell import read_cell
from zen_nb.identity.ingredients import Ingredients, of_cell, of_function

PARAMETERS = {"gamma": 0.1}


class World:
    """A notebook's namespace and the modules beside it."""

    def __init__(self, scenario: Scenario, folder: Path, *, edited: bool) -> None:
        self.folder = folder
        self.edit = scenario.edit if edited else None
        for name, text in scenario.modules.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text(text))
        self.module = ModuleType("__main__")
        self.names = vars(self.module)
        self.names["rewrite"] = self.rewrite
        self.step = self.text(scenario.step)
        sys.modules["__main__"] = self.module
        self.execute(self.text(scenario.setup))

    def text(self, text: str) -> str:
        return text.replace(*self.edit) if self.edit else text

    def rewrite(self, name: str, old: str, new: str) -> None:
        """Edit a module on disk, as an editor would."""
        path = self.folder / name
        path.write_text(path.read_text().replace(old, new) if path.exists() else new)
        importlib.invalidate_caches()
        for cached in self.folder.rglob("*.pyc"):
            cached.unlink()

    def execute(self, text: str) -> None:
        exec(compile(text, "<cell>", "exec"), self.names)

    def cell(self) -> Ingredients:
        cell = read_cell(ast.parse(self.step), ast.parse)
        names = {name: value for name, value in self.names.items() if name != "rewrite"}
        self.names.pop("rewrite", None)
        try:
            return of_cell(cell, self.names, parameters=PARAMETERS)
        finally:
            self.names["rewrite"] = names.get("rewrite", self.rewrite)

    def function(self) -> Ingredients:
        if "the_step" not in self.names:
            body = textwrap.indent(self.step, "    ").replace("from mylib import *", "pass")
            self.execute(f"def the_step():\n{body}\n    return locals()")
        self.names.pop("rewrite", None)
        try:
            return of_function(self.names["the_step"], {})
        finally:
            self.names["rewrite"] = self.rewrite


def keys(scenario: Scenario, *, edited: bool) -> dict[str, object]:
    """Return the keys of a scenario; those of a live edit are computed once before it, too."""
    loaded, paths, patched = set(sys.modules), list(sys.path), _patched()
    main = sys.modules["__main__"]
    shadowed = sys.modules.pop("colorsys", None)
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            world = World(scenario, Path(folder), edited=edited)
            ways = {"cell": world.cell} | (
                {} if scenario.cell_only else {"function": world.function}
            )
            if edited and scenario.live:
                for way in ways.values():
                    way()
                world.execute(scenario.live)
            found = {name: way() for name, way in ways.items()}
            return {name: _told(made) for name, made in found.items()} | _again(world)
        except Exception:
            return {"error": traceback.format_exc()}
        finally:
            sys.modules["__main__"] = main
            sys.path[:] = paths
            _restore(patched)
            for name in set(sys.modules) - loaded:
                file = getattr(sys.modules[name], "__file__", None) or ""
                if file.startswith(folder):
                    del sys.modules[name]
            if shadowed is not None:
                sys.modules["colorsys"] = shadowed


def _told(made: Ingredients) -> list[object]:
    parts = {part.label: part.digest for part in made.components}
    return [made.key, parts, {label: str(error) for label, error in made.problems.items()}]


def _again(world: World) -> dict[str, object]:
    """Run the step's cell, and return what its key is then."""
    world.names.pop("the_step", None)
    with contextlib.suppress(Exception):
        world.execute(f"gamma = 0.1\n{world.step}")
    return {"again": _told(world.cell())}


def _patched() -> list[tuple[object, str, object]]:
    import builtins
    import math

    import numpy as np

    return [
        (np, "sum", np.sum),
        (math, "pi", math.pi),
        (sys, "argv", sys.argv),
        (builtins, "sum", sum),
    ]


def _restore(patched: list[tuple[object, str, object]]) -> None:
    for owner, name, value in patched:
        setattr(owner, name, value)


if __name__ == "__main__":
    made = {part.name: keys(part, edited=sys.argv[1] == "after") for part in SCENARIOS}
    json.dump(made, sys.stdout)
