"""A pipeline run elsewhere: what comes of it is what comes of a run here, step after step."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.executors import steps
from tests.executors.counting import KINDS, Counting
from zen_nb import pipeline
from zen_nb.core.errors import UsageError
from zen_nb.executors.named import opened
from zen_nb.pipelines import surroundings

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("executors")]

# -- law 9 --------------------------------------------------------------------------------

MADE_OF_A_FRAME = ("mean", "boxed", "drawn", "shown", "changing", "asking", "counted")


@st.composite
def graphs(draw: st.DrawFn) -> Callable[[], None]:
    """Return a pipeline function: a frame, steps that take it, and steps that join these."""
    size = draw(st.integers(1, 4))
    first = draw(st.lists(st.sampled_from(["seeded", "settled"]), max_size=2))
    middle = draw(st.lists(st.sampled_from(MADE_OF_A_FRAME), min_size=1, max_size=4))
    joins = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2))

    def drawn() -> None:
        for name in first:
            getattr(steps, name)(size)
        frame = steps.begin(size)
        found = [(name, getattr(steps, name)(frame)) for name in middle]
        found = [
            ("", steps.unboxed(one)) if name == "boxed" else (name, one) for name, one in found
        ]
        values = [one for _, one in found]
        for left, right in joins:
            values.append(steps.total(values[left % len(values)], values[right % len(values)]))

    drawn.told = (size, first, middle, joins)  # type: ignore[attr-defined]
    return drawn


@contextmanager
def surrounded() -> Iterator[None]:
    """Let the surroundings be the same before each run."""
    np.random.seed(5)
    steps.COUNTS.clear()
    rows = pd.get_option("display.max_rows")
    try:
        yield
    finally:
        pd.set_option("display.max_rows", rows)


def made(drawn: Callable[[], None], folder: Path, on: Executor | None) -> list[Any]:
    """Return all that a run in a store of its own leaves, but for times."""
    with pytest.MonkeyPatch.context() as patch, surrounded():
        patch.setenv("ZEN_NB_CACHE_DIR", str(folder))
        patch.setattr(surroundings, "_store", None)
        run = pipeline(drawn).with_options(executor=on)()
        state = (
            [*steps.COUNTS],
            pd.get_option("display.max_rows"),
            np.random.get_state()[1].tolist(),
        )
        store = surroundings.store(surroundings.configuration())
        assert store is not None
        left: list[Any] = [state]
        for name, one in run.steps.items():
            record = one.outputs[next(iter(one.outputs))]._answer.record
            assert record is not None, (name, one)
            traces = [(part.label, part.digest) for part in record.trace]
            components = [(part.label, part.digest) for part in store.components(record)]
            kept = (traces, record.badges, record.artifacts, record.key, record.variant)
            left.append((name, one.status, *kept, store.transcript(record), components))
        return left


@pytest.mark.parametrize("kind", KINDS)
@given(drawn=graphs())
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_records_are_those_of_a_run_here(
    kind: str,
    drawn: Callable[[], None],
    executors: dict[str, Executor],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Law 9: inline, threads and dask give equal records, durations aside."""
    folder = tmp_path_factory.mktemp("law9")
    here = made(drawn, folder / "here", None)
    there = made(drawn, folder / "there", executors[kind])
    for one, other in zip(there, here, strict=True):
        assert one == other, drawn.told  # type: ignore[attr-defined]


# -- what is handed over ------------------------------------------------------------------


@pipeline
def fork() -> None:
    frame = steps.begin(3)
    steps.total(steps.mean(frame), steps.asking(frame))


def test_a_hit_is_never_submitted(executor: Executor) -> None:
    """Of a run that is all cached nothing is handed over; of a changed one, what has changed."""
    counting = Counting(executor)
    run = fork.with_options(executor=counting)()
    assert (run.status, counting.count) == ("completed", 4)
    run = fork.with_options(executor=counting)()
    assert (run.status, counting.count) == ("cached", 4)


