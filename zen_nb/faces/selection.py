"""Which cells of a file are executed for one step: it, what it depends on, and what is around."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from zen_nb.core.errors import UnknownStep, UsageError
from zen_nb.core.graph import edges_by_name, upstream
from zen_nb.core.model import Step
from zen_nb.faces.page import parsed, step_cells
from zen_nb.identity.cell import read_cell


@dataclass(frozen=True, slots=True)
class Selection:
    """Places of the cells that are left out, and the steps that are executed, in order."""

    skip: frozenset[int]
    steps: tuple[str, ...]


def steps_of(notebook: NotebookNode) -> list[Step]:
    """Return the steps of a notebook's cells that can be read."""
    return [cell.step for cell in step_cells(notebook) if cell.step is not None]


def selection(notebook: NotebookNode, target: str) -> Selection:
    """Return what is executed for `target`.

    Other steps are left out, everything below the target's own cell, and plain cells that read
    what is then missing.

    Raises
    ------
    UnknownStep
        Where no cell is that step.
    """
    steps = steps_of(notebook)
    names = [step.name for step in steps]
    if target not in names:
        raise UnknownStep(target, names)
    wanted = upstream([target], edges_by_name(steps))
    by_cell = {step.body.cell_id: step for step in steps}
    skip, missing, below = set[int](), set[str](), False
    for place, (step, reads, binds) in enumerate(_cells(notebook, by_cell)):
        left_out = step is not None and step.name not in wanted
        if below or left_out or (step is None and missing & reads):
            skip.add(place)
            missing |= binds
        else:
            missing -= binds
        below = below or (step is not None and step.name == target)
    return Selection(frozenset(skip), tuple(name for name in names if name in wanted))


def _cells(
    notebook: NotebookNode, by_cell: dict[str | None, Step]
) -> Iterator[tuple[Step | None, set[str], set[str]]]:
    """Yield every cell's step, what it reads and what it binds."""
    for number, cell in enumerate(notebook.cells, 1):
        step = by_cell.get(cell.get("id", f"cell-{number}"))
        if step is not None:
            yield step, set(step.reads), set(step.writes)
        elif cell.cell_type != "code":
            yield None, set(), set()
        else:
            try:
                facts = read_cell(parsed(cell.source), parsed)
            except (SyntaxError, ValueError, UsageError):
                yield None, set(), set()
                continue
            yield None, set(facts.reads), set(facts.binds)


def blocks(notebook: NotebookNode, skip: Collection[int] = ()) -> tuple[tuple[str, ...], ...]:
    """Return the sources of the step cells that follow each other, and of those with elements.

    Parameters
    ----------
    skip
        Places of cells that are left out.
    """
    steps = {cell.step.body.cell_id: cell.step for cell in step_cells(notebook) if cell.step}
    found: list[list[Step]] = [[]]
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or place in skip or not cell.source.strip():
            continue
        step = steps.get(cell.get("id", f"cell-{place + 1}"))
        if step is None:
            found.append([])
        else:
            found[-1].append(step)
    worth = [block for block in found if len(block) > 1 or (block and block[0].options.each)]
    return tuple(tuple(step.body.source for step in block) for block in worth)


def check_parameters(steps: list[Step], given: dict[str, object]) -> None:
    """Raise `UsageError` for a parameter that no step has; lists those there are."""
    known = {f"{step.name}.{name}" for step in steps for name in step.parameters}
    short = {one.partition(".")[2] for one in known}
    for key in given:
        if key not in known and key not in short:
            raise UsageError(
                f"no step has the parameter {key!r}; "
                f"parameters: {', '.join(sorted(known)) or 'none'}"
            )
