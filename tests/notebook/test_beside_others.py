"""What threads and finalizers do while zen_nb looks around disturbs nothing."""

from __future__ import annotations

import gc
import sys
import threading
from contextlib import contextmanager
from types import ModuleType

import pytest

CELLS = [
    "import pathlib\nimport numpy as np\nlimit = 3",
    "def clean(xs):\n    return [x for x in xs if x < limit]",
    "%%step load\nrows = list(range(10))",
    "%%step keep\nkept = clean(rows)\nroot = np.sqrt(kept)",
    "%%step names\nseen = len(globals()) > 1",
    "%pipeline plan",
]


class Comer:
    """Modules that come and go, and names of the notebook that come."""

    def __init__(self, names):
        self.names = names
        self.count = 0

    def come(self):
        """Add one of each, and take away an older module."""
        self.count += 1
        name = f"_late_comer_{self.count}"
        sys.modules[name] = self.names[f"late_{self.count % 1_000}"] = ModuleType(name)
        sys.modules.pop(f"_late_comer_{self.count - 40}", None)

    def leave(self):
        """Take away what is left."""
        for name in [name for name in sys.modules if name.startswith("_late_comer_")]:
            del sys.modules[name]


@contextmanager
def in_a_thread(comer):
    """Let them come in a thread, which is given its turn as often as can be."""
    over, interval = threading.Event(), sys.getswitchinterval()

    def work():
        while not over.wait(0.0001):
            comer.come()

    thread = threading.Thread(target=work, daemon=True)
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        yield
    finally:
        over.set()
        sys.setswitchinterval(interval)
        thread.join()


@contextmanager
def in_finalizers(comer):
    """Let them come whenever garbage is collected, which is after every few objects."""
    over = False

    class Cycle:
        def __init__(self):
            self.own = self

        def __del__(self):
            comer.come()
            if not over:
                Cycle()

    before = gc.get_threshold()
    gc.set_threshold(5, 1, 1)
    Cycle()
    try:
        yield
    finally:
        over = True
        gc.set_threshold(*before)
        gc.collect()


@pytest.mark.parametrize("way", [in_a_thread, in_finalizers])
def test_what_comes_while_a_step_is_looked_at_disturbs_nothing(nb, way):
    """Modules and names that come in between fail no cell, and rerun no step that reads none of them."""
    comer = Comer(nb.names)
    nb.cells(*CELLS)
    nb.log()
    try:
        with way(comer):
            for _ in range(2):
                nb.cells(*CELLS)
    finally:
        comer.leave()
    assert comer.count > 20
    assert {one for one in nb.log() if "names" not in one} == {"cached load", "cached keep"}
