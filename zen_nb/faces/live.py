"""A notebook's session as the source of live faces: what they draw, and what they may ask."""

from __future__ import annotations

import operator
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from zen_nb.core.errors import UsageError
from zen_nb.core.graph import Edge
from zen_nb.core.model import Record, Step
from zen_nb.engine.forecast import Forecast
from zen_nb.faces.details import details_of, keep
from zen_nb.faces.messages import checked
from zen_nb.faces.requests import Requests
from zen_nb.faces.snapshot import (
    ArtifactView,
    CacheSwitch,
    EdgeView,
    Node,
    PipelineSnapshot,
    RunBar,
    State,
)
from zen_nb.identity.summary import shown_value
from zen_nb.notebook.explanation import Account
from zen_nb.notebook.session import RunOptions, Session, StepLog


class LivePipeline:
    """One pipeline of a session, drawn live; a `Source`."""

    def __init__(self, session: Session, name: str | None = None) -> None:
        self.session = session
        self._name = name
        self._requests = Requests(session, name)
        self._drawn: dict[str, tuple[tuple[Any, ...], Node]] = {}
        self._joined: tuple[tuple[Edge, ...], frozenset[str], tuple[EdgeView, ...]] | None = None

    def snapshot(self) -> PipelineSnapshot:
        """Return the present state, from any thread; nothing is computed that takes long."""
        session = self.session
        pipeline = session.registry.pipeline(self._name)
        steps = session.registry.steps_of(pipeline)
        options = RunOptions(pipeline=pipeline.enable_cache)
        nodes = tuple(self._node(step, options) for step in steps)
        edges = self._edges(frozenset(step.name for step in steps))
        return PipelineSnapshot(
            pipeline=pipeline.name,
            revision=session.revision,
            nodes=nodes,
            edges=edges,
            run=self._run_bar(steps),
            message="" if steps else "No steps yet: begin a cell with %%step NAME.",
        )

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, from any thread; return what ends it."""
        return self.session.subscribe(listener)

    def ask(self, message: Mapping[str, Any]) -> None:
        """Carry out a message from the page; raises `UsageError` for one that is not known."""
        found = checked(message, self.session.registry.names)
        kind = found["kind"]
        if kind == "toggle":
            self.session.flip(found.get("step"), found.get("value"))
            self._requests.forecast()
        elif kind == "clear_toggles":
            self.session.toggles.clear()
            self.session.changed()
            self._requests.forecast()
        elif kind == "run":
            self._requests.run(found.get("to"), every=bool(found.get("all")))
        elif kind == "stop":
            self._requests.stop()
        elif kind == "afresh":
            step = found["step"]
            names = self.session.registry.names if step is None else [step]
            self.session.afresh.update(names)
        elif kind in ("pin", "forget"):
            keep(self.session.store, self._record(found["step"]), found)
            self._requests.forecast()
        else:
            raise UsageError(f"the page asked for {kind!r}, which is not known here")

    def _record(self, step: str) -> Record | None:
        """Return the record that a step stands for now."""
        name = self.session.registry.get(step).name
        log, forecast = self.session.logs.get(name, _NEVER), self.session.ahead.forecasts.get(name)
        return log.record or (forecast.record if forecast is not None else None)

    def details(self, step: str) -> Mapping[str, Any]:
        """Return what is shown of a step when it is opened; raises `UnknownStep`."""
        session = self.session
        name = session.registry.get(step).name
        log, forecast = session.logs.get(name, _NEVER), session.ahead.forecasts.get(name)
        ahead = forecast is not None and forecast.what == "run"
        comparison = forecast.comparison if forecast is not None and ahead else log.comparison
        record = self._record(step)
        said = Account("run" if ahead else "ran", "", comparison).compared()
        changes = comparison.changes
        return details_of(session.store, name, record or comparison.record, changes, said)

    def watched(self) -> None:
        """Note that a page begins to look: forecast when the main thread is idle."""
        self._requests.forecast()

    def opened(self) -> None:
        """Note that a face was shown by the running cell, and forecast for it."""
        self._requests.remember_cell()
        self.session.refresh(force=True)

    # -- drawing ----------------------------------------------------------------------

    def _edges(self, shown: frozenset[str]) -> tuple[EdgeView, ...]:
        edges = self.session.registry.edges()
        known = self._joined
        if known is None or known[0] is not edges or known[1] != shown:
            views = tuple(
                EdgeView(edge.source, edge.target, edge.names)
                for edge in edges
                if edge.source in shown and edge.target in shown
            )
            self._joined = known = (edges, shown, views)
        return known[2]

    def _marks(self, step: Step) -> tuple[str, ...]:
        mark = self.session.marked(step.name)
        return (*((mark,) if mark else ()), *(("pinned",) if self._is_pinned(step) else ()))

    def _is_pinned(self, step: Step) -> bool:
        record = self._record(step.name)
        return record is not None and record.key in self.session.pinned

    def _node(self, step: Step, options: RunOptions) -> Node:
        """Return the node of a step; the same one as long as all that it shows is the same."""
        session, name = self.session, step.name
        log, forecast = session.logs.get(name, _NEVER), session.ahead.forecasts.get(name)
        toggles = (session.toggles.run, session.toggles.step(name), options.pipeline)
        parts = (step, log, forecast, session.marks.get(name), session.pinned, toggles)
        known = self._drawn.get(name)
        same = known is not None and all(map(operator.is_, known[0][:5], parts))
        if known is not None and same and known[0][5] == toggles:
            return known[1]
        as_set = session.setting(step, options, toggled=False).enabled
        switch = session.setting(step, options)
        cache = CacheSwitch(toggles[1], switch.enabled, switch.source, as_set)
        node = self._draw(step, log, forecast, cache)
        self._drawn[name] = (parts, node)
        return node

    def _draw(
        self, step: Step, log: StepLog, forecast: Forecast | None, cache: CacheSwitch
    ) -> Node:
        state, reason, why = _state(log, forecast, enabled=cache.enabled)
        record = log.record
        return Node(
            id=step.name,
            name=step.called,
            state=state,
            reason=reason,
            why=why,
            cached=log.cached,
            cache=cache,
            duration_s=log.duration_s,
            saved_s=log.saved_s,
            started_at=log.started_at,
            finished_at=record.created_at if record else None,
            size_bytes=record.size_bytes if record else 0,
            badges=tuple(
                map(badge_words, (*self._marks(step), *log.badges, *_accepted(log, forecast)))
            ),
            parameters=parameter_views(step.parameters),
            artifacts=artifact_views(record),
            error=log.error,
            predicted_s=self.session.ahead.last_took_s(step.name),
            cell_id=step.body.cell_id or "",
            cell_check=zlib.crc32(step.body.source.encode("utf-8", "surrogatepass")),
        )

    def _run_bar(self, steps: list[Step]) -> RunBar:
        session = self.session
        ahead = session.ahead.forecasts
        forecasts = [ahead[step.name] for step in steps if step.name in ahead]
        times = [part.predicted_s for part in forecasts if part.what != "hit"]
        toggle = session.toggles.run
        around = session.configuration.enable_cache
        enabled = toggle if toggle is not None else around.enabled if around else True
        source = "this run" if toggle is not None else around.source if around else "the default"
        store = session.store
        return RunBar(
            running=session.running_pipeline,
            cache=CacheSwitch(toggle, enabled, source, around.enabled if around else True),
            cached=sum(part.what == "hit" for part in forecasts),
            to_run=sum(part.what != "hit" for part in forecasts),
            predicted_s=None if None in times else sum(part for part in times if part is not None),
            saved_s=session.saved_s,
            store_bytes=store.size_bytes() if store else 0,
            store_limit_bytes=store.size_limit_bytes if store else 0,
        )


_NEVER: Final = StepLog()


def artifact_views(record: Record | None) -> tuple[ArtifactView, ...]:
    """Return the outputs of a record as faces show them."""
    if record is None:
        return ()
    return tuple(
        ArtifactView(part.name, part.type_name, part.summary)
        for part in record.artifacts
        if part.role != "deleted"
    )


def parameter_views(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return parameters as faces show them: small values, and no secrets."""
    return tuple((name, shown_value(name, value) or "…") for name, value in given.items())


