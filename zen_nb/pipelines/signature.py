"""What a step function takes and declares to return."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Annotated, Any

from zen_nb.core.errors import UsageError


def output_names(function: FunctionType) -> tuple[str, ...]:
    """Return the names of a function's outputs, from its return annotation.

    ``Annotated[T, "name"]`` names one; ``Tuple[Annotated[…], …]`` several; parts without a
    name are ``output_0``, ``output_1``; anything else is one value called ``output``;
    ``None`` is no output.
    """
    annotation = _return_annotation(function)
    if annotation is type(None) or annotation is None:
        return ()
    if typing.get_origin(annotation) is tuple:
        parts = typing.get_args(annotation)
        if parts and Ellipsis not in parts:
            names = tuple(_name(part) or f"output_{place}" for place, part in enumerate(parts))
            if len(set(names)) < len(names):
                raise UsageError(f"step {function.__name__} declares two outputs of one name: {', '.join(names)}")
            return names
    return (_name(annotation) or "output",)


def _return_annotation(function: FunctionType) -> Any:
    raw = function.__annotations__.get("return", inspect.Parameter.empty)
    if not isinstance(raw, str):
        return raw
    try:
        return typing.get_type_hints(function, include_extras=True).get("return")
    except Exception:  # noqa: BLE001 - an annotation that cannot be read names nothing
        return inspect.Parameter.empty


def _name(annotation: Any) -> str | None:
    if typing.get_origin(annotation) is Annotated:
        return next((part for part in typing.get_args(annotation)[1:] if isinstance(part, str)), None)
    return None


class Binder:
    """Binds arguments to a function's parameters by name; fast for the usual calls."""

    def __init__(self, function: FunctionType) -> None:
        self._signature = inspect.signature(function)
        parameters = self._signature.parameters.values()
        usual = all(part.kind is part.POSITIONAL_OR_KEYWORD for part in parameters)
        self._names = tuple(self._signature.parameters) if usual else ()
        self._defaults = {
            part.name: part.default for part in parameters if part.default is not part.empty
        }
        self._known = frozenset(self._names)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return all arguments by name, defaults filled in, in the order of the parameters.

        Raises
        ------
        TypeError
            As calling the function would.
        """
        names = self._names
        if names and len(args) + len(kwargs) == len(names) and kwargs.keys() <= self._known:
            bound = dict(zip(names, args, strict=False))
            if not bound.keys() & kwargs.keys():
                bound.update(kwargs)
                return bound
        found = self._signature.bind(*args, **kwargs)
        found.apply_defaults()
        return dict(found.arguments)


Decorated = Callable[..., Any]
