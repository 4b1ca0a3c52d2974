"""What a step moves outside its variables is kept and moved again; seeded streams are exact."""

from __future__ import annotations

import decimal
import logging
import os
import pickle
import random
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from zen_nb.observe import ambient
from zen_nb.observe.ambient import AmbientWatch, Moved
from zen_nb.observe.settings import changed_list, list_change
from zen_nb.observe.traces import broken as check
from zen_nb.observe.twister import Position, leads_to, shows_a_seed


def watched(body) -> Moved:
    watch = AmbientWatch()
    watch.start()
    try:
        body()
    finally:
        moved = watch.stop()
    return moved


@pytest.fixture(autouse=True)
def as_before(tmp_path, monkeypatch):
    """Put everything back that a test moves."""
    monkeypatch.chdir(tmp_path)
    states = ambient.capture()
    with (
        warnings.catch_warnings(),
        mpl.rc_context(),
        np.printoptions(),
        np.errstate(),
        decimal.localcontext(),
        sklearn.config_context(),
        pd.option_context("display.max_rows", pd.get_option("display.max_rows")),
    ):
        yield
    after = ambient.capture()
    for name in ("os.environ", "sys.path", "logging"):
        setting = ambient._settings[name]
        change = setting.change(after[name], states[name])
        if change is not None:
            setting.make(change)


def put_back(before) -> None:
    """Undo whatever moved since `before`."""
    for name, setting in ambient._settings.items():
        now = setting.read()
        change = setting.change(now, before[name])
        if change is not None:
            setting.make(change)


