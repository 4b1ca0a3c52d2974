"""What one cell is: its compiled form without what cannot matter, and its names."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType

from zen_nb.identity.bytecode import DOC_READERS as _DOC_READERS
from zen_nb.identity.bytecode import facts
from zen_nb.identity.components import digest_parts
from zen_nb.identity.definitions import HARMLESS_MAGICS, bound_by, definitions_of, magic_call
from zen_nb.identity.flow import Flow
from zen_nb.identity.fragments import compile_statement
from zen_nb.identity.settled import Settled, settled_by
from zen_nb.identity.writings import Writing, writings

# Magics around code: the code is analysed as if it stood alone, what they print is replayed.
_TRANSPARENT_MAGICS = frozenset({"time"})
_HISTORY = re.compile(r"_+|_i+|_i?\d+|In|Out|_oh|_ih|_dh")
_INTERACTIVE = frozenset({"input", "exit", "quit", "breakpoint"})
# Names of what evaluates text in which variables of the caller can be named.
TEXT_EVALUATORS = frozenset(
    {
        "eval",
        "exec",
        "query",
        "sql",
        "SQLContext",
        "ols",
        "logit",
        "glm",
        "dmatrix",
        "dmatrices",
        "from_formula",
    }
)
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_MARKED = re.compile(r"@\s*([^\W\d]\w*)")


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
    whole_namespace
        Whether code in it can read any name.
    sets
        What the cell may put into libraries.
    deferred
        What the functions and classes that it defines read when they are called; see `Flow`.
    stars
        Modules imported with a star, each with the names first read after it.
    settled
        Names that some statements of the tree may bind.
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
    sets: tuple[Writing, ...]
    deferred: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    stars: Mapping[tuple[str, int], Collection[str]] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)

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
    definitions = tuple(definitions_of(statements, frozenset(flow.binds)))
    plain = normalised(statements, definitions)
    code = compile_statement(*plain)
    names = facts(code).names
    # Statements inside a magic are not run one by one.
    settled = settled_by(statements, flow, watched=statements == tree.body)
    return CellFacts(
        code=code,
        digest=digest_parts([facts(code).digest, *docstrings_of(plain)]),
        # What a magic needs of the shell is no input; other uses of it are refused.
        reads={name: bound for name, bound in flow.reads.items() if name != "get_ipython"},
        binds=tuple(flow.binds),
        deletes=tuple(flow.deletes),
        definitions=definitions,
        redefined=frozenset(name for node in definitions for name in bound_by(node)),
        head=tuple(_head(statements)),
        refusal=_refusal(statements, flow, names),
        whole_namespace=facts(code).reads_scope,
        sets=tuple(dict.fromkeys(writings(ast.Module(statements, [])))),
        deferred=flow.deferred,
        stars=flow.stars,
        settled=settled,
    )


def names_in_strings(strings: frozenset[str], *, marked: bool = False) -> set[str]:
    """Return every identifier that occurs in `strings`: what text evaluated as code may name.

    Parameters
    ----------
    marked
        Only those after ``@``: in conditions on tables the others are columns.
    """
    pattern = _MARKED if marked else _IDENTIFIER
    return {name for text in strings if len(text) < 10_000 for name in pattern.findall(text)}


# -- magics -------------------------------------------------------------------------------


def _opened(statements: list[ast.stmt], parse: Callable[[str], ast.Module]) -> Iterator[ast.stmt]:
    for node in statements:
        call = magic_call(node.value) if isinstance(node, ast.Expr) else None
        if call is not None and len(call[1]) > 1 and call[1][0] in _TRANSPARENT_MAGICS:
            body = call[1][-1]
            yield from _opened(parse(body if isinstance(body, str) else "").body, parse)
        else:
            yield node


def _refusal(statements: list[ast.stmt], flow: Flow, names: frozenset[str]) -> str:
    for statement in statements:
        for node in ast.walk(statement):
            call = magic_call(node)
            if call is None:
                continue
            method, arguments = call
            if method in ("system", "getoutput"):
                return "it calls the shell (!)"
            if method not in ("run_line_magic", "run_cell_magic"):
                return "it uses get_ipython()"
            if arguments[0] not in HARMLESS_MAGICS:
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
    magics = sum(
        magic_call(node) is not None for statement in statements for node in ast.walk(statement)
    )
    return uses == magics


def _head(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in statements:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            return
        yield node


# -- normal form --------------------------------------------------------------------------


def normalised(statements: list[ast.stmt], again: Collection[ast.stmt]) -> list[ast.stmt]:
    """Leave out annotations of names, and docstrings and annotations of undecorated functions.

    Only of functions and classes in `again`, which a hit defines from the present text;
    where the cell reads documentation, all of it stays. A shown expression is kept as an
    assignment, since the compiler drops constants nobody uses. All stands on one line:
    what the compiler makes of a condition depends on line breaks in it.
    """
    plain = not any(map(_reads_documentation, statements))
    made: list[ast.stmt] = []
    for node in statements:
        part: ast.stmt = copy.deepcopy(node)
        if plain and (node in again or not isinstance(node, _DEFINITIONS)):
            part = _Plain().visit(part)
        if isinstance(part, ast.Expr):
            part = ast.Assign([ast.Name("<shown>", ast.Store())], part.value)
        made.append(part)
    for part in made:
        ast.fix_missing_locations(part)
        for inner in ast.walk(part):
            if hasattr(inner, "lineno"):
                inner.lineno = inner.end_lineno = 1  # type: ignore[attr-defined]
                inner.col_offset = inner.end_col_offset = 0  # type: ignore[attr-defined]
    return made


def _reads_documentation(statement: ast.stmt) -> bool:
    return any(
        getattr(node, "id", getattr(node, "attr", None)) in _DOC_READERS
        for node in ast.walk(statement)
    )


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class _Plain(ast.NodeTransformer):
    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None or not isinstance(node.target, ast.Name):
            return ast.Pass() if node.value is None else node
        return ast.Assign([node.target], node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        if not (node.decorator_list or node.bases or node.keywords):
            node.body = _without_docstring(node.body)
        node.body = [
            part if isinstance(part, ast.AnnAssign) else self.visit(part) for part in node.body
        ]
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


def docstrings_of(statements: list[ast.stmt]) -> Iterator[str]:
    """Yield the docstrings of functions that were left in: they are no part of compiled code."""
    for node in (part for statement in statements for part in ast.walk(statement)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{node.name} {ast.get_docstring(node, clean=False)}"


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return body[1:] or [ast.Pass()]
    return body
