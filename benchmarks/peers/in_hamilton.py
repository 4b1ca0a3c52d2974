"""Hamilton: functions of a module, executed by a driver with a cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from benchmarks.peers.order import Order

IMPORTED = "from hamilton import driver"
CANNOT: dict[str, str] = {}
os.environ["HAMILTON_TELEMETRY_ENABLED"] = "false"


def ready() -> None:
    """Import what the questions use."""
    from hamilton import driver  # noqa: F401

    from benchmarks.peers import hamilton_flow  # noqa: F401


def _driver(asked: Order) -> Any:
    from hamilton import driver

    from benchmarks.peers import hamilton_flow

    return driver.Builder().with_modules(hamilton_flow).with_cache(asked.place).build()


def _asked(built: Any, node: str, **inputs: Any) -> Any:
    return built.execute([node], inputs=inputs)[node]


@contextmanager
def seed(asked: Order) -> Iterator[Callable[[], Any]]:
    """The two steps of the iris pipeline."""
    from benchmarks.peers import work

    built = _driver(asked)
    yield lambda: _asked(built, "acc", gamma=work.GAMMA)


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
        return run(start) - start

    yield call


def _chain(asked: Order) -> Callable[[int], int]:
    from benchmarks.peers import work

    built = _driver(asked)
    return lambda start: int(_asked(built, f"step_{work.LENGTH}", step_0=start))


@contextmanager
def output(asked: Order) -> Iterator[Callable[[], Any]]:
    """A node that makes the frame."""
    yield lambda: float(_asked(_driver(asked), "made", rows=asked.size).iloc[0].sum())


@contextmanager
def input(asked: Order) -> Iterator[Callable[[], Any]]:  # noqa: A001
    """A node that is given the frame."""
    from benchmarks.peers import work

    frame = work.make_frame(asked.size)
    yield lambda: _asked(_driver(asked), "first_of_given", frame=frame)


@contextmanager
def between(asked: Order) -> Iterator[Callable[[], Any]]:
    """A node that makes the frame, and one that is given it."""
    yield lambda: _asked(_driver(asked), "first_of_made", rows=asked.size)


@contextmanager
def parallel(asked: Order) -> Iterator[Callable[[], Any]]:
    """Branches on a dask cluster that is there."""
    from benchmarks.peers.clusters import seeds, started

    starts = seeds(asked)
    with started() as client:
        built = _branching(asked, client)
        yield lambda: _asked(built, "total", starts=next(starts), turns=asked.size)


@contextmanager
def cluster(asked: Order) -> Iterator[Callable[[], Any]]:
    """The same, its cluster started and ended."""
    from benchmarks.peers.clusters import seeds, started

    starts = seeds(asked)

    def call() -> Any:
        with started() as client:
            built = _branching(asked, client)
            return _asked(built, "total", starts=next(starts), turns=asked.size)

    yield call


def _branching(asked: Order, client: Any) -> Any:
    from hamilton import driver
    from hamilton.plugins.h_dask import DaskExecutor

    from benchmarks.peers import hamilton_branches

    return (
        driver.Builder()
        .with_modules(hamilton_branches)
        .enable_dynamic_execution(allow_experimental_mode=True)
        .with_remote_executor(DaskExecutor(client=client))
        .with_cache(asked.place)
        .build()
    )


small = output
