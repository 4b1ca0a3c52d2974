"""The ingredients of cells and functions: labels, keys, and the guard that spares the walk."""

from __future__ import annotations

import ast
import gc
import weakref
from types import ModuleType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.identity.samples import SAMPLES
from zen_nb.identity import call_ingredients, kept_cells
from zen_nb.identity.call_ingredients import of_function
from zen_nb.identity.cell import read_cell
from zen_nb.identity.cell_ingredients import of_cell
from zen_nb.identity.ingredients import Ingredients, key_of


def namespace(text: str) -> dict:
    names = vars(ModuleType("__main__"))
    exec(text, names)
    return names


def cell(text: str, names: dict, **options) -> Ingredients:
    options.setdefault("parameters", {})
    return of_cell(read_cell(ast.parse(text), ast.parse), names, **options)


def found(made: Ingredients) -> set[str]:
    return {part.label for part in made.components}


def test_cell_knows_inputs_parameters_and_code():
    """Inputs, parameters, helpers, packages and Python each have a label."""
    names = namespace("import numpy as np\na = [1]\ndef g(x): return np.sum(x)")
    made = cell("y = g(a) * gamma", names, parameters={"gamma": 0.1})
    assert found(made) == {
        "code", "helper:g", "input:a", "package:numpy", "package:python", "param:gamma",
    }  # fmt: skip
    assert made.held["input:a"][:2] == ("a", [1])


def test_order_of_components_does_not_matter():
    """The key is that of a set of labelled components."""
    made = cell("y = a + b", namespace("a = 1\nb = 2"))
    assert key_of(made.components[::-1]) == made.key


@pytest.mark.parametrize(
    "changes",
    [{"quiet": True}, {"outputs": ("y",)}, {"ignore": {"a"}}, {"parameters": {"a": 2}}],
    ids=str,
)
def test_what_the_line_says_counts(changes: dict):
    """Outputs, a trailing semicolon, ignored inputs and parameters are part of what a step is."""
    names = namespace("a = 1")
    assert cell("y = a", names).key != cell("y = a", names, **changes).key


def test_known_fingerprint_equals_the_hashed_one():
    """A plan made of stored fingerprints has the keys that the run will have."""
    names = namespace("import numpy as np\na = np.arange(3)\ndef g(): return a")
    whole = cell("y = a.sum() + g()", names)
    digest = next(part.digest for part in whole.components if part.label == "input:a")
    assert cell("y = a.sum() + g()", names, known={"a": digest}).key == whole.key
    del names["a"]
    assert cell("y = a.sum() + g()", names, known={"a": digest}).key == whole.key


def test_missing_module_is_told():
    """A module that the step imports and nobody has is an ingredient by its absence."""
    made = cell("try:\n    import no_such_module_x\nexcept ImportError:\n    y = 1", namespace(""))
    assert made.absent == ("no_such_module_x",)


def test_function_takes_arguments_by_content():
    """Scalars are parameters, other arguments inputs, functions by what they do."""
    names = namespace("def step(a, b, f): return f(a) + b\ndef g(x): return x\ndef h(x): return -x")
    made = of_function(names["step"], {"a": [1], "b": 2, "f": names["g"]})
    assert {"input:a", "param:b", "input:f"} <= found(made)
    other = of_function(names["step"], {"a": [1], "b": 2, "f": names["h"]})
    assert made.key != other.key


def test_function_known_by_fingerprint_has_the_same_key():
    """An argument given by fingerprint counts as the value would."""
    names = namespace("def step(a): return a")
    whole = of_function(names["step"], {"a": [1]})
    digest = next(part.digest for part in whole.components if part.label == "input:a")
    assert of_function(names["step"], {}, given={"a": (digest, "list")}).key == whole.key


def test_name_of_a_step_function_is_a_label():
    """Renaming a step reruns nothing; renaming its outputs does."""
    one = of_function(namespace("def a(x): return x")["a"], {"x": 1}, outputs=("y",))
    two = of_function(namespace("def b(x): return x")["b"], {"x": 1}, outputs=("y",))
    three = of_function(namespace("def b(x): return x")["b"], {"x": 1}, outputs=("z",))
    assert one.key == two.key != three.key


WORLD = """
import abc, math
from functools import partial
K = 1
D = {'a': 1}
T = ([1], 2)
class B:
    v = 1
    @property
    def p(self): return 1
class A(B):
    def go(self): return self.v
class C(B):
    v = 3
class I(abc.ABC): pass
def two(self): return 2
def deep(x): return x
def g(x, k=1, *, j=2): return deep(x) + K + k + j
p = partial(g, 1)
def make():
    n = 1
    def up():
        nonlocal n
        n += 1
    def get(): return n
    return up, get
up, get = make()
def step(): return g(1), D, A().go(), A().p, get(), p, T, isinstance(3, I), math.pi, len([])
"""

