"""The ``%%step`` line in a notebook."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter


def test_a_bare_step_is_named_after_its_first_output(nb):
    """``%%step`` alone takes the first name its cell binds that is not private."""
    nb.cells("%%step\n_tmp = 1\ntable = _tmp + 1")
    assert nb.session.registry.names == ["table"]


def test_a_bare_step_without_outputs_is_named_after_its_cell(nb):
    """Where nothing is bound, the number of the cell makes the name."""
    nb.cells("%%step\nprint('hi')")
    assert nb.session.registry.names == [f"cell_{nb.shell.execution_count - 1}"]


def test_a_bare_step_with_outputs_is_named_after_the_first_declared(nb):
    """A declared output goes before the order of the code."""
    nb.cells("%%step -> b\na = 1\nb = 2")
    assert nb.session.registry.names == ["b"]


def test_nothing_is_expanded(nb):
    """Braces and dollars reach the parameter as they stand."""
    nb.cells("who = 'me'", "%%step a text='{who} $who'\nx = text")
    assert nb["x"] == "{who} $who"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%step a k=fast\nx = 1", "k=fast is not a Python literal; write k='fast'"),
        ("%%step a b\nx = 1", "%%step takes one name"),
        ("%%step a/b\nx = 1", "for example a_b"),
        ("%%step a t.k=1\nx = 1", "write k="),
        ("%%step a --no-cahce\nx = 1", "did you mean --no-cache"),
        ("%%step a --expires\nx = 1", "--expires"),
        ("%%step a --expires soon\nx = 1", "7d"),
        ("%%step a -> y\nx = 1", "'y', which its cell does not bind; it binds: x"),
        ("%%step a --no-c\nx = 1", "--no-c"),
    ],
)
def test_a_wrong_line_is_an_error_of_one_line(nb, cell, says):
    """What, where and what to do in one line; the body does not run; no frames of zen_nb."""
    done = nb.cell(cell)
    assert says in done.traceback
    assert "\n" not in done.traceback.strip()
    assert "x" not in nb.names
    assert nb.session.registry.names == []


def test_help_explains_every_option_with_an_example(nb):
    """``%%step?`` shows each option and how it is written."""
    page = nb.shell.object_inspect_text("%%step")
    dense = "".join(page.split())  # lines are broken to the terminal's width
    for example in (
        "%%step train --cache",
        "%%step train --no-cache",
        "%%step secret --no-store",
        "%%step rates --expires 7d",
        "%%step load --ignore conn",
        "%%step load --file sales.db",
        "%%step train -> model, acc",
        "%%step train gamma=0.001 kernel='rbf'",
    ):
        assert "".join(example.split()) in dense


def test_help_does_not_run_a_cell(nb):
    """``%%step?`` is a question, not a step."""
    done = nb.cell("%%step?")
    assert done.error is None
    assert nb.session.registry.names == []


def test_the_magic_is_listed_and_completed(nb):
    """``%lsmagic`` and completion know ``%%step`` and ``%pipeline``."""
    magics = nb.shell.magics_manager.lsmagic()
    assert "step" in magics["cell"]
    assert "pipeline" in magics["line"]


def test_names_are_completed_in_a_step_cell(nb):
    """Completion works beneath the magic line as in any cell."""
    nb.cells("frame_one = 1")
    cell = "%%step a\nx = frame_o"
    with provisionalcompleter():
        found = list(nb.shell.Completer.completions(cell, len(cell)))
    assert "frame_one" in [completion.text for completion in found]


def test_a_step_line_beneath_other_code_says_where_it_belongs(nb):
    """A step line that is not the first line of its cell is an error that says so."""
    done = nb.cell("y = 1\nget_ipython().run_cell_magic('step', 'a', 'x = 1')")
    assert "first line" in str(done.error)


def test_blank_lines_and_comments_above_the_step_line(nb):
    """Blank lines above the magic line do not matter."""
    nb.cells("\n\n%%step a\nx = 1")
    assert nb.session.registry.names == ["a"]
    assert nb["x"] == 1


def test_an_empty_step_is_a_step(nb):
    """A step cell without a body runs and hits."""
    nb.cells("%%step a", "%%step a")
    assert nb.log() == ["ran a", "cached a"]


def test_parameters_are_bound_while_running_and_win_over_globals(nb):
    """A parameter hides a global of its name for the run, also in a function of the cell."""
    nb.cells("k = 'global'", "%%step a k='own'\ndef f():\n    return k\nx = f() + k")
    assert nb["x"] == "ownown"
    assert nb["k"] == "global"


def test_a_parameter_without_a_global_leaves_nothing(nb):
    """A parameter's name is unbound again after run and hit alike."""
    for _ in range(2):
        nb.cells("%%step a k=2\nx = k")
        assert "k" not in nb.names
    assert nb.log() == ["ran a", "cached a"]


