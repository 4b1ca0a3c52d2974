"""``@step(map="items")``: a function for one element, called for many.

The step is a function of all its elements that calls the one for each. What that gives is kept
by element: a loop that was stopped has kept what it has, and one more element costs one call.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any

from zen_nb.core.errors import UsageError
from zen_nb.engine.body import Call, element_call, running
from zen_nb.engine.call import Place, answer
from zen_nb.pipelines.signature import Binder, output_names


class Element:
    """The function for one element, whose calls are cached.

    Parameters
    ----------
    place
        Gives where its calls are answered.
    """

    def __init__(self, function: FunctionType, place: Callable[[], Place]) -> None:
        self._function = function
        self._place = place
        self.outputs = output_names(function)
        self.bind = Binder(function).bind

    @property
    def __zen_nb_function__(self) -> FunctionType:
        return self._function

    def __call__(self, arguments: Mapping[str, Any], parameter: str, value: object) -> Any:
        """Return the outputs for one element by name; the step's own settings count."""
        __tracebackhide__ = True
        outer = running()
        if outer is None:  # the function was called past its step
            outer = Call(self._function.__name__, self._function, self.outputs, arguments)
        one = element_call(outer, self._function, {**arguments, parameter: value})
        return answer(one, self._place()).values or {}


def over(function: FunctionType, parameter: str, place: Callable[[], Place]) -> FunctionType:
    """Return a function of all elements, given as `parameter`, that returns lists.

    Raises
    ------
    UsageError
        Where `function` has no such parameter.
    """
    known = inspect.signature(function).parameters
    if parameter not in known:
        raise UsageError(
            f"map={parameter!r} is no parameter of {function.__name__}; "
            f"parameters: {', '.join(known) or 'none'}"
        )
    element = Element(function, place)

    @functools.wraps(function)
    def for_each(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        arguments = element.bind(args, kwargs)
        elements = _checked(arguments[parameter], parameter)
        found = [element(arguments, parameter, one) for one in elements]
        lists = tuple([values[name] for values in found] for name in element.outputs)
        return lists[0] if len(lists) == 1 else lists or None

    return for_each  # type: ignore[return-value]


def _checked(elements: Any, parameter: str) -> list[Any]:
    if isinstance(elements, (str, bytes, Mapping)) or not isinstance(elements, Iterable):
        raise UsageError(
            f"{parameter} takes the elements of a map step: "
            f"give it a list, not {type(elements).__name__}"
        )
    return list(elements)