@pytest.mark.parametrize(
    "variable", ["ZEN_NB_PREVENT_CLIENT_SIDE_CACHING", "ZENML_PREVENT_CLIENT_SIDE_CACHING"]
)
def test_workers_decide_where_they_are_to(
    executor: Executor, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ZenML's variable every step is handed over, and what is a hit is one there."""
    fork()
    monkeypatch.setenv(variable, "true")
    counting = Counting(executor)
    run = fork.with_options(executor=counting)()
    assert (run.status, counting.count) == ("cached", 4)
    assert [one.status for one in run.steps.values()] == ["cached"] * 4


def test_a_step_that_is_switched_off_runs_elsewhere(executor: Executor) -> None:
    """`enable_cache=False` is no reason to run here."""
    counting = Counting(executor)
    fork()
    run = fork.with_options(executor=counting, steps={"mean": {"enable_cache": False}})()
    assert counting.count == 1
    assert {name: one.status for name, one in run.steps.items()} == {
        "begin": "cached", "mean": "completed", "asking": "cached", "total": "cached",
    }  # fmt: skip


def test_steps_that_wait_for_each_other_meet(executor: Executor, tmp_path: Path) -> None:
    """What does not depend on each other runs at the same time."""
    (tmp_path / "meeting").mkdir()
    place = str(tmp_path / "meeting")

    @pipeline
    def both() -> None:
        steps.meeting(place, "a", "b")
        steps.meeting(place, "b", "a")

    run = both.with_options(executor=executor)()
    assert [one.status for one in run.steps.values()] == ["completed", "completed"]


def test_what_is_shown_comes_in_the_order_of_the_steps(
    executor: Executor, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever is ready first, the page reads as after a run here."""

    @pipeline
    def two() -> None:
        steps.late(1)
        steps.early(2)

    two.with_options(executor=executor)()
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith(("Step", "Pipeline"))] == [
        "late 1", "early 2",
    ]  # fmt: skip


def test_elements_of_a_map_step_are_computed_side_by_side(executor: Executor) -> None:
    """One job for each element that is not cached; the list is that of a run here."""

    def mapping(count: int) -> list[int]:
        @pipeline
        def whole() -> None:
            steps.squared(steps.numbers(count))

        run = whole.with_options(executor=counting)()
        return run.steps["squared"].outputs["squares"].load()

    counting = Counting(executor)
    assert (mapping(4), counting.count) == ([0, 1, 4, 9], 5)
    assert (mapping(5), counting.count) == ([0, 1, 4, 9, 16], 7)
    assert (mapping(5), counting.count) == ([0, 1, 4, 9, 16], 7)


def test_elements_that_wait_for_each_other_meet(executor: Executor, tmp_path: Path) -> None:
    """Elements run at the same time."""
    (tmp_path / "meeting").mkdir()
    place = str(tmp_path / "meeting")

    @pipeline
    def both() -> None:
        steps.gathering([("a", "b"), ("b", "a")], place)

    assert both.with_options(executor=executor)().status == "completed"


# -- what goes wrong ----------------------------------------------------------------------


def test_an_exception_is_the_users_own(executor: Executor) -> None:
    """It is raised here, with the traceback from there; what needs the step does not run."""

    @pipeline
    def fails() -> None:
        steps.early(1)
        steps.early(steps.failing(2))

    with pytest.raises(ValueError, match="no 2") as caught:
        fails.with_options(executor=executor)()
    assert "in failing" in str(caught.value.__cause__)


def test_the_failure_of_an_element_is_the_steps(executor: Executor) -> None:
    """The first in the order of elements is raised; what was computed by then is kept."""

    @pipeline
    def whole(elements: list[int]) -> None:
        steps.squared(elements)

    counting = Counting(executor)
    with pytest.raises(ValueError, match="bad luck"):
        whole.with_options(executor=counting)([2, 13, 3])
    assert counting.count == 3
    run = whole.with_options(executor=counting)([2, 3])
    assert run.steps["squared"].outputs["squares"].load() == [4, 9]
    assert counting.count <= 4


def test_what_cannot_be_kept_is_computed_here(executor: Executor) -> None:
    """Values travel through the store alone: what it cannot hold never leaves this process."""

    @pipeline
    def flowing() -> None:
        steps.summed(steps.unkept(4))

    run = flowing.with_options(executor=executor)()
    assert run.steps["summed"].outputs["sum"].load() == 6


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_a_worker_that_dies_costs_nothing_but_time(
    kind: str, tmp_path: Path, executors: dict[str, Executor]
) -> None:
    """The step is computed on another worker, or here; the user sees it once."""

    @pipeline
    def dies() -> None:
        steps.early(steps.dying(str(tmp_path)))

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own:
        on = own if kind == "processes" else executors[kind]
        run = dies.with_options(executor=on)()
    assert run.steps["early"].outputs["n"].load() == 7


def test_a_cluster_leaves_the_environment_as_it_was() -> None:
    """What Dask sets for its workers is not set here, neither meanwhile nor afterwards."""
    before, path = dict(os.environ), [*sys.path]
    with opened("dask"):
        assert (dict(os.environ), sys.path) == (before, path)
        os.environ["ZEN_NB_TEST_SET_BY_A_STEP"] = "1"
    assert os.environ.pop("ZEN_NB_TEST_SET_BY_A_STEP") == "1"
    assert (dict(os.environ), sys.path) == (before, path)


@pytest.mark.parametrize(
    ("on", "said"),
    [("cluster", "there is no executor 'cluster'"), (5, "executor=5 is no executor")],
)
def test_a_wrong_executor_is_one_line(on: Any, said: str) -> None:
    """What there is, is said."""
    with pytest.raises(UsageError, match=said):
        fork.with_options(executor=on)()
