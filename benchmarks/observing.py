"""What it costs a body to be observed: one that opens 10,000 files, and one that opens none."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from benchmarks.timing import Row, medians_of

_FILES = 10_000
_OPENS = """
for path in paths:
    with open(path) as file:
        size = len(file.read())
"""
_COMPUTES = """
rows = [{"a": number, "b": str(number)} for number in range(100_000)]
size = sum(len(row["b"]) for row in rows)
del rows
"""


def rows() -> list[Row]:
    """Return the time of bodies under observation, beside the same bodies in plain cells.

    The body takes its own time: what is done before and after it (digests of the files it
    has read among that) is told by other rows.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{number}.txt" for number in range(_FILES)]
        for path in paths:
            Path(path).write_text(path * 20)
        shell: Any = InteractiveShell.instance()
        shell.user_ns["paths"] = paths
        _run(shell, "%load_ext zen_nb\nimport time")
        opens, computes = _pair(shell, _OPENS, 9), _pair(shell, _COMPUTES, 15)
    return [
        _row(f"body that opens {_FILES:,} files, observed", opens, "≤ 3 % more", 1.03),
        _row("body that opens none, observed", computes, "nothing measurable (≤ 1 % more)", 1.01),
    ]


def _row(what: str, found: dict[str, float], reach: str, most: float) -> Row:
    ours, plain = found["observed"], found["plain"]
    return Row(what, ours, "plain cell", plain, reach, ours <= plain * most)


def _pair(shell: Any, body: str, rounds: int) -> dict[str, float]:
    numbers = itertools.count()
    timed = f"began = time.perf_counter()\n{body}\nseen.append(time.perf_counter() - began)"

    def took(head: str) -> float:
        shell.user_ns["seen"] = []
        _run(shell, f"{head}number = {next(numbers)}\n{timed}")
        return float(shell.user_ns["seen"][-1])

    with capture_output():
        return medians_of(
            {"observed": lambda: took("%%step opening\n"), "plain": lambda: took("")},
            rounds=rounds,
        )


def _run(shell: Any, cell: str) -> None:
    result = shell.run_cell(cell, store_history=False)
    assert result.success, cell
