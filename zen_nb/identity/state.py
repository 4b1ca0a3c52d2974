"""States and slots of instances, as part of an encoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.encoding import SCALARS, number, text
from zen_nb.identity.problems import inside, said_by, type_name
from zen_nb.identity.refused import GENERAL
from zen_nb.identity.values import Encoder


def write_state(encoder: Encoder, state: object, left_out: frozenset[str] = frozenset()) -> None:
    """Write a state; an error in a part of it names the part as an attribute."""
    if type(state) is not dict:
        encoder.encode(state)
    elif left_out:
        kept = {name: part for name, part in state.items() if name not in left_out}
        write_state(encoder, kept or None)
    elif not encoder.again(state):
        attributes(encoder, state)


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
