"""Walks a graph of step calls: what is a hit is never run, and its outputs stay in the store."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.events import RunFinished, RunStarted, StepFailed, StepStarted
from zen_nb.core.model import Fingerprint
from zen_nb.core.options import Setting
from zen_nb.engine.body import Call
from zen_nb.engine.call import Answer, Place, adopt, answer, only_binds, places_of
from zen_nb.engine.dispatch import Dispatch, Elsewhere
from zen_nb.engine.jobs import Done, raised
from zen_nb.engine.tasks import CallTask, Task
from zen_nb.store.records import Store

# How long the end of a run waits until what it computed is in the shared store.
FLUSH_S = 10.0


@dataclass(frozen=True, slots=True)
class Link:
    """An argument that is an output of an earlier call."""

    node: str
    output: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """One step in a pipeline: a call whose arguments may be links.

    Attributes
    ----------
    node
        Its name in the run: the step's, with ``_2`` behind it the second time.
    """

    node: str
    call: Call
    links: Mapping[str, Link] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a step in a run; its value is brought back when asked for."""

    name: str
    _answer: Answer = field(repr=False)
    _store: Store | None = field(repr=False)
    _call: Call = field(repr=False)

    def load(self) -> Any:
        """Return the value; each call gives one of its own where it comes from the store.

        Raises
        ------
        StoreUnavailable
            Where it has been removed from the store since.
        """
        return _value_of(self.name, self._answer, self._store, self._call)


@dataclass(frozen=True, slots=True)
class StepRun:
    """What happened to one step in a run."""

    name: str
    status: Literal["completed", "cached", "failed"]
    reason: str
    duration_s: float
    outputs: Mapping[str, Output] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """What happened in one run of a pipeline.

    Attributes
    ----------
    status
        ``cached`` where every step was.
    """

    pipeline: str
    status: Literal["completed", "cached", "failed"]
    duration_s: float
    steps: Mapping[str, StepRun] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        steps = ", ".join(f"{name}: {part.status}" for name, part in self.steps.items())
        return f"<run of {self.pipeline}, {self.status} in {self.duration_s:.3f}s ({steps})>"


def run(
    pipeline: str,
    invocations: Sequence[Invocation],
    place: Place,
    where: Elsewhere | None = None,
) -> PipelineRun:
    """Run `invocations` in order and return what happened.

    Parameters
    ----------
    where
        Where steps are computed ahead of their turn; ``None`` for here, each in its turn.

    Raises
    ------
    Exception
        The user's own, from the step that failed; nothing after it runs.
    """
    __tracebackhide__ = True
    tell = place.tell or (lambda _: None)
    walk = _Walk({part.node: part for part in invocations}, place, where)
    began = time.perf_counter()
    tell(RunStarted(pipeline, tuple(walk.invocations)))
    failed: str | None = None
    try:
        for failed in walk.invocations:
            walk.take(failed)
        failed = None
    finally:
        walk.close()
        if place.store is not None:
            place.store.flush(FLUSH_S)
        cached = sum(found.cached for found in walk.answers.values())
        took = time.perf_counter() - began
        tell(RunFinished(pipeline, took, cached, len(invocations), failed))
    steps = {
        node: _step_run(part, walk.answers[node], place, walk.calls[node])
        for node, part in walk.invocations.items()
    }
    return PipelineRun(pipeline, "cached" if cached == len(steps) else "completed", took, steps)


