"""Functions that stand in for others for a while, and leave no trace when they go."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StandIn:
    """An attribute of a module or class that another function stands in for."""

    owner: Any
    name: str
    original: Any
    function: weakref.ref[Any]

    @classmethod
    def put(cls, owner: Any, name: str, original: Any, function: Callable[..., Any]) -> StandIn:
        """Let `function` stand in for `original`."""
        setattr(owner, name, function)
        return cls(owner, name, original, weakref.ref(function))


def put_back(standins: Iterable[StandIn]) -> None:
    """Put the originals back, also where stand-ins were taken to by name meanwhile."""
    held: dict[int, tuple[Any, Any]] = {}
    gone = tuple(standins)
    for place in gone:
        if vars(place.owner).get(place.name) is place.function():
            setattr(place.owner, place.name, place.original)
    for place in gone:
        function = place.function()
        if function is not None:  # something else holds it: the step imported it by name
            held[id(function)] = (function, place.original)
    if held:
        _replace_everywhere(held)


def _replace_everywhere(held: dict[int, tuple[Any, Any]]) -> None:
    for holder in gc.get_referrers(*(function for function, _ in held.values())):
        if isinstance(holder, dict):
            for key in [key for key, value in dict.copy(holder).items() if id(value) in held]:
                holder[key] = held[id(holder[key])][1]
