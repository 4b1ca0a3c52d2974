"""A cell computed on a worker: in a namespace of its own, with no page that it could show on.

It is executed by the same `Execution` that a page's cell is, so that its record is known by
what a run on the page would be known by, or is no use to it.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import Step
from zen_nb.core.options import Setting
from zen_nb.engine.jobs import Done, Job, NotHere, line_of
from zen_nb.notebook.execution import Execution
from zen_nb.notebook.statements import compile_one, shown_last
from zen_nb.store.records import Store


class Offstage:
    """What an execution needs of a shell.

    Attributes
    ----------
    page
        The shell whose formatters tell what a value looks like.
    """

    ast_node_interactivity = "last_expr"

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.user_ns = namespace
        self.page = _page()

    @property
    def builtin_trap(self) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass(frozen=True, slots=True)
class CellJob(Job):
    """A cell for a worker.

    Attributes
    ----------
    names
        What it finds in its namespace, besides what earlier steps made.
    """

    step: Step
    names: dict[str, Any]
    parameters: dict[str, Any]
    setting: Setting

    def done(self, store: Store) -> Done:
        self._fill(store)
        execution = Execution(
            self.step,
            Offstage(self.names),
            store=store,
            setting=self.setting,
            parameters=self.parameters,
            ahead=self.around.ahead,
        )
        execution.prepare()
        reason = execution.decision.reason
        if execution.hit:
            return Done(execution.record, cached=True, reason=reason)
        try:
            execution.open()
            _perform(execution)
        except BaseException as error:  # raised again where the page is, with what led to it
            execution.cancel()
            return Done(note=f"it raised {line_of(error)}")
        found = execution.close()
        return Done(found.record, reason=reason, note=found.note, duration_s=found.duration_s)

    def _fill(self, store: Store) -> None:
        """Load what earlier steps made; what one step made is loaded once, and shares its parts."""
        loaded: dict[tuple[str, float], dict[str, Any]] = {}
        for name, (record, output) in self.links.items():
            place = record.key, record.created_at
            try:
                if place not in loaded:
                    loaded[place] = store.load(record, self.names)
                self.names[name] = loaded[place][output]
            except (StoreUnavailable, KeyError) as error:
                raise NotHere(name, error) from None


def _perform(execution: Execution) -> None:
    """Execute the body; what its last line gives is recorded."""
    body, namespace = execution.body, execution.namespace
    tree = execution.tree()
    shown = None if body.quiet else shown_last(tree, body.filename)
    for node in tree.body[:-1] if shown else tree.body:
        exec(compile_one(node, body.filename), namespace)  # noqa: S102 - the user's own cell
    if shown:
        execution.show(eval(shown, namespace))  # noqa: S307


def _page() -> Any:
    """Return this process's shell; where there is none yet, one that nobody sees.

    ``display`` hands what it is given to the shell, and prints it where there is none.
    """
    from IPython.core.interactiveshell import InteractiveShell

    if InteractiveShell.initialized():
        return InteractiveShell.instance()
    from traitlets.config import Config

    unseen = Config({"HistoryManager": {"enabled": False, "hist_file": ":memory:"}})
    with _as_it_was():
        shell = InteractiveShell.instance(config=unseen)
    atexit.unregister(shell.atexit_operations)  # it has nothing to put away
    return shell


@contextmanager
def _as_it_was() -> Iterator[None]:
    """Undo what a new shell does to the process: other steps here know nothing of it."""
    main, before = sys.modules["__main__"], dict(vars(builtins))
    hooks = sys.displayhook, sys.excepthook
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        sys.displayhook, sys.excepthook = hooks
        for name in vars(builtins).keys() - before.keys():
            with contextlib.suppress(AttributeError):
                delattr(builtins, name)
