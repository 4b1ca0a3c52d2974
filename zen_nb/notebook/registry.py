"""Which step is which: the steps of a notebook, in the order of their first execution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from zen_nb.core.errors import CycleError, NameTaken, UnknownStep, UsageError
from zen_nb.core.events import Listeners
from zen_nb.core.graph import Edge, edges_by_name, topological
from zen_nb.core.model import Step

WHOLE_NOTEBOOK = "notebook"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A named selection of steps, with parameters and a setting of its own."""

    name: str
    steps: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    enable_cache: bool | None = None


class Registry:
    """The steps that cells have defined, and the pipelines made of them.

    Attributes
    ----------
    listeners
        Told when a pipeline is defined or dropped.
    """

    def __init__(self) -> None:
        self._steps: dict[str, Step] = {}
        self._pipelines: dict[str, Pipeline] = {}
        self._edges: tuple[Edge, ...] | None = None
        self._orders: dict[tuple[str, ...], list[str]] = {}
        self._of_cells: dict[str, str] = {}
        self.listeners = Listeners()

    def _changed(self) -> None:
        """Forget how the steps were joined: they are others now."""
        self._edges = None
        self._orders.clear()

    def __iter__(self) -> Iterator[Step]:
        return iter(tuple(self._steps.values()))

    def __len__(self) -> int:
        return len(self._steps)

    def __contains__(self, name: str) -> bool:
        return name in self._steps or self._titled(name) is not None

    @property
    def names(self) -> list[str]:
        """Names of all steps in order."""
        return list(self._steps)

    @property
    def pipelines(self) -> list[str]:
        """Names of the pipelines that were defined."""
        return list(self._pipelines)

    def get(self, name: str) -> Step:
        """Return the step of a name, or of a title that only one has; raises `UnknownStep`."""
        found = self._steps.get(name) or self._titled(name)
        if found is None:
            raise UnknownStep(name, [step.called for step in self])
        return found

    def named(self, word: str) -> str:
        """Return the name of the step that a person calls so; `word` itself where there is none."""
        return self.get(word).name if word in self else word

    def _titled(self, title: str) -> Step | None:
        found = [step for step in self if step.title == title]
        return found[0] if len(found) == 1 else None

    def put(self, step: Step) -> str | None:
        """Take in a step that a cell defines; return the name it had before, if it was renamed.

        The same cell executed again redefines its step in its place; a cell that was
        moved or pasted keeps its step by its text.

        Raises
        ------
        NameTaken
            Where another cell has the name.
        """
        before = self._steps.get(step.name)
        try:
            return self._put(step)
        finally:
            # A cell that is executed again joins as it did: thousands need not be joined anew.
            if before is None or _joins(before) != _joins(self._steps[step.name]):
                self._changed()

    def _put(self, step: Step) -> str | None:
        holder = self._steps.get(step.name)
        if holder is not None and _is_another_cell(holder, step):
            raise NameTaken(
                f"two cells want the name {step.name!r}: "
                f"In [{holder.body.number}] {_first_line(holder)!r} "
                f"and In [{step.body.number}] {_first_line(step)!r}; "
                f"rename one, or %pipeline drop {step.name} if the other is gone"
            )
        old = self.name_of_cell(step.body.cell_id)
        step = self._still_awaiting(step, old or step.name)
        if old is not None and old != step.name:
            self._steps = {
                step.name if name == old else name: step if name == old else kept
                for name, kept in self._steps.items()
                if name != step.name
            }
            self._changed()
            self._index(step, holder)
            return old
        self._steps[step.name] = step
        self._index(step, holder)
        return None

    def _index(self, step: Step | None, before: Step | None) -> None:
        """Take in which cell defines `step`, which stands for `before`."""
        if before is not None and self._of_cells.get(before.body.cell_id) == before.name:
            del self._of_cells[before.body.cell_id]
        if step is not None and step.body.cell_id is not None:
            self._of_cells[step.body.cell_id] = step.name

    def _still_awaiting(self, step: Step, name: str) -> Step:
        """Return `step` with what it awaited at its first execution and still reads."""
        before = self._steps[name].awaits if name in self._steps else frozenset()
        awaits = (before | step.awaits) & frozenset(step.reads)
        return step if awaits == step.awaits else replace(step, awaits=awaits)

    def note_writes(self, name: str, written: Iterable[str]) -> None:
        """Add names that a step turned out to write: changed in place, or by other code."""
        step = self._steps.get(name)
        if step is None:
            return
        writes = tuple(dict.fromkeys((*step.writes, *written)))
        if writes != step.writes:
            self._steps[name] = replace(step, writes=writes)
            self._changed()

    def drop(self, name: str) -> None:
        """Remove a step or a pipeline; raises `UnknownStep`."""
        if name in self._pipelines:
            del self._pipelines[name]
            self.listeners.tell()
            return
        name = self.get(name).name
        self._index(None, self._steps.pop(name))
        self._changed()
        self._pipelines = {
            label: replace(made, steps=tuple(part for part in made.steps if part != name))
            for label, made in self._pipelines.items()
        }

    def define(self, pipeline: Pipeline) -> None:
        """Take in a named pipeline; raises `UnknownStep` or `UsageError`."""
        if pipeline.name in self._steps:
            raise UsageError(
                f"{pipeline.name!r} is the name of a step; give the pipeline another name"
            )
        for name in pipeline.steps:
            self.get(name)
        self._pipelines[pipeline.name] = pipeline
        self.listeners.tell()

    def pipeline(self, name: str | None = None) -> Pipeline:
        """Return a pipeline that was defined, or the whole notebook's."""
        if name is None or name == WHOLE_NOTEBOOK:
            return Pipeline(WHOLE_NOTEBOOK, tuple(self._steps))
        try:
            return self._pipelines[name]
        except KeyError:
            known = ", ".join(self._pipelines) or "none"
            raise UsageError(
                f"there is no pipeline {name!r}; pipelines: {known}; "
                f"make one with %pipeline define {name} STEP …"
            ) from None

    def steps_of(self, pipeline: Pipeline) -> list[Step]:
        """Return the steps of a pipeline in the order in which they can run.

        That is the notebook's, but for a step that was executed before what it reads
        existed: it comes after the step that gives it. Steps that wait for each other stay
        where they are; `check_order` refuses them.
        """
        known = self._orders.get(pipeline.steps)
        if known is None:
            try:
                order = self.check_order(pipeline)
            except CycleError:
                order = self.names
            chosen = set(pipeline.steps)
            known = [name for name in order if name in chosen]
            self._orders[pipeline.steps] = known
        return [self._steps[name] for name in known]

    def check_order(self, pipeline: Pipeline) -> list[str]:
        """Return the names of a pipeline's steps, sources first; raises `CycleError`."""
        wanted = set(pipeline.steps)
        chosen = [name for name in self._steps if name in wanted]
        return topological(chosen, self.edges())

    def edges(self) -> tuple[Edge, ...]:
        """Return the edges between all steps."""
        if self._edges is None:
            self._edges = edges_by_name(tuple(self))
        return self._edges

    def name_of_cell(self, cell_id: str | None) -> str | None:
        """Return the step that a cell defined last; ``None`` where it defined none."""
        return None if cell_id is None else self._of_cells.get(cell_id)


def _is_another_cell(holder: Step, step: Step) -> bool:
    """Tell whether two steps come from two cells; without cell ids they are the same cell."""
    ids = (holder.body.cell_id, step.body.cell_id)
    return None not in ids and ids[0] != ids[1] and holder.body.source != step.body.source


def _joins(step: Step) -> tuple[object, ...]:
    """Return what of a step joins it with others."""
    return step.reads, step.writes, step.awaits


def _first_line(step: Step) -> str:
    return str(step.body.source).strip().partition("\n")[0]
