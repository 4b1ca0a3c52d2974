"""Automatic mode: every cell is a step, so that an existing notebook is cached as it stands.

It stays out of the way where it cannot help: cells of imports and definitions are left alone,
cells that run faster than a record of them would come back are neither kept nor asked about,
and only what took, or saved, a noticeable time is told on the page.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zen_nb.core.model import Step
from zen_nb.engine.perform import CHEAP
from zen_nb.identity.components import digest_text
from zen_nb.identity.definitions import is_harmless_magic
from zen_nb.notebook.cells import CellBody, body_of
from zen_nb.store.habits import Habits

# What a hit costs at least, whatever it brings back.
HIT_S = 0.003
# What takes less is quick whatever else was measured.
PLAINLY_S = 0.01
# What took or saved less is not told on the page.
TOLD_FROM_S = 1.0
# What runs must take more than costs by, before asking is worth while again.
_SURPRISE = 2.0
_OWN_LINES = re.compile(r"(?m)^[ \t]*%{1,2}(?:pipeline\b|(?:re)?load_ext[ \t]+zen_nb\b)")
_CELL_MAGIC = re.compile(r"\s*%%\w")
_LONGEST_TITLE = 32
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(slots=True)
class Plain:
    """A cell that is left to run as it is: its step, what it costs, and why it is left."""

    step: Step
    cell: str
    began: float
    why: str

    @property
    def cheap(self) -> bool:
        """Whether it is left because it is quick."""
        return self.why == CHEAP


class Automatic:
    """Which cells are steps without a line that says so, and which of them are worth keeping.

    Attributes
    ----------
    on
        Whether cells are steps by themselves.
    slower_than_s
        What runs faster is not kept.
    """

    def __init__(self, habits: Callable[[], Habits]) -> None:
        self.on = False
        self.slower_than_s = 0.0
        self._habits = habits
        self._has_asked = False
        self._names: dict[str, str] = {}
        self._titles: dict[str, int] = {}

    def takes(self, raw_cell: str) -> bool:
        """Tell whether a cell is a step by itself: it has no cell magic and no line of zen_nb."""
        if not self.on or not raw_cell.strip():
            return False
        return not _CELL_MAGIC.match(raw_cell) and not _OWN_LINES.search(raw_cell)

    def step_of(self, tree: ast.Module, **whole: Any) -> Step | None:
        """Return the step that a cell is; ``None`` where it only imports and defines.

        Parameters
        ----------
        whole
            What `body_of` takes besides.
        """
        if all(_only_defines(node) for node in tree.body):
            return None
        body = body_of(tree, **whole)
        title = _title(body)
        return Step(
            name=self._name(body, title),
            reads=tuple(body.facts.reads),
            writes=tuple(dict.fromkeys((*body.facts.binds, *body.facts.deletes))),
            body=body,
            title=title,
            automatic=True,
        )

    def left_plain(self, step: Step) -> Plain | None:
        """Return how a cell is left to run as it is; ``None`` where it is asked about.

        It is where it cannot be kept, and where it was not worth while.
        """
        cell = _digest(step)
        why = step.body.facts.refusal
        if not why and self._habits().seconds(cell) is not None:
            why = CHEAP
        return Plain(step, cell, time.perf_counter(), why) if why else None

    def ran(self, plain: Plain, seconds: float) -> None:
        """Take in what a cell took that was left to run as it is."""
        known = self._habits().seconds(plain.cell)
        if known is not None and seconds > max(_SURPRISE * known, self.slower_than_s, HIT_S):
            self._habits().forget(plain.cell)

    def was_cheap(self, step: Step, seconds: float, worth_from_s: float) -> None:
        """Take in that a cell was not worth keeping: it would have to take longer than that."""
        self._habits().keep(_digest(step), worth_from_s, plainly=seconds < PLAINLY_S)

    def least_s(self, asked_s: float) -> float:
        """Return what a cell must take to be kept, where it took so long to ask about it."""
        # The first time asking also loads what asking takes.
        asked_s, self._has_asked = asked_s if self._has_asked else 0.0, True
        return max(self.slower_than_s, HIT_S + asked_s)

    def _name(self, body: CellBody, title: str) -> str:
        """Return a name that stays with a cell: by its identifier, else by title and place."""
        if body.cell_id:
            plain = re.fullmatch(r"[\w-]+", body.cell_id)
            return f"cell-{(body.cell_id if plain else digest_text(body.cell_id))[:8]}"
        known = self._names.get(body.source)
        if known is None:
            self._titles[title] = place = self._titles.get(title, 0) + 1
            known = self._names[body.source] = f"cell-{digest_text(f'{title} {place}')[:8]}"
        return known


def loud(step: Step, seconds: float) -> bool:
    """Tell whether the page is told of an execution that took, or saved, so long."""
    return not step.automatic or seconds >= TOLD_FROM_S


def _digest(step: Step) -> str:
    return digest_text(step.body.transformed)


def _title(body: CellBody) -> str:
    """Return what a person calls a cell: by what it binds first, else by its first line."""
    named = (name for name in body.facts.binds if not name.startswith("_"))
    bound = [name for name in named if name not in body.facts.redefined]
    if bound:
        return bound[0]
    lines = (line.strip() for line in body.source.splitlines())
    code = [line for line in lines if line and not line.startswith("#")]
    first = code[0] if code else "cell"
    return first if len(first) <= _LONGEST_TITLE else f"{first[: _LONGEST_TITLE - 1]}…"


def _only_defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    return isinstance(node, (*_DEFINITIONS, ast.Pass)) or is_harmless_magic(node)
