"""The forecast of a notebook's steps: decided one after the other, none is run.

What an upstream step gives is known by the fingerprints in its record, so a
chain of hits is followed without loading anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zen_nb.core.model import Fingerprint, Step
from zen_nb.engine.decide import decide, known_outputs
from zen_nb.engine.forecast import Forecast
from zen_nb.notebook.execution import Execution

if TYPE_CHECKING:
    from zen_nb.notebook.session import RunOptions, Session


def outlook(session: Session, steps: list[Step], options: RunOptions) -> dict[str, Forecast]:
    """Return the forecast of `steps`, in order."""
    known: dict[str, Fingerprint] = {}
    unsure: dict[str, str] = {}
    overrides = session.parameters_for(steps, options.parameters or {})
    found: dict[str, Forecast] = {}
    for step in steps:
        found[step.name] = forecast = _forecast(
            session, step, options, overrides[step.name], known, unsure
        )
        for name in step.writes:
            known.pop(name, None)
            unsure.pop(name, None)
        if forecast.what == "hit" and forecast.record is not None:
            known.update(known_outputs(forecast.record))
        else:
            unsure.update(dict.fromkeys(step.writes, step.name))
    return found


def _forecast(
    session: Session,
    step: Step,
    options: RunOptions,
    parameters: dict[str, object],
    known: dict[str, Fingerprint],
    unsure: dict[str, str],
) -> Forecast:
    setting = session.setting(step, options)
    log = session.logs.get(step.name)
    predicted = log.duration_s if log else None
    execution = Execution(
        step,
        session.shell,
        store=session.store,
        setting=setting,
        parameters={**step.parameters, **parameters},
        known=known,
        keep=options.keep,
    )
    question = execution.question()
    awaited = [unsure[name] for name in step.reads if name in unsure]
    if awaited and setting.enabled and not question.refusal:
        return Forecast(
            "waiting", f"waits for {awaited[0]}", "waiting", (), setting, None, predicted
        )
    decision = decide(question, session.store)
    if decision.record is not None:
        return Forecast("hit", decision.reason, "hit", (), setting, decision.record, 0.0)
    why = tuple(str(change) for change in decision.changes)
    return Forecast("run", decision.reason, decision.kind, why, setting, None, predicted)
