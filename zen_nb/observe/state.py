"""The state of an object, apart from its identity: taken from one, given to another."""

from __future__ import annotations

import random
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, MethodType, SimpleNamespace
from typing import Any

from zen_nb.observe.places import attributes_of, can_be_shared, is_array, is_frame, slots_of

_HEAP_TYPE = 1 << 9
_POINTER_BYTES = tuple.__itemsize__
_PLAIN_BASES = frozenset(
    {object, list, dict, OrderedDict, defaultdict, set, deque, bytearray, SimpleNamespace}
)


@dataclass(frozen=True, slots=True)
class State:
    """What one object holds, its parts as they are.

    Attributes
    ----------
    content
        Elements of a container, values of an array, a frame, the state of a generator.
    attributes
        Its ``__dict__`` and slots.
    """

    kind: str
    content: Any
    attributes: dict[str, Any]


def is_fixed(value: Any) -> bool:
    """Tell whether an object without a state to give cannot change: it is compared by value."""
    bound = isinstance(value, (MethodType, BuiltinFunctionType, partial))
    return bound or is_frame(value) or not can_be_shared(value) or type(value) is object


def state_of(value: Any) -> State | None:
    """Return the state of an object that can change; ``None`` where it cannot be told."""
    if isinstance(value, Enum):
        return None
    if is_frame(value):
        return (
            State("frame", value.copy(deep=False), {})
            if hasattr(value, "_update_inplace")
            else None
        )
    if is_array(value):
        numpy = sys.modules["numpy"]
        return State("array", value.view(numpy.ndarray), attributes_of(value))
    taken = _generator_state(value)
    if taken is not None:
        return State("generator", taken, {})
    kind = _container_kind(value)
    if kind is None and not _holds_attributes_alone(type(value)):
        return None
    return State(kind or "instance", _content(kind, value), attributes_of(value))


def hidden_part(value: Any) -> Any:
    """Return an object of its own that `value` holds and that no path leads to; else ``None``."""
    held = value if isinstance(value, set) else value.keys() if isinstance(value, dict) else ()
    by_identity: Any = object.__hash__
    own = (part for part in held if type(part).__hash__ is by_identity and not callable(part))
    return next(filter(can_be_shared, own), None)


def fits(target: Any, state: State) -> bool:
    """Tell whether `give_state` can give `state` to `target`."""
    if state.kind == "array":
        same = (
            is_array(target)
            and target.shape == state.content.shape
            and target.dtype == state.content.dtype
        )
        return same and bool(target.flags.writeable)
    if state.kind == "frame":
        return type(target) is type(state.content)
    if state.kind == "generator":
        return _generator_state(target) is not None
    return _container_kind(target) == (None if state.kind == "instance" else state.kind)


def give_state(target: Any, state: State) -> None:
    """Let `target` hold what `state` says, so that every reference to it sees the change."""
    content = state.content
    match state.kind:
        case "frame":
            _give_frame(target, content)
            return
        case "generator":
            _give_generator(target, content)
            return
        case "array":
            target[...] = content
        case "list" | "bytearray":
            target[:] = content
        case "mapping":
            kind = _mapping_type(target)
            kind.clear(target)
            for key, part in content:
                kind.__setitem__(target, key, part)
        case "set":
            target.clear()
            target.update(content)
        case "deque":
            target.clear()
            target.extend(content)
    _give_attributes(target, state.attributes)


def _container_kind(value: Any) -> str | None:
    for kind, name in ((list, "list"), (bytearray, "bytearray"), (set, "set"), (deque, "deque")):
        if isinstance(value, kind):
            return name
    return "mapping" if isinstance(value, dict) else None


def _content(kind: str | None, value: Any) -> Any:
    if kind is None:
        return None
    if kind == "bytearray":
        return bytes(value)
    if kind == "mapping":
        return [*_mapping_type(value).items(value)]
    return [*value]


def _mapping_type(value: Any) -> Any:
    """Return the type whose methods read and write a mapping without the user's own code."""
    return OrderedDict if isinstance(value, OrderedDict) else dict


def _holds_attributes_alone(kind: type) -> bool:
    """Tell whether all that instances hold is in ``__dict__`` and slots: no state of C code."""
    bases = [part for part in kind.__mro__ if part in _PLAIN_BASES]
    if not all(part in bases or part.__flags__ & _HEAP_TYPE for part in kind.__mro__):
        return False
    plain = max(part.__basicsize__ for part in bases)
    slots = sum(len(slots_of(part)) for part in kind.__mro__ if part not in bases)
    extra = slots + bool(kind.__dictoffset__) + bool(kind.__weakrefoffset__)
    return kind.__basicsize__ - plain <= extra * _POINTER_BYTES


def _give_attributes(target: Any, attributes: Mapping[str, Any]) -> None:
    slots = {name for kind in type(target).__mro__ for name in slots_of(kind)}
    fields = getattr(target, "__dict__", None)
    if type(fields) is dict:
        fields.clear()
        fields.update((name, part) for name, part in attributes.items() if name not in slots)
    for name in slots:
        if name in attributes:
            object.__setattr__(target, name, attributes[name])
        elif name in attributes_of(target):
            object.__delattr__(target, name)


def _give_frame(target: Any, value: Any) -> None:
    # What pandas itself does for its own inplace methods: take over the other's blocks.
    target._update_inplace(value)
    target.attrs = value.attrs
    if hasattr(value, "name") and value.ndim == 1:
        target.name = value.name


def _generator_state(value: Any) -> Any:
    """Return the state of a random generator; ``None`` for anything else."""
    if isinstance(value, random.Random) and type(value) is not random.SystemRandom:
        return value.getstate()
    numpy = sys.modules.get("numpy.random")
    if numpy is None:
        return None
    if isinstance(value, numpy.Generator):
        return value.bit_generator.state
    if isinstance(value, numpy.BitGenerator):
        return value.state
    return value.get_state(legacy=False) if isinstance(value, numpy.RandomState) else None


def _give_generator(target: Any, taken: Any) -> None:
    if isinstance(target, random.Random):
        target.setstate(taken)
    elif hasattr(target, "bit_generator"):
        target.bit_generator.state = taken
    elif hasattr(target, "set_state"):
        target.set_state(taken)
    else:
        target.state = taken
