"""The cluster that all systems get: two processes of one thread, as zen_nb starts its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from benchmarks.peers.order import Order
from benchmarks.peers.work import BRANCHES

WORKERS = 2


@contextmanager
def started() -> Iterator[Any]:
    """Give a client of a new cluster."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def seeds(asked: Order) -> Iterator[list[int]]:
    """Yield what the branches of each call start from: never twice the same, so none is a hit."""
    calls = asked.warm_up + asked.calls
    for call in count(asked.number * calls):
        yield [BRANCHES * call + branch for branch in range(1, BRANCHES + 1)]
