"""What shows only while a step runs is checked before a hit, and a change of it is named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

SETUP = "limit = 1\nname = 'limit'\nrules = ['limit + 1']"
RULE = "%%step rule\ny = [eval(rule) for rule in rules]"


def why(nb, step):
    """Return the last reason for which a step ran."""
    return nb.session.logs[step].reason


def test_a_change_of_a_name_in_a_text_is_named(nb):
    """With both values, as for a name in code."""
    nb.cells(SETUP, RULE, "limit = 2", RULE)
    assert nb.ran() == ["rule", "rule"]
    assert why(nb, "rule") == "global limit 1 → 2"
    assert nb["y"] == [3]


def test_a_value_that_comes_back_is_a_hit(nb):
    """One key has a record for each state of what its texts read."""
    nb.cells(SETUP, RULE, "limit = 2", RULE, "limit = 1", RULE)
    assert nb.ran() == ["rule", "rule"]
    assert nb["y"] == [2]


def test_a_name_that_comes_to_exist_is_named(nb):
    """It was looked for and not found."""
    step = "%%step rule\ntry:\n    y = eval(rules[0])\nexcept NameError:\n    y = 0"
    nb.cells("rules = ['lim' + 'it']", step, "limit = 2", step)
    assert nb.ran() == ["rule", "rule"]
    assert "limit" in why(nb, "rule")
    assert nb["y"] == 2


def test_a_function_called_by_a_text_counts_with_its_code(nb):
    """And with all that it reaches."""
    setup = "K = 1\ndef g():\n    return K\nrules = ['g' + '()']"
    nb.cells(setup, RULE, "K = 5", RULE)
    assert nb.ran() == ["rule", "rule"]
    assert nb["y"] == [5]


def test_a_value_without_a_fingerprint_keeps_the_step_out(nb):
    """The line names it."""
    setup = "gen = (n for n in [1, 2])\nrules = ['ge' + 'n.gi_running']"
    done = nb.cells(setup, RULE)
    assert "`gen" in done[-1].text
    nb.cells(RULE)
    assert nb.ran() == ["rule", "rule"]


def test_what_a_text_changes_in_place_keeps_the_step_out(nb):
    """A hit would not change it."""
    setup = "rows = []\nlines = ['row' + 's.append(1)']"
    step = "%%step grow\nexec(lines[0])"
    done = nb.cells(setup, step)
    assert "`rows" in done[-1].text
    nb.cells(step)
    assert nb["rows"] == [1, 1]


def test_what_a_text_binds_is_no_input(nb):
    """Also in the same kernel, where it exists afterwards."""
    step = "%%step bind\nexec('; '.join(lines))\ny = eval(lines[0][:1])"
    nb.cells("lines = ['a = 1', 'b = a']", step, step)
    assert nb.ran() == ["bind"]


@pytest.fixture
def ours(monkeypatch):
    """A module beside the notebook, in kernels that follow each other."""
    folder = str(Path.cwd())
    monkeypatch.syspath_prepend(folder)
    Path("ours.py").write_text("def f(x):\n    return x + 1\n")
    yield "kind = 'our'\nfrom importlib import import_module"
    sys.modules.pop("ours", None)


STEP = "%%step found\ny = import_module(f'{kind}s').f(2)"


def restarted(fresh):
    """Open a notebook in which no module of the project is loaded."""
    sys.modules.pop("ours", None)
    return fresh()


def test_a_module_of_a_computed_name_is_checked_by_its_text(fresh, ours):
    """It is not imported to find out."""
    nb = fresh()
    nb.cells(ours, STEP)
    nb = restarted(fresh)
    nb.cells(ours, STEP)
    assert nb.ran() == []
    assert "ours" not in sys.modules
    nb = restarted(fresh)
    Path("ours.py").write_text("def f(x):\n    return x + 20\n")
    nb.cells(ours, STEP)
    assert why(nb, "found") == "module ours changed"
    assert nb["y"] == 22


def test_a_comment_in_such_a_module_reruns_nothing(fresh, ours):
    """Its text is compared without."""
    fresh().cells(ours, STEP)
    nb = restarted(fresh)
    Path("ours.py").write_text("# what f does\ndef f(x):\n    return  x + 1\n")
    nb.cells(ours, STEP)
    assert nb.ran() == []
