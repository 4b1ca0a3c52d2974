"""What follows from the rest of an instance and is there at times only: it does not count.

Most of it are attributes that a library fills when they are asked for, and some are written
as what they will be once they are asked for.
"""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from zen_nb.identity.attributes import family
from zen_nb.identity.origin import module_origin

Neutral: TypeAlias = Callable[[Any, Any], Any]

# What libraries remember beside the state, by class.
_REMEMBERED: dict[str, frozenset[str]] = {
    "sklearn:Bunch": frozenset({"_deprecated_key_to_warnings"}),
    "sklearn:_VectorizerMixin": frozenset({"_stop_words_id"}),
    "scipy:_cs_matrix": frozenset({"_has_sorted_indices", "_has_canonical_format"}),
    "scipy:Delaunay": frozenset({"_transform", "_vertex_to_simplex", "_vertex_neighbor_vertices"}),
    "scipy:ShortTimeFFT": frozenset({"_cache_post_padding", "_pre_padding"}),
    "numpy:finfo": frozenset({"_fmt", "_repr", "_str"}),
    "numpy:iinfo": frozenset({"_fmt", "_repr", "_str"}),
    "matplotlib:TransformNode": frozenset({"_parents", "_invalid"}),
    "matplotlib:Artist": frozenset({"_stale"}),
    "matplotlib:Figure": frozenset(
        {
            "_restore_to_pylab",
            "_number",
            "number",
            "_button_pick_id",
            "_scroll_pick_id",
            "_mouse_key_ids",
        }
    ),
    "networkx:Graph": frozenset({"__networkx_cache__"}),
    "dateutil:rrulebase": frozenset(
        {"_cache", "_cache_complete", "_cache_gen", "_cache_lock", "_len"}
    ),
}


def _without_counts(_: object, state: Any) -> Any:
    """Leave out where trees of neighbours count how often they were asked."""
    return (*state[:7], *state[11:]) if type(state) is tuple else state


def _lookup_table(colours: Any, state: Any) -> Any:
    """Return the colours themselves, whether they were looked up before or not."""
    if not state.get("_isinit"):
        colours = copy.copy(colours)
        colours(0.0)
    return {**state, "_isinit": True, "_lut": colours._lut}


def _used_part(_: object, state: Any) -> Any:
    """Cut the work space of a spline off where nothing was written into it."""
    held = state.get("_data")
    if type(held) is not tuple or len(held) != 14:
        return state
    knots = held[7]
    ends = {8: knots, 9: knots - held[5] - 1, 11: 0, 12: 0}
    cut = [part[: ends[at]] if at in ends else part for at, part in enumerate(held)]
    return {**state, "_data": cut}


def _without_chosen_name(_: object, state: Any) -> Any:
    """Leave out a name that was drawn by lot: so many hexadecimal digits."""
    name, length = str(state.get("uuid")), state.get("uuid_len")
    drawn = len(name) == length and not name.strip("0123456789abcdef")
    return {**state, "uuid": None} if drawn else state


def _without_canonical_dual(transform: Any, state: Any) -> Any:
    """Leave out a dual window that follows from the window."""
    given = state.get("_dual_win")
    module = sys.modules.get("scipy.signal._short_time_fft")
    find = getattr(module, "_calc_dual_canonical_window", None)
    if given is None or find is None:
        return state
    try:
        found = find(transform.win, transform.hop)
    except ValueError:  # it has none: this one was given
        return state
    return {**state, "_dual_win": None} if (found == given).all() else state


_NEUTRAL: dict[str, Neutral] = {
    **{f"sklearn:BinaryTree{bits}": _without_counts for bits in ("", "32", "64")},
    "matplotlib:Colormap": _lookup_table,
    "scipy:UnivariateSpline": _used_part,
    "scipy:ShortTimeFFT": _without_canonical_dual,
    "pandas:Styler": _without_chosen_name,
}


def neutral(kind: type) -> Neutral | None:
    """Return what makes the state of an instance that is in use that of one that is not."""
    found = (_NEUTRAL.get(family(parent)) for parent in kind.__mro__)
    return next((one for one in found if one is not None), None)


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
