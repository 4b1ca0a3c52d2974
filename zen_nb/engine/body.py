"""The body of a step function: bound to its arguments, called, its outputs named."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import FunctionType, MappingProxyType
from typing import Any

from zen_nb.core.errors import MissingOutput
from zen_nb.core.model import Fingerprint, StepOptions
from zen_nb.core.options import Setting

_NOTHING: Mapping[str, tuple[Fingerprint, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Call:
    """A step function with all its arguments bound by name.

    Attributes
    ----------
    outputs
        Names of what it returns; one name for a single value, none for ``None``.
    given
        Fingerprint and type name of arguments whose values are fetched only for a run.
    each
        The argument that holds elements, where the function calls another, its
        ``__wrapped__``, for each of them.
    """

    name: str
    function: FunctionType
    outputs: tuple[str, ...]
    arguments: Mapping[str, Any]
    given: Mapping[str, tuple[Fingerprint, str]] = field(default_factory=lambda: _NOTHING)
    options: StepOptions = StepOptions()
    setting: Setting = Setting(True, "the default")
    each: str = ""


def element_call(outer: Call, function: FunctionType, arguments: Mapping[str, Any]) -> Call:
    """Return the call that `outer` makes for one element: under its settings, kept apart."""
    options = replace(outer.options, enable_cache=None)
    return Call(
        f"{outer.name}[]",
        function,
        outer.outputs,
        arguments,
        options=options,
        setting=outer.setting,
    )


_running: ContextVar[Call | None] = ContextVar("zen_nb_running", default=None)


def running() -> Call | None:
    """Return the call whose body runs in this context."""
    return _running.get()


def invoke(call: Call, arguments: Mapping[str, Any]) -> Any:
    """Call the function with arguments bound by name, whatever kinds of parameters it has."""
    __tracebackhide__ = True
    function = call.function
    bound = inspect.BoundArguments(inspect.signature(function), OrderedDict(arguments))
    token = _running.set(call)
    try:
        return function(*bound.args, **bound.kwargs)
    finally:
        _running.reset(token)


def named_outputs(step: str, outputs: Sequence[str], returned: Any) -> dict[str, Any]:
    """Return what a function returned, by the names that it declares.

    Raises
    ------
    MissingOutput
        Where it returned more or fewer values than it declares.
    """
    if not outputs:
        return {}
    if len(outputs) == 1:
        return {outputs[0]: returned}
    if not isinstance(returned, (tuple, list)) or len(returned) != len(outputs):
        count = len(returned) if isinstance(returned, (tuple, list)) else 1
        raise MissingOutput(
            f"step {step} declares {len(outputs)} outputs ({', '.join(outputs)}) "
            f"and returned {count}; "
            "return them as a tuple in that order"
        )
    return dict(zip(outputs, returned, strict=True))
