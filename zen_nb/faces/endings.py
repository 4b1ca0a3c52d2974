"""How commands end, and what of a person's files they read and write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

DONE, FAILED, UNUSABLE = 0, 1, 2


class Unusable(Exception):
    """What was asked cannot be started; the message says what to do."""


def read(path: Path) -> NotebookNode:
    """Return the notebook at `path`; raises `Unusable` where there is none."""
    from zen_nb.faces import files

    try:
        return files.load(path)
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise Unusable(str(error)) from None


def write(path: Path, content: bytes) -> None:
    """Let `path` hold `content`; raises `Unusable` where it cannot."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}") from None
