"""What step functions were asked last in this process, and what the same call would be asked now.

Of the arguments only their fingerprints are kept, and scalars: nothing large stays alive.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any, NamedTuple

from zen_nb.core.errors import NoFingerprint, UnknownStep, UsageError
from zen_nb.core.model import Component, Fingerprint, StepOptions
from zen_nb.core.options import Setting
from zen_nb.engine.body import Call
from zen_nb.engine.decide import Decision, Question
from zen_nb.engine.earlier import NOTHING, Comparison
from zen_nb.identity.call_ingredients import of_function
from zen_nb.identity.code import is_atom
from zen_nb.identity.ingredients import Ingredients

_ARGUMENTS = ("input", "param")


class _Asked(NamedTuple):
    """One call; a plain tuple, since one is made on every call.

    Attributes
    ----------
    names
        Of the arguments that were given by value.
    scalars
        Those of them that are scalars.
    given
        Fingerprint and type name of those that an earlier step of a pipeline gave.
    digests
        Of all ingredients, by label.
    comparison
        What changed since the nearest earlier record; on a hit the record alone.
    """

    function: Callable[..., Any]
    outputs: tuple[str, ...]
    options: StepOptions
    setting: Setting
    names: tuple[str, ...]
    scalars: Mapping[str, Any]
    given: Mapping[str, tuple[Fingerprint, str]]
    digests: Mapping[str, Fingerprint]
    problems: Mapping[str, NoFingerprint]
    comparison: Comparison


_asked: dict[str, _Asked] = {}
_noted: dict[str, Decision | None] = {}


def note(call: Call, decision: Decision) -> None:
    """Keep what `call` was asked, instead of what its step was asked before."""
    if _noted.get(call.name) is decision:
        return
    ingredients = decision.question.ingredients
    # It must keep no input alive, nor, by what would fetch one, the run that it was made in.
    _noted[call.name] = None if ingredients.held or call.given else decision
    _asked[call.name] = _Asked(
        call.function,
        call.outputs,
        call.options,
        call.setting,
        tuple(call.arguments),
        {name: value for name, value in call.arguments.items() if is_atom(value)},
        call.given,
        {part.label: part.digest for part in ingredients.components},
        ingredients.problems,
        decision.comparison if decision.record is None else Comparison(decision.record),
    )


def compared(name: str) -> Comparison:
    """Return with which record the last call of step `name` was compared, or that it served."""
    asked = _asked.get(name)
    return NOTHING if asked is None else asked.comparison


def known() -> list[str]:
    """Return the names of the steps that were called."""
    return list(_asked)


def asked_now(name: str) -> Question:
    """Return what the last call of step `name` would be asked now, with its code as it is now.

    Raises
    ------
    UnknownStep
        Where it has not been called in this process.
    UsageError
        Where it takes other arguments now.
    """
    asked = _asked.get(name)
    if asked is None:
        raise UnknownStep(name, known())
    function, outputs, options = _present(asked)
    if {*asked.names, *asked.given} != set(inspect.signature(function).parameters):
        raise UsageError(
            f"{name} takes other arguments than in its last call; "
            "call it again (the call can be interrupted)"
        )
    return Question(
        step=name,
        ingredients=_ingredients(asked, function, outputs, options),
        setting=asked.setting,
        expires_after_s=options.expires_after_s,
        keep=options.keep,
        ignored=options.ignore,
    )


def _present(asked: _Asked) -> tuple[FunctionType, tuple[str, ...], StepOptions]:
    """Return the function of a call as it is defined now, where its module defines it anew."""
    old: Any = asked.function
    found: Any = old.__globals__.get(old.__name__)
    new = getattr(found, "__zen_nb_function__", old)
    if new is old or new.__qualname__ != old.__qualname__:
        return old, asked.outputs, asked.options
    return new, found.outputs, found.options


def _ingredients(
    asked: _Asked, function: FunctionType, outputs: tuple[str, ...], options: StepOptions
) -> Ingredients:
    prints = {
        label.partition(":")[2]: digest
        for label, digest in asked.digests.items()
        if label.partition(":")[0] in _ARGUMENTS
    }
    others = set(asked.names) - asked.scalars.keys() - asked.given.keys() - options.ignore
    given = {name: (prints[name], "") for name in others if name in prints} | dict(asked.given)
    now = of_function(function, asked.scalars, given=given, ignore=options.ignore, outputs=outputs)
    problems = {
        label: error
        for label, error in asked.problems.items()
        if label.partition(":")[0] in _ARGUMENTS
    }
    components = (*now.components, *_besides(asked, now))
    return replace(now, components=components, problems={**problems, **now.problems})


def _besides(asked: _Asked, now: Ingredients) -> list[Component]:
    """Return what arguments bring besides their fingerprints: which are one object, say.

    That cannot be asked again; it is known where nothing else has changed.
    """
    here = {part.label: part.digest for part in now.components}
    if not here.items() <= asked.digests.items():
        return []
    return [Component(label, asked.digests[label]) for label in asked.digests.keys() - here.keys()]
