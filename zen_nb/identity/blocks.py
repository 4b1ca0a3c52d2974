"""What the instructions of a code object do, free of how the compiler laid them out.

The compiler lays out one program in many ways, by where lines break in the source: it joins
jumps to jumps only within a line, copies short exits, keeps an instruction that does nothing for
the sake of a line number, swaps values on the stack or the stores after them, turns a condition
over. So code is read as a machine: each instruction is a state, with the states that may follow
it and the one that handles its exceptions, and what counts is the smallest such machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from zen_nb.identity import machine
from zen_nb.identity.encoding import number, text
from zen_nb.identity.instructions import ENDS, JUMPS, Listing, Step
from zen_nb.identity.machine import State

_POPPING = frozenset({"POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE"})
_KEEPING = frozenset({"JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP"})
_TESTS = _POPPING | _KEEPING
# What a test can begin with: in 3.12 and later it keeps its value by a copy.
_BEFORE_TESTS = frozenset({"COPY", "TO_BOOL"})
_SWAPPABLE = frozenset({"STORE_FAST", "POP_TOP"})
_NOTHING = JUMPS | {"NOP"}


@lru_cache(maxsize=4096)
def deed(op: str, arg: int = 0, name: str = "") -> bytes:
    """Return in bytes what an instruction does; no other's begin so."""
    return text(op) + number(arg) + text(name)


def written(listing: Listing, labels: Sequence[bytes]) -> bytes:
    """Return what a code object does, in bytes; equal for all layouts of one program.

    Parameters
    ----------
    labels
        For each step what it does, apart from where control goes after it.
    """
    routes = _Routes(listing, labels)
    return machine.written(routes.ahead(0), routes.state_at)


class _Routes:
    """Finds the way from one step that does something to the next."""

    def __init__(self, listing: Listing, labels: Sequence[bytes]) -> None:
        self.steps = list(listing.steps)
        self.labels = [*labels, b"end"]
        self.places = listing.places
        self.entered = listing.entered
        self.handlers = listing.handlers
        self.ops = [*(step.op for step in self.steps), "END"]
        self._settle_stores()

    def ahead(self, place: int) -> int:
        """Return the first place from there on that does something, or a jump to itself."""
        met: set[int] = set()
        while self.ops[place] in _NOTHING and place not in met:
            met.add(place)
            place = place + 1 if self.ops[place] == "NOP" else self._target(place)
        return place

    def state_at(self, place: int) -> State:
        """Return what is done there and where control may go: by outcome, then by an exception."""
        op = self.ops[place]
        label = self.labels[place]
        following: tuple[int, ...] = ()
        if op in _TESTS or op in _BEFORE_TESTS:
            label, following = self._test(place)
        elif op in _NOTHING:
            label = b"for ever"
        elif op not in ENDS and op != "END":
            following = self._following(place)
        handler = self.handlers[place] if op != "END" and self.steps[place].raises else None
        if handler is None:
            return label, following
        return label + number(handler[1]), (*following, self.ahead(handler[0]))

    def _following(self, place: int) -> tuple[int, ...]:
        after = self.ahead(place + 1)
        if self.steps[place].target < 0:
            return (after,)
        return after, self.ahead(self._target(place))

    def _target(self, place: int) -> int:
        return self.places[self.steps[place].target]

    # -- tests ------------------------------------------------------------------------

    def _test(self, place: int) -> State:
        """Return the test that begins there as one deed: where it is true, where it is false."""
        if self._jump_of(place) is None:
            return self.labels[place], self._following(place)
        if_true, popped = self._outcome(place, True)
        if_false, also = self._outcome(place, False)
        return b"test%d%d" % (popped, also), (if_true, if_false)

    def _jump_of(self, place: int) -> int | None:
        """Return the place of the conditional jump of the test that begins there."""
        copies = self._copies(place)
        if copies:
            place = self.ahead(place + 1)
        if self.ops[place] == "TO_BOOL":
            place = self.ahead(place + 1)
        return place if self.ops[place] in (_POPPING if copies else _TESTS) else None

    def _copies(self, place: int) -> bool:
        return self.ops[place] == "COPY" and self.steps[place].arg == 1

    def _outcome(self, place: int, outcome: bool) -> tuple[int, bool]:  # noqa: FBT001
        """Return where a test with that outcome leads, and whether the value is off the stack.

        A value that stays on the stack is known from there on: another test of it is none.
        """
        for _ in self.ops:
            jump = self._jump_of(place)
            if jump is None:
                break
            jumps = self.ops[jump].startswith(("POP_JUMP_IF_TRUE", "JUMP_IF_TRUE")) == outcome
            popped = not self._copies(place) and not (jumps and self.ops[jump] in _KEEPING)
            place = self.ahead(self._target(jump) if jumps else jump + 1)
            if popped:
                return place, True
        return (self.ahead(place + 1), True) if self.ops[place] == "POP_TOP" else (place, False)

    # -- stores -----------------------------------------------------------------------

    def _settle_stores(self) -> None:
        """Write stores as the compiler does within one line.

        There it drops a value that a store right after it replaces, and swaps stores in place of
        the values that they store.
        """
        if "SWAP" not in self.ops and not self._stores_twice():
            return
        for place in range(len(self.steps) - 1, -1, -1):
            if self.ops[place] == "STORE_FAST" and self._is_replaced(place):
                self._put(place, Step("POP_TOP"), deed("POP_TOP"))
        for place in range(len(self.steps) - 1, -1, -1):
            if self.ops[place] == "SWAP":
                self._swap(place, self._stores(place))

    def _stores_twice(self) -> bool:
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return any(one.op == "STORE_FAST" == two.op and one.arg == two.arg for one, two in pairs)

    def _is_replaced(self, place: int) -> bool:
        after = place + 1
        while self.ops[after] == "POP_TOP" and after not in self.entered:
            after += 1
        same = self.ops[after] == "STORE_FAST" and self.steps[after].arg == self.steps[place].arg
        return same and after not in self.entered

    def _put(self, place: int, step: Step, label: bytes) -> None:
        self.steps[place], self.labels[place], self.ops[place] = step, label, step.op

    def _swap(self, swap: int, stores: list[int]) -> None:
        if not _can_swap([self.steps[store] for store in stores]):
            return
        one, two = stores[0], stores[-1]
        first = self.steps[one], self.labels[one]
        self._put(one, self.steps[two], self.labels[two])
        self._put(two, *first)
        self.ops[swap] = "NOP"

    def _stores(self, swap: int) -> list[int]:
        """Return the steps that take off the stack what the swap reaches; none if others do."""
        found: list[int] = []
        place = swap + 1
        while len(found) < self.steps[swap].arg:
            if place in self.entered or self.ops[place] not in _SWAPPABLE | {"NOP"}:
                return []
            found += [place] if self.ops[place] in _SWAPPABLE else []
            place += 1
        return found


def _can_swap(stores: Sequence[Step]) -> bool:
    """Tell whether the first and the last can change places: no other one stores where they do."""
    names = [step.argval for step in stores if step.op == "STORE_FAST"]
    ends = {step.argval for step in (stores[0], stores[-1])} - {None} if stores else {None}
    return all(names.count(name) == 1 for name in ends)
