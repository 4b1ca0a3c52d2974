"""The instructions of a code object in one spelling, whatever Python's minor version made of them.

The compiler writes some things in several ways, by where lines break or by what it could prove:
two loads in one instruction, a jump on None, a constant that is returned at once. Here each is
the plain instructions that it stands for. What does nothing of its own is left out.
"""

from __future__ import annotations

import dis
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import NamedTuple, TypeAlias

# No effect of their own; line breaks in the source can add or move NOP.
_SKIPPED = frozenset({"CACHE", "EXTENDED_ARG", "RESUME", "NOP", "PRECALL", "NOT_TAKEN"})
_CONDITIONAL = re.compile(r"POP_JUMP_(?:FORWARD_|BACKWARD_)?IF_(NOT_NONE|NONE|TRUE|FALSE)")
_FAST_PAIR = re.compile(r"(LOAD|STORE)_FAST(?:_BORROW)?_(LOAD|STORE)_FAST(?:_BORROW)?")
# That a local is surely bound, or outlives its use, is a proof of the compiler, not another deed.
_LOAD_FAST = frozenset({"LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW"})
# It cannot raise, since a load that could meet an unbound local is one that checks; and from 3.13
# on it is joined with a store before it, which may have another handler, if no line ends between.
_SILENT = frozenset({"LOAD_FAST", "LOAD_FAST_BORROW"} if sys.version_info >= (3, 13) else ())
# Low bits of an argument that say how the name above them is used.
_FLAG_BITS = {
    "LOAD_GLOBAL": 1,
    "LOAD_ATTR": 1 if sys.version_info >= (3, 12) else 0,
    "LOAD_SUPER_ATTR": 2,
}
# From 3.13 on, a comparison can take in the TO_BOOL after it.
_AS_BOOL = 16 if sys.version_info >= (3, 13) else 0

# They look a name up before they look into the cell.
DEREF_BY_NAME = frozenset({"LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"})
NAMED = DEREF_BY_NAME | {dis.opname[opcode] for opcode in dis.hasname}
CONSTANTS = frozenset(dis.opname[opcode] for opcode in dis.hasconst)
JUMPS = frozenset({"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"})
ENDS = frozenset({"RETURN_VALUE", "RAISE_VARARGS", "RERAISE"})


class Step(NamedTuple):
    """One instruction; a tuple, since there are a hundred thousand in a large library.

    Attributes
    ----------
    op
        Its name. Conditional jumps are ``POP_JUMP_IF_TRUE``, ``POP_JUMP_IF_FALSE`` and, in 3.11,
        ``JUMP_IF_TRUE_OR_POP`` and ``JUMP_IF_FALSE_OR_POP``.
    arg
        The number that belongs to it: where a name belongs to it, without the name's place.
    argval
        The constant, name or operator that belongs to it.
    target
        Where it jumps to, as an offset in the code; -1 where it does not.
    raises
        Whether it can raise, so that it matters who handles it.
    """

    op: str
    arg: int = 0
    argval: object = None
    target: int = -1
    raises: bool = True


@dataclass(frozen=True)
class Listing:
    """The steps of a code object, in the order in which they stand.

    Attributes
    ----------
    places
        For each offset in the code the place of the first step that stands there or after it.
    """

    code: CodeType
    steps: list[Step]
    places: dict[int, int]

    @cached_property
    def entered(self) -> frozenset[int]:
        """The places that some step jumps to."""
        return frozenset(self.places[step.target] for step in self.steps if step.target >= 0)

    @cached_property
    def handlers(self) -> list[tuple[int, int] | None]:
        """For each step the place of what handles its exceptions, and the depth and ``lasti``."""
        found: list[tuple[int, int] | None] = [None] * len(self.steps)
        for start, end, target, depth in _exception_table(self.code.co_exceptiontable):
            covered = range(self.places[start], self.places[end])
            found[covered.start : covered.stop] = [(self.places[target], depth)] * len(covered)
        return found


def listing(code: CodeType) -> Listing:
    """Return the steps of `code`."""
    steps: list[Step] = []
    places: dict[int, int] = {}
    raw = code.co_code
    opcodes = [*raw[::2], None]
    extended = 0
    for number, opcode in enumerate(opcodes[:-1]):
        places[number * 2] = len(steps)
        arg = extended | raw[number * 2 + 1]
        extended = arg << 8 if opcode == dis.EXTENDED_ARG else 0
        reader = _READERS[opcode]
        if reader is not None:
            after = number + 1
            while opcodes[after] == 0:
                after += 1
            steps += reader(code, arg, after * 2)
    places[len(raw)] = len(steps)
    if "__firstlineno__" in code.co_names:
        _forget_where(steps)
    return Listing(code, steps, places)


