"""joblib: ``@memory.cache`` on the step's function in a script."""

from __future__ import annotations

import contextlib
import io

from benchmarks.soundness import scripts
from tests.soundness.ways import Seen, Way, only_as_cell, script
from tests.soundness.world import World


def cached(world: World) -> Seen:
    """Play the script; joblib itself prints when it calls the function."""
    given = scripts.arguments(world)
    head = f"from joblib import Memory\nmemory = Memory({str(world.store)!r}, verbose=1)"
    names = script(world, "main.py", head, f"@memory.cache\n{world.function(*given)}")

    def call() -> tuple[bool, object]:
        with contextlib.redirect_stdout(io.StringIO()) as told:
            value = names["the_step"](*(names[one] for one in given))
        return "[Memory] Calling" in told.getvalue(), value

    return scripts.play(world, names, call)


def _load() -> None:
    import joblib  # noqa: F401
    import numpy  # noqa: F401, ICN001
    import pandas  # noqa: F401, ICN001


WAYS = {"function": Way(cached, scripts.plain, only_as_cell, _load)}
