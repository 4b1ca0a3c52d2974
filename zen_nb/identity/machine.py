"""Machines of states, and the smallest one that does the same.

States that do the same and go on alike, for ever, are one state of the smallest machine, and
its states are numbered in the order in which a walk from the entry meets them. So two machines
are written alike exactly if no sequence of outcomes leads to different deeds in them, however
often each repeats a state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from zen_nb.identity.encoding import number

# What is done, and the places of the states that may follow.
State: TypeAlias = tuple[bytes, tuple[int, ...]]
# For each place which state of the smallest machine it is.
_Kinds: TypeAlias = Mapping[int, int]

# How many deeds ahead one looks to tell the starts of loops from other states.
_AHEAD = 3


def written(entry: int, state_at: Callable[[int], State]) -> bytes:
    """Return the smallest machine that does the same, in bytes; no other machine's bytes begin so.

    Parameters
    ----------
    state_at
        Returns the state at a place; asked only for places that can be reached.
    """
    states, starts = _walk(entry, state_at)
    kinds = _kinds(states, starts)
    smallest = {kinds[place]: state for place, state in states.items()}
    numbers = _numbers(kinds[entry], smallest, kinds)
    parts = [number(len(numbers))]
    for kind in numbers:
        label, following = smallest[kind]
        parts += number(len(label)), label, number(len(following))
        parts += [number(numbers[kinds[place]]) for place in following]
    return b"".join(parts)


def _walk(entry: int, state_at: Callable[[int], State]) -> tuple[dict[int, State], set[int]]:
    """Return all states, each after those that follow it, and where loops start.

    Only the start of a loop stands after a state that it follows.
    """
    states: dict[int, State] = {}
    starts: set[int] = set()
    state = state_at(entry)
    open_ = {entry}
    path: list[tuple[int, State, Iterator[int]]] = [(entry, state, iter(state[1]))]
    while path:
        place, state, rest = path[-1]
        for after in rest:
            if after in open_:
                starts.add(after)
            elif after not in states:
                state = state_at(after)
                open_.add(after)
                path.append((after, state, iter(state[1])))
                break
        else:
            path.pop()
            open_.remove(place)
            states[place] = state
    return states, starts


def _kinds(states: Mapping[int, State], starts: set[int]) -> _Kinds:
    """Return the coarsest division in which states of one kind do the same and go on alike.

    States are told apart from the last to the first, each by those that follow it. Every loop is
    cut somewhere: at all states that, looking a few deeds ahead, look like the start of a loop.
    First those are taken as one; as long as the others tell more of them apart, they go round
    once more. Equal states are never told apart, since they look alike at any distance.
    """
    likely = _alike(states) if starts else {}
    looks = {likely[place] for place in starts}
    cut = {place: -1 for place in states if likely and likely[place] in looks}
    while True:
        kinds = _told_apart(states, cut)
        refined = {place: -1 - kinds[place] for place in cut}
        if len(set(refined.values())) == len(set(cut.values())):
            return kinds
        cut = refined


def _told_apart(states: Mapping[int, State], cut: _Kinds) -> _Kinds:
    known: dict[tuple[object, ...], int] = {}
    kinds: dict[int, int] = {}
    for place, (label, following) in states.items():
        after = [cut[next_] if next_ in cut else kinds[next_] for next_ in following]
        kinds[place] = known.setdefault((label, *after), len(known))
    return kinds


def _alike(states: Mapping[int, State]) -> _Kinds:
    alike: _Kinds = dict.fromkeys(states, 0)
    for _ in range(_AHEAD):
        known: dict[tuple[object, ...], int] = {}
        alike = {
            place: known.setdefault((label, *(alike[next_] for next_ in following)), len(known))
            for place, (label, following) in states.items()
        }
    return alike


def _numbers(entry: int, smallest: Mapping[int, State], kinds: _Kinds) -> dict[int, int]:
    """Return for each kind when a walk from the entry meets it, in that order."""
    numbers: dict[int, int] = {}
    waiting = [entry]
    while waiting:
        kind = waiting.pop()
        if kind not in numbers:
            numbers[kind] = len(numbers)
            waiting += [kinds[place] for place in reversed(smallest[kind][1])]
    return numbers
