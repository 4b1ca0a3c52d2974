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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Any

from zen_nb.core.errors import UsageError
from zen_nb.core.model import Fingerprint, Record
from zen_nb.core.options import Configuration
from zen_nb.engine.decide import Decision, MadeRecord
from zen_nb.engine.jobs import Circumstances, Done, look, process, settings, work
from zen_nb.engine.perform import BESIDE
from zen_nb.engine.tasks import Links, Task
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


def elsewhere(executor: Executor, configuration: Configuration, store: Store) -> Elsewhere:
    """Return `executor` with what is to be known of it: one of its workers is asked.

    Raises
    ------
    UsageError
        Where its workers do not see the store: nothing they compute would arrive here.
    """
    with store.calling() as word:
        seen = executor.submit(look, configuration, settings(), word).result()
        if seen.echo != store.echo(word):
            raise UsageError(
                f"workers on {seen.machine} do not see the cache folder {store.folder}, or have "
                "another key; give them both: ZEN_NB_CACHE_DIR and ZEN_NB_KEY_DIR on a disk that "
                "they share"
            )
    return Elsewhere(executor, configuration, seen.process == process())


class Dispatch:
    """The jobs of one run.

    Attributes
    ----------
    made
        The records that jobs have made and no step has taken yet.

    Parameters
    ----------
    tasks
        Every step of the run with the outputs that it reads, by node, in order.
    started
        Is told of each step that is handed over, with why it has to run.
    """

    def __init__(
        self,
        where: Elsewhere,
        tasks: Mapping[str, tuple[Task, Mapping[str, tuple[str, str]]]],
        started: Callable[[str, str], None],
    ) -> None:
        self._where = where
        self._tasks = tasks
        self._started = started
        self._awaits = {
            node: {source for source, _ in links.values()} for node, (_, links) in tasks.items()
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
                if found.record is not None and node not in self._records and not found.cached:
                    self.made.add((found.record.key, found.record.created_at))
                if node in self._tasks:  # what an element gives is for its step alone
                    self.know(node, found.record)

    def _consider(self, node: str) -> None:
        """Look at a step whose inputs are all in the store: hand it over unless it is a hit."""
        task, sources = self._tasks[node]
        links = {
            name: (self._records[source], output) for name, (source, output) in sources.items()
        }
        reason = ""
        decision = None if task.stays else task.outlook(links)
        if decision is None or decision.refusal:
            return
        if not _decides_there():
            if decision.record is not None:
                self.know(node, decision.record)
                return
            reason = decision.reason
        if self._where.shared and _may_change(decision):
            return
        if reason and self._is_with_another(node, decision):
            return
        try:
            elements = task.elements(links)
        except Exception:  # told when it runs
            return
        if elements is not None:
            self._consider_elements(node, elements)
        else:
            self._reasons[node] = reason
            self._hand_over(node, task, links, lambda: self._started(node, reason))

    def _is_with_another(self, node: str, decision: Decision) -> bool:
        """Tell whether another node has the key: one job is for both; the first one has run."""
        first = self._keys.setdefault(decision.key, node)
        if first == node:
            return False
        self._first[node] = first
        self._twins.setdefault(first, []).append(node)
        self.know(node, self._records.get(first))
        return True

    def _consider_elements(self, node: str, elements: Sequence[tuple[Task, Links]]) -> None:
        """Hand over a map step's elements; it runs here, in its turn, and finds them cached."""
        handed = []
        for number, (one, links) in enumerate(elements):
            decision = one.outlook(links)
            if decision is None or decision.refusal or decision.record is not None:
                continue
            place = f"{node}[{number}]"
            if self._keys.setdefault(decision.key, place) == place and self._hand_over(
                place, one, links
            ):
                handed.append(place)
        if handed:
            self._elements[node] = handed

    def _hand_over(
        self, place: str, task: Task, links: Links, before: Callable[[], None] = lambda: None
    ) -> bool:
        """Submit a task; tell whether it could be. `before` is called when it is about to be."""
        try:
            around = None if self._where.shared else surroundings()
            content = task.packed(links, Circumstances(self._where.configuration, around))
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
