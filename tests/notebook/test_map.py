"""`%%step --map item=items`: a cell for each element, kept by itself."""

from __future__ import annotations

import pytest

MAP = "%%step squares --map n=numbers\ns = n * n * k\nprint(n)"


def ran(nb, *cells):
    nb.log()
    done = nb.cells(*cells)
    return done[-1], nb.log()


def test_what_the_body_binds_becomes_a_list(nb):
    """An entry for each element, in order; the name of the element is as it was."""
    (_, done) = nb.cells("numbers, k, n = [1, 2, 3], 1, 'mine'", MAP)
    assert (nb["s"], nb["n"]) == ([1, 4, 9], "mine")
    assert done.shown == [("stdout", "1\n2\n3\n")]
    assert "0 of 3 elements were cached." in done.text


def test_a_list_that_was_seen_is_one_hit(nb):
    """It comes back with all that was shown."""
    nb.cells("numbers, k = [1, 2, 3], 1", MAP, "s = None")
    done, log = ran(nb, MAP)
    assert (log, nb["s"]) == (["cached squares"], [1, 4, 9])
    assert done.shown == [("stdout", "1\n2\n3\n")]


def test_another_element_runs_alone(nb):
    """What is kept of the others comes back, and what they showed, in order."""
    nb.cells("numbers, k = [1, 2], 1", MAP, "numbers = [2, 5, 1]")
    done, log = ran(nb, MAP)
    assert (log, nb["s"]) == (["ran squares"], [4, 25, 1])
    assert done.shown == [("stdout", "2\n5\n1\n")]
    assert "2 of 3 elements were cached." in done.text


def test_a_loop_that_was_stopped_keeps_what_it_has(nb):
    """The elements before the one that raised are cached when it runs again."""
    cell = "%%step inverse --map n=numbers\ni = 6 // n"
    nb.cells("numbers = [1, 2, 0]")
    done = nb.cell(cell)
    assert isinstance(done.error, ZeroDivisionError)
    assert "i = 6 // n" in done.traceback
    assert "i" not in nb.names
    (_, done) = nb.cells("numbers = [1, 2, 3]", cell)
    assert nb["i"] == [6, 3, 2]
    assert "2 of 3 elements were cached." in done.text


def test_declared_outputs_alone_are_left(nb):
    """Other names that the body binds are gone, as after any step."""
    nb.cells(
        "numbers = [1, 4]",
        "%%step r --map n=numbers -> root\nimport math\nh = n\nroot = math.sqrt(h)",
    )
    assert nb["root"] == [1.0, 2.0]
    assert not {"h", "math", "n"} & nb.names.keys()


def test_what_the_body_defines_is_there_once(nb):
    """Imports and functions are no lists, and are made again on a hit."""
    cell = "%%step r --map n=numbers\nimport math\ndef f(x):\n    return math.sqrt(x)\nroot = f(n)"
    nb.cells("numbers = [1, 4]", cell)
    assert (nb["root"], nb["f"](9)) == ([1.0, 2.0], 3.0)
    _, log = ran(nb, "del math, f, root", cell)
    assert log == ["cached r"]
    assert (nb["root"], nb["f"](9)) == ([1.0, 2.0], 3.0)


def test_a_branch_not_taken_leaves_none(nb):
    """Every list has an entry for each element."""
    nb.cells("numbers = [1, 2]", "%%step b --map n=numbers\nif n > 1:\n    big = n\nsmall = n")
    assert (nb["big"], nb["small"]) == ([None, 2], [1, 2])


def test_no_elements_leave_empty_lists(nb):
    """Nothing runs, and readers find their names."""
    nb.cells("numbers, k = [], 1", MAP)
    assert nb["s"] == []


def test_parameters_and_settings_are_those_of_the_step(nb):
    """A run's parameter reaches every element; without the cache all are computed."""
    nb.cells("numbers = [1, 2]", "%%step p scale=10 --map n=numbers\nv = n * scale")
    ran(nb, "%pipeline run scale=3")
    assert nb["v"] == [3, 6]
    done, log = ran(nb, "%pipeline run --no-cache")
    assert log == ["ran p"]
    assert "0 of 2 elements were cached." in done.text


def test_the_pipeline_joins_it_like_any_step(nb):
    """It reads the list, and what the body reads; its lists are read by others."""
    nb.cells("%%step load\nnumbers, k = [1, 2], 2", MAP, "%%step total\nt = sum(s)")
    edges = {(edge.source, edge.target) for edge in nb.session.registry.edges()}
    assert edges == {("load", "squares"), ("squares", "total")}
    _, log = ran(nb, "%pipeline run")
    assert log == ["cached load", "cached squares", "cached total"]
    assert nb["t"] == 10


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--map n", "write --map ITEM=ITEMS"),
        ("--map n=n", "write --map ITEM=ITEMS"),
        ("--map n=missing", "there is no missing"),
        ("--map n=text", "text is no list of elements, but str"),
        ("--map s=numbers", "cannot bind s"),
    ],
)
def test_a_wrong_line_is_one_sentence(nb, line, said):
    """What is missing, and what to write."""
    nb.cells("numbers, text, k, n = [1], 'ab', 1, 1")
    assert said in str(nb.cell(f"%%step x {line}\ns = 1").error)
