"""Which statements of a cell a hit runs again, so that what they define is the real thing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from zen_nb.identity.flow import Flow

# Line magics that set something up and are simply run again on a hit.
HARMLESS_MAGICS = frozenset(
    {"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision"}
)

_Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_IMPORTS = (ast.Import, ast.ImportFrom)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINING = (*_IMPORTS, *_FUNCTIONS, ast.ClassDef)

# Calls that make something and do nothing else: in decorators, defaults and class bodies.
_PURE = frozenset(
    {
        "dataclass",
        "field",
        "auto",
        "property",
        "staticmethod",
        "classmethod",
        "lru_cache",
        "cache",
        "cached_property",
        "wraps",
        "partial",
        "partialmethod",
        "contextmanager",
        "total_ordering",
        "singledispatch",
        "namedtuple",
        "TypeVar",
        "NewType",
        "dict",
        "list",
        "set",
        "tuple",
        "frozenset",
        "range",
        "float",
        "int",
        "str",
        "Path",
        "timedelta",
    }
)


def magic_call(node: ast.AST) -> tuple[str, list[object]] | None:
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


def bound_by(node: ast.stmt) -> list[str]:
    """Return the names that a definition binds."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return [node.name]
    if isinstance(node, _IMPORTS):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    return []


def definitions_of(statements: list[ast.stmt], binds: frozenset[str]) -> Iterator[ast.stmt]:
    """Yield the statements that a hit runs again.

    They need nothing else that the cell binds, nothing else in the cell changes what they
    define, and beyond imports and decorators they call nothing that may have an effect.
    """
    available: set[str] = set()
    mixed, rebound = _rebound(statements)
    changed = _changed(statements)
    acts = not all(isinstance(node, _DEFINING) or is_harmless_magic(node) for node in statements)
    for node in statements:
        names = set(bound_by(node))
        if is_harmless_magic(node):
            yield node
        elif isinstance(node, _IMPORTS):
            if not names & mixed:
                available |= names
                yield node
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            kept = not names & (rebound | changed) and _is_quiet(node)
            kept = kept and not (acts and _holds_state(node))
            if kept and not (_needs(node) & binds) - available:
                available |= names
                yield node


def _rebound(statements: list[ast.stmt]) -> tuple[set[str], set[str]]:
    """Return names that something beside imports binds, and names that are bound twice."""
    seen: set[str] = set()
    twice: set[str] = set()
    mixed: set[str] = set()
    for node in statements:
        flow = Flow()
        flow.walk([node])
        bound = set(flow.binds)
        twice |= seen & bound
        seen |= bound
        if not isinstance(node, _IMPORTS):
            mixed |= bound
    return mixed, twice


def _changed(statements: list[ast.stmt]) -> set[str]:
    """Return names whose attributes the cell sets, deletes or registers something with."""
    found: set[str] = set()
    for node in (part for statement in statements for part in ast.walk(statement)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if not isinstance(node.ctx, ast.Load) or node.attr == "register":
                found.add(node.value.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            setting = node.func.id in ("setattr", "delattr")
            targets = node.args[:1] if setting else []
            found |= {part.id for part in targets if isinstance(part, ast.Name)}
    classes = [part for part in statements if isinstance(part, ast.ClassDef)]
    return found | {part.name for part in classes if _changes_itself(part)}


def _changes_itself(node: ast.ClassDef) -> bool:
    """Tell whether methods of a class set attributes of the class."""
    return any(
        isinstance(part, ast.Attribute)
        and not isinstance(part.ctx, ast.Load)
        and (
            (isinstance(part.value, ast.Name) and part.value.id == "cls")
            or (isinstance(part.value, ast.Attribute) and part.value.attr == "__class__")
            or (isinstance(part.value, ast.Call) and getattr(part.value.func, "id", "") == "type")
        )
        for part in ast.walk(node)
    )


def _holds_state(node: _Function | ast.ClassDef) -> bool:
    """Tell whether what else the cell does can change what a definition keeps for itself.

    That is a class attribute or a default that is made new with it (``rows = []``).
    """
    if isinstance(node, ast.ClassDef):
        assigned = (part for part in node.body if isinstance(part, (ast.Assign, ast.AnnAssign)))
        kept = [part.value for part in assigned]
    else:
        kept = [*node.args.defaults, *node.args.kw_defaults]
    return any(isinstance(part, _CHANGEABLE) for part in kept)


_CHANGEABLE = (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp, ast.DictComp, ast.SetComp)


def _is_quiet(node: _Function | ast.ClassDef) -> bool:
    """Tell whether making the definition calls nothing that may do more than make something."""
    if isinstance(node, ast.ClassDef):
        heads: list[ast.AST] = [*node.bases, *(word.value for word in node.keywords)]
        return all(map(_is_pure, heads)) and all(map(_is_quiet_part, node.body))
    return all(map(_is_pure, filter(None, (*node.args.defaults, *node.args.kw_defaults))))


def _is_quiet_part(node: ast.stmt) -> bool:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return _is_quiet(node)
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Expr)):
        return node.value is None or _is_pure(node.value)
    return isinstance(node, (ast.Pass, *_IMPORTS))


def _is_pure(node: ast.AST) -> bool:
    return all(
        str(getattr(part.func, "attr", getattr(part.func, "id", ""))) in _PURE
        for part in _run_now(node)
        if isinstance(part, ast.Call)
    )


def _run_now(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of an expression that are evaluated with it: not the bodies of lambdas."""
    yield node
    if not isinstance(node, ast.Lambda):
        for part in ast.iter_child_nodes(node):
            yield from _run_now(part)


def _needs(node: _Function | ast.ClassDef) -> set[str]:
    flow = Flow()
    flow.walk([node])
    return set(flow.reads)


def is_harmless_magic(node: ast.stmt) -> bool:
    """Tell whether a statement is a magic that is simply run again on a hit."""
    call = magic_call(node.value) if isinstance(node, ast.Expr) else None
    return call is not None and call[0] == "run_line_magic" and call[1][0] in HARMLESS_MAGICS
