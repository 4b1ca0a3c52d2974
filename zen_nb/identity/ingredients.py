"""The components of a step, as known before it runs."""

from __future__ import annotations

import builtins
import importlib.util
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FunctionType, MappingProxyType, NoneType
from typing import Any

from blake3 import blake3

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import Component, Fingerprint
from zen_nb.identity.bytecode import facts as code_facts
from zen_nb.identity.cell import TEXT_EVALUATORS, CellFacts, names_in_strings
from zen_nb.identity.code import Reach
from zen_nb.identity.components import digest_parts, is_atom, shown, shown_code, shown_of
from zen_nb.identity.guard import Guard
from zen_nb.identity.things import import_project_module, is_code

_PLAIN_NAMES = frozenset(
    kind.__name__ for kind in (NoneType, bool, int, float, complex, str, bytes)
)
_NOTHING_GIVEN: Mapping[str, tuple[Fingerprint, str]] = MappingProxyType({})
# Names whose use lets code load modules by a name in a text.
_LOADERS = frozenset({"import_module", "__import__", "modules", "run_module", "find_spec"})
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What determines the result of a step, as far as it is known before the step runs.

    Attributes
    ----------
    problems
        Label of each ingredient without a fingerprint, with the reason: such a step is
        not cached.
    held
        Label to ``(name, value, print)`` of the data that the step can change in place: its
        inputs and the globals it reaches. The print is that of `Present`, or ``None`` where
        it has not been taken.
    strings
        String constants of the code reached; some may name files.
    absent
        Modules that the step imports and that cannot be found before it runs. Their absence
        is an ingredient; it must still be so when the step has run.
    """

    components: tuple[Component, ...]
    problems: Mapping[str, NoFingerprint] = field(default_factory=dict)
    held: Mapping[str, tuple[str, Any, Fingerprint | None]] = field(default_factory=dict)
    strings: frozenset[str] = frozenset()
    absent: tuple[str, ...] = ()

    @property
    def key(self) -> Fingerprint:
        """Return the cache key: the fingerprint of all components."""
        return key_of(self.components)


def key_of(components: Collection[Component]) -> Fingerprint:
    """Return the cache key of components; their order does not matter."""
    ordered = sorted(components, key=lambda part: part.label)
    text = "".join(f"{len(part.label)}:{part.label}{part.digest}\n" for part in ordered)
    return blake3(b"zen_nb key 1\n" + text.encode("utf-8", "surrogatepass")).hexdigest()


def of_cell(
    cell: CellFacts,
    namespace: Mapping[str, Any],
    *,
    parameters: Mapping[str, object],
    source: str = "",
    line: int = 1,
    quiet: bool = False,
    outputs: tuple[str, ...] | None = None,
    ignore: Collection[str] = (),
    known: Mapping[str, Fingerprint] | None = None,
) -> Ingredients:
    """Return the ingredients of a cell in `namespace`.

    Parameters
    ----------
    source
        The text of the cell, to show what changed in it; no part of the key.
    line
        Where in the cell that text begins.
    quiet
        The cell ends in ``;``: what it shows differs, so the code does.
    outputs
        Declared outputs: names that are discarded are part of what the step does.
    ignore
        Inputs that the user takes out of the key.
    known
        Fingerprints to use for names instead of hashing their values.
    """
    settled = {*parameters, *ignore}
    starred = _star_names(cell, namespace)
    reads = {name: bound for name, bound in cell.reads.items() if name not in settled | starred}
    hidden = (set(cell.binds) | starred | settled) - set(reads)
    hidden |= set(cell.binds) & set(reads)
    while True:
        walk = _CellWalk(cell, namespace, hidden, known or {}, ignore)
        walk.follow(reads)
        shown_too = walk.not_yet_bound(settled)
        missed = walk.deferred_reads(settled | starred)
        if not shown_too and missed.keys() <= reads.keys():
            break
        hidden -= shown_too
        reads |= {name: bound for name, bound in missed.items() if name not in reads}
    reach = walk.reach
    reach.add_patches(reach.names)
    for name, value in parameters.items():
        reach.add_value(f"param:{name}", value)
    code = [cell.digest, f"quiet {quiet}", f"outputs {outputs}", *walk.references]
    told = shown_code(source, line, outputs=None if outputs is None else list(outputs))
    reach.components["code"] = Component("code", digest_parts(code), told)
    return _finish(reach, cell.strings)


class _CellWalk:
    """One walk over all that a cell reads, with one belief about what it has bound by then."""

    def __init__(
        self,
        cell: CellFacts,
        namespace: Mapping[str, Any],
        hidden: set[str],
        known: Mapping[str, Fingerprint],
        ignore: Collection[str],
    ) -> None:
        self.cell = cell
        self.namespace = namespace
        self.found = code_facts(cell.code)
        imports = self.found.imports
        imported = {part.alias: part for part in imports if part.is_global and part.alias}
        self.reach = Reach(namespace, hidden=hidden, known=known, imported=imported, ignored=ignore)
        self.references: list[str] = []
        self.bound: dict[str, frozenset[str]] = {}

    def follow(self, reads: Mapping[str, frozenset[str]]) -> None:
        """Take in what the cell reads, imports and evaluates."""
        for name, bound in reads.items():
            self.bound[f"read {name}"] = bound
            self._read(name)
        self.references += self.reach.add_imports(self.found.imports, self.namespace)
        reach = self.reach
        reach.names |= self.found.names
        reach.strings |= self.found.strings
        reach.scopes[id(self.namespace)] = self.namespace
        if self.found.reads_scope:
            reach.whole_scopes[id(self.namespace)] = self.namespace
        _read_dynamically(reach, ())

    def _read(self, name: str) -> None:
        reach, namespace = self.reach, self.namespace
        value = namespace.get(name, builtins.__dict__.get(name, _MISSING))
        if value is _MISSING and name not in reach.known:
            self.references += (name, "missing")
        elif is_code(value):
            chains = [chain for chain in self.found.chains if chain[0] == name] or [(name,)]
            for chain in chains:
                self.references += (".".join(chain), self._unhidden(name, chain))
        elif name in namespace or name in reach.known:
            self._input(name, value)

    def _unhidden(self, name: str, chain: tuple[str, ...]) -> str:
        """Follow a name that the cell also binds, but not before it reads it."""
        reach = self.reach
        hidden = reach.hidden
        reach.hidden = set(hidden) - {name}
        try:
            return reach.follow(chain, self.namespace, f"read {name}")
        finally:
            reach.hidden = hidden

    def _input(self, name: str, value: object) -> None:
        reach, label = self.reach, f"input:{name}"
        if name in reach.known:
            there = value if name in self.namespace else None
            reach.components[label] = Component(label, reach.known[name], shown(name, there))
        else:
            reach.at(f"read {name}")
            reach.add_value(label, value)
        if name in self.namespace:
            reach.data[label] = (self.namespace, name, value)

    def not_yet_bound(self, settled: Collection[str]) -> set[str]:
        """Return hidden names that code reads when the cell has perhaps not bound them."""
        found: set[str] = set()
        for root, bound in self.bound.items():
            found |= self.reach.reached_from(root) - bound
        return found & set(self.reach.hidden) - set(settled)

    def deferred_reads(self, settled: Collection[str]) -> dict[str, frozenset[str]]:
        """Return what functions of the cell read that are called only by code outside it."""
        found: dict[str, frozenset[str]] = {}
        waiting = [name for names in self.reach.consulted.values() for name in names]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for inner, bound in self.cell.deferred.get(name, {}).items():
                waiting.append(inner)
                if inner not in bound and inner not in settled:
                    found[inner] = bound
        return dict(sorted(found.items()))


_MISSING = object()


def _star_names(cell: CellFacts, namespace: Mapping[str, Any]) -> set[str]:
    """Return names that the cell reads and that a star import of its own binds before."""
    found: set[str] = set()
    for (module, level), names in cell.stars.items():
        try:
            package = str(namespace.get("__package__") or "")
            loaded = import_project_module(
                importlib.util.resolve_name("." * level + module, package)
            )
        except ImportError:
            continue
        public = getattr(loaded, "__all__", None) or [
            name for name in vars(loaded or object) if not name.startswith("_")
        ]
        found |= set(names) & set(public)
    return found


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
    """
    texts = [value for value in arguments.values() if type(value) is str]
    reach = _reach_of(function, frozenset(ignore), texts)
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
        self.held: dict[str, tuple[str, Any, Fingerprint | None]] = {}
        self.absent = list(reach.absent)

    def add(self, name: str, value: object) -> None:
        """Give one argument its component: scalars are parameters, everything else inputs."""
        label = f"param:{name}" if is_atom(value) else f"input:{name}"
        reach = Reach(self.code.namespace, ignored=self.code.ignored)
        if is_code(value):
            reach.add_value(label, (value,))
        else:
            reach.add_value(label, value)
        reach.add_patches(self.code.names)
        for part in reach.components.values():
            self.components.setdefault(part.label, part)
        self.problems.update(reach.problems)
        self.absent += reach.absent
        if label in reach.components and _can_change(value):
            self.held[label] = (label, value, reach.own.get(label))

    def ingredients(self) -> Ingredients:
        """Return them all."""
        components = self.components
        held = {**_held(self.code), **self.held}
        aliases = _aliases(held)
        if aliases:
            components["aliases"] = Component("aliases", digest_parts(aliases))
        ordered = tuple([components[label] for label in sorted(components)])
        # Arguments and globals can share a name; the label tells them apart.
        named = {label: (label, value, digest) for label, (_, value, digest) in held.items()}
        return Ingredients(
            ordered, self.problems, named, frozenset(self.code.strings), tuple(self.absent)
        )


