"""Names that a step binds in a loop or a branch and reads afterwards."""

from __future__ import annotations

import pytest

import zen_nb

TRAIN = "%%step train\nfor epoch in xs:\n    loss = epoch * 2\ny = loss, epoch\ny"
EDITED = TRAIN.replace("* 2", "* 3")
DEFAULT = "%%step fit\nif fast:\n    rate = 9\ny = rate"


def ran(nb, *cells: str) -> list[str]:
    nb.log()
    nb.cells(*cells)
    return nb.log()


def test_a_step_that_binds_what_it_reads_hits_the_second_time(nb):
    """What the first execution left is not what the second one reads."""
    assert ran(nb, "xs = [1, 2]", TRAIN, TRAIN) == ["ran train", "cached train"]
    assert nb["y"] == (4, 2)


def test_leftovers_of_a_session_do_not_count_after_a_restart(fresh):
    """An edited step that ran where leftovers were hits where there are none, and the reverse."""
    assert ran(fresh(), "xs = [1, 2]", TRAIN, EDITED, EDITED)[1:] == ["ran train", "cached train"]
    assert ran(fresh(), "xs = [1, 2]", EDITED) == ["cached train"]
    assert ran(fresh(), "xs = [1, 2]\nloss = epoch = 'old'", EDITED) == ["cached train"]


def test_a_leftover_that_is_read_counts(nb):
    """Where the loop is empty, each leftover is another input; a record is kept of each."""
    nb.cells("xs = [1, 2]", TRAIN, "xs = []", TRAIN)
    assert nb["y"] == (4, 2)
    assert ran(nb, "epoch = 7", TRAIN, "epoch = 2", TRAIN) == ["ran train", "cached train"]
    assert ran(nb, "epoch = 7", TRAIN, "xs = [1, 2]", TRAIN) == ["cached train", "cached train"]


def test_a_name_that_may_keep_its_value_is_an_input(nb):
    """A default of an earlier cell counts where the branch does not replace it, only there."""
    nb.cells("fast = False\nrate = 1", DEFAULT)
    assert ran(nb, "rate = 2", DEFAULT, "rate = 1", DEFAULT) == ["ran fit", "cached fit"]
    assert nb["y"] == 1
    assert ran(nb, "fast = True", DEFAULT, "rate = 5", DEFAULT) == ["ran fit", "cached fit"]


def test_a_step_that_asks_whether_a_name_exists_is_not_answered_from_where_it_does_not(nb):
    """A run without a leftover says nothing of one with it, unless it has bound the name."""
    cell = "%%step s\nfor v in xs:\n    pass\ntry:\n    y = v\nexcept NameError:\n    y = 'none'"
    nb.cells("xs = []", cell)
    assert nb["y"] == "none"
    nb.cells("v = 3", cell)
    assert nb["y"] == 3
    assert ran(nb, "del v", cell, "v = 3", cell) == ["cached s", "cached s"]


def test_what_a_step_might_have_bound_stays_as_it_is(nb):
    """A hit of a step that left a name alone leaves it alone, whatever it is by then."""
    cell = "%%step s\nif again:\n    model = 'new'\nfor i in xs:\n    pass\ny = 1"
    nb.cells("again = False\nxs = []\nmodel = 'old'\ni = 3", cell, "model = 'other'\ndel i")
    assert ran(nb, cell) == ["cached s"]
    assert nb["model"] == "other"
    assert "i" not in nb.names
    nb.cells("again = True", cell, "model = 'other'")
    assert ran(nb, cell) == ["cached s"]
    assert nb["model"] == "new"


def test_a_name_bound_to_what_it_was_is_bound(fresh):
    """Bound again to the very same object is told from left alone."""
    nb = fresh()
    nb.cells("xs = [1, 2]\ni = 2", "%%step s\nfor i in xs:\n    pass")
    nb = fresh()
    nb.cells("xs = [1, 2]")
    assert ran(nb, "%%step s\nfor i in xs:\n    pass") == ["cached s"]
    assert nb["i"] == 2