def test_a_parameter_is_restored_after_an_error(nb):
    """An exception in the step gives the global back."""
    nb.cells("k = 'global'")
    done = nb.cell("%%step a k=1\nx = k\n1/0")
    assert isinstance(done.error, ZeroDivisionError)
    assert nb["k"] == "global"
    assert nb["x"] == 1


def test_a_parameter_that_the_cell_binds_again_is_not_an_output(nb):
    """Assigning to a parameter changes it for the run only, on run and hit alike."""
    for _ in range(2):
        nb.cells("k = 'global'", "%%step a k=2\nk += 1\nx = k")
        assert (nb["k"], nb["x"]) == ("global", 3)
    assert nb.log() == ["ran a", "cached a"]


def test_a_parameter_reaches_helpers(nb):
    """A helper that reads a global sees the parameter of that name while the step runs."""
    nb.cells("k = 1\ndef f():\n    return k", "%%step a k=5\nx = f()")
    assert nb["x"] == 5
    nb.cells("%%step a k=6\nx = f()")
    assert nb["x"] == 6
    nb.cells("k = 2", "%%step a k=6\nx = f()")
    assert nb.log() == ["ran a", "ran a", "cached a"]


def test_options_do_not_count(nb):
    """Editing the options of a line reruns nothing."""
    nb.cells("%%step a\nx = 1", "%%step a --expires 7d\nx = 1", "%%step a --cache\nx = 1")
    assert nb.log() == ["ran a", "cached a", "cached a"]


def test_the_name_does_not_count(nb):
    """Another cell with the same code hits the record of the first."""
    nb.cells("%%step a\nx = 1", "%%step b\nx = 1")
    assert nb.log() == ["ran a", "cached b"]


def test_expired_records_run_again(nb):
    """``--expires 0s`` makes every record too old; the reason says so."""
    nb.cells("%%step a --expires 0s\nx = 1")
    done = nb.cells("%%step a --expires 0s\nx = 1")[0]
    assert nb.log() == ["ran a", "ran a"]
    assert "expired" in done.status["reason"]


def test_no_store_keeps_nothing(nb):
    """``--no-store`` runs each time and leaves no record; the page says so once."""
    first, second = nb.cells("%%step a --no-store\nx = 1", "%%step a --no-store\nx = 1")
    assert nb.log() == ["ran a", "ran a"]
    assert nb.session.store.history("a") == []
    assert "--no-store" in first.text
    assert second.status["stored"] is False


def test_a_declared_file_counts(nb, places):
    """``--file`` makes a step depend on a file that it cannot be seen to read."""
    path = places / "work" / "rates.db"
    path.write_text("1")
    nb.cells("%%step a --file rates.db\nx = 1", "%%step a --file rates.db\nx = 1")
    path.write_text("22")
    done = nb.cells("%%step a --file rates.db\nx = 1")[0]
    assert nb.log() == ["ran a", "cached a", "ran a"]
    assert "rates.db" in done.status["reason"]


def test_an_ignored_input_is_out_of_the_key(nb):
    """``--ignore`` takes an input out on the user's word, and the record is badged."""
    cell = "%%step a --ignore conn\nx = len(str(conn)) > 0"
    nb.cells("import threading\nconn = threading.Lock()", cell, "conn = threading.Lock()", cell)
    assert nb.log() == ["ran a", "cached a"]
    assert "ignored:conn" in nb.session.logs["a"].badges
