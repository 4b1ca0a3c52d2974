"""What a scenario finds around it, and when two values are the same."""

from __future__ import annotations

import contextlib
import importlib
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.soundness.scenario import Scenario

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_BETWEEN_CELLS = re.compile(r"^# %%.*\n", re.MULTILINE)


class World:
    """A scenario's folder, its modules, its text in one state."""

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

    @property
    def store(self) -> Path:
        """Where what is cached outlives the process."""
        return self.folder.parent / "cache"

    def function(self, *arguments: str) -> str:
        """Return the step as the text of a function ``the_step``."""
        body = textwrap.indent(self.step, "    ").replace("from mylib import *", "pass")
        return f"def the_step({', '.join(arguments)}):\n{body}\n    return y\n"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        return path

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
