"""Runs a notebook without a page, and tells of each step at the moment it ends.

What zen_nb says in a notebook is a ``display_data`` whose metadata has the key
``zen_nb``; the messages are read as the kernel sends them, so nothing here asks the
kernel anything, and a notebook that does not use zen_nb runs as it always did.
"""

from __future__ import annotations

import atexit
import base64
import binascii
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from zen_nb.faces.statuses import StepStatus, read_status
from zen_nb.notebook.orders import VARIABLE

# The tag by which a notebook itself says which cells a run leaves out.
_SKIPPED = "skip-execution"
# One variable holds 128 KiB on Linux.
_LONG = 50_000


class HeadlessFailure(Exception):
    """The notebook did not run to its end; the message says where and why in one line."""


class _Client(NotebookClient):
    """Hands every status message to `told` before it is stored as an output."""

    def __init__(
        self,
        notebook: NotebookNode,
        told: Callable[[StepStatus], None],
        ending_s: float | None,
        **options: Any,
    ) -> None:
        # Time stamps would make two executions of the same notebook differ.
        super().__init__(notebook, record_timing=False, **options)
        self._told = told
        self._ending_s = ending_s
        self._number: int | None = None
        self.on_cell_execute = self._enter

    def create_kernel_manager(self) -> Any:
        kernel = super().create_kernel_manager()
        if self._ending_s is not None:
            kernel.shutdown_wait_time = self._ending_s
        return kernel

    def _enter(self, **_: Any) -> None:
        self._number = self.code_cells_executed + 1

    @property
    def place(self) -> str:
        """Where the execution is, for a message."""
        return "the notebook" if self._number is None else f"cell In [{self._number}]"

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        if msg["msg_type"] == "display_data":
            status = read_status(msg["content"].get("metadata"), self._number)
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
    orders: str = "{}",
    skip: Collection[int] = (),
    go_on: bool = False,
    ending_s: float | None = None,
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
    orders
        What the kernel's session is asked, as `Orders.text` gives it.
    skip
        Places of cells that are left out.
    go_on
        A cell that raises does not end the run.
    ending_s
        How long the kernel may take to end; ``None`` for what is usual.

    Raises
    ------
    HeadlessFailure
        Where a cell raised, the kernel died, or there is no such kernel.
    """
    options: dict[str, Any] = {"timeout": timeout_s, "resources": {"metadata": {"path": folder}}}
    if kernel is not None:
        options["kernel_name"] = kernel
    if go_on:
        options["allow_errors"] = True
    options["skip_cells_with_tag"] = _SKIPPED
    client = _Client(notebook, told, ending_s, **options)
    # What a kernel echoes to its terminal is in the outputs already; only last words matter.
    with TemporaryFile() as last_words, _tagged(notebook, skip), _told(orders) as env:
        try:
            client.execute(stdout=DEVNULL, stderr=last_words, env=env)
        except NoSuchKernel as error:
            raise HeadlessFailure(
                f"there is no kernel named {error.name!r}; see `jupyter kernelspec list`"
            ) from None
        except (CellControlSignal, DeadKernelError) as error:
            raise HeadlessFailure(f"{client.place}: {_why(error)}") from None
        except RuntimeError as error:
            # nbclient would clean up at exit what it has cleaned up already, and stumble.
            atexit.unregister(client._cleanup_kernel)  # noqa: SLF001
            said = _last_line(last_words) or str(error)
            raise HeadlessFailure(f"the kernel did not start: {said}") from None


@contextmanager
def _told(orders: str) -> Iterator[dict[str, str]]:
    """Give the kernel's environment, with its orders: what is long goes by a file."""
    if len(orders) < _LONG:
        yield {**os.environ, VARIABLE: orders}
        return
    with NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
        file.write(orders)
        file.flush()
        yield {**os.environ, VARIABLE: f"@{file.name}"}


@contextmanager
def _tagged(notebook: NotebookNode, skip: Collection[int]) -> Iterator[None]:
    """Mark cells as left out, for as long as the notebook runs."""
    cells = [notebook.cells[place] for place in skip]
    before = [cell.metadata.get("tags") for cell in cells]
    for cell, tags in zip(cells, before, strict=True):
        cell.metadata["tags"] = [*(tags or ()), _SKIPPED]
    try:
        yield
    finally:
        for cell, tags in zip(cells, before, strict=True):
            del cell.metadata["tags"]
            if tags is not None:
                cell.metadata["tags"] = tags


def _why(error: Exception) -> str:
    """Return in one line what ended the execution."""
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {error.evalue}"
    if isinstance(error, DeadKernelError):
        return "the kernel died"
    return str(error).strip().partition("\n")[0]


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = [line.strip() for line in said.read().decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")


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
