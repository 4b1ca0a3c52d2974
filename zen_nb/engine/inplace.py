"""What a step changed in place, and changing it again on a hit.

An input whose fingerprint differs after the run was changed, or a part of it was.
Which one cannot be told, so the state of every object in it that can change is kept;
a hit gives those states to the objects that are there, and all references see them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any, TypeAlias

from zen_nb.core.errors import NoFingerprint, NotStorable
from zen_nb.core.model import Component, Fingerprint
from zen_nb.engine.holders import Everybodys, Held, held_anew
from zen_nb.identity.code import Present, digest_text, fingerprint
from zen_nb.identity.guard import MISSING, is_same
from zen_nb.identity.kept import Kept, Moved, module_of
from zen_nb.identity.things import found_by_name
from zen_nb.observe.namespace import is_user_name
from zen_nb.observe.places import LIMIT, Places, Way, may_share, written
from zen_nb.observe.state import State, fits, give_state, hidden_part, is_fixed, state_of

# An object, stored as its place, and the parts of the state it is given.
Patch: TypeAlias = tuple[Any, str, Any, dict[str, Any]]
# What a name of a module is bound to: the module's name, the variable's, the value.
Binding: TypeAlias = tuple[str, str, Any]
UNCHANGEABLE = "the step changes it in place, which a hit could not do again; bind a new value"


@dataclass(frozen=True, slots=True)
class Changes:
    """What a run changed of what was there before it.

    Attributes
    ----------
    patches
        The states to give to objects on a hit.
    changed
        The inputs that these are parts of, by name.
    bound, gone
        Global names of modules: what they are bound to, and those deleted.
    held
        What code and modules hold besides.
    """

    patches: list[Patch] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)
    bound: list[Binding] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)
    held: Held = field(default_factory=Held)

    def __bool__(self) -> bool:
        return bool(self.patches or self.changed or self.bound or self.gone or self.held.told)


class Prints:
    """Tells which inputs of a step a run changed.

    Parameters
    ----------
    held
        ``(name, value, print)`` of the inputs; ``None`` for a print that is still to be taken.
    """

    def __init__(self, held: Iterable[tuple[str, Any, Fingerprint | None]]) -> None:
        self._held = list(held)
        self._before: list[Fingerprint | None] = []
        self.present = Present()

    def open(self) -> None:
        """Take what prints are missing, before the body runs."""
        print_of = self.present.print_of
        self._before = [known or print_of(value) for _, value, known in self._held]

    def changed(self) -> dict[str, Any]:
        """Return the inputs that have another print now, by name."""
        compared = zip(self._held, self._before, strict=True)
        return {
            name: value
            for (name, value, _), before in compared
            if before is not None and self.present.print_of(value) != before
        }


class InPlace:
    """Finds what one run changes of what was there before it.

    Parameters
    ----------
    held
        ``(name, value, print)`` of the inputs, as `Prints` takes them.
    kept
        What the code reached keeps between its calls.
    namespace
        Where somebody else sees what is bound: a cell's own namespace.
    everybodys
        Finds what a cell sets on modules by name.
    """

    def __init__(
        self,
        held: Iterable[tuple[str, Any, Fingerprint | None]],
        kept: Kept | None = None,
        namespace: Mapping[str, Any] | None = None,
        everybodys: Everybodys | None = None,
    ) -> None:
        self._everybodys = everybodys
        self._kept = kept
        self._namespace = namespace
        self._held = list(held)
        self._opaque: dict[int, Fingerprint | None] = {}
        self._stood: dict[tuple[int, Way], object] = {}

    # What only a run needs is made for one.

    @cached_property
    def _prints(self) -> Prints:
        return Prints(self._held)

    @cached_property
    def _names(self) -> Names:
        return Names(self._kept, self._namespace)

    @cached_property
    def places(self) -> Places:
        """Where all objects are; asked for before the body runs, and after it the same."""
        holdings = () if self._kept is None else self._kept.holdings()
        return Places(((name, value) for name, value, _ in self._held), holdings)

    def shared(self) -> Iterator[Component]:
        """Yield which of the objects reached are one: a change of one shows in the other."""
        holdings = () if self._kept is None else self._kept.holdings()
        data = [value for _, value, _ in self._held]
        roots = [*data, *(value for _, value in holdings)]
        if len(roots) > 1 and may_share(roots):
            for one, other in self.places.shared:
                label = f"alias:{written(other)} is {written(one)}"
                yield Component(label, digest_text(label))

    def open(self) -> None:
        """Remember, before the body runs, what cannot be known of parts afterwards."""
        self._prints.open()
        self._stood = self.places.standing()
        self._names.open()
        if self._kept is not None:
            self._kept.open()
        if self._everybodys is not None:
            self._everybodys.open()
        for part, place in self.places:
            if place[1] and not is_fixed(part) and state_of(part) is None:
                self._opaque[id(part)] = self._prints.present.print_of(part)

    def close(self, bound: Iterable[object] = ()) -> Changes:
        """Return what is to be done again on a hit.

        Parameters
        ----------
        bound
            What the run leaves under names.

        Raises
        ------
        NotStorable
            Where a change cannot be made again.
        """
        held = held_anew(self._moved())
        changed = self._prints.changed() | self._exchanged(bound)
        if self._kept is not None:
            changed.update(self._kept.changed())
        for name in changed:
            self._check(name, changed[name])
        patches = [
            self._patch(part, place[0]) for part, place in self.places if place[0] in changed
        ]
        bound, gone = self._names.close()
        found = [patch for patch in patches if patch is not None]
        return Changes(found, changed, bound, gone, held)

    def _exchanged(self, bound: Iterable[object]) -> dict[str, Any]:
        """Return the inputs in which one object stands for another that is equal.

        That is a change where a name, or another part, stands for either: what is done to it
        later shows in the input, or does not any more.
        """
        named = {id(value) for value in (*bound, *(self._namespace or {}).values())}
        parts = named | {id(thing) for thing, _ in self.places}
        roots = {name: value for name, value, _ in self._held}
        found: dict[str, Any] = {}
        for where, part in self.places.standing().items():
            was = self._stood.get(where, part)
            if was is not part and (id(part) in parts or id(was) in named):
                name = self.places.root_of(where[0])
                if name in roots:
                    found[name] = roots[name]
        return found

    def refusal(self) -> str:
        """Return what of the changes the code says that a hit could not make again."""
        return "" if self._everybodys is None else self._everybodys.refusal()

    def _moved(self) -> Iterator[Moved]:
        if self._kept is not None:
            yield from self._kept.moved()
        if self._everybodys is not None:
            yield from self._everybodys.close()

    def _check(self, name: str, value: Any) -> None:
        if name in self.places.overflowing:
            why = f"the step changes it, and it holds over {LIMIT} objects"
            raise NotStorable(name, type(value).__qualname__, why)
        if name.startswith("<"):
            raise NotStorable(name.strip("<>"), type(value).__qualname__, UNCHANGEABLE)

    def _patch(self, part: Any, name: str) -> Patch | None:
        state = state_of(part)
        if state is not None:
            hidden = hidden_part(part)
            if hidden is not None:
                raise NotStorable(name, type(hidden).__qualname__, UNCHANGEABLE)
            return part, state.kind, state.content, state.attributes
        if is_fixed(part) or (
            id(part) in self._opaque
            and self._prints.present.print_of(part) == self._opaque[id(part)]
        ):
            return None
        raise NotStorable(name, type(part).__qualname__, UNCHANGEABLE)


class Names:
    """Tells which global names of the project's modules a run binds or deletes."""

    def __init__(self, kept: Kept | None, namespace: Mapping[str, Any] | None) -> None:
        self._kept = kept
        self._namespace = namespace
        self._before: list[tuple[Mapping[str, Any], dict[str, Any]]] = []

    def open(self) -> None:
        """Remember what each name stands for."""
        scopes = {} if self._kept is None else self._kept.scopes()
        self._before = [
            (scope, dict(scope)) for scope in scopes.values() if scope is not self._namespace
        ]

    def close(self) -> tuple[list[Binding], list[tuple[str, str]]]:
        """Return ``(module, name, value)`` of what is bound, and what is deleted.

        Raises
        ------
        NotStorable
            Where it is code that cannot be found again, or in no module.
        """
        bound: list[Binding] = []
        gone: list[tuple[str, str]] = []
        for scope, before in self._before:
            for name in [one for one in {**before, **scope} if _is_users(scope, one)]:
                value = scope.get(name, MISSING)
                if is_same(value, before.get(name, MISSING)) or _is_submodule(scope, name, value):
                    continue
                module = module_of(scope)
                _check_binding(module, name, value)
                where = (str(scope["__name__"]), name)
                if value is MISSING:
                    gone.append(where)
                else:
                    bound.append((*where, value))
        return bound, gone


