"""What is taken from modules that are known by their source, and what that uses in turn."""

from __future__ import annotations

import builtins
import sys
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field

from zen_nb.core.model import Component
from zen_nb.identity.bytecode import Chain, Imported
from zen_nb.identity.cell import TEXT_EVALUATORS, names_in_strings
from zen_nb.identity.components import digest_parts, shown_code
from zen_nb.identity.finding import found_spec
from zen_nb.identity.guard import Guard
from zen_nb.identity.origin import module_origin
from zen_nb.identity.sources import Source, Statement, resolved, source_of
from zen_nb.identity.things import file_digest

# Names whose use lets code reach anything of its module.
_EVALUATORS = frozenset({"eval", "exec", "compile", "__dict__", "__globals__", "f_globals"})
# Names whose use lets code reach what it binds by a text.
_BLIND = TEXT_EVALUATORS | {"globals", "locals", "vars"}
# The name whose use lets code load a module again.
RELOADER = "reload"
_OF_PLACE = frozenset({"__file__", "__path__", "__cached__", "__spec__"})


@dataclass(eq=False)
class Taken:
    """What is taken from one module that is known by its source.

    Attributes
    ----------
    counted
        Its statements that count, by ``id``.
    asked
        What was taken already, and whether the module's own code takes it.
    tokens
        What stands for what it imports from elsewhere and for where it lies.
    labels
        The labels of its components, by the name that is bound; ``""`` for the rest.
    whole
        All of it counts.
    """

    source: Source
    counted: set[int] = field(default_factory=set)
    asked: set[tuple[Chain, bool]] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    labels: dict[str, str] = field(default_factory=dict)
    whole: bool = False


