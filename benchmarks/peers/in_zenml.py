"""ZenML: pipelines on the local stack, its database and artifacts in a folder of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from benchmarks.peers.order import Order

IMPORTED = "import zenml; zenml.pipeline, zenml.step"
_ONE_BY_ONE = "its local stack runs steps one after the other, and it has no orchestrator of Dask"
CANNOT = dict.fromkeys(("parallel", "cluster"), _ONE_BY_ONE)


def ready() -> None:
    """Import what the questions use."""
    import zenml

    zenml.step, zenml.pipeline  # noqa: B018 - what is asked for is imported
    from benchmarks.peers import zenml_flow  # noqa: F401

    logging.disable(logging.INFO)


def _output(run: Any, step: str, name: str) -> Any:
    (only,) = run.steps[step].outputs[name]
    return only.load()


@contextmanager
def seed(asked: Order) -> Iterator[Callable[[], Any]]:
    """The two steps of the iris pipeline."""
    from benchmarks.peers import work, zenml_flow

    yield lambda: _output(zenml_flow.training(work.GAMMA), "train", "acc")


@contextmanager
def chain(asked: Order) -> Iterator[Callable[[], Any]]:
    """The same chain again and again."""
    yield lambda: _chain(0)


@contextmanager
def fresh(asked: Order) -> Iterator[Callable[[], Any]]:
    """A chain from another number in every call, less that number."""
    starts = count(1_000_000 * (asked.number + 1), 1_000)

    def call() -> int:
        start = next(starts)
        return _chain(start) - start

    yield call


def _chain(start: int) -> int:
    from benchmarks.peers import work, zenml_flow

    return int(_output(zenml_flow.chained(start), f"step_{work.LENGTH - 1}", "number"))


@contextmanager
def output(asked: Order) -> Iterator[Callable[[], Any]]:
    """A step that makes the frame."""
    from benchmarks.peers import zenml_flow

    yield lambda: float(_output(zenml_flow.making(asked.size), "make", "frame").iloc[0].sum())


@contextmanager
def input(asked: Order) -> Iterator[Callable[[], Any]]:  # noqa: A001
    """A step that is given the frame."""
    from benchmarks.peers import work, zenml_flow

    zenml_flow.GIVEN["frame"] = work.make_frame(asked.size)
    yield lambda: _output(zenml_flow.giving(), "first", "found")


@contextmanager
def between(asked: Order) -> Iterator[Callable[[], Any]]:
    """A step that makes the frame, and one that is given it."""
    from benchmarks.peers import zenml_flow

    yield lambda: _output(zenml_flow.using(asked.size), "first", "found")


small = output
