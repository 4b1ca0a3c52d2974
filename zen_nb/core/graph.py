"""Steps joined by the names of what they produce and read."""

from __future__ import annotations

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

    A step that changes a name which it also reads is the next version of it.
    """
    last_writer: dict[str, str] = {}
    joined: dict[tuple[str, str], list[str]] = {}
    for step in steps:
        for name in step.reads:
            if name in last_writer:
                joined.setdefault((last_writer[name], step.name), []).append(name)
        for name in step.writes:
            last_writer[name] = step.name
    return tuple(Edge(a, b, tuple(names)) for (a, b), names in joined.items())


def topological(names: Iterable[str], edges: Iterable[Edge]) -> list[str]:
    """Return `names` with every source before its targets, otherwise in the order given.

    Raises
    ------
    CycleError
        Where steps wait for each other; lists them.
    """
    names = list(names)
    place = {name: number for number, name in enumerate(names)}
    waits: dict[str, list[str]] = {name: [] for name in names}
    for edge in edges:
        if edge.source in place and edge.target in place:
            waits[edge.target].append(edge.source)
    sorter: TopologicalSorter[str] = TopologicalSorter(waits)
    try:
        sorter.prepare()
    except _GraphlibCycle as error:
        chain = " → ".join(error.args[1])
        raise CycleError(
            f"these steps wait for each other: {chain}; break one of the links"
        ) from None
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        ordered.extend(ready)
        sorter.done(*ready)
    return ordered


def upstream(targets: Iterable[str], edges: Iterable[Edge]) -> set[str]:
    """Return `targets` and all that they depend on."""
    return _reach(targets, edges, forward=False)


def downstream(sources: Iterable[str], edges: Iterable[Edge]) -> set[str]:
    """Return `sources` and all that depends on them."""
    return _reach(sources, edges, forward=True)


def _reach(roots: Iterable[str], edges: Iterable[Edge], *, forward: bool) -> set[str]:
    table: dict[str, list[str]] = {}
    for edge in edges:
        here, there = (edge.source, edge.target) if forward else (edge.target, edge.source)
        table.setdefault(here, []).append(there)
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(table.get(name, ()))
    return seen