def _forget_where(steps: list[Step]) -> None:
    """Leave out what a class body tells of itself from 3.13 on: its line, an order of names."""
    for place, step in enumerate(steps):
        before = steps[place - 1]
        if step.op != "STORE_NAME" or before.op != "LOAD_CONST":
            continue
        if step.argval == "__firstlineno__":
            steps[place - 1] = before._replace(argval=None)
        elif step.argval == "__static_attributes__":
            steps[place - 1] = before._replace(argval=frozenset(before.argval))  # type: ignore[call-overload]


# -- one way to write each ----------------------------------------------------------------

# Takes the code, the argument and the offset after the instruction.
_Reader: TypeAlias = Callable[[CodeType, int, int], tuple[Step, ...]]


def _reader(opcode: int, op: str) -> _Reader | None:
    if op in _SKIPPED:
        return None
    if op in _SPECIAL:
        return _SPECIAL[op]
    if pair := _FAST_PAIR.fullmatch(op):
        return _pair(f"{pair[1]}_FAST", f"{pair[2]}_FAST")
    if opcode in dis.hasjrel or opcode in dis.hasjabs:
        return _jump(op)
    if opcode in dis.hasname:
        return _named(op, _FLAG_BITS.get(op, 0))
    if opcode in dis.haslocal or opcode in dis.hasfree:
        return _variable(op)
    if opcode in dis.hasconst:
        return lambda code, arg, after: (Step(op, 0, code.co_consts[arg]),)
    return lambda code, arg, after: (Step(op, arg),)


def _named(op: str, bits: int) -> _Reader:
    flags = (1 << bits) - 1
    return lambda code, arg, after: (Step(op, arg & flags, code.co_names[arg >> bits]),)


def _variable(op: str) -> _Reader:
    raises = op not in _SILENT
    op = "LOAD_FAST" if op in _LOAD_FAST else op
    return lambda code, arg, after: (
        Step(op, arg, code._varname_from_oparg(arg), raises=raises),  # type: ignore[attr-defined]
    )


def _pair(first: str, second: str) -> _Reader:
    one, two = _variable(first), _variable(second)
    return lambda code, arg, after: one(code, arg >> 4, 0) + two(code, arg & 15, 0)


def _jump(op: str) -> _Reader:
    way = -2 if "BACKWARD" in op else 2
    if conditional := _CONDITIONAL.fullmatch(op):
        return _conditional(conditional[1], way)
    return lambda code, arg, after: (Step(op, target=after + way * arg),)


def _conditional(what: str, way: int) -> _Reader:
    before: tuple[Step, ...] = ()
    if what.endswith("NONE"):
        before = (Step("LOAD_CONST"), Step("IS_OP"))
        what = "TRUE" if what == "NONE" else "FALSE"
    op = f"POP_JUMP_IF_{what}"
    return lambda code, arg, after: (*before, Step(op, target=after + way * arg))


def _comparison(code: CodeType, arg: int, after: int) -> tuple[Step, ...]:
    compared = Step("COMPARE_OP", arg & ~_AS_BOOL)
    return (compared, Step("TO_BOOL")) if arg & _AS_BOOL else (compared,)


_OPERATORS = [symbol for _, symbol in dis._nb_ops]  # type: ignore[attr-defined]

_SPECIAL: dict[str, _Reader] = {
    "BINARY_OP": lambda code, arg, after: (Step("BINARY_OP", arg, _OPERATORS[arg]),),
    "COMPARE_OP": _comparison,
    "LOAD_SMALL_INT": lambda code, arg, after: (Step("LOAD_CONST", 0, arg),),
    "RETURN_CONST": lambda code, arg, after: (
        Step("LOAD_CONST", 0, code.co_consts[arg]),
        Step("RETURN_VALUE"),
    ),
}
_READERS = [_reader(opcode, op) for opcode, op in enumerate(dis.opname[:256])]


# -- handlers -----------------------------------------------------------------------------


def _exception_table(table: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield ``(start, end, target, depth)``, the first three in bytes of code."""
    items = iter(table)
    for first in items:
        start = _varint(first, items) * 2
        length = _varint(next(items), items) * 2
        target = _varint(next(items), items) * 2
        yield start, start + length, target, _varint(next(items), items)


def _varint(first: int, items: Iterator[int]) -> int:
    value = first & 63
    while first & 64:
        first = next(items)
        value = value << 6 | first & 63
    return value
