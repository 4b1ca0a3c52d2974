"""What reruns, what does not: the ordered list of what ran."""

from __future__ import annotations

import importlib
import sys

import pytest

SETUP = """
import pandas as pd
ALPHA = 2
def scale(table):
    return table * factor()
def factor():
    return ALPHA
def unused():
    return 1
"""
LOAD = "%%step load\ntable = pd.DataFrame({'x': [1, 2, 3]})"
SCALE = "%%step scaled\nbig = scale(table)"
TOTAL = "%%step total\nn = int(big.x.sum())"
SIDE = "%%step side\nm = len(table)"
STEPS = (LOAD, SCALE, TOTAL, SIDE)
NAMES = ("load", "scaled", "total", "side")


@pytest.fixture
def pipe(nb):
    """Four steps that have run."""
    nb.cells(SETUP, *STEPS)
    assert nb.ran() == list(NAMES)
    return nb


def edited(nb, cells):
    nb.cells(*cells)
    return nb.ran()


def test_nothing_changed_nothing_runs(pipe):
    """The same cells again are all hits."""
    assert edited(pipe, (SETUP, *STEPS)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("table = pd", "# a comment\n\ntable   =   pd"),
        ("table = pd", "table: 'pd.DataFrame' = pd"),
        ("'x': [1, 2, 3]", "'x': [\n    1,\n    2,\n    3,\n]"),
        ("'x'", '"x"'),
    ],
)
def test_comments_and_formatting_rerun_nothing(pipe, old, new):
    """Comments, blank lines, line breaks, quotes and annotations do not count."""
    assert edited(pipe, (SETUP, LOAD.replace(old, new), *STEPS[1:])) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ALPHA = 2", "ALPHA = 3", ["scaled", "total"]),
        ("return ALPHA", "return ALPHA + 1", ["scaled", "total"]),
        ("return ALPHA", "return ALPHA  # why", []),
        ("return table *", "return 2 * table *", ["scaled", "total"]),
        ("return 1", "return 2", []),
        ("def factor():", "def factor():\n    'Documented.'", []),
    ],
)
def test_a_helper_or_global_reruns_what_depends_on_it(pipe, old, new, expected):
    """A helper, the helpers it calls and the globals they read count for their users only."""
    assert edited(pipe, (SETUP.replace(old, new), *STEPS)) == expected


def test_an_edit_of_a_step_reruns_it_and_what_its_output_changes(pipe):
    """Another table makes everything below run."""
    assert edited(pipe, (LOAD.replace("1, 2, 3", "4, 5, 6"), *STEPS[1:])) == list(NAMES)


def test_early_cutoff(pipe):
    """A step that ran and gave an equal frame makes nothing below run."""
    other_code = "%%step load\ntable = pd.DataFrame({'x': range(1, 4)}, dtype='int64')"
    assert edited(pipe, (other_code, *STEPS[1:])) == ["load"]


def test_there_and_back_again_hits(pipe):
    """A → B → A: the first record is still there."""
    changed = SETUP.replace("ALPHA = 2", "ALPHA = 3")
    assert edited(pipe, (changed, *STEPS)) == ["scaled", "total"]
    assert edited(pipe, (SETUP, *STEPS)) == []
    assert edited(pipe, (changed, *STEPS)) == []


def test_a_parameter_reruns_its_step(nb):
    """A parameter counts with its type."""
    nb.cells(
        "%%step a k=1\nx = k",
        "%%step a k=1.0\nx = k",
        "%%step a k=True\nx = k",
        "%%step a k=1\nx = k",
    )
    assert nb.log() == ["ran a", "ran a", "ran a", "cached a"]


def test_a_read_file_that_changed_reruns(nb, places):
    """A file that Python opened is a dependency without being declared."""
    path = places / "work" / "rows.csv"
    path.write_text("x\n1\n")
    cells = (
        "import pandas as pd",
        "%%step load\nt = pd.read_csv('rows.csv')",
        "%%step n\nn = len(t)",
    )
    nb.cells(*cells, *cells)
    assert nb.ran() == ["load", "n"]
    path.write_text("x\n1\n2\n")
    done = nb.cells(*cells)[1]
    assert nb.ran() == ["load", "n"]
    assert "rows.csv" in done.status["reason"]
    path.write_text("x\n1\n")
    nb.cells(*cells)
    assert nb.ran() == []


