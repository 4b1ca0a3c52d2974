"""Branches that Hamilton computes side by side."""

from hamilton.htypes import Collect, Parallelizable

from benchmarks.peers import work


def start(starts: list) -> Parallelizable[int]:
    yield from starts


def spun(start: int, turns: int) -> int:
    return work.spin(start, turns)


def total(spun: Collect[int]) -> int:
    return sum(spun)
