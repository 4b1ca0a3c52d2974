"""The ingredients of a cell in its namespace."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Collection, Mapping
from typing import Any

from zen_nb.core.model import Component, Fingerprint
from zen_nb.identity.bytecode import Imported
from zen_nb.identity.bytecode import facts as code_facts
from zen_nb.identity.cell import CellFacts
from zen_nb.identity.code import Reach
from zen_nb.identity.components import digest_parts, digest_text, shown, shown_code
from zen_nb.identity.guard import MISSING
from zen_nb.identity.ingredients import Ingredients, finished, read_dynamically
from zen_nb.identity.kept_cells import KeptCell, Settings, is_plain, recall, remember
from zen_nb.identity.sources import resolved, source_of
from zen_nb.identity.taken import star_names
from zen_nb.identity.things import is_code

_WHOLE = "read the whole namespace"
_LISTING = frozenset({"globals", "locals", "vars", "dir"})


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
    apart: bool = False,
    as_loaded: bool = False,
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
    as_loaded
        Modules whose loading may have had an effect count as they are loaded.
    apart
        Leave out what was left under names that the cell is to bind before it reads them.
    """
    names = frozenset(cell.settled.read) - {*parameters, *ignore} if apart else frozenset()
    shown_how = (f"quiet {quiet}", f"outputs {outputs}")
    settings = (frozenset(parameters), frozenset(ignore), names, *shown_how)
    kept = None if known or as_loaded else recall(cell, namespace, settings)
    if kept is None:
        settled = {*parameters, *ignore}
        walk = _walked(
            cell, namespace, settled, known or {}, ignore, apart=names, as_loaded=as_loaded
        )
        walk.reach.guard.usable &= not (walk.dynamic or cell.stars or known or as_loaded)
        kept = _to_keep(walk, settings, shown_how)
    reach = kept.reach
    for name, value in parameters.items():
        reach.add_value(f"param:{name}", value)
    told = shown_code(source, line, outputs=None if outputs is None else list(outputs))
    reach.components["code"] = Component("code", kept.code, told)
    for name in kept.apart:
        label = f"leftover:{name}"
        reach.components[label] = Component(label, digest_text(label))
    found = finished(reach, cell.strings, kept.apart, kept.unseen)
    remember(kept)
    return found


def _to_keep(walk: _CellWalk, settings: Settings, shown_how: tuple[str, ...]) -> KeptCell:
    """Return what is remembered of a walk."""
    reach = walk.reach
    inputs = tuple(label for label in reach.components if label.startswith("input:"))
    plain = frozenset(
        label
        for label in inputs
        if label in reach.data and is_plain(reach, label, reach.data[label][2])
    )
    code = digest_parts([walk.cell.digest, *shown_how, *walk.references])
    kept = (reach, code, inputs, plain, walk.apart, walk.unseen)
    return KeptCell(walk.cell, walk.namespace, settings, *kept)


def _walked(
    cell: CellFacts,
    namespace: Mapping[str, Any],
    settled: set[str],
    known: Mapping[str, Fingerprint],
    ignore: Collection[str],
    *,
    apart: frozenset[str],
    as_loaded: bool,
) -> _CellWalk:
    """Walk until no more names turn out to be read, or meddled with, by other code."""
    while True:
        walk = _walk_without(
            cell, namespace, settled, known, ignore, apart=apart, as_loaded=as_loaded
        )
        if walk.apart == apart:
            return walk
        apart = walk.apart


