"""Calls of pipeline functions, told to whoever draws them, and the switches that these set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zen_nb.core.events import Event, Listener
from zen_nb.core.toggles import Toggles
from zen_nb.engine.run import Invocation


@dataclass(frozen=True, slots=True)
class Called:
    """One call of a pipeline function, before its first step is decided.

    Attributes
    ----------
    again
        Calls it with the same arguments; with ``True`` every step runs afresh.
    """

    pipeline: str
    invocations: Sequence[Invocation]
    again: Callable[[bool], object]


Follower = Callable[[Called], Listener]
_followers: list[Follower] = []
_toggles: dict[str, Toggles] = {}


def follow(follower: Follower) -> Callable[[], None]:
    """Tell `follower` of each call: what it returns hears of the call's events.

    Returns what ends that.
    """
    _followers.append(follower)
    return lambda: _followers.remove(follower)


def listeners(called: Called, first: Listener) -> Listener:
    """Return what is told the events of a call: `first`, and all who follow."""
    told = [first, *(follower(called) for follower in tuple(_followers))]

    def tell(event: Event) -> None:
        for listener in told:
            listener(event)

    return tell if len(told) > 1 else first


def toggles_of(pipeline: str) -> Toggles:
    """Return the toggles of a pipeline, of its steps and of its runs."""
    return _toggles.setdefault(pipeline, Toggles())
