"""The forecast of a notebook's steps: decided one after the other, none is run.

What an upstream step gives is known by the fingerprints in its record, so a
chain of hits is followed without loading anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zen_nb.core.model import Component, Fingerprint, Step
from zen_nb.core.options import Setting
from zen_nb.engine.decide import Decision, Question, decide, known_outputs
from zen_nb.engine.earlier import Comparison
from zen_nb.engine.forecast import Forecast
from zen_nb.notebook.execution import Execution

if TYPE_CHECKING:
    from zen_nb.notebook.session import RunOptions, Session


def outlook(
    session: Session, steps: list[Step], options: RunOptions
) -> Iterator[tuple[str, Forecast]]:
    """Yield the forecast of each of `steps`, in order; each takes its time when it is asked for."""
    overrides = session.parameters_for(steps, options.parameters or {})
    walk = _Walk(session, options)
    for step in steps:
        yield step.name, walk.take(step, overrides[step.name])


def not_reached(
    session: Session, found: dict[str, Forecast], before: Mapping[str, Forecast]
) -> dict[str, Forecast]:
    """Return what is to be thought of steps that a forecast has not reached yet.

    Where something that they depend on runs they wait for it; the others stay as they were.
    """
    unsure = {name: name for name, one in found.items() if one.what != "hit"}
    left = {}
    readers: dict[str, list[str]] = {}
    for edge in session.registry.edges():
        readers.setdefault(edge.target, []).append(edge.source)
    for name in session.registry.names:
        if name in found:
            continue
        cause = next((unsure[up] for up in readers.get(name, ()) if up in unsure), None)
        if cause is not None:
            unsure[name] = cause
            setting = Setting(True, "the default")
            took = session.ahead.last_took_s(name)
            reason = f"waits for {cause}"
            left[name] = Forecast("waiting", reason, "waiting", (), setting, None, took)
        elif name in before:
            left[name] = before[name]
    return left


def asked_now(session: Session, step: Step, options: RunOptions) -> tuple[Question, str]:
    """Return what `step` would be asked now, and which step it waits for, or ``""``."""
    walk = _Walk(session, options)
    for other in session.registry.steps_of(session.registry.pipeline()):
        if other.name == step.name:
            break
        forecast = walk.take(other, {})
        log = session.logs.get(other.name)
        if forecast.kind in ("refused", "off") and log is not None and log.duration_s is not None:
            walk.settle(other)
    question = walk.question(step, {})
    return question, walk.awaited(step, question)


class _Walk:
    """What is known of names so far: fingerprints, or the step that must run to give them."""

    def __init__(self, session: Session, options: RunOptions) -> None:
        self._session = session
        self._options = options
        self._known: dict[str, Fingerprint] = {}
        self._unsure: dict[str, str] = {}
        # Known from a record, while the namespace may hold an older value.
        self._elsewhere: set[str] = set()

    def take(self, step: Step, parameters: dict[str, Any]) -> Forecast:
        """Return the forecast of `step`, and take in what it gives."""
        forecast = self._forecast(step, parameters)
        for name in step.writes:
            self._known.pop(name, None)
            self._unsure.pop(name, None)
            self._elsewhere.discard(name)
        if forecast.what == "hit" and forecast.record is not None:
            known = known_outputs(forecast.record)
            self._known.update(known)
            log = self._session.logs.get(step.name)
            if log is not None and log.record == forecast.record:
                self._elsewhere.difference_update(known)
            else:
                self._elsewhere.update(known)
        else:
            self._unsure.update(dict.fromkeys(step.writes, step.name))
        return forecast

    def settle(self, step: Step) -> None:
        """Take what a step that is never a hit gave last, which the namespace holds."""
        for name in step.writes:
            if name in self._session.shell.user_ns:
                self._unsure.pop(name, None)

    def question(self, step: Step, parameters: dict[str, Any]) -> Question:
        """Return what `step` would be asked after those that were taken before."""
        question = Execution(
            step,
            self._session.shell,
            store=self._session.store,
            setting=self._session.setting(step, self._options),
            parameters={**step.parameters, **parameters},
            known=self._known,
            keep=self._options.keep,
        ).question()
        return self._without_elsewhere(question)

    def _without_elsewhere(self, question: Question) -> Question:
        """Show nothing of values that the namespace does not hold: it may hold older ones."""
        other = question.otherwise
        if other is not None:
            question = replace(question, otherwise=lambda: self._without_elsewhere(other()))
        elsewhere = self._elsewhere
        if not elsewhere:
            return question
        components = tuple(
            Component(part.label, part.digest)
            if part.kind in ("input", "global") and part.name in elsewhere
            else part
            for part in question.ingredients.components
        )
        return replace(question, ingredients=replace(question.ingredients, components=components))

    def awaited(self, step: Step, question: Question) -> str:
        """Return the step that must run before it is known what `step` reads, or ``""``.

        What is left under names that the step is to bind need not be known for a hit.
        """
        unsure = [name for name in step.reads if name in self._unsure]
        if not unsure:
            return ""
        alone = replace(question, otherwise=None)
        is_apart = question.ingredients.apart.issuperset(unsure)
        is_hit = is_apart and decide(alone, self._session.store).hit
        return "" if is_hit else self._unsure[unsure[0]]

    def _forecast(self, step: Step, parameters: dict[str, Any]) -> Forecast:
        session = self._session
        took = session.ahead.last_took_s(step.name)
        question = self.question(step, parameters)
        setting, awaited = question.setting, self.awaited(step, question)
        if awaited and setting.enabled and not question.refusal:
            reason = f"waits for {awaited}"
            return Forecast("waiting", reason, "waiting", (), setting, None, took)
        decision = decide(question, session.store)
        if decision.record is not None:
            accepted = decision.accepted is not None
            return Forecast(
                "hit", decision.reason, "hit", (), setting, decision.record, 0.0, accepted
            )
        why = tuple(str(change) for change in decision.changes)
        return Forecast(
            "run",
            decision.reason,
            decision.kind,
            why,
            setting,
            None,
            took,
            comparison=self._compared(decision),
        )

    def _compared(self, decision: Decision) -> Comparison:
        """Return what the decision was made by; where caching is off, what a look would tell."""
        if decision.kind != "off":
            return decision.comparison
        asked = replace(decision.question, setting=Setting(True, "this look"))
        found = decide(asked, self._session.store)
        return found.comparison if found.record is None else Comparison(found.record)
