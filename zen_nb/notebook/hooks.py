"""How a ``%%step`` cell is run by IPython itself, as the cell it is.

A line transformer takes the magic line off, ``pre_run_cell`` arms the step, an
AST transformer decides: a run leaves the tree as it is (see `leftovers`), so that
nothing of zen_nb is on the stack; a hit puts one call in its place. ``post_run_cell`` finishes,
when inline figures have been flushed.
"""

from __future__ import annotations

import ast
import linecache
import re
import sys
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

from zen_nb.core.errors import ZenNbError
from zen_nb.identity.register import leave, take
from zen_nb.notebook import status
from zen_nb.notebook.automatic import Plain
from zen_nb.notebook.blocks import Blocks
from zen_nb.notebook.cells import hide_step_line, is_below, read_step, step_line
from zen_nb.notebook.execution import Execution
from zen_nb.notebook.mapped import run_elements
from zen_nb.notebook.session import RunOptions, Session

_LOAD = ast.Load()
_AT: Any = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
_RUN_LINE = re.compile(r"%pipeline\s+run\b(?!\s*=)([^\n]*)\n?$")
_BELOW = "%%step must stand in the first line of its cell, above other magics: no step here."
_waiting: list[Any] = []


def in_cell() -> None:
    """Do what stands in place of a cell's body: replay a hit, or raise what its line gets wrong."""
    __tracebackhide__ = True
    action = _waiting.pop()
    action()


@dataclass(slots=True)
class Armed:
    """A cell that is a step between ``pre_run_cell`` and ``post_run_cell``.

    Attributes
    ----------
    line
        What follows ``%%step``; ``None`` for a cell that is a step by itself.
    """

    info: Any
    line: str | None
    raw_cell: str
    transformed: str
    cell_id: str | None
    decided: bool = False
    execution: Execution | None = None
    plain: Plain | None = None


class Hooks:
    """zen_nb's places in one shell."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.shell = session.shell
        self._armed: Armed | None = None
        self._blocks = Blocks(session)

    def install(self) -> None:
        """Take the places; the line transformer must come before IPython's own ``cell_magic``."""
        self.shell.input_transformer_manager.line_transforms.insert(0, self.transform_lines)
        self.shell.ast_transformers.append(self)
        self.shell.events.register("pre_run_cell", self.pre_run_cell)
        self.shell.events.register("post_run_cell", self.post_run_cell)

    def remove(self) -> None:
        """Give the places back; what is not there any more is passed over."""
        leave(self.shell.user_ns)
        transforms = self.shell.input_transformer_manager.line_transforms
        if self.transform_lines in transforms:
            transforms.remove(self.transform_lines)
        if self in self.shell.ast_transformers:
            self.shell.ast_transformers.remove(self)
        for event, callback in (
            ("pre_run_cell", self.pre_run_cell),
            ("post_run_cell", self.post_run_cell),
        ):
            if callback in self.shell.events.callbacks[event]:
                self.shell.events.unregister(event, callback)

    # -- IPython calls these ----------------------------------------------------------

    def transform_lines(self, lines: list[str]) -> list[str]:
        """Hide the magic line; pure."""
        from IPython.core.inputtransformer2 import cell_magic

        awaiting = _await_run(lines)
        # Only a cell that runs the pipeline asks all steps.
        if awaiting != lines and any(step.body.is_async for step in self.session.registry):
            lines = awaiting
        return hide_step_line(lines, cell_magic)

    def pre_run_cell(self, info: Any) -> None:
        """Arm the step of an outermost cell that begins with ``%%step``, or is one by itself."""
        if _is_nested():
            return
        if self._armed is not None and self._armed.execution is not None:
            self._armed.execution.cancel()  # its cell has ended without telling
        raw = info.raw_cell or ""
        line = step_line(raw)
        if line is None and not self.session.automatic.takes(raw):
            self._armed = None
            self.session.forget_cell(getattr(info, "cell_id", None))
            if is_below(raw):
                status.show(self.shell, _BELOW, {"role": "hint"})
            return
        transformed = getattr(info, "transformed_cell", None) or self.shell.transform_cell(raw)
        self._armed = Armed(info, line, raw, transformed, getattr(info, "cell_id", None))

    def visit(self, tree: ast.Module) -> ast.Module:
        """Decide, once per cell; whatever happens, IPython gets a tree that it can run."""
        armed = self._armed
        self._read(tree, armed)
        if armed is None or armed.decided:
            return tree
        armed.decided = True
        try:
            return self._begin(armed, tree)
        except (ZenNbError, KeyboardInterrupt) as error:
            return _calling(_raiser(error))
        except Exception as error:
            self._tell_fault(error)
            return tree

    def post_run_cell(self, result: Any) -> None:
        """Finish the step of the outermost cell."""
        armed = self._armed
        if armed is None or result.info is not armed.info:
            if armed is None and not _is_nested():
                self.session.refresh_soon()  # it may have changed what steps read
            return
        self._armed = None
        _waiting.clear()
        error = result.error_before_exec or result.error_in_exec
        if armed.plain is not None:
            self.session.finish_plain(armed.plain, error)
        if armed.execution is None:
            return
        if error is not None:
            self._blocks.end()
            self.session.fail(armed.execution, error)
            return
        try:
            self.session.finish(armed.execution)
            self._blocks.know(armed.execution)
        except (Exception, KeyboardInterrupt) as fault:  # the cell succeeded; that must stand
            armed.execution.cancel()
            self._tell_fault(fault)

    # -- inside -----------------------------------------------------------------------

    def _read(self, tree: ast.Module, armed: Armed | None) -> None:
        """Keep what any cell may put into installed modules: steps after it depend on that."""
        try:
            take(tree, self.shell.user_ns, armed.transformed if armed else None)
        except Exception as error:
            self._tell_fault(error)

    def _begin(self, armed: Armed, tree: ast.Module) -> ast.Module:
        number = self.shell.execution_count - 1
        filename = self.shell.compile.get_code_name(armed.raw_cell, armed.transformed, number)
        _show_true_line(filename)
        whole: Any = {"filename": filename, "number": number, "parse": self.parse}
        whole |= {"source": armed.raw_cell, "transformed": armed.transformed}
        whole |= {"cell_id": armed.cell_id}
        if armed.line is not None:
            step = read_step(armed.line, tree, **whole)
            self.session.define(step)
        else:
            found = self.session.automatic.step_of(tree, **whole)
            if found is None:
                self.session.forget_cell(armed.cell_id)
                return tree
            step = found
            self.session.define(step)
            armed.plain = self.session.automatic.left_plain(step)
            if armed.plain is not None:
                return tree
        done = self._blocks.take(step, RunOptions()) if armed.line is not None else None
        armed.execution = execution = done or self.session.begin(step)
        if execution.hit:
            return _calling(execution.replay)
        if execution.body.element is not None:
            return _calling(partial(run_elements, execution))
        return execution.tree()

    def parse(self, source: str) -> ast.Module:
        """Return the tree of code inside a magic, after IPython's transformation."""
        transformed: str = self.shell.transform_cell(source)
        return ast.parse(transformed)

    def _tell_fault(self, error: BaseException) -> None:
        fault = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        text = (
            f"zen_nb could not look after this cell, which ran as usual and is not cached: {fault}"
        )
        status.show(self.shell, text, {"role": "fault"})


