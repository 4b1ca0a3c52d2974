"""What the code that a step reaches keeps from one call to the next, and what of that has moved.

Closure cells, defaults, attributes of functions and entries of classes are compared with
what the walk over the code has seen, by the guards that it left. What only remembers
(caches of Python's own, the tables of an enum) is no part of what code means.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import CodeType, FunctionType, ModuleType
from typing import Any

from zen_nb.identity.guard import MISSING, Guard, Part, is_same
from zen_nb.identity.naming import Naming
from zen_nb.identity.origin import module_origin
from zen_nb.identity.things import DESCRIPTORS, found_by_name, is_atom, is_code, origin_of


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
        What of it.
    label
        How the walk calls the function or class; empty where a hit cannot find it.
    in_module
        Whether the label is instead the name of a module, and of a class in it.
    """

    name: str
    kind: str
    part: Part
    label: str = ""
    in_module: bool = False


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
        if any(True for _ in chain(self.moved(), self.changed())):
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
        for prefix, guard in self._guards():
            for thing, kind, part in _moved_parts(guard):
                name = thing.__qualname__.rpartition("<locals>.")[2]
                yield Moved(name, kind, part, f"{prefix}{guard.tokens.get(id(thing), '')}")
            for cls, name in guard.other_patches():
                yield of_class(cls, name, cls.__qualname__)
            yield from self._bound_elsewhere(guard, scopes)
        for module, before in self._installed:
            for name, was in before.items():
                now = vars(module).get(name, MISSING)
                if not is_same(now, was) and not (was is MISSING and _is_loaded_late(now)):
                    yield of_module(module, name, module.__name__)

    def changed(self) -> Iterator[tuple[str, object]]:
        """Yield the data that code holds and that has changed in place, as `holdings` does."""
        names = {id(value): name for name, value in reversed(self.holdings())}
        for _, guard in self._guards():
            for value in guard.other_parts():
                yield names.get(id(value), f"<{_holder(value, guard)}>"), value

    def owner(self, label: str) -> Any:
        """Return the function or class that the walk calls `label`."""
        for prefix, guard in self._guards():
            things = (
                *(one.function for one in guard.functions),
                *(one.cls for one in guard.classes),
            )
            for thing in things:
                if f"{prefix}{guard.tokens.get(id(thing), '')}" == label:
                    return thing
        return None

    def _bound_elsewhere(self, guard: Guard, scopes: Collection[int]) -> Iterator[Moved]:
        """Yield names that are bound anew in installed modules, or among attributes."""
        own = {id(one.function.__dict__) for one in guard.functions}
        for scope, name, was in guard.lookups.values():
            if was is MISSING or isinstance(was, ModuleType) or id(scope) in {*scopes, *own}:
                continue
            now = scope.get(name, MISSING)
            if not is_same(now, was) and scope is not vars(sys):
                module = module_of(scope)
                if module is None:
                    yield Moved(name, "value", Part(f".{name}"))
                else:
                    yield of_module(module, name, module.__name__)

    def holdings(self) -> list[tuple[str, object]]:
        """Return the data that code holds, under names that no two things share.

        A walk over the same code gives the same names.
        """
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


def _moved_parts(guard: Guard) -> Iterator[tuple[FunctionType | type, str, Part]]:
    for one in guard.functions:
        function: Any = one.function
        yield from ((function, "function", part) for part in one.moved())
        held = function.__dict__
        seen = {name: was for scope, name, was in guard.lookups.values() if scope is held}
        for name in {**seen, **held}:
            was, now = seen.get(name, MISSING), held.get(name, MISSING)
            if not is_same(was, now):
                yield function, "function", Part(f".{name}", "attribute", name, now)
    for cls in guard.classes:
        yield from ((cls.cls, "class", part) for part in cls.moved())


def of_class(cls: type, name: str, told: str) -> Moved:
    """Return what an entry of a class that a module holds is now."""
    part = Part(f".{name}", "attribute", name, vars(cls).get(name, MISSING))
    found = found_by_name(cls.__module__, cls.__qualname__) is cls
    label = f"{cls.__module__}:{cls.__qualname__}" if found else ""
    return Moved(told, "class", part, label, in_module=True)


def of_module(module: ModuleType, name: str, told: str) -> Moved:
    """Return what a name of a module is now."""
    part = Part(f".{name}", "attribute", name, vars(module).get(name, MISSING))
    found = sys.modules.get(module.__name__) is module
    return Moved(told, "module", part, module.__name__ if found else "", in_module=True)


def _stands_still(value: object) -> bool:
    return is_atom(value) or is_code(value) or isinstance(value, (CodeType, *DESCRIPTORS))


def _holder(value: object, guard: Guard) -> str:
    """Name what holds a value that has changed in place and that has no place of its own."""
    for function in guard.functions:
        for part, held in function.held():
            if held is value:
                return f"{function.function.__qualname__}: {part}"
    for cls in guard.classes:
        for part, held in cls.held():
            if held is value:
                return f"{cls.cls.__qualname__}: {part}"
    return type(value).__qualname__


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
