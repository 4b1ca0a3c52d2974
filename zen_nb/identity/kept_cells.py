"""What cells reached last time: no walk where a guard proves that nothing moved since.

Only the code is remembered. Inputs are fingerprinted each time, and no input is kept alive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from zen_nb.core.model import Component, Fingerprint
from zen_nb.identity.cell import CellFacts
from zen_nb.identity.code import Reach
from zen_nb.identity.components import shown
from zen_nb.identity.guard import MISSING
from zen_nb.identity.things import is_atom, is_code

# Names of parameters, of ignored inputs, and of those whose leftovers were to be left out;
# how the result is shown and kept.
Settings: TypeAlias = tuple[frozenset[str], frozenset[str], frozenset[str], str, str]

_LIMIT = 1_000
_kept: dict[tuple[int, int, bool], KeptCell] = {}


@dataclass(frozen=True, slots=True)
class KeptCell:
    """One walk over a cell, to be taken up again.

    Attributes
    ----------
    code
        Digest of the cell's own code with what stands for the code that it names.
    inputs
        Labels of what it reads that is no code.
    plain
        Those of `inputs` that held no code: another value under such a name adds nothing to
        what the walk reached, and leaves nothing behind in it.
    apart, unseen
        As in `Ingredients`.
    """

    cell: CellFacts
    namespace: Mapping[str, Any]
    settings: Settings
    reach: Reach
    code: Fingerprint
    inputs: tuple[str, ...]
    plain: frozenset[str]
    apart: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()

    @property
    def place(self) -> tuple[int, int, bool]:
        """Where it is kept: the walk without leftovers beside the one with them."""
        return id(self.cell), id(self.namespace), bool(self.settings[2])

    def holds(self) -> bool:
        """Tell whether a walk would find the same code now; the inputs are taken in anew."""
        if not self.reach.guard.holds(lambda value: self._fresh().whole(value)):
            return False
        return all(self._take_again(label) or self._renew(label) for label in self.inputs)

    def _take_again(self, label: str) -> bool:
        """Take in what an input is now; False where it is not made as it was: a walk must tell."""
        recipe, name = self.reach.recipes.get(label), label.partition(":")[2]
        if recipe is None:
            return False
        value, notes = self.namespace.get(name, MISSING), dict[int, list[str]]()
        found = recipe.take(value, notes)
        if found is None:
            return False
        self.reach.own[label], digest = found
        self.reach.components[label] = Component(label, digest, shown(name, value, notes))
        self.reach.data[label] = (self.namespace, name, value)
        return True

    def _fresh(self) -> Reach:
        of = self.reach
        return Reach(of.namespace, hidden=of.hidden, imported=of.imported, ignored=of.ignored)

    def _renew(self, label: str) -> bool:
        """Take in what an input is now; False where it is of another kind, or holds code."""
        name = label.partition(":")[2]
        value = self.namespace.get(name, MISSING)
        if label not in self.plain or value is MISSING or is_code(value):
            return False
        fresh = self._fresh()
        fresh.add_value(label, value)
        kinds, before = fresh.kinds.get(label), self.reach.kinds.get(label)
        if fresh.problems or not is_plain(fresh, label, value) or kinds != before:
            return False
        self.reach.components[label] = fresh.components[label]
        self.reach.data[label] = (self.namespace, name, value)
        if label in fresh.own:
            self.reach.own[label] = fresh.own[label]
            self.reach.recipes[label] = fresh.recipes[label]
        return True


def is_plain(reach: Reach, label: str, value: object) -> bool:
    """Tell whether a value that `reach` has taken in holds no code."""
    return is_atom(value) or label in reach.own


def kept(cell: CellFacts, namespace: Mapping[str, Any], *, apart: bool = False) -> KeptCell | None:
    """Return the walk over `cell` that was remembered, whether it still holds or not."""
    found = _kept.get((id(cell), id(namespace), apart))
    if found is None or found.cell is not cell or found.namespace is not namespace:
        return None
    return found


def recall(cell: CellFacts, namespace: Mapping[str, Any], settings: Settings) -> KeptCell | None:
    """Return the walk over `cell` that still holds; ``None`` where there is none."""
    found = kept(cell, namespace, apart=bool(settings[2]))
    if found is None:
        return None
    found.reach.components.pop("classes", None)
    return found if found.settings == settings and found.holds() else None


def remember(walk: KeptCell) -> None:
    """Keep a walk for the next time, where its guard can tell whether it holds then."""
    reach, place = walk.reach, walk.place
    if not reach.guard.usable or reach.problems or reach.absent:
        _kept.pop(place, None)
        return
    if len(_kept) >= _LIMIT:
        _kept.clear()
    _kept[place] = walk
    for label in walk.inputs:
        reach.data.pop(label, None)
        reach.components[label] = Component(label, "")
