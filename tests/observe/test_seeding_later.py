"""A draw that nobody had seeded is no answer once somebody seeds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Each kernel is a process of its own: what one test seeds would count for the next.
DRIVER = """
import sys, json
sys.path.insert(0, {root!r})
from tests.notebook.world import Notebook
nb = Notebook()
ran = []
for cell in json.loads(sys.stdin.read()):
    nb.cells(cell)
    ran.append(nb.log())
print(json.dumps(ran))
"""
DRAWS = {
    "numpy": ("import numpy as np", "z = float(np.random.rand())", "np.random.seed(1)"),
    "random": ("import random", "z = random.random()", "random.seed(1)"),
}


@pytest.fixture
def kernel(tmp_path):
    """Run cells in a kernel of their own; the store is shared."""
    root = Path(__file__).resolve().parents[2]
    places = {"ZEN_NB_CACHE_DIR": str(tmp_path / "c"), "ZEN_NB_KEY_DIR": str(tmp_path / "k")}

    def run(*cells: str) -> list[list[str]]:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", DRIVER.format(root=str(root))],
            check=False,
            input=json.dumps(cells),
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | places,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.mark.parametrize("name", DRAWS)
def test_seeding_later_runs_the_step(kernel, name):
    """Unseeded it is reused, seeded it runs once and is kept beside; in new kernels too."""
    setup, draw, seed = DRAWS[name]
    step = f"%%step n1\n{draw}"
    ran, cached = ["ran n1"], ["cached n1"]
    assert kernel(setup, step, step, seed, step, seed, step) == [
        [], ran, cached, [], ran, [], cached,
    ]  # fmt: skip
    assert kernel(setup, step, seed, step) == [[], cached, [], cached]
    assert kernel(setup, seed, step) == [[], [], cached]
    other = seed.replace("1", "2")
    assert kernel(setup, other, step) == [[], [], ran]
