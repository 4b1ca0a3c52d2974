"""What the user puts into installed modules is met by the steps that come by them."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.identity.test_ingredients import cell, found, namespace
from zen_nb.identity import register
from zen_nb.identity.writings import shows_writing, writes_to_imported, writings


@pytest.fixture
def names() -> Iterator[dict]:
    """A notebook that has imported a few libraries."""
    scope = namespace(
        "import json, fractions, copyreg\nimport numpy as np\nimport matplotlib as mpl, matplotlib.figure"
    )
    yield scope
    register.leave(scope)


def ran(text: str, scope: dict) -> None:
    """Run a cell as the notebook does."""
    register.take(ast.parse(text), scope, text)
    exec(text, scope)


def patches(step: str, scope: dict) -> set[str]:
    return {label for label in found(cell(step, scope)) if label.startswith("patched:")}


def test_what_stands_in_a_library_counts_for_who_uses_it(
    names: dict, monkeypatch: pytest.MonkeyPatch
):
    """A method of a library's class that was replaced is an ingredient, its helper's text too."""
    monkeypatch.setattr(json.JSONEncoder, "default", json.JSONEncoder.default)
    ran("k = 1\ndef f(self, o): return k\njson.JSONEncoder.default = f", names)
    assert patches("y = json.dumps(1)", names) == {"patched:json.encoder.JSONEncoder.default"}
    before = cell("y = json.dumps(1)", names).key
    ran("k = 2", names)
    assert cell("y = json.dumps(1)", names).key != before


def test_what_stands_in_another_package_does_not_count(
    names: dict, monkeypatch: pytest.MonkeyPatch
):
    """A step that comes by neither the package nor one that builds on it is not concerned."""
    monkeypatch.setattr(mpl, "here", 1, raising=False)
    ran("mpl.here = 2", names)
    assert patches("y = np.sum([1])", names) == set()
    assert patches("y = mpl.get_backend()", names) == {"patched:matplotlib.here"}


def test_a_call_that_hands_something_over_counts(names: dict):
    """What is registered with a library counts with all that it reaches, and an edit of it does."""
    ran("class Box: pass\ndef pack(box): return Box, ()\ncopyreg.pickle(Box, pack)", names)
    step = "import pickle\ny = pickle.dumps(1)"
    assert patches(step, names) == {"patched:copyreg.pickle"}
    before = cell(step, names).key
    ran("def pack(box): return Box, (1,)", names)
    assert cell(step, names).key != before


def test_a_registry_of_a_library_is_found_by_its_name(names: dict):
    """A method of a thing that a library holds hands over as a function does."""
    ran("cmap = mpl.colormaps['viridis'].copy()", names)
    try:
        ran("mpl.colormaps.register(cmap, name='mine', force=True)", names)
        assert patches("y = mpl.get_backend()", names) == {
            "patched:matplotlib.cm.ColormapRegistry.register"
        }
    finally:
        mpl.colormaps._cmaps.pop("mine")


def test_a_value_of_the_users_own_is_nothing_put_into_a_library(names: dict):
    """An attribute of an array, a figure or a model belongs to it alone."""
    ran("q = fractions.Fraction(1, 2)\nfig = mpl.figure.Figure()\nfig.here = 3", names)
    assert patches("y = mpl.get_backend(), json.loads", names) == set()


def test_what_is_added_to_a_value_is_not_handed_to_the_library(names: dict):
    """A function that adds to its first argument changes that, where it is the user's own."""
    ran("import yaml\ngraph = {}\nclass Tag: pass", names)
    for text, handed in (
        ("yaml.add_constructor(graph, 1)", ""),
        ("yaml.add_constructor('!a', Tag)", "yaml.add_constructor"),
        ("yaml.add_constructor(Tag, 1)", "yaml.add_constructor"),
    ):
        (one,) = writings(ast.parse(text))
        assert register.handed_to(one, names) == handed
    assert not list(writings(ast.parse("def f(g): yaml.add_constructor(g, 1)")))


def test_what_is_put_back_counts_as_the_librarys_own(names: dict):
    """What a library held at first is known by its name, whoever put it there."""
    ran("json.dumps = json.dumps", names)
    one = next(
        part for part in cell("y = json.loads('1')", names).components if "patched" in part.label
    )
    assert one.label == "patched:json.dumps"
    ran("def dumps(x): return x\nkept = json.dumps\njson.dumps = dumps", names)
    assert one not in cell("y = json.loads('1')", names).components
    ran("json.dumps = kept", names)
    assert one in cell("y = json.loads('1')", names).components


