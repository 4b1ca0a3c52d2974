"""`%pipeline recheck` runs hits again in a copy of the world and says which differ."""

from __future__ import annotations

import os
import re

import pytest

from tests.notebook.test_kernel import Kernel
from tests.notebook.world import Notebook

SOUND = {
    "values": "y = [n, 2]",
    "prints": "print('hello', n)",
    "a result": "{'n': n}",
    "a frame": "import pandas as pd\ntable = pd.DataFrame({'a': [1, n]})\ntable",
    "seeded draws": "import numpy as np\nrng = np.random.default_rng(n)\ny = rng.random(3)",
    "what the code holds": "up()",
    "an object of the notebook's class": "box = Box(n)",
    "a file": "with open('made.txt', 'w') as file:\n    print(n, file=file)\ny = n",
}
SETUP = (
    "n = 1\nclass Box:\n    def __init__(self, x):\n        self.x = x\n"
    "def make():\n    k = 0\n    def up():\n        nonlocal k\n        k += 1\n    return up\nup = make()"
)


def checked(nb: Notebook, line: str = "%pipeline recheck") -> list[list[str]]:
    """Return the rows of the table: name, result, and the rest."""
    cell = nb.cell(line)
    assert cell.error is None, cell.traceback
    assert cell.page == []
    rows = cell.text.splitlines()[2:-1]
    return [re.split(r"  +", row.strip()) for row in rows]


@pytest.mark.parametrize("case", SOUND)
def test_a_step_that_gives_the_same_is_sound(fresh, case):
    """Run again in the copy it gives what was kept, and the notebook is as it was."""
    nb = fresh()
    nb.cells(SETUP, f"%%step s\n{SOUND[case]}")
    nb = fresh()
    nb.cells(SETUP)
    before = {key: repr(value) for key, value in nb.names.items() if not key.startswith("_")}
    nb.cells(f"%%step s\n{SOUND[case]}")
    if case == "what the code holds":
        nb.cells("up = make()")  # as it stood before the step
    found = checked(nb)
    assert [row[:2] for row in found] == [["s", "sound"]], found
    assert nb.session.marked("s") == ""
    assert {"n", "Box"} <= before.keys() <= nb.names.keys()


def test_a_step_that_differs_each_time_is_nondeterministic(nb):
    """Unseeded draws: what was kept is served, and the graph and the table of steps say so."""
    nb.cells("import os", "%%step s\ny = os.urandom(8)\nz = 1")
    ((name, what, *_, told),) = checked(nb)
    assert (name, what) == ("s", "nondeterministic")
    assert told == "differs each time: y"
    assert "nondeterministic: see %pipeline recheck" in nb.cell("%pipeline status").text
    assert nb.session.marked("s") == "nondeterministic"


def test_a_step_whose_record_no_longer_follows_is_unsound(nb):
    """What moved unseen shows in the result, which is the same each time."""
    nb.cells(
        "import functools\n@functools.lru_cache\ndef known(x):\n    return [x]",
        "%%step s\ny = list(known(1))",
    )
    nb.cells("known(1).append(2)")  # the contents of a cache are no ingredient
    ((name, what, *_, told),) = checked(nb)
    assert (name, what, told) == ("s", "unsound", "a run gives another y")
    nb.cells("%pipeline run --no-cache")
    assert nb.session.marked("s") == ""


def test_what_would_run_anyway_is_not_checked(nb):
    """An edited step, and one that cannot be kept; the reason stands beside it."""
    nb.cells("n = 1", "%%step a\nx = n", "%%step b\n%timeit -n1 -r1 1", "n = 2")
    found = {row[0]: row[1:] for row in checked(nb)}
    assert found["a"][0] == found["b"][0] == "not checked"
    assert "input n" in found["a"][1]


def test_named_steps_and_samples(nb):
    """One may name steps, or take some by chance; the notebook's own chance is left alone."""
    nb.cells("import random\nrandom.seed(3)", *(f"%%step s{k}\nx{k} = {k}" for k in range(5)))
    state = nb["random"].getstate()
    assert [row[0] for row in checked(nb, "%pipeline recheck s1 s3")] == ["s1", "s3"]
    assert len(checked(nb, "%pipeline recheck --sample 40%")) == 2
    assert nb["random"].getstate() == state
    assert "--sample 20%" in str(nb.cell("%pipeline recheck --sample much").error)
    assert "there is no step" in str(nb.cell("%pipeline recheck nobody").error)


def test_a_run_that_fails_or_ends_the_process_is_told(nb):
    """The copy may do what it likes; the notebook goes on."""
    nb.cells(
        "import os, sys\nfirst = os.getpid()",
        "%%step s\nif os.getpid() != first: os._exit(3)\ny = 1",
    )
    row = checked(nb)[0]
    assert (row[1], row[-1]) == ("not checked", "its run ended the process")
    nb.cells("%%step t\nif os.getpid() != first: raise ValueError('in the copy')\ny = 1")
    found = {row[0]: row for row in checked(nb)}
    assert "ValueError: in the copy" in found["t"][-1]
    assert nb["y"] == 1
    assert os.getpid() == nb["first"]


def test_nothing_of_it_is_kept(nb):
    """The store holds after it what it held before."""
    nb.cells("%%step s\ny = 1")
    before = len(nb.session.store.history("s"))
    checked(nb)
    assert len(nb.session.store.history("s")) == before
    assert nb.log() == ["ran s"]


@pytest.mark.slow
def test_in_a_real_kernel_nothing_of_the_copy_reaches_the_page(tmp_path):
    """Prints, displays and figures of the copy are compared, not shown."""
    kernel = Kernel(tmp_path)
    try:
        kernel.run("import matplotlib.pyplot as plt, numpy as np\nn = 2")
        cell = "%%step s\nprint('a', n)\nplt.plot([1, n])\ny = np.ones(n)\ny"
        kernel.run(cell)
        kernel.run("%%step t\nimport os\nz = os.urandom(4)\nprint('shown')")
        reply, page, said = kernel.run("%pipeline recheck")
        assert reply["status"] == "ok"
        assert page == []
        assert [about["role"] for about in said] == ["recheck"]
        assert kernel.value("get_ipython().run_line_magic('pipeline', 'status')") is not None
        assert kernel.run(cell)[2][-1]["cached"] is True
    finally:
        kernel.stop()
