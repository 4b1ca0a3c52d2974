"""What import statements bring, told without executing anything.

A module of the project that is not loaded is known by its source: by the statements that
may have an effect, by those that bind what is taken from it, and by all that these use in
turn, in other modules too. One that is loaded is known by what it holds, unless that is
still what its source made of it.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from zen_nb.core.model import Component
from zen_nb.identity.bytecode import Chain, Imported
from zen_nb.identity.finding import found_spec
from zen_nb.identity.guard import MISSING
from zen_nb.identity.loads import is_bare, load_in_force, watch
from zen_nb.identity.origin import module_file, module_origin
from zen_nb.identity.sources import Source, resolved, source_of
from zen_nb.identity.taken import Taken, Taking, star_names
from zen_nb.identity.things import file_digest

_ALL: Chain = ()


class Imports(Taking):
    """Names what import statements bring; the part of `Naming` that reads sources.

    Attributes
    ----------
    absent
        Modules that cannot be found.
    libraries
        Modules of Python that are used.
    relived
        Modules known by their source that a step has loaded before and whose loading may
        have had an effect: a run does not have it again.

    Parameters
    ----------
    as_loaded
        Modules that would be relived count as they are loaded.
    """

    def __init__(self, *, as_loaded: bool = False) -> None:
        super().__init__()
        self.as_loaded = as_loaded
        self.absent: list[str] = []
        self.libraries: set[str] = set()
        self.relived: list[str] = []
        self._states: dict[str, object] = {}
        self._entered: set[str] = set()

    @abstractmethod
    def add_value(self, label: str, value: object) -> None:
        """Give `value` the component `label`."""

    @abstractmethod
    def _package(self, module: str) -> None: ...

    @abstractmethod
    def _part(self, chain: Chain, value: object, scope: Mapping[str, Any]) -> str: ...

    @abstractmethod
    def _module(self, module: ModuleType, attributes: Chain, *, loaded: bool = True) -> str: ...

    # -- what callers ask for ---------------------------------------------------------

    def _import(self, found: Imported, scope: Mapping[str, Any]) -> list[str]:
        """Return what stands for all that an import statement brings."""
        return self._finished(self._statement(found, _package_of(scope), self._chains(found)))

    def _imported(self, found: Imported, chain: Chain, scope: Mapping[str, Any]) -> list[str]:
        """Return what stands for `chain`, taken from a name that an import statement binds."""
        chains = [(*found.path, *chain)]
        return self._finished(self._statement(found, _package_of(scope), chains))

    def _import_whole(self, name: str) -> list[str]:
        """Return what stands for a module of the project as a whole."""
        return self._finished(self._from(name, name, [_ALL]))

    # -- modules ----------------------------------------------------------------------

    def _statement(self, found: Imported, package: str, chains: list[Chain]) -> list[str]:
        full = resolved(found, package)
        if full is None:
            return ["missing"]
        start = full.partition(".")[0] if found.binds_root else full
        return self._from(full, start, chains if found.alias else self._starred(full))

    def _from(self, full: str, start: str, chains: list[Chain]) -> list[str]:
        """Return what stands for what `chains` take from `start` once `full` is imported."""
        origin = module_origin(full)
        if origin == "package":
            self._package(full)
        if origin == "python":
            self.libraries.add(full)
        if origin != "project":
            return [self._of_installed(start, chain) for chain in chains] or [full]
        self._enter(full)
        return [self._want(start, chain) for chain in chains] or [f"imported {full}"]

    def _of_installed(self, name: str, chain: Chain) -> str:
        module = sys.modules.get(name)
        if not isinstance(module, ModuleType):
            return f"{name}.{'.'.join(chain)}"
        return self._module(module, chain, loaded=name == "sys")

    def _starred(self, full: str) -> list[Chain]:
        """Return what a star import takes from a module: the names that it brings, or all."""
        state = self._state(full) if module_origin(full) == "project" else None
        names = star_names(state) if isinstance(state, Source) else None
        return [_ALL] if names is None else [(name,) for name in sorted(names)]

    def _state(self, name: str) -> object:
        """Return a module's source, what is loaded in its place, or ``None`` for neither."""
        if name not in self._states:
            watch()
            loaded = sys.modules.get(name, MISSING)
            self.guard.look(sys.modules, name, loaded)
            if loaded is MISSING:
                self.guard.usable = False
                self._states[name] = source_of(name)
            else:
                self._states[name] = self._source_in_force(name) or loaded
        return self._states[name]

    def _source_in_force(self, name: str) -> Source | None:
        """Return the source that a loaded module is still what it made of it."""
        if is_bare(sys.modules[name]):
            return source_of(name)
        load = load_in_force(name)
        if load is None or load.source is None or (load.source.acts and self.as_loaded):
            return None
        self.guard.loads.append(load)
        if load.source.acts:
            self.relived.append(name)
        return load.source

    def _enter(self, full: str) -> None:
        """Take in what importing a module does, and the packages around it."""
        parts = full.split(".")
        for count in range(1, len(parts) + 1):
            name = ".".join(parts[:count])
            if name not in self._entered:
                self._entered.add(name)
                state = self._state(name)
                if isinstance(state, Source):
                    self._sources[name] = Taken(state)
                    self._load(self._sources[name])
                elif state is None and name not in sys.modules:
                    self._by_file(name)

    def _load(self, taken: Taken) -> None:
        source = taken.source
        for statement in source.statements:
            for part in statement.imports:
                self._import_of(part, source)
            if statement.acts:
                self._count(taken, statement)

    def _import_of(self, part: Imported, source: Source) -> None:
        """Take in what an import statement of a module does, whatever becomes of its names."""
        full = resolved(part, source.package)
        if full is None or module_origin(full) != "project":
            return
        self._enter(full)
        state = self._state(full)
        for name in part.path[:1]:
            held = state.binders if isinstance(state, Source) else getattr(state, "__dict__", {})
            if name not in held and found_spec(f"{full}.{name}") is not None:
                self._enter(f"{full}.{name}")

    def _by_file(self, name: str) -> None:
        """Take in a module without a source to read: the file it has, or that it has none."""
        spec = found_spec(name)
        label, file = f"module:{name}", module_file(name)
        if spec is None:
            self.absent.append(name)
        elif file is None and module_origin(type(spec.loader).__module__) == "project":
            self.add_value(label, spec.loader)
            return
        self.components[label] = Component(label, file_digest(file))

    # -- parts of modules -------------------------------------------------------------

    def _want(self, name: str, chain: Chain) -> str:
        """Return what stands for what `chain` takes from a module, which is taken in."""
        self._enter(name)
        state = self._state(name)
        if isinstance(state, Source):
            self._wanted.append((self._sources[name], chain, False))
            return f"source {name} {'.'.join(chain)}"
        if state is None:
            return f"module:{name}"
        if not isinstance(state, ModuleType):
            return self._part((name.rpartition(".")[2], *chain), state, sys.modules)
        below = f"{name}.{chain[0]}" if chain and hasattr(state, "__path__") else ""
        if below and self._is_below(state, below, chain[0]):
            return self._want(below, chain[1:])
        return self._module(state, chain)

    def _is_below(self, package: ModuleType, below: str, name: str) -> bool:
        """Tell whether a loaded package gives one of its modules under a name, loaded or not."""
        held = vars(package).get(name, MISSING)
        self.guard.look(vars(package), name, held)
        if held is MISSING:
            return below in sys.modules or found_spec(below) is not None
        return held is sys.modules.get(below)


def _package_of(scope: Mapping[str, Any]) -> str:
    return str(scope.get("__package__") or "")