def _reach_of(function: FunctionType, ignore: frozenset[str], texts: list[str]) -> Reach:
    """Return all that `function` reaches; no walk where a guard shows that nothing changed."""
    known = _guards.get(id(function))
    if known is not None:
        kept, ignored, guard, reach = known
        if kept is function and ignored == ignore and guard.holds(_whole_of(reach)):
            return reach
    reach = Reach(function.__globals__, ignored=ignore)
    reach.add_function(function, "code")
    dynamic = _read_dynamically(reach, texts)
    reach.add_patches(reach.names)
    reach.finish()
    _guards.pop(id(function), None)
    if reach.guard.usable and not dynamic and not reach.problems and not reach.absent:
        if len(_guards) >= _GUARD_LIMIT:
            _guards.clear()
        _guards[id(function)] = (function, ignore, reach.guard, reach)
    return reach


def _whole_of(reach: Reach) -> Any:
    return lambda value: Reach(reach.namespace, ignored=reach.ignored).whole(value)


def _finish(reach: Reach, strings: frozenset[str]) -> Ingredients:
    held = _held(reach)
    aliases = _aliases(held)
    if aliases:
        reach.components["aliases"] = Component("aliases", digest_parts(aliases))
    components = reach.finish()
    return Ingredients(
        components,
        dict(reach.problems),
        held,
        strings | frozenset(reach.strings),
        tuple(reach.absent),
    )


