"""Law 1: with the cache, namespace and display are those of running every cell without it."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.notebook.test_kernel import Kernel
from tests.notebook.world import Notebook

NAMES = ("a", "b", "c", "d")
name = st.sampled_from(NAMES)
small = st.integers(0, 3)

SETUP = """
import random
import collections
def grow(rows, n=1):
    rows.append(n)
    return rows
def shared():
    return a
def pair(x):
    return [x, x]
def bump():
    global total
    total += 1
    return total
def make():
    n, rows = 0, []
    def up(k):
        nonlocal n
        n += k
        rows.append(k)
        return n
    return up, lambda: (n, list(rows))
def tagged(x):
    tagged.calls = getattr(tagged, 'calls', 0) + 1
    return x
def memo(x, known={}):
    known[str(x)] = len(known)
    return known
def note(x):
    with open('note.txt', 'w') as file:
        file.write(str(x))
def noted():
    try:
        with open('note.txt') as file:
            return file.read()
    except FileNotFoundError:
        return 'nothing'
up, seen = make()
class Box:
    kept = []
    size = 0
    def __init__(self, x):
        self.x = x
    def __repr__(self):
        return 'a box'
total = 0
a, b, c, d = [0], [1], {'k': [2]}, 3
"""

statements = st.one_of(
    st.builds("{} = [{}, {}]".format, name, small, small),
    st.builds("{} = {{'k': [{}]}}".format, name, small),
    st.builds("{} = {}".format, name, name),
    st.builds("{} = {}".format, name, small),
    st.builds("{} = pair({})".format, name, name),
    st.builds("{} = [{}, ({},)]".format, name, name, name),
    st.builds("{} = Box({})".format, name, name),
    st.builds("{} = shared()".format, name),
    st.builds("if isinstance({0}, list): grow({0}, {1})".format, name, small),
    st.builds(
        "if isinstance({0}, list) and {0} and isinstance({0}[0], list): {0}[0].append({1})".format,
        name,
        small,
    ),
    st.builds("if isinstance({0}, dict): {0}['k'] = {1}".format, name, name),
    st.builds("if isinstance({0}, Box): {0}.x = {1}".format, name, small),
    st.builds("{} = bump()".format, name),
    st.builds("print({0!r}, repr(type({0}).__name__))".format, name),
    st.builds("{} = random.randint(0, 9)".format, name),
    st.builds("random.seed({})".format, small),
    st.builds("del {0}; {0} = {1}".format, name, small),
    st.builds("def f{0}():\n    return {0}\n{1} = f{0}()".format, name, name),
    st.builds("Box.kept.append({})".format, small),
    st.builds("Box.kept.append({})".format, name),
    st.builds("Box.size = {}".format, small),
    st.builds("Box.size += {}".format, small),
    st.builds("Box.kept = [{}]".format, name),
    st.builds("{} = up({})".format, name, small),
    st.builds("{} = tagged({})".format, name, name),
    st.builds("{} = memo({})".format, name, small),
    st.builds("note({})".format, small),
    st.builds("{} = noted()".format, name),
    st.builds("{0}, {1} = {1}, {0}".format, name, name),
    st.builds("from math import floor as {}".format, st.just("whole")),
    st.builds("for _i in range({}): pass".format, small),
)
bodies = st.lists(statements, min_size=1, max_size=4).map("\n".join)
cells = st.lists(
    st.tuples(bodies, st.booleans(), st.sampled_from(["", "a", "b", "[a, b]", "c"])),
    min_size=1,
    max_size=4,
)

# Shows values and which objects are one: what a later cell could tell.
PROBE = """
def _look(x, _seen):
    if isinstance(x, (list, dict, tuple)) or type(x).__name__ == 'Box':
        if id(x) in _seen:
            return f'#{_seen[id(x)]}'
        _seen[id(x)] = len(_seen)
        if isinstance(x, dict):
            return {k: _look(v, _seen) for k, v in x.items()}
        if isinstance(x, (list, tuple)):
            return [type(x).__name__, *(_look(v, _seen) for v in x)]
        return ['Box', _look(vars(x), _seen), isinstance(x, Box)]
    return x if isinstance(x, (int, str)) else getattr(x, '__name__', type(x).__name__)
