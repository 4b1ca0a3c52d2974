"""What functions, classes and modules hold besides variables, set again on a hit.

A closure that counts, a class with a registry, an attribute of a module or of a class in one:
a step that sets such a thing changes what the next call of the code does. It is kept as the
place and the value, as all that changes in place is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, TypeAlias

from zen_nb.core.errors import NotStorable
from zen_nb.identity.guard import MISSING, Part, is_same
from zen_nb.identity.kept import Kept, Moved, of_class, of_module
from zen_nb.identity.register import handed_to, owner_of
from zen_nb.identity.things import DESCRIPTORS, found_by_name, is_code
from zen_nb.identity.writings import EVERY, Writing

# Who holds it (the walk's label, or a module and a class in it), how, under which name.
Spot: TypeAlias = tuple[str, str, str]
# What is set there.
Setting: TypeAlias = tuple[Spot, Any]
_NOT_AGAIN = "the step changes {}, which a hit could not do again"
IN_MODULE = "module"


class NoHolder(LookupError):
    """Nothing of that name is there to hold it."""


@dataclass(slots=True)
class Held:
    """What a run set in code and in modules, and what it took away.

    Attributes
    ----------
    told
        Each by the words that a person is told, with what is there now.
    """

    settings: list[Setting] = field(default_factory=list)
    gone: list[Spot] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def add(self, spot: Spot, told: str, value: object) -> None:
        """Add what is set in one place, unless it is there already."""
        if told in self.told:
            return
        self.told[told] = value
        if value is MISSING:
            self.gone.append(spot)
        else:
            self.settings.append((spot, value))


def held_anew(moved: Iterable[Moved]) -> Held:
    """Return what is to be set again of what has moved.

    Raises
    ------
    NotStorable
        Where a hit could not set it.
    """
    found = Held()
    for one in moved:
        part = one.part
        if not one.label or not part.way or not _can_be_set(part):
            raise NotStorable(one.name, one.kind, _NOT_AGAIN.format(part.told))
        way = IN_MODULE if one.in_module else part.way
        told = f"{one.name}{part.told}" if part.told[0] == "." else f"{one.name}: {part.told}"
        found.add((one.label, way, part.name), told, part.value)
    return found


def _can_be_set(part: Part) -> bool:
    value = part.value
    if isinstance(value, ModuleType) or value is MISSING:
        return value is MISSING
    if isinstance(value, (FunctionType, BuiltinFunctionType, type)):
        return found_by_name(str(value.__module__), value.__qualname__) is value
    return not is_code(value) and not isinstance(value, DESCRIPTORS)


class Everybodys:
    """Finds what a cell sets by name on modules, and on classes that modules hold.

    They belong to everybody who imports them: what is set there is in no variable.
    """

    def __init__(self, writings: Iterable[Writing], namespace: Mapping[str, Any]) -> None:
        self._writings = list(writings)
        self._namespace = namespace
        self._before: dict[Writing, object] = {}

    def open(self) -> None:
        """Remember what is there before the body runs."""
        for one in self._places():
            owner = self._owner(one)
            self._before[one] = (
                _UNKNOWN if owner is None else vars(owner).get(one.chain[-1], MISSING)
            )

    def close(self) -> Iterator[Moved]:
        """Yield what is there now and was not."""
        for one in self._places():
            owner, name = self._owner(one), one.chain[-1]
            was = self._before.get(one, _UNKNOWN)
            if owner is None:
                continue
            now = vars(owner).get(name, MISSING)
            if was is _UNKNOWN or not is_same(now, was):
                told = ".".join(one.chain[:-1])
                if isinstance(owner, type):
                    yield of_class(owner, name, told)
                else:
                    yield of_module(owner, name, told)

    def refusal(self) -> str:
        """Return what of it a hit could not do again, in words; empty for nothing."""
        for one in self._writings:
            called = handed_to(one, self._namespace)
            if called:
                return f"it hands something over by {called}, which a hit would not do again"
            owner = None if one.call else self._owner(one)
            name = ".".join(one.chain[:-1])
            if owner is not None and one.chain[-1] == EVERY:
                return f"it sets attributes of {name}, which a hit would not do again"
            if owner is not None and one.key is not None and _is_table(owner, one.chain[-1]):
                return f"it sets an entry of {'.'.join(one.chain)}, which a hit would not do again"
        return ""

    def _places(self) -> Iterator[Writing]:
        plain = (one for one in self._writings if not one.call and one.key is None)
        return (one for one in plain if one.chain[-1] != EVERY)

    def _owner(self, writing: Writing) -> ModuleType | type | None:
        owner = owner_of(writing, self._namespace)
        if isinstance(owner, ModuleType):
            return owner
        return owner if isinstance(owner, type) and owner.__module__ != "__main__" else None


def _is_table(owner: ModuleType | type, name: str) -> bool:
    return type(vars(owner).get(name)) is dict


_UNKNOWN = object()


class Given(Mapping[str, Any]):
    """What places begin with besides variables: arguments, and the data that code holds.

    The latter is gathered only where something asks for what is no argument.
    """

    def __init__(self, arguments: Mapping[str, Any], kept: Kept | None) -> None:
        self._arguments = arguments
        self._kept = kept

    @cached_property
    def _holdings(self) -> Mapping[str, Any]:
        return {} if self._kept is None else dict(self._kept.holdings())

    def __getitem__(self, name: str) -> Any:
        return self._arguments[name] if name in self._arguments else self._holdings[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._arguments, **self._holdings})

    def __len__(self) -> int:
        return len({**self._arguments, **self._holdings})


def holder(spot: Spot, kept: Kept | None) -> Any:
    """Return what holds a spot now; raises `NoHolder`."""
    label, way, name = spot
    if way == IN_MODULE:
        module, _, cls = label.partition(":")
        found = found_by_name(module, cls) if cls else sys.modules.get(module)
    else:
        found = None if kept is None else kept.owner(label)
    if way == "cell" and isinstance(found, FunctionType):
        cells = dict(zip(found.__code__.co_freevars, found.__closure__ or (), strict=True))
        found = cells.get(name)
    if found is None:
        raise NoHolder(label)
    return found


def set_again(spot: Spot, holds: Any, value: object) -> None:
    """Put a value where a run has put it."""
    if spot[1] == "cell":
        holds.cell_contents = value
    else:
        setattr(holds, spot[2], value)


def take_away(spot: Spot, holds: Any) -> None:
    """Take away what a run has taken away."""
    if spot[1] == "cell":
        del holds.cell_contents
    elif spot[2] in vars(holds):
        delattr(holds, spot[2])
