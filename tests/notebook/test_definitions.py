"""Imports, functions and classes that a step makes are made again on a hit."""

from __future__ import annotations


def twice(fresh, *cells):
    """Run cells in one kernel, then in a second one, which is returned; it must have hit."""
    nb = fresh()
    nb.cells(*cells)
    nb = fresh()
    nb.cells(*cells)
    assert nb.ran() == [], [(n, log.reason, log.note) for n, log in nb.session.logs.items()]
    return nb


def test_isinstance_holds(fresh):
    """Instances that come back are of the class that the namespace holds."""
    nb = twice(fresh, "%%step s\nclass P:\n    n = 1\np = P()\nps = [P(), P()]")
    assert isinstance(nb["p"], nb["P"])
    assert type(nb["ps"][0]) is nb["P"]


def test_instances_of_a_class_defined_above(fresh):
    """A class of an earlier cell is that class."""
    nb = twice(fresh, "class P:\n    pass", "%%step s\np = P()\np.n = 1")
    assert type(nb["p"]) is nb["P"]


def test_functions_read_the_live_namespace(fresh):
    """A function that came back sees a later redefinition of what it calls."""
    nb = twice(
        fresh, "%%step s\ndef inner():\n    return 1\ndef outer():\n    return inner() + K\nK = 10"
    )
    assert nb["outer"]() == 11
    nb.cells("def inner():\n    return 2\nK = 20")
    assert nb["outer"]() == 22


def test_lambdas_and_closures_read_the_live_namespace(fresh):
    """By value or not, globals are the namespace's, and closures share their cells."""
    cell = (
        "%%step s\nK = 1\nf = lambda: K\ndef make():\n    n = [0]\n    def up():\n        n[0] += 1\n"
        "        return n[0]\n    def read():\n        return n[0]\n    return up, read\nup, read = make()"
    )
    nb = twice(fresh, cell)
    nb.cells("K = 5\nup()")
    assert nb["f"]() == 5
    assert nb["read"]() == 1


def test_a_class_redefined_later_is_seen(fresh):
    """A factory that came back makes instances of the present class."""
    nb = twice(fresh, "%%step s\nclass P:\n    v = 1\ndef make():\n    return P()")
    nb.cells("class P:\n    v = 2")
    assert nb["make"]().v == 2


def test_imports_are_made_again(fresh):
    """Modules, aliases and names from modules are bound again, the very same."""
    nb = twice(
        fresh, "%%step s\nimport json as j, os.path\nfrom math import pi, sqrt as root\nx = root(4)"
    )
    import json
    import math
    import os

    assert nb["j"] is json
    assert nb["os"] is os
    assert nb["root"] is math.sqrt
    assert nb["pi"] == math.pi


def test_a_decorated_function(fresh):
    """A decorated function comes back with its decoration."""
    nb = twice(
        fresh,
        "import functools\ndef loud(f):\n    @functools.wraps(f)\n    def g(*a):\n        return f(*a), 'loud'\n    return g",
        "%%step s\n@loud\ndef f(x):\n    return x",
    )
    assert nb["f"](1) == (1, "loud")
    assert nb["f"].__name__ == "f"


def test_a_function_with_defaults_that_the_cell_computes(fresh):
    """A default that the cell computed is not computed again."""
    nb = twice(
        fresh,
        "%%step s\nrows = [1]\ndef f(a, into=rows):\n    into.append(a)\n    return into\nf(2)",
    )
    assert nb["f"].__defaults__[0] is nb["rows"]
    assert nb["rows"] == [1, 2]


def test_a_class_that_the_cell_changes_after_defining_it(fresh):
    """An attribute set on the class afterwards is there on a hit."""
    nb = twice(
        fresh, "%%step s\nclass P:\n    n = 0\nP.n = 5\nP.m = lambda self: self.n\nv = P().m()"
    )
    assert nb["P"]().m() == 5


