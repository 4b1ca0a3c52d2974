"""Walks a graph of step calls: what is a hit is never run, and its outputs stay in the store."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from zen_nb.core.events import Listener, RunFinished, RunStarted
from zen_nb.core.model import Fingerprint
from zen_nb.engine.call import Answer, Call, answer
from zen_nb.store.records import Store


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
    _answer: Answer
    _store: Store | None
    _namespace: dict[str, Any]

    def load(self) -> Any:
        """Return the value; each call gives one of its own where it comes from the store.

        Raises
        ------
        StoreUnavailable
            Where it has been removed from the store since.
        """
        if self._answer.record is not None and self._store is not None:
            values = self._store.load(self._answer.record, self._namespace)
            if self.name in values:
                return values[self.name]
        assert self._answer.values is not None
        return self._answer.values[self.name]


@dataclass(frozen=True, slots=True)
class StepRun:
    """What happened to one step in a run."""

    name: str
    status: Literal["completed", "cached", "failed"]
    reason: str
    duration_s: float
    outputs: Mapping[str, Output] = field(default_factory=dict)


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
    steps: Mapping[str, StepRun] = field(default_factory=dict)


def run(
    pipeline: str,
    invocations: Sequence[Invocation],
    store: Store | None,
    *,
    shell: Any = None,
    tell: Listener,
) -> PipelineRun:
    """Run `invocations` in order and return what happened.

    Raises
    ------
    Exception
        The user's own, from the step that failed; nothing after it runs.
    """
    __tracebackhide__ = True
    began = time.perf_counter()
    tell(RunStarted(pipeline, tuple(part.node for part in invocations)))
    answers: dict[str, Answer] = {}
    failed: str | None = None
    try:
        for invocation in invocations:
            failed = invocation.node
            answers[invocation.node] = _answer(invocation, answers, store, shell, tell)
        failed = None
    finally:
        cached = sum(found.cached for found in answers.values())
        took = time.perf_counter() - began
        tell(RunFinished(pipeline, took, cached, len(invocations), failed))
    steps = {part.node: _step_run(part, answers[part.node], store) for part in invocations}
    return PipelineRun(pipeline, "cached" if cached == len(steps) else "completed", took, steps)


def _answer(
    invocation: Invocation,
    answers: Mapping[str, Answer],
    store: Store | None,
    shell: Any,
    tell: Listener,
) -> Answer:
    __tracebackhide__ = True
    given: dict[str, tuple[Fingerprint, str]] = {}
    arguments = dict(invocation.call.arguments)
    for name, link in invocation.links.items():
        known = _known(answers[link.node], link.output)
        if known is None:
            arguments[name] = _value(answers[link.node], link.output, invocation, store)
        else:
            given[name] = known

    def fetch(name: str) -> Any:
        link = invocation.links[name]
        return _value(answers[link.node], link.output, invocation, store)

    call = replace(invocation.call, name=invocation.node, arguments=arguments, given=given)
    return answer(call, store, shell=shell, tell=tell, fetch=fetch, load=False)


def _known(found: Answer, output: str) -> tuple[Fingerprint, str] | None:
    """Return fingerprint and type of an output that is in the store."""
    if found.record is None:
        return None
    for part in found.record.artifacts:
        if part.name == output and part.fingerprint is not None:
            return part.fingerprint, part.type_name
    return None


def _value(found: Answer, output: str, invocation: Invocation, store: Store | None) -> Any:
    """Return an output as a value of its reader's own, so that readers cannot disturb each other."""
    if found.record is not None and store is not None:
        values = store.load(found.record, invocation.call.function.__globals__)
        if output in values:
            return values[output]
    assert found.values is not None
    return found.values[output]


def _step_run(invocation: Invocation, found: Answer, store: Store | None) -> StepRun:
    namespace = invocation.call.function.__globals__
    outputs = {name: Output(name, found, store, namespace) for name in invocation.call.outputs}
    duration = found.record.duration_s if found.cached and found.record else found.duration_s
    return StepRun(
        invocation.node, "cached" if found.cached else "completed", found.reason, duration, outputs
    )
