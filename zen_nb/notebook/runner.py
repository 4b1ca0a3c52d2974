"""``%pipeline run``: the bodies of cells, executed again from their last executed source."""

from __future__ import annotations

import ast
import inspect
import time
from collections.abc import Coroutine
from dataclasses import replace
from types import CodeType
from typing import Any

from zen_nb.core.errors import UsageError
from zen_nb.core.events import RunFinished, RunStarted
from zen_nb.core.graph import upstream
from zen_nb.core.model import Fingerprint, Step
from zen_nb.engine.decide import known_outputs
from zen_nb.notebook import status
from zen_nb.notebook.execution import Execution
from zen_nb.notebook.registry import Pipeline
from zen_nb.notebook.session import RunOptions, Session


async def run_pipeline(
    session: Session, pipeline: Pipeline, options: RunOptions, *, to: str | None = None
) -> None:
    """Execute the steps of `pipeline` in order; what is a hit is replayed, not run.

    Parameters
    ----------
    to
        The last step wanted: it and what it depends on.

    Raises
    ------
    Exception
        The user's own, from the step that failed; steps after it do not run.
    """
    __tracebackhide__ = "__ipython_bottom__"
    steps = chosen_steps(session, pipeline, to)
    given = {**pipeline.parameters, **(options.parameters or {})}
    overrides = session.parameters_for(steps, given)
    known: dict[str, Fingerprint] = {}
    cached, began = 0, time.perf_counter()
    session.running_pipeline = True
    session._emit(RunStarted(pipeline.name, tuple(step.name for step in steps)))
    failed: str | None = None
    try:
        for step in steps:
            failed = step.name
            own = replace(
                options,
                parameters=overrides[step.name],
                pipeline=pipeline.enable_cache,
                known=known,
            )
            execution = await run_step(session, step, own)
            cached += execution.hit
            # A body can have changed any object; only what was just bound is still known.
            if not execution.hit or execution.changes_objects:
                known = {}
            known.update(_outputs(execution))
        failed = None
    finally:
        session.running_pipeline = False
        took = time.perf_counter() - began
        session._emit(RunFinished(pipeline.name, took, cached, len(steps), failed))
        if failed is not None:
            _tell_failure(session, pipeline, failed, [step.name for step in steps])
    _summarise(session, pipeline, cached, len(steps), took)


def _tell_failure(session: Session, pipeline: Pipeline, failed: str, names: list[str]) -> None:
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


async def run_step(session: Session, step: Step, options: RunOptions) -> Execution:
    """Execute one step in the namespace, as its cell would be."""
    __tracebackhide__ = "__ipython_bottom__"
    execution = session.begin(step, options)
    if execution.hit:
        execution.replay()
        session.finish(execution)
        return execution
    began = time.perf_counter()
    try:
        await _run_body(execution)
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


async def _run_body(execution: Execution) -> None:
    __tracebackhide__ = "__ipython_bottom__"
    body, shell = execution.body, execution.shell
    mode = "none" if body.quiet else shell.ast_node_interactivity
    for code in _compiled(execution.tree(), body.filename, mode):
        with shell.builtin_trap, shell.display_trap:
            made = eval(code, execution.namespace)  # noqa: S307 - the user's own cell
            if code.co_flags & inspect.CO_COROUTINE:
                await made


def _compiled(tree: ast.Module, filename: str, mode: str) -> list[CodeType]:
    """Compile statements one by one, as IPython does for `ast_node_interactivity`."""
    body = list(tree.body)
    if mode == "last_expr_or_assign" and body and (name := _assigned(body[-1])) is not None:
        body.append(ast.copy_location(ast.Expr(name), body[-1]))
    shown = {"all": body, "none": []}.get(mode, body[-1:])
    if mode.startswith("last_expr") and not (body and isinstance(body[-1], ast.Expr)):
        shown = []
    return [_compile(node, filename, is_shown=any(node is part for part in shown)) for node in body]


def _assigned(node: ast.stmt) -> ast.Name | None:
    """Return the name that an assignment gives a value, to be read."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    simple = isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and isinstance(
        target, ast.Name
    )
    return ast.copy_location(ast.Name(target.id, ast.Load()), node) if simple else None  # type: ignore[union-attr]


def _compile(node: ast.stmt, filename: str, *, is_shown: bool) -> CodeType:
    whole = ast.Interactive([node]) if is_shown else ast.Module([node], [])
    whole = ast.fix_missing_locations(whole)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    mode = "single" if is_shown else "exec"
    code: CodeType = compile(whole, filename, mode, flags, dont_inherit=True)
    return code


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
