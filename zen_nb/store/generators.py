"""The random generators that everybody shares: what holds one, holds the process's own.

A distribution of scipy draws from the generator behind ``numpy.random.rand`` unless it was
given another one. A private copy of it would no longer follow ``numpy.random.seed``.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

# Classes of which one instance is shared.
KINDS = frozenset({"Random", "RandomState"})
_PLACES = (("random", "_inst"), ("numpy.random.mtrand", "_rand"))


def reduce_shared(value: object) -> Any:
    """Return how a shared generator is found again; ``None`` for everything else."""
    for module, name in _PLACES:
        if getattr(sys.modules.get(module), name, None) is value:
            return shared, (module, name)
    return None


def shared(module: str, name: str) -> Any:
    """Return the generator that this process shares."""
    return getattr(importlib.import_module(module), name)
