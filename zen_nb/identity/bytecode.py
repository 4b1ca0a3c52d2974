"""What a code object says, free of where it stands and how it is laid out.

The identity of code is taken from the compiled form that really runs, not from
source text: comments, blank lines, formatting, docstrings, annotations of
locals and the names of locals leave no trace in it, constants keep their
types, and a module that was edited but not reloaded still shows the code that
is running. The cache key holds Python's minor version, within which the
compiled form is stable.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from blake3 import blake3

# Flags that say how code runs. The rest (a docstring is there, nested) changes nothing.
_FLAGS = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ITERABLE_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)

# Names whose use makes the names of locals visible to the code.
_LOCALS_READERS = frozenset({"locals", "vars", "dir", "eval", "exec", "query", "_getframe", "currentframe"})

# Names whose use lets code see docstrings, annotations or source text.
DOC_READERS = frozenset(
    {
        "__doc__",
        "getdoc",
        "__annotations__",
        "get_annotations",
        "get_type_hints",
        "signature",
        "getsource",
        "getsourcelines",
        "getfullargspec",
    }
)

_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_SKIPPED = frozenset({"CACHE", "EXTENDED_ARG", "RESUME", "NOP", "PRECALL", "PUSH_NULL"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What one code object and all code nested in it does with names.

    Attributes
    ----------
    digest
        Of the instructions with their constants and names.
    chains
        Global names read, each with the attributes taken from it at once:
        ``np.random.rand`` is ``("np", "random", "rand")``.
    imports
        ``(module, level, names)`` of each import statement inside.
    names
        Every global and attribute name that occurs.
    strings
        Every string constant.
    stores
        Global names that it binds or deletes.
    """

    digest: str
    chains: tuple[tuple[str, ...], ...]
    imports: tuple[tuple[str, int, tuple[str, ...]], ...]
    names: frozenset[str]
    strings: frozenset[str]
    stores: frozenset[str]


_memo: dict[int, tuple[CodeType, Facts]] = {}
_MEMO_LIMIT = 20_000


def facts(code: CodeType) -> Facts:
    """Return the facts of `code`; computed once for each code object."""
    known = _memo.get(id(code))
    if known is not None and known[0] is code:
        return known[1]
    if len(_memo) >= _MEMO_LIMIT:
        _memo.clear()
    found = _read(code)
    _memo[id(code)] = (code, found)
    return found


class _Reading:
    """Collects the facts of one code object while its instructions go by."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.written: list[str] = []
        self.chains: dict[tuple[str, ...], None] = {}
        self.imports: dict[tuple[str, int, tuple[str, ...]], None] = {}
        self.names: set[str] = set(code.co_names)
        self.strings: set[str] = set()
        self.stores: set[str] = set()

    def take_nested(self, nested: CodeType) -> str:
        inner = facts(nested)
        self.chains.update(dict.fromkeys(inner.chains))
        self.imports.update(dict.fromkeys(inner.imports))
        self.names |= inner.names
        self.strings |= inner.strings
        self.stores |= inner.stores & set(_declared_global(nested))
        return inner.digest

    def constant(self, value: object) -> str:
        if isinstance(value, CodeType):
            return f"code {self.take_nested(value)}"
        if isinstance(value, str):
            self.strings.add(value)
        if isinstance(value, (tuple, frozenset)):
            parts = [self.constant(part) for part in value]
            return f"{type(value).__name__}({','.join(sorted(parts) if isinstance(value, frozenset) else parts)})"
        return f"{type(value).__name__} {value!r}"


def _declared_global(code: CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _declared_global(constant)


def _read(code: CodeType) -> Facts:
    reading = _Reading(code)
    instructions = [step for step in dis.get_instructions(code) if step.opname not in _SKIPPED]
    for place, step in enumerate(instructions):
        reading.written.append(f"{step.opname} {_argument(reading, step)}")
        if step.opname in _LOADS:
            reading.chains[_chain(instructions, place)] = None
        elif step.opname in ("STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL"):
            reading.stores.add(step.argval)
        elif step.opname == "IMPORT_NAME":
            reading.imports[_import(instructions, place)] = None
    text = "\n".join([*_signature(code, reading.names), *reading.written, code.co_exceptiontable.hex()])
    return Facts(
        blake3(text.encode("utf-8", "surrogatepass")).hexdigest(),
        tuple(reading.chains),
        tuple(reading.imports),
        frozenset(reading.names),
        frozenset(reading.strings),
        frozenset(reading.stores),
    )


def _argument(reading: _Reading, step: dis.Instruction) -> str:
    if step.opcode in dis.hasconst:
        return reading.constant(step.argval)
    if step.opcode in dis.haslocal or step.arg is None:
        return str(step.arg)
    if step.opcode in dis.hasname:
        # The low bit of the argument of LOAD_GLOBAL and LOAD_ATTR says how it is called.
        return f"{step.argval} {step.arg & 1 if step.opname in ('LOAD_GLOBAL', 'LOAD_ATTR') else ''}"
    if step.opcode in dis.hasfree:
        return str(step.argval)
    return f"{step.arg} {step.argrepr}" if step.opcode in dis.hascompare else str(step.arg)


def _chain(instructions: list[dis.Instruction], place: int) -> tuple[str, ...]:
    chain = [instructions[place].argval]
    for step in instructions[place + 1 :]:
        if step.opname not in _ATTRIBUTES:
            break
        chain.append(step.argval)
    return tuple(chain)


def _import(instructions: list[dis.Instruction], place: int) -> tuple[str, int, tuple[str, ...]]:
    level, names = instructions[place - 2].argval, instructions[place - 1].argval
    return (instructions[place].argval, int(level or 0), tuple(names or ()))


def _signature(code: CodeType, names: set[str]) -> list[str]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    shown = code.co_varnames if names & _LOCALS_READERS else code.co_varnames[:count]
    return [
        f"arguments {code.co_posonlyargcount} {code.co_argcount} {code.co_kwonlyargcount}",
        f"flags {code.co_flags & _FLAGS}",
        f"locals {','.join(shown)}",
        f"free {','.join(code.co_freevars)}",
    ]
