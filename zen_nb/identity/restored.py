"""Values that came back from the store with another fingerprint than they were stored with.

A library may leave out of its pickles what it works out again when asked. A value that was
brought back then goes by the fingerprint of what was stored, for as long as it is as it came.
"""

from __future__ import annotations

from typing import Any

from zen_nb.core.model import Fingerprint

_KEPT = 256
_known: dict[int, tuple[Any, Fingerprint, Fingerprint]] = {}


def remember(value: object, found: Fingerprint, stored: Fingerprint) -> None:
    """Let this very object go by `stored` where its own fingerprint is `found`."""
    _known.pop(id(value), None)
    _known[id(value)] = (value, found, stored)
    while len(_known) > _KEPT:
        del _known[next(iter(_known))]


def stored_print(value: object, found: Fingerprint) -> Fingerprint:
    """Return what `value` goes by, whose own fingerprint is `found`."""
    known = _known.get(id(value)) if _known else None
    return known[2] if known is not None and known[1] == found else found
