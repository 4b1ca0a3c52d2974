"""What the user's code puts into installed modules, wherever it does so.

``json.JSONEncoder.default = f`` changes what every caller of ``json`` gets, code of other
packages included, and so does ``copyreg.pickle(Box, f)``. No code that a step reaches names
it, so it is told from the cells that were executed and from the project's modules that are
loaded: which places they write to, and which calls hand something over to a library. What
stands in such a place now is then an ingredient of every step that comes by that library.
"""

from __future__ import annotations

import ast
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, TypeAlias

from zen_nb.identity.guard import MISSING
from zen_nb.identity.origin import file_origin, module_origin
from zen_nb.identity.things import found_by_name, is_code
from zen_nb.identity.writings import EVERY, Writing, shows_writing, writes_to_imported, writings

Scope: TypeAlias = Mapping[str, Any]

# What is set there is the state of the process, of which only what is watched counts.
_WATCHED = frozenset(
    {"sys", "os", "site", "gc", "signal", "threading", "logging", "warnings", "atexit"}
    | {"faulthandler", "IPython", "ipykernel", "matplotlib_inline", "zen_nb"}
)
_PLACES = (ModuleType, type, FunctionType)
_CALLED = (FunctionType, BuiltinFunctionType, type, classmethod, staticmethod)


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
    if text is None or shows_writing(text):
        _add(writings(tree), scope)


def standing() -> list[Standing]:
    """Return what the user's code has put into installed modules, as it is now, by name."""
    _read_modules()
    if not _written:
        return []
    found = [one for scope, writing in [*_written.values()] for one in _standing(writing, scope)]
    return sorted(found, key=lambda one: (one.name, one.writing.call))


def leave(scope: Scope) -> None:
    """Forget the cells of a notebook that ends."""
    for at, (written_from, _) in [*_written.items()]:
        if written_from is scope:
            del _written[at]


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
    # A script that is run by another takes the place of the main module, and comes last nowhere.
    main = sys.modules.get("__main__")
    if (
        len(_read) == len(sys.modules)
        and _read.get(newest) is sys.modules[newest]
        and _read.get("__main__") is main
    ):
        return
    for name, module in sys.modules.copy().items():
        if name in _read and _read[name] is module:
            continue
        _read[name] = module
        if isinstance(module, ModuleType) and module_origin(name) == "project":
            _add(_writings_of(module), vars(module))
    for name in _read.keys() - sys.modules.copy().keys():
        del _read[name]


def _writings_of(module: ModuleType) -> tuple[Writing, ...]:
    file = getattr(module, "__file__", None)
    # What lies among the installed packages is nothing that the user wrote.
    if not isinstance(file, str) or file_origin(file) != "project":
        return ()
    try:
        with tokenize.open(file) as source:
            text = source.read()
        return tuple(writings(ast.parse(text))) if writes_to_imported(text) else ()
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ()


# -- what stands there now ----------------------------------------------------------------


def owner_of(writing: Writing, scope: Scope) -> object:
    """Return whose the place is that is written to; ``MISSING`` for a value of the user's own."""
    owner = _first(writing, scope)
    if not (isinstance(owner, _PLACES) or _is_known_as(writing.chain[0], owner)):
        # It counts where it is read.
        return MISSING
    for name in writing.chain[1:-1]:
        owner = _part(owner, name)
    return owner


def handed_to(writing: Writing, scope: Scope) -> str:
    """Return the function of a library that a call hands something over to; empty for none."""
    owner = owner_of(writing, scope)
    root, last = _root_of(owner), "".join(writing.chain[1:][-1:])
    if not writing.call or not root or root in _WATCHED or _is_to_a_value(writing, scope):
        return ""
    if last == "set_random_seed" and root != "polars":
        return ""  # the streams of others can be seen
    found = isinstance(_method(owner, last) if last else owner, _CALLED)
    return f"{_called(owner)}.{last}".rstrip(".") if found else ""


def _is_to_a_value(writing: Writing, scope: Scope) -> bool:
    """Tell whether a call adds to something of the user's own: ``nx.add_path(graph, nodes)``."""
    value = scope.get(writing.target, MISSING) if writing.target else MISSING
    return value is not MISSING and not isinstance(value, (*_CALLED, ModuleType, str))


def _standing(writing: Writing, scope: Scope) -> Iterator[Standing]:
    owner = owner_of(writing, scope)
    root, last = _root_of(owner), "".join(writing.chain[1:][-1:])
    if not root or root in _WATCHED:
        return
    name = f"{_called(owner)}.{last}"
    if writing.call:
        if handed_to(writing, scope):
            yield Standing(name.rstrip("."), root, {}, writing, scope)
        return
    values = dict(_values(owner, last, writing.key))
    if values:
        key = "" if writing.key is None else f"[{writing.key!r}]"
        yield Standing(name + key, root, values, writing, scope)


def _first(writing: Writing, scope: Scope) -> object:
    found = scope.get(writing.chain[0], MISSING)
    if found is MISSING and writing.module:
        module, _, name = writing.module.partition(":")
        found = sys.modules.get(module, MISSING)
        if name:
            found = sys.modules.get(f"{module}.{name}", _part(found, name))
    return found


def _is_known_as(name: str, thing: object) -> bool:
    """Tell whether the library that a thing is of holds it by that name."""
    module = str(type(thing).__module__)
    places = {module, module.partition(".")[0]}
    return any(_part(sys.modules.get(place), name) is thing for place in places)


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


def _method(owner: object, name: str) -> object:
    found = _part(owner, name)
    return _part(type(owner), name) if found is MISSING else found


def _values(owner: object, name: str, key: str | int | None) -> Iterator[tuple[str, object]]:
    if name == EVERY:
        held = vars(owner) if isinstance(owner, (ModuleType, type)) else {}
        for each, value in sorted(held.items()):
            said = each.startswith("__") or iskeyword(each)
            if not said and _may_be_the_users(value):
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
        held = found_by_name(name, owner.__qualname__)
        if held is not None and held is not owner:
            # It only says that it is of there.
            return ""
    else:
        name = "" if owner is MISSING else str(type(owner).__module__)
    return "" if not name or module_origin(name) == "project" else name.partition(".")[0]


def _called(owner: object) -> str:
    if isinstance(owner, ModuleType):
        return owner.__name__
    named = owner if isinstance(owner, (type, FunctionType)) else type(owner)
    return f"{named.__module__}.{named.__qualname__}"
