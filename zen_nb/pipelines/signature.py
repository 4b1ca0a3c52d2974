"""What a step function takes and declares to return."""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Mapping
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
    if isinstance(annotation, str):
        return _checked(function, _names_in(annotation))
    if annotation is type(None) or annotation is None:
        return ()
    if typing.get_origin(annotation) is tuple:
        parts = typing.get_args(annotation)
        if parts and Ellipsis not in parts:
            names = tuple(_name(part) or f"output_{place}" for place, part in enumerate(parts))
            return _checked(function, names)
    return (_name(annotation) or "output",)


def _return_annotation(function: FunctionType) -> Any:
    raw = function.__annotations__.get("return", inspect.Parameter.empty)
    if not isinstance(raw, str):
        return raw
    try:
        return typing.get_type_hints(function, include_extras=True).get("return")
    except Exception:  # noqa: BLE001 - types that are only local here; the text still names outputs
        return raw


def _checked(function: FunctionType, names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise UsageError(
            f"step {function.__name__} declares two outputs of one name: {', '.join(names)}"
        )
    return names


def _names_in(annotation: str) -> tuple[str, ...]:
    """Return the output names that the text of an annotation spells out."""
    tree = ast.parse(annotation.strip(), mode="eval").body
    if isinstance(tree, ast.Constant) and tree.value is None:
        return ()
    if _spelt(tree) in ("tuple", "Tuple") and isinstance(tree, ast.Subscript):
        parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        if not any(isinstance(part, ast.Constant) and part.value is Ellipsis for part in parts):
            return tuple(_name_in(part) or f"output_{place}" for place, part in enumerate(parts))
    return (_name_in(tree) or "output",)


def _name_in(tree: ast.expr) -> str | None:
    if (
        _spelt(tree) == "Annotated"
        and isinstance(tree, ast.Subscript)
        and isinstance(tree.slice, ast.Tuple)
    ):
        texts = (part.value for part in tree.slice.elts[1:] if isinstance(part, ast.Constant))
        return next((text for text in texts if isinstance(text, str)), None)
    return None


def _spelt(tree: ast.expr) -> str:
    """Return the last part of the name that is subscripted: ``Annotated`` of ``t.Annotated[…]``."""
    found = tree.value if isinstance(tree, ast.Subscript) else tree
    return str(getattr(found, "attr", getattr(found, "id", "")))


def _name(annotation: Any) -> str | None:
    if typing.get_origin(annotation) is Annotated:
        return next(
            (part for part in typing.get_args(annotation)[1:] if isinstance(part, str)), None
        )
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
        if names and len(args) <= len(names) and kwargs.keys() <= self._known:
            bound = dict(zip(names, args, strict=False))
            if not bound.keys() & kwargs.keys():
                given = {**self._defaults, **kwargs} if kwargs else self._defaults
                for name in names[len(args) :]:
                    if name not in given:
                        break
                    bound[name] = given[name]
                else:
                    return bound
        found = self._signature.bind(*args, **kwargs)
        found.apply_defaults()
        return dict(found.arguments)