def test_whether_a_handler_deletes_its_name_counts(nb):
    """An exception that is handled takes the name away, on a hit as well."""
    cell = "%%step s\ntry:\n    int(word)\nexcept ValueError as e:\n    pass"
    nb.cells("word = 'q'", cell, "e = 3", cell)
    assert "e" not in nb.names
    assert ran(nb, "e = 3", cell) == ["cached s"]
    assert "e" not in nb.names
    assert not nb.session.registry.get("s").awaits


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose", "Minimal"])
@pytest.mark.parametrize("error", ["1/0", "raise KeyboardInterrupt"])
def test_an_error_in_the_loop_is_the_plain_cell_s(fresh, mode, error):
    """The same traceback, and what was left under the name is there again, or what was bound."""
    body = f"a = 0\n\nfor i in xs:\n    {error}\n    v = i\ny = v, i"
    seen = []
    for line in ("# a plain line", "%%step s"):
        nb = fresh()
        nb.cells(f"%xmode {mode}", "xs = [1]\nv = 'left'\ni = 'left'")
        done = nb.cell(f"{line}\n{body}")
        seen.append((done.traceback.replace(line, "<line>"), type(done.error), nb["v"], nb["i"]))
    assert seen[1] == seen[0]
    assert seen[0][2:] == ("left", 1)


def test_a_step_interrupted_in_the_loop_leaves_no_trace(nb):
    """It runs the next time as if it had not been tried."""
    nb.cells("xs = [1]\nv = 'left'\nstop = True")
    cell = "%%step s\nfor i in xs:\n    if stop: raise KeyboardInterrupt\n    v = i\ny = v"
    assert isinstance(nb.cell(cell).error, KeyboardInterrupt)
    assert (nb["v"], nb["i"]) == ("left", 1)
    nb.cells("stop = False", cell)
    assert nb["y"] == 1


@pytest.mark.parametrize("mode", ["all", "last", "last_expr", "last_expr_or_assign", "none"])
@pytest.mark.parametrize(
    "body",
    [
        "for i in xs:\n    i\n    v = i\nv\ny = v, i",
        "if xs:\n    v = 5\n    v\nv\ny = v\ny",
        "xs and (v := 5)\nv",
        "import asyncio\nfor i in xs:\n    await asyncio.sleep(0)\n    v = i\n    v\nv, i",
    ],
)
@pytest.mark.parametrize("filled", ["[1, 2]", "[]"])
def test_what_is_shown_is_what_the_plain_cell_shows(fresh, mode, body, filled):
    """Statements that are watched show what they show, in every mode, run and hit."""
    seen = []
    for line in ("# plain", "%%step s", "%%step s"):
        nb = fresh()
        nb.cells(f"xs = {filled}\nv = i = 'left'")
        nb.shell.ast_node_interactivity = mode
        (done,) = nb.cells(f"{line}\n{body}")
        outs = {number: value for number, value in nb["Out"].items() if number > 1}
        seen.append((done.page, list(outs.values()), nb["v"], nb["i"], nb["_"]))
    assert [part[-1] for part in seen[1][0]] == [part[-1] for part in seen[0][0]]
    assert seen[1][1:] == seen[0][1:]
    assert seen[2][1:] == seen[0][1:]


def test_a_function_that_others_call_sees_what_is_left(nb):
    """While the loop runs, callbacks that nobody can see coming find what they would find."""
    setup = (
        "import sys\nseen = []\nv = 'left'\ndef look(*_):\n    seen.append(v)\nsys.intern_ = look"
    )
    nb.cells(setup)
    nb.cells(
        "%%step s\nimport sys\nfor i in [*'ab']:\n    getattr(sys, 'int' 'ern_')()\n    v = i\ny = v"
    )
    assert nb["seen"] == ["left", "a"]
    nb.cells("del sys.intern_")


def test_a_helper_that_reads_the_name_makes_it_an_input(nb):
    """What the loop's own code does not show is as it was: the name is what was left under it."""
    nb.cells("xs = [1]\nv = 1\ndef look():\n    return v")
    cell = "%%step s\nseen = []\nfor i in xs:\n    seen.append(look())\n    v = i\ny = v, seen"
    nb.cells(cell, "v = 3", cell)
    assert nb["y"] == (1, [3])


def test_a_helper_that_deletes_the_name_deletes_it(nb):
    """Nothing is put back that the step deleted in a roundabout way."""
    nb.cells("v = 1\ndef drop():\n    global v\n    del v")
    done = nb.cell("%%step s\nfor i in [*'a']:\n    drop()\n    if i == 'b': v = i\ny = v")
    assert isinstance(done.error, NameError)
    assert "v" not in nb.names