def _walk_without(
    cell: CellFacts,
    namespace: Mapping[str, Any],
    settled: set[str],
    known: Mapping[str, Fingerprint],
    ignore: Collection[str],
    *,
    apart: frozenset[str],
    as_loaded: bool,
) -> _CellWalk:
    """Walk until no more names turn out to be read before they are surely bound."""
    starred = _star_names(cell, namespace)
    left_out = settled | starred | apart
    every = {**dict.fromkeys(sorted(cell.settled.inputs), frozenset[str]()), **cell.reads}
    reads = {name: bound for name, bound in every.items() if name not in left_out}
    hidden = (set(cell.binds) | starred | settled) - set(reads)
    hidden |= set(cell.binds) & set(reads)
    while True:
        walk = _CellWalk(cell, namespace, hidden, known, ignore, as_loaded=as_loaded)
        walk.follow(reads)
        shown_too = walk.not_yet_bound(settled)
        missed = walk.deferred_reads(settled | starred)
        if not shown_too and missed.keys() <= reads.keys():
            break
        hidden -= shown_too
        reads |= {name: bound for name, bound in missed.items() if name not in reads}
    walk.close(reads, apart)
    walk.reach.add_subclasses()
    walk.reach.add_patches(walk.reach.names)
    return walk


class _CellWalk:
    """One walk over all that a cell reads, with one belief about what it has bound by then."""

    def __init__(
        self,
        cell: CellFacts,
        namespace: Mapping[str, Any],
        hidden: set[str],
        known: Mapping[str, Fingerprint],
        ignore: Collection[str],
        *,
        as_loaded: bool,
    ) -> None:
        self.cell = cell
        self.namespace = namespace
        self.found = code_facts(cell.code)
        imports = self.found.imports
        imported = {part.alias: part for part in imports if part.is_global and part.alias}
        self.reach = Reach(
            namespace,
            hidden=hidden,
            known=known,
            imported=imported,
            ignored=ignore,
            as_loaded=as_loaded,
        )
        self.references: list[str] = []
        self.dynamic = False
        self.unseen: frozenset[str] = frozenset()
        self.apart: frozenset[str] = frozenset()
        self.bound: dict[str, frozenset[str]] = {}

    def follow(self, reads: Mapping[str, frozenset[str]]) -> None:
        """Take in what the cell reads, imports and evaluates."""
        reach = self.reach
        reach.names |= self.found.names
        reach.strings |= self.found.strings
        for name, bound in reads.items():
            self.bound[f"read {name}"] = bound
            self._read(name)
        self.references += reach.add_imports(self.found.imports, self.namespace)
        reach.scopes[id(self.namespace)] = self.namespace
        if self.found.reads_scope:
            reach.whole_scopes[id(self.namespace)] = self.namespace
            # What is listed then are names that the cell has bound by then, and what was left.
            asked = [bound for name, bound in self.cell.reads.items() if name in _LISTING]
            self.bound[_WHOLE] = frozenset.intersection(*asked) if asked else frozenset()
        self.dynamic = read_dynamically(reach, (), _WHOLE if self.found.reads_scope else "code")

    def _read(self, name: str) -> None:
        reach, namespace = self.reach, self.namespace
        value = namespace.get(name, MISSING)
        if value is MISSING:
            value = vars(builtins).get(name, MISSING)
            reach.guard.look(namespace, name, MISSING)
            reach.guard.look(vars(builtins), name, value)
        if value is MISSING and name not in reach.known:
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

    def close(self, reads: Collection[str], apart: frozenset[str]) -> None:
        """Tell which names no code beside the cell's sees, and which leftovers are left out."""
        may_bind = {*self.cell.settled.read, *self.cell.settled.unread} & set(self.reach.hidden)
        seen = self.reach.stores.union(*self.reach.consulted.values())
        self.unseen = frozenset() if self.dynamic else frozenset(may_bind) - seen
        self.apart = (apart & self.unseen) - set(reads)

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


def _star_names(cell: CellFacts, namespace: Mapping[str, Any]) -> set[str]:
    """Return names that the cell reads and that a star import of its own binds before."""
    found: set[str] = set()
    package = str(namespace.get("__package__") or "")
    for (module, level), names in cell.stars.items():
        full = resolved(Imported(module, level, (), "", is_global=True), package)
        loaded = sys.modules.get(full or "")
        public = None if full is None else star_names(loaded or source_of(full))
        found |= set(names) & (public or set())
    return found
