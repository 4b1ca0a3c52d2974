"""Whether a step must run: reads the store and the world, never runs a body."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zen_nb.core.model import Component, Fingerprint, Record, Trace
from zen_nb.core.options import Setting
from zen_nb.engine.explain import Change, nearest
from zen_nb.identity.ingredients import Ingredients
from zen_nb.observe.traces import broken
from zen_nb.store.records import Store

_COMPARED = 12


@dataclass(frozen=True, slots=True)
class Question:
    """A step about to run, with all that bears on the decision.

    Attributes
    ----------
    refusal
        Why the step cannot be cached at all; ``""`` where it can.
    keep
        Whether the result may be stored.
    """

    step: str
    ingredients: Ingredients
    setting: Setting = Setting(True, "the default")
    expires_after_s: float | None = None
    refusal: str = ""
    keep: bool = True
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why.

    Attributes
    ----------
    record
        What to serve; ``None`` when the step runs.
    reason
        One clause for the status line: ``param gamma 0.001 → 0.0001``.
    changes
        Against the nearest earlier record of the step.
    refusal
        Why the result will not be stored; ``""`` where it will.
    """

    question: Question
    key: Fingerprint
    record: Record | None
    reason: str
    kind: str
    changes: tuple[Change, ...] = ()
    refusal: str = ""

    @property
    def hit(self) -> bool:
        return self.record is not None


def decide(
    question: Question, store: Store | None, *, check: Callable[[Trace], str | None] = broken
) -> Decision:
    """Return whether `question` is answered by a record, and by which.

    A record is served only when its key agrees, every trace of it still holds and
    it has not expired. Damaged and missing records are reasons, never errors.
    """
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
    record, reason, kind = _look_up(question, key, store, check)
    changes: tuple[Change, ...] = ()
    if record is None and not reason:
        changes, reason, kind = _explain(question, store)
    return Decision(question, key, record, reason, kind, changes, kept_out)


def _no_fingerprint(ingredients: Ingredients) -> str:
    for label, error in ingredients.problems.items():
        name = label.partition(":")[2] or label
        return f"`{name}`: {error}; make it inside the step, or pass --ignore {name}"
    return ""


def _look_up(
    question: Question, key: Fingerprint, store: Store, check: Callable[[Trace], str | None]
) -> tuple[Record | None, str, str]:
    """Return the newest record that holds; else the reason of the newest that does not."""
    found = store.find(key)
    reason, kind = "", ""
    for record in found.found:
        if (
            question.expires_after_s is not None
            and time.time() - record.created_at > question.expires_after_s
        ):
            reason, kind = reason or "its record has expired", kind or "expired"
            continue
        fault = next(filter(None, map(check, record.trace)), None)
        if fault is None:
            return record, "nothing it depends on has changed", "hit"
        reason, kind = reason or fault, kind or "changed"
    if not reason and found.refused:
        reason = found.refused[0]
        kind = "evicted" if reason.startswith("evicted") else "damaged"
    return None, reason, kind


def _explain(question: Question, store: Store) -> tuple[tuple[Change, ...], str, str]:
    candidates = _earlier(question.step, store)
    found = nearest(candidates, question.ingredients.components)
    if found is None:
        return (), "first run", "new"
    if not found:
        return (), "its record is gone", "evicted"
    return found, in_words(found), "changed"


def _earlier(step: str, store: Store) -> list[tuple[Component, ...]]:
    return [store.components(record) for record in store.history(step, _COMPARED)]


def in_words(found: tuple[Change, ...], most: int = 3) -> str:
    """Return the first changes in one clause."""
    words = ", ".join(str(change) for change in found[:most])
    return f"{words} and {len(found) - most} more" if len(found) > most else words


def known_outputs(record: Record) -> Mapping[str, Fingerprint]:
    """Return the fingerprints of a record's artifacts that have one."""
    return {part.name: part.fingerprint for part in record.artifacts if part.fingerprint}