def badge_words(badge: str) -> str:
    """Return a badge as a person reads it: ``ignores conn``, ``external: network``."""
    kind, _, name = badge.partition(":")
    return f"ignores {name}" if kind == "ignored" else f"{kind}: {name}" if name else kind


def _accepted(log: StepLog, forecast: Forecast | None) -> tuple[str, ...]:
    """Return the badge of a step that is up to date on the user's word."""
    accepted = log.accepted if forecast is None else forecast.accepted
    return ("accepted",) if accepted else ()


_KINDS: Mapping[str, State] = {
    "off": "caching_off",
    "evicted": "evicted",
    "expired": "expired",
    "new": "never_run",
}


def _state(
    log: StepLog, forecast: Forecast | None, *, enabled: bool
) -> tuple[State, str, tuple[str, ...]]:
    """Return a node's state with its reason, from what happened and what is to be expected."""
    if log.started_at is not None:
        return "running", log.reason, log.why
    if log.error:
        return "failed", log.error, ()
    if not enabled:
        return "caching_off", "caching is off: it runs each time", log.why
    if forecast is None:
        return (
            ("up_to_date", log.reason, log.why)
            if log.duration_s is not None
            else ("never_run", "", ())
        )
    if forecast.what == "hit":
        return "up_to_date", log.reason if log.duration_s is not None else forecast.reason, log.why
    if forecast.what == "waiting":
        return "waiting", forecast.reason, forecast.why
    if forecast.kind == "new" and log.duration_s is not None:
        return "will_run", log.note or forecast.reason, forecast.why
    return _KINDS.get(forecast.kind, "will_run"), forecast.reason, forecast.why
