"""What modules bring is read from their source, and nothing of them is executed."""

from __future__ import annotations

import importlib
import sys

import pytest

from zen_nb.identity import loads
from zen_nb.identity.code import Reach
from zen_nb.identity.finding import found_spec
from zen_nb.identity.sources import source_of

MOD = "K = 3\nL = 0\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\ndef other():\n    return L\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder of modules; whatever is loaded from it is gone afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    known = set(sys.modules)

    def write(**modules: str) -> None:
        for name, text in modules.items():
            path = tmp_path.joinpath(*name.split("__in__")).with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()

    yield write
    for name in set(sys.modules) - known:
        del sys.modules[name]


def reached(body: str, namespace=None) -> dict[str, str]:
    """Return what a function with this body reaches, by label."""
    names = {"__name__": "__main__", "__package__": None, **(namespace or {})}
    exec(f"def f():\n    {body}", names)
    reach = Reach(names)
    reach.add_function(names["f"], "code")
    return {label: part.digest for label, part in reach.components.items()}


def changes(project, body: str, before: dict[str, str], after: dict[str, str]) -> bool:
    """Tell whether an edit changes what the body reaches, without loading anything."""
    project(**before)
    one = reached(body)
    project(**after)
    other = reached(body)
    assert not {name.partition("__in__")[0] for name in before} & set(sys.modules)
    return one != other


# -- what counts --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "old", "new", "counts"),
    [
        ("from m import f; f(2)", "+ 1", "+ 2", True),
        ("from m import f; f(2)", "x * K", "x + K", True),
        ("from m import f; f(2)", "K = 3", "K = 4", True),
        ("from m import f; f(2)", "return L", "return -L", False),
        ("from m import f; f(2)", "L = 0", "L = 1", False),
        ("from m import f; f(2)", "def g", "# what\n\n\ndef  g", False),
        ("from m import f; f(2)", "def g(x):", "def g(x: int) -> int:\n    'what it does'", False),
        ("from m import f; f(2)", "L = 0", "L: int = 0", False),
        ("import m; m.f(2)", "+ 1", "+ 2", True),
        ("import m; m.f(2)", "L = 0", "L = 1", False),
        ("import m as n; n.f(2)", "x * K", "x + K", True),
        ("import m; print(m)", "L = 0", "L = 1", True),
        ("import m; getattr(m, 'f')", "L = 0", "L = 1", True),
        ("import m; m.no_such", "L = 0", "L = 1", True),
        ("import m; eval('m.f(2)')", "L = 0", "L = 1", True),
        ("import m", "+ 1", "+ 2", False),
        ("import m", "L = 0", "L = 0\nprint(L)", True),
        ("from m import f", "+ 1", "+ 2", True),
        ("from m import other", "L = 0", "L = []\nL.append(1)", True),
        ("from m import f", "L = 0", "L = []\nL.append(1)", True),
        ("from m import f", "L = 0", "if __name__ == '__main__':\n    print(1)\nL = 0", False),
        ("from m import f", "L = 0", "if __name__ != '__main__':\n    print(1)\nL = 0", True),
        ("from m import other", "L = 0", "try:\n    L = 0\nexcept ValueError:\n    L = 1", True),
        ("from m import f", "L = 0", "try:\n    L = 0\nexcept ValueError:\n    L = 1", False),
        ("import m; m.__doc__", "K = 3", "'''About.'''\nK = 3", True),
    ],
)
def test_edit_counts_where_the_step_takes_what_it_changes(project, body, old, new, counts):
    """What is taken, what that uses, and what acts; not what else the module defines."""
    assert changes(project, body, {"m": MOD}, {"m": MOD.replace(old, new)}) == counts


PKG = {
    "p__in____init__": "from .a import f\nimport p.c\nTOP = 1\n",
    "p__in__a": "from . import b\nfrom .b import *\ndef f(x):\n    return b.g(x) + K\ndef a_too():\n    return 0\n",
    "p__in__b": "K = 3\ndef g(x):\n    return x + 1\ndef b_too():\n    return 0\n",
    "p__in__c": "from p import a\ndef h(x):\n    return a.f(x)\nC = 1\n",
}


