"""Which threads belong to a running step.

A cell owns everything that happens while it runs, except what the kernel's own
threads do, and zen_nb's. A function may run beside others: it owns its own context, and the
threads born while it was the only one of its kind.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from zen_nb.core.locks import new_lock
from zen_nb.core.threads import is_own

Reach = Literal["process", "context"]

_entered: ContextVar[tuple[Scope, ...]] = ContextVar("zen_nb_scopes", default=())
_lonely: list[Scope] = []
_lock = new_lock()

_FOREIGN_NAMES = frozenset({"IOPub", "Heartbeat", "Control", "IPythonHistorySavingThread"})
_FOREIGN_MODULES = frozenset({"ipykernel", "IPython", "zmq", "jupyter_client", "pydevd", "debugpy"})


def is_foreign(thread: threading.Thread) -> bool:
    """Tell whether a thread serves the kernel or the shell and never runs a step's code."""
    return (
        thread.name in _FOREIGN_NAMES
        or type(thread).__module__.partition(".")[0] in _FOREIGN_MODULES
        or "_watch_pipe_fd" in thread.name
    )


def foreign_threads() -> frozenset[int]:
    """Return the identifiers of the living threads that never run a step's code."""
    return frozenset(t.ident for t in threading.enumerate() if t.ident and is_foreign(t))


@contextmanager
def separate() -> Iterator[None]:
    """Let what the calling thread does be no other step's, before and after its own begins."""
    scope = Scope("context")
    scope.enter()
    try:
        yield
    finally:
        scope.leave()


class Scope:
    """Tells whether the calling thread works for one step.

    Parameters
    ----------
    reach
        ``process``: every thread that is not foreign. ``context``: the context that entered,
        and threads born since, as long as no other scope of this kind is open elsewhere.

    Attributes
    ----------
    is_unsure
        Whether something was done that may have been this step's, or that of one beside it.
    """

    def __init__(self, reach: Reach = "process") -> None:
        self.reach = reach
        self._foreign: frozenset[int] = frozenset()
        self._elders: frozenset[int] = frozenset()
        self._root: Scope = self
        self.is_unsure = False

    def enter(self) -> None:
        """Begin; for ``context`` in the calling context."""
        if self.reach == "process":
            self._foreign = foreign_threads()
            return
        outer = _entered.get()
        self._root = outer[0] if outer else self
        self._elders = frozenset(t.ident for t in threading.enumerate() if t.ident)
        _entered.set((*outer, self))
        with _lock:
            _lonely.append(self)

    def leave(self) -> None:
        """End; harmless when repeated."""
        if self.reach == "context":
            _entered.set(tuple(scope for scope in _entered.get() if scope is not self))
            with _lock:
                if self in _lonely:
                    _lonely.remove(self)

    def covers(self) -> bool:
        """Tell whether what the calling thread does now belongs to this step."""
        ident = threading.get_ident()
        if is_own(ident):
            return False
        if self.reach == "process":
            return ident not in self._foreign
        entered = _entered.get()
        if self in entered:
            return True
        if entered or ident in self._elders:
            return False
        if not self._is_alone():
            self.is_unsure = True  # a thread born since: this step's, or that of one beside it
            return False
        return True

    def owns(self, thread: int) -> bool:
        """Tell whether a thread may work for this step: it serves neither the kernel nor zen_nb."""
        return thread not in self._foreign and not is_own(thread)

    def _is_alone(self) -> bool:
        return all(scope._root is self._root for scope in tuple(_lonely))
