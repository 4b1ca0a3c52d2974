"""Parts of a cell compiled on their own and never executed: what their code reads, they read."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from types import CodeType

from zen_nb.identity.bytecode import facts


def compile_statement(*nodes: ast.stmt) -> CodeType:
    """Compile statements as the body of a module, top-level ``await`` allowed."""
    module = ast.fix_missing_locations(ast.Module(list(nodes), []))
    code = compile(module, "<step>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    assert isinstance(code, CodeType)
    return code


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


def ast_module(nodes: Iterable[ast.stmt]) -> ast.Module:
    """Return statements as a module that can be compiled, at the lines where they stand."""
    return ast.fix_missing_locations(ast.Module(list(nodes), []))