EDITS = [
    "K = 2",
    "K = True",
    "D['a'] = 2",
    "D = {'a': 2}",
    "T[0].append(1)",
    "g = deep",
    "deep.__code__ = two.__code__",
    "g.__defaults__ = (5,)",
    "g.__kwdefaults__['j'] = 5",
    "g.extra = 1",
    "B.v = 2",
    "A.v = 2",
    "B.p.fget.__code__ = two.__code__",
    "A.__bases__ = (C,)",
    "A.go = two",
    "del A.go",
    "up()",
    "p.keywords['k'] = 3",
    "p = partial(g, 2)",
    "I.register(int)",
    "len = two",
    "def step(): return 1",
]


@pytest.mark.parametrize("edit", EDITS)
def test_guard_sees_every_change(edit: str):
    """With the walk spared, a change of anything reached still changes the key."""
    names = namespace(WORLD)
    before = [of_function(names["step"], {}).key for _ in range(3)]
    assert len(set(before)) == 1
    exec(edit, names)
    assert of_function(names["step"], {}).key != before[0]


def test_guard_agrees_with_the_walk():
    """Spared or not, the ingredients are the same."""
    names = namespace(WORLD)
    walked = of_function(names["step"], {})
    assert id(names["step"]) in call_ingredients._walks
    assert of_function(names["step"], {}) == walked
    call_ingredients._walks.clear()
    assert of_function(names["step"], {}) == walked


CHANGES = [
    "def f(x):\n    return g(x) + 2",
    "g.__code__ = (lambda x: 9).__code__",
    "g = abs",
    "K = 4",
    "K = True",
    "T['a'] = 2",
    "A.go = lambda self: 3",
    "a = A()",
    "a = 5",
    "a = A",
    "del a",
    "len = f",
    "df['x'] = [9]",
    "df = [1]",
    "pd.DataFrame.mine = f",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_walk_that_is_taken_up_again_finds_what_a_new_one_does(change: str):
    """After any change, what was remembered of a cell gives what a walk from the start gives."""
    names = vars(ModuleType("__main__"))
    exec(
        "import pandas as pd\nK = 3\nT = {'a': 1}\ndf = pd.DataFrame({'x': [1]})\n"
        "class A:\n    def go(self):\n        return K\na = 1\n"
        "def g(x):\n    return K + T['a']\ndef f(x):\n    return g(x) + len('a') + A().go()",
        names,
    )
    cell = read_cell(ast.parse("y = f(a), df.mine"), ast.parse)

    def ask() -> str:
        return of_cell(cell, names, parameters={"p": 1}).key

    first = ask()
    assert ask() == first
    assert (id(cell), id(names), False) in kept_cells._kept
    try:
        exec(change, names)
        remembered = ask()
        kept_cells._kept.clear()
        assert remembered == ask() != first
    finally:
        vars(names["pd"].DataFrame)
        if "mine" in vars(names["pd"].DataFrame):
            del names["pd"].DataFrame.mine


@example(["Point(1)", '""'])
@given(st.lists(st.sampled_from(sorted(SAMPLES)), min_size=2, max_size=6))
@settings(max_examples=150, deadline=None)
def test_an_input_that_is_taken_again_counts_as_a_walk_over_it_does(names: list[str]):
    """Whatever follows upon whatever under a name: what is remembered of it misleads nobody."""
    cell, scope = read_cell(ast.parse("y = f(a)"), ast.parse), namespace("def f(x): return x")
    for name in names:
        scope["a"] = SAMPLES[name]()
        remembered = of_cell(cell, scope, parameters={})
        kept_cells._kept.pop((id(cell), id(scope), False), None)
        walked = of_cell(cell, scope, parameters={})
        assert remembered.key == walked.key
        assert remembered.held.keys() == walked.held.keys()
        assert [held[2] for held in remembered.held.values()] == [
            held[2] for held in walked.held.values()
        ]


def test_a_remembered_cell_keeps_no_input_alive():
    """What a cell read can be freed as soon as the notebook lets go of it."""
    names = {"__name__": "__main__", "rows": {1, 2}}
    cell = read_cell(ast.parse("n = len(rows)"), ast.parse)
    of_cell(cell, names, parameters={})
    watched = weakref.ref(names["rows"])
    del names["rows"]
    gc.collect()
    assert watched() is None


def test_a_large_global_is_not_kept_alive():
    """A guard does not hold on to a large array that a helper of the step reads."""
    names = {"__name__": "__main__"}
    exec("import numpy as np\nrows = np.zeros(200_000)\ndef step():\n    return len(rows)", names)
    of_function(names["step"], {})
    watched = weakref.ref(names["rows"])
    del names["rows"]
    gc.collect()
    assert watched() is None
