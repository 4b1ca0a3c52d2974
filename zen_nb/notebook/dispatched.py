"""Cells that workers compute before their turn, in one run of a pipeline."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zen_nb.core.graph import Edge
from zen_nb.core.model import Record, Step
from zen_nb.engine.decide import Decision, MadeRecord, decide, known_outputs
from zen_nb.engine.dispatch import Dispatch, Elsewhere
from zen_nb.engine.jobs import Circumstances, Done, packed
from zen_nb.engine.tasks import Links, Task
from zen_nb.identity.bytecode import facts
from zen_nb.identity.cell import names_in_strings
from zen_nb.notebook.execution import Execution
from zen_nb.notebook.mapped import element_step, elements_of
from zen_nb.notebook.offstage import CellJob

if TYPE_CHECKING:
    from zen_nb.notebook.session import RunOptions, Session

# Names in code that needs the page's own shell.
_OF_THE_SHELL = frozenset({"get_ipython"})


@dataclass(frozen=True, slots=True)
class CellTask:
    """A cell as workers are given it.

    Attributes
    ----------
    without
        Names that are not there while it runs.
    """

    session: Session
    step: Step
    options: RunOptions
    without: frozenset[str] = frozenset()

    @property
    def stays(self) -> bool:
        body, shell = self.step.body, self.session.shell
        return (
            not (self.step.options.keep and self.options.keep)
            or body.is_async
            or body.facts.whole_namespace
            or bool(_OF_THE_SHELL & facts(body.facts.code).names)
            or shell.ast_node_interactivity != "last_expr"
            or self.session.orders.forbids(self.step.name)
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter of the step, with its value in this run."""
        return {**self.step.parameters, **(self.options.parameters or {})}

    def outlook(self, links: Links) -> Decision | None:
        """Return what would be decided on it; ``None`` where that cannot be told."""
        known = {}
        for name, (record, output) in links.items():
            found = known_outputs(record).get(output)
            if found is None:
                return None
            known[name] = found
        session = self.session
        try:
            asked = Execution(
                self.step,
                session.shell,
                store=session.store,
                setting=session.setting(self.step, self.options),
                parameters=self.parameters,
                known=known,
            ).question()
            return decide(asked, session.store)
        except Exception:  # told in its turn
            return None

    def packed(self, links: Links, around: Circumstances) -> bytes:
        """Return it as a worker takes it; raises what pickling raises where it cannot travel."""
        namespace = self.session.shell.user_ns
        names = {name: namespace[name] for name in self._named() if name in namespace}
        left_out = {*links, *self.without}
        names = {name: value for name, value in names.items() if name not in left_out}
        setting = self.session.setting(self.step, self.options)
        job = CellJob(around, links, self.step, names, self.parameters, setting)
        return packed(job, {id(namespace): names})

    def _named(self) -> set[str]:
        """Return every name that the cell's own code may look up; functions bring theirs."""
        of = self.step.body.facts
        settled = of.settled
        left = {*settled.inputs, *settled.read, *settled.unread}
        mine = {"__name__", *facts(of.code).names, *names_in_strings(of.strings), *left}
        mine -= {name for name in of.binds if name not in of.reads and name not in left}
        return mine

    def elements(self, links: Links) -> Sequence[tuple[Task, Links]] | None:
        """Return the turns of a map step; ``None`` for another."""
        if self.step.options.each is None:
            return None
        item, items = self.step.options.each
        session, values = self.session, self.session.shell.user_ns
        if items in links and session.store is not None:
            record, output = links[items]
            values = {items: session.store.load(record, values)[output]}
        of_one, rest = element_step(self.step), {k: v for k, v in links.items() if k != items}
        given = self.options.parameters or {}
        setting = session.setting(self.step, self.options).enabled
        own = [
            replace(self.options, run_now=setting, parameters={**given, item: value})
            for value in elements_of(self.step, values)
        ]
        facts = self.step.body.facts
        without = frozenset(facts.binds) - facts.redefined
        return [(CellTask(session, of_one, options, without), rest) for options in own]


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one run, in order: what the run sets for each, and how they are joined."""

    session: Session
    each: Sequence[tuple[Step, RunOptions]]
    edges: Iterable[Edge]

    def tasks(self) -> dict[str, tuple[CellTask, Mapping[str, tuple[str, str]]]]:
        """Return every cell as workers are given it, with the outputs that it reads."""
        names = {step.name for step, _ in self.each}
        sources: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in names}
        for edge in self.edges:
            if edge.source in names and edge.target in names:
                sources[edge.target].update({name: (edge.source, name) for name in edge.names})
        return {
            step.name: (CellTask(self.session, step, options), sources[step.name])
            for step, options in self.each
        }

    def are_cached(self) -> bool:
        """Tell whether all are hits, so that no worker is needed: none is opened for them."""
        records: dict[str, Record] = {}
        for name, (task, sources) in self.tasks().items():
            links = {read: (records[step], output) for read, (step, output) in sources.items()}
            decision = task.outlook(links)
            if decision is None or decision.record is None:
                return False
            records[name] = decision.record
        return True


class Dispatched:
    """What is computed of some cells before their turn."""

    def __init__(self, cells: Cells, where: Elsewhere) -> None:
        self._session = cells.session
        tasks: dict[str, tuple[Task, Mapping[str, tuple[str, str]]]] = {**cells.tasks()}
        self._dispatch = Dispatch(where, tasks, self._started)

    def _started(self, name: str, reason: str) -> None:
        self._session.note_start(name, time.time(), reason)

    @property
    def made(self) -> Collection[MadeRecord]:
        """The records that workers have made and no step has taken yet."""
        return self._dispatch.made

    def take(self, step: Step, options: RunOptions) -> Execution | None:
        """Return an execution that is done already; ``None`` where the cell has to run here."""
        self._dispatch.fill()
        found = self._dispatch.result(step.name)
        if found is None or found[0].record is None or found[0].record.writer.get("ambient"):
            self._dispatch.settle()
        done, reason = found or (Done(), "")
        made = self._dispatch.made
        if not made or done.cached or done.record is None:
            return None
        return self._session.adopt(step, options, made, reason or done.reason)

    def know(self, name: str, record: Record | None) -> None:
        """Take in what holds the outputs of a step whose turn is over."""
        self._dispatch.know(name, record)

    def close(self) -> None:
        """Let nothing more be computed elsewhere."""
        self._dispatch.stop()
