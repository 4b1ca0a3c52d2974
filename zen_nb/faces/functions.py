"""A called ``@pipeline`` function as a graph: what its last call did with each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from zen_nb.core.errors import UsageError
from zen_nb.core.events import (
    Event,
    Listeners,
    RunFinished,
    StepCached,
    StepFailed,
    StepFinished,
    StepStarted,
    StepWaiting,
)
from zen_nb.core.locks import new_rlock
from zen_nb.core.model import Record
from zen_nb.engine.run import Invocation
from zen_nb.faces.details import details_of, keep
from zen_nb.faces.live import artifact_views, badge_words, parameter_views
from zen_nb.faces.snapshot import CacheSwitch, EdgeView, Node, PipelineSnapshot, RunBar
from zen_nb.notebook.session import Session
from zen_nb.notebook.shells import on_main
from zen_nb.pipelines.followed import Called, toggles_of


class FunctionPipeline:
    """The calls of one pipeline function; a `Source`. Usable from any thread."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name
        self._lock = new_rlock()
        self._listeners = Listeners()
        self._toggles = toggles_of(name)
        self._called: Called | None = None
        self._nodes: dict[str, Node] = {}
        self._records: dict[str, Record | None] = {}
        self._edges: tuple[EdgeView, ...] = ()
        self._revision = 0
        self._running = False
        self._saved_s = 0.0

    # -- what happens ----------------------------------------------------------------------

    def begin(self, called: Called) -> None:
        """Take in a call that begins."""
        with self._lock:
            self._called = called
            self._running = True
            before = self._nodes
            self._nodes = {
                part.node: _waiting(part, before.get(part.node)) for part in called.invocations
            }
            self._edges = tuple(
                EdgeView(source, part.node, names)
                for part in called.invocations
                for source, names in _reads(part).items()
            )
        self._changed()

    def hear(self, event: Event) -> None:
        """Take in an event of the call."""
        with self._lock:
            self._take(event)
        self._changed()

    def _take(self, event: Event) -> None:
        if isinstance(event, RunFinished):
            self._running = False
            return
        node = self._nodes.get(getattr(event, "step", ""))
        if node is None:
            return
        match event:
            case StepWaiting(over=False):
                reason = "computing in another process"
                node = replace(node, state="running", started_at=event.since, reason=reason)
            case StepStarted():
                node = replace(node, state="running", started_at=event.at, reason=event.reason)
            case StepCached():
                took = event.record.duration_s
                self._saved_s += took
                node = replace(_settled(node, event.record), reason=event.reason)
                node = replace(node, cached=True, saved_s=took, duration_s=took, predicted_s=took)
                self._records[node.id] = event.record
            case StepFinished():
                took = event.duration_s
                node = replace(_settled(node, event.record), reason=event.reason)
                node = replace(node, duration_s=took, predicted_s=took, saved_s=None)
                if event.record is None:
                    node = replace(node, state="will_run", reason=event.note or "it was not kept")
                self._records[node.id] = event.record
            case StepFailed():
                node = replace(node, state="failed", started_at=None, error=event.error)
        self._nodes[node.id] = node

    def _changed(self) -> None:
        with self._lock:
            self._revision += 1
        self._listeners.tell()

    # -- as a source -----------------------------------------------------------------------

    def snapshot(self) -> PipelineSnapshot:
        """Return the present state."""
        with self._lock:
            nodes = tuple(map(self._switched, self._nodes.values()))
            calm = sum(node.state == "up_to_date" for node in nodes)
            times = [node.predicted_s for node in nodes if node.state != "up_to_date"]
            return PipelineSnapshot(
                pipeline=self._name,
                revision=self._revision,
                nodes=nodes,
                edges=self._edges,
                run=RunBar(
                    running=self._running,
                    cache=self._switch(None),
                    cached=calm,
                    to_run=len(nodes) - calm,
                    predicted_s=None if None in times else sum(filter(None, times)),
                    saved_s=self._saved_s,
                ),
            )

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change; return what ends it."""
        return self._listeners.add(listener)

    def ask(self, message: Mapping[str, Any]) -> None:
        """Carry out a checked message; raises `UsageError` for what a function cannot do."""
        kind = message["kind"]
        if kind == "toggle":
            self._toggles.flip(message["step"], message["value"])
            self._changed()
        elif kind == "clear_toggles":
            self._toggles.clear()
            self._changed()
        elif kind in ("pin", "forget"):
            self._keep(message)
        elif kind == "run" and message["to"] is None:
            self._run(every=bool(message["all"]))
        else:
            raise UsageError(
                f"{self._name} is a function: its steps run where it is called; Run calls it again"
            )

    def _keep(self, message: Mapping[str, Any]) -> None:
        """Pin or remove the record of a step, and show it."""
        step, store = message["step"], self._session.store
        record = self._records.get(step)
        keep(store, record, message)
        assert record is not None
        node = self._nodes[step]
        badges = tuple(map(badge_words, record.badges))
        if message["kind"] == "forget":
            self._records[step] = None
            node = replace(node, state="will_run", reason="its record was removed", badges=badges)
        else:
            node = replace(node, badges=(*badges, *(("pinned",) if message["value"] else ())))
        self._nodes[step] = node
        self._changed()

    def watched(self) -> None:
        """Nothing is forecast of a function: its arguments are known when it is called."""

    def details(self, step: str) -> Mapping[str, Any]:
        """Return what is shown of a step when it is opened."""
        return details_of(self._session.store, step, self._records.get(step))

    def _run(self, *, every: bool) -> None:
        called = self._called
        if called is None or self._running:
            raise UsageError("a run is under way; stop it first, or wait for it")
        on_main(self._session.shell, lambda: called.again(every))

    def _switched(self, node: Node) -> Node:
        return replace(node, cache=self._switch(node.id))

    def _switch(self, step: str | None) -> CacheSwitch:
        run = self._toggles.run
        own = run if step is None else self._toggles.step(step)
        set_as = self._as_set(step)
        if own is not None:
            return CacheSwitch(own, own, "this run" if step is None else "its toggle", set_as[0])
        if run is not None:
            return CacheSwitch(None, run, "this run", set_as[0])
        return CacheSwitch(None, set_as[0], set_as[1], set_as[0])

    def _as_set(self, step: str | None) -> tuple[bool, str]:
        for part in self._called.invocations if self._called else ():
            if part.node == step and self._toggles.step(step) is None:
                return part.call.setting.enabled, part.call.setting.source
        return True, "the default"


def _waiting(part: Invocation, before: Node | None) -> Node:
    parameters = parameter_views(part.call.arguments)
    node = before or Node(id=part.node, name=part.node, state="waiting")
    return replace(node, state="waiting", reason="", error="", parameters=parameters, cached=False)


def _reads(part: Invocation) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for link in part.links.values():
        found[link.node] = (*found.get(link.node, ()), link.output)
    return found


def _settled(node: Node, record: Record | None) -> Node:
    return replace(
        node,
        state="up_to_date",
        started_at=None,
        finished_at=record.created_at if record else None,
        size_bytes=record.size_bytes if record else 0,
        badges=tuple(map(badge_words, record.badges)) if record else (),
        artifacts=artifact_views(record),
    )
