"""Sets: their elements in an order that follows from content, and what the elements share.

Elements are sorted by their encodings, each as if it came first, and are then written in
that order, so that an object met in one of them is known in the next and outside the set.

Elements that look the same (**twins**) come in an order that means nothing. Whichever is
referred to first from outside the set counts as the first of them, so that chance does not
show. Where twins share something with each other or with what comes before them, chance
may show: two equal sets may then differ, which costs a run, but different ones never meet.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from zen_nb.identity.encoding import number
from zen_nb.identity.things import rank_of

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder


class Twins(NamedTuple):
    """Places of elements that look the same: from `start` on, `size` for each of them."""

    start: int
    size: int
    order: dict[int, int]

    def place(self, place: int, *, settle: bool) -> int:
        """Return the place that stands for `place`: twins are numbered as they are referred to."""
        member, offset = divmod(place - self.start, self.size)
        if settle:
            member = self.order.setdefault(member, len(self.order))
        else:
            member = self.order.get(member, 0)
        return self.start + member * self.size + offset


def write_unordered(encoder: Encoder, items: Iterable[Any]) -> None:
    """Append the number of items and the items, whatever order they come in."""
    found = list(items)
    if any(isinstance(item, (FunctionType, type)) for item in found):
        # Code is named in the order in which it is met.
        found.sort(key=rank_of)
    encoder.out += number(len(found))
    if len(found) == 1:
        encoder.encode(found[0])
        return
    outer, encoder.trial = encoder.trial, True
    try:
        tried = [_tried(encoder, item) for item in found]
    finally:
        encoder.trial = outer
    tried.sort(key=itemgetter(0))
    if outer or not any(new for _, new, _ in tried):
        encoder.out += b"".join([written for written, _, _ in tried])
        return
    for _, group in groupby(tried, itemgetter(0)):
        _write_group(encoder, list(group))


def _tried(encoder: Encoder, item: object) -> tuple[bytes, int, object]:
    """Return how an item would be written if it came first, and how many objects it brings."""
    start, before = len(encoder.out), encoder.met
    encoder.encode(item)
    written = bytes(encoder.out[start:]), encoder.met - before, item
    del encoder.out[start:]
    encoder.forget_from(before)
    return written


def _write_group(encoder: Encoder, group: list[tuple[bytes, int, object]]) -> None:
    start, sizes = encoder.met, []
    for _, _, item in group:
        before = encoder.met
        encoder.encode(item)
        sizes.append(encoder.met - before)
    size = group[0][1]
    if len(group) > 1 and size and all(found == size for found in sizes):
        encoder.join_twins(Twins(start, size, {}), len(group))
