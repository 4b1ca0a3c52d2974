"""What one cell is: its compiled form without what cannot matter, and its names."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType

from zen_nb.identity.bytecode import DOC_READERS as _DOC_READERS
from zen_nb.identity.bytecode import facts
from zen_nb.identity.flow import Flow, compile_statement, free_names, without_surroundings

# Line magics that set something up and are simply run again on a hit.
HARMLESS_MAGICS = frozenset({"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision"})
# Magics around code: the code is analysed as if it stood alone, what they print is replayed.
_TRANSPARENT_MAGICS = frozenset({"time"})
_HISTORY = re.compile(r"_+|_i+|_i?\d+|In|Out|_oh|_ih|_dh")
_INTERACTIVE = frozenset({"input", "exit", "quit", "breakpoint"})
_WHOLE_NAMESPACE = frozenset({"globals", "locals", "vars", "dir"})
_TEXT_EVALUATORS = frozenset({"eval", "exec", "query", "ols", "logit", "glm", "dmatrix", "dmatrices", "from_formula"})
_IDENTIFIER = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class CellFacts:
    """What a cell does with names, and the identity of its code.

    Attributes
    ----------
    code
        Compiled from the normalised tree; never executed.
    digest
        Fingerprint of that code alone.
    reads
        Names read while not surely bound, each with the names surely bound by then.
    binds, deletes
        Top-level names bound or deleted somewhere.
    definitions
        Import, function and class statements (and harmless magics) that a hit runs again.
    redefined
        Names that these statements bind.
    head
        The import statements the cell begins with.
    refusal
        Why such a cell cannot be cached; ``""`` where it can.
    whole_namespace, evaluates_text
        Whether code in it can read any name, or names out of its strings.
    """

    code: CodeType
    digest: str
    reads: dict[str, frozenset[str]]
    binds: tuple[str, ...]
    deletes: tuple[str, ...]
    definitions: tuple[ast.stmt, ...]
    redefined: frozenset[str]
    head: tuple[ast.stmt, ...]
    refusal: str
    whole_namespace: bool
    evaluates_text: bool

    @property
    def strings(self) -> frozenset[str]:
        """Every string constant of the cell."""
        return facts(self.code).strings


def read_cell(tree: ast.Module, parse: Callable[[str], ast.Module]) -> CellFacts:
    """Return the facts of a cell's tree, after IPython's own transformation.

    Parameters
    ----------
    parse
        Turns the body of a transparent magic such as ``%%time`` into a tree.
    """
    statements = list(_opened(tree.body, parse))
    flow = Flow()
    flow.walk(statements)
    code = compile_statement(*_normalised(statements))
    definitions = tuple(_definitions(statements, frozenset(flow.binds)))
    names = facts(code).names
    return CellFacts(
        code=code,
        digest=facts(code).digest,
        reads=flow.reads,
        binds=tuple(flow.binds),
        deletes=tuple(flow.deletes),
        definitions=definitions,
        redefined=frozenset(name for node in definitions for name in _bound_by(node)),
        head=tuple(_head(statements)),
        refusal=_refusal(statements, flow, names),
        whole_namespace=bool(names & _WHOLE_NAMESPACE),
        evaluates_text=bool(names & _TEXT_EVALUATORS),
    )


def names_in_strings(strings: frozenset[str]) -> set[str]:
    """Return every identifier that occurs in `strings`: what text evaluated as code may name."""
    return {name for text in strings if len(text) < 10_000 for name in _IDENTIFIER.findall(text)}


# -- magics -------------------------------------------------------------------------------


def _magic_call(node: ast.AST) -> tuple[str, list[object]] | None:
    """Return ``(method, arguments)`` of a call that IPython wrote in place of a magic or ``!``."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Call)
        and isinstance(node.func.value.func, ast.Name)
        and node.func.value.func.id == "get_ipython"
    ):
        return node.func.attr, [getattr(part, "value", None) for part in node.args]
    return None


def _opened(statements: list[ast.stmt], parse: Callable[[str], ast.Module]) -> Iterator[ast.stmt]:
    for node in statements:
        call = _magic_call(node.value) if isinstance(node, ast.Expr) else None
        if call is not None and len(call[1]) > 1 and call[1][0] in _TRANSPARENT_MAGICS:
            body = call[1][-1]
            yield from _opened(parse(body if isinstance(body, str) else "").body, parse)
        else:
            yield node