def test_a_run_of_the_pipeline_does_the_same(nb):
    """``%pipeline run`` watches the same statements."""
    nb.cells("xs = [1, 2]", TRAIN, "xs = [3]")
    assert ran(nb, "%pipeline run", "%pipeline run") == ["ran train", "cached train"]
    assert ran(nb, "xs = []", "%pipeline run", "epoch = 5", "%pipeline run") == ["ran train"] * 2
    assert nb["y"] == (6, 5)


def test_steps_that_loop_over_one_name_do_not_wait_for_each_other(nb):
    """A forecast needs no leftover of a step that runs first, where none would be read."""
    other = "%%step other\nfor epoch in ys:\n    pass\nz = epoch"
    nb.cells("xs = ys = [1]", TRAIN, other, TRAIN)
    session = nb.session
    assert all(not step.awaits for step in session.registry)
    nb.cells("xs = [2]")
    plan = session.plan(session.registry.pipeline())
    assert {name: found.what for name, found in plan.items()} == {"train": "run", "other": "hit"}


def test_a_change_is_told_against_a_record_of_the_same_kind(nb):
    """A reason names what changed, not that a leftover is there or not any more."""
    nb.cells("xs = [1, 2]", TRAIN, "xs = [1, 2, 3]")
    plan = nb.session.plan(nb.session.registry.pipeline())["train"]
    assert [part.label for part in plan.comparison.changes] == ["input:xs"]
    (done,) = nb.cells(TRAIN)
    assert done.status["reason"].startswith("input xs")
    assert [part.label for part in zen_nb.why("train").changes] == ["input:xs"]
    (done,) = nb.cells(EDITED)
    assert done.status["reason"].startswith("code")
    nb.cells("fast = False\nrate = 1", DEFAULT, "rate = 2")
    (done,) = nb.cells(DEFAULT)
    assert done.status["reason"] == "input rate 1 → 2"


HELPER = "def twice(x):\n    return 2 * x"
HELPED = TRAIN.replace("epoch * 2", "twice(epoch)")


def test_an_accepted_change_holds_whatever_is_left(fresh):
    """It holds for the key that a run would get: with leftovers and without."""
    nb = fresh()
    nb.cells("xs = [1, 2]", HELPER, HELPED, HELPER.replace("2 * x", "x + x"))
    assert ran(nb, "%pipeline accept train", HELPED, "epoch = 9", HELPED) == ["cached train"] * 2
    nb = fresh()
    nb.cells("xs = [1, 2]", HELPER.replace("2 * x", "x + x"))
    assert ran(nb, HELPED) == ["cached train"]


def test_a_change_accepted_of_a_run_that_read_a_leftover_holds_for_that(nb):
    """Another leftover is another input, which was not accepted."""
    cell = "%%step fit\nif fast():\n    rate = 9\ny = rate"
    helper = "def fast():\n    return len('') > 1"
    nb.cells(helper, "rate = 1", cell, helper.replace("> 1", "> 2"))
    assert ran(nb, "%pipeline accept fit", cell) == ["cached fit"]
    assert ran(nb, "rate = 2", cell) == ["ran fit"]
    assert nb["y"] == 2


TIMED = "%%step fit\n%%time\nfor epoch in xs:\n    y = epoch"


def test_a_loop_under_a_magic_leaves_its_last_turn_or_what_was_there(nb):
    """Its statements cannot be watched: what they bind shows by the objects that are left."""
    nb.cells("xs = [1000, 2000]")
    assert ran(nb, TIMED, TIMED, "epoch = 5; y = 7", TIMED) == ["ran fit", *["cached fit"] * 2]
    assert (nb["epoch"], nb["y"]) == (2000, 2000)
    assert ran(nb, "xs = []", "epoch = 5; y = 7", TIMED, "y = 8", TIMED) == ["ran fit"] * 2
    assert (nb["epoch"], nb["y"]) == (5, 8)


def test_what_a_function_elsewhere_reads_is_not_kept_where_nobody_can_tell(nb):
    """The reason names what to do, and what was bound to something else is kept."""
    nb.cells("v = 1\ndef look():\n    return v")
    cell = "%%step s\nfor v in xs:\n    pass"
    nb.cells("xs = []")
    (done,) = nb.cells(cell)
    assert "`del v`" in done.text
    assert ran(nb, cell, "xs = [2]", cell, "v = 3", cell) == ["ran s", "ran s", "cached s"]
    assert nb["v"] == 2
