"""Law 1 for modules: a first run finds and leaves what it would without the cache, and a second too."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.laws.test_correct_build import an_empty_store
from tests.notebook.world import Notebook

MODULES = ("one_mod", "two_mod")
module = st.sampled_from(MODULES)
name = st.sampled_from(("X", "Y", "f"))
small = st.integers(0, 2)

said = st.one_of(
    st.builds("{} = {}".format, name, small),
    st.builds("X = [{}]".format, small),
    st.builds("def f():\n    return X".format),
    st.builds("def f():\n    import {0}\n    return {0}.X".format, module),
    st.builds("import random; X = random.randint(0, 9)".format),
    st.builds("import os; Y = os.environ.get('ZZ_LAW')".format),
    st.builds("print('loaded', {})".format, small),
    st.builds("import {0}; {0}.X = {1}".format, module, small),
    st.builds("import {0}; Y = {0}.X".format, module),
    st.builds("from {} import *".format, module),
    st.builds("if {}:\n    from {} import Y".format, small, module),
    st.just("raise ImportError('not now')"),
)
text = st.lists(said, max_size=4).map(lambda parts: "\n".join(["X = Y = 0", *parts]))

done = st.one_of(
    st.builds("import {}".format, module),
    st.builds("import {0}\na = {0}.X".format, module),
    st.builds("from {} import X as a".format, module),
    st.builds("from {} import f\nb = f()".format, module),
    st.builds("if {}:\n    import {}".format, small, module),
    st.builds("random.seed({})".format, small),
    st.builds("os.environ['ZZ_LAW'] = '{}'".format, small),
    st.builds("def late():\n    import {0}\n    return {0}.Y".format, module),
    st.builds("print(a)".format),
)
body = st.lists(done, min_size=1, max_size=4).map("\n".join)


def executed(sources, *, with_steps):
    """Run a notebook whose modules nobody has loaded; return what it showed and left."""
    for one in MODULES:
        sys.modules.pop(one, None)
    os.environ.pop("ZZ_LAW", None)
    nb = Notebook(with_steps=with_steps)
    try:
        nb.cells("import os, random\nrandom.seed(0)\na = b = None")
        shown = []
        for source in sources:
            cell = nb.cell(source)
            shown.append((cell.shown, repr(cell.error)))
        nb.cells(
            "_found = {n: repr(globals()[n]) for n in ('a', 'b') if type(globals()[n]).__name__ in ('int', 'str', 'list')}, random.getstate(), os.environ.get('ZZ_LAW')"
        )
        held = {
            one: {
                n: v
                for n, v in vars(sys.modules[one]).items()
                if n in ("X", "Y") and type(v) in (int, str, list)
            }
            for one in MODULES
            if one in sys.modules
        }
        return shown, nb["_found"], held
    finally:
        nb.close()


@contextmanager
def modules(texts):
    """Let modules with these texts be found."""
    with tempfile.TemporaryDirectory() as folder:
        for one, found in zip(MODULES, texts, strict=True):
            Path(folder, f"{one}.py").write_text(found)
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            yield
        finally:
            sys.path.remove(folder)
            sys.dont_write_bytecode = written
            for one in MODULES:
                sys.modules.pop(one, None)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.tuples(text, text), body, st.booleans())
def test_a_first_run_loads_modules_when_the_notebook_would(texts, source, loaded_before):
    """The page, the namespace, what modules hold and the errors are those of a plain notebook."""
    head = [f"import {MODULES[1]}"] if loaded_before else []
    with an_empty_store(), modules(texts):
        expected = executed([*head, f"# law\n{source}"], with_steps=False)
        assert executed([*head, f"%%step law\n{source}"], with_steps=True) == expected
