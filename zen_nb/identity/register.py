"""What the user's code puts into installed modules, wherever it does so.

``json.JSONEncoder.default = f`` changes what every caller of ``json`` gets, code of other
packages included, and so does ``copyreg.pickle(Box, f)``. No code that a step reaches names
it, so it is told from the cells that were executed and from the project's modules that are
loaded: which places they write to, and which calls hand something over to a library. What
stands in such a place now is then an ingredient of every step that comes by that library.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, TypeAlias

from zen_nb.identity.components import digest_text
from zen_nb.identity.guard import MISSING
from zen_nb.identity.origin import module_origin
from zen_nb.identity.sources import source_of
from zen_nb.identity.things import is_code

Scope: TypeAlias = Mapping[str, Any]

# How functions are called that keep what they are given.
_HANDED = re.compile(r"(un)?register|add_|install|pickle$|constructor$")
# Where code may write: an attribute or an entry of something named, or by a call.
_WRITES = re.compile(
    r"(?m)^[ \t]*(?:with |for |del )?([^\W\d]\w*)[ \t]*[.\[][^=\n(]*[^=!<>\n]?=(?!=)"
    r"|\bsetattr\b|\bdelattr\b|\bvars\(|\bpatch\b|__dict__|\bdel\b|register|\badd_|install|\bcopyreg\b"
)
# What is set there is the state of the process, of which only what is watched counts.
_WATCHED = frozenset(
    {"sys", "os", "site", "gc", "signal", "threading", "logging", "warnings", "atexit"}
    | {"faulthandler", "IPython", "ipykernel", "matplotlib_inline", "zen_nb"}
)
_CALLED = (FunctionType, BuiltinFunctionType, type, classmethod, staticmethod)
_OWN = frozenset({"self", "cls"})
_EVERY = "*"


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
    """

    chain: tuple[str, ...]
    key: str | int | None = None
    call: str = ""
    reads: tuple[str, ...] = ()
    module: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in a place of an installed module now, or was handed over to one.

    Attributes
    ----------
    name
        The place, as the library calls it.
    root
        The package that it belongs to, or the module of Python's.
    values
        Name to value: one thing for a place, several where names are computed.
    writing, scope
        The call, and where its names are looked up.
    """

    name: str
    root: str
    values: Mapping[str, object]
    writing: Writing
    scope: Scope


_written: dict[tuple[int, object], tuple[Scope, Writing]] = {}
_read: dict[str, object] = {}


def take(tree: ast.Module, scope: Scope, text: str | None = None) -> None:
    """Take in what a cell may put into installed modules, before it runs.

    `text` is that of the cell, where it is known: most show at once that they put nothing.
    """
    if text is None or _WRITES.search(text) is not None:
        _add(_writings(tree), scope)


def standing() -> list[Standing]:
    """Return what the user's code has put into installed modules, as it is now, by name."""
    _read_modules()
    found = [one for scope, writing in [*_written.values()] for one in _standing(writing, scope)]
    return sorted(found, key=lambda one: (one.name, one.writing.call))


def forget(module: str) -> None:
    """Read a module of the project anew: it is executed again."""
    _read.pop(module, None)


# -- what was written ---------------------------------------------------------------------


def _add(found: Iterable[Writing], scope: Scope) -> None:
    for writing in found:
        # An edited call takes the place of what it was before.
        same = (writing.chain, writing.key, writing.reads, bool(writing.call))
        _written[id(scope), same] = (scope, writing)


def _read_modules() -> None:
    """Read the modules of the project that were loaded since."""
    newest = next(reversed(sys.modules))
    if len(_read) == len(sys.modules) and _read.get(newest) is sys.modules[newest]:
        return
    for name, module in [*sys.modules.items()]:
        if name in _read and _read[name] is module:
            continue
        _read[name] = module
        if isinstance(module, ModuleType) and module_origin(name) == "project":
            _add(_writings_of(name, module), vars(module))
    for name in _read.keys() - sys.modules.keys():
        del _read[name]


