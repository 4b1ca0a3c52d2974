"""Notebooks as files."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode


def load(path: Path) -> NotebookNode:
    """Return the notebook at `path` in the present format.

    Raises
    ------
    OSError
        Where the file cannot be read.
    ValueError
        Where it is not a notebook; says so in one line.
    """
    try:
        read: NotebookNode = nbformat.read(path, as_version=4)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - nbformat raises errors of several libraries
        first = str(error).partition("\n")[0]
        raise ValueError(f"{path} is not a notebook: {first}") from None
    return read


def dump(notebook: NotebookNode) -> bytes:
    """Return `notebook` as the bytes of an ``.ipynb`` file."""
    text: str = nbformat.writes(notebook)
    return text.encode() + b"\n"
