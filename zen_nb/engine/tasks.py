"""Steps as workers are given them: what is decided on one, and the bytes in which it travels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from zen_nb.core.model import Record
from zen_nb.engine.body import Call, element_call
from zen_nb.engine.call import outlook
from zen_nb.engine.decide import Decision
from zen_nb.engine.jobs import CallJob, Circumstances, given_by, packed
from zen_nb.store.records import Store

# What a step reads of earlier ones: the record that holds it, and its name there.
Links: TypeAlias = Mapping[str, tuple[Record, str]]


class Task(Protocol):
    """A step that may be computed before its turn, once the records that it reads are known."""

    @property
    def stays(self) -> bool:
        """Whether it is computed in its turn, whatever is decided."""

    def outlook(self, links: Links) -> Decision | None:
        """Return what would be decided on it; ``None`` where that cannot be told."""

    def packed(self, links: Links, around: Circumstances) -> bytes:
        """Return it as a worker takes it; raises what pickling raises where it cannot travel."""

    def elements(self, links: Links) -> Sequence[tuple[Task, Links]] | None:
        """Return the tasks that it consists of, with what they read; ``None`` if it is one."""


@dataclass(frozen=True, slots=True)
class CallTask:
    """A call of a step function."""

    call: Call
    store: Store

    @property
    def stays(self) -> bool:
        return not self.call.options.keep

    def outlook(self, links: Links) -> Decision | None:
        return outlook(replace(self.call, given=given_by(links)), self.store, _unknown)

    def packed(self, links: Links, around: Circumstances) -> bytes:
        return packed(CallJob(around, links, self.call))

    def elements(self, links: Links) -> Sequence[tuple[Task, Links]] | None:
        call = self.call
        if not call.each:
            return None
        others = {name: link for name, link in links.items() if name != call.each}
        function = call.function.__wrapped__  # type: ignore[attr-defined]
        return [
            (
                CallTask(
                    element_call(call, function, {**call.arguments, call.each: value}), self.store
                ),
                others,
            )
            for value in self._values(links)
        ]

    def _values(self, links: Links) -> Iterable[Any]:
        call = self.call
        if call.each not in links:
            return call.arguments[call.each]  # type: ignore[no-any-return]
        record, output = links[call.each]
        return self.store.load(record, call.function.__globals__)[output]  # type: ignore[no-any-return]


def _unknown(name: str) -> Any:
    raise LookupError(name)
