"""Machines of states, and the smallest one that does the same.

States that do the same and go on alike, for ever, are one state of the smallest machine, and
its states are numbered in the order in which a walk from the entry meets them. So two machines
are written alike exactly if no sequence of outcomes leads to different deeds in them, however
often each repeats a state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from zen_nb.identity.encoding import number

# What is done, and the places of the states that may follow.
State: TypeAlias = tuple[bytes, tuple[int, ...]]
# For each place which state of the smallest machine it is.
_Kinds: TypeAlias = Mapping[int, int]

# From a state to one that the walk had not left yet: every loop has such a step.
_Return: TypeAlias = tuple[int, int]

# How many deeds ahead one looks to tell the states at which loops are cut from others.
_AHEAD = 3


def written(entry: int, state_at: Callable[[int], State]) -> bytes:
    """Return the smallest machine that does the same, in bytes; no other machine's bytes begin so.

    Parameters
    ----------
    state_at
        Returns the state at a place; asked only for places that can be reached.
    """
    states, returns = _walk(entry, state_at)
    kinds = _kinds(states, returns)
    smallest = {kinds[place]: state for place, state in states.items()}
    numbers = _numbers(kinds[entry], smallest, kinds)
    parts = [number(len(numbers))]
    for kind in numbers:
        label, following = smallest[kind]
        parts += number(len(label)), label, number(len(following))
        parts += [number(numbers[kinds[place]]) for place in following]
    return b"".join(parts)


def _walk(entry: int, state_at: Callable[[int], State]) -> tuple[dict[int, State], list[_Return]]:
    """Return all states, each after those that follow it but for the returns, and these."""
    states: dict[int, State] = {}
    returns: list[_Return] = []
    state = state_at(entry)
    open_ = {entry}
    path: list[tuple[int, State, Iterator[int]]] = [(entry, state, iter(state[1]))]
    while path:
        place, state, rest = path[-1]
        for after in rest:
            if after in open_:
                returns.append((place, after))
            elif after not in states:
                state = state_at(after)
                open_.add(after)
                path.append((after, state, iter(state[1])))
                break
        else:
            path.pop()
            open_.remove(place)
            states[place] = state
    return states, returns


def _kinds(states: Mapping[int, State], returns: list[_Return]) -> _Kinds:
    """Return the coarsest division in which states of one kind do the same and go on alike.

    States are told apart from the last to the first, each by those that follow it, and every
    loop is cut somewhere. First all states at which loops are cut are taken as one; as long as
    the others tell more of them apart, they go round once more.
    """
    cut: _Kinds = dict.fromkeys(_cut(states, returns), -1)
    order = [*(place for place in states if place not in cut), *cut]
    while True:
        kinds = _told_apart(states, order, cut)
        refined = {place: -1 - kinds[place] for place in cut}
        if len(set(refined.values())) == len(set(cut.values())):
            return kinds
        cut = refined


def _cut(states: Mapping[int, State], returns: list[_Return]) -> list[int]:
    """Return the states at which loops are cut: one end of each return, and all that look alike.

    Equal states are never told apart by that, since they look alike at any distance. Where many
    look like one end, the other is taken.
    """
    if not returns:
        return []
    looks = _alike(states)
    many = Counter(looks.values())
    ends = {min(looks[one], looks[two], key=many.__getitem__) for one, two in returns}
    return [place for place in states if looks[place] in ends]


def _told_apart(states: Mapping[int, State], order: list[int], cut: _Kinds) -> _Kinds:
    known: dict[tuple[object, ...], int] = {}
    kinds: dict[int, int] = {}
    for place in order:
        label, following = states[place]
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
