"""What a text that code evaluates reads, and what the text of a module says."""

from __future__ import annotations

import ast
import copy
import warnings
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder

from zen_nb.core.model import Fingerprint
from zen_nb.identity.bytecode import Chain, Imported, facts
from zen_nb.identity.components import digest_text
from zen_nb.identity.flow import Flow
from zen_nb.identity.fragments import compile_statement

_NESTED = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What a text does with names when it is evaluated.

    Attributes
    ----------
    chains
        Names that it reads while it has not surely bound them, with the attributes taken.
    nested
        Whether code in it looks names up past the variables of the function around it.
    """

    chains: tuple[Chain, ...] = ()
    imports: tuple[Imported, ...] = ()
    nested: bool = False


def read_text(source: str | ast.AST) -> TextFacts:
    """Return what a text reads; nothing of one that is no code."""
    try:
        return _read(source) if isinstance(source, str) else _facts_of(copy.deepcopy(source))
    except (SyntaxError, ValueError, TypeError, RecursionError):
        return TextFacts()


@lru_cache(maxsize=256)
def _read(source: str) -> TextFacts:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _facts_of(ast.parse(source.strip()))


def _facts_of(tree: ast.AST) -> TextFacts:
    body = getattr(tree, "body", [])
    statements = [ast.Expr(body)] if isinstance(body, ast.expr) else list(body)
    nested = any(isinstance(node, _NESTED) for node in ast.walk(tree))
    flow = Flow()
    flow.walk(statements)
    found = facts(compile_statement(*statements))
    chains = {chain: None for chain in found.chains if chain[0] in flow.reads}
    chains |= {(name,): None for name in flow.reads if all(name != c[0] for c in chains)}
    return TextFacts(tuple(chains), found.imports, nested)


def source_print(module: str) -> Fingerprint:
    """Return the fingerprint of what a module's source says, comments and layout left out.

    It is found as an import would find it, and nothing is executed. ``""`` where there is none.
    """
    spec = _spec(module)
    loader = None if spec is None else spec.loader
    read = getattr(loader, "get_source", None)
    try:
        text = read(module) if read is not None else None
    except (ImportError, OSError, SyntaxError):
        return ""
    return "" if text is None else _print(text)


def _spec(module: str) -> ModuleSpec | None:
    path, found = None, None
    parts = module.split(".")
    for place in range(len(parts)):
        found = PathFinder.find_spec(".".join(parts[: place + 1]), path)
        if found is None:
            return None
        path = list(found.submodule_search_locations or ())
    return found


@lru_cache(maxsize=256)
def _print(text: str) -> Fingerprint:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return digest_text(ast.dump(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return digest_text(text)