def test_a_file_that_was_not_there(nb, places):
    """A file that the step looked for and did not find counts when it appears."""
    cell = "%%step a\ntry:\n    x = open('maybe.txt').read()\nexcept OSError:\n    x = 'none'"
    nb.cells(cell, cell)
    (places / "work" / "maybe.txt").write_text("there")
    nb.cells(cell)
    assert nb.ran() == ["a", "a"]
    assert nb["x"] == "there"


def test_an_environment_variable_that_was_read(nb, monkeypatch):
    """A variable that the step read counts; another does not."""
    monkeypatch.setenv("REGION", "north")
    cell = "%%step a\nimport os\nx = os.environ['REGION']"
    nb.cells(cell, cell)
    monkeypatch.setenv("REGION", "south")
    monkeypatch.setenv("OTHER_VARIABLE", "1")
    done = nb.cells(cell)[0]
    assert nb.ran() == ["a", "a"]
    assert "REGION" in done.status["reason"]


@pytest.fixture
def module(places, monkeypatch):
    """A module of the project beside the notebook, as text that can be changed and reloaded."""
    folder = places / "work"
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text):
        (folder / "local_rules.py").write_text(text)
        importlib.invalidate_caches()
        sys.modules.pop("local_rules", None)

    yield write
    sys.modules.pop("local_rules", None)


RULES = "def keep(x):\n    return x > LIMIT\n\nLIMIT = 1\n\ndef other():\n    return 1\n"


def test_an_imported_local_module(fresh, module):
    """The parts of a local module that a step reaches count; other parts and comments do not."""
    cells = (
        "from local_rules import keep",
        "%%step a\nx = [keep(n) for n in range(3)]",
        "%%step b\nimport local_rules\ny = local_rules.keep(5)",
        "%%step c\nz = 1",
    )
    found = []
    for text in (
        RULES,
        RULES,
        RULES.replace("return 1", "return 2"),
        "# a comment\n" + RULES,
        RULES.replace("LIMIT = 1", "LIMIT = 2"),
        RULES.replace("x > LIMIT", "x >= LIMIT"),
    ):
        module(text)
        nb = fresh()
        nb.cells(*cells)
        found.append(nb.ran())
    assert found == [["a", "b", "c"], [], [], [], ["a", "b"], ["a", "b"]]


def test_seeded_random_numbers(fresh):
    """A stream that the notebook seeds is exact; another seed reruns; the state after it is restored."""
    cells = (
        "%%step draw\nx = rng_random()",
        "%%step more\ny = rng_random()",
        "after = rng_random()",
    )
    setup = "import random\nfrom random import random as rng_random\nrandom.seed({})"
    nb = fresh()
    nb.cells(setup.format(1), *cells)
    first = (nb["x"], nb["y"], nb["after"])
    assert nb.ran() == ["draw", "more"]
    nb = fresh()
    nb.cells(setup.format(1), *cells)
    assert nb.ran() == []
    assert (nb["x"], nb["y"], nb["after"]) == first
    nb = fresh()
    nb.cells(setup.format(2), *cells)
    assert nb.ran() == ["draw", "more"]
    assert nb["x"] != first[0]


def test_the_reason_names_what_changed(pipe):
    """The status line of a rerun says which component changed, and how."""
    done = pipe.cells(SETUP.replace("ALPHA = 2", "ALPHA = 3"), SCALE)[1]
    assert "global ALPHA 2 → 3" in done.text
    done = pipe.cells(SETUP.replace("return ALPHA", "return -ALPHA"), SCALE)[1]
    assert "helper factor() line 6 changed" in done.text
    done = pipe.cells(LOAD.replace("1, 2, 3", "1, 2, 4"), SCALE)[1]
    assert "input table: column x: 1 of 3 values changed" in done.text
    assert "first run" not in done.text


def test_the_first_run_says_so(nb):
    """A step that was never seen says that this is its first run."""
    assert "first run" in nb.cells("%%step a\nx = 1")[0].text


def test_a_library_imported_in_between_reruns_nothing(fresh):
    """Whether pandas is loaded, and how it is set, is nothing to a step that does not use it."""
    cell = "%%step a\nrows = [1, 2]\nprint(rows)\nrows"
    nb = fresh()
    nb.cells("import pandas as pd, numpy as np", cell)
    nb.cells("pd.set_option('display.max_rows', 7)")
    nb.cells(cell, "pd.reset_option('display.max_rows')", cell)
    assert nb.log() == ["ran a", "cached a", "cached a"]
    nb = fresh()
    nb.cells(cell)
    assert nb.log() == ["cached a"]