class _Walk:
    """One walk over the graph: what has been answered so far, and values between steps."""

    def __init__(
        self, invocations: Mapping[str, Invocation], place: Place, where: Elsewhere | None
    ) -> None:
        self.invocations = invocations
        self.answers: dict[str, Answer] = {}
        self.calls: dict[str, Call] = {}
        self._place = place
        self._dispatch = None
        if where is not None and place.store is not None:
            store = place.store
            tasks: dict[str, tuple[Task, Mapping[str, tuple[str, str]]]] = {
                node: (CallTask(replace(part.call, name=node), store), _sources(part))
                for node, part in invocations.items()
            }
            self._dispatch = Dispatch(where, tasks, self._started)

    def _started(self, node: str, reason: str) -> None:
        if self._place.tell is not None:
            self._place.tell(StepStarted(node, time.time(), reason))

    def close(self) -> None:
        """Let nothing more be computed elsewhere."""
        if self._dispatch is not None:
            self._dispatch.stop()

    def take(self, node: str, setting: Setting | None = None) -> None:
        """Answer the call of `node`; what it reads has been answered before."""
        __tracebackhide__ = True
        call = self.calls[node] = self._call(node, setting)
        links = self.invocations[node].links
        fetch: Any = lambda name: self._value(links[name])
        found = None if self._dispatch is None else self._elsewhere(node, call, fetch)
        self.answers[node] = found or answer(call, self._place, fetch=fetch, load=False)
        if self._dispatch is not None:
            self._dispatch.know(node, self.answers[node].record)

    def _elsewhere(self, node: str, call: Call, fetch: Callable[[str], Any]) -> Answer | None:
        """Return what was computed ahead of its turn; ``None`` where it is to be computed here."""
        __tracebackhide__ = True
        assert self._dispatch is not None
        self._dispatch.fill()
        found = self._dispatch.result(node)
        if found is None or found[0].record is None or found[0].record.writer.get("ambient"):
            self._dispatch.settle()
        done, reason = found or (Done(), "")
        if done.trace:
            error = raised(done)
            if self._place.tell is not None:
                self._place.tell(StepFailed(node, done.duration_s, str(error)))
            raise error
        made = self._dispatch.made
        if not made or done.cached:
            return None
        found_here = adopt(call, self._place, made, fetch=fetch, reason=reason or done.reason)
        store = self._place.store
        if found_here is not None and found_here.record is not None and store is not None:
            store.offer(found_here.record)  # workers sign nothing
        return found_here

    def _call(self, node: str, setting: Setting | None) -> Call:
        """Return the call of `node` with what is known of the outputs that it reads."""
        __tracebackhide__ = True
        invocation = self.invocations[node]
        given: dict[str, tuple[Fingerprint, str]] = {}
        arguments = dict(invocation.call.arguments)
        for name, link in invocation.links.items():
            known = _known(self.answers[link.node], link.output)
            if known is None:
                arguments[name] = self._value(link)
            else:
                given[name] = known
        asked = invocation.call
        return Call(
            node,
            asked.function,
            asked.outputs,
            arguments,
            given,
            asked.options,
            setting or asked.setting,
            asked.each,
        )

    def _value(self, link: Link) -> Any:
        """Return an output as its reader's own value: readers cannot disturb each other.

        A record that turns out to be damaged when it is wanted makes its step run after all.
        """
        __tracebackhide__ = True
        found, call = self.answers[link.node], self.calls[link.node]
        with contextlib.suppress(StoreUnavailable, KeyError):
            return _value_of(link.output, found, self._place.store, call)
        self.take(link.node, Setting(False, "its record, which is damaged"))
        values = self.answers[link.node].values or {}
        return values[link.output]


def _value_of(name: str, found: Answer, store: Store | None, call: Call) -> Any:
    """Return an output, as a value of its own where it comes from the store.

    What changed its arguments gave its values at once: they refer to what was there before.
    """
    values = found.values or {}
    if found.record is None or store is None or (values and not only_binds(found.record)):
        return values[name]
    stored = store.load(found.record, call.function.__globals__, places_of(call.arguments))
    return stored[name] if name in stored else values[name]


def _sources(invocation: Invocation) -> dict[str, tuple[str, str]]:
    return {name: (link.node, link.output) for name, link in invocation.links.items()}


def _known(found: Answer, output: str) -> tuple[Fingerprint, str] | None:
    """Return fingerprint and type of an output that is in the store."""
    if found.record is None:
        return None
    for part in found.record.artifacts:
        if part.name == output and part.fingerprint is not None:
            return part.fingerprint, part.type_name
    return None


def _step_run(invocation: Invocation, found: Answer, place: Place, call: Call) -> StepRun:
    outputs = {name: Output(name, found, place.store, call) for name in invocation.call.outputs}
    duration = found.record.duration_s if found.cached and found.record else found.duration_s
    return StepRun(
        invocation.node, "cached" if found.cached else "completed", found.reason, duration, outputs
    )
