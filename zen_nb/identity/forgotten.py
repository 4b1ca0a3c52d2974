"""Attributes that follow from the rest and are there at times only: they do not count."""

from __future__ import annotations

import functools

from zen_nb.identity.attributes import family
from zen_nb.identity.origin import module_origin

# What libraries remember beside the state, by class.
_REMEMBERED: dict[str, frozenset[str]] = {
    "logging:Logger": frozenset({"_cache"}),
    "sklearn:Bunch": frozenset({"_deprecated_key_to_warnings"}),
    "sklearn:_VectorizerMixin": frozenset({"_stop_words_id"}),
    "scipy:_cs_matrix": frozenset({"_has_sorted_indices", "_has_canonical_format"}),
    "networkx:Graph": frozenset({"__networkx_cache__"}),
}
# Places in the state where trees of neighbours count how often they were asked.
_COUNTS = {f"sklearn:BinaryTree{bits}": slice(7, 11) for bits in ("", "32", "64")}


def counts(kind: type) -> slice | None:
    """Return the part of a state that only counts uses."""
    found = (_COUNTS.get(family(parent)) for parent in kind.__mro__)
    return next((places for places in found if places is not None), None)


def forgotten(kind: type) -> frozenset[str]:
    """Return the names of attributes that do not count.

    A ``cached_property`` of the user's own class does count once it was read: what it holds
    may come from a file or the clock, or have been put there.
    """
    names: set[str] = set()
    for parent in kind.__mro__:
        names |= _REMEMBERED.get(family(parent), frozenset())
        entries = vars(parent)
        if "__attrs_attrs__" in entries:
            names.add("_attrs_cached_hash")
        if module_origin(str(parent.__module__)) != "project":
            if str(parent.__module__).startswith("pandas."):
                names.add("_cache")
            names |= {
                name
                for name, part in entries.items()
                if isinstance(part, functools.cached_property)
            }
    return frozenset(names)
