"""The statements of a cell as code, compiled one by one as IPython does."""

from __future__ import annotations

import ast
from types import CodeType


def compiled(tree: ast.Module, filename: str, mode: str) -> list[CodeType]:
    """Compile statements one by one, as IPython does for `ast_node_interactivity`."""
    body = list(tree.body)
    if mode == "last_expr_or_assign" and body and (name := _assigned(body[-1])) is not None:
        body.append(ast.copy_location(ast.Expr(name), body[-1]))
    shown = {"all": body, "none": []}.get(mode, body[-1:])
    if mode.startswith("last_expr") and not (body and isinstance(body[-1], ast.Expr)):
        shown = []
    return [
        compile_one(node, filename, is_shown=any(node is part for part in shown)) for node in body
    ]


def _assigned(node: ast.stmt) -> ast.Name | None:
    """Return the name that an assignment gives a value, to be read."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    simple = isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and isinstance(
        target, ast.Name
    )
    return ast.copy_location(ast.Name(target.id, ast.Load()), node) if simple else None  # type: ignore[union-attr]


def compile_one(node: ast.stmt, filename: str, *, is_shown: bool = False) -> CodeType:
    """Compile one statement; where it is shown, its values go to the displayhook."""
    whole = ast.Interactive([node]) if is_shown else ast.Module([node], [])
    whole = ast.fix_missing_locations(whole)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    mode = "single" if is_shown else "exec"
    code: CodeType = compile(whole, filename, mode, flags, dont_inherit=True)
    return code


def shown_last(tree: ast.Module, filename: str) -> CodeType | None:
    """Return the last line of a cell as an expression to be shown; ``None`` where it is none."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        return None
    whole = ast.fix_missing_locations(ast.Expression(last.value))
    code: CodeType = compile(whole, filename, "eval", dont_inherit=True)
    return code
