"""What the code that a step reaches keeps from one call to the next, and what of that has moved.

Closure cells, defaults, attributes of functions and entries of classes are compared with
what the walk over the code has seen, by the guards that it left. What only remembers
(caches of Python's own, the tables of an enum) is no part of what code means.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from zen_nb.identity.guard import MISSING, Guard, is_same
from zen_nb.identity.naming import Naming
from zen_nb.identity.origin import module_origin
from zen_nb.identity.things import DESCRIPTORS, is_atom, is_code, origin_of


@dataclass(frozen=True, slots=True)
class Moved:
    """Something that code keeps and that is not what it was.

    Attributes
    ----------
    name
        The function, class or module, as the user knows it.
    kind
        ``function``, ``class``, ``module``, ``value``.
    part
        What of it, in words.
    """

    name: str
    kind: str
    part: str


class Kept:
    """The code that some walks have reached, with what it kept then.

    Parameters
    ----------
    walks
        Each with what sets its labels apart.
    """

    def __init__(self, walks: Sequence[tuple[str, Naming]]) -> None:
        self._walks = walks
        self._renewed: list[tuple[str, Guard]] | None = None
        self._installed: list[tuple[ModuleType, dict[str, Any]]] = []

    def _guards(self) -> Iterator[tuple[str, Guard]]:
        if self._renewed is not None:
            yield from self._renewed
            return
        for prefix, walk in self._walks:
            yield prefix, walk.guard
            yield from ((f"{prefix}{label}", guard) for label, guard in walk.within)

    def scopes(self) -> dict[int, Mapping[str, Any]]:
        """Return the global names of the project's that this code can bind, by ``id``."""
        found: dict[int, Mapping[str, Any]] = {}
        for _, walk in self._walks:
            found |= walk.scopes
        for _, guard in self._guards():
            found |= _modules_among(guard)
        return found

    def open(self) -> None:
        """Remember what is kept now: since a walk was made, others may have changed it."""
        self._installed = []
        if next(self.moved(), None) is not None:
            self._renewed = [(prefix, guard.renewed()) for prefix, guard in self._guards()]
        for _, walk in self._walks:
            named = {*walk.names, *walk.strings}
            guards = [walk.guard, *(guard for _, guard in walk.within)]
            installed = {id(one): one for guard in guards for one in guard.installed}
            for module in (one for one in installed.values() if one is not sys):
                held = vars(module)
                before = {name: held.get(name, MISSING) for name in named}
                self._installed.append((module, before))

    def moved(self) -> Iterator[Moved]:
        """Yield what functions, classes and installed modules keep that they did not keep then."""
        scopes = self.scopes()
        for _, guard in self._guards():
            for function in guard.functions:
                name = function.function.__qualname__.rpartition("<locals>.")[2]
                yield from (Moved(name, "function", part) for part in function.moved())
            for cls in guard.classes:
                name = cls.cls.__qualname__.rpartition("<locals>.")[2]
                yield from (Moved(name, "class", part) for part in cls.moved())
            yield from (_holder(value, guard) for value in guard.other_parts())
            for kind in guard.other_patches():
                yield Moved(kind.__qualname__, "class", "what is in it")
            yield from self._bound_elsewhere(guard, scopes)
        for module, before in self._installed:
            for name, was in before.items():
                now = vars(module).get(name, MISSING)
                if not is_same(now, was) and not (was is MISSING and _is_loaded_late(now)):
                    yield Moved(module.__name__, "module", f".{name}")

    def _bound_elsewhere(self, guard: Guard, scopes: Collection[int]) -> Iterator[Moved]:
        """Yield names that are bound anew in installed modules, or among attributes."""
        for scope, name, was in guard.lookups.values():
            if was is MISSING or isinstance(was, ModuleType) or id(scope) in scopes:
                continue
            if not is_same(scope.get(name, MISSING), was) and scope is not vars(sys):
                module = module_of(scope)
                kind = "value" if module is None else "module"
                yield Moved(module.__name__ if module else name, kind, f".{name}")

    def holdings(self) -> list[tuple[str, object]]:
        """Return the data that code holds, under names that no two things share."""
        found: dict[str, object] = {}
        for prefix, guard in self._guards():
            if guard.holdings is None:
                guard.holdings = _holdings(guard)
            found.update((f"{prefix} {name}".strip(), value) for name, value in guard.holdings)
        return [*found.items()]


def _holdings(guard: Guard) -> list[tuple[str, object]]:
    """Return the data held by the code of one walk.

    What the first function holds by default is the caller's affair: it comes as an argument.
    """
    found: list[tuple[str, object]] = []
    for function in guard.functions:
        label = guard.tokens.get(id(function.function), "")
        for name, value in function.held():
            if label != "code" or not name.startswith("its default"):
                found.append((f"{label} {name}", value))
    for cls in guard.classes:
        label = guard.tokens.get(id(cls.cls), "")
        found += [(f"{label} {name}", value) for name, value in cls.held()]
    return [one for one in found if not _stands_still(one[1])]


def _stands_still(value: object) -> bool:
    return is_atom(value) or is_code(value) or isinstance(value, (CodeType, *DESCRIPTORS))


def _holder(value: object, guard: Guard) -> Moved:
    """Name what holds a value that has changed in place."""
    for function in guard.functions:
        for part, held in function.held():
            if held is value:
                return Moved(function.function.__qualname__, "function", part)
    for cls in guard.classes:
        for part, held in cls.held():
            if held is value:
                return Moved(cls.cls.__qualname__, "class", part)
    return Moved(type(value).__qualname__, "value", "what it holds")


def _is_loaded_late(thing: object) -> bool:
    """Tell whether an installed module may have put a thing into itself when it was asked for."""
    if isinstance(thing, (FunctionType, type)):
        return origin_of(thing) != "project"
    return not is_atom(thing)


def module_of(scope: Mapping[str, Any]) -> ModuleType | None:
    """Return the loaded module whose names these are."""
    module = sys.modules.get(str(scope.get("__name__")))
    return module if module is not None and getattr(module, "__dict__", None) is scope else None


def _modules_among(guard: Guard) -> dict[int, Mapping[str, Any]]:
    """Return the names of the project's modules that a walk has looked into."""
    found: dict[int, Mapping[str, Any]] = {id(vars(one)): vars(one) for one in guard.modules}
    for scope, _, _ in guard.lookups.values():
        if id(scope) not in found and "__name__" in scope:
            module = module_of(scope)
            if module is not None and module_origin(module.__name__) == "project":
                found[id(scope)] = scope
    return found
