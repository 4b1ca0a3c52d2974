"""``%pipeline``: running, planning, explaining and clearing."""

from __future__ import annotations

import pytest

CELLS = (
    "%%step load n=3\nrows = list(range(n))\nprint('loaded', n)",
    "%%step clean k=1\nkept = [r for r in rows if r >= k]",
    "%%step total k=10\nt = sum(kept) * k\nt",
)


@pytest.fixture
def pipe(nb):
    """Three steps that have run."""
    nb.cells(*CELLS)
    nb.log()
    return nb


def test_a_run_executes_only_what_must_run(pipe):
    """Everything is cached; the page shows what each cell showed, and the sum."""
    done = pipe.cells("%pipeline run")[0]
    assert pipe.log() == ["cached load", "cached clean", "cached total"]
    assert ("stdout", "loaded 3\n") in done.page
    assert "All steps of the pipeline run were cached." in done.text


def test_a_parameter_overrides_by_name_for_one_run(pipe):
    """Outputs bind in the namespace, and the defaults are unchanged."""
    pipe.cells("%pipeline run n=5")
    assert pipe.log() == ["ran load", "ran clean", "ran total"]
    assert pipe["t"] == 100
    assert pipe.session.registry.get("load").parameters == {"n": 3}
    pipe.cells("%pipeline run")
    assert pipe["t"] == 30
    assert pipe.log() == ["cached load", "cached clean", "cached total"]


def test_a_parameter_of_one_step(pipe):
    """``step.name=`` overrides one step, a bare name all that have it."""
    pipe.cells("%pipeline run total.k=1")
    assert pipe["t"] == 3
    assert pipe.log() == ["cached load", "cached clean", "ran total"]
    pipe.cells("%pipeline run k=2")
    assert pipe["t"] == 4


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("run zz=1", "parameters: clean.k, load.n, total.k"),
        ("run zz.k=1", "no step 'zz'"),
        ("run load.k=1", "no step has the parameter 'load.k'"),
        ("run nightly", "no pipeline 'nightly'"),
        ("run load", "--to load"),
        ("run --to zz", "no step 'zz'"),
        ("run --no-cache=zz", "no step 'zz'"),
        ("run --fast", "no option --fast"),
        ("rnu", "did you mean run?"),
        ("define x", "write %pipeline define NAME STEP"),
        ("define run load", "word of %pipeline"),
        ("define load clean", "name of a step"),
        ("define x zz", "no step 'zz'"),
        ("define x load q=1", "no step has the parameter 'q'"),
        ("why", "write %pipeline why STEP"),
        ("why zz", "no step 'zz'"),
        ("clear zz", "no step 'zz'"),
        ("show", "--mermaid"),
    ],
)
def test_a_wrong_line_is_one_line(pipe, line, says):
    """What, where and what to do, in one line, without frames."""
    done = pipe.cell(f"%pipeline {line}")
    assert says in done.traceback
    assert len(done.traceback.strip().splitlines()) == 1


def test_a_refused_definition_defines_nothing(pipe):
    """A pipeline with a parameter that no step has is not there afterwards."""
    pipe.cell("%pipeline define x load q=1")
    assert pipe.session.registry.pipelines == []


def test_run_up_to_a_step(pipe):
    """``--to`` executes the step and what it depends on."""
    pipe.cells("%pipeline run --to clean")
    assert pipe.log() == ["cached load", "cached clean"]


def test_run_without_the_cache(pipe):
    """``--no-cache`` runs all, ``--no-cache=step`` that one."""
    pipe.cells("%pipeline run --no-cache")
    assert pipe.log() == ["ran load", "ran clean", "ran total"]
    pipe.cells("%pipeline run --no-cache=clean")
    assert pipe.log() == ["cached load", "ran clean", "cached total"]


def test_run_without_storing(pipe):
    """``--no-store`` leaves no record of the run."""
    pipe.cells("%pipeline run n=4 --no-store")
    assert pipe.log() == ["ran load", "ran clean", "ran total"]
    pipe.cells("%pipeline run n=4")
    assert pipe.log() == ["ran load", "ran clean", "ran total"]


def test_a_defined_pipeline(pipe):
    """A pipeline has steps, parameters and a setting of its own; a run overrides its parameters."""
    pipe.cells("%pipeline define nightly load clean n=6", "%pipeline run nightly")
    assert pipe.log() == ["ran load", "ran clean"]
    assert pipe["kept"] == [1, 2, 3, 4, 5]
    pipe.cells(
        "%pipeline run nightly n=2", "%pipeline define fresh load --no-cache", "%pipeline run fresh"
    )
    assert pipe.log() == ["ran load", "ran clean", "ran load"]


