"""Whether a step must run: reads the store and the world, never runs a body."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from zen_nb.core.model import Fingerprint, Record, Trace
from zen_nb.core.options import Setting
from zen_nb.engine.earlier import (
    NOTHING,
    Comparison,
    leaves_out,
    nearest_outside,
    nearest_record,
    of_key,
)
from zen_nb.engine.explain import Change, distance
from zen_nb.engine.standing import broken
from zen_nb.identity.ingredients import Ingredients
from zen_nb.store.acceptances import Acceptance
from zen_nb.store.records import Store

_LONGEST_REASON = 160
# A shared store is not asked again so soon: for a run, and for what only tells what would run.
ASKED_WITHIN_S = 5.0
FORECAST_WITHIN_S = 60.0
_NOT_ASKED = ("refused", "off")
_Check: TypeAlias = "Callable[[Trace], str | None]"
# What tells a record that was made in this run from one that was there: key and time.
MadeRecord: TypeAlias = tuple[Fingerprint, float]


@dataclass(frozen=True, slots=True)
class Question:
    """A step about to run, with all that bears on the decision.

    Attributes
    ----------
    refusal
        Why the step cannot be cached at all; ``""`` where it can.
    keep
        Whether the result may be stored.
    otherwise
        Gives what is asked where something is left under names that the ingredients leave
        out, and the run does not bind them; ``None`` where they leave out nothing.
    as_loaded
        Gives the same question with modules as they are loaded, not as their sources say.
    """

    step: str
    ingredients: Ingredients
    setting: Setting = Setting(True, "the default")
    expires_after_s: float | None = None
    refusal: str = ""
    keep: bool = True
    ignored: frozenset[str] = frozenset()
    otherwise: Callable[[], Question] | None = None
    as_loaded: Callable[[], Question] | None = None

    def as_it_would_run(self) -> Question:
        """Return the question that a run answers, where modules cannot be loaded once more."""
        asked = self.as_loaded if self.ingredients.relived else None
        return self if asked is None else asked()


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why.

    Attributes
    ----------
    record
        What to serve; ``None`` when the step runs.
    reason
        One clause for the status line: ``param gamma 0.001 → 0.0001``.
    comparison
        With the nearest earlier record of the step.
    refusal
        Why the result will not be stored; ``""`` where it will.
    accepted
        On whose word a record of another key or state is served; ``None`` where it is the
        step's own.
    otherwise
        Of a run that is still to show which of two keys is its own: the decision of the other.
    """

    question: Question
    key: Fingerprint
    record: Record | None
    reason: str
    kind: str
    comparison: Comparison = NOTHING
    refusal: str = ""
    accepted: Acceptance | None = None
    otherwise: Decision | None = None

    @property
    def hit(self) -> bool:
        return self.record is not None

    @property
    def changes(self) -> tuple[Change, ...]:
        """What changed since the nearest earlier record of the step."""
        return self.comparison.changes


def decide(
    question: Question,
    store: Store | None,
    *,
    check: Callable[[Trace], str | None] = broken,
    within_s: float = FORECAST_WITHIN_S,
) -> Decision:
    """Return whether `question` is answered by a record, and by which.

    A record is served only when its key agrees, or was accepted as equal by the user, every
    trace of it still holds and it has not expired. Damaged and missing records are reasons,
    never errors. Where leftovers may count, a record that does without them comes first.

    Parameters
    ----------
    within_s
        A shared store that was asked for a key so lately is not asked again.
    """
    decision = _decide_here(question, store, check)
    if decision.hit or store is None or store.shared is None or decision.kind in _NOT_ASKED:
        return decision
    keys = {question.ingredients.key, decision.key}
    keys |= set() if decision.otherwise is None else {decision.otherwise.key}
    brought = [store.bring(key, within_s) for key in sorted(keys)]
    if any(one.new for one in brought):
        decision = _decide_here(question, store, check)
    refused = next((one.refused for one in brought if one.refused), "")
    if refused and not decision.hit:
        return replace(decision, reason=f"{decision.reason}; {refused}")
    return decision


def _decide_here(question: Question, store: Store | None, check: _Check) -> Decision:
    """Return whether `question` is answered by a record of this user's store, and by which."""
    decision = _decide(question, store, check)
    if question.otherwise is None or decision.hit or decision.kind == "refused":
        return decision
    other = _decide(question.otherwise(), store, check)
    if other.hit or store is None:
        return other
    nearer, farther = sorted((decision, other), key=lambda one: _strangeness(one, store))
    return replace(nearer, otherwise=farther)


def _strangeness(decision: Decision, store: Store) -> tuple[bool, bool, float]:
    """Return how far the record of a run that would not be cached is from what it would be.

    A record that was made without what was left under a name is no kin of a question with it.
    """
    record, question = decision.comparison.record, decision.question.ingredients
    if decision.kind in ("refused", "new") or record is None:
        return True, decision.kind in ("refused", "new"), 0.0
    before = store.components(record)
    is_kin = bool(question.apart) == leaves_out(before)
    return False, not is_kin, distance(before, question.components)


