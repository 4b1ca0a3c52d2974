"""One program written in other lines, and programs that differ from it in one place."""

from __future__ import annotations

import ast
import copy
import io
import random
import tokenize
from collections.abc import Callable, Iterator
from types import CodeType

Change = Callable[[], None]


# -- the same in other lines --------------------------------------------------------------


def in_lines(tree: ast.Module, line: Callable[[], int]) -> CodeType:
    """Compile a tree as if each of its parts stood on a line of its own choice."""
    again = copy.deepcopy(tree)
    for node in ast.walk(again):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line()
            node.col_offset = node.end_col_offset = 0
    return compile(again, "<lines>", "exec")


def broken(source: str, chance: random.Random) -> str:
    """Break a text where brackets allow it: after brackets and commas, beside operators."""
    depth, texts, places = 0, 0, []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        texts += (kind == "FSTRING_START") - (kind == "FSTRING_END")
        if (
            depth
            and not texts
            and token.type in (tokenize.OP, tokenize.NAME)
            and chance.random() < 0.6
        ):
            places.append(token.start)
        depth += (token.string in tuple("([{")) - (token.string in tuple(")]}"))
    lines = source.splitlines(keepends=True)
    for row, column in reversed(places):
        text = lines[row - 1]
        lines[row - 1] = f"{text[:column]}\n{text[column:]}"
    return "".join(lines)


def bracketed(source: str) -> str:
    """Put every expression that may stand in brackets into brackets."""
    return ast.unparse(_Brackets().visit(ast.parse(source)))


class _Brackets(ast.NodeTransformer):
    """Marks expressions; what is unparsed as a name of its own keeps its brackets."""

    def generic_visit(self, node):
        super().generic_visit(node)
        if isinstance(node, (ast.BoolOp, ast.Compare, ast.BinOp, ast.IfExp, ast.UnaryOp)):
            return ast.Name(f"({ast.unparse(node)})", ast.Load())
        return node


def without_docstrings(tree: ast.Module) -> ast.Module:
    """Leave out what compiled code does not hold."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node):
            node.body[0] = ast.Pass()
    return ast.fix_missing_locations(tree)


# -- different programs -------------------------------------------------------------------


def mutants(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Yield what was changed, and the tree with that change alone."""
    count = sum(1 for _ in _changes(copy.deepcopy(tree)))
    for number in range(count):
        again = copy.deepcopy(tree)
        name, change = list(_changes(again))[number]
        change()
        yield name, ast.fix_missing_locations(again)


def _changes(tree: ast.Module) -> Iterator[tuple[str, Change]]:
    for node in ast.walk(tree):
        for change in _OF.get(type(node), ()):
            done = change(node)
            if done is not None:
                yield f"{ast.unparse(node)[:60]}: {change.__name__}", done
        for blocks in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(blocks, list):
                yield from _of_statements(node, blocks)


def _set(node: ast.AST, name: str, value: object) -> Change:
    return lambda: setattr(node, name, value)


_OTHER = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
          ast.Mod: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Pow: ast.Mult,
          ast.FloorDiv: ast.Div, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
          ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
          ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
          ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And}  # fmt: skip


def operator(node):
    return _set(node, "op", _OTHER[type(node.op)]()) if type(node.op) in _OTHER else None


def comparison(node):
    return _set(node, "ops", [_OTHER[type(node.ops[0])](), *node.ops[1:]])


def constant(node):
    value = node.value
    if isinstance(value, bool) or value is None or value is ...:
        return _set(node, "value", not value)
    more = {str: "x", bytes: b"x"}.get(type(value), 1)
    return _set(node, "value", value + more)


def as_text(node):
    return _set(node, "value", repr(node.value)) if type(node.value) in (int, float) else None


def attribute(node):
    return _set(node, "attr", f"{node.attr}_")


def swapped(node):
    if not node.orelse:
        return None

    def change():
        node.body, node.orelse = node.orelse, node.body

    return change


def nothing(node):
    nothing_before = node.value is None or getattr(node.value, "value", "") is None
    return None if nothing_before else _set(node, "value", ast.Constant(None))


def negated(node):
    return _set(node, "test", ast.UnaryOp(ast.Not(), node.test))


_OF = {
    ast.BinOp: (operator,), ast.BoolOp: (operator,), ast.AugAssign: (operator,),
    ast.Compare: (comparison,), ast.Constant: (constant, as_text), ast.Attribute: (attribute,),
    ast.If: (swapped, negated), ast.IfExp: (swapped, negated), ast.While: (negated,),
    ast.Assert: (negated,), ast.Return: (nothing,),
}  # fmt: skip


def _of_statements(node: ast.AST, block: list[ast.stmt]) -> Iterator[tuple[str, Change]]:
    for place, part in enumerate(block):
        told = ast.unparse(part)[:60]
        yield f"{told}: removed", _put(block, place, ast.Pass())
        if isinstance(part, (ast.Break, ast.Continue)):
            other = ast.Continue() if isinstance(part, ast.Break) else ast.Break()
            yield f"{told}: turned", _put(block, place, other)
        if isinstance(part, (ast.Try, ast.For, ast.While, ast.With)):
            yield f"{told}: first line before it", _move(part.body, 0, block, place)
            yield f"{told}: last line after it", _move(part.body, -1, block, place + 1)
        if isinstance(part, ast.Try) and part.finalbody:
            yield f"{told}: no finally", _move(part.finalbody, 0, block, place + 1)
        if getattr(part, "orelse", None) and _has_two_ways(part):
            yield f"{told}: no else", _move(part.orelse, 0, block, place + 1)


def _has_two_ways(part: ast.stmt) -> bool:
    """Tell whether what stands after a statement is reached without its ``else``."""
    ends = (ast.Return, ast.Raise, ast.Continue, ast.Break)
    handlers = getattr(part, "handlers", None)
    if handlers is not None:
        return not all(isinstance(handler.body[-1], ends) for handler in handlers)
    return not isinstance(part, ast.If)


def _put(block: list[ast.stmt], place: int, part: ast.stmt) -> Change:
    return lambda: block.__setitem__(place, part)


def _move(source: list[ast.stmt], which: int, block: list[ast.stmt], place: int) -> Change:
    def change():
        part, source[which] = source[which], ast.Pass()
        block.insert(place, part)

    return change
