"""What serves a process in threads of its own, and draws at random for itself.

Dask's loops draw from the stream that everybody in the process shares: a step beside them would
seem to draw, and one that does, after a seed, would not get the same twice.
"""

from __future__ import annotations

import random
import sys
from types import SimpleNamespace

_SERVERS = frozenset({"dask", "distributed", "tornado"})
_own = random.Random()  # noqa: S311 - no secrets are made of it


def draw_apart() -> None:
    """Give the servers that are loaded a stream of their own; harmless when repeated."""
    own = SimpleNamespace(**{name: getattr(_own, name) for name in dir(_own) if name[:1] != "_"})
    shared = random.random.__self__  # type: ignore[attr-defined]
    for module_name, module in sys.modules.copy().items():
        if module_name.partition(".")[0] not in _SERVERS:
            continue
        for name, held in vars(module).copy().items():
            if held is random:
                setattr(module, name, own)
            elif getattr(held, "__self__", None) is shared:
                setattr(module, name, getattr(_own, held.__name__))
