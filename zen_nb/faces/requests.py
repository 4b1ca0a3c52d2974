"""Runs that the page asks for: queued on the kernel's main thread, so that interrupt works."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from zen_nb.core.errors import UsageError
from zen_nb.notebook.runner import Wanted, run_pipeline
from zen_nb.notebook.session import RunOptions, Session
from zen_nb.notebook.shells import on_main


class Requests:
    """Carries out what a face asks of one pipeline.

    Messages can arrive on a subshell's thread while a cell runs; what executes steps
    waits for the main thread, what only looks is done there too, when it is idle.
    """

    def __init__(self, session: Session, pipeline: str | None) -> None:
        self._session = session
        self._pipeline = pipeline
        self._parent: dict[str, Any] | None = None
        self._task: asyncio.Task[None] | None = None

    def remember_cell(self) -> None:
        """Let what later runs show appear below the cell that runs now."""
        kernel = getattr(self._session.shell, "kernel", None)
        if kernel is not None:
            self._parent = dict(kernel.get_parent("shell") or {})

    def run(self, to: str | None, *, every: bool) -> None:
        """Queue a run; raises `UsageError` where one is under way."""
        if self._session.running_pipeline:
            raise UsageError("a run is under way; stop it first, or wait for it")
        options = RunOptions(run_now=False if every else None)
        self._on_main(lambda: self._start(options, to))

    def stop(self) -> None:
        """Interrupt what runs, as the stop button does."""
        if self._session.running_pipeline:
            os.kill(os.getpid(), signal.SIGINT)

    def forecast(self) -> None:
        """Forecast again when the main thread is idle."""
        self._on_main(self._session.refresh)

    async def _run(self, options: RunOptions, to: str | None) -> None:
        session = self._session
        with _as_a_cell(session.shell, self._parent):
            try:
                pipeline = session.registry.pipeline(self._pipeline)
                await run_pipeline(session, Wanted(pipeline, options, to))
            except BaseException as error:  # noqa: BLE001 - nobody above shows it; the loop lives on
                session.shell.showtraceback((type(error), error, _from_users_code(error)))

    def _start(self, options: RunOptions, to: str | None) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(options, to))

    def _on_main(self, action: Callable[[], None]) -> None:
        on_main(self._session.shell, action)


def _from_users_code(error: BaseException) -> TracebackType | None:
    """Return the traceback of `error` from the first frame that is not zen_nb's own."""
    found = error.__traceback__
    while found is not None and str(found.tb_frame.f_globals.get("__name__")).startswith("zen_nb."):
        found = found.tb_next
    return found or error.__traceback__


@contextlib.contextmanager
def _as_a_cell(shell: Any, parent: dict[str, Any] | None) -> Iterator[None]:
    """Let interrupts through, and let output appear below the cell that showed the graph."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        yield
        return
    before = kernel.get_parent("shell")
    kernel.pre_handler_hook()
    if parent:
        kernel.set_parent([], parent, "shell")
    try:
        yield
    finally:
        kernel.post_handler_hook()
        kernel.set_parent([], before or {}, "shell")
