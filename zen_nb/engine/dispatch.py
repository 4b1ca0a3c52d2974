"""Steps computed before their turn: what will be needed is on its way to workers.

The walk over a pipeline is the same with and without workers. They only fill the store: when a
step's turn comes its record is there, and counts only if a run here would be known by it. So
what is shown, and what is restored, comes in the order of the steps, whoever was first.

What touches the surroundings (random streams, settings, variables) is computed in its turn. A
worker that is a thread of this process keeps no record of such a step, and what it has done to
the surroundings is put back before the step runs for good.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from typing import Any

from zen_nb.core.model import Fingerprint, Record
from zen_nb.core.options import Configuration
from zen_nb.engine.body import Call, element_call
from zen_nb.engine.call import MadeRecord, outlook
from zen_nb.engine.decide import Decision
from zen_nb.engine.jobs import Done, Job, given_by, packed, work
from zen_nb.engine.perform import BESIDE
from zen_nb.observe.ambient import capture, surroundings, undo
from zen_nb.store.records import Store

_VARIABLES = (
    "ZEN_NB_PREVENT_CLIENT_SIDE_CACHING",
    "ZENML_PREVENT_CLIENT_SIDE_CACHING",
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where steps are computed besides here.

    Attributes
    ----------
    executor
        Any executor of the standard kind.
    configuration
        Where workers find the store.
    shared
        Whether its workers are threads of this process.
    """

    executor: Executor
    configuration: Configuration
    shared: bool


def elsewhere(executor: Executor, configuration: Configuration) -> Elsewhere:
    """Return `executor` with what is to be known of it: one of its workers is asked."""
    return Elsewhere(executor, configuration, executor.submit(os.getpid).result() == os.getpid())


