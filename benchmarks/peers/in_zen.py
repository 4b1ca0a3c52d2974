"""zen_nb: ``@step`` functions in ``@pipeline`` functions."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.peers.order import Order

IMPORTED = "from zen_nb import pipeline, step"
CANNOT: dict[str, str] = {}


def ready() -> None:
    """Import what the questions use."""
    import benchmarks.peers.work  # noqa: F401
    from zen_nb import pipeline, step  # noqa: F401

    logging.getLogger("zen_nb").setLevel(logging.ERROR)


def _kept(asked: Order) -> None:
    os.environ["ZEN_NB_CACHE_DIR"] = str(Path(asked.place, "cache"))


@contextmanager
def seed(asked: Order) -> Iterator[Callable[[], Any]]:
    """The two steps of the iris pipeline."""
    from benchmarks.peers import work
    from zen_nb import pipeline, step

    _kept(asked)
    load, train = step(work.load_split), step(work.train_svc)

    @pipeline
    def training(gamma: float) -> None:
        X_train, _, y_train, _ = load()
        train(X_train=X_train, y_train=y_train, gamma=gamma)

    yield lambda: float(training(work.GAMMA).steps["train_svc"].outputs["acc"].load())


@contextmanager
def chain(asked: Order) -> Iterator[Callable[[], Any]]:
    """The same chain again and again."""
    run = _chain(asked)
    yield lambda: run(0)


@contextmanager
def fresh(asked: Order) -> Iterator[Callable[[], Any]]:
    """A chain from another number in every call, less that number."""
    run = _chain(asked)
    starts = count(1_000_000 * (asked.number + 1), 1_000)

    def call() -> int:
        start = next(starts)
        return int(run(start)) - start

    yield call


def _chain(asked: Order) -> Callable[[int], int]:
    from benchmarks.peers import work
    from zen_nb import pipeline, step

    _kept(asked)
    steps = [
        step(work.add_one).with_options(name=f"step_{number}") for number in range(work.LENGTH)
    ]

    @pipeline
    def chained(start: int) -> None:
        value: Any = start
        for one in steps:
            value = one(value)

    last = steps[-1].name
    return lambda start: _output(chained(start), last)


@contextmanager
def output(asked: Order) -> Iterator[Callable[[], Any]]:
    """A step that makes the frame."""
    from benchmarks.peers import work
    from zen_nb import step

    _kept(asked)
    yield lambda: float(step(work.make_frame)(asked.size).iloc[0].sum())


@contextmanager
def input(asked: Order) -> Iterator[Callable[[], Any]]:  # noqa: A001
    """A step that is given the frame."""
    from benchmarks.peers import work
    from zen_nb import step

    _kept(asked)
    frame = work.make_frame(asked.size)
    yield lambda: step(work.first_row)(frame)


@contextmanager
def between(asked: Order) -> Iterator[Callable[[], Any]]:
    """A step that makes the frame, and one that is given it."""
    from benchmarks.peers import work
    from zen_nb import step

    _kept(asked)
    yield lambda: step(work.first_row)(step(work.make_frame)(asked.size))


@contextmanager
def parallel(asked: Order) -> Iterator[Callable[[], Any]]:
    """Branches on a cluster that is there."""
    from benchmarks.peers.clusters import started

    with started() as client:
        yield _branches(asked, client.scheduler.address)


@contextmanager
def cluster(asked: Order) -> Iterator[Callable[[], Any]]:
    """The same, its cluster started and ended."""
    yield _branches(asked, "dask")


def _branches(asked: Order, on: str) -> Callable[[], int]:
    from benchmarks.peers import clusters, work
    from zen_nb import pipeline, step

    _kept(asked)
    names = [f"branch_{number}" for number in range(work.BRANCHES)]
    steps = [step(work.spin).with_options(name=name) for name in names]
    starts = clusters.seeds(asked)

    @pipeline
    def branches(seeds: list[int]) -> None:
        for one, seed in zip(steps, seeds, strict=True):
            one(seed, asked.size)

    def call() -> int:
        run = branches.with_options(executor=on)(next(starts))
        return sum(_output(run, name) for name in names)

    return call


def _output(run: Any, name: str) -> Any:
    (only,) = run.steps[name].outputs.values()
    return only.load()


small = output
