"""What a running step touches outside its variables, and what it shows."""

from __future__ import annotations

from zen_nb.core.model import Trace
from zen_nb.observe import ambient, environment, files

_KINDS = {"file": files.check, "env": environment.check, "ambient": ambient.check}


def check(trace: Trace) -> str | None:
    """Return ``None`` while what the step saw or left outside is still so, else the reason.

    Raises
    ------
    KeyError
        For a trace of another kind than ``file``, ``env`` and ``ambient``.
    """
    return _KINDS[trace.kind](trace)
