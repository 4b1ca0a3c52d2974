"""Runs a notebook without a page, and tells of each step at the moment it ends.

What zen_nb says in a notebook is a ``display_data`` whose metadata has the key
``zen_nb``; the messages are read as the kernel sends them, so nothing here asks the
kernel anything, and a notebook that does not use zen_nb runs as it always did.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from nbformat.reader import NotJSONError


@dataclass(frozen=True, slots=True)
class StepStatus:
    """One execution of a step, as its status message tells it.

    Attributes
    ----------
    cell
        Number of the cell that it came from, as in ``In [3]``; ``None`` where unknown.
    duration_s
        What this execution took: the run, or the hit.
    saved_s
        What the hit saved; ``None`` for a run.
    reason
        Why it ran, or which earlier run it took the result from.
    """

    step: str
    cached: bool
    cell: int | None = None
    duration_s: float | None = None
    saved_s: float | None = None
    reason: str = ""


class HeadlessFailure(Exception):
    """The notebook did not run to its end; the message says where and why in one line."""


def read_status(metadata: object, cell: int | None = None) -> StepStatus | None:
    """Return the status that `metadata` carries, or ``None`` where it carries none.

    Metadata is what any cell may write, so what does not have the shape of a status
    is not one.
    """
    said = metadata.get("zen_nb") if isinstance(metadata, Mapping) else None
    if not isinstance(said, Mapping) or said.get("role") != "status":
        return None
    step, cached = said.get("step"), said.get("cached")
    if not isinstance(step, str) or not isinstance(cached, bool):
        return None
    return StepStatus(
        step=step,
        cached=cached,
        cell=cell,
        duration_s=_seconds(said.get("seconds")),
        saved_s=_seconds(said.get("saved_s")),
        reason=str(said.get("reason") or ""),
    )


def _seconds(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]


def load(path: Path) -> NotebookNode:
    """Return the notebook at `path` in the present format.

    Raises
    ------
    ValueError
        Where it is not a notebook; says so in one line.
    """
    try:
        read: NotebookNode = nbformat.read(path, as_version=4)
    except (NotJSONError, nbformat.ValidationError, AttributeError) as error:
        first = str(error).partition("\n")[0]
        raise ValueError(f"{path} is not a notebook: {first}") from None
    return read


def dump(notebook: NotebookNode) -> bytes:
    """Return `notebook` as the bytes of an ``.ipynb`` file."""
    text: str = nbformat.writes(notebook)
    return text.encode() + b"\n"


class _Client(NotebookClient):
    """Hands every status message to `told` before it is stored as an output."""

    def __init__(
        self, notebook: NotebookNode, told: Callable[[StepStatus], None], **options: Any
    ) -> None:
        # Time stamps would make two executions of the same notebook differ.
        super().__init__(notebook, record_timing=False, **options)
        self._told = told

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        if msg["msg_type"] == "display_data":
            status = read_status(msg["content"].get("metadata"), cell.get("execution_count"))
            if status is not None:
                self._told(status)
        return super().process_message(msg, cell, cell_index)


def execute(
    notebook: NotebookNode,
    told: Callable[[StepStatus], None],
    *,
    folder: Path,
    kernel: str | None = None,
    timeout_s: int | None = None,
) -> None:
    """Run every cell in a new kernel, outputs kept in `notebook` up to where it got.

    Parameters
    ----------
    told
        Called with each step as it ends.
    folder
        Where the kernel runs: cells find their files beside the notebook.
    kernel
        Name of a kernel; ``None`` for the one that the notebook names.
    timeout_s
        Longest time for one cell; ``None`` for no limit.

    Raises
    ------
    HeadlessFailure
        Where a cell raised, the kernel died, or there is no such kernel.
    """
    options: dict[str, Any] = {"timeout": timeout_s, "resources": {"metadata": {"path": folder}}}
    if kernel is not None:
        options["kernel_name"] = kernel
    try:
        _Client(notebook, told, **options).execute()
    except CellExecutionError as error:
        raise HeadlessFailure(f"{_failed_cell(notebook)}: {error.ename}: {error.evalue}") from None
    except DeadKernelError:
        raise HeadlessFailure(f"{_failed_cell(notebook)}: the kernel died") from None
    except CellControlSignal as error:
        first = str(error).strip().partition("\n")[0]
        raise HeadlessFailure(f"{_failed_cell(notebook)}: {first}") from None
    except NoSuchKernel as error:
        raise HeadlessFailure(
            f"there is no kernel named {error.name!r}; see `jupyter kernelspec list`"
        ) from None


def _failed_cell(notebook: NotebookNode) -> str:
    counts = [cell.get("execution_count") for cell in notebook.cells]
    last = max((count for count in counts if count), default=None)
    return "the notebook" if last is None else f"cell In [{last}]"


_IMAGE = re.compile(r"""src=["'](data:image/svg\+xml[^"']*)["']""")
_WIDGET = "application/vnd.jupyter.widget-view+json"


def last_picture(notebook: NotebookNode) -> bytes | None:
    """Return the last picture of a graph among the outputs as SVG, or ``None``."""
    found: bytes | None = None
    for output in _outputs(notebook):
        if _WIDGET in output["data"] or _is_graph(output.get("metadata")):
            found = _svg(output["data"]) or found
    return found


def _outputs(notebook: NotebookNode) -> Iterator[Mapping[str, Any]]:
    for cell in notebook.cells:
        yield from (output for output in cell.get("outputs", ()) if "data" in output)


def _is_graph(metadata: object) -> bool:
    said = metadata.get("zen_nb") if isinstance(metadata, Mapping) else None
    return isinstance(said, Mapping) and said.get("role") == "graph"


def _svg(shown: Mapping[str, Any]) -> bytes | None:
    if "image/svg+xml" in shown:
        return "".join(shown["image/svg+xml"]).encode()
    image = _IMAGE.search("".join(shown.get("text/html", "")))
    if image is None:
        return None
    kind, _, text = image[1].partition(",")
    try:
        return base64.b64decode(text) if kind.endswith(";base64") else unquote_to_bytes(text)
    except binascii.Error:
        return None
