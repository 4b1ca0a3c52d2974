"""One notebook's steps, their state and their executions; the `Source` of its live faces."""

from __future__ import annotations

import builtins
import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zen_nb.core.errors import StoreUnavailable, UnknownStep, UsageError
from zen_nb.core.events import (
    Event,
    Listener,
    Listeners,
    StepCached,
    StepFailed,
    StepFinished,
    StepStarted,
    StepWaiting,
)
from zen_nb.core.locks import new_lock
from zen_nb.core.model import Fingerprint, Record, Step
from zen_nb.core.options import Configuration, Setting, resolve, usable_configuration
from zen_nb.core.toggles import Toggles
from zen_nb.engine.decide import MadeRecord
from zen_nb.engine.earlier import NOTHING, Comparison
from zen_nb.engine.forecast import Forecast
from zen_nb.identity.loads import watch
from zen_nb.notebook import status
from zen_nb.notebook.ahead import Ahead
from zen_nb.notebook.automatic import Automatic, Plain, loud
from zen_nb.notebook.execution import Execution
from zen_nb.notebook.orders import Orders, WouldRun
from zen_nb.notebook.registry import Pipeline, Registry
from zen_nb.store.folder import store_folder
from zen_nb.store.habits import Habits
from zen_nb.store.records import Store, open_store


