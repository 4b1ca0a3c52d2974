"""A call of a step function: served from a record, or run, observed and stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, Literal

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.events import Listener, StepCached, StepFailed, StepFinished, StepStarted
from zen_nb.core.model import Fingerprint, Record
from zen_nb.core.options import Setting
from zen_nb.engine import again
from zen_nb.engine.body import Call, invoke, named_outputs
from zen_nb.engine.decide import Decision, MadeRecord, Question, decide
from zen_nb.engine.flight import Hold, Waiting, decide_alone
from zen_nb.engine.inplace import InPlace
from zen_nb.engine.perform import Attempt, Made, Outcome, Served, serve
from zen_nb.identity.call_ingredients import of_function
from zen_nb.identity.ingredients import Ingredients
from zen_nb.identity.kept import Kept
from zen_nb.observe.ambient import restore
from zen_nb.observe.display import capture_for
from zen_nb.observe.replay import replay
from zen_nb.observe.transcript import Transcript
from zen_nb.observe.watch import StepWatch
from zen_nb.store.records import Store

_EMPTY = Transcript()
# The second is what earlier versions wrote.
_SHOWS_NOTHING = (b"", b"[]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls are answered.

    Attributes
    ----------
    store
        ``None`` where there is none: every call runs.
    shell
        The IPython shell whose page shows what functions show; ``None`` in a script.
    tell
        Is handed every event; ``None`` where nobody listens.
    heed
        Is handed each call with what was decided on it, before anything is done.
    waiting
        Is told while another process computes the same.
    ahead
        The call is made before its turn: only the store is to be filled, nothing shown or
        changed. ``beside`` others in this process, or ``apart`` in one of its own.
    """

    store: Store | None = None
    shell: Any = None
    tell: Listener | None = None
    heed: Callable[[Call, Decision], None] | None = None
    waiting: Waiting | None = None
    ahead: Literal["", "beside", "apart"] = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave.

    Attributes
    ----------
    cached
        A record was served.
    values
        Outputs by name; ``None`` where they are still in the store.
    """

    cached: bool
    record: Record | None
    values: Mapping[str, Any] | None
    reason: str
    note: str = ""
    duration_s: float = 0.0
    fingerprints: Mapping[str, Fingerprint] = field(default_factory=dict)


def answer(
    call: Call, place: Place, *, fetch: Callable[[str], Any] | None = None, load: bool = True
) -> Answer:
    """Return what `call` gives, from a record or from a run.

    Parameters
    ----------
    fetch
        Gives the value of an argument in ``call.given``, for a run.
    load
        On a hit, bring the outputs back now; otherwise they stay in the store.
    """
    __tracebackhide__ = True
    hit = None if place.ahead else _again(call, place)
    if hit is not None:
        return hit
    with Hold() as hold:
        return _answer(call, place, None if fetch is None else cache(fetch), hold, load=load)


def _answer(
    call: Call, place: Place, fetch: Callable[[str], Any] | None, hold: Hold, *, load: bool
) -> Answer:
    __tracebackhide__ = True
    try:
        decision = decide_alone(_question(call, fetch), place.store, hold, place.waiting)
    except Exception as fault:  # ours: the call is the user's and must stand
        return _run_plainly(call, place, fetch, fault)
    if place.heed is not None:
        place.heed(call, decision)
    if decision.record is not None and place.ahead:
        return Answer(True, decision.record, None, decision.reason)
    if decision.record is not None and place.store is not None:
        kept = decision.question.ingredients.kept
        served = _bring_back(decision.record, call, place.store, kept, load=load)
        if not isinstance(served, str):
            if place.tell is not None:
                place.tell(StepCached(call.name, decision.record, decision.reason))
            if served.values and not served.transcript.events and not served.changes_objects:
                again.remember(call, place.store, decision, served.values)
            return _redo(served, call, decision, place.shell)
        question = decision.question.as_it_would_run()
        key = question.ingredients.key
        decision = replace(decision, question=question, key=key, reason=served, kind="damaged")
    given = _run(call, decision, place, fetch)
    hold.end(kept=given.record is not None)
    return given


def outlook(call: Call, store: Store | None, fetch: Callable[[str], Any]) -> Decision | None:
    """Return what would be decided on `call`; ``None`` where that cannot be told."""
    try:
        return decide(_question(call, cache(fetch)), store)
    except Exception:  # told when the call is made
        return None


def adopt(
    call: Call, place: Place, made: set[MadeRecord], *, fetch: Callable[[str], Any], reason: str
) -> Answer | None:
    """Return what `call` gives by a record that was `made` elsewhere in this run, and take it out.

    ``None`` where none is what a run here would be known by: another version there, or
    something outside that is not as it was there. Then the call has to be made.
    """
    if place.store is None:
        return None
    try:
        question = _question(call, cache(fetch))
        known = replace(question, setting=Setting(True, "a run elsewhere"))
        decision = decide(known, place.store)
        record = decision.record
        if record is None or (record.key, record.created_at) not in made:
            return None
        kept = question.ingredients.kept
        served = _bring_back(record, call, place.store, kept, load=False)
    except Exception:  # told when the call is made
        return None
    if isinstance(served, str):
        return None
    made.discard((record.key, record.created_at))
    decision = replace(decision, question=question, reason=reason, kind="ran")
    if place.heed is not None:
        place.heed(call, decision)
    given = _redo(served, call, decision, place.shell)
    if place.tell is not None:
        place.tell(StepFinished(call.name, record.duration_s, record, reason))
    return replace(given, cached=False, duration_s=record.duration_s)


def _again(call: Call, place: Place) -> Answer | None:
    """Return what the same call gave before, where nothing can have changed."""
    try:
        hit = again.recall(call, place.store)
    except Exception:  # asked from the beginning, where it is judged
        return None
    if hit is None:
        return None
    if place.heed is not None:
        place.heed(call, hit.decision)
    if place.tell is not None:
        place.tell(StepCached(call.name, hit.record, hit.decision.reason))
    took, reason = hit.record.duration_s, hit.decision.reason
    return Answer(True, hit.record, hit.values, reason, duration_s=took)


def _question(
    call: Call, fetch: Callable[[str], Any] | None, *, as_loaded: bool = False
) -> Question:
    ingredients = of_function(
        call.function,
        call.arguments,
        given=call.given,
        fetch=fetch,
        ignore=call.options.ignore,
        outputs=call.outputs,
        as_loaded=as_loaded,
    )
    shared = tuple(_in_place(ingredients).shared())
    if shared:
        ingredients = replace(ingredients, components=(*ingredients.components, *shared))
    return Question(
        step=call.name,
        ingredients=ingredients,
        setting=call.setting,
        expires_after_s=call.options.expires_after_s,
        keep=call.options.keep,
        ignored=call.options.ignore,
        as_loaded=None if as_loaded else partial(_question, call, fetch, as_loaded=True),
    )


def _in_place(ingredients: Ingredients) -> InPlace:
    held = () if ingredients.problems else ingredients.held.values()
    return InPlace(held, ingredients.kept)


def _bring_back(
    record: Record, call: Call, store: Store, kept: Kept | None, *, load: bool
) -> Served | str:
    """Bring a record back; where it cannot be, say why: then the step runs.

    Where only its outputs are wanted later and nothing else is to be done, nothing is loaded.
    """
    try:
        if not load and only_binds(record) and store.transcript(record) in _SHOWS_NOTHING:
            store.use(record)
            return Served(record, {}, _EMPTY, {})
        given = places_of(call.arguments)
        return serve(record, store, call.function.__globals__, given=given, kept=kept)
    except StoreUnavailable as error:
        return str(error)


def only_binds(record: Record) -> bool:
    """Tell whether serving `record` changes nothing that exists."""
    bound = all(part.role == "bound" for part in record.artifacts)
    return bound and not record.writer.get("ambient")


def _redo(served: Served, call: Call, decision: Decision, shell: Any) -> Answer:
    """Do what the run did besides returning, and return what it returned."""
    if not served.values and not served.holders and not served.transcript.events:
        return Answer(
            True, served.record, None, decision.reason, duration_s=served.record.duration_s
        )
    served.apply()
    if served.ambient:
        restore(served.ambient)
    if served.transcript.events:
        replay(served.transcript, shell, served.results)
    values = {name: served.values[name] for name in call.outputs} if served.values else None
    took = served.record.duration_s
    return Answer(True, served.record, values, decision.reason, duration_s=took)


def places_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments by the names that places in them begin with."""
    return {f"input:{name}": value for name, value in arguments.items()}