def test_a_module_of_the_project_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A patch that a loaded module of the project makes is met by steps that never name it."""
    file = tmp_path / "patching_here.py"
    file.write_text("import json\ndef f(self, o): return 1\njson.JSONEncoder.default = f\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(json.JSONEncoder, "default", json.JSONEncoder.default)
    names = namespace("import json")
    assert patches("y = json.dumps(1)", names) == set()
    __import__("patching_here")
    try:
        assert patches("y = json.dumps(1)", names) == {"patched:json.encoder.JSONEncoder.default"}
    finally:
        register.leave(vars(sys.modules.pop("patching_here")))


def test_modules_among_the_installed_are_not_read(names: dict):
    """What lies in the folder of installed packages is not the user's, with or without a version."""
    installed = Path(mpl.__file__).parent.parent / "patched_nowhere.py"
    module = ModuleType("patched_nowhere")
    module.__file__ = str(installed)
    sys.modules["patched_nowhere"] = module
    try:
        register.standing()
        assert all(scope is not vars(module) for scope, _ in register._written.values())
    finally:
        del sys.modules["patched_nowhere"]


def test_a_notebook_that_ends_is_forgotten(monkeypatch: pytest.MonkeyPatch):
    """Neither its names nor what it wrote to is kept."""
    names = namespace("import json")
    monkeypatch.setattr(json, "here_once", 0, raising=False)
    ran("json.here_once = 1", names)
    assert patches("y = json.loads('1')", names) == {"patched:json.here_once"}
    register.leave(names)
    assert patches("y = json.loads('1')", names) == set()


def test_variables_of_functions_are_not_taken_for_the_notebooks(names: dict):
    """A parameter that is called as a library is the function's own; what it imports is not."""
    text = "def f(json): json.here = 1\ndef g():\n    import fractions\n    fractions.here = 1"
    assert [one.chain for one in writings(ast.parse(text))] == [("fractions", "here")]


PLACES = {
    "json.X = f": ("json", "X"),
    "json.a.b.X = f": ("json", "a", "b", "X"),
    "json.X += 1": ("json", "X"),
    "json.T['k'] = f": ("json", "T"),
    "del json.X": ("json", "X"),
    "for json.X in r: pass": ("json", "X"),
    "with f() as json.X: pass": ("json", "X"),
    "setattr(json, 'X', f)": ("json", "X"),
    "setattr(json, name, f)": ("json", "*"),
    "vars(json)['X'] = f": ("json", "X"),
    "json.__dict__['X'] = f": ("json", "X"),
    "p = mock.patch.object(json, 'X', f)": ("json", "X"),
    "p = mock.patch('json.X', f)": ("json", "X"),
    "copyreg.pickle(A, f)": ("copyreg", "pickle"),
    "@codecs.register\ndef f(): pass": ("codecs", "register"),
    "@lib.register('a')\ndef f(): pass": ("lib", "register"),
    "yaml.add_constructor('!a', f)": ("yaml", "add_constructor"),
}


@pytest.mark.parametrize("text", PLACES)
def test_places_are_told_from_the_text(text: str):
    """Each way of putting something somewhere is seen, before and after parsing."""
    assert PLACES[text] in {one.chain for one in writings(ast.parse(text))}
    assert shows_writing(text)


@pytest.mark.parametrize("text", PLACES)
@given(depth=st.integers(1, 3))
def test_modules_that_may_write_are_parsed(text: str, depth: int):
    """The look that spares parsing misses nothing that parsing finds, however deep it stands."""
    imports = "import json, copyreg, codecs, lib, yaml\nfrom unittest import mock\n"
    lines = [f"{'    ' * depth}{line}" for line in text.splitlines()]
    heads = [f"{'    ' * at}if True:" for at in range(depth)]
    assert writes_to_imported(imports + "\n".join([*heads, *lines]))


@pytest.mark.parametrize("text", ["y = json.dumps(1)", "if a.b == 1: c = 2", "f(a=1)", "x = 1"])
def test_code_that_puts_nothing_anywhere_is_passed_over(text: str):
    """Code that only reads is neither taken in nor parsed."""
    assert not list(writings(ast.parse(text)))
    assert not writes_to_imported(f"import json, a\n{text}")
