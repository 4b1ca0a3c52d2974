"""Whether what a step found out while it ran still holds."""

from __future__ import annotations

from zen_nb.core.model import Trace
from zen_nb.observe import ambient, environment, files

_CHECKS = {"file": files.check, "env": environment.check, "ambient": ambient.check}
_PRESENT = {"file": files.present, "env": environment.present, "ambient": ambient.present}


def broken(trace: Trace) -> str | None:
    """Return ``None`` while `trace` holds, else the reason in one clause.

    A trace of a kind that this version does not know never holds.
    """
    check = _CHECKS.get(trace.kind)
    return check(trace) if check else f"this version cannot check {trace.label}"


def restated(trace: Trace) -> Trace | None:
    """Return `trace` with what it would hold now; ``None`` where there is nothing to hold."""
    present = _PRESENT.get(trace.kind)
    return present(trace) if present else None
