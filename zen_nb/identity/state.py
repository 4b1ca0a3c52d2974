"""States and slots of instances, as part of an encoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.attributes import claimed
from zen_nb.identity.encoding import SCALARS, number, text
from zen_nb.identity.forgotten import Neutral, forgotten, neutral
from zen_nb.identity.origin import module_origin
from zen_nb.identity.problems import inside, said_by, type_name
from zen_nb.identity.refused import GENERAL
from zen_nb.identity.values import Encoder


@dataclass(frozen=True, slots=True)
class Writing:
    """How states of a class are written.

    Attributes
    ----------
    left_out
        Attributes that do not count.
    settle
        Makes the state of an instance in use that of one that is not.
    in_order
        Whether the order counts in which attributes were set: a library's instances may set
        some when they are first used.
    """

    left_out: frozenset[str] = frozenset()
    settle: Neutral | None = None
    in_order: bool = True

    @classmethod
    def of(cls, kind: type) -> Writing:
        """Return how instances of a class are written."""
        root = claimed(kind).partition(":")[0]
        return cls(forgotten(kind), neutral(kind), in_order=module_origin(root) != "package")


_AS_IT_IS = Writing()


def write_state(encoder: Encoder, value: object, state: Any, writing: Writing = _AS_IT_IS) -> None:
    """Write the state of `value`; an error in a part of it names the part as an attribute."""
    if writing.settle is not None:
        state = writing.settle(value, state)
    if type(state) is not dict:
        encoder.encode(state)
        return
    if writing.left_out:
        state = {name: part for name, part in state.items() if name not in writing.left_out} or None
    if state is None:
        encoder.out += b"N"
    elif writing.in_order or not all(type(name) is str for name in state):
        if not encoder.again(state):
            attributes(encoder, state)
    else:
        attributes(encoder, dict(sorted(state.items())))


def attributes(encoder: Encoder, state: Mapping[Any, Any]) -> None:
    """Write a dict of attributes, as any dict."""
    encoder.out += b"d" + number(len(state))
    name: object = None
    try:
        for name, part in state.items():
            scalar = SCALARS.get(type(part))
            if type(name) is not str:
                encoder.encode(name)
            else:
                encoder.out += encoder.name(name)
            if scalar is not None:
                encoder.out += scalar(part)
            else:
                encoder.encode(part)
    except NoFingerprint as error:
        raise inside(error, f".{name}") from None


def ask(value: object, question: Callable[[], Any]) -> Any:
    """Return what an object's own method says; its refusal is a `NoFingerprint`."""
    try:
        return question()
    except (NoFingerprint, RecursionError):
        raise
    except Exception as error:
        raise NoFingerprint(type_name(type(value)), f"{GENERAL} ({said_by(error)})") from None


def write_slots(encoder: Encoder, filled: list[tuple[str, Any]]) -> None:
    """Write names and contents of the slots that are filled."""
    encoder.out += number(len(filled))
    for name, part in filled:
        encoder.out += text(name)
        encoder.part(name, part)