_seen = {}
_found = {n: _look(globals()[n], _seen) for n in ('a', 'b', 'c', 'd', 'total') if n in globals()}
_found['kept'], _found['next'] = _look(Box.kept, _seen), random.getstate()
_found['held'] = Box.size, seen(), getattr(tagged, 'calls', None), _look(memo(9), _seen), noted()
_found['names'] = sorted(n for n in globals() if n in ('fa', 'fb', 'fc', 'fd', 'whole', '_i'))
"""


def executed(sources, *, with_steps):
    """Run a notebook; return what its cells showed, what it left, and what ran."""
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)
        try:
            return _executed(sources, with_steps=with_steps)
        finally:
            os.chdir(before)


def _executed(sources, *, with_steps):
    nb = Notebook(with_steps=with_steps)
    try:
        nb.cells("import random\nrandom.seed(0)", SETUP)
        nb.log() if with_steps else None
        shown = [cell.shown for cell in nb.cells(*sources)]
        log = nb.log() if with_steps else []
        nb.cells(PROBE)
        return shown, nb["_found"], log
    finally:
        nb.close()


@contextmanager
def an_empty_store():
    kept = {name: os.environ.get(name) for name in ("ZEN_NB_CACHE_DIR", "ZEN_NB_KEY_DIR")}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZEN_NB_CACHE_DIR"] = str(Path(folder) / "cache")
        os.environ["ZEN_NB_KEY_DIR"] = str(Path(folder) / "key")
        try:
            yield
        finally:
            for name, value in kept.items():
                if value is None:
                    os.environ.pop(name)
                else:
                    os.environ[name] = value


def check(notebook):
    """Run a notebook plainly, cold, warm and alternating: page and namespace are the same."""
    plain, steps, mixed = [], [], []
    for number, (body, is_step, last) in enumerate(notebook):
        text = f"{body}\n{last}"
        plain.append(f"# s{number}\n{text}")
        steps.append(f"%%step s{number}\n{text}" if is_step else plain[-1])
        # Every other step runs on top of restored state.
        off = " --no-cache" if number % 2 else ""
        mixed.append(f"%%step s{number}{off}\n{text}" if is_step else plain[-1])
    with an_empty_store():
        expected = executed(plain, with_steps=False)[:2]
        for sources in (steps, steps, mixed):
            shown, left, log = executed(sources, with_steps=True)
            assert (shown, left) == expected, (log, "\n\n".join(sources))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells)
def test_cold_and_warm_are_equal_to_no_cache(notebook):
    """Plain, cold, warm and alternating: the same page and the same namespace, aliases included."""
    check(notebook)


def in_a_kernel(folder, sources, *, plain):
    """Run a notebook in a kernel of its own; return what its cells showed and what it left."""
    work = Path(tempfile.mkdtemp(dir=folder))
    kernel = Kernel(folder)
    try:
        kernel.run("%unload_ext zen_nb" if plain else "1")
        kernel.run(f"import os\nos.chdir({str(work)!r})")
        kernel.run("import random\nrandom.seed(0)")
        kernel.run(SETUP)
        shown = [kernel.run(source)[1] for source in sources]
        kernel.run(PROBE)
        return shown, kernel.value("repr(_found)")
    finally:
        kernel.stop()


@pytest.mark.sweep
@pytest.mark.timeout(3600)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells)
def test_kernels_show_and_leave_the_same(notebook):
    """Fifty notebooks in real kernels: plainly, cold and warm."""
    texts = [f"{body}\n{last}" for body, _, last in notebook]
    steps = [f"%%step s{number}\n{text}" for number, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        expected = in_a_kernel(Path(folder), texts, plain=True)
        for _ in range(2):
            assert in_a_kernel(Path(folder), steps, plain=False) == expected, "\n\n".join(steps)


@pytest.mark.sweep
@pytest.mark.timeout(3600)
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells)
def test_many_notebooks_are_equal_to_no_cache(notebook):
    """The same for two thousand notebooks."""
    check(notebook)


def test_a_warm_notebook_hits():
    """The law is not kept by never hitting: a plain notebook's second pass runs nothing."""
    sources = [
        "%%step s0\na = pair(b)\nprint('x')\na",
        "%%step s1\ngrow(b)\nc = b",
        "%%step s2\nd = random.random()",
    ]
    with an_empty_store():
        assert executed(sources, with_steps=True)[2] == ["ran s0", "ran s1", "ran s2"]
        assert executed(sources, with_steps=True)[2] == ["cached s0", "cached s1", "cached s2"]
