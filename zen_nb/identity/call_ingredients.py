"""The ingredients of a call of a step function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import FunctionType, MappingProxyType, NoneType
from typing import Any

from zen_nb.core.model import Component, Fingerprint
from zen_nb.identity.code import Reach
from zen_nb.identity.components import digest_parts, shown, shown_of
from zen_nb.identity.ingredients import (
    Held,
    Ingredients,
    add_twins,
    can_change,
    held_by,
    read_dynamically,
)
from zen_nb.identity.kept import Kept
from zen_nb.identity.register import standing
from zen_nb.identity.registered import add_registered
from zen_nb.identity.things import is_atom, is_code

_PLAIN_NAMES = frozenset(
    kind.__name__ for kind in (NoneType, bool, int, float, complex, str, bytes)
)
_NOTHING_GIVEN: Mapping[str, tuple[Fingerprint, str]] = MappingProxyType({})

_WALK_LIMIT = 1_000


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
    counted = {name: value for name, value in arguments.items() if name not in ignore}
    known = [_of_given(name, *given[name], fetch) for name in given if name not in ignore]
    if outputs is not None:
        known.append(Component("outputs", digest_parts(outputs)))
    if all(map(is_atom, counted.values())):
        known += [_of_atom(name, value, reach) for name, value in counted.items()]
        return _of_code(function, reach).beside(known)
    own = _Arguments(reach)
    for name, value in counted.items():
        own.add(name, value)
    own.components.update((part.label, part) for part in known)
    return own.ingredients()


def _of_given(
    name: str, digest: Fingerprint, type_name: str, fetch: Callable[[str], Any] | None
) -> Component:
    """Return the component of an argument that is known by its fingerprint."""
    label = f"param:{name}" if type_name in _PLAIN_NAMES else f"input:{name}"
    told = {"type": type_name} if fetch is None else shown_of(name, partial(fetch, name))
    return Component(label, digest, told)


def _of_atom(name: str, value: object, reach: Reach) -> Component:
    """Return the component of a scalar, which brings nothing else along."""
    return Component(f"param:{name}", reach.whole(value), shown(name, value))


@dataclass(frozen=True, slots=True)
class _Code:
    """What the code of a step brings to each of its calls.

    It is the same for as long as a guard hands out the same walk, and most of what there is
    to say of a call whose arguments are scalars, or known already.
    """

    reach: Reach
    components: Mapping[str, Component]
    held: Mapping[str, Held]
    strings: frozenset[str]
    names: frozenset[str]
    absent: tuple[str, ...]
    relived: tuple[str, ...]

    def beside(self, arguments: Iterable[Component]) -> Ingredients:
        """Return the ingredients of a call whose arguments bring in nothing but themselves."""
        reach = self.reach
        components, problems = dict(self.components), reach.problems
        for part in arguments:
            components[part.label] = part
        if standing():
            problems = dict(problems)
            add_registered(components, problems, reach.libraries, reach.types)
        return Ingredients(
            tuple([components[label] for label in sorted(components)]),
            problems,
            self.held,
            self.strings,
            self.absent,
            self.names,
            Kept([("", reach)]),
            relived=self.relived,
        )


def _of_code(function: FunctionType, reach: Reach) -> _Code:
    """Return what a walk brings to each call; kept where a guard stands for the walk."""
    walk = _walks.get(id(function))
    if walk is None or walk.reach is not reach:
        return _code_of(reach)
    if walk.code is None:
        walk.code = _code_of(reach)
    return walk.code


@dataclass(slots=True)
class _Walk:
    """What the walk over a function has found, which counts while its guard holds."""

    function: FunctionType
    ignored: frozenset[str]
    reach: Reach
    code: _Code | None = None


_walks: dict[int, _Walk] = {}


def _code_of(reach: Reach) -> _Code:
    components = dict(reach.components)
    add_twins(components, reach.classes)
    return _Code(
        reach,
        components,
        held_by(reach),
        frozenset(reach.strings),
        frozenset(reach.names),
        tuple(reach.absent),
        tuple(reach.relived),
    )


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
    _walks.pop(id(function), None)
    if reach.guard.usable and not dynamic and not reach.problems and not reach.absent:
        if len(_walks) >= _WALK_LIMIT:
            _walks.clear()
        _walks[id(function)] = _Walk(function, ignore, reach)
    return reach


def guarded(
    function: FunctionType, ignore: frozenset[str], *, as_loaded: bool = False
) -> Reach | None:
    """Return the walk over `function` that a guard shows to hold; ``None`` where none does."""
    known = _walks.get(id(function))
    if known is None:
        return None
    reach = known.reach
    same = known.function is function and known.ignored == ignore
    same = same and reach.as_loaded == as_loaded
    return reach if same and reach.guard.holds(_whole_of(reach)) else None


def _whole_of(reach: Reach) -> Any:
    return lambda value: Reach(reach.namespace, ignored=reach.ignored).whole(value)
