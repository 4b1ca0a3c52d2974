"""What a module says, read from its source: nothing of it is executed.

A module is a row of statements. Those that only bind names (functions, classes, literals
and what is made from them) matter to whoever takes one of those names; all others matter to
whoever imports the module.
"""

from __future__ import annotations
import __future__

import ast
import importlib.util
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.machinery import ModuleSpec

from zen_nb.identity.bytecode import Facts, Imported, facts
from zen_nb.identity.cell import docstrings_of, normalised
from zen_nb.identity.finding import found_spec, source_of_spec
from zen_nb.identity.quiet import Quiet, executed


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement at the top of a module.

    Attributes
    ----------
    digest
        Of what it compiles to, with the docstrings that its decorators can see.
    facts
        What it, and all code nested in it, does with names.
    binds
        Names of the module that it binds or deletes while the module is loaded.
    acts
        It may do more than bind names.
    imports
        What is imported by it while the module is loaded.
    line
        Where it begins.
    """

    digest: str
    facts: Facts
    binds: frozenset[str]
    acts: bool
    is_import: bool
    imports: tuple[Imported, ...]
    text: str
    line: int


@dataclass(frozen=True)
class Source:
    """The source of one module.

    Attributes
    ----------
    name
        As it is imported.
    package
        What its relative imports count from.
    path
        Where it lies.
    """

    name: str
    package: str
    path: str
    text: str
    is_package: bool
    statements: tuple[Statement, ...] = field(repr=False)
    documented: str = ""
    public: tuple[str, ...] | None = None

    @cached_property
    def binders(self) -> dict[str, list[Statement]]:
        """The statements that bind each name, in order."""
        found: dict[str, list[Statement]] = {}
        for statement in self.statements:
            for name in statement.binds:
                found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def stars(self) -> list[Imported]:
        """Modules all of whose names it takes."""
        return [part for one in self.statements for part in one.imports if not part.alias]

    @cached_property
    def acts(self) -> bool:
        """Whether loading it may do more than bind names, or depend on the outside."""
        return any(statement.acts for statement in self.statements)


def source_of(name: str) -> Source | None:
    """Return the source of a module that can be found; ``None`` where it has none to read."""
    spec = found_spec(name)
    text = None if spec is None else source_of_spec(spec)
    if spec is None or text is None:
        return None
    known = _known.get(name)
    if known is not None and known.text == text and known.path == (spec.origin or ""):
        return known
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # who imports the module is warned
            found = read_source(name, spec, text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    _known[name] = found
    return found


_known: dict[str, Source] = {}


def read_source(name: str, spec: ModuleSpec, text: str) -> Source:
    """Return what `text` says as the source of a module; raises what parsing it raises."""
    tree = ast.parse(text)
    is_package = spec.submodule_search_locations is not None
    statements = [*executed(tree.body)]
    flags = _future_flags(statements)
    quiet, lines = Quiet(statements), text.splitlines(keepends=True)
    return Source(
        name,
        name if is_package else name.rpartition(".")[0],
        spec.origin or "",
        text,
        is_package,
        tuple(_statement(node, lines, quiet, flags) for node in statements if _counts(node)),
        ast.get_docstring(tree, clean=False) or "",
        _declared(statements),
    )


def _counts(node: ast.stmt) -> bool:
    """Tell whether a statement does anything: a text that stands alone does not."""
    return not isinstance(node, ast.Pass) and not (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _future_flags(statements: Iterable[ast.stmt]) -> int:
    names = [
        alias.name
        for node in statements
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    ]
    return sum(getattr(__future__, name).compiler_flag for name in dict.fromkeys(names))


def _statement(node: ast.stmt, lines: list[str], quiet: Quiet, flags: int) -> Statement:
    plain = normalised([node], [node])
    code = compile(ast.Module(plain, []), "<module>", "exec", flags=flags, dont_inherit=True)
    found = facts(code)
    decorators = getattr(node, "decorator_list", ())
    line = min(part.lineno for part in (node, *decorators))
    return Statement(
        digest="\n".join((found.digest, *docstrings_of(plain))),
        facts=found,
        binds=frozenset([node.name]) if isinstance(node, _NAMED) else found.stores,
        acts=not quiet.binds_only(node),
        is_import=isinstance(node, (ast.Import, ast.ImportFrom)),
        imports=tuple(_imported_at_once(node, found)),
        text="".join(lines[line - 1 : node.end_lineno]),
        line=line,
    )


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _imported_at_once(node: ast.stmt, found: Facts) -> Iterator[Imported]:
    """Yield what is imported while the module is loaded: not what functions import."""
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        for part in found.imports:
            if part.is_global or isinstance(node, ast.ClassDef):
                yield part


def _declared(statements: Iterable[ast.stmt]) -> tuple[str, ...] | None:
    """Return ``__all__`` where it is one list of literals; ``None`` where it is not."""
    found: tuple[str, ...] | None = None
    for node in statements:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id == "__all__":
                if found is not None or not isinstance(node, ast.Assign):
                    return None
                found = _literal(node.value)
                if found is None:
                    return None
    return found


def _literal(node: ast.expr) -> tuple[str, ...] | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(value)
    return None


def resolved(found: Imported, package: str) -> str | None:
    """Return the full name of the module that an import statement names."""
    try:
        return importlib.util.resolve_name("." * found.level + found.module, package)
    except ImportError:
        return None
