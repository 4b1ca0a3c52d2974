"""Calls of pipeline functions, told to whoever draws them, and the switches that these set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zen_nb.core.events import Event, Listener
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
_steps: dict[tuple[str, str], bool] = {}
_runs: dict[str, bool] = {}


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


def flip(pipeline: str, step: str | None, value: bool | None) -> None:  # noqa: FBT001 - a position
    """Set the toggle of a step in a pipeline, or of its runs; ``None`` puts it back to as set."""
    if step is None:
        if value is None:
            _runs.pop(pipeline, None)
        else:
            _runs[pipeline] = value
    elif value is None:
        _steps.pop((pipeline, step), None)
    else:
        _steps[pipeline, step] = value


def toggled(pipeline: str, step: str | None) -> bool | None:
    """Return where a toggle stands."""
    return _runs.get(pipeline) if step is None else _steps.get((pipeline, step))


def clear(pipeline: str) -> None:
    """Put every toggle of a pipeline back to as set."""
    _runs.pop(pipeline, None)
    for key in [key for key in _steps if key[0] == pipeline]:
        del _steps[key]