@dataclass(frozen=True, slots=True)
class StepLog:
    """What happened to a step last, in this kernel.

    Attributes
    ----------
    cached
        The last execution was a hit.
    started_at
        Set while it runs.
    accepted
        The hit was one on the user's word that a change is equal.
    comparison
        The nearest earlier record and what had changed since.
    """

    cached: bool = False
    started_at: float | None = None
    duration_s: float | None = None
    saved_s: float | None = None
    record: Record | None = None
    reason: str = ""
    why: tuple[str, ...] = ()
    note: str = ""
    error: str = ""
    badges: tuple[str, ...] = ()
    accepted: bool = False
    comparison: Comparison = NOTHING


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What one run or one execution sets: the two highest rungs, parameters and keeping."""

    run_now: bool | None = None
    steps_now: Mapping[str, bool] | None = None
    parameters: Mapping[str, Any] | None = None
    pipeline: bool | None = None
    keep: bool = True
    known: Mapping[str, Fingerprint] | None = None


class Session:
    """The steps of one IPython shell.

    The main thread executes; toggles are flipped and the state is read from any thread.
    """

    def __init__(self, shell: Any, configuration: Configuration | None = None) -> None:
        watch()
        self.shell = shell
        self.configuration = configuration or usable_configuration()
        self.registry = Registry()
        self.toggles = Toggles()
        self.logs: dict[str, StepLog] = {}
        self.marks: dict[str, tuple[float, str]] = {}
        self.afresh: set[str] = set()
        self.pinned: frozenset[str] = frozenset()
        self.orders = Orders.taken()
        self._not_made: dict[str, str] = {}
        self.ahead = Ahead(self)
        self.saved_s = 0.0
        self.running_pipeline = False
        self.revision = 0
        self._listeners = Listeners()
        self._event_listeners: list[Listener] = []
        self._lock = new_lock()
        self._store: Store | None = None
        self._store_told = False
        self._told: set[tuple[str, str]] = set()
        self._habits: Habits | None = None
        self.automatic = Automatic(self.habits)
        if self.orders.fill and self.store is not None and self.store.shared is not None:
            self.store.shared.fill(Path(self.orders.fill))
        if self.configuration.auto is not None:
            self.switch_automatic(on=True, slower_than_s=self.configuration.auto)

    # -- the store --------------------------------------------------------------------

    @property
    def store(self) -> Store | None:
        """The store, named when it is made; ``None``, told once, where it is not available."""
        if self._store is None:
            is_new = not store_folder(self.configuration).exists()
            try:
                self._store = open_store(self.configuration)
            except StoreUnavailable as error:
                self._tell_once(f"Nothing is cached: {error}")
                return None
            if is_new and not self.quiet:
                self._tell_once(status.store_line(self._store, self.configuration))
        return self._store

    def habits(self) -> Habits:
        """Return what is known of cells that are not worth keeping."""
        if self._habits is None:
            store = self.store
            self._habits = Habits(store.folder if store else None)
        return self._habits

    def switch_automatic(self, *, on: bool, slower_than_s: float = 0.0) -> None:
        """Make every cell a step from now on, or only those that say so."""
        self.automatic.on, self.automatic.slower_than_s = on, slower_than_s
        if not on:
            for step in [one for one in self.registry if one.automatic]:
                self.drop(step.name)

    def alone(self, store: Store) -> None:
        """Go on with another store and nobody listening: this is a copy of the notebook."""
        self._store = store
        self._listeners.clear()
        self._event_listeners.clear()
        kernel = getattr(self.shell, "kernel", None)
        if kernel is not None:
            kernel.session.send = _unheard

    def mark(self, name: str, record: Record, what: str) -> None:
        """Remember what a check of a record came to, as long as that record is served."""
        self.marks[name] = (record.created_at, what)
        self.changed()

    def marked(self, name: str) -> str:
        """Return what a check of a step's last record came to; empty where nothing is wrong."""
        record = self.logs.get(name, StepLog()).record
        created_at, what = self.marks.get(name, (0.0, ""))
        same = record is not None and record.created_at == created_at
        return what if same and what in ("unsound", "nondeterministic") else ""

    def _tell_once(self, text: str) -> None:
        if not self._store_told:
            self._store_told = True
            status.show(self.shell, text, {"role": "store"})

    # -- settings ---------------------------------------------------------------------

    def setting(self, step: Step, options: RunOptions, *, toggled: bool = True) -> Setting:
        """Return whether the cache is read for `step`, and who said so.

        Parameters
        ----------
        toggled
            Whether the step's own toggle counts.
        """
        asked = (options.steps_now or {}).get(step.name)
        toggle = self.toggles.step(step.name) if toggled else None
        return resolve(
            step_now=toggle if asked is None else asked,
            run_now=self.toggles.run if options.run_now is None else options.run_now,
            step=step.options.enable_cache,
            pipeline=options.pipeline,
            surroundings=self.configuration.enable_cache,
        )

    # -- executions -------------------------------------------------------------------

    def define(self, step: Step) -> None:
        """Take in a step that a cell defines; raises `NameTaken`."""
        given = (self.shell.user_ns, vars(builtins), step.body.facts.settled.read)
        missing = [name for name in step.reads if not any(name in names for names in given)]
        old = self.registry.put(replace(step, awaits=frozenset(missing)) if missing else step)
        if old is not None:
            self.toggles.rename(old, step.name)
            self.logs[step.name] = self.logs.pop(old, StepLog())
            self.ahead.forecasts.pop(old, None)

    def forget_cell(self, cell_id: str | None) -> None:
        """Take a step out whose cell is no step any more."""
        name = self.registry.name_of_cell(cell_id)
        if name is not None:
            self.drop(name)

    def begin(self, step: Step, options: RunOptions | None = None) -> Execution:
        """Decide on an execution of `step`; a run is opened, a hit is ready to be replayed."""
        options = self.orders.of(step, options or RunOptions())
        if step.name in self.afresh:
            self.afresh.discard(step.name)
            options = replace(options, steps_now={**(options.steps_now or {}), step.name: False})
        execution = self._execution(step, options)
        try:
            execution.prepare(self._waits)
            self._remember(execution)
            if not execution.hit:
                self._require_leave(execution)
                execution.open()
        except BaseException:
            execution.cancel()
            raise
        if not execution.hit:
            self.note_start(step.name, execution.started_at, execution.decision.reason)
        return execution

    def adopt(
        self, step: Step, options: RunOptions, made: Collection[MadeRecord], reason: str
    ) -> Execution | None:
        """Return an execution that a worker has `made` before its turn, ready to be replayed.

        ``None`` where a run here would be known by something else: then it has to run.
        """
        execution = self._execution(step, options)
        try:
            return execution if execution.adopt(made, reason) else None
        except Exception:  # told when it runs
            return None

    def _execution(self, step: Step, options: RunOptions) -> Execution:
        return Execution(
            step,
            self.shell,
            store=self.store,
            setting=self.setting(step, options),
            parameters={**step.parameters, **(options.parameters or {})},
            known=options.known,
            keep=options.keep,
            least_s=self.automatic.least_s if step.automatic else None,
        )

    def note_start(self, name: str, at: float, reason: str) -> None:
        """Say that a step runs from now on, here or elsewhere."""
        log = self.logs.get(name, StepLog())
        self.logs[name] = replace(log, started_at=at, reason=reason, error="")
        self._emit(StepStarted(name, at, reason))

    def _require_leave(self, execution: Execution) -> None:
        """Raise `WouldRun`, and say so on the page, where the step must not run."""
        name = execution.step.name
        if not self.orders.forbids(name):
            return
        decision = execution.decision
        reason, why = decision.reason, [str(change) for change in decision.changes]
        for read in execution.step.reads:
            if read in self._not_made and read not in self.shell.user_ns:
                reason, why = f"it reads {read}, and {self._not_made[read]} would run", []
        self._not_made.update(dict.fromkeys(execution.step.writes, name))
        status.show_would_run(self.shell, name, reason, why)
        advice = "" if self.orders.check else f"; --to runs what is needed, {name} too"
        raise WouldRun(f"step {name} would run: {reason}{advice}")

    def _waits(self, event: StepWaiting) -> None:
        """Say that a step waits for another kernel: on the page, and in the graph."""
        log = self.logs.get(event.step, StepLog())
        reason = f"computing in another kernel, {status.seconds(time.time() - event.since)} so far"
        since = None if event.over else event.since
        self.logs[event.step] = replace(log, started_at=since, reason=reason, error="")
        status.show_waiting(self.shell, event)
        self._emit(event)

    def _remember(self, execution: Execution) -> None:
        """Say of a step that ran before in this kernel that it was not kept, not that it is new."""
        log = self.logs.get(execution.step.name)
        if execution.decision.kind == "new" and log is not None and log.note:
            execution.decision = replace(execution.decision, reason="it was not kept last time")

    def finish(self, execution: Execution, duration_s: float | None = None) -> None:
        """End an execution that succeeded, and say so on the page."""
        if execution.adopted:
            self._note_run(execution)
        elif execution.hit:
            self._finish_hit(execution)
        else:
            execution.close(duration_s)
            self._note_run(execution)
        self._tell_of_sharing()
        self.refresh_soon()

    def _tell_of_sharing(self) -> None:
        """Say once what went wrong with the shared store."""
        shared = None if self.store is None else self.store.shared
        if shared is not None and (text := shared.news()):
            status.show(self.shell, text, {"role": "shared"})

    def fail(self, execution: Execution, error: BaseException) -> None:
        """End an execution whose body raised; the user sees their own exception elsewhere."""
        name = execution.step.name
        duration = 0.0 if execution.hit else execution.abandon()
        text = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
        self.logs[name] = replace(
            self.logs.get(name, StepLog()), started_at=None, error=text, cached=False
        )
        self._emit(StepFailed(name, duration, text))
        self.refresh_soon()

    def _finish_hit(self, execution: Execution) -> None:
        record = execution.record
        assert record is not None
        self.saved_s += record.duration_s
        self.registry.note_writes(execution.step.name, [part.name for part in record.artifacts])
        self.logs[execution.step.name] = StepLog(
            cached=True,
            duration_s=record.duration_s,
            saved_s=record.duration_s,
            record=record,
            reason=execution.decision.reason,
            badges=record.badges,
            accepted=execution.decision.accepted is not None,
        )
        if loud(execution.step, record.duration_s):
            status.show_hit(self.shell, execution, quiet=self.quiet)
        self._emit(StepCached(execution.step.name, record, execution.decision.reason))

    def _note_run(self, execution: Execution) -> None:
        outcome, decision = execution.outcome, execution.decision
        assert outcome is not None
        name = execution.step.name
        if outcome.record is not None:
            self.registry.note_writes(name, [part.name for part in outcome.record.artifacts])
        self.logs[name] = StepLog(
            duration_s=outcome.duration_s,
            record=outcome.record,
            reason=decision.reason,
            why=tuple(str(change) for change in decision.changes),
            note=outcome.note,
            badges=outcome.badges,
            comparison=decision.comparison,
        )
        if outcome.worth_from_s is not None:
            took = outcome.duration_s
            self.automatic.was_cheap(execution.step, took, outcome.worth_from_s)
        if loud(execution.step, outcome.duration_s):
            note = outcome.note if self._is_news(name, outcome.note) else ""
            status.show_run(self.shell, execution, note=note, quiet=self.quiet)
        self._emit(
            StepFinished(name, outcome.duration_s, outcome.record, decision.reason, outcome.note)
        )

    def finish_plain(self, plain: Plain, error: BaseException | None) -> None:
        """Take in a cell that automatic mode has left to run as it is."""
        seconds = time.perf_counter() - plain.began
        name = plain.step.name
        if error is not None:
            text = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
            self.logs[name] = StepLog(error=text)
            self._emit(StepFailed(name, seconds, text))
            return
        self.automatic.ran(plain, seconds)
        self.logs[name] = StepLog(duration_s=seconds, reason="it runs each time", note=plain.why)
        # Of many quick cells alike, the first says it for all.
        whom = name if loud(plain.step, seconds) else ""
        if not plain.cheap and self._is_news(whom, plain.why):
            text = f"{plain.step.called} runs each time: {plain.why}."
            status.show(self.shell, text, {"role": "plain", "step": name, "reason": plain.why})
        self._emit(StepFinished(name, seconds, None, "it runs each time", plain.why))

    def _is_news(self, name: str, note: str) -> bool:
        """Tell whether the page has not been told this yet: a reason is said once."""
        if not note or (name, note) in self._told:
            return False
        self._told.add((name, note))
        return True

    @property
    def quiet(self) -> bool:
        """Whether status lines leave out what changes a saved notebook at each run."""
        return self.configuration.status == "quiet"

    # -- asking -----------------------------------------------------------------------

    def plan(self, pipeline: Pipeline, options: RunOptions | None = None) -> dict[str, Forecast]:
        """Return what a run of `pipeline` would do with each step, without running any."""
        return dict(self.ahead.look(pipeline, options or RunOptions()))

    def drop(self, name: str) -> None:
        """Remove a step or pipeline from the notebook; its records stay in the store."""
        self.registry.drop(name)
        self.logs.pop(name, None)
        self.ahead.forecasts.pop(name, None)
        self.refresh()

    def parameters_for(
        self, steps: list[Step], given: Mapping[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """Return the parameters that a run overrides, by step.

        Raises
        ------
        UsageError
            Where no step has such a parameter; lists those there are.
        """
        found: dict[str, dict[str, Any]] = {step.name: {} for step in steps}
        for key, value in given.items():
            owner, _, name = key.rpartition(".")
            if owner and owner not in found:
                raise UnknownStep(owner, list(found))
            takers = [
                step for step in steps if name in step.parameters and owner in ("", step.name)
            ]
            if not takers:
                known = sorted(
                    {f"{step.name}.{part}" for step in steps for part in step.parameters}
                )
                raise UsageError(
                    f"no step has the parameter {key!r}; parameters: {', '.join(known) or 'none'}"
                )
            for step in takers:
                found[step.name][name] = value
        return found

    # -- listeners --------------------------------------------------------------------

    def refresh(self, *, force: bool = False) -> None:
        """Forecast again, where somebody looks or is about to, and tell the faces.

        Unless forced, it takes a moment at most: the rest follows when the kernel is idle.
        """
        if self._listeners or force:
            self._look_at_pins()
            self.ahead.refresh(RunOptions(), whole=force)
        self.changed()

    def _look_at_pins(self) -> None:
        """Take in which records are pinned; the same object where they are those of before."""
        pinned = self.store.pins.all() if self.store is not None else frozenset()
        if pinned != self.pinned:
            self.pinned = pinned

    def refresh_soon(self) -> None:
        """Tell the faces now, and forecast when the kernel is idle."""
        self.changed()
        if self._listeners:
            self.ahead.refresh_soon()

    def changed(self) -> None:
        """Tell every face that something it draws has changed."""
        with self._lock:
            self.revision += 1
        self._listeners.tell()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, from any thread; return what ends it."""
        return self._listeners.add(listener)

    def listen(self, listener: Listener) -> None:
        """Hand every engine event to `listener`."""
        self._event_listeners.append(listener)

    def _emit(self, event: Event) -> None:
        for listener in tuple(self._event_listeners):
            with contextlib.suppress(Exception):
                listener(event)
        self.changed()

    def flip(self, name: str | None, value: bool | None) -> None:  # noqa: FBT001 - a position
        """Set a toggle, from any thread; raises `UnknownStep`."""
        if name is not None:
            self.registry.get(name)
        self.toggles.flip(name, value)
        self.changed()


def _unheard(*_: Any, **__: Any) -> None:
    """Send nothing to the page."""
