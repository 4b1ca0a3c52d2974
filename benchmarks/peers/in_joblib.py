"""joblib: ``Memory.cache`` on each function, called one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from benchmarks.peers.order import Order

IMPORTED = "from joblib import Memory"
CANNOT: dict[str, str] = {}


def ready() -> None:
    """Import what the questions use."""
    import joblib  # noqa: F401

    import benchmarks.peers.work  # noqa: F401


def _memory(asked: Order) -> Any:
    from joblib import Memory

    return Memory(asked.place, verbose=0)


@contextmanager
def seed(asked: Order) -> Iterator[Callable[[], Any]]:
    """The two steps of the iris pipeline."""
    from benchmarks.peers import work

    memory = _memory(asked)
    load, train = memory.cache(work.load_split), memory.cache(work.train_svc)

    def call() -> float:
        X_train, _, y_train, _ = load()
        return float(train(X_train, y_train, work.GAMMA)[1])

    yield call


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

    one = _memory(asked).cache(work.add_one)

    def run(value: int) -> int:
        for _ in range(work.LENGTH):
            value = one(value)
        return value

    return run


@contextmanager
def output(asked: Order) -> Iterator[Callable[[], Any]]:
    """A function that makes the frame."""
    from benchmarks.peers import work

    yield lambda: float(_memory(asked).cache(work.make_frame)(asked.size).iloc[0].sum())


@contextmanager
def input(asked: Order) -> Iterator[Callable[[], Any]]:  # noqa: A001
    """A function that is given the frame."""
    from benchmarks.peers import work

    frame = work.make_frame(asked.size)
    yield lambda: _memory(asked).cache(work.first_row)(frame)


@contextmanager
def between(asked: Order) -> Iterator[Callable[[], Any]]:
    """A function that makes the frame, and one that is given it."""
    from benchmarks.peers import work

    def call() -> Any:
        memory = _memory(asked)
        return memory.cache(work.first_row)(memory.cache(work.make_frame)(asked.size))

    yield call


@contextmanager
def parallel(asked: Order) -> Iterator[Callable[[], Any]]:
    """Branches by ``joblib.Parallel`` on a dask cluster that is there."""
    from benchmarks.peers.clusters import seeds, started

    starts = seeds(asked)
    with started():
        yield lambda: _branches(asked, next(starts))


@contextmanager
def cluster(asked: Order) -> Iterator[Callable[[], Any]]:
    """The same, its cluster started and ended."""
    from benchmarks.peers.clusters import seeds, started

    starts = seeds(asked)

    def call() -> int:
        with started():
            return _branches(asked, next(starts))

    yield call


def _branches(asked: Order, starts: list[int]) -> int:
    import joblib

    from benchmarks.peers import work

    one = joblib.delayed(_memory(asked).cache(work.spin))
    with joblib.parallel_config(backend="dask"):
        return int(sum(joblib.Parallel()(one(seed, asked.size) for seed in starts)))


small = output