def _held(reach: Reach) -> dict[str, tuple[str, Any, Fingerprint | None]]:
    return {
        label: (name, value, reach.own.get(label))
        for label, (scope, name, value) in reach.data.items()
        if scope is reach.namespace and _can_change(value) and label in reach.components
    }


def _can_change(value: object) -> bool:
    return not is_atom(value) and not is_code(value) and not isinstance(value, CodeType)


def _aliases(held: Mapping[str, tuple[str, Any, Fingerprint | None]]) -> list[str]:
    """Return which of the step's inputs are one and the same object, if any are.

    A change in place of one then shows in the other.
    """
    owners: dict[int, set[str]] = {}
    for label, (_, value, _) in held.items():
        owners.setdefault(id(value), set()).add(label.partition(":")[2])
    return sorted(" is ".join(sorted(names)) for names in owners.values() if len(names) > 1)


def _read_dynamically(reach: Reach, texts: Iterable[str]) -> bool:
    """Take in what code names in texts, or asks of a namespace as a whole; tell if any can."""
    evaluates = bool(reach.names & TEXT_EVALUATORS)
    loads = bool(reach.names & _LOADERS)
    if not (evaluates or loads or reach.whole_scopes):
        return False
    # An expression can be held by a variable as well as written where it is evaluated.
    held = (value for _, _, value in reach.data.values())
    strings = frozenset({*reach.strings, *texts, *(part for part in held if type(part) is str)})
    if loads:
        for name in sorted(filter(_DOTTED.fullmatch, strings)):
            reach.add_module(name)
    named = names_in_strings(strings) if evaluates else set()
    for scope in list(reach.scopes.values()):
        for name in sorted(named & set(scope)):
            reach.follow((name,), scope)
    for scope in list(reach.whole_scopes.values()):
        for name in sorted(name for name in scope if not name.startswith("_")):
            if name not in ("In", "Out", "get_ipython", "exit", "quit", "open"):
                reach.follow((name,), scope)
    return True
