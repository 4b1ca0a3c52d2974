"""Whether everything that code reached is still what it was, without walking it again.

A guard holds every place that was looked at (a name in a dict, a function's code,
defaults and cells, a class's entries) with the object found there, and compares by
identity. Identity is enough for what cannot change; data that can is fingerprinted
again each time. Objects are held by strong references: an identity cannot be reused.
"""

from __future__ import annotations

from abc import ABCMeta, get_cache_token
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import CellType, CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import Fingerprint
from zen_nb.identity.classes import follows_from_the_rest, unwrapped
from zen_nb.identity.encoding import SCALARS
from zen_nb.identity.patches import Patch, patched
from zen_nb.identity.things import contents, is_empty
from zen_nb.identity.values import fingerprint_of

if TYPE_CHECKING:
    from zen_nb.identity.loads import Load

MISSING = object()
_CODE = (FunctionType, property, staticmethod, classmethod)
# Whose functions keep in their cells only what they remember.
_REMEMBERING = frozenset({"functools", "abc", "re", "typing", "enum"})


class Changed(Exception):
    """A value refers to code that was not there when it was first seen."""


class Part(NamedTuple):
    """Something that code keeps and that is not what it was.

    Attributes
    ----------
    told
        What it is, in words.
    way, name
        Where it is kept: a ``cell`` or an ``attribute``; empty where it cannot be set again.
    value
        What is kept there now; ``MISSING`` for nothing.
    """

    told: str
    way: str = ""
    name: str = ""
    value: object = None


class _Function(NamedTuple):
    function: FunctionType
    code: CodeType
    name: str
    defaults: tuple[Any, ...] | None
    keywords: dict[str, Any] | None
    keyword_count: int
    attributes: int
    cells: tuple[tuple[CellType, object], ...]

    def moved(self) -> Iterator[Part]:
        """Yield what the function keeps that it did not keep then."""
        function: Any = self.function
        if function.__code__ is not self.code:
            yield Part("its code")
        if function.__defaults__ is not self.defaults:
            yield Part("its defaults")
        if function.__globals__.get("__name__") not in _REMEMBERING:
            for name, (cell, value) in zip(self.code.co_freevars, self.cells, strict=True):
                if not is_same(contents(cell), value):
                    now = contents(cell)
                    now = MISSING if is_empty(now) else now
                    yield Part(f"its variable {name}", "cell", name, now)

    def held(self) -> Iterator[tuple[str, object]]:
        """Yield what it was seen to keep, by a name for each."""
        for name, (_, value) in zip(self.code.co_freevars, self.cells, strict=True):
            yield f"its variable {name}", value
        for at, value in enumerate(self.defaults or ()):
            yield f"its default {at}", value
        yield from ((f"its default {name}", value) for name, value in (self.keywords or {}).items())
        yield from ((f".{name}", value) for name, value in self.function.__dict__.copy().items())


def _functions_hold(functions: list[_Function]) -> bool:
    """Tell whether all are what they were; in one loop, since every hit asks this."""
    for function, code, name, defaults, keywords, count, attributes, cells in functions:
        if (
            function.__code__ is not code
            or function.__defaults__ is not defaults
            or function.__kwdefaults__ is not keywords
            or function.__name__ != name
            or len(function.__dict__) != attributes
            or (keywords is not None and len(keywords) != count)
        ):
            return False
        for cell, value in cells:
            if contents(cell) is not value:
                return False
    return True


@dataclass(frozen=True, slots=True)
class _Class:
    cls: type
    kind: type
    name: str
    bases: tuple[type, ...]
    entries: dict[str, object]

    def holds(self) -> bool:
        now = self.cls.__dict__
        return (
            type(self.cls) is self.kind
            and self.cls.__name__ == self.name
            and self.cls.__bases__ is self.bases
            and [*now] == [*self.entries]
            and [*map(id, now.values())] == [*map(id, self.entries.values())]
        )

    def moved(self) -> Iterator[Part]:
        """Yield what the class keeps that it did not keep then."""
        if self.cls.__bases__ != self.bases:
            yield Part("its bases")
        now = self.cls.__dict__
        for name in dict.fromkeys([*self.entries, *now]):
            was, found = self.entries.get(name, MISSING), now.get(name, MISSING)
            if is_same(was, found) or follows_from_the_rest(self.cls, name):
                continue
            if not name.startswith("__") or isinstance(was, _CODE) or isinstance(found, _CODE):
                yield Part(f".{name}", "attribute", name, found)

    def held(self) -> Iterator[tuple[str, object]]:
        """Yield what it was seen to keep, by a name for each."""
        for name, value in self.entries.items():
            if not follows_from_the_rest(self.cls, name):
                yield f".{name}", value


