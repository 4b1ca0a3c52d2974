"""Where the boxes of a still picture go: layers of a graph, the same for the same graph.

The way of Sugiyama: ranks by longest path, stand-ins where an edge passes a rank, order
within a rank by the middle of the neighbours, then places that keep edges straight. An
edge bends only between ranks, so it never crosses a box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

Edge: TypeAlias = tuple[str, str]

_SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Layers:
    """A finished layout in units of ranks and sides.

    Attributes
    ----------
    rank
        By node: which layer it is in, from 0.
    side
        By node: its middle across the flow, in pixels from 0.
    through
        By edge: the sides at which it passes the ranks between its ends, in order.
    """

    rank: Mapping[str, int]
    side: Mapping[str, float]
    through: Mapping[Edge, tuple[float, ...]]


def lay_out(ids: Sequence[str], edges: Iterable[Edge], extent: float, gap: float) -> Layers:
    """Place every node; boxes of `extent` across keep `gap` between them, edges half of it."""
    known = set(ids)
    kept = sorted({(a, b) for a, b in edges if a in known and b in known and a != b})
    rank = _ranks(ids, kept)
    kept = [(a, b) for a, b in kept if rank[a] < rank[b]]
    grid = _Grid(ids, kept, rank)
    grid.order()
    side = grid.places(extent, gap)
    through = {edge: tuple(side[spot] for spot in grid.chains[edge][1:-1]) for edge in kept}
    return Layers(rank, {name: side[name] for name in ids}, through)


def _ranks(ids: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Longest path from the sources; a cycle's back edges count as none."""
    above: dict[str, list[str]] = {name: [] for name in ids}
    below: dict[str, list[str]] = {name: [] for name in ids}
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    rank: dict[str, int] = {}
    left = list(ids)
    while left:
        ready = [name for name in left if all(up in rank for up in above[name])] or left[:1]
        for name in ready:
            rank[name] = 1 + max((rank[up] for up in above[name] if up in rank), default=-1)
        left = [name for name in left if name not in rank]
    for name in reversed(ids):
        if below[name] and not above[name]:
            rank[name] = max(0, min(rank[down] for down in below[name]) - 1)
    return rank


class _Grid:
    """The layers with their stand-ins; names of stand-ins cannot be names of nodes."""

    def __init__(self, ids: Sequence[str], edges: Sequence[Edge], rank: Mapping[str, int]) -> None:
        self.layers: list[list[str]] = [[] for _ in range(1 + max(rank.values(), default=-1))]
        self.near: dict[str, tuple[list[str], list[str]]] = {}
        self.chains: dict[Edge, list[str]] = {}
        self.real = set(ids)
        for name in ids:
            self._add(name, rank[name])
        for source, target in edges:
            self._chain(source, target, rank)

    def _add(self, name: str, rank: int) -> None:
        self.layers[rank].append(name)
        self.near[name] = ([], [])

    def _chain(self, source: str, target: str, rank: Mapping[str, int]) -> None:
        between = range(rank[source] + 1, rank[target])
        passed = [f"\0{source}\0{target}\0{each}" for each in between]
        for each, name in zip(between, passed, strict=True):
            self._add(name, each)
        chain = [source, *passed, target]
        self.chains[source, target] = chain
        for up, down in pairwise(chain):
            self.near[down][0].append(up)
            self.near[up][1].append(down)

    def order(self) -> None:
        """Sort each layer by the middle of its neighbours; keep the order with fewest crossings."""
        best, fewest = [list(layer) for layer in self.layers], self._crossings()
        for sweep in range(_SWEEPS):
            downward = sweep % 2 == 0
            for layer in self.layers[1:] if downward else self.layers[-2::-1]:
                self._sort(layer, 0 if downward else 1)
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(layer) for layer in self.layers], crossings
        self.layers = best

    def _sort(self, layer: list[str], way: int) -> None:
        at = {name: index for each in self.layers for index, name in enumerate(each)}
        middle = {}
        for name in layer:
            near = [at[other] for other in self.near[name][way]]
            middle[name] = sum(near) / len(near) if near else at[name]
        layer.sort(key=lambda name: (middle[name], at[name]))

    def _crossings(self) -> int:
        count = 0
        for upper, lower in pairwise(self.layers):
            at = {name: index for index, name in enumerate(lower)}
            ends = [sorted(at[down] for down in self.near[name][1]) for name in upper]
            flat = [end for group in ends for end in group]
            count += sum(a > b for index, a in enumerate(flat) for b in flat[index + 1 :])
        return count

    def places(self, extent: float, gap: float) -> dict[str, float]:
        """Put every name where its neighbours are, as near as the others of its layer allow."""
        side: dict[str, float] = {}
        for layer in self.layers:
            side.update(dict.fromkeys(layer, 0.0))
            side.update(self._spread(layer, side, extent, gap))
        for sweep in range(_SWEEPS):
            way = sweep % 2
            for layer in self.layers[1:] if way == 0 else self.layers[-2::-1]:
                wanted = {name: self._wanted(name, way, side) for name in layer}
                side.update(self._spread(layer, wanted, extent, gap))
        low = min((side[name] for name in self.real), default=0.0)
        low = min([low, *(value + extent / 2 for value in side.values())])
        return {name: round(value - low + extent / 2, 1) for name, value in side.items()}

    def _wanted(self, name: str, way: int, side: Mapping[str, float]) -> float:
        near = sorted(side[other] for other in self.near[name][way])
        if not near:
            return side[name]
        half = len(near) // 2
        return near[half] if len(near) % 2 else (near[half - 1] + near[half]) / 2

    def _spread(
        self, layer: Sequence[str], wanted: Mapping[str, float], extent: float, gap: float
    ) -> dict[str, float]:
        """Least squares under the layer's order: neighbours that collide move as one block."""
        offsets, total = [0.0], 0.0
        for left, right in pairwise(layer):
            total += self._half(left, extent) + self._half(right, extent) + gap
            offsets.append(total)
        blocks: list[tuple[float, int]] = []
        for name, offset in zip(layer, offsets, strict=False):
            blocks.append((wanted[name] - offset, 1))
            while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
                (mean, count), (last, more) = blocks[-2], blocks[-1]
                merged = (mean * count + last * more) / (count + more)
                blocks[-2:] = [(merged, count + more)]
        shifts = [mean for mean, count in blocks for _ in range(count)]
        return {
            name: shift + offset
            for name, shift, offset in zip(layer, shifts, offsets, strict=False)
        }

    def _half(self, name: str, extent: float) -> float:
        return extent / 2 if name in self.real else 0.0
