"""Who decides whether the cache is read, rung by rung."""

from __future__ import annotations

import itertools
import threading

import pytest

CELL = "%%step a{}\nx = 1"
ROUTES = {None: "", True: " --cache", False: " --no-cache"}


def outcome(nb):
    return nb.log()[-1] == "cached a"


@pytest.mark.parametrize(
    ("now", "run", "step", "around"), list(itertools.product([None, True, False], repeat=4))
)
def test_the_highest_rung_that_is_set_wins(fresh, monkeypatch, now, run, step, around):
    """This step's toggle, the run's toggle, the step's line, the surroundings, on."""
    if around is not None:
        monkeypatch.setenv("ZEN_NB_ENABLE_CACHE", str(around))
    nb = fresh()
    nb.cells("%%step a\nx = 1")
    if now is not None:
        nb.cells(f"%pipeline {'on' if now else 'off'} a")
    if run is not None:
        nb.cells(f"%pipeline {'on' if run else 'off'}")
    nb.cells(CELL.format(ROUTES[step]))
    expected = next((rung for rung in (now, run, step, around) if rung is not None), True)
    assert outcome(nb) is expected


@pytest.mark.parametrize(
    ("now", "run", "step", "pipe"), list(itertools.product([None, True, False], repeat=4))
)
def test_the_rungs_of_a_run(fresh, now, run, step, pipe):
    """This step in this run, this run, the step, the pipeline."""
    nb = fresh()
    nb.cells(CELL.format(ROUTES[step]), f"%pipeline define p a{ROUTES[pipe]}")
    options = ROUTES[run] + (f"{ROUTES[now]}=a" if now is not None else "")
    nb.cells(f"%pipeline run p{options}")
    expected = next((rung for rung in (now, run, step, pipe) if rung is not None), True)
    assert outcome(nb) is expected


def test_off_still_stores(nb):
    """A run with the cache off is stored, so the next cached run finds the newest."""
    nb.cells(
        "import itertools\ncount = itertools.count().__next__",
        "%%step a --ignore count\nx = count()",
    )
    nb.cells(
        "%%step a --ignore count --no-cache\nx = count()",
        "x = None",
        "%%step a --ignore count\nx = count()",
    )
    assert nb["x"] == 1
    assert nb.log() == ["ran a", "ran a", "cached a"]


def test_on_never_serves_what_changed(nb):
    """Where caching is on, a change in code still runs."""
    nb.cells("%%step a\nx = 1", "%pipeline on a", "%%step a\nx = 2")
    assert nb.log() == ["ran a", "ran a"]


def test_toggles_last_until_cleared(nb):
    """A toggle applies to Shift-Enter and to runs, until it is reset."""
    nb.cells(
        "%%step a\nx = 1", "%pipeline off a", "%%step a\nx = 1", "%pipeline run", "%pipeline run"
    )
    assert nb.log() == ["ran a"] * 4
    nb.cells("%pipeline reset", "%%step a\nx = 1", "%pipeline run")
    assert nb.log() == ["cached a"] * 2


def test_the_reason_names_who_said_so(nb):
    """A step that runs because of a toggle says which."""
    nb.cells("%%step a\nx = 1", "%pipeline off a")
    assert "this step's toggle" in nb.cells("%%step a\nx = 1")[0].status["reason"]
    nb.cells("%pipeline reset", "%pipeline off")
    assert "this run" in nb.cells("%%step a\nx = 1")[0].status["reason"]
    nb.cells("%pipeline reset")
    assert "the step" in nb.cells("%%step a --no-cache\nx = 1")[0].status["reason"]


def test_the_project_sets_the_surroundings(fresh, places, monkeypatch):
    """``[tool.zen_nb]`` in pyproject.toml counts, and the environment goes before it."""
    (places / "work" / "pyproject.toml").write_text("[tool.zen_nb]\nenable_cache = false\n")
    nb = fresh()
    nb.cells("%%step a\nx = 1")
    done = nb.cells("%%step a\nx = 1")[0]
    assert nb.log() == ["ran a", "ran a"]
    assert "pyproject.toml" in done.status["reason"]
    monkeypatch.setenv("ZEN_NB_ENABLE_CACHE", "on")
    nb = fresh()
    nb.cells("%%step a\nx = 1")
    assert nb.log() == ["cached a"]


def test_a_bad_setting_is_one_line_and_no_obstacle(fresh, monkeypatch):
    """A setting that cannot be read is told when zen_nb is loaded; the defaults hold."""
    monkeypatch.setenv("ZEN_NB_ENABLE_CACHE", "perhaps")
    nb = fresh(with_steps=False)
    done = nb.cell("%load_ext zen_nb")
    (said,) = [text for text, _ in done.said]
    assert said == (
        "The settings are ignored: "
        "ZEN_NB_ENABLE_CACHE='perhaps' is not a switch; write true or false"
    )
    assert not done.traceback
    first, second = nb.cells("%%step a\nx = 1", "%%step a\nx = 1")
    assert (first.status["cached"], second.status["cached"]) == (False, True)


def test_a_toggle_flipped_while_a_cell_runs(nb):
    """From another thread, during a run: the running step goes on, the next one obeys."""
    nb.cells("%%step a\nx = 1", "%%step b\ny = 1")
    nb.log()
    session = nb.session

    def flip():
        thread = threading.Thread(target=session.flip, args=("b", False))
        thread.start()
        thread.join()

    nb.names["flip"] = flip
    nb.cells("flip()\nz = 1", "%%step b\ny = 1")
    assert nb.log() == ["ran b"]


def test_a_toggle_of_an_unknown_step(nb):
    """A step that is not there cannot be switched."""
    assert "no step 'zz'" in nb.cell("%pipeline off zz").traceback


def test_quiet_leaves_out_what_changes(fresh, monkeypatch):
    """``status = quiet``: two hits say the same."""
    monkeypatch.setenv("ZEN_NB_STATUS", "quiet")
    nb = fresh()
    nb.cells("%%step a\nx = 1")
    one, two = nb.cells("%%step a\nx = 1", "%%step a\nx = 1")
    assert one.said == two.said
    assert one.text.startswith("Using cached version of a.")