def test_a_failing_step_stops_the_run(nb):
    """The exception is the user's own; nothing after it runs; its traceback has the step's line."""
    nb.cells(
        "bad = False",
        "%%step a\nx = 1",
        "%%step b\nif bad:\n    raise ValueError('no')\ny = x",
        "%%step c\nz = y",
    )
    nb.cells("bad = True")
    nb.log()
    done = nb.cell("%pipeline run")
    assert isinstance(done.error, ValueError)
    assert nb.log() == ["cached a", "failed b"]
    assert "raise ValueError('no')" in done.traceback
    assert "runner.py" not in done.traceback


def test_steps_that_await(nb):
    """A run line whose steps await is awaited by the cell."""
    nb.cells("import asyncio", "%%step a\nawait asyncio.sleep(0)\nx = 1\nx", "%%step b\ny = x")
    nb.log()
    done = nb.cells("%pipeline run --no-cache", "%pipeline run")
    assert nb.log() == ["ran a", "ran b", "cached a", "cached b"]
    assert ("result", "1") in done[0].shown
    error = nb.cell("%pipeline run zz=1")
    assert len(error.traceback.strip().splitlines()) == 1


def test_a_run_shows_what_the_cells_show(nb):
    """Results, trailing semicolons and displays are those of the cells."""
    cells = (
        "%%step a\nx = 1\nx",
        "%%step b\ny = 2\ny;",
        "%%step c\nfor i in range(2):\n    print(i)",
    )
    pages = [cell.shown for cell in nb.cells(*cells)]
    ran, hit = nb.cells("%pipeline run --no-cache", "%pipeline run")
    assert ran.shown == hit.shown == [*pages[0], *pages[1], *pages[2]]


def test_plan_runs_nothing(pipe):
    """A plan says what a run would do, and why."""
    done = pipe.cells("%pipeline plan", "%pipeline plan n=5")
    assert "3 cached, 0 to run" in done[0].text
    assert "0 cached, 3 to run" in done[1].text
    assert "param n 3 → 5" in done[1].text
    assert "waits for load" in done[1].text
    assert pipe.log() == []


def test_why_after_a_run_names_the_change(pipe):
    """A diff of what changed; right after a hit it says since when nothing changed."""
    pipe.cells("%%step clean k=2\nkept = [r for r in rows if r > k]")
    text = pipe.cells("%pipeline why clean")[0].text
    assert "param k 1 → 2" in text
    assert "-kept = [r for r in rows if r >= k]" in text
    assert "+kept = [r for r in rows if r > k]" in text
    assert "Now it would be cached." in text
    pipe.cells("%pipeline run")
    text = pipe.cells("%pipeline why clean")[0].text
    assert "was cached" in text
    assert "Now it would be cached." in text


def test_why_before_a_run_says_what_would_change(pipe):
    """An edited input shows in what would happen now, before anything runs."""
    pipe.cells("rows = [7]")
    text = pipe.cells("%pipeline plan")[0].text
    assert "3 cached" in text
    pipe.cells("%pipeline drop load")
    assert "3 → 1 items" in pipe.cells("%pipeline why clean")[0].text


def test_why_of_a_step_that_failed(nb):
    """The error is named, and what would happen now."""
    nb.cell("%%step a\n1/0")
    text = nb.cells("%pipeline why a")[0].text
    assert "ZeroDivisionError: division by zero" in text
    assert "it would run" in text


def test_status_lists_every_step(pipe):
    """Steps, states, times, the store and the time saved."""
    pipe.cells("%pipeline run")
    text = pipe.cells("%pipeline status")[0].text
    for word in ("load", "clean", "total", "cached", "Store: ", "saved since the kernel started"):
        assert word in text


def test_clear_removes_records(pipe):
    """`clear STEP` makes that step run again, `clear` all of them."""
    pipe.cells("%pipeline clear clean", "%pipeline run")
    assert pipe.log() == ["cached load", "ran clean", "cached total"]
    pipe.cells("%pipeline clear", "%pipeline run")
    assert pipe.log() == ["ran load", "ran clean", "ran total"]
    assert len(pipe.session.store.history("load")) == 1


def test_mermaid(pipe):
    """The graph as text."""
    text = pipe.cells("%pipeline show --mermaid")[0].text
    assert 's0["load<br/>✓ up to date' in text
    assert 's0 -->|"rows"| s1' in text


def test_the_graph_in_a_terminal(pipe):
    """``%pipeline`` in a terminal prints the graph with the right forecast, at the first time."""
    page = pipe.cells("%pipeline")[0].page
    assert "3 cached, 0 to run" in page[0][1]


def test_the_forecast_is_right_when_the_graph_is_opened(pipe):
    """A graph that is shown for the first time knows what would run."""
    from zen_nb.faces.live import LivePipeline

    live = LivePipeline(pipe.session)
    live.opened()
    assert live.snapshot().run.cached == 3