def _run(
    call: Call, decision: Decision, place: Place, fetch: Callable[[str], Any] | None
) -> Answer:
    __tracebackhide__ = True
    fetched = {name: fetch(name) for name in call.given} if fetch is not None else {}
    arguments = {**call.arguments, **fetched}
    attempt = _attempt(call, arguments, decision, place)
    tell = place.tell or _nobody
    tell(StepStarted(call.name, time.time(), decision.reason))
    ingredients = decision.question.ingredients
    inplace = _in_place(ingredients)
    inplace.open()
    attempt.open()
    try:
        returned = invoke(call, arguments)
        values = named_outputs(call.name, call.outputs, returned)
    except BaseException as error:
        line = f"{type(error).__name__}: {error}".partition("\n")[0]
        tell(StepFailed(call.name, attempt.abandon(), line))
        raise
    try:
        outcome = attempt.close(Made(bound=values, inplace=inplace))
    except Exception as fault:  # ours: what the function returned is the user's already
        outcome = Outcome(time.time() - attempt.started_at, None, _said(fault))
    took, record, note = outcome.duration_s, outcome.record, outcome.note
    tell(StepFinished(call.name, took, record, decision.reason, note))
    return Answer(False, record, values, decision.reason, note, took, outcome.fingerprints)


def _run_plainly(
    call: Call, place: Place, fetch: Callable[[str], Any] | None, fault: Exception
) -> Answer:
    """Run the function as if there were no cache, since the cache failed."""
    __tracebackhide__ = True
    tell = place.tell or _nobody
    began = time.time()
    fetched = {name: fetch(name) for name in call.given} if fetch is not None else {}
    tell(StepStarted(call.name, began, _said(fault)))
    try:
        returned = invoke(call, {**call.arguments, **fetched})
        values = named_outputs(call.name, call.outputs, returned)
    except BaseException as error:
        line = f"{type(error).__name__}: {error}".partition("\n")[0]
        tell(StepFailed(call.name, time.time() - began, line))
        raise
    took = time.time() - began
    tell(StepFinished(call.name, took, None, "", _said(fault)))
    return Answer(False, None, values, "", _said(fault), took)


def _said(fault: Exception) -> str:
    told = f"{type(fault).__name__}: {fault}".partition("\n")[0]
    return f"zen_nb could not look after this call: {told}"


def _nobody(_: object) -> None:
    """Hear nothing."""


def _attempt(call: Call, arguments: Mapping[str, Any], decision: Decision, place: Place) -> Attempt:
    store = place.store
    strings = [*decision.question.ingredients.strings]
    strings += [
        str(part)
        for part in arguments.values()
        if isinstance(part, str) or hasattr(part, "__fspath__")
    ]
    watch = StepWatch(
        store=[str(store.folder)] if store else [],
        strings=strings,
        declared=call.options.files,
        reach="context",
    )
    return Attempt(
        decision,
        store=store,
        capture=capture_for(place.shell, "context", silent=bool(place.ahead)),
        watch=watch,
        namespace=call.function.__globals__,
        beside=place.ahead == "beside",
    )
