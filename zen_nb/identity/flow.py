"""Which names a cell reads before it has bound them, found by a definite-assignment walk.

A name that the cell has surely bound by the time it is read is not an input.
Bodies of functions are read when their name is first used, not where they are
defined; comprehensions, lambdas and class bodies are read at once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from types import CodeType

from zen_nb.identity.bytecode import facts

_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Flow:
    """Walks the statements of a cell in order.

    Attributes
    ----------
    reads
        Names read while not surely bound, each with the names surely bound by then.
    binds, deletes
        Names that some statement binds or deletes at the top level, in order.
    """

    def __init__(self) -> None:
        self.reads: dict[str, frozenset[str]] = {}
        self.binds: dict[str, None] = {}
        self.deletes: dict[str, None] = {}
        self._bound: set[str] = set()
        self._waiting: dict[str, frozenset[str]] = {}

    def walk(self, statements: Iterable[ast.stmt]) -> None:
        """Take in `statements`, in order."""
        for statement in statements:
            visit = getattr(self, f"_on_{type(statement).__name__}", self._on_other)
            visit(statement)

    # -- names ------------------------------------------------------------------------

    def _read(self, name: str) -> None:
        if name not in self._bound:
            self.reads.setdefault(name, frozenset(self._bound))
        for inner in self._waiting.pop(name, ()):
            self._read(inner)

    def _bind(self, name: str) -> None:
        self.binds.setdefault(name)
        self._bound.add(name)

    def _expression(self, node: ast.AST | None) -> None:
        """Take in the reads of an expression, then the names that it binds."""
        if node is None:
            return
        if isinstance(node, _SCOPES):
            self._scope(node)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._read(node.id)
        elif isinstance(node, ast.NamedExpr):
            self._expression(node.value)
            self._bind(node.target.id)
        else:
            for child in ast.iter_child_nodes(node):
                self._expression(child)

    def _scope(self, node: ast.expr) -> None:
        for name in free_names(compile_expression(node)):
            self._read(name)
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                self._bind(inner.target.id)

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

    # -- statements -------------------------------------------------------------------

    def _on_other(self, node: ast.stmt) -> None:
        for child in ast.iter_child_nodes(node):
            self._expression(child)

    def _on_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            for default in (*node.value.args.defaults, *node.value.args.kw_defaults):
                self._expression(default)
            self._waiting[node.targets[0].id] = free_names(compile_expression(node.value))
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

    def _on_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._read(target.id)
                self._bound.discard(target.id)
                self.deletes.setdefault(target.id)
            else:
                self._expression(target)

    def _on_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0])

    def _on_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name != "*":
                self._bind(alias.asname or alias.name)

    def _on_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            self._expression(part)
        free = free_names(compile_statement(without_surroundings(node)))
        self._bind(node.name)
        if node.decorator_list:
            for name in free - {node.name}:
                self._read(name)
        else:
            self._waiting[node.name] = free

    _on_AsyncFunctionDef = _on_FunctionDef

    def _on_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(word.value for word in node.keywords)):
            self._expression(part)
        now, later = class_names(node)
        for name in now:
            self._read(name)
        self._bind(node.name)
        self._waiting[node.name] = later

    def _on_If(self, node: ast.If) -> None:
        self._expression(node.test)
        self._branches(node.body, node.orelse)

    def _on_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._expression(node.iter)
        before = set(self._bound)
        self._target(node.target)
        self.walk(node.body)
        self._bound = before
        self._optional(node.orelse)

    _on_AsyncFor = _on_For

    def _on_While(self, node: ast.While) -> None:
        self._expression(node.test)
        self._optional(node.body)
        self._optional(node.orelse)

    def _on_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self._expression(item.context_expr)
            self._target(item.optional_vars)
        self.walk(node.body)

    _on_AsyncWith = _on_With

    def _on_Try(self, node: ast.Try) -> None:
        before = set(self._bound)
        self.walk([*node.body, *node.orelse])
        ends = [set(self._bound)]
        for handler in node.handlers:
            self._bound = set(before)
            self._expression(handler.type)
            if handler.name:
                self._bind(handler.name)
            self.walk(handler.body)
            self._bound.discard(handler.name or "")
            if not _leaves(handler.body):
                ends.append(set(self._bound))
        self._bound = before | set.intersection(*ends)
        self.walk(node.finalbody)

    _on_TryStar = _on_Try

    def _on_Match(self, node: ast.Match) -> None:
        self._expression(node.subject)
        before = set(self._bound)
        for case in node.cases:
            self._bound = set(before)
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    self._bind(name)
                if isinstance(part, ast.MatchValue):
                    self._expression(part.value)
                if isinstance(part, ast.MatchClass):
                    self._expression(part.cls)
            self._expression(case.guard)
            self.walk(case.body)
        self._bound = before

    def _branches(self, *bodies: list[ast.stmt]) -> None:
        before = set(self._bound)
        ends = []
        for body in bodies:
            self._bound = set(before)
            self.walk(body)
            if not _leaves(body):
                ends.append(set(self._bound))
        self._bound = set.intersection(*ends) if ends else before

    def _optional(self, body: list[ast.stmt]) -> None:
        before = set(self._bound)
        self.walk(body)
        self._bound = before


def _leaves(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], (ast.Raise, ast.Continue, ast.Break, ast.Return))


def compile_statement(*nodes: ast.stmt) -> CodeType:
    """Compile statements as the body of a module, top-level ``await`` allowed."""
    module = ast.fix_missing_locations(ast.Module(list(nodes), []))
    return compile(module, "<step>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def compile_expression(node: ast.expr) -> CodeType:
    """Compile one expression, ``await`` allowed."""
    return compile_statement(ast.Expr(node))


def free_names(code: CodeType) -> frozenset[str]:
    """Return the global names that compiled code reads, nested code included."""
    return frozenset(chain[0] for chain in facts(code).chains)


def without_surroundings(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """Return a function without decorators, defaults and annotations: its body alone counts."""
    bare = [ast.arg(part.arg) for part in node.args.args]
    arguments = ast.arguments(
        posonlyargs=[ast.arg(part.arg) for part in node.args.posonlyargs],
        args=bare,
        vararg=ast.arg(node.args.vararg.arg) if node.args.vararg else None,
        kwonlyargs=[ast.arg(part.arg) for part in node.args.kwonlyargs],
        kw_defaults=[None] * len(node.args.kwonlyargs),
        kwarg=ast.arg(node.args.kwarg.arg) if node.args.kwarg else None,
        defaults=[],
    )
    fields = {name: value for name, value in ast.iter_fields(node) if name != "type_comment"}
    fields.update(args=arguments, decorator_list=[], returns=None)
    return ast.copy_location(type(node)(**fields), node)


def class_names(node: ast.ClassDef) -> tuple[frozenset[str], frozenset[str]]:
    """Return the global names that a class body reads at once, and those its methods read later."""
    bare = ast.ClassDef(
        name=node.name, bases=[], keywords=[], body=node.body, decorator_list=[],
        **({"type_params": []} if hasattr(node, "type_params") else {}),
    )  # fmt: skip
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


def ast_module(nodes: Iterable[ast.stmt]) -> ast.Module:
    """Return statements as a module that can be compiled, at the lines where they stand."""
    return ast.fix_missing_locations(ast.Module(list(nodes), []))
