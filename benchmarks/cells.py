"""A ``%%step`` cell in a warm shell: a hit and a miss, beside the plain cell."""

from __future__ import annotations

import itertools
import tempfile
from typing import Any

import joblib
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from benchmarks.functions import add
from benchmarks.timing import Row, medians

_HELPERS = """
import numpy as np
SCALE = 3
def helper(x):
    return x * SCALE
data = np.arange(1000.0)
"""
_BODY = "total = helper(data).sum()\nnote = 'done'"


def rows() -> list[Row]:
    """Return zen_nb's own time for a small cell that hits, and for one that misses."""
    shell: Any = InteractiveShell.instance()
    for cell in ("%load_ext zen_nb", _HELPERS, f"%%step small\n{_BODY}"):
        _run(shell, cell)
    numbers = itertools.count()
    theirs = joblib.Memory(tempfile.mkdtemp(), verbose=0).cache(add)
    with capture_output():
        found = medians(
            {
                "hit": lambda: _run(shell, f"%%step small\n{_BODY}"),
                "plain": lambda: _run(shell, _BODY),
                "joblib": lambda: theirs(1.0),
                "miss": lambda: _run(shell, f"%%step fresh\n{_BODY}\nnumber = {next(numbers)}"),
                "plain miss": lambda: _run(shell, f"{_BODY}\nnumber = {next(numbers)}"),
            },
            rounds=200,
            warm_up=10,
        )
    hit, miss = found["hit"] - found["plain"], found["miss"] - found["plain miss"]
    return [
        Row("hit of a small %%step cell, over the plain cell", max(hit, 0.0), "joblib",
            found["joblib"], "≤ 0.5 ms", hit <= 0.0005),
        Row("miss of a small %%step cell, over the plain cell", max(miss, 0.0), "plain cell",
            found["plain miss"], "≤ 5 ms", miss <= 0.005),
    ]  # fmt: skip


def _run(shell: Any, cell: str) -> None:
    result = shell.run_cell(cell, store_history=False)
    assert result.success, cell
