"""Steps joined by the names of what they produce and read."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError as _GraphlibCycle
from graphlib import TopologicalSorter

from zen_nb.core.errors import CycleError
from zen_nb.core.model import Step


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` reads `names`, which `source` wrote last."""

    source: str
    target: str
    names: tuple[str, ...]


def edges_by_name(steps: Sequence[Step]) -> tuple[Edge, ...]:
    """Join each reader with the last writer above it, in the order of `steps`.

    A step that changes a name which it also reads is the next version of it. What a step
    awaits and nobody above it writes comes from the first writer below.
    """
    last_writer: dict[str, str] = {}
    joined: dict[tuple[str, str], list[str]] = {}
    open_reads: list[tuple[str, str]] = []
    for step in steps:
        for name in step.reads:
            if name in last_writer:
                joined.setdefault((last_writer[name], step.name), []).append(name)
            elif name in step.awaits:
                open_reads.append((step.name, name))
        for name in step.writes:
            last_writer[name] = step.name
    for reader, name in open_reads:
        writer = next((step.name for step in steps if name in step.writes), reader)
        if writer != reader:
            joined.setdefault((writer, reader), []).append(name)
    return tuple(Edge(a, b, tuple(names)) for (a, b), names in joined.items())


def topological(names: Iterable[str], edges: Iterable[Edge]) -> list[str]:
    """Return `names` with every source before its targets, otherwise in the order given.

    Raises
    ------
    CycleError
        Where steps wait for each other; lists them.
    """
    place = {name: number for number, name in enumerate(names)}
    waits: dict[str, list[str]] = {name: [] for name in place}
    for edge in edges:
        if edge.source in place and edge.target in place:
            waits[edge.target].append(edge.source)
    sorter: TopologicalSorter[str] = TopologicalSorter(waits)
    try:
        sorter.prepare()
    except _GraphlibCycle as error:
        chain = " → ".join(reversed(error.args[1]))
        raise CycleError(
            f"these steps wait for each other: {chain}; "
            "let one of them read something else, or %pipeline drop it"
        ) from None
    ready: list[tuple[int, str]] = []
    ordered: list[str] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, (place[name], name))
        _, name = heapq.heappop(ready)
        ordered.append(name)
        sorter.done(name)
    return ordered


def upstream(targets: Iterable[str], edges: Iterable[Edge]) -> set[str]:
    """Return `targets` and all that they depend on."""
    sources: dict[str, list[str]] = {}
    for edge in edges:
        sources.setdefault(edge.target, []).append(edge.source)
    seen: set[str] = set()
    waiting = list(targets)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(sources.get(name, ()))
    return seen