@pytest.mark.parametrize(
    ("body", "module", "old", "new", "counts"),
    [
        ("from p import f", "p__in__b", "x + 1", "x + 2", True),
        ("from p import f", "p__in__b", "K = 3", "K = 4", True),
        ("from p import f", "p__in__b", "return 0", "return 1", False),
        ("from p import f", "p__in__a", "return 0", "return 1", False),
        ("from p import f", "p__in____init__", "TOP = 1", "TOP = 2", False),
        ("from p import f", "p__in____init__", "TOP = 1", "print(1)", True),
        ("from p import f", "p__in__c", "C = 1", "C = 2", False),
        ("from p import f", "p__in__c", "C = 1", "C = print()", True),
        ("import p; p.c.h(1)", "p__in__b", "x + 1", "x + 2", True),
        ("import p; p.c.h(1)", "p__in__c", "C = 1", "C = 2", False),
        ("import p.b; p.b.g(1)", "p__in__b", "x + 1", "x + 2", True),
        ("import p.b; p.b.g(1)", "p__in__b", "K = 3", "K = 4", False),
        ("import p.b as q; q.g(1)", "p__in__b", "x + 1", "x + 2", True),
        ("from p.a import K", "p__in__b", "K = 3", "K = 4", True),
        ("from p.a import K", "p__in__b", "x + 1", "x + 2", False),
    ],
)
def test_names_are_followed_through_the_imports_of_modules(project, body, module, old, new, counts):
    """Relative, star and circular imports, names handed on, submodules; effects of all of them."""
    after = {**PKG, module: PKG[module].replace(old, new)}
    assert changes(project, body, PKG, after) == counts


def test_exchanged_names_count(project):
    """Which of two taken names stands for which is part of what a module says."""
    impl = "def f(x):\n    return 1\ndef g(x):\n    return 2\n"
    before = {"impl": impl, "api": "from impl import f as a, g as b\n"}
    after = {"impl": impl, "api": "from impl import g as a, f as b\n"}
    assert changes(project, "from api import a, b; a(1) + b(1)", before, after)


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("X = [1, {'a': (2, None)}]", False),
        ("import re\nX = re.compile('a')", False),
        ("X = open('x')", True),
        ("import os\nX = os.environ['X']", True),
        ("import os\nX = os.environ.get('X')", True),
        ("import sys\nX = sys.argv", True),
        ("import sys\nif sys.version_info > (3, 0):\n    X = 1\nelse:\n    X = 2", False),
        ("from pathlib import Path\nX = Path(__file__).resolve().parent / 'a'", False),
        ("from pathlib import Path\nX = Path('a').resolve()", True),
        (
            "from dataclasses import dataclass, field\n@dataclass\nclass X:\n    a: list = field(default_factory=list)",
            False,
        ),
        ("from mine import dataclass\n@dataclass\nclass X:\n    a = 1", True),
        ("from functools import lru_cache\n@lru_cache\ndef f(): ...", False),
        ("import app\n@app.task\ndef f(): ...", True),
        ("class A:\n    def f(self): ...\nclass B(A):\n    pass", False),
        ("class A:\n    def __init_subclass__(cls): ...\nclass B(A):\n    pass", True),
        ("from other import A\nclass B(A):\n    pass", True),
        ("class A:\n    X = print()", True),
        ("from functools import partial\n@partial(print, 1)\ndef f(): ...", True),
        ("from functools import partial\nX = partial(print, 1)()", True),
        ("from functools import partial\nX = partial(print, 1)", False),
        ("def g(f):\n    return f\n@g\ndef f(): ...", True),
        (
            "class A:\n    @property\n    def x(self): ...\n    @x.setter\n    def x(self, v): ...",
            False,
        ),
        ("X = {}\nX['a'] = 1", True),
        ("X = 1\nX += 1", True),
        ("import random\nX = random.random()", True),
        ("def f(x=print()): ...", True),
        ("def f(x=1): print(x)", False),
        ("X = [a * 2 for a in (1, 2)]", False),
        ("try:\n    import fast\nexcept ImportError:\n    fast = None", False),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    print(1)", False),
        ("list = print\nX = list()", True),
    ],
)
def test_statements_that_only_bind_are_told_from_those_that_act(project, text, acts):
    """What may do more than bind names, or asks the outside, acts; in doubt it does."""
    project(m=text)
    assert source_of("m").acts == acts