MOVES = {
    "os.environ": lambda: os.environ.update(ZEN_NB_TEST_MOVED="1"),
    "working directory": lambda: os.chdir(Path.cwd().parent),
    "sys.path": lambda: sys.path.insert(0, "/nowhere/zen_nb"),
    "warnings.filters": lambda: warnings.simplefilter("ignore", ResourceWarning),
    "logging": lambda: logging.getLogger("zen_nb.tests.moved").setLevel(7),
    "matplotlib.rcParams": lambda: plt.rcParams.update({"figure.figsize": [1.5, 2.5]}),
    "pandas.options": lambda: pd.set_option("display.max_rows", 17),
    "numpy.printoptions": lambda: np.set_printoptions(precision=3),
    "numpy.err": lambda: np.seterr(divide="ignore"),
    "sklearn.config": lambda: sklearn.set_config(transform_output="pandas"),
    "sklearn.elements": lambda: LinearRegression()._repr_html_(),
    "decimal.context": lambda: setattr(decimal.getcontext(), "prec", 50),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_moved_setting_is_moved_again(name):
    """A change of every kind is seen alone, can be pickled, and is made again from its item."""
    before = ambient.capture()
    moved = watched(MOVES[name])
    assert list(moved.changes) == [name]
    after = ambient.capture()
    assert set(ambient.changed(before, after)) == {name}
    put_back(before)
    assert ambient.changed(before, ambient.capture()) == {}
    assert ambient.restore(pickle.loads(pickle.dumps(dict(moved.changes)))) == ()
    assert ambient.changed(after, ambient.capture()) == {}


def test_what_polars_is_told_is_a_setting_of_its_own(monkeypatch):
    """It stands in the environment, where polars reads it without asking Python."""
    monkeypatch.setenv("POLARS_FMT_MAX_ROWS", "9")
    before = ambient.trace("polars.config")
    moved = watched(lambda: pl.Config.set_tbl_rows(7))
    assert ambient.check(before) == "polars.config changed"
    monkeypatch.setenv("POLARS_FMT_MAX_ROWS", "9")
    assert ambient.check(before) is None
    ambient.restore({"polars.config": moved.changes["polars.config"]})
    assert os.environ["POLARS_FMT_MAX_ROWS"] == "7"


def test_a_step_that_moves_nothing_says_nothing():
    """Most steps leave the world alone."""
    assert watched(lambda: None) == Moved()


def test_only_what_differs_is_restored():
    """What somebody set since stays, where the step did not touch it."""
    moved = watched(lambda: plt.rcParams.update({"figure.figsize": [1.5, 2.5]}))
    plt.rcParams["lines.linewidth"] = 9.0
    ambient.restore(moved.changes)
    assert plt.rcParams["lines.linewidth"] == 9.0


def test_a_secret_is_refused_and_named(monkeypatch):
    """A variable that looks like a secret is never stored: the step is not cached."""
    monkeypatch.delenv("MY_API_KEY", raising=False)
    moved = watched(lambda: os.environ.update(MY_API_KEY="canary"))
    assert moved.refusals == (
        "it sets the environment variable MY_API_KEY, whose value is never stored",
    )
    del os.environ["MY_API_KEY"]


def test_what_cannot_be_restored_is_said():
    """A folder that is gone is a clause, not an exception."""
    (failure,) = ambient.restore({"working directory": "/nowhere/zen_nb"})
    assert failure.startswith("working directory could not be restored")


def test_a_setting_can_be_asked_for_as_a_trace():
    """A step known to draw figures depends on the style."""
    trace = ambient.trace("matplotlib.rcParams")
    assert check(trace) is None
    plt.rcParams["lines.linewidth"] = 9.5
    assert check(trace) == "matplotlib.rcParams changed"


STREAMS = {
    "random": (random.seed, random.random),
    "numpy.random": (np.random.seed, np.random.rand),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_seeded_stream_is_traced_and_restored(name):
    """A step that draws depends on where the stream stood, and a hit leaves it where a run does."""
    seed, draw = STREAMS[name]
    seed(1)
    drawn: list[float] = []
    moved = watched(lambda: drawn.append(draw()))
    following = draw()
    (trace,) = moved.traces
    assert trace.label == f"ambient:{name}"
    assert check(trace) == f"{name} stands at another point than when the step drew from it"
    seed(1)
    assert check(trace) is None
    ambient.restore(pickle.loads(pickle.dumps(dict(moved.changes))))
    assert draw() == following


@pytest.mark.parametrize("name", STREAMS)
def test_a_step_that_seeds_first_depends_on_nothing(name):
    """Seeding before the first draw makes no trace; the stream is restored all the same."""
    seed, draw = STREAMS[name]
    module = sys.modules[seed.__module__ if name == "random" else "numpy.random"]

    def body():
        module.seed(5)
        draw()

    first = watched(body)
    again = watched(body)
    for moved in (first, again):
        assert moved.traces == ()
        assert list(moved.changes) == [name]
    following = draw()
    seed(99)
    ambient.restore(again.changes)
    assert draw() == following


@pytest.mark.parametrize("name", STREAMS)
def test_drawing_before_seeding_is_a_dependency(name):
    """What was drawn first came from the stream as it stood."""
    seed, draw = STREAMS[name]
    module = sys.modules["random" if name == "random" else "numpy.random"]
    seed(3)

    def body():
        draw()
        module.seed(5)

    assert [trace.label for trace in watched(body).traces] == [f"ambient:{name}"]


def test_a_seeding_function_imported_by_the_step_is_the_real_one():
    """Functions put in the place of the seeding ones leave no trace in the user's names."""
    names: dict = {}
    code = "from random import seed\nfrom numpy.random import seed as np_seed\nseed(1)"
    watched(lambda: exec(code, names))
    assert names["seed"] == random.seed
    assert names["np_seed"] is np.random.seed
    assert not hasattr(random.seed, "__wrapped__")


def test_watches_that_overlap_leave_the_real_functions():
    """Watches need not end in the order they began."""
    seed = random.seed
    one, other = AmbientWatch(), AmbientWatch()
    one.start()
    other.start()
    random.seed(1)
    assert "random" in one.stop().changes
    assert "random" in other.stop().changes
    assert random.seed == seed


UNSEEDED = """
    import random, sys
    import numpy as np
    from zen_nb.observe.ambient import AmbientWatch
    def watched(body):
        watch = AmbientWatch(); watch.start(); body(); return watch.stop()
    from zen_nb.observe.traces import broken
    np.random.rand(1000); random.random()
    traces = []
    for draw in (np.random.rand, random.random):
        moved = watched(draw)
        assert (moved.badges, dict(moved.changes)) == (("unseeded",), {}), moved
        (trace,) = moved.traces
        traces.append(trace)
        draw()
        assert watched(draw).badges == ("unseeded",)
        assert broken(trace) is None
    random.seed(1); np.random.seed(1)
    assert [broken(trace) for trace in traces] == [
        "numpy.random is seeded now", "random is seeded now"]
    for draw in (np.random.rand, random.random):
        moved = watched(draw)
        assert moved.badges == () and len(moved.traces) == 1 and len(moved.changes) == 1, moved
    moved = watched(lambda: random.seed())
    assert moved.badges == ("unseeded",)
"""

SEEDED_BEFORE = """
    import random
    import numpy as np
    random.seed(4); np.random.seed(4)
    random.random(); np.random.rand(10)
    from zen_nb.observe.ambient import AmbientWatch
    for name, draw in (("random", random.random), ("numpy.random", np.random.rand)):
        watch = AmbientWatch(); watch.start(); draw(); moved = watch.stop()
        assert [t.label for t in moved.traces] == ["ambient:" + name], (name, moved)
        assert moved.badges == ()
"""

LIBRARIES_LOADED_BY_THE_STEP = """
    from zen_nb.observe import ambient
    watch = ambient.AmbientWatch(); watch.start()
    import matplotlib.pyplot as plt, pandas as pd, numpy as np
    plt.rcParams["figure.figsize"] = [1, 2]
    pd.set_option("display.max_rows", 7)
    np.set_printoptions(precision=2)
    np.random.seed(1)
    moved = watch.stop()
    assert dict(moved.changes["matplotlib.rcParams"].put) == {"figure.figsize": [1.0, 2.0]}
    assert dict(moved.changes["pandas.options"].put) == {"display.max_rows": 7}
    assert moved.changes["numpy.printoptions"].put["precision"] == 2
    assert "numpy.random" in moved.changes and not moved.traces and not moved.badges
"""

LOADED_AND_DRAWN_BY_THE_STEP = """
    from zen_nb.observe import ambient
    from zen_nb.observe.traces import broken
    watch = ambient.AmbientWatch(); watch.start()
    import numpy as np
    np.random.rand()
    moved = watch.stop()
    (trace,) = moved.traces
    assert moved.badges == ("unseeded",) and "numpy.random" not in moved.changes
    assert broken(trace) is None
    np.random.seed(1)
    assert broken(trace) == "numpy.random is seeded now"
"""


@pytest.mark.parametrize(
    "code",
    [
        UNSEEDED,
        SEEDED_BEFORE,
        LIBRARIES_LOADED_BY_THE_STEP,
        LOADED_AND_DRAWN_BY_THE_STEP,
    ],
    ids=["unseeded", "seeded", "loaded", "loaded-and-drawn"],
)
def test_in_a_fresh_process(code):
    """Who seeded is known from the stream's state alone, whenever zen_nb was loaded."""
    root = str(Path(__file__).resolve().parents[2])
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        check=True,
        env=os.environ | {"PYTHONPATH": root},
    )


# ------------------------------------------------------------------ the twister


def position(generator: random.Random) -> Position:
    words = generator.getstate()[1]
    return Position(words[:-1], words[-1])


seeds = st.integers() | st.text(max_size=40) | st.binary(max_size=300) | st.floats(allow_nan=False)


@given(seeds, st.integers(0, 1500))
def test_a_seed_shows_after_any_few_draws(seed, draws):
    """Whatever a program seeds with can be told from the system's entropy."""
    generator = random.Random(seed)
    for _ in range(draws):
        generator.random()
    assert shows_a_seed(position(generator))


@given(st.integers(0, 1500))
def test_entropy_shows_no_seed(draws):
    """A generator that nobody seeded is told as such."""
    generator = random.Random()
    for _ in range(draws):
        generator.random()
    assert not shows_a_seed(position(generator))


@given(seeds, st.integers(0, 700), st.integers(0, 3000))
def test_drawing_leads_forward_and_never_back(seed, first, more):
    """A later state follows from an earlier one, and only so."""
    generator = random.Random(seed)
    generator.getrandbits(32 * first + 1)
    start = position(generator)
    generator.getrandbits(32 * more + 1)
    end = position(generator)
    assert leads_to(start, end)
    assert not leads_to(end, start)


@given(st.lists(st.integers(0, 5)), st.lists(st.integers(6, 9)), st.booleans())
def test_additions_at_an_end_are_made_again(before, added, at_front):
    """A list to which something was added gets it again, whatever it holds by then."""
    after = [*added, *before] if at_front else [*before, *added]
    change = list_change(before, after)
    assert (change is None) == (not added)
    if change is not None:
        assert changed_list(before, change) == after
        assert changed_list(after, change) == after
