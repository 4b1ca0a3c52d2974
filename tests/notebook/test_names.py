"""Which names a step reads and writes, and what becomes of them."""

from __future__ import annotations

import pytest


def reads(nb, name):
    return nb.session.registry.get(name).reads


def test_inputs_are_found_in_nested_code(nb):
    """Names read in functions, comprehensions, lambdas and classes of the cell are inputs."""
    nb.cells(
        "a, b, c, d, e = range(5)",
        "%%step s\ndef f():\n    return a\ng = lambda: b\nh = [c for _ in range(2)]\n"
        "class K:\n    z = d\n    def m(self):\n        return e\nout = f() + g() + K().m()",
    )
    assert {"a", "b", "c", "d", "e"} <= set(reads(nb, "s"))


@pytest.mark.parametrize("name", ["a", "b", "c", "d", "limit"])
def test_a_change_of_any_input_reruns(nb, name):
    """Each way of reading a name counts: helper, default, query string, nested function."""
    setup = (
        "import pandas as pd\nframe = pd.DataFrame({'x': [1, 2, 3]})\na = b = c = d = limit = 1\n"
        "def helper(k=lambda: a):\n    def inner():\n        return b\n    return k() + inner()"
    )
    step = (
        "%%step s\ndef f():\n    return helper() + c\nout = (f(), [d for _ in (1,)], "
        "len(frame.query('x > @limit')))"
    )
    nb.cells(setup, step, step, f"{name} = 2", step)
    assert nb.log() == ["ran s", "cached s", "ran s"]


def test_a_name_bound_before_it_is_read_is_no_input(nb):
    """What the cell surely binds first does not come from outside."""
    nb.cells("x = 1", "%%step s\nx = 5\ny = x", "x = 2", "%%step s\nx = 5\ny = x")
    assert nb.log() == ["ran s", "cached s"]
    assert "x" not in reads(nb, "s")


def test_outputs_are_the_names_bound_at_the_top_level(nb):
    """Assignments, loops, with, walrus, imports, definitions and globals of functions all bind."""
    cell = (
        "%%step s\nimport math as m\na = 1\nb, (c, *d) = 1, (2, 3)\nfor e in [1]:\n    f = e\n"
        "with open('/dev/null') as _handle:\n    pass\ndel _handle\n(g := 3)\n"
        "def h():\n    global i\n    i = 7\nh()\nclass J:\n    pass\nk: int = 4"
    )
    nb.cells(cell)
    made = {name: nb[name] for name in "abcdefgik"}
    for name in (*made, "m", "h", "J"):
        nb.names.pop(name)
    nb.cells(cell)
    assert nb.log() == ["ran s", "cached s"]
    assert {name: nb[name] for name in made} == made
    assert nb["m"].sqrt(4) == 2
    assert nb["J"].__name__ == "J"
    assert nb["h"]() is None


def test_private_names_are_outputs(nb, fresh):
    """A name that begins with an underscore is restored too; IPython's own are not."""
    nb.cells("%%step s\n_secret = 5\n__dunder = 6\n_secret")
    nb = fresh()
    nb.cells("%%step s\n_secret = 5\n__dunder = 6\n_secret")
    assert nb.log() == ["cached s"]
    assert (nb["_secret"], nb["__dunder"], nb["_"]) == (5, 6, 5)


def test_declared_outputs_discard_other_new_names_on_run_and_hit(nb):
    """``-> a`` leaves a, drops what is new besides, and keeps what was there before."""
    cell = "%%step s -> a\na = 1\ntmp = 2\nold = 3\nimport math"
    nb.cells("old = 0", cell)
    assert "tmp" not in nb.names
    assert "math" not in nb.names
    assert (nb["a"], nb["old"]) == (1, 3)
    nb.names.pop("a")
    nb.cells("old = 0", cell)
    assert nb.log() == ["ran s", "cached s"]
    assert "tmp" not in nb.names
    assert "math" not in nb.names
    assert (nb["a"], nb["old"]) == (1, 3)


def test_discarding_is_about_names_that_are_new(nb):
    """A name that is there before a hit stays although the recorded run discarded it."""
    cell = "%%step s -> a\ntmp = [2]\na = tmp[0]"
    nb.cells(cell, "tmp = 'mine'", cell)
    plain = nb["tmp"]
    assert plain == [2]