# -- nothing is executed ------------------------------------------------------------------


def test_no_module_is_executed_and_no_package_around_it(project):
    """Not for its code, not for its folder, not for the name of its file."""
    stop = "raise SystemExit('executed')\n"
    project(p__in____init__=stop, p__in__q=f"{stop}def f():\n    return 1\n")
    assert any(label == "module:p.q.f" for label in reached("from p.q import f; f()"))
    assert found_spec("p.q").origin.endswith("q.py")
    assert not {"p", "p.q"} & set(sys.modules)


def test_module_that_cannot_be_found_is_absent(project):
    """Its absence is an ingredient, and told."""
    names = {"__name__": "__main__"}
    exec("def f():\n    import no_such_module\n", names)
    reach = Reach(names)
    reach.add_function(names["f"], "code")
    assert reach.absent == ["no_such_module"]


def test_text_that_is_no_python_is_known_by_its_file(project):
    """Importing it fails, and fails otherwise when it is edited."""
    assert changes(project, "import m", {"m": "def ("}, {"m": "def (("})


# -- loaded by a step ---------------------------------------------------------------------


def load(name: str) -> object:
    with loads.Loading():
        return importlib.import_module(name)


@pytest.mark.parametrize("text", [MOD, f"import os\nMODE = os.environ.get('ZZ')\n{MOD}"])
def test_module_that_a_step_loaded_is_what_its_source_says(project, text):
    """The same labels and digests before and after, whether loading it may have acted or not."""
    project(m=text)
    before = reached("from m import f; f(2)")
    load("m")
    assert reached("from m import f; f(2)") == before


@pytest.mark.parametrize(
    "change",
    [
        "m.K = 4",
        "m.f = lambda x: 0",
        "m.T.append(1)",
        "m.A.k = 2",
        "m.A.rows.append(1)",
        "m.f.seen = 1",
        "m.f.__defaults__[0].append(1)",
        "m.f.__code__ = (lambda x, y=[]: 0).__code__",
        "m.new = 1",
        "del m.K",
    ],
)
def test_module_that_was_changed_since_is_what_it_holds(project, change):
    """Any change of what it holds, in place too, makes what is loaded count."""
    project(m="K = 3\nT = []\nclass A:\n    k = 1\n    rows = []\ndef f(x, y=[]):\n    return x\n")
    m = load("m")
    assert loads.load_in_force("m") is not None
    exec(change, {"m": m})
    assert loads.load_in_force("m") is None


def test_what_was_made_from_a_changed_module_is_what_it_holds(project):
    """A constant that was computed from another module's does not follow it."""
    project(base="SIZE = 1\n", model="from base import SIZE\nTWICE = SIZE * 2\n")
    load("model")
    assert loads.load_in_force("model") is not None
    sys.modules["base"].SIZE = 5
    assert loads.load_in_force("model") is None


def test_loading_outside_a_step_counts_only_where_it_could_not_act(project):
    """What an ordinary cell's import did is not what a step's import would do."""
    loads.watch()
    project(quiet="K = 1\n", loud="import os\nK = os.environ.get('K')\n")
    importlib.import_module("quiet")
    importlib.import_module("loud")
    assert loads.load_in_force("quiet") is not None
    assert loads.load_in_force("loud") is None


def test_modules_that_acted_are_named(project):
    """A run that finds them loaded does not have their effect: it is told so."""
    project(m="print('hi')\ndef f():\n    return 1\n")
    names = {"__name__": "__main__"}
    exec("def f():\n    import m\n    return m.f()\n", names)
    load("m")
    reach = Reach(names)
    reach.add_function(names["f"], "code")
    loaded = Reach(names, as_loaded=True)
    loaded.add_function(names["f"], "code")
    assert (reach.relived, loaded.relived) == (["m"], [])
    assert reach.components != loaded.components


def test_module_that_fails_while_it_is_loaded_leaves_its_spec_as_it_was(project):
    """Nothing is kept of it, and the error is its own."""
    project(m="raise ValueError('mine')\n")
    with pytest.raises(ValueError, match="mine"):
        load("m")
    assert loads.load_in_force("m") is None
