"""What a code object says, free of where it stands and how it is laid out.

The identity of code is taken from the compiled form that really runs, not from
source text: comments, blank lines, formatting, docstrings, annotations and the
names of locals leave no trace in it, constants keep their types, and a module
that was edited but not reloaded still shows the code that is running. The cache
key holds Python's minor version, within which the compiled form is stable.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import CodeType
from typing import TypeAlias

from blake3 import blake3

from zen_nb.identity import blocks
from zen_nb.identity.encoding import SCALARS, number, text
from zen_nb.identity.instructions import CONSTANTS, DEREF_BY_NAME, NAMED, Step, listing

Chain: TypeAlias = tuple[str, ...]

# Flags that say how code runs. The rest (a docstring is there, nested) changes nothing.
_FLAGS = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ITERABLE_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)
# Flags of ``from __future__`` imports: text that is evaluated inherits them.
_FUTURES = 0x1FFE0000 & ~0x10000
_COMPILERS = frozenset({"compile", "eval", "exec"})

# Names whose use makes the names of locals visible to the code.
_LOCALS_READERS = frozenset(
    {"locals", "vars", "dir", "eval", "exec", "query", "_getframe", "currentframe"}
)

# Names whose use lets code see docstrings, annotations or source text.
DOC_READERS = frozenset(
    {
        "__doc__",
        "getdoc",
        "help",
        "__annotations__",
        "get_annotations",
        "get_type_hints",
        "signature",
        "getsource",
        "getsourcelines",
        "getfullargspec",
    }
)

# Stand among the names for what has none: an f-string, and ``%`` between whatever values.
FORMATS, REMAINS = "f''", "%"
_FORMATS = frozenset({"FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "CONVERT_VALUE"})
_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_STORES = frozenset({"STORE_NAME", "DELETE_NAME"})
_GLOBAL_STORES = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})
# Begins every digest: raised when the same code is written in another way.
_VERSION = "code 2"
_OWN_SCOPE = frozenset({"locals", "vars", "dir"})


@dataclass(frozen=True, slots=True)
class Imported:
    """One name bound by an import statement, with what is done with it.

    Attributes
    ----------
    module, level
        As in the statement; ``level`` counts the dots of a relative import.
    path
        Attributes taken from the module: ``("f",)`` for ``from m import f``.
    alias
        The name bound; ``""`` for a star import.
    binds_root
        ``import a.b`` binds ``a``, and what is taken from it counts from there.
    is_global
        It is bound where every function of the module sees it.
    uses
        Attributes taken from the name each time it is read; empty where it is never read.
    """

    module: str
    level: int
    path: Chain
    alias: str
    is_global: bool
    uses: tuple[Chain, ...] = ()
    binds_root: bool = False

    @property
    def chains(self) -> tuple[Chain, ...]:
        """What the code reaches of what is bound; ``()`` is all of it.

        Whoever imports a module and takes nothing from it wants what its import does.
        """
        unused = tuple(self.module.split(".")[1:]) if self.binds_root else self.path
        return tuple((*self.path, *use) for use in self.uses) or (unused,)


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
    free
        The same for the names of variables captured from around the code.
    imports
        What import statements inside it bind.
    names
        Every global and attribute name that occurs.
    strings
        Every string constant.
    stores
        Global names that it binds or deletes.
    declared
        Those of them that are declared so by ``global``.
    reads_scope
        It asks for all its global names at once (``globals()``).
    """

    digest: str
    chains: tuple[Chain, ...]
    free: tuple[Chain, ...]
    imports: tuple[Imported, ...]
    names: frozenset[str]
    strings: frozenset[str]
    stores: frozenset[str]
    declared: frozenset[str]
    reads_scope: bool


_memo: dict[int, tuple[CodeType, Facts]] = {}
_MEMO_LIMIT = 20_000


def facts(code: CodeType) -> Facts:
    """Return the facts of `code`; computed once for each code object."""
    known = _memo.get(id(code))
    if known is not None and known[0] is code:
        return known[1]
    if len(_memo) >= _MEMO_LIMIT:
        _memo.clear()
    found = _Reading(code).facts()
    _memo[id(code)] = (code, found)
    return found


