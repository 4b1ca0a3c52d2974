"""Which code puts something where other code meets it: places written to, calls that hand over.

It is told from the text alone: stores of attributes and of entries of tables, ``setattr``,
patches of ``unittest.mock``, and calls named as those are that keep what they are given.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from zen_nb.identity.components import digest_text

# How functions are called that keep what they are given.
_HANDED = re.compile(r"(un)?register|add_|install|pickle$|constructor$|set_random_seed$")
# Where code may write: an attribute or an entry of something named, or by a call.
_WRITES = re.compile(
    r"(?m)^[ \t]*([^\W\d]\w*)[ \t]*[.\[][^=\n(]*[^=!<>\n]?=(?!=)|\b(?:for|as)\s+\w+[.\[]"
    r"|\bsetattr\b|\bdelattr\b|\bvars\(|\bpatch\b|__dict__|\bdel\b|register|\badd_|install|\bcopyreg\b|_seed\b"
)
_IMPORTS = re.compile(r"(?m)^[ \t]*(?:from[ \t]+\S+[ \t]+)?import[ \t]+([^\n#]+)")
_WORD = re.compile(r"[^\W\d]\w*")
EVERY = "*"
_OWN = frozenset({"self", "cls"})


@dataclass(frozen=True, slots=True)
class Writing:
    """One place that code writes to, or one call that hands something over.

    Attributes
    ----------
    chain
        The names that lead there; ``*`` at the end where the last is computed.
    key
        Of the entry that is set, in a table.
    call
        Digest of the statement, where it is a call.
    reads
        Names that the call reads.
    module
        What the first name stands for where the code imports it itself.
    target
        The first argument of a call that adds, where it is a name.
    """

    chain: tuple[str, ...]
    key: str | int | None = None
    call: str = ""
    reads: tuple[str, ...] = ()
    module: str = ""
    target: str = ""


@lru_cache(maxsize=512)
def shows_writing(text: str) -> bool:
    """Tell whether code may write somewhere at all, without parsing it."""
    return _WRITES.search(text) is not None


def writes_to_imported(text: str) -> bool:
    """Tell whether a module writes to something that it imports, without parsing it."""
    imported = {word for line in _IMPORTS.findall(text) for word in _WORD.findall(line)}
    return any(
        match[1] is None or match[1] in imported or "(" in text[match.start() : match.start(1)]
        for match in _WRITES.finditer(text)
    )


def writings(tree: ast.Module) -> Iterator[Writing]:
    """Yield what code writes to by names, and the calls that hand something over.

    Variables of a function's own are passed over: what they stand for is not known.
    """
    imported = dict(_imported(tree))
    for node, local in _walked(tree, _OWN):
        for found in _of_node(node):
            first = found.chain[0]
            module = found.module or imported.get(first, "")
            if (module or first not in local) and found.target not in local:
                yield replace(found, module=module)


def _walked(tree: ast.AST, local: frozenset[str]) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    """Yield all nodes, each with the names that are variables of functions there."""
    waiting = [(tree, local)]
    while waiting:
        node, local = waiting.pop()
        yield node, local
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            local |= _variables(node)
        waiting += [(child, local) for child in ast.iter_child_nodes(node)]


def _variables(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    found: set[str] = set()
    outside: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            outside.update(node.names)
    return found - outside


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for part in node.names:
                yield (
                    part.asname or part.name.partition(".")[0],
                    (part.name if part.asname else part.name.partition(".")[0]),
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for part in node.names:
                yield part.asname or part.name, f"{node.module}:{part.name}"


def _of_node(node: ast.AST) -> Iterator[Writing]:
    if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        yield from _places(node)
    elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        yield from _entry(node)
    elif isinstance(node, ast.Call):
        yield from _placed_by_call(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from _handed(node.value, node)
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        for decorator in node.decorator_list:
            made = ast.Call(decorator, [ast.Name(node.name, ast.Load())], [])
            yield from _handed(made, made)


def _places(node: ast.expr) -> Iterator[Writing]:
    chain = _chain(node)
    if len(chain) > 1:
        yield Writing(chain)


def _entry(node: ast.Subscript) -> Iterator[Writing]:
    key = node.slice.value if isinstance(node.slice, ast.Constant) else None
    table = node.value
    if isinstance(table, ast.Call) and _chain(table.func) == ("vars",) and table.args:
        yield from _named(_chain(table.args[0]), key)
    elif isinstance(table, ast.Attribute) and table.attr == "__dict__":
        yield from _named(_chain(table.value), key)
    elif isinstance(table, ast.Attribute) and isinstance(key, (str, int)):
        chain = _chain(table)
        if chain:
            yield Writing(chain, key)


def _named(owner: tuple[str, ...], name: object) -> Iterator[Writing]:
    if owner:
        yield Writing((*owner, name if isinstance(name, str) else EVERY))


def _placed_by_call(node: ast.Call) -> Iterator[Writing]:
    """Yield what ``setattr`` and patches of ``unittest.mock`` put somewhere."""
    called, arguments = _chain(node.func), node.args
    if called in (("setattr",), ("delattr",)) or called[-2:] == ("patch", "object"):
        if len(arguments) > 1:
            name = arguments[1].value if isinstance(arguments[1], ast.Constant) else None
            yield from _named(_chain(arguments[0]), name)
    elif called[-1:] == ("patch",) and arguments and isinstance(arguments[0], ast.Constant):
        named = str(arguments[0].value).split(".")
        if len(named) > 1 and all(map(str.isidentifier, named)):
            yield Writing(tuple(named), module=named[0])


def _handed(call: ast.Call, statement: ast.AST) -> Iterator[Writing]:
    """Yield a call whose result nobody takes and that hands something over for later."""
    # What a decorator is made with belongs to the call: ``@register("a")``.
    function = call.func.func if isinstance(call.func, ast.Call) else call.func
    chain = _chain(function)
    if chain and _HANDED.match(chain[-1]):
        names = [part.id for part in ast.walk(statement) if isinstance(part, ast.Name)]
        reads = tuple(dict.fromkeys(name for name in names if name != chain[0]))
        constants = [part.value for part in call.args if isinstance(part, ast.Constant)]
        key = next((one for one in constants if isinstance(one, (str, int))), None)
        first = call.args[0] if chain[-1].startswith("add_") and call.args else None
        target = first.id if isinstance(first, ast.Name) else ""
        yield Writing(chain, key, digest_text(ast.dump(statement)), reads, target=target)


def _chain(node: ast.expr) -> tuple[str, ...]:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()
