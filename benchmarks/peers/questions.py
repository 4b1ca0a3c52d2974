"""What is asked of every system, how often, and over how much."""

from __future__ import annotations

from dataclasses import dataclass

GIGABYTE_ROWS = 12_500_000  # of 80 bytes
SPUN_TURNS = 6_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the table.

    Attributes
    ----------
    rounds
        Processes of each system under the clock, in turn; a first one fills the store, and a
        second one is watched.
    warm_up, calls, size
        As in an order.
    per
        What the seconds of a call are divided by.
    hits
        Everything must be reused. Where it is not, the system has no answer.
    """

    name: str
    title: str
    rounds: int
    warm_up: int = 0
    calls: int = 1
    size: int = 0
    per: int = 1
    hits: bool = False


QUESTIONS = (
    Question("seed", "iris pipeline of two steps, all cached", 5, 2, 50, hits=True),
    Question("chain", "chain of 20 steps, all cached", 5, 2, 50, hits=True),
    Question("output", "new process: hit of a step that returns 1 GB", 3,
             size=GIGABYTE_ROWS, hits=True),
    Question("input", "new process: hit of a step that is given 1 GB", 3,
             size=GIGABYTE_ROWS, hits=True),
    Question("between", "new process: a step gives another 1 GB, both hits", 3,
             size=GIGABYTE_ROWS, hits=True),
    Question("small", "new process: hit of a step that returns 80 kB", 5, size=1_000, hits=True),
    Question("fresh", "first run of a trivial step, of 20 in a chain", 5, 2, 20, per=20),
    Question("parallel", "4 branches on a Dask cluster of 2, first run", 5, 1, 1, SPUN_TURNS),
    Question("cluster", "the same, the cluster started and ended", 5, 0, 1, SPUN_TURNS),
    Question("import", "import of what a script needs", 7),
)  # fmt: skip
