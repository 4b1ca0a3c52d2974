"""``%pipeline run``: the bodies of cells, executed again from their last executed source."""

from __future__ import annotations

import inspect
import time
from collections.abc import Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from zen_nb.core.errors import UsageError
from zen_nb.core.events import RunFinished, RunStarted
from zen_nb.core.graph import upstream
from zen_nb.core.model import Fingerprint, Step
from zen_nb.engine.decide import MadeRecord, known_outputs
from zen_nb.engine.dispatch import elsewhere
from zen_nb.engine.run import FLUSH_S
from zen_nb.executors.named import On, opened
from zen_nb.notebook import status
from zen_nb.notebook.dispatched import Cells, Dispatched
from zen_nb.notebook.execution import Execution
from zen_nb.notebook.mapped import run_elements
from zen_nb.notebook.registry import Pipeline
from zen_nb.notebook.session import RunOptions, Session
from zen_nb.notebook.statements import compiled


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is asked for.

    Attributes
    ----------
    to
        The last step wanted: it and what it depends on.
    on
        What computes steps before their turn; see `zen_nb.executors.named.opened`.
    """

    pipeline: Pipeline
    options: RunOptions
    to: str | None = None
    on: On = None


async def run_pipeline(session: Session, wanted: Wanted) -> None:
    """Execute the steps of a pipeline in order; what is a hit is replayed, not run.

    Raises
    ------
    Exception
        The user's own, from the step that failed; steps after it do not run.
    """
    __tracebackhide__ = "__ipython_bottom__"
    pipeline, options, on = wanted.pipeline, wanted.options, wanted.on
    steps = chosen_steps(session, pipeline, wanted.to)
    given = {**pipeline.parameters, **(options.parameters or {})}
    overrides = session.parameters_for(steps, given)
    whole = replace(options, parameters=given, pipeline=pipeline.enable_cache)
    each = [(step, replace(whole, parameters=overrides[step.name])) for step in steps]
    cells = Cells(session, each, session.registry.edges())
    with _computed_ahead(cells, None if on is None or cells.are_cached() else on) as ahead:
        await _take_all(session, pipeline, each, ahead)


@contextmanager
def _computed_ahead(cells: Cells, on: On) -> Iterator[Dispatched | None]:
    """Give what is computed elsewhere before its turn; ``None`` where nothing is to be."""
    with opened(on) as executor:
        configuration, store = cells.session.configuration, cells.session.store
        if executor is None or store is None:
            yield None
            return
        ahead = Dispatched(cells, elsewhere(executor, configuration, store))
        try:
            yield ahead
        finally:
            ahead.close()


async def _take_all(
    session: Session,
    pipeline: Pipeline,
    steps: Sequence[tuple[Step, RunOptions]],
    ahead: Dispatched | None,
) -> None:
    """Execute the steps in order, and tell the page how the run went."""
    __tracebackhide__ = "__ipython_bottom__"
    known: dict[str, Fingerprint] = {}
    names = tuple(step.name for step, _ in steps)
    cached, began = 0, time.perf_counter()
    session.running_pipeline = True
    session._emit(RunStarted(pipeline.name, names))
    failed: str | None = None
    try:
        for step, options in steps:
            failed = step.name
            execution = await run_step(session, step, replace(options, known=known), ahead)
            cached += execution.hit and not execution.adopted
            # A body can have changed any object; only what was just bound is still known.
            if not execution.hit or execution.changes_objects:
                known = {}
            known.update(_outputs(execution))
        failed = None
    finally:
        session.running_pipeline = False
        if session.store is not None:
            session.store.flush(FLUSH_S)
        took = time.perf_counter() - began
        session._emit(RunFinished(pipeline.name, took, cached, len(steps), failed))
        if failed is not None:
            _tell_failure(session, pipeline, failed, names)
    _summarise(session, pipeline, cached, len(steps), took)


def _tell_failure(session: Session, pipeline: Pipeline, failed: str, names: Sequence[str]) -> None:
    """Say which step ended the run, and what did not run because of it."""
    left = names[names.index(failed) + 1 :]
    text = f"Step {failed} has failed." + (f" Not run: {', '.join(left)}." if left else "")
    about = {"role": "summary", "pipeline": pipeline.name, "failed": failed, "not_run": left}
    status.show(session.shell, text, about)


def chosen_steps(session: Session, pipeline: Pipeline, to: str | None) -> list[Step]:
    """Return the steps to execute, in order.

    Raises
    ------
    UsageError
        Where there are none, or steps wait for each other.
    """
    session.registry.check_order(pipeline)
    steps = session.registry.steps_of(pipeline)
    if to is not None:
        session.registry.get(to)
        wanted = upstream([to], session.registry.edges())
        steps = [step for step in steps if step.name in wanted]
    if not steps:
        raise UsageError("there is nothing to run yet: run a cell that begins with %%step NAME")
    return steps


async def run_step(
    session: Session, step: Step, options: RunOptions, ahead: Dispatched | None = None
) -> Execution:
    """Execute one step in the namespace, as its cell would be."""
    __tracebackhide__ = "__ipython_bottom__"
    execution = None if ahead is None else ahead.take(step, options)
    made = () if ahead is None else ahead.made
    execution = await _executed(session, execution or session.begin(step, options), made)
    if ahead is not None:
        ahead.know(step.name, execution.record)
    return execution


async def _executed(
    session: Session, execution: Execution, made: Collection[MadeRecord]
) -> Execution:
    """Carry an execution out that has begun; `made` are records that workers have made."""
    __tracebackhide__ = "__ipython_bottom__"
    if execution.hit:
        execution.replay()
        session.finish(execution)
        return execution
    began = time.perf_counter()
    try:
        await _run_body(execution, made)
    except BaseException as error:
        session.fail(execution, error)
        raise
    duration = time.perf_counter() - began
    _flush_figures(session.shell)
    session.finish(execution, duration)
    return execution


def run_now(coroutine: Coroutine[Any, Any, None]) -> None:
    """Drive a run to its end from synchronous code.

    Raises
    ------
    UsageError
        Where a step really awaits something, which needs the cell's own event loop.
    """
    __tracebackhide__ = "__ipython_bottom__"
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise UsageError("a step awaits; write %pipeline run as the first line of its cell")


async def _run_body(execution: Execution, made: Collection[MadeRecord]) -> None:
    __tracebackhide__ = "__ipython_bottom__"
    if execution.body.element is not None:
        run_elements(execution, made)
        return
    body, shell = execution.body, execution.shell
    mode = "none" if body.quiet else shell.ast_node_interactivity
    for code in compiled(execution.tree(), body.filename, mode):
        with shell.builtin_trap, shell.display_trap:
            value = eval(code, execution.namespace)  # noqa: S307 - the user's own cell
            if code.co_flags & inspect.CO_COROUTINE:
                await value


def _flush_figures(shell: Any) -> None:
    """Show inline figures now, as the end of the step's own cell would."""
    for callback in tuple(shell.events.callbacks["post_execute"]):
        if getattr(callback, "__name__", "") == "flush_figures":
            callback()


def _outputs(execution: Execution) -> dict[str, Fingerprint]:
    record = execution.record
    return dict(known_outputs(record)) if record is not None else {}


def _summarise(session: Session, pipeline: Pipeline, cached: int, total: int, took: float) -> None:
    text = (
        "All steps of the pipeline run were cached."
        if cached == total
        else f"{cached} of {total} steps were cached."
    )
    if not session.quiet:
        text += f" Pipeline run has finished in {took:.3f}s."
    metadata = {
        "role": "summary",
        "pipeline": pipeline.name,
        "cached": cached,
        "total": total,
        "seconds": 0.0 if session.quiet else took,
    }
    status.show(session.shell, text, metadata)