def _writings_of(name: str, module: ModuleType) -> tuple[Writing, ...]:
    text = _text_of(name, module)
    if text is None or not _may_write(text):
        return ()
    try:
        return tuple(_writings(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return ()


def _text_of(name: str, module: ModuleType) -> str | None:
    if name not in ("__main__", "__mp_main__"):
        source = source_of(name) if _has_file(module) else None
        return None if source is None else source.text
    try:
        with open(str(module.__file__), encoding="utf-8") as file:  # noqa: PTH123
            return file.read()
    except (AttributeError, OSError, ValueError):
        return None


def _has_file(module: ModuleType) -> bool:
    return bool(getattr(module, "__file__", None))


_IMPORTS = re.compile(r"(?m)^[ \t]*(?:from[ \t]+\S+[ \t]+)?import[ \t]+([^\n#]+)")
_WORD = re.compile(r"[^\W\d]\w*")


def _may_write(text: str) -> bool:
    """Tell whether a module writes to something that it imports, without parsing it."""
    imported = {word for line in _IMPORTS.findall(text) for word in _WORD.findall(line)}
    return any(
        match[1] is None or match[1] in imported or "(" in text[match.start() : match.start(1)]
        for match in _WRITES.finditer(text)
    )


# -- reading it from code -----------------------------------------------------------------


def _writings(tree: ast.Module) -> Iterator[Writing]:
    imported = dict(_imported(tree))
    for node in ast.walk(tree):
        for found in _of_node(node):
            if found.chain[0] not in _OWN:
                module = found.module or imported.get(found.chain[0], "")
                yield Writing(found.chain, found.key, found.call, found.reads, module)


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
        yield Writing((*owner, name if isinstance(name, str) else _EVERY))


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
        yield Writing(chain, key, digest_text(ast.dump(statement)), reads)


def _chain(node: ast.expr) -> tuple[str, ...]:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


# -- what stands there now ----------------------------------------------------------------


def _standing(writing: Writing, scope: Scope) -> Iterator[Standing]:
    owner = _first(writing, scope)
    *through, last = writing.chain[1:] or ("",)
    for name in through:
        owner = _part(owner, name)
    root = _root_of(owner)
    if not root or root in _WATCHED:
        return
    if writing.call:
        function = _part(owner, last) if last else owner
        if isinstance(function, _CALLED):
            yield Standing(f"{_called(owner)}.{last}".rstrip("."), root, {}, writing, scope)
        return
    values = dict(_values(owner, last, writing.key))
    if values:
        key = "" if writing.key is None else f"[{writing.key!r}]"
        yield Standing(f"{_called(owner)}.{last}{key}", root, values, writing, scope)


def _first(writing: Writing, scope: Scope) -> object:
    found = scope.get(writing.chain[0], MISSING)
    if found is MISSING and writing.module:
        module, _, name = writing.module.partition(":")
        found = sys.modules.get(module, MISSING)
        if name:
            found = sys.modules.get(f"{module}.{name}", _part(found, name))
    return found


def _part(owner: object, name: str) -> object:
    """Return what an installed thing holds under a name, without asking it."""
    if isinstance(owner, ModuleType):
        return vars(owner).get(name, MISSING)
    if isinstance(owner, type):
        return next((vars(cls)[name] for cls in owner.__mro__ if name in vars(cls)), MISSING)
    if isinstance(owner, FunctionType):
        return getattr(owner, name, MISSING)
    held = getattr(owner, "__dict__", None) if owner is not MISSING else None
    return held.get(name, MISSING) if type(held) is dict else MISSING


def _values(owner: object, name: str, key: str | int | None) -> Iterator[tuple[str, object]]:
    if name == _EVERY:
        held = vars(owner) if isinstance(owner, (ModuleType, type)) else {}
        for each, value in sorted(held.items()):
            if _may_be_the_users(value) and not each.startswith("__"):
                yield each, value
        return
    found = _part(owner, name)
    if key is not None:
        found = found.get(key, MISSING) if type(found) is dict else MISSING
    if found is not MISSING and not isinstance(found, ModuleType):
        yield name, found


def _may_be_the_users(value: object) -> bool:
    """Tell whether something that stands under a computed name may come from the user."""
    if is_code(value):
        return module_origin(str(getattr(value, "__module__", "") or "")) == "project"
    return type(value) in (bool, int, float, complex, str, bytes)


def _root_of(owner: object) -> str:
    """Return the root of the installed module that holds `owner`; empty where none does."""
    if isinstance(owner, ModuleType):
        name = owner.__name__
    elif isinstance(owner, (type, FunctionType)):
        name = str(owner.__module__)
    else:
        name = "" if owner is MISSING else str(type(owner).__module__)
    return "" if not name or module_origin(name) == "project" else name.partition(".")[0]


def _called(owner: object) -> str:
    if isinstance(owner, ModuleType):
        return owner.__name__
    named = owner if isinstance(owner, (type, FunctionType)) else type(owner)
    return f"{named.__module__}.{named.__qualname__}"
