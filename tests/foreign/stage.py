"""Plays notebooks in one way and tells what each cell showed, as JSON.

Every notebook is played in a process of its own, forked from one that has the package loaded.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

from tests.foreign.material import Foreign, notebooks
from tests.notebook.world import Notebook
from tests.soundness.stage import in_a_child

# Addresses in memory differ from process to process, and so do folders made for the moment.
_BY_CHANCE = re.compile(r"0x[0-9a-f]{4,}|/tmp/[\w/.-]+|/dev/shm/[\w/.-]+")

_NUMBER = re.compile(r"(?<![\w.'\"-])(\d+)(?![\w.'\"])")


def main(way: str, package: str, most: str, root: str) -> None:
    """Print a list of ``{"name", "cells": [{"shown", "cached", "note", "error"}]}``."""
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):  # what packages say when they are loaded
        told = [
            {"name": one.name, **in_a_child(partial(play, one, way, Path(root)))}
            for one in notebooks(package, int(most))
        ]
    json.dump(told, sys.stdout)


def play(notebook: Foreign, way: str, root: Path) -> dict[str, Any]:
    """Play one notebook in one way."""
    folder = root / notebook.name
    work = folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    os.environ["ZEN_NB_CACHE_DIR"] = str(
        folder / ("cache-auto" if way.startswith("auto") else "cache")
    )
    os.chdir(work)
    plain = way.startswith("plain")
    nb = Notebook(with_steps=not plain)
    if way.startswith("auto"):
        nb.cell("%pipeline auto on")
        # Examples are quick: keep them all the same.
        nb.session.automatic.least_s = lambda _: 0.0
    sources = edited(notebook) if way.endswith("edited") else notebook.cells
    return {"cells": [_cell(nb, place, source, way) for place, source in enumerate(sources)]}


def edited(notebook: Foreign) -> tuple[str, ...]:
    """Return the cells with one number in one of them another: the first that has one."""
    cells = list(notebook.cells)
    for place in range(len(cells) // 3, len(cells)):
        made = _NUMBER.sub(lambda found: str(int(found[1]) + 1), cells[place], count=1)
        if made != cells[place]:
            cells[place] = made
            break
    return tuple(cells)


def _cell(nb: Notebook, place: int, source: str, way: str) -> dict[str, Any]:
    name = f"c{place}"
    forced = (way == "even" and place % 2 == 0) or (way == "odd" and place % 2 == 1)
    if way.startswith(("plain", "auto")):
        done = nb.cell(source, cell_id=f"{place:08d}")
        name = f"cell-{place:08d}"
    else:
        done = nb.cell(f"%%step {name}{' --no-cache' if forced else ''}\n{source}")
    log = None if way.startswith("plain") else nb.session.logs.get(name)
    error = None if done.error is None else f"{type(done.error).__name__}: {done.error}"
    return {
        "shown": _BY_CHANCE.sub("…", json.dumps(done.shown)),
        "cached": bool(log and log.cached),
        "note": log.note if log else "",
        "reason": log.reason if log else "",
        "error": error and _BY_CHANCE.sub("…", error),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
