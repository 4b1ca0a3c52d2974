"""Automatic mode: every cell is a step, where that spares time, and the page stays itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.notebook.world import Notebook
from zen_nb.notebook import automatic

LOAD = "%load_ext zen_nb\n%pipeline auto on"
SLOW = "import time\nn = 2\ntime.sleep(0.05)\nprint('n is', n)\nn"
# However busy the machine is, quick is quick.
STRICT = "%pipeline auto on --slower-than 1m"
PLAIN_ONES = {
    "imports": "import json\nfrom pathlib import Path",
    "definitions": "'''Text.'''\ndef f(x):\n    return x\nclass A:\n    pass",
    "harmless magics": "%load_ext autoreload\nimport json",
    "a cell magic": "%%time\nx = 1",
    "a line of zen_nb": "%pipeline status\nx = 1",
    "nothing": "# only a comment",
}


@pytest.fixture
def auto(fresh):
    """Open a notebook in automatic mode, with a kernel of its own."""

    def make(line: str = "%pipeline auto on") -> Notebook:
        nb = fresh()
        nb.cell(line)
        nb.log()
        return nb

    return make


def test_a_slow_cell_is_kept_and_comes_back_as_it_was(auto):
    """After a restart it is not run: its variables and what it showed are there."""
    shown = []
    for expected in ("ran", "cached"):
        nb = auto()
        (done,) = nb.cells(SLOW)
        assert [line.split()[0] for line in nb.log()] == [expected]
        assert nb["n"] == 2
        shown.append(done.shown)
    assert shown[0] == shown[1] == [("stdout", "n is 2\n"), ("result", "2")]


def test_the_page_is_told_only_of_what_took_a_noticeable_time(auto, monkeypatch):
    """A quick cell says nothing; a slow one has its line, on a run and on a hit."""
    assert auto().cell(SLOW).text == ""
    monkeypatch.setattr(automatic, "TOLD_FROM_S", 0.04)
    nb = auto()
    assert nb.cell(SLOW).text.startswith("Using cached version of n. ")
    assert nb.cell(f"{SLOW}\nm = n").text.startswith("Step n has finished in ")


@pytest.mark.parametrize("case", PLAIN_ONES)
def test_cells_with_nothing_to_spare_are_no_steps(auto, case):
    """Imports, definitions, other magics and empty cells run as they are, and say nothing."""
    nb = auto()
    done = nb.cell(PLAIN_ONES[case])
    assert done.error is None
    assert not nb.session.registry.names
    assert nb.log() == []
    assert all(about["role"] == "status" for _, about in done.said) or case == "a line of zen_nb"


def test_a_quick_cell_is_not_kept_and_not_asked_about_again(auto):
    """What runs faster than a record would come back is left alone from the second time on."""
    nb = auto(STRICT)
    nb.cells("x = 1", "x = 1")
    (step,) = nb.session.registry
    assert nb.session.store.history(step.name) == []
    assert nb.session.logs[step.name].note == automatic.CHEAP
    nb = auto()
    asked = []
    nb.session.begin = lambda *_: asked.append(1)
    nb.cells("x = 1")
    assert not asked
    assert nb["x"] == 1
    assert nb.log() == [f"ran {step.name}"]


def test_a_quick_cell_that_has_become_slow_is_kept_again(auto):
    """What it takes now counts: the same text may handle more than it did."""
    nb = auto()
    cell = "import time\ntime.sleep(wait)\nd = wait"
    nb.cells("wait = 0", cell, "wait = 0.4", cell, cell, cell)
    assert [line.split()[0] for line in nb.log()][-1] == "cached"


def test_slower_than_keeps_only_what_is_slower(auto):
    """With ``--slower-than`` a cell that takes less runs each time."""
    nb = auto(STRICT)
    nb.cells(SLOW, SLOW)
    assert [line.split()[0] for line in nb.log()] == ["ran", "ran"]
    said = nb.cell("%pipeline auto").text
    assert said.startswith("Every cell is a step: what takes 1 min 0 s or more is kept; ")


def test_a_step_line_wins(auto):
    """A cell that says what step it is keeps its name, and counts though it is quick."""
    nb = auto()
    cell = "%%step named\nx = 1"
    assert nb.cells(cell, cell)[1].text.startswith("Using cached version of named")
    assert nb.session.registry.names == ["named"]


def test_a_name_stays_with_its_cell(auto):
    """Edits and restarts do not change what a cell is called, so that it knows its records."""
    first = auto()
    first.cell(SLOW, cell_id="ab12cd34-and-more")
    (step,) = first.session.registry
    assert (step.name, step.title) == ("cell-ab12cd34", "n")
    second = auto()
    second.cell(f"other = 1\n{SLOW}", cell_id="ab12cd34-and-more")
    (step,) = second.session.registry
    assert (step.name, step.title) == ("cell-ab12cd34", "other")
    assert "code" in second.session.logs[step.name].reason
    assert "+other = 1" in str(second.session.registry and second.cell("%pipeline why other").text)


def test_cells_without_identifiers_are_told_by_title_and_place(auto):
    """The same cells in the same order have the same names in the next kernel."""
    names = []
    for _ in range(2):
        nb = auto()
        nb.cells("x = 1\ny = 2", "x = 3", "print(x)", "x = 1\ny = 2")
        names.append(nb.session.registry.names)
    assert names[0] == names[1]
    assert len(names[0]) == 3


def test_steps_are_named_by_their_titles(auto):
    """``why``, switches and ``--to`` take what the graph shows; one that two have is no name."""
    nb = auto()
    nb.cells("first = 1", "second = first + 1", "double = 1", "double = 2")
    assert "first" in nb.cell("%pipeline why first").text
    assert "Caching is off for second" in nb.cell("%pipeline off second").text
    assert nb.cell("%pipeline run --to second").error is None
    assert "there is no step 'double'" in str(nb.cell("%pipeline why double").error)


def test_a_run_executes_all_cells_in_order(auto):
    """``%pipeline run`` runs what must run, quick cells too, and leaves what running them leaves."""
    nb = auto()
    nb.cells("a = 1", "b = a + 1", SLOW)
    nb.names["a"], nb.names["b"] = 5, 5
    assert nb.cell("%pipeline run").error is None
    assert (nb["a"], nb["b"]) == (1, 2)
    assert nb.log()[-1].startswith("cached ")


def test_cells_that_cannot_be_kept_say_why_once(auto, monkeypatch):
    """Of quick cells alike the first says it for all; the reason stands in the table of steps."""
    nb = auto()
    monkeypatch.setenv("ZEN_NB_TEST_A", "0")
    once, twice = "%timeit -n1 -r1 1", "%timeit -n1 -r1 2"
    told = [cell.text for cell in nb.cells(once, twice, once, "%env ZEN_NB_TEST_A=1")]
    assert told[0] == f"{once} runs each time: what %timeit does cannot be replayed."
    assert told[1:3] == ["", ""]
    assert told[3].endswith("runs each time: what %env does cannot be replayed.")
    assert "what %timeit does" in nb.cell("%pipeline status").text


def test_a_cell_that_leaves_nothing_behind_runs_each_time(nb):
    """What a cell without variables, output and files is there for cannot be seen."""
    cell = "%%step s\nlen('a')\nNone"
    done = nb.cells(cell, cell)
    assert "Not cached: it leaves no variable, output or file" in done[0].text
    assert nb.log() == ["ran s", "ran s"]


def test_off_ends_it(auto):
    """Cells are plain again, and those that were steps by themselves are none any more."""
    nb = auto()
    nb.cells(SLOW, "%%step kept\nx = 1")
    nb.cell("%pipeline auto off")
    assert nb.session.registry.names == ["kept"]
    nb.log()
    nb.cells(SLOW)
    assert nb.log() == []
    assert "Only cells that begin with %%step" in nb.cell("%pipeline auto").text


def test_one_line_at_the_top_will_do(fresh):
    """The line that loads zen_nb and the one that turns it on may stand in one cell with code."""
    nb = fresh(with_steps=False)
    assert nb.cell(f"{LOAD}\nx = 1").error is None
    try:
        nb.cell(SLOW)
        assert [step.title for step in nb.session.registry] == ["n"]
    finally:
        nb.cell("%unload_ext zen_nb")


def test_a_project_turns_it_on(fresh, places):
    """``auto = true`` in pyproject.toml; a duration keeps only what is slower."""
    for written, least in (("true", 0.0), ('"2s"', 2.0)):
        (places / "work" / "pyproject.toml").write_text(f"[tool.zen_nb]\nauto = {written}\n")
        nb = fresh()
        assert (nb.session.automatic.on, nb.session.automatic.slower_than_s) == (True, least)


def test_a_failing_cell_is_the_users_own_affair(auto):
    """Its exception is as ever; executed again, it runs again."""
    nb = auto()
    for _ in range(2):
        done = nb.cell("x = 1\n1 / 0")
        assert isinstance(done.error, ZeroDivisionError)
        assert done.text == ""
    assert {line.split()[0] for line in nb.log()} == {"failed"}


def test_a_cell_that_becomes_a_definition_is_no_step_any_more(auto):
    """The graph holds what the page holds."""
    nb = auto()
    nb.cell("x = 1", cell_id="one")
    nb.cell("def x():\n    return 1", cell_id="one")
    assert not nb.session.registry.names


def test_what_is_known_of_cells_that_is_damaged_is_left(auto, places: Path):
    """Advice that cannot be read is none; it is written anew."""
    file = places / "cache" / "habits.json"
    file.parent.mkdir(exist_ok=True, mode=0o700)
    for damaged in ("{", "[1]", '{"a": "b"}'):
        file.write_text(damaged)
        auto(STRICT).cells("x = 1", "x = 1")
        assert all(type(part) is float for part in json.loads(file.read_text()).values())


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("%pipeline auto maybe", "write %pipeline auto on, or %pipeline auto off"),
        ("%pipeline auto on --faster", "has no option --faster; it has --slower-than"),
        ("%pipeline auto on --slower-than soon", "--slower-than: cannot read 'soon'"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_to_write(nb, line, error):
    """Nothing is switched, and one line says what would be."""
    assert error in str(nb.cell(line).error)
    assert not nb.session.automatic.on
