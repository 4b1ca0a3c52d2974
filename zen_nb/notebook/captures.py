"""Which capture sees all that a step shows in this shell."""

from __future__ import annotations

from typing import Any

from zen_nb.engine.perform import Capture
from zen_nb.observe.display import KernelCapture, TerminalCapture


def capture_for(shell: Any) -> Capture:
    """Return a fresh capture: by the kernel's messages where there is a kernel."""
    return KernelCapture(shell) if getattr(shell, "kernel", None) is not None else TerminalCapture(shell)
