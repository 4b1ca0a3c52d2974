"""The part of a hit that proves that the code has not changed, in a warm process."""

from __future__ import annotations

import ast
import tempfile
from types import FunctionType, ModuleType
from typing import Any

import joblib

from benchmarks.timing import Row, medians

_REACHED = 10
_SOURCE = "\n".join(
    [
        "FACTOR = 3",
        *(f"def f{n}(x):\n    return f{n + 1}(x) + FACTOR" for n in range(1, _REACHED)),
        f"def f{_REACHED}(x):\n    return x * FACTOR",
        "def the_step():\n    return f1(2)",
    ]
)


def rows() -> list[Row]:
    """Return what it costs for a step that reaches ten functions, as function and as cell."""
    from zen_nb.identity.call_ingredients import reached_by
    from zen_nb.identity.cell import read_cell
    from zen_nb.identity.cell_ingredients import of_cell
    from zen_nb.identity.kept_cells import kept, recall

    names: dict[str, Any] = vars(ModuleType("__main__"))
    exec(compile(_SOURCE, "<reached>", "exec"), names)
    function: FunctionType = names["the_step"]
    cell = read_cell(ast.parse("y = f1(2)"), ast.parse)
    of_cell(cell, names, parameters={})
    settings = kept(cell, names).settings
    peer = joblib.Memory(tempfile.mkdtemp(), verbose=0).cache(_alone)
    found = medians(
        {
            "function": lambda: reached_by(function),
            "cell": lambda: recall(cell, names, settings),
            "joblib": lambda: peer(1.0),
        },
        rounds=2000,
        warm_up=20,
    )
    what = "code part of a hit that reaches 10 functions"
    return [
        Row(f"{what}, {way}", found[way], "a whole hit of joblib.Memory, one function",
            found["joblib"], "≤ 10 µs", found[way] <= 10e-6)
        for way in ("function", "cell")
    ]  # fmt: skip


def _alone(x: float) -> float:
    return x
