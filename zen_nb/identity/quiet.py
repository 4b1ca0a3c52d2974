"""Which statements of a module only bind names: they do nothing else and ask nothing outside."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from zen_nb.identity.makers import (
    BASES,
    DECORATORS,
    MAKERS,
    METHODS,
    OF_PROPERTIES,
    OF_THE_PROCESS,
    PLACING,
)

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_MADE_HERE = (ast.Constant, ast.JoinedStr, ast.Call)
_OPERATIONS = (
    ast.Constant,
    ast.Name,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.Starred,
    ast.Slice,
    ast.comprehension,
    *_COMPREHENSIONS,
)


class Quiet:
    """Tells quiet statements of one module from others.

    Parameters
    ----------
    statements
        Of the whole module: they say what its names stand for.
    """

    def __init__(self, statements: Iterable[ast.stmt]) -> None:
        self._origins: dict[str, str] = {}
        self._classes: set[str] = set()
        self._taken: set[str] = set()
        found = [*_at_once(statements)]
        for node in found:
            self._learn_origins(node)
        for node in found:
            self._learn_definitions(node)

    def _learn_origins(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name if alias.asname else alias.name.partition(".")[0]
                self._origins[alias.asname or root] = root
        elif isinstance(node, ast.ImportFrom):
            module = f"{'.' * node.level}{node.module or ''}"
            for alias in node.names:
                self._origins[alias.asname or alias.name] = f"{module}.{alias.name}"

    def _learn_definitions(self, node: ast.stmt) -> None:
        if isinstance(node, ast.ClassDef) and self.binds_only(node) and not _commands(node):
            self._classes.add(node.name)
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self._taken.add(node.name)
        elif isinstance(node, ast.Assign):
            self._taken |= {part.id for part in node.targets if isinstance(part, ast.Name)}

    def binds_only(self, node: ast.stmt) -> bool:
        """Tell whether a statement only binds names, from names of this module and of imports."""
        if isinstance(node, _FUNCTIONS):
            return self._function(node)
        if isinstance(node, ast.ClassDef):
            return self._class(node)
        if isinstance(node, ast.Assign):
            return all(map(_is_name, node.targets)) and self._makes(node.value)
        if isinstance(node, ast.AnnAssign):
            return _is_name(node.target) and (node.value is None or self._makes(node.value))
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Constant)
        if isinstance(node, (ast.Try, ast.If)):
            return self._choice(node)
        return isinstance(node, (ast.Pass, *_IMPORTS))

    def _choice(self, node: ast.Try | ast.If) -> bool:
        """Tell whether each branch of a choice only binds names."""
        if isinstance(node, ast.If):
            branches = (*node.body, *node.orelse)
            return self._makes(node.test) and all(map(self.binds_only, branches))
        bodies = [part for handler in node.handlers for part in handler.body]
        return all(map(self.binds_only, (*node.body, *bodies, *node.orelse, *node.finalbody)))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        defaults = filter(None, (*node.args.defaults, *node.args.kw_defaults))
        return all(map(self._decorates, node.decorator_list)) and all(map(self._makes, defaults))

    def _decorates(self, node: ast.expr) -> bool:
        """Tell whether a decorator makes something of what it is given, and nothing else."""
        if isinstance(node, ast.Call):
            return self._makes(node) and self._is_among(node.func, DECORATORS)
        if isinstance(node, ast.Attribute) and node.attr in OF_PROPERTIES:
            return isinstance(node.value, ast.Name)
        return self._is_among(node, DECORATORS)

    def _class(self, node: ast.ClassDef) -> bool:
        metaclasses = [word.value for word in node.keywords if word.arg == "metaclass"]
        return (
            all(map(self._decorates, node.decorator_list))
            and all(map(self._can_be_inherited, (*node.bases, *metaclasses)))
            and len(metaclasses) == len(node.keywords)
            and all(map(self.binds_only, node.body))
        )

    def _can_be_inherited(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Subscript):
            node = node.value
        if isinstance(node, ast.Name) and node.id in self._classes:
            return True
        return self._is_among(node, BASES)

    def _makes(self, node: ast.AST) -> bool:
        """Tell whether an expression makes something, and does and asks nothing else."""
        if isinstance(node, ast.Lambda):
            return all(
                map(self._makes, filter(None, (*node.args.defaults, *node.args.kw_defaults)))
            )
        if isinstance(node, ast.Call):
            parts = (*node.args, *(word.value for word in node.keywords))
            return self._is_maker(node) and all(map(self._makes, parts))
        if isinstance(node, ast.Attribute):
            return self._stands_still(node)
        if isinstance(node, ast.Subscript):
            return self._makes(node.value) and self._makes(node.slice)
        if not isinstance(node, (*_OPERATIONS, ast.expr_context, ast.operator, ast.unaryop)):
            return isinstance(node, (ast.boolop, ast.cmpop))
        return all(map(self._makes, ast.iter_child_nodes(node)))

    def _is_maker(self, call: ast.Call) -> bool:
        made = call.func
        if isinstance(made, ast.Call):
            return self._decorates(made)
        if getattr(made, "attr", getattr(made, "id", "")) in PLACING and not _says_where(call):
            return False
        made_here = isinstance(getattr(made, "value", None), _MADE_HERE)
        if isinstance(made, ast.Attribute) and made.attr in METHODS and made_here:
            return self._makes(made.value)
        return self._is_among(made, MAKERS)

    def _stands_still(self, node: ast.Attribute) -> bool:
        owner = self._origin(node.value)
        known = OF_THE_PROCESS.get(owner)
        if owner.partition(".")[0] in OF_THE_PROCESS and known is None:
            return owner == "os.path" or owner.startswith("sys.version_info")
        return (known is None or node.attr in known) and self._makes(node.value)

    def _is_among(self, node: ast.expr, known: Mapping[str, frozenset[str]]) -> bool:
        module, _, name = self._origin(node).rpartition(".")
        module = module.replace("typing_extensions", "typing").replace("posixpath", "os.path")
        return name in known.get(module or "builtins", ())

    def _origin(self, node: ast.AST) -> str:
        """Return the dotted name that an expression stands for by the module's own imports."""
        if isinstance(node, ast.Attribute):
            owner = self._origin(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        if not isinstance(node, ast.Name) or node.id in self._taken | self._classes:
            return ""
        return self._origins.get(node.id, node.id)


def _is_name(node: ast.expr) -> bool:
    if isinstance(node, (ast.Tuple, ast.List)):
        return all(map(_is_name, node.elts))
    return isinstance(node, ast.Name)


def _says_where(call: ast.Call) -> bool:
    """Tell whether a path is built on where the module lies."""
    return any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(call))


def _at_once(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements and those in their branches."""
    for node in statements:
        yield node
        if isinstance(node, (ast.Try, ast.If)):
            handled = [part for one in getattr(node, "handlers", ()) for part in one.body]
            yield from _at_once((*node.body, *handled, *node.orelse))


def _commands(node: ast.ClassDef) -> bool:
    """Tell whether a class has a say when it is inherited from."""
    return any(
        isinstance(part, _FUNCTIONS) and part.name == "__init_subclass__" for part in node.body
    ) or bool(node.keywords)


def executed(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that an import executes: none for type checkers or for programs."""
    for node in statements:
        if isinstance(node, ast.If) and _is_never_so(node.test):
            yield from executed(node.orelse)
        else:
            yield node


def _is_never_so(test: ast.expr) -> bool:
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name):
        other = test.comparators[0]
        return (
            test.left.id == "__name__"
            and isinstance(test.ops[0], ast.Eq)
            and isinstance(other, ast.Constant)
            and other.value == "__main__"
        )
    name = getattr(test, "id", getattr(test, "attr", None))
    return name == "TYPE_CHECKING"