async def run_line(text: str) -> None:
    """Carry out a ``%pipeline run`` line whose steps may await the kernel's own loop."""
    __tracebackhide__ = "__ipython_bottom__"
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    await shell.magics_manager.registry["StepMagics"].run_here(text)


def _await_run(lines: list[str]) -> list[str]:
    """Let a leading ``%pipeline run`` line await, which a magic cannot."""
    for place, line in enumerate(lines):
        match = _RUN_LINE.match(line)
        if match is not None:
            call = f"await __import__('sys').modules['{__name__}'].run_line({match[1].strip()!r})\n"
            return [*lines[:place], call, *lines[place + 1 :]]
        if line.strip() and not line.startswith("#"):
            break
    return lines


def _is_nested() -> bool:
    """Tell whether a cell is run from within another (``%run``, ``run_cell`` in a cell)."""
    frame: FrameType | None = sys._getframe(1)
    running = 0
    while frame is not None:
        running += frame.f_code.co_name == "run_cell_async"
        frame = frame.f_back
    return running > 1


def _calling(action: Any) -> ast.Module:
    """Return a cell that does `action`: built, which takes less time than to read its text."""
    _waiting[:] = [action]
    imported = ast.Call(ast.Name("__import__", _LOAD, **_AT), [_text("sys")], [], **_AT)
    modules = ast.Attribute(imported, "modules", _LOAD, **_AT)
    this = ast.Subscript(modules, _text(__name__), _LOAD, **_AT)
    call = ast.Call(ast.Attribute(this, in_cell.__name__, _LOAD, **_AT), [], [], **_AT)
    return ast.Module([ast.Expr(call, **_AT)], [])


def _text(value: str) -> ast.Constant:
    return ast.Constant(value, **_AT)


def _raiser(error: BaseException) -> Any:
    def raise_it() -> None:
        raise error

    return raise_it


class _MagicLine(str):
    """The magic line in a cell's source: a comment to who parses it, itself to who shows it.

    What formats tracebacks joins the lines to parse them, and strips each to show it.
    """

    __slots__ = ()

    def rstrip(self, chars: str | None = None, /) -> str:
        return self[2:].rstrip(chars)


def _show_true_line(filename: str) -> None:
    """Let tracebacks show the magic line as it stands on the page."""
    entry = linecache.cache.get(filename)
    if entry is None or len(entry) != 4:
        return
    size, mtime, lines, name = entry
    shown = [_MagicLine(line) if line.startswith("# %%step") else line for line in lines]
    linecache.cache[filename] = (size, mtime, shown, name)
