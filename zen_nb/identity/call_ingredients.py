"""The ingredients of a call of a step function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import FunctionType, MappingProxyType, NoneType
from typing import Any

from zen_nb.core.model import Component, Fingerprint
from zen_nb.identity.code import Reach
from zen_nb.identity.components import digest_parts, shown_of
from zen_nb.identity.guard import Guard
from zen_nb.identity.ingredients import (
    Held,
    Ingredients,
    add_twins,
    can_change,
    held_by,
    read_dynamically,
)
from zen_nb.identity.kept import Kept
from zen_nb.identity.registered import add_registered
from zen_nb.identity.things import is_atom, is_code

_PLAIN_NAMES = frozenset(
    kind.__name__ for kind in (NoneType, bool, int, float, complex, str, bytes)
)
_NOTHING_GIVEN: Mapping[str, tuple[Fingerprint, str]] = MappingProxyType({})

_guards: dict[int, tuple[FunctionType, frozenset[str], Guard, Reach]] = {}
_GUARD_LIMIT = 1_000


def of_function(
    function: FunctionType,
    arguments: Mapping[str, object],
    *,
    given: Mapping[str, tuple[Fingerprint, str]] = _NOTHING_GIVEN,
    fetch: Callable[[str], Any] | None = None,
    ignore: Collection[str] = (),
    outputs: tuple[str, ...] | None = None,
    as_loaded: bool = False,
) -> Ingredients:
    """Return the ingredients of a call of a step function with all arguments bound by name.

    Parameters
    ----------
    given
        Arguments that are known by fingerprint and type name instead of by value.
    fetch
        Gives the value of one of those, for who is to see what changed in it.
    outputs
        The names of what it returns.
    as_loaded
        Modules whose loading may have had an effect count as they are loaded.
    """
    texts = [value for value in arguments.values() if type(value) is str]
    reach = reached_by(function, frozenset(ignore), texts, as_loaded=as_loaded)
    own = _Arguments(reach)
    for name, value in arguments.items():
        if name not in ignore:
            own.add(name, value)
    for name, (digest, type_name) in given.items():
        if name not in ignore:
            label = f"param:{name}" if type_name in _PLAIN_NAMES else f"input:{name}"
            told = {"type": type_name} if fetch is None else shown_of(name, partial(fetch, name))
            own.components[label] = Component(label, digest, told)
    if outputs is not None:
        own.components["outputs"] = Component("outputs", digest_parts(outputs))
    return own.ingredients()


class _Arguments:
    """The arguments of a call, beside what its code reaches."""

    def __init__(self, reach: Reach) -> None:
        self.code = reach
        self.components = dict(reach.components)
        self.problems = dict(reach.problems)
        self.held: dict[str, Held] = held_by(reach)
        self.absent = list(reach.absent)
        self.classes = {label: dict(found) for label, found in reach.classes.items()}
        self.walks: list[tuple[str, Reach]] = [("", reach)]
        self.names = set(reach.names)
        self.libraries = set(reach.libraries)
        self.types = set(reach.types)
        self.relived = list(reach.relived)

    def add(self, name: str, value: object) -> None:
        """Give one argument its component: scalars are parameters, everything else inputs."""
        label = f"param:{name}" if is_atom(value) else f"input:{name}"
        reach = Reach(
            self.code.namespace,
            ignored=self.code.ignored,
            classes=self.classes,
            as_loaded=self.code.as_loaded,
        )
        if is_code(value):
            reach.add_value(label, (value,))
        else:
            reach.add_value(label, value)
        reach.add_patches(self.code.names)
        for part in reach.components.values():
            self.components.setdefault(part.label, part)
        self.problems.update(reach.problems)
        self.absent += reach.absent
        self.names |= reach.names
        self.libraries |= reach.libraries
        self.types |= reach.types
        self.relived += reach.relived
        if reach.within:
            self.walks.append((label, reach))
            self.held = {**held_by(reach), **self.held}
        if can_change(value):
            self.held[label] = (label, value, reach.own.get(label))

    def ingredients(self) -> Ingredients:
        """Return them all."""
        components = self.components
        add_twins(components, self.classes)
        add_registered(components, self.problems, self.libraries, self.types)
        ordered = tuple([components[label] for label in sorted(components)])
        return Ingredients(
            ordered,
            self.problems,
            self.held,
            frozenset(self.code.strings),
            tuple(self.absent),
            frozenset(self.names),
            Kept(self.walks),
            relived=tuple(self.relived),
        )


def reached_by(
    function: FunctionType,
    ignore: frozenset[str] = frozenset(),
    texts: Collection[str] = (),
    *,
    as_loaded: bool = False,
) -> Reach:
    """Return all that `function` reaches; no walk where a guard shows that nothing changed."""
    known = guarded(function, ignore, as_loaded=as_loaded)
    if known is not None:
        return known
    reach = Reach(function.__globals__, ignored=ignore, as_loaded=as_loaded)
    reach.add_function(function, "code")
    dynamic = read_dynamically(reach, texts)
    reach.add_subclasses()
    reach.add_patches(reach.names)
    reach.finish()
    _guards.pop(id(function), None)
    if reach.guard.usable and not dynamic and not reach.problems and not reach.absent:
        if len(_guards) >= _GUARD_LIMIT:
            _guards.clear()
        _guards[id(function)] = (function, ignore, reach.guard, reach)
    return reach


def guarded(
    function: FunctionType, ignore: frozenset[str], *, as_loaded: bool = False
) -> Reach | None:
    """Return the walk over `function` that a guard shows to hold; ``None`` where none does."""
    known = _guards.get(id(function))
    if known is None:
        return None
    kept, ignored, guard, reach = known
    same = kept is function and ignored == ignore and reach.as_loaded == as_loaded
    return reach if same and guard.holds(_whole_of(reach)) else None


def _whole_of(reach: Reach) -> Any:
    return lambda value: Reach(reach.namespace, ignored=reach.ignored).whole(value)