def _decide(question: Question, store: Store | None, check: _Check) -> Decision:
    """Return whether `question` alone is answered by a record, and by which."""
    if question.ingredients.relived and not _is_answered(question, store, check):
        question = question.as_it_would_run()
    key = question.ingredients.key
    refusal = question.refusal or _no_fingerprint(question.ingredients)
    if refusal:
        return Decision(question, key, None, refusal, "refused", refusal=refusal)
    kept_out = "" if question.keep else "--no-store is set"
    if store is None:
        return Decision(
            question, key, None, "the store is not available", "refused", refusal=kept_out
        )
    if not question.setting.enabled:
        reason = f"caching is off, set by {question.setting.source}"
        return Decision(question, key, None, reason, "off", refusal=kept_out)
    found = _look_up(question, key, store, check)
    if found.record is None and not found.reason:
        comparison, reason, kind = _explain(question, store)
        return Decision(question, key, None, reason, kind, comparison, kept_out)
    if found.record is None:
        comparison, reason = _explain_own(question, found, store, check)
        return Decision(question, key, None, reason, found.kind, comparison, kept_out)
    return Decision(
        question, key, found.record, found.reason, found.kind, NOTHING, kept_out, found.accepted
    )


def _is_answered(question: Question, store: Store | None, check: _Check) -> bool:
    if store is None or not question.setting.enabled or question.refusal:
        return False
    return _look_up(question, question.ingredients.key, store, check).record is not None


def _no_fingerprint(ingredients: Ingredients) -> str:
    for label, error in ingredients.problems.items():
        name = label.partition(":")[2] or label
        return f"`{name}`: {error}; make it inside the step, or pass --ignore {name}"
    return ""


@dataclass(frozen=True, slots=True)
class _Found:
    record: Record | None = None
    reason: str = ""
    kind: str = ""
    accepted: Acceptance | None = None


def _look_up(question: Question, key: Fingerprint, store: Store, check: _Check) -> _Found:
    """Return the newest record that holds; else the reason of the newest that does not.

    What the user accepted for the key is asked where the key has none of its own.
    """
    lookup = store.find(key)
    own = _newest(((record, record.trace) for record in lookup.found), question, check)
    if own.record is not None:
        return own
    accepted = store.acceptances.find(key)
    found = [accepted_record(part, store, question, check) for part in accepted.found]
    for part in found:
        if part.record is not None:
            return part
    refused = [*lookup.refused, *accepted.refused]
    missed = [own, *found, *(_Found(None, why, _kind_of(why)) for why in refused)]
    return next((part for part in missed if part.reason), _Found())


def accepted_record(
    acceptance: Acceptance, store: Store, question: Question | None = None, check: _Check = broken
) -> _Found:
    """Return the record that `acceptance` serves now, or why it serves none."""
    lookup = store.find(acceptance.target)
    records = [record for record in lookup.found if acceptance.covers(record)]
    said = acceptance.trace
    held = ((record, record.trace if said is None else said) for record in records)
    found = _newest(held, question, check)
    if found.record is not None:
        when = moment(found.record.created_at)
        reason = f"accepted as equal to the record of {when} ({in_words(acceptance.changes)})"
        return _Found(found.record, reason, "hit", acceptance)
    if not records:
        why = next(iter(lookup.refused), "it is gone")
        return _Found(None, f"the record accepted for it cannot be served: {why}", _kind_of(why))
    return found


def _newest(
    held: Iterable[tuple[Record, tuple[Trace, ...]]], question: Question | None, check: _Check
) -> _Found:
    """Return the first record whose trace holds and that has not expired."""
    missed = _Found()
    expires_after_s = None if question is None else question.expires_after_s
    for record, trace in held:
        if expires_after_s is not None and time.time() - record.created_at > expires_after_s:
            missed = missed if missed.reason else _Found(None, "its record has expired", "expired")
            continue
        fault = next(filter(None, map(check, trace)), None)
        if fault is None:
            return _Found(record, "nothing it depends on has changed", "hit")
        missed = missed if missed.reason else _Found(None, fault, "changed")
    return missed


def _kind_of(refused: str) -> str:
    return "evicted" if refused.startswith("evicted") else "damaged"


def moment(seconds: float) -> str:
    """Return a time as a person reads it, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _explain(question: Question, store: Store) -> tuple[Comparison, str, str]:
    found = nearest_record(question.step, question.ingredients.components, store)
    if found.record is None:
        return NOTHING, "first run", "new"
    if not found.changes:
        return found, "its record is gone", "evicted"
    return found, in_words(found.changes), "changed"


def _explain_own(
    question: Question, found: _Found, store: Store, check: _Check
) -> tuple[Comparison, str]:
    """Return what is said of a key that has a record of its own, which does not hold."""
    key = question.ingredients.key
    if found.kind == "changed":
        comparison = nearest_outside(store.find(key).found, check)
        if comparison.changes:
            return comparison, in_words(comparison.changes)
    return of_key(question.step, key, store), found.reason


def in_words(found: Sequence[object], most: int = 3) -> str:
    """Return the first changes in one clause of bounded length."""
    words: list[str] = []
    for change in found[:most]:
        words.append(str(change))
        if sum(map(len, words)) > _LONGEST_REASON:
            break
    shown = ("; " if any(", " in part for part in words) else ", ").join(words)
    left = len(found) - len(words)
    return f"{shown} and {left} more" if left else shown


def known_outputs(record: Record) -> Mapping[str, Fingerprint]:
    """Return the fingerprints of a record's artifacts that have one."""
    return {part.name: part.fingerprint for part in record.artifacts if part.fingerprint}