class Taking(ABC):
    """Takes parts of modules by their sources; the part of `Imports` that follows names.

    Attributes
    ----------
    texts
        The text of what was taken, by label.
    """

    components: dict[str, Component]
    names: set[str]
    strings: set[str]
    guard: Guard

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._sources: dict[str, Taken] = {}
        self._wanted: deque[tuple[Taken, Chain, bool]] = deque()

    @abstractmethod
    def _statement(self, found: Imported, package: str, chains: list[Chain]) -> list[str]:
        """Return what stands for what `chains` take from what an import statement names."""

    @abstractmethod
    def _state(self, name: str) -> object:
        """Return a module's source, what is loaded in its place, or ``None`` for neither."""

    @abstractmethod
    def _want(self, name: str, chain: Chain) -> str:
        """Return what stands for what `chain` takes from a module, which is taken in."""

    @abstractmethod
    def _claim(self, label: str) -> str:
        """Return a label that nothing else has."""

    def _take_all_sources(self) -> None:
        """Let all of every module count: some code asks which classes there are."""
        for taken in list(self._sources.values()):
            self._all(taken)
        self._finished([])

    def _finished(self, tokens: list[str]) -> list[str]:
        while self._wanted:
            self._follow(*self._wanted.popleft())
        for name, taken in self._sources.items():
            self._describe(name, taken)
        return tokens

    def _follow(self, taken: Taken, chain: Chain, inside: bool) -> None:  # noqa: FBT001
        """Take in what a name of a module stands for; `inside`: for the module's own code."""
        if (chain, inside) in taken.asked:
            return
        taken.asked.add((chain, inside))
        if not chain:
            self._all(taken)
            return
        name, rest = chain[0], chain[1:]
        binders = taken.source.binders.get(name, [])
        for statement in binders:
            self._bound_by(taken, statement, name, rest)
        found = bool(binders) or self._from_stars(taken, name, rest)
        if not inside:
            found |= self._from_below(taken, name, rest)
        if not found:
            self._unbound(taken, name, inside=inside)

    def _bound_by(self, taken: Taken, statement: Statement, name: str, rest: Chain) -> None:
        for part in statement.imports:
            if part.alias == name:
                self._take(taken, part, [(*part.path, *rest)])
        if not statement.is_import:
            self._count(taken, statement)

    def _take(self, taken: Taken, part: Imported, chains: list[Chain]) -> None:
        for token in self._statement(part, taken.source.package, chains):
            taken.tokens.add(f"{part.alias} {token}")

    def _chains(self, found: Imported) -> list[Chain]:
        """Return what code takes from what an import statement binds; nothing where it is unused.

        Code that evaluates texts may take anything from a name that it does not use otherwise,
        or that they name.
        """
        used: list[Chain] = [(*found.path, *use) for use in found.uses]
        hidden = not used or found.alias in names_in_strings(frozenset(self.strings))
        if self.names & _BLIND and hidden:
            return [*used, found.path]
        return used or ([found.path] if found.path else [])

    def _from_stars(self, taken: Taken, name: str, rest: Chain) -> bool:
        """Take in a name that a star import of the module may bring; tell whether it does."""
        found = False
        for part in taken.source.stars:
            full = resolved(part, taken.source.package)
            if full is None or module_origin(full) != "project":
                self._take(taken, part, [(name, *rest)])
                continue
            brought = star_names(self._state(full))
            if brought is None or name in brought:
                found |= brought is not None
                taken.tokens.add(f"{name} {self._want(full, (name, *rest))}")
        return found

    def _from_below(self, taken: Taken, name: str, rest: Chain) -> bool:
        """Take in a module of the package by that name, unless the package binds another thing."""
        source = taken.source
        below = f"{source.name}.{name}"
        if not source.is_package or found_spec(below) is None:
            return False
        for statement in source.binders.get(name, ()):
            if any(resolved(part, source.package) == below for part in statement.imports):
                return True
        self._want(below, rest)
        return True

    def _unbound(self, taken: Taken, name: str, *, inside: bool) -> None:
        """Take in a name that no statement of the module binds."""
        if name in _OF_PLACE:
            taken.tokens.add(f"{name} {taken.source.path}")
        elif name == "__doc__":
            taken.tokens.add(f"{name} {taken.source.documented}")
        elif inside and (hasattr(builtins, name) or name.startswith("__")):
            return
        elif "__getattr__" in taken.source.binders:
            self._follow(taken, ("__getattr__",), True)
        elif not inside and name not in ("__name__", "__package__"):
            self._all(taken)

    def _count(self, taken: Taken, statement: Statement) -> None:
        """Let a statement of a module count, with all that it uses."""
        if id(statement) in taken.counted:
            return
        taken.counted.add(id(statement))
        found = statement.facts
        self.names |= found.names
        self.strings |= found.strings
        for chain in found.chains:
            self._wanted.append((taken, chain, True))
        if not statement.is_import:
            for part in found.imports:
                self._take(taken, part, self._chains(part))
        itself = "modules" in found.names and "__name__" in found.names
        if found.reads_scope or found.names & _EVALUATORS or itself:
            self._all(taken)
        elif found.names & TEXT_EVALUATORS:
            for name in names_in_strings(found.strings) & taken.source.binders.keys():
                self._wanted.append((taken, (name,), True))

    def _all(self, taken: Taken) -> None:
        """Let all of a module count; where it may be loaded again, its text of now."""
        if taken.whole:
            return
        taken.whole = True
        if RELOADER in self.names:
            self.guard.usable = False
            taken.tokens.add(f"now {file_digest(taken.source.path)}")
        for statement in taken.source.statements:
            self._count(taken, statement)
            if statement.is_import:
                for part in statement.imports:
                    self._take(taken, part, [part.path])

    # -- components -------------------------------------------------------------------

    def _describe(self, name: str, taken: Taken) -> None:
        """Give what counts of a module components: those that only bind one name by that name."""
        rows: list[Statement] = []
        for statement in taken.source.statements:
            if id(statement) not in taken.counted or statement.is_import:
                continue
            single = all(len(taken.source.binders[one]) == 1 for one in statement.binds)
            if statement.acts or not statement.binds or not single:
                rows.append(statement)
            else:
                self._add(name, taken, min(statement.binds), statement)
        if rows or taken.tokens or taken.whole:
            said = ["source", taken.source.documented if taken.whole else ""]
            said += [*(row.digest for row in rows), "taken", *sorted(taken.tokens)]
            text = "".join(row.text for row in rows)
            label = self._label(name, taken, "")
            told = shown_code(text, rows[0].line if rows else 1)
            self.components[label] = Component(label, digest_parts(said), told)
            self.texts[label] = text

    def _add(self, module: str, taken: Taken, name: str, statement: Statement) -> None:
        label = self._label(module, taken, name)
        told = shown_code(statement.text, statement.line)
        digest = digest_parts(["source", statement.digest])
        self.components[label] = Component(label, digest, told)
        self.texts[label] = statement.text

    def _label(self, module: str, taken: Taken, name: str) -> str:
        label = taken.labels.get(name)
        if label is None:
            label = self._claim(f"module:{module}.{name}".rstrip("."))
            taken.labels[name] = label
        return label


def star_names(state: object, seen: frozenset[str] = frozenset()) -> set[str] | None:
    """Return the names that a star import of a module brings; ``None`` where only it can tell."""
    if isinstance(state, Source):
        if state.public is not None:
            return set(state.public)
        if "__all__" in state.binders or state.name in seen:
            return None
        found = set(state.binders)
        for part in state.stars:
            inner = resolved(part, state.package) or ""
            known = sys.modules.get(inner) or source_of(inner)
            found |= star_names(known, seen | {state.name}) or set()
        return {name for name in found if not name.startswith("_")}
    held = getattr(state, "__dict__", {})
    named = held.get("__all__")
    return set(named if named is not None else (n for n in held if not n.startswith("_")))