class Dispatch:
    """The jobs of one run.

    Attributes
    ----------
    made
        The records that jobs have made and no step has taken yet.

    Parameters
    ----------
    calls
        Every step of the run with the outputs that its arguments are, by node, in order.
    started
        Is told of each step that is handed over, with why it has to run.
    """

    def __init__(
        self,
        where: Elsewhere,
        store: Store,
        calls: Mapping[str, tuple[Call, Mapping[str, tuple[str, str]]]],
        started: Callable[[str, str], None],
    ) -> None:
        self._where = where
        self._store = store
        self._calls = calls
        self._started = started
        self._awaits = {
            node: {source for source, _ in links.values()} for node, (_, links) in calls.items()
        }
        self._readers: dict[str, list[str]] = {}
        for node, sources in self._awaits.items():
            for source in sources:
                self._readers.setdefault(source, []).append(node)
        self._queue = deque(node for node, sources in self._awaits.items() if not sources)
        self._futures: dict[str, Future[Done]] = {}
        self._reasons: dict[str, str] = {}
        self._elements: dict[str, list[str]] = {}
        self._records: dict[str, Record] = {}
        self.made: set[MadeRecord] = set()
        self._keys: dict[Fingerprint, str] = {}
        self._first: dict[str, str] = {}
        self._twins: dict[str, list[str]] = {}
        self._before: Mapping[str, Any] | None = None
        self._is_touched = False

    def fill(self) -> None:
        """Hand over whatever can be computed now."""
        while self._queue:
            self._consider(self._queue.popleft())

    def know(self, node: str, record: Record | None) -> None:
        """Take in what holds the outputs of `node`; without a record, its readers wait here."""
        if record is None or node in self._records:
            return
        self._records[node] = record
        for twin in self._twins.get(node, ()):
            self.know(twin, record)
        for reader in self._readers.get(node, ()):
            self._awaits[reader].discard(node)
            if not self._awaits[reader]:
                self._queue.append(reader)

    def result(self, node: str) -> tuple[Done, str] | None:
        """Return what came of the job of `node`, and why it had to run; ``None`` without one."""
        if node in self._elements:
            return self._result_of_elements(node)
        first = self._first.get(node, node)
        if first not in self._futures:
            return None
        self._wait_for(self._futures[first])
        return _done(self._futures.pop(first)), self._reasons[first]

    def _result_of_elements(self, node: str) -> tuple[Done, str]:
        """Return the first failure among the elements; else nothing, for they are hits by now."""
        for one in self._elements.pop(node):
            self._wait_for(self._futures[one])
            found = _done(self._futures.pop(one))
            if found.trace:
                return found, ""
        return Done(), ""

    def _wait_for(self, future: Future[Done]) -> None:
        while not future.done():
            wait([one for one in self._futures.values() if not one.done()], None, FIRST_COMPLETED)
            self._take_in()
            self.fill()
        self._take_in()
        self.fill()

    def settle(self) -> None:
        """Wait until nothing runs beside this thread, and put the surroundings back."""
        if not self._where.shared:
            return
        wait(self._futures.values())
        self._take_in()
        before, self._before = self._before, None
        if self._is_touched and before is not None:
            undo(before)
        self._is_touched = False

    def stop(self) -> None:
        """Let no job begin any more; those that run are waited for where they share memory."""
        for future in self._futures.values():
            future.cancel()
        self.settle()

    def _take_in(self) -> None:
        for node, future in self._futures.items():
            if future.done():
                found = _done(future)
                self._is_touched |= found.note == BESIDE
                if node not in self._calls:  # an element: it is for its step alone
                    continue
                if found.record is not None and node not in self._records and not found.cached:
                    self.made.add((found.record.key, found.record.created_at))
                self.know(node, found.record)

    def _consider(self, node: str) -> None:
        """Look at a step whose inputs are all in the store: hand it over unless it is a hit."""
        call, links = self._calls[node]
        found = {name: (self._records[source], output) for name, (source, output) in links.items()}
        reason = ""
        decision = outlook(replace(call, given=given_by(found)), self._store, _unknown)
        if decision is None or decision.refusal or not call.options.keep:
            return
        decides_here = not _decides_there()
        if decides_here and decision.record is not None:
            self.know(node, decision.record)
            return
        if self._where.shared and _may_change(decision):
            return
        if decides_here:
            reason, first = decision.reason, self._keys.setdefault(decision.key, node)
            if first != node:  # one job is for both: whose turn comes first has run
                self._first[node] = first
                self._twins.setdefault(first, []).append(node)
                self.know(node, self._records.get(first))
                return
        if call.each:
            self._consider_elements(node, call, found)
        else:
            self._reasons[node] = reason
            self._hand_over(node, call, found, lambda: self._started(node, reason))

    def _consider_elements(
        self, node: str, call: Call, links: Mapping[str, tuple[Record, str]]
    ) -> None:
        """Hand over a map step's elements; it runs here, in its turn, and finds them cached."""
        others = {name: link for name, link in links.items() if name != call.each}
        try:
            elements = list(self._elements_of(call, links))
        except Exception:  # told when it runs
            return
        handed = []
        for number, value in enumerate(elements):
            arguments = {**call.arguments, call.each: value}
            one = element_call(call, call.function.__wrapped__, arguments)  # type: ignore[attr-defined]
            decision = outlook(replace(one, given=given_by(others)), self._store, _unknown)
            if decision is None or decision.refusal or decision.record is not None:
                continue
            place = f"{node}[{number}]"
            if self._keys.setdefault(decision.key, place) == place and self._hand_over(
                place, one, others
            ):
                handed.append(place)
        if handed:
            self._elements[node] = handed

    def _elements_of(self, call: Call, links: Mapping[str, tuple[Record, str]]) -> Iterable[Any]:
        if call.each not in links:
            return call.arguments[call.each]  # type: ignore[no-any-return]
        record, output = links[call.each]
        values = self._store.load(record, call.function.__globals__)
        return values[output]  # type: ignore[no-any-return]

    def _hand_over(
        self,
        place: str,
        call: Call,
        links: Mapping[str, tuple[Record, str]],
        before: Callable[[], None] = lambda: None,
    ) -> bool:
        """Submit a call; tell whether it could be. `before` is called when it is about to be."""
        try:
            around = None if self._where.shared else surroundings()
            content = packed(Job(call, links, self._where.configuration, around))
            before()  # what it brings along is no step's doing
            if self._where.shared and self._before is None:
                self._before = capture()
            self._futures[place] = self._where.executor.submit(work, content)
        except Exception:  # it cannot travel, or the executor is broken: it is computed here
            return False
        return True


def _decides_there() -> bool:
    """Tell whether workers are to look for records, as ZenML's variable of that name asks."""
    return any(
        os.environ.get(name, "").lower() in ("1", "true", "yes", "on") for name in _VARIABLES
    )


def _unknown(name: str) -> Any:
    raise LookupError(name)


def _may_change(decision: Decision) -> bool:
    """Tell whether the code reaches things that it could change under others' hands.

    Its arguments are its own: they travel as bytes, to a thread too.
    """
    found = decision.question.ingredients
    reached = any(not label.startswith("input:") for label in found.held)
    return reached or bool(found.kept is not None and found.kept.holdings())


def _done(future: Future[Done]) -> Done:
    """Return what a job came to; a worker that was lost is one that did nothing."""
    if future.cancelled():
        return Done(note="it was cancelled")
    error = future.exception()
    return future.result() if error is None else Done(note=f"the worker was lost: {error}")