class _Reading:
    """Collects the facts of one code object from its instructions."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.listing = listing(code)
        self.steps = self.listing.steps
        self.chains: dict[Chain, None] = {}
        self.local: dict[Chain, None] = {}
        self.free: dict[Chain, None] = {}
        self.imports: list[Imported] = []
        self.names: set[str] = set(code.co_names)
        self.strings: set[str] = set()
        self.stores: set[str] = set()
        self.declared: set[str] = set()
        self.reads_scope = False

    def facts(self) -> Facts:
        labels = [self._label(step) for step in self.steps]
        for place, step in enumerate(self.steps):
            self._look(place, step)
        head = _signature(self.code, self.names)
        stream = text(_VERSION) + text(head) + blocks.written(self.listing, labels)
        return Facts(
            blake3(stream).hexdigest(),
            tuple(self.chains),
            tuple(self.free),
            tuple(self._used(found) for found in self.imports),
            frozenset(self.names),
            frozenset(self.strings),
            frozenset(self.stores),
            frozenset(self.declared),
            self.reads_scope,
        )

    # -- the digest -------------------------------------------------------------------

    def _label(self, step: Step) -> bytes:
        """Return what a step does in bytes; no other's begin so."""
        if step.op in CONSTANTS:
            return text(step.op) + self._constant(step.argval)
        return blocks.deed(step.op, step.arg, str(step.argval) if step.op in NAMED else "")

    def _constant(self, value: object) -> bytes:
        if isinstance(value, CodeType):
            return b"C" + text(value.co_name) + text(self._take_nested(value))
        if isinstance(value, str):
            self.strings.add(value)
        scalar = SCALARS.get(type(value))
        if scalar is not None:
            return scalar(value)
        if isinstance(value, (tuple, frozenset)):
            parts = [self._constant(part) for part in value]
            ordered = sorted(parts) if isinstance(value, frozenset) else parts
            tag = b"E" if isinstance(value, frozenset) else b"t"
            return tag + number(len(parts)) + b"".join(ordered)
        if isinstance(value, slice):
            return b":" + b"".join(map(self._constant, (value.start, value.stop, value.step)))
        return b"?" + text(type(value).__qualname__) + text(repr(value))

    def _take_nested(self, nested: CodeType) -> str:
        inner = facts(nested)
        self.chains.update(dict.fromkeys(inner.chains))
        own = set(self.code.co_cellvars)
        self.local.update(dict.fromkeys(chain for chain in inner.free if chain[0] in own))
        self.free.update(dict.fromkeys(chain for chain in inner.free if chain[0] not in own))
        self.imports += inner.imports
        self.names |= inner.names
        self.strings |= inner.strings
        self.stores |= inner.declared
        self.declared |= inner.declared
        self.reads_scope |= inner.reads_scope
        return inner.digest

    # -- names ------------------------------------------------------------------------

    def _look(self, place: int, step: Step) -> None:
        if step.op in _LOADS:
            self._load(place, step)
        elif step.op in _STORES:
            self.stores.add(str(step.argval))
        elif step.op in _GLOBAL_STORES:
            self.stores.add(str(step.argval))
            self.declared.add(str(step.argval))
        elif step.op == "IMPORT_NAME":
            self.imports += _bindings(self.steps, place, self._is_module)
        elif step.op == "LOAD_DEREF" or step.op in DEREF_BY_NAME:
            where = self.free if step.argval in self.code.co_freevars else self.local
            where[self._chain(place)] = None
        elif step.op in _FORMATS:
            self.names.add(FORMATS)
        elif step.op == "BINARY_OP" and step.argval in ("%", "%="):
            self.names.add(REMAINS)
        elif step.op == "LOAD_FAST" and step.argval not in self.code.co_cellvars:
            self.local[self._chain(place)] = None

    def _load(self, place: int, step: Step) -> None:
        name = str(step.argval)
        if name == "globals" or (
            name in _OWN_SCOPE and not self.code.co_flags & inspect.CO_NEWLOCALS
        ):
            self._scope(place, name)
        self.chains[self._chain(place)] = None

    def _scope(self, place: int, name: str) -> None:
        """Take in a use of ``globals()``: one name where it is asked for one, else all."""
        after = [step for step in self.steps[place + 1 : place + 8] if step.op != "PUSH_NULL"]
        called = bool(after) and after[0].op == "CALL" and after[0].arg == 0
        if not called:
            self.reads_scope |= name == "globals"
            return
        key = self._asked(place, after[1:])
        if key is None:
            self.reads_scope = True
        else:
            self.chains[(key,)] = None

    def _asked(self, place: int, after: list[Step]) -> str | None:
        """Return ``K`` for ``globals()["K"]``, ``globals().get("K")`` and ``"K" in globals()``."""
        if len(after) > 1 and after[0].op in _ATTRIBUTES and after[0].argval == "get":
            after = after[1:]
            return after[0].argval if _is_text(after[0]) else None  # type: ignore[return-value]
        if len(after) > 1 and _is_text(after[0]) and after[1].op.startswith("BINARY_"):
            return after[0].argval  # type: ignore[return-value]
        before = [step for step in self.steps[max(place - 3, 0) : place] if step.op != "PUSH_NULL"]
        if after and after[0].op == "CONTAINS_OP" and before and _is_text(before[-1]):
            return before[-1].argval  # type: ignore[return-value]
        return None

    def _chain(self, place: int) -> Chain:
        chain = [str(self.steps[place].argval)]
        for step in self.steps[place + 1 :]:
            if step.op not in _ATTRIBUTES:
                break
            chain.append(str(step.argval))
        return tuple(chain)

    @property
    def _is_module(self) -> bool:
        """Whether names that this code stores are global ones."""
        return not self.code.co_flags & inspect.CO_NEWLOCALS and "__qualname__" not in self.names

    def _used(self, found: Imported) -> Imported:
        if found.uses or not found.alias:
            return found
        known = self.chains if found.is_global else self.local
        uses = tuple(chain[1:] for chain in known if chain[0] == found.alias)
        return replace(found, uses=uses)