def test_in_place_changes_are_kept_with_declared_outputs(nb):
    """``-> a`` never discards a change of what existed before."""
    cell = "%%step s -> a\nrows.append(1)\na = len(rows)"
    nb.cells("rows = []", cell, "rows = []\nsame = rows", cell)
    assert nb.log() == ["ran s", "cached s"]
    assert nb["same"] == [1]


def test_a_declared_output_that_the_cell_may_not_bind(nb):
    """A declared output bound in a branch not taken is no error of the line; it is not there."""
    nb.cells("%%step s -> a\nif False:\n    a = 1")
    assert "a" not in nb.names


def test_deleted_names_are_deleted_on_a_hit(nb):
    """``del`` of an input is part of what a step does."""
    cell = "%%step s\nn = len(rows)\ndel rows"
    nb.cells("rows = [1, 2]", cell, "rows = [1, 2]", cell)
    assert nb.log() == ["ran s", "cached s"]
    assert "rows" not in nb.names
    assert nb["n"] == 2


def test_aliases_survive(nb, fresh):
    """``a is b``, nesting and an alias of an input come back as one object."""
    setup = "inp = [1]"
    cell = "%%step s\na = [1, 2]\nb = a\nc = {'a': a}\nd = inp\ne = (inp,)"
    nb.cells(setup, cell)
    nb = fresh()
    nb.cells(setup, cell)
    assert nb.log() == ["cached s"]
    assert nb["a"] is nb["b"]
    assert nb["c"]["a"] is nb["a"]
    assert nb["d"] is nb["inp"]
    assert nb["e"][0] is nb["inp"]


def test_an_alias_between_inputs_is_known(nb):
    """Whether two inputs are one object can decide what a cell does, so it decides the key."""
    cell = "%%step s\na.append(1)\nn = len(b)"
    nb.cells("a = [0]\nb = a", cell)
    assert nb["n"] == 2
    nb.cells("a = [0]\nb = [0]", cell)
    assert nb["n"] == 1


def test_an_output_that_shares_with_an_unread_variable(nb):
    """What the cell binds may be an object that another name holds: it stays that object."""
    cell = "%%step s\nbox = get()"
    setup = "store = {'rows': [1]}\ndef get():\n    return store['rows']"
    nb.cells(setup, cell, setup, cell)
    assert nb["box"] is nb["store"]["rows"]


def test_names_changed_by_helpers_are_outputs(nb):
    """A helper that binds a global makes an output of it."""
    setup = "total = 0\ndef bump():\n    global total\n    total += 1"
    nb.cells(setup, "%%step s\nbump()", setup, "%%step s\nbump()")
    assert nb.log() == ["ran s", "cached s"]
    assert nb["total"] == 1


def test_globals_reads_everything(nb):
    """A cell that lists ``globals()`` depends on every name, what it left itself included."""
    cell = "%%step s\nn = sorted(k for k in globals() if k.startswith('col_'))"
    nb.cells("col_a = 1", cell, cell, cell, "col_b = 1", cell)
    assert nb.log() == ["ran s", "ran s", "cached s", "ran s"]
    assert nb["n"] == ["col_a", "col_b"]


@pytest.mark.parametrize("read", ["_", "Out[3]", "In", "_i", "_3", "_oh"])
def test_history_is_not_cached(nb, read):
    """A cell that reads IPython's history runs each time, and says why."""
    nb.cells("1 + 1", "2 + 2")
    cell = f"%%step s\nx = str({read})"
    done = nb.cells(cell, cell)[1]
    assert nb.log() == ["ran s", "ran s"]
    assert "history" in done.status["reason"]


def test_a_missing_name_is_not_cached_as_such(nb):
    """A NameError is the user's; when the name is there the step runs."""
    done = nb.cell("%%step s\nx = later")
    assert isinstance(done.error, NameError)
    nb.cells("later = 1", "%%step s\nx = later")
    assert nb.log() == ["failed s", "ran s"]


def test_rebinding_the_same_small_object_is_an_output(nb, fresh):
    """A name bound again to the very same object is restored where it differs later."""
    cell = "%%step s\nflag = True\nn = 1"
    nb.cells("flag = True", cell, "flag = False", cell)
    assert nb["flag"] is True
    assert nb.log() == ["ran s", "cached s"]
