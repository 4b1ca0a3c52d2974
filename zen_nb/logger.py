"""Where zen_nb's sentences go in scripts: a logger that writes to standard output."""

from __future__ import annotations

import logging
import sys
from typing import Any

_ROOT = "zen_nb"


class _Present(logging.StreamHandler[Any]):
    """Writes to whatever ``sys.stdout`` is at that moment, so that it follows redirections."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stdout

    @stream.setter
    def stream(self, value: Any) -> None:
        pass


def get_logger(name: str) -> logging.Logger:
    """Return a logger whose lines of level INFO and above are shown as they are.

    Parameters
    ----------
    name
        Usually ``__name__``; the logger is a child of zen_nb's, so that one setting
        (``logging.getLogger("zen_nb").setLevel(…)``) quietens them all.
    """
    root = logging.getLogger(_ROOT)
    if not any(isinstance(handler, _Present) for handler in root.handlers):
        handler = _Present()
        handler.setFormatter(logging.Formatter("%(message)s"))
        root.addHandler(handler)
        root.propagate = False
        if root.level == logging.NOTSET:
            root.setLevel(logging.INFO)
    return root if name == _ROOT else root.getChild(name)
