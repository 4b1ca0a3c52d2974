"""Which names a cell reads before it has bound them, found by a definite-assignment walk.

A name that the cell has surely bound by the time it is read is not an input.
Bodies of functions are read when their name is used, not where they are
defined; comprehensions, lambdas and class bodies are read at once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import TypeAlias

from zen_nb.identity.fragments import (
    compile_expression,
    compile_statement,
    free_names,
    without_surroundings,
)

# Names surely bound at a point; None where no control flow comes there.
_State: TypeAlias = "set[str] | None"
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# With such a word in its name, a context manager may end an exception: its body may be cut short.
_SWALLOWING = ("suppress", "raises", "ignor", "swallow", "exitstack", "tolerat")


class Flow:
    """Walks the statements of a cell in order.

    Attributes
    ----------
    reads
        Names read while not surely bound, each with the names surely bound at every
        such read.
    binds, deletes
        Names that some statement binds or deletes at the top level, in order.
    deferred
        Functions, classes and lambdas by name: global names that their bodies read,
        with the names surely bound where they are defined.
    stars
        Modules imported with a star, as ``(module, level)``, each with the names
        that were first read after it.
    """

    def __init__(self) -> None:
        self.reads: dict[str, frozenset[str]] = {}
        self.binds: dict[str, None] = {}
        self.deletes: dict[str, None] = {}
        self.deferred: dict[str, dict[str, frozenset[str]]] = {}
        self.stars: dict[tuple[str, int], set[str]] = {}
        self._bound: _State = set()
        self._exits: list[list[_State]] = []
        self._again: list[list[_State]] = []
        self._tries = 0
        self._reading: set[str] = set()
        self._local: list[set[str]] = []

    def walk(self, statements: Iterable[ast.stmt]) -> None:
        """Take in `statements`, in order."""
        for statement in statements:
            visit = getattr(self, f"_on_{type(statement).__name__}", self._on_other)
            visit(statement)

    @property
    def sure(self) -> frozenset[str]:
        """Names surely bound where the cell ends; all of them where it never does."""
        return frozenset(self.binds if self._bound is None else self._bound)

    # -- names ------------------------------------------------------------------------

    def _read(self, name: str) -> None:
        if self._bound is None or any(name in names for names in self._local):
            return
        if name not in self._bound:
            self._unbound(name, frozenset(self._bound))
        if name in self.deferred and name not in self._reading:
            self._reading.add(name)
            outer, self._local = self._local, []
            for inner in self.deferred[name]:
                self._read(inner)
            self._local = outer
            self._reading.discard(name)

    def _unbound(self, name: str, bound: frozenset[str]) -> None:
        """Take in a read of a name that is not surely bound."""
        if name not in self.reads:
            for found in self.stars.values():
                found.add(name)
        self.reads[name] = self.reads.get(name, bound) & bound

    def _bind(self, name: str) -> None:
        self.binds.setdefault(name)
        if self._bound is not None:
            self._bound.add(name)

    def _defer(self, name: str, free: Iterable[str]) -> None:
        bound = frozenset(self._bound or ())
        waiting = self.deferred.setdefault(name, {})
        for part in sorted(free):
            waiting[part] = waiting.get(part, bound) & bound

    def _state(self) -> _State:
        return None if self._bound is None else set(self._bound)

    # -- expressions ------------------------------------------------------------------

    def _expression(self, node: ast.AST | None) -> None:
        """Take in the reads of an expression, then the names that it binds."""
        if node is None:
            return
        if isinstance(node, _COMPREHENSIONS):
            self._comprehension(node)
        elif isinstance(node, ast.Lambda):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                self._expression(default)
            for name in sorted(free_names(compile_expression(node))):
                self._read(name)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._read(node.id)
        elif isinstance(node, ast.NamedExpr):
            self._expression(node.value)
            self._bind(node.target.id)
        else:
            self._parts(node)

    def _parts(self, node: ast.AST) -> None:
        asked = _asked_of_globals(node)
        if asked is not None:
            self._read(asked)
        sure, perhaps = _evaluated(node)
        for part in sure:
            self._expression(part)
        for branch in perhaps:
            before = self._state()
            self._expression(branch)
            self._bound = before

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        self._expression(node.generators[0].iter)
        before = self._state()
        self._local.append(set())
        for place, part in enumerate(node.generators):
            if place:
                self._expression(part.iter)
            names = (inner.id for inner in ast.walk(part.target) if isinstance(inner, ast.Name))
            self._local[-1].update(names)
            for condition in part.ifs:
                self._expression(condition)
        results = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        for result in results:
            self._expression(result)
        self._local.pop()
        if not _is_never_empty(node.generators[0].iter) or len(node.generators) > 1:
            self._bound = before

    def _target(self, node: ast.AST | None) -> None:
        if isinstance(node, ast.Name):
            self._bind(node.id)
        elif isinstance(node, (ast.Tuple, ast.List)):
            for element in node.elts:
                self._target(element)
        elif isinstance(node, ast.Starred):
            self._target(node.value)
        else:
            self._expression(node)

    # -- simple statements ------------------------------------------------------------

    def _on_other(self, node: ast.stmt) -> None:
        self._parts(node)

    def _on_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name):
            for default in (*node.value.args.defaults, *node.value.args.kw_defaults):
                self._expression(default)
            self._defer(target.id, free_names(compile_expression(node.value)))
        else:
            self._expression(node.value)
        for target in node.targets:
            self._target(target)

    def _on_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        self._expression(node.value)
        self._target(node.target)

    def _on_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._expression(node.value)
        if node.value is not None:
            self._target(node.target)

    def _on_TypeAlias(self, node: ast.stmt) -> None:
        self._expression(getattr(node, "value", None))
        self._target(getattr(node, "name", None))

    def _on_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._read(target.id)
                self._forget(target.id)
                self.deletes.setdefault(target.id)
            else:
                self._expression(target)

    def _forget(self, name: str) -> None:
        if self._bound is not None:
            self._bound.discard(name)

    def _on_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0])

    def _on_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars.setdefault((node.module or "", node.level), set())
            else:
                self._bind(alias.asname or alias.name)

    def _on_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            self._expression(part)
        free = free_names(compile_statement(without_surroundings(node)))
        self._defer(node.name, free)
        self._bind(node.name)
        if node.decorator_list:
            self._read(node.name)

    _on_AsyncFunctionDef = _on_FunctionDef

    def _on_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(word.value for word in node.keywords)):
            self._expression(part)
        now, later = class_names(node)
        for name in sorted(now):
            self._read(name)
        self._defer(node.name, later)
        self._bind(node.name)

    # -- statements that choose, repeat and leave -------------------------------------

    def _leave(self, node: ast.stmt) -> None:
        self._on_other(node)
        self._bound = None

    _on_Raise = _leave
    _on_Return = _leave

    def _on_Break(self, node: ast.Break) -> None:
        self._exits[-1].append(self._state())
        self._bound = None

    def _on_Continue(self, node: ast.Continue) -> None:
        self._again[-1].append(self._state())
        self._bound = None

    def _on_If(self, node: ast.If) -> None:
        self._expression(node.test)
        self._branches([node.body, node.orelse])

    def _branches(self, bodies: list[list[ast.stmt]]) -> None:
        before = self._state()
        ends: list[_State] = []
        for body in bodies:
            self._bound = None if before is None else set(before)
            self.walk(body)
            ends.append(self._bound)
        self._bound = _joined(ends)

    def _on_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._expression(node.iter)
        never_empty = _is_never_empty(node.iter)
        for name in _deleted(node.body):
            self._forget(name)
        skipped = None if never_empty else self._state()
        self._target(node.target)
        ends, exits = self._repeated(node.body)
        self._bound = _joined([skipped, *ends])
        self.walk(node.orelse)
        self._bound = _joined([self._bound, *exits])

    _on_AsyncFor = _on_For

    def _on_While(self, node: ast.While) -> None:
        for name in _deleted(node.body):
            self._forget(name)
        self._expression(node.test)
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        skipped = None if endless else self._state()
        _, exits = self._repeated(node.body)
        self._bound = skipped
        self.walk(node.orelse)
        self._bound = _joined([self._bound, *exits])

    def _repeated(self, body: list[ast.stmt]) -> tuple[list[_State], list[_State]]:
        """Walk the body of a loop; return the states at its end and where it breaks off."""
        self._exits.append([])
        self._again.append([])
        self.walk(body)
        return [self._bound, *self._again.pop()], self._exits.pop()

    def _on_With(self, node: ast.With | ast.AsyncWith) -> None:
        before = self._state()
        for item in node.items:
            self._expression(item.context_expr)
            self._target(item.optional_vars)
        self.walk(node.body)
        if any(self._may_swallow(item.context_expr) for item in node.items):
            self._bound = _joined([before, self._bound])

    _on_AsyncWith = _on_With

    def _may_swallow(self, node: ast.expr) -> bool:
        """Tell whether a context manager may end an exception, judged by its name."""
        return any(word in _called(node).lower() for word in _SWALLOWING)

    def _on_Try(self, node: ast.Try) -> None:
        before = self._state()
        self._tries += bool(node.handlers)
        self.walk(node.body)
        self._tries -= bool(node.handlers)
        self.walk(node.orelse)
        ends = [self._state()]
        if before is not None:
            before -= set(_deleted(node.body))
        for handler in node.handlers:
            self._bound = None if before is None else set(before)
            self._expression(handler.type)
            if handler.name:
                self._bind(handler.name)
            self.walk(handler.body)
            self._forget(handler.name or "")
            ends.append(self._state())
        self._finally(node.finalbody, before, _joined(ends))

    _on_TryStar = _on_Try

    def _may_be_left(self, end: _State) -> bool:
        """Tell whether what follows a ``try`` that was left by an exception can matter."""
        return bool(self._tries) or end is None

    def _finally(self, body: list[ast.stmt], before: _State, end: _State) -> None:
        """Walk a ``finally``; within another ``try`` it may run on the way out of an exception."""
        self._bound = end
        if body and self._may_be_left(end):
            self._bound = before
            self.walk(body)
            added = (self._bound or set()) - (before or set())
            self._bound = None if end is None else end | added
        else:
            self.walk(body)

    def _on_Match(self, node: ast.Match) -> None:
        self._expression(node.subject)
        before = self._state()
        ends: list[_State] = []
        for case in node.cases:
            self._bound = None if before is None else set(before)
            for part in ast.walk(case.pattern):
                self._pattern(part)
            self._expression(case.guard)
            self.walk(case.body)
            ends.append(self._bound)
        last = node.cases[-1]
        catches_all = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        if not catches_all or last.guard is not None:
            ends.append(before)
        self._bound = _joined(ends)

    def _pattern(self, part: ast.AST) -> None:
        name = getattr(part, "name", None) or getattr(part, "rest", None)
        if isinstance(name, str):
            self._bind(name)
        if isinstance(part, ast.MatchValue):
            self._expression(part.value)
        if isinstance(part, ast.MatchClass):
            self._expression(part.cls)
        if isinstance(part, ast.MatchMapping):
            for key in part.keys:
                self._expression(key)


def _joined(states: Iterable[_State]) -> _State:
    """Return what is surely bound where several ways meet."""
    reached = [state for state in states if state is not None]
    return set.intersection(*reached) if reached else None


def _evaluated(node: ast.AST) -> tuple[list[ast.AST], list[ast.AST]]:
    """Return the parts of an expression that are surely evaluated, and those that may be."""
    if isinstance(node, ast.BoolOp):
        return [node.values[0]], list(node.values[1:])
    if isinstance(node, ast.IfExp):
        return [node.test], [node.body, node.orelse]
    if isinstance(node, ast.Compare):
        return [node.left, node.comparators[0]], list(node.comparators[1:])
    if isinstance(node, ast.Assert):
        return [node.test], [node.msg] if node.msg else []
    return list(ast.iter_child_nodes(node)), []


def _asked_of_globals(node: ast.AST) -> str | None:
    """Return ``K`` for ``globals()["K"]``, ``globals().get("K")`` and ``"K" in globals()``."""
    key: ast.AST | None = None
    if isinstance(node, ast.Subscript) and _is_globals(node.value):
        key = node.slice
    elif isinstance(node, ast.Compare) and _is_globals(node.comparators[0]):
        key = node.left
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        key = node.args[0] if _is_globals(node.func.value) else None
    value = key.value if isinstance(key, ast.Constant) else None
    return value if isinstance(value, str) else None


def _is_globals(node: ast.AST) -> bool:
    called = node.func if isinstance(node, ast.Call) and not node.args else None
    return isinstance(called, ast.Name) and called.id in ("globals", "locals", "vars")


def _is_never_empty(node: ast.expr) -> bool:
    """Tell whether what a loop goes over surely has an element."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return any(not isinstance(part, ast.Starred) for part in node.elts)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (str, bytes)) and bool(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        if node.func.id in ("enumerate", "sorted", "list", "tuple", "reversed"):
            return _is_never_empty(node.args[0])
        if node.func.id == "range" and all(isinstance(part, ast.Constant) for part in node.args):
            values = [part.value for part in node.args if isinstance(part, ast.Constant)]
            numbers = [value for value in values if type(value) is int]
            return len(numbers) == len(values) and 0 not in numbers[2:] and len(range(*numbers)) > 0
    return False


def _deleted(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
                yield node.id


def _called(node: ast.expr) -> str:
    """Return the last name of what an expression calls, or names."""
    called = node.func if isinstance(node, ast.Call) else node
    return str(getattr(called, "attr", None) or getattr(called, "id", ""))


def class_names(node: ast.ClassDef) -> tuple[frozenset[str], frozenset[str]]:
    """Return the global names that a class body reads at once, and those its methods read later."""
    bare = ast.ClassDef(node.name, [], [], body=node.body, decorator_list=[])
    if hasattr(node, "type_params"):  # since Python 3.12
        setattr(bare, "type_params", [])  # noqa: B010 - the type checker reads 3.11
    outer = compile_statement(bare)
    body = next(constant for constant in outer.co_consts if isinstance(constant, CodeType))
    methods = [constant for constant in body.co_consts if isinstance(constant, CodeType)]
    later = frozenset(name for method in methods for name in free_names(method))
    stored: set[str] = {"__name__", "__qualname__", "__module__"}
    now = set()
    for statement in node.body:
        inner = Flow()
        inner.walk([statement])
        now |= set(inner.reads) - stored
        stored |= set(inner.binds)
    return frozenset(now), later | (free_names(body) - stored)
