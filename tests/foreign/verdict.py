"""Compares what foreign notebooks show with zen_nb and without it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PACKAGES = (
    "numpy",
    "pandas",
    "sklearn",
    "scipy",
    "networkx",
    "polars",
    "statsmodels",
    "xarray",
    "sympy",
)
# Each with what it is compared with; the cold way first, for the others find what it has left.
PLAYED = ("cold", "warm", "even", "odd", "edited", "auto", "auto again")
Cells = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass
class Verdict:
    """What came out for one package.

    Attributes
    ----------
    same
        By way: cells that showed what the plain run showed.
    differing
        ``(way, notebook, cell, plain, shown, reason)``.
    unlike
        Cells that two plain runs show differently: left out.
    hits, able
        Cells that were cached when played again, and those that could have been: they raise
        nothing and do more than import.
    unkept
        Why the others were not, with how many.
    """

    package: str
    notebooks: int = 0
    cells: int = 0
    unlike: int = 0
    same: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    differing: list[tuple[str, ...]] = field(default_factory=list)
    hits: int = 0
    able: int = 0
    unkept: Counter[str] = field(default_factory=Counter)


def judge(package: str, most: int, ways: Iterable[str] = PLAYED) -> Verdict:
    """Play a package's notebooks in all ways and compare."""
    found = Verdict(package)
    with tempfile.TemporaryDirectory(prefix="foreign") as root:
        plain, again = (_played("plain", package, most, root) for _ in range(2))
        edited = [_played("plain edited", package, most, root) for _ in range(2)]
        found.notebooks, found.cells = len(plain), sum(map(len, plain.values()))
        found.unlike = sum(map(len, _by_chance(plain, again).values()))
        for way in ways:
            truth, other = edited if way == "edited" else (plain, again)
            _compare(found, way, truth, _by_chance(truth, other), _played(way, package, most, root))
    return found


def _played(way: str, package: str, most: int, root: str) -> Cells:
    command = [sys.executable, "-m", "tests.foreign.stage", way, package, str(most), root]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return {one["name"]: one.get("cells", []) for one in json.loads(done.stdout)}


def _by_chance(one: Cells, other: Cells) -> dict[str, set[int]]:
    """Return the cells of each notebook that show something else by themselves, and all after."""
    return {
        name: {
            at
            for at, (first, second) in enumerate(zip(cells, other[name], strict=False))
            if (first["shown"], first["error"]) != (second["shown"], second["error"])
        }
        for name, cells in one.items()
    }


def _compare(
    found: Verdict, way: str, plain: Cells, by_chance: Mapping[str, set[int]], seen: Cells
) -> None:
    for name, cells in plain.items():
        if len(seen.get(name, ())) != len(cells):
            found.differing.append((way, name, "all", "", "", "the notebook was not played"))
            continue
        for at, (truth, shown) in enumerate(zip(cells, seen[name], strict=True)):
            if at in by_chance[name]:
                continue
            found.compared[way] += 1
            same = (truth["shown"], truth["error"]) == (shown["shown"], shown["error"])
            found.same[way] += same
            if not same:
                said = [str(part.get("error") or part["shown"]) for part in (truth, shown)]
                found.differing.append(
                    (way, name, str(at), *said, shown["note"] or shown["reason"])
                )
            if way == "warm" and truth["error"] is None and at > 0:
                found.able += 1
                found.hits += shown["cached"]
                if not shown["cached"]:
                    found.unkept[shown["note"] or shown["reason"]] += 1
