"""What a run without a page asks of the steps: told to the kernel by one variable.

The variable is taken away when it is read, so that no step ever sees it: its keys are those
of the same notebook on a page.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zen_nb.core.errors import ZenNbError
from zen_nb.core.model import Step

if TYPE_CHECKING:
    from zen_nb.notebook.session import RunOptions

VARIABLE = "ZEN_NB_ORDERS"


class WouldRun(ZenNbError):
    """A step that was to be taken from the cache is not in it; the message says why."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Settings of a whole run.

    Attributes
    ----------
    parameters
        By name, or ``step.name`` for one step.
    run_now, steps_now
        The two highest rungs of ``enable_cache``.
    cached
        Steps that must not run.
    check
        No step must run.
    on
        What computes steps besides the kernel, ``""`` for nothing; see `Blocks`.
    blocks
        The sources of step cells that follow each other on the page.
    fill
        Where to write what came of putting all that the notebook gives into the shared store;
        ``""`` where only what is computed is put there.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    run_now: bool | None = None
    steps_now: Mapping[str, bool] = field(default_factory=dict)
    cached: frozenset[str] = frozenset()
    check: bool = False
    on: str = ""
    blocks: tuple[tuple[str, ...], ...] = ()
    fill: str = ""

    @classmethod
    def taken(cls) -> Orders:
        """Return the orders of this process, and take them away; none where they are damaged."""
        try:
            text = os.environ.pop(VARIABLE, "{}")
            found = json.loads(Path(text[1:]).read_text("utf-8") if text[:1] == "@" else text)
            values = found.pop("parameters", {}).items()
            cached = frozenset(found.pop("cached", ()))
            blocks = tuple(map(tuple, found.pop("blocks", ())))
            parameters = {name: ast.literal_eval(text) for name, text in values}
            return cls(parameters=parameters, cached=cached, blocks=blocks, **found)
        except (ValueError, TypeError, AttributeError, SyntaxError, OSError):
            return cls()

    def text(self) -> str:
        """Return what `taken` reads, or a file of that behind an ``@``."""
        told = {
            "parameters": {name: repr(value) for name, value in self.parameters.items()},
            "run_now": self.run_now,
            "steps_now": dict(self.steps_now),
            "cached": sorted(self.cached),
            "check": self.check,
            "on": self.on,
            "blocks": self.blocks,
            "fill": self.fill,
        }
        return json.dumps(told)

    def of(self, step: Step, given: RunOptions) -> RunOptions:
        """Return what counts for one execution: `given`, and these orders where it says nothing."""
        if self == _NONE:
            return given
        own = {
            name: self.parameters[key]
            for name in step.parameters
            for key in (name, f"{step.name}.{name}")
            if key in self.parameters
        }
        return replace(
            given,
            parameters={**own, **(given.parameters or {})},
            run_now=self.run_now if given.run_now is None else given.run_now,
            steps_now={**self.steps_now, **(given.steps_now or {})},
        )

    def forbids(self, step: str) -> bool:
        """Tell whether a step must not run."""
        return self.check or step in self.cached


_NONE = Orders()