def test_a_dataclass_and_an_enum(fresh):
    """Generated methods and members are there, and members are the class's own."""
    cell = (
        "%%step s\nfrom dataclasses import dataclass, field\nfrom enum import Enum\n@dataclass\nclass P:\n    x: int\n"
        "    ys: list = field(default_factory=list)\nclass C(Enum):\n    RED = 1\np = P(1)\nc = C.RED"
    )
    nb = twice(fresh, cell)
    assert nb["p"] == nb["P"](1)
    assert nb["c"] is nb["C"].RED


def test_a_namedtuple_and_a_generic_class(fresh):
    """Classes made by calls go by value and fit their instances."""
    nb = twice(
        fresh,
        "%%step s\nfrom collections import namedtuple\nP = namedtuple('P', 'x y')\np = P(1, 2)",
    )
    assert nb["p"].x == 1
    assert isinstance(nb["p"], nb["P"])


def test_a_definition_bound_twice(fresh):
    """A name defined twice in a cell holds the last one."""
    nb = twice(fresh, "%%step s\ndef f():\n    return 1\ng = f\ndef f():\n    return 2")
    assert (nb["f"](), nb["g"]()) == (2, 1)


def test_a_conditional_definition(fresh):
    """A function defined in a branch comes back."""
    nb = twice(fresh, "%%step s\nif True:\n    def f():\n        return 1\nelse:\n    f = None")
    assert nb["f"]() == 1


def test_pickling_by_reference(fresh):
    """An instance that came back can be pickled as after a run."""
    nb = twice(fresh, "%%step s\nclass P:\n    pass\np = P()\np.n = 3")
    nb.cells("import pickle\nq = pickle.loads(pickle.dumps(p))")
    assert nb["q"].n == 3
    assert type(nb["q"]) is nb["P"]


def test_methods_have_their_source(fresh):
    """`inspect` finds the source of a definition that a hit made."""
    nb = twice(fresh, "%%step s\ndef f():\n    return 'here'")
    nb.cells("import inspect\ntext = inspect.getsource(f)")
    assert nb["text"] == "def f():\n    return 'here'\n"


def test_inheritance_from_a_class_of_the_cell(fresh):
    """A hierarchy keeps its links, and super() works."""
    cell = (
        "%%step s\nclass A:\n    def f(self):\n        return 'a'\nclass B(A):\n    def f(self):\n"
        "        return super().f() + 'b'\nb = B()"
    )
    nb = twice(fresh, cell)
    assert nb["b"].f() == "ab"
    assert isinstance(nb["b"], nb["A"])


def test_state_kept_on_a_class_above(nb):
    """A step that changes a class of an earlier cell in place does so on each execution."""
    setup = "class Registry:\n    rows = []"
    cell = "%%step s\nRegistry.rows.append(1)\nn = len(Registry.rows)"
    nb.cells(setup, cell, setup, cell)
    assert nb["Registry"].rows == [1]
    assert nb["n"] == 1


def test_a_function_attribute_above(nb):
    """A step that sets an attribute of a function does so on each execution."""
    setup = "def f():\n    return f.calls"
    cell = "%%step s\nf.calls = 3\nn = f()"
    nb.cells(setup, cell, setup, cell)
    assert nb["f"].calls == 3


def test_a_closure_above(nb):
    """A step that moves a counter held by a closure does so on each execution."""
    setup = "def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up\nup = make()"
    nb.cells(setup, "%%step s\na = up()", setup, "%%step s\na = up()", "b = up()")
    assert (nb["a"], nb["b"]) == (1, 2)


def test_state_that_a_cell_s_own_definitions_gather(fresh):
    """A list kept by a class or a default, filled by the cell that defines it, comes back filled."""
    cell = (
        "%%step s\nclass P:\n    rows = []\n    def add(self):\n        self.rows.append(1)\n"
        "def f(a, into=[]):\n    into.append(a)\n    return into\nP().add()\nf(2)"
    )
    nb = twice(fresh, cell)
    assert nb["P"].rows == [1]
    assert nb["f"](3) == [2, 3]