@dataclass(slots=True)
class Guard:
    """What was looked at on a walk; `holds` tells whether a new walk would find the same."""

    lookups: dict[tuple[int, str], tuple[Mapping[str, Any], str, object]] = field(
        default_factory=dict
    )
    functions: list[_Function] = field(default_factory=list)
    classes: list[_Class] = field(default_factory=list)
    parts: list[tuple[object, Fingerprint]] = field(default_factory=list)
    unwrapped: list[tuple[object, Fingerprint]] = field(default_factory=list)
    values: list[tuple[object, Fingerprint]] = field(default_factory=list)
    tokens: dict[int, str] = field(default_factory=dict)
    kept: list[object] = field(default_factory=list)
    patches: list[tuple[frozenset[type], frozenset[str], list[Patch]]] = field(default_factory=list)
    modules: list[ModuleType] = field(default_factory=list)
    installed: list[ModuleType] = field(default_factory=list)
    holdings: list[tuple[str, object]] | None = None
    loads: list[Load] = field(default_factory=list)
    usable: bool = True
    registrations: object = None

    def look(self, scope: Mapping[str, Any], name: str, value: object) -> None:
        """Remember what `scope` holds under `name`; ``MISSING`` for nothing."""
        self.lookups[(id(scope), name)] = (scope, name, value)

    def add_function(self, function: FunctionType) -> None:
        """Remember what a function is made of; what its values hold is added as parts."""
        cells = tuple((cell, contents(cell)) for cell in function.__closure__ or ())
        keywords = function.__kwdefaults__
        for name, value in (keywords or {}).items():
            self.look(keywords or {}, name, value)
        for name, value in function.__dict__.copy().items():
            self.look(function.__dict__, name, value)
        made = _Function(
            function,
            function.__code__,
            function.__name__,
            function.__defaults__,
            keywords,
            len(keywords or ()),
            len(function.__dict__),
            cells,
        )
        self.functions.append(made)

    def add_class(self, cls: type) -> None:
        """Remember the entries of a class."""
        self.classes.append(_Class(cls, type(cls), cls.__name__, cls.__bases__, dict(vars(cls))))
        if isinstance(cls, ABCMeta) and self.registrations is None:
            self.registrations = get_cache_token()

    def expect_patches(
        self, kinds: Collection[type], names: Collection[str], found: list[Patch]
    ) -> None:
        """Remember what of the user's the installed classes `kinds` hold under `names`."""
        if kinds:
            self.patches.append((frozenset(kinds), frozenset(names), found))

    def token(self, thing: object) -> str:
        """Return what `thing` was called on the walk."""
        try:
            return self.tokens[id(thing)]
        except KeyError:
            raise Changed from None

    def holds(self, whole: Callable[[object], Fingerprint]) -> bool:
        """Tell whether nothing has changed. `whole` gives the fingerprint of global data."""
        if self.registrations is not None and self.registrations != get_cache_token():
            return False
        for scope, name, value in self.lookups.values():
            if scope.get(name, MISSING) is not value:
                return False
        if not all(load.holds() for load in self.loads):
            return False
        return self._code_holds() and self._data_holds(whole)

    def _code_holds(self) -> bool:
        if not _functions_hold(self.functions):
            return False
        for kind in self.classes:
            if not kind.holds():
                return False
        return all(_same(patched(kinds, names), found) for kinds, names, found in self.patches)

    def other_parts(self) -> Iterator[object]:
        """Yield the values held by code that have changed in place."""
        for value, digest in (*self.parts, *self.unwrapped):
            try:
                changed = fingerprint_of(unwrapped(value), self) != digest
            except (Changed, NoFingerprint):
                changed = True
            if changed:
                yield value

    def renewed(self) -> Guard:
        """Return a guard of the same code as it is now."""
        made = Guard(
            tokens=self.tokens, kept=self.kept, modules=self.modules, installed=self.installed
        )
        for scope, name, _ in self.lookups.values():
            made.look(scope, name, scope.get(name, MISSING))
        for function, *_ in self.functions:
            made.add_function(function)
        for cls in self.classes:
            made.add_class(cls.cls)
        made.parts = [*self._prints_of(value for value, _ in self.parts)]
        made.unwrapped = [*self._prints_of(value for value, _ in self.unwrapped)]
        made.patches = [(kinds, names, patched(kinds, names)) for kinds, names, _ in self.patches]
        return made

    def _prints_of(self, values: Iterable[object]) -> Iterator[tuple[object, Fingerprint]]:
        for value in values:
            with suppress(Changed, NoFingerprint):
                yield value, fingerprint_of(unwrapped(value), self)

    def other_patches(self) -> Iterator[tuple[type, str]]:
        """Yield the installed classes, and the names under which they hold something else."""
        for kinds, names, found in self.patches:
            now = {one[:2]: one[2] for one in patched(kinds, names)}
            was = {one[:2]: one[2] for one in found}
            for place in {**was, **now}:
                if now.get(place, MISSING) is not was.get(place, MISSING):
                    yield place

    def _data_holds(self, whole: Callable[[object], Fingerprint]) -> bool:
        try:
            return all(
                fingerprint_of(value, self) == digest for value, digest in self.parts
            ) and all(whole(value) == digest for value, digest in self.values)
        except (Changed, NoFingerprint):
            return False


def _same(now: list[Patch], before: list[Patch]) -> bool:
    return len(now) == len(before) and all(
        one[0] is other[0] and one[1] == other[1] and one[2] is other[2]
        for one, other in zip(now, before, strict=True)
    )


def is_same(now: object, then: object) -> bool:
    """Tell whether two things are one, or scalars that are equal."""
    if now is then:
        return True
    scalar = SCALARS.get(type(now))
    return scalar is not None and type(now) is type(then) and scalar(now) == scalar(then)
