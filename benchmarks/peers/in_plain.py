"""Plain Python, and plain dask where branches are computed side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.peers.order import Order

IMPORTED = ""
CANNOT = dict.fromkeys(
    ("seed", "chain", "output", "input", "between", "small"), "it has no cache"
) | {"import": "there is nothing to import"}


def ready() -> None:
    """Import what the questions use."""
    import distributed  # noqa: F401

    import benchmarks.peers.work  # noqa: F401


@contextmanager
def fresh(asked: Order) -> Iterator[Callable[[], Any]]:
    """The chain without a cache."""
    from benchmarks.peers.work import LENGTH, add_one

    def call() -> int:
        value = 0
        for _ in range(LENGTH):
            value = add_one(value)
        return value

    yield call


@contextmanager
def parallel(asked: Order) -> Iterator[Callable[[], Any]]:
    """Branches by ``dask.delayed`` on a cluster that is there."""
    from benchmarks.peers.clusters import seeds, started

    starts = seeds(asked)
    with started() as client:
        yield lambda: _branches(asked, client, next(starts))


@contextmanager
def cluster(asked: Order) -> Iterator[Callable[[], Any]]:
    """The same, its cluster started and ended."""
    from benchmarks.peers.clusters import seeds, started

    starts = seeds(asked)

    def call() -> int:
        with started() as client:
            return _branches(asked, client, next(starts))

    yield call


def _branches(asked: Order, client: Any, starts: list[int]) -> int:
    import dask

    from benchmarks.peers.work import spin

    branches = [dask.delayed(spin)(seed, asked.size) for seed in starts]
    return int(client.compute(dask.delayed(sum)(branches)).result())
