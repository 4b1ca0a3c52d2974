"""Cells that follow each other on a page that is executed headless, computed side by side.

Cell after cell a runner hands to the kernel, each at its turn. Where step cells stand next to
each other, nothing but they can change what they read: so as the first one begins, workers are
given those that do not wait for each other, and each takes its result when its turn comes.
"""

from __future__ import annotations

import ast
import atexit
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from zen_nb.core.errors import ZenNbError
from zen_nb.core.graph import edges_by_name
from zen_nb.engine.dispatch import Elsewhere, elsewhere
from zen_nb.executors.named import opened
from zen_nb.notebook.cells import read_step, step_line
from zen_nb.notebook.dispatched import Cells, Dispatched

if TYPE_CHECKING:
    from zen_nb.core.model import Step
    from zen_nb.notebook.execution import Execution
    from zen_nb.notebook.session import RunOptions, Session


class Blocks:
    """The step cells of a page that follow each other; nothing where no orders name any."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ending = ExitStack()
        self._where: Elsewhere | None = None
        self._ahead: Dispatched | None = None
        self._last = ""

    def take(self, step: Step, options: RunOptions) -> Execution | None:
        """Return an execution that is done already; ``None`` where the cell has to run here."""
        orders = self._session.orders
        if not orders.on:
            return None
        source = step.body.source
        for block in orders.blocks:
            if source == block[0]:
                self.end()
                self._begin(block, options)
        self._last = next((block[-1] for block in orders.blocks if source in block), "")
        return None if self._ahead is None else self._ahead.take(step, options)

    def know(self, execution: Execution) -> None:
        """Take in what a step has kept whose turn is over."""
        if self._ahead is not None:
            self._ahead.know(execution.step.name, execution.record)
            if execution.body.source == self._last:
                self.end()

    def end(self) -> None:
        """Let nothing more be computed elsewhere."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.close()

    def _begin(self, block: tuple[str, ...], options: RunOptions) -> None:
        session = self._session
        try:
            steps = [self._step(source) for source in block]
        except (ZenNbError, SyntaxError, ValueError):  # told at that cell's turn
            return
        cells = Cells(
            session,
            [(step, session.orders.of(step, options)) for step in steps],
            edges_by_name(steps),
        )
        where = None if cells.are_cached() else self._opened(session.orders.on)
        if where is not None:
            self._ahead = Dispatched(cells, where)

    def _opened(self, on: str) -> Elsewhere | None:
        """Return where cells are computed; it stays open as long as the kernel."""
        if self._where is None:
            executor = self._ending.enter_context(opened(on))
            store = self._session.store
            if executor is not None and store is not None:
                self._where = elsewhere(executor, self._session.configuration, store)
                atexit.register(self._ending.close)
        return self._where

    def _step(self, source: str) -> Step:
        shell: Any = self._session.shell
        transformed = shell.transform_cell(source)
        return read_step(
            step_line(source) or "",
            ast.parse(transformed),
            source=source,
            transformed=transformed,
            filename=shell.compile.get_code_name(source, transformed, 0),
            cell_id=None,
            number=0,
            parse=lambda text: ast.parse(shell.transform_cell(text)),
        )