def _is_users(scope: Mapping[str, Any], name: str) -> bool:
    """Tell whether a name is neither Python's nor the shell's own."""
    if scope.get("__name__") == "__main__":
        return is_user_name(name)
    return not (name.startswith("__") and name.endswith("__"))


def _is_submodule(scope: Mapping[str, Any], name: str, value: Any) -> bool:
    """Tell whether importing a part of a package has put it there."""
    return isinstance(value, ModuleType) and value.__name__ == f"{scope.get('__name__')}.{name}"


def _check_binding(module: ModuleType | None, name: str, value: Any) -> None:
    """Raise `NotStorable` where a name cannot be bound again."""
    where = name if module is None or module.__name__ == "__main__" else f"{module.__name__}.{name}"
    named = isinstance(value, (FunctionType, type)) and (
        found_by_name(str(value.__module__), value.__qualname__) is not value
    )
    if module is None or named:
        why = "the step binds it, which a hit could not do again"
        raise NotStorable(where, type(value).__qualname__, why)


def binding_name(module: str, name: str, _: object = None) -> str:
    """Return how a person names a global of a module."""
    return name if module == "__main__" else f"{module}.{name}"


def repeatable(patches: Iterable[Patch]) -> bool:
    """Tell whether the objects of `patches` can be given their states."""
    return all(fits(part, State(*rest)) for part, *rest in patches)


def repeat(
    patches: Iterable[Patch], bound: Iterable[Binding] = (), gone: Iterable[tuple[str, str]] = ()
) -> None:
    """Give every object its state, and the names of modules what they stand for."""
    for part, *rest in patches:
        give_state(part, State(*rest))
    for module, name, value in bound:
        vars(sys.modules[module])[name] = value
    for module, name in gone:
        vars(sys.modules[module]).pop(name, None)


def print_of(value: object) -> Fingerprint | None:
    """Return the fingerprint of a value; ``None`` where it has none."""
    try:
        return fingerprint(value)
    except NoFingerprint:
        return None