def _refusal(statements: list[ast.stmt], flow: Flow, names: frozenset[str]) -> str:
    for statement in statements:
        for node in ast.walk(statement):
            call = _magic_call(node)
            if call is None:
                continue
            method, arguments = call
            if method in ("system", "getoutput"):
                return "it calls the shell (!)"
            if method in ("run_line_magic", "run_cell_magic") and arguments[0] not in HARMLESS_MAGICS:
                mark = "%%" if method == "run_cell_magic" else "%"
                return f"what {mark}{arguments[0]} does cannot be replayed"
    history = sorted(name for name in flow.reads if _HISTORY.fullmatch(name))
    if history:
        return f"it reads IPython's history ({', '.join(history)})"
    asking = sorted(names & _INTERACTIVE & set(flow.reads))
    if asking:
        return f"it is interactive ({', '.join(asking)})"
    if "get_ipython" in flow.reads and not _only_harmless(statements):
        return "it uses get_ipython()"
    return ""


def _only_harmless(statements: list[ast.stmt]) -> bool:
    uses = sum(
        isinstance(node, ast.Name) and node.id == "get_ipython"
        for statement in statements
        for node in ast.walk(statement)
    )
    magics = sum(_magic_call(node) is not None for statement in statements for node in ast.walk(statement))
    return uses == magics


# -- definitions --------------------------------------------------------------------------


def _bound_by(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    return []


def _definitions(statements: list[ast.stmt], binds: frozenset[str]) -> Iterator[ast.stmt]:
    """Yield the statements that a hit runs again: they need nothing else that the cell binds."""
    available: set[str] = set()
    rebound = _rebound(statements)
    for node in statements:
        if isinstance(node, (ast.Import, ast.ImportFrom)) or _is_harmless_magic(node):
            available.update(_bound_by(node))
            yield node
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node.name not in rebound and not (_needs(node) & binds) - available:
                available.add(node.name)
                yield node


def _rebound(statements: list[ast.stmt]) -> set[str]:
    """Return names that more than one top-level statement binds."""
    seen: set[str] = set()
    twice: set[str] = set()
    for node in statements:
        flow = Flow()
        flow.walk([node])
        twice |= seen & set(flow.binds)
        seen |= set(flow.binds)
    return twice


def _needs(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    flow = Flow()
    flow.walk([node])
    return set(flow.reads)


def _is_harmless_magic(node: ast.stmt) -> bool:
    call = _magic_call(node.value) if isinstance(node, ast.Expr) else None
    return call is not None and call[0] == "run_line_magic" and call[1][0] in HARMLESS_MAGICS


def _head(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in statements:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            return
        yield node


# -- normal form --------------------------------------------------------------------------


def _normalised(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Leave out annotations of names, and docstrings and annotations of undecorated functions.

    Where the cell reads documentation, all of it stays. A shown expression is
    kept as an assignment, since the compiler drops constants nobody uses.
    """
    copies = copy.deepcopy(statements)
    if not any(_reads_documentation(node) for node in copies):
        copies = [_Plain().visit(node) for node in copies]
    return [
        ast.Assign([ast.Name("<shown>", ast.Store())], node.value) if isinstance(node, ast.Expr) else node
        for node in copies
    ]


def _reads_documentation(statement: ast.stmt) -> bool:
    return any(
        getattr(node, "id", getattr(node, "attr", None)) in _DOC_READERS for node in ast.walk(statement)
    )


class _Plain(ast.NodeTransformer):
    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None or not isinstance(node.target, ast.Name):
            return ast.Pass() if node.value is None else node
        return ast.Assign([node.target], node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        if not node.decorator_list:
            node.body = _without_docstring(node.body)
        node.body = [part if isinstance(part, ast.AnnAssign) else self.visit(part) for part in node.body]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        if node.decorator_list:
            return node
        node.body = _without_docstring(node.body)
        node.returns = None
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            argument.annotation = None
        for argument in filter(None, (node.args.vararg, node.args.kwarg)):
            argument.annotation = None
        self.generic_visit(node)
        return node


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:] or [ast.Pass()]
    return body


__all__ = ["HARMLESS_MAGICS", "CellFacts", "free_names", "names_in_strings", "read_cell", "without_surroundings"]
