"""A notebook's graph from its file alone: its cells are read, none is run.

Names are joined as the kernel joins them. How a step stands is what the file and the store
remember: the status that it left among its outputs, else its last record. What would run now
depends on values that only a kernel has.
"""

from __future__ import annotations

import ast
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from IPython.core.inputtransformer2 import TransformerManager, cell_magic
from nbformat import NotebookNode

from zen_nb.core.errors import ZenNbError
from zen_nb.core.graph import edges_by_name
from zen_nb.core.model import Record, Step
from zen_nb.faces.details import details_of
from zen_nb.faces.live import artifact_views, parameter_views
from zen_nb.faces.snapshot import EdgeView, Node, PipelineSnapshot, RunBar
from zen_nb.faces.statuses import StepStatus, read_status
from zen_nb.notebook.cells import hide_step_line, read_step, step_line
from zen_nb.notebook.explanation import ago
from zen_nb.store.records import Store

EMPTY: Final = "No steps: none of its cells begins with %%step."


@dataclass(frozen=True, slots=True)
class PageCell:
    """One ``%%step`` cell of a file.

    Attributes
    ----------
    step
        ``None`` where the cell cannot be read; `fault` says why.
    """

    name: str
    cell_id: str
    source: str
    step: Step | None
    fault: str = ""
    status: StepStatus | None = None
    error: str = ""


def page_snapshot(notebook: NotebookNode, title: str, store: Store | None) -> PipelineSnapshot:
    """Return the graph of a notebook as it was when it ran last."""
    cells = list(step_cells(notebook))
    edges = edges_by_name([cell.step for cell in cells if cell.step is not None])
    nodes = tuple(_node(cell, store) for cell in cells)
    return PipelineSnapshot(
        pipeline=title,
        revision=0,
        nodes=nodes,
        edges=tuple(EdgeView(edge.source, edge.target, edge.names) for edge in edges),
        run=RunBar(
            cached=sum(node.state == "up_to_date" for node in nodes),
            to_run=sum(node.state != "up_to_date" for node in nodes),
        ),
        message="" if cells else EMPTY,
    )


def page_details(store: Store | None, step: str) -> dict[str, Any]:
    """Return what is shown of a step when it is opened and no kernel runs."""
    past = store.history(step, 1) if store is not None else []
    return details_of(store, step, past[0] if past else None)


def step_cells(notebook: NotebookNode) -> Iterator[PageCell]:
    """Yield the cells that begin with ``%%step``, in the order of the page; names are unique."""
    names: set[str] = set()
    for number, cell in enumerate(notebook.cells, 1):
        line = step_line(cell.source) if cell.cell_type == "code" else None
        if line is None:
            continue
        found = _read(cell, line, number)
        if found.name in names:
            fault = f"another cell has the name {found.name!r} already"
            found = replace(found, name=f"{found.name} ({number})", step=None, fault=fault)
        names.add(found.name)
        yield found


def _read(cell: NotebookNode, line: str, number: int) -> PageCell:
    cell_id, source = cell.get("id", f"cell-{number}"), cell.source
    hidden = "".join(hide_step_line(source.splitlines(keepends=True), cell_magic))
    name, step, fault = _named(line, number), None, ""
    try:
        transformed = _transformed(hidden)
        step = read_step(
            line,
            ast.parse(transformed),
            source=source,
            transformed=transformed,
            filename=f"<cell {number}>",
            cell_id=cell_id,
            number=number,
            parse=parsed,
        )
        name = step.name
    except (SyntaxError, ValueError, ZenNbError) as error:
        fault = str(error).partition("\n")[0]
    status, raised = _last(cell)
    return PageCell(name, cell_id, source, step, fault, status, raised)


def _named(line: str, number: int) -> str:
    word = next(iter(line.split()), "")
    return word if word and "=" not in word and not word.startswith("-") else f"cell_{number}"


def parsed(source: str) -> ast.Module:
    """Return the tree of a cell's text, after IPython's transformation."""
    return ast.parse(_transformed(source))


def _transformed(source: str) -> str:
    manager: Any = TransformerManager  # its constructor has no types
    return str(manager().transform_cell(source))


def _last(cell: NotebookNode) -> tuple[StepStatus | None, str]:
    """Return what the outputs of a cell tell of its last execution."""
    status, raised = None, ""
    for output in cell.get("outputs", ()):
        if output.get("output_type") == "error":
            raised = f"{output.get('ename', '')}: {output.get('evalue', '')}".partition("\n")[0]
        status = read_status(output.get("metadata")) or status
    return status, raised


def _node(cell: PageCell, store: Store | None) -> Node:
    past = store.history(cell.name, 1) if store is not None and not cell.fault else []
    record = past[0] if past else None
    node = Node(
        id=cell.name,
        name=cell.name,
        state="never_run",
        parameters=parameter_views(cell.step.parameters if cell.step is not None else {}),
        cell_id=cell.cell_id,
        cell_check=zlib.crc32(cell.source.encode("utf-8", "surrogatepass")),
    )
    if cell.fault or cell.error:
        return replace(node, state="failed", reason=cell.fault, error=cell.fault or cell.error)
    if record is None and cell.status is None:
        return node
    return _remembered(node, cell.status, record)


def _remembered(node: Node, status: StepStatus | None, record: Record | None) -> Node:
    reason = status.reason if status is not None else ""
    if record is not None:
        duration: float | None = record.duration_s
        reason = reason or f"computed {ago(record.created_at)}"
    else:
        assert status is not None
        duration = status.saved_s if status.cached else status.duration_s
    return replace(
        node,
        state="up_to_date",
        reason=reason,
        cached=status is not None and status.cached,
        saved_s=status.saved_s if status is not None else None,
        duration_s=duration,
        predicted_s=duration,
        finished_at=record.created_at if record is not None else None,
        size_bytes=record.size_bytes if record is not None else 0,
        badges=record.badges if record is not None else (),
        artifacts=artifact_views(record),
    )
