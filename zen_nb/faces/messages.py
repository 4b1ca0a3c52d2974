"""What a page may ask: checked against a schema and a size before anything acts on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from zen_nb.core.errors import UnknownStep, UsageError

LONGEST_NAME: Final = 500
"""Characters; longer than any name a step can sensibly have."""

_Field = tuple[type, ...]
_KINDS: Final[dict[str, dict[str, _Field]]] = {
    "toggle": {"step": (str, type(None)), "value": (bool, type(None))},
    "clear_toggles": {},
    "run": {"to": (str, type(None)), "all": (bool,)},
    "stop": {},
    "afresh": {"step": (str, type(None))},
    "pin": {"step": (str,), "value": (bool,)},
    "forget": {"step": (str,)},
    "details": {"step": (str,)},
    "resend": {},
}
_NAMES_A_STEP: Final = ("step", "to")


def checked(content: object, steps: Collection[str], buffers: object = ()) -> Mapping[str, Any]:
    """Return `content` as a message with exactly the fields of its kind, or raise `UsageError`.

    Parameters
    ----------
    content
        What the page sent; nothing about it is trusted.
    steps
        Names of the steps there are; a message can name no other.
    buffers
        Binary parts that came with it; there must be none.
    """
    if buffers:
        raise UsageError("a message from the page carries no buffers; reload the page")
    if not isinstance(content, dict):
        raise UsageError("a message from the page must be an object; reload the page")
    kind = content.get("kind")
    fields = _KINDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise UsageError(f"the page asked for something unknown; known are {', '.join(_KINDS)}")
    if set(content) != {"kind", *fields}:
        raise UsageError(f"a {kind!r} message has exactly {['kind', *fields]}; reload the page")
    for field, types in fields.items():
        if type(content[field]) not in types:
            raise UsageError(f"field {field!r} of a {kind!r} message has the wrong type")
    for field in _NAMES_A_STEP:
        _check_name(content.get(field), steps)
    return dict(content)


def _check_name(name: str | None, steps: Collection[str]) -> None:
    if name is None:
        return
    if len(name) > LONGEST_NAME:
        raise UsageError(f"a step's name has at most {LONGEST_NAME} characters")
    if name not in steps:
        raise UnknownStep(name, sorted(steps))