def _is_text(step: Step) -> bool:
    return step.op == "LOAD_CONST" and isinstance(step.argval, str)


def _bindings(steps: list[Step], place: int, is_module: bool) -> Iterator[Imported]:  # noqa: FBT001
    """Yield what the import at `place` binds."""
    level, names = steps[place - 2].argval, steps[place - 1].argval
    level = level if isinstance(level, int) else 0
    module = str(steps[place].argval)
    if not names:
        follow = steps[place + 1 : place + 40]
        store = next((step for step in follow if step.op.startswith("STORE_")), None)
        if store is not None:
            direct = follow[0] is store
            seen = _is_seen(store, is_module)
            yield Imported(
                module, level, (), str(store.argval), seen, binds_root=direct and "." in module
            )
        return
    for step, after in zip(steps[place + 1 :], steps[place + 2 :], strict=False):
        if step.op == "IMPORT_FROM":
            yield Imported(
                module, level, (str(step.argval),), str(after.argval), _is_seen(after, is_module)
            )
        elif not step.op.startswith("STORE_"):
            break
    if "*" in names:  # type: ignore[operator]
        yield Imported(module, level, (), "", is_global=True)


def _is_seen(store: Step, is_module: bool) -> bool:  # noqa: FBT001
    return store.op == "STORE_GLOBAL" or (store.op == "STORE_NAME" and is_module)


def _signature(code: CodeType, names: set[str]) -> str:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    visible = bool(names & _LOCALS_READERS)
    flags = code.co_flags & (_FLAGS | (_FUTURES if names & _COMPILERS else 0))
    counts = f"{code.co_posonlyargcount} {code.co_argcount} {code.co_kwonlyargcount}"
    shown = code.co_varnames if visible else code.co_varnames[:count]
    captured = (*code.co_freevars, *code.co_cellvars) if visible else len(code.co_freevars)
    return f"{counts} {flags} {','.join(shown)} {captured}"
