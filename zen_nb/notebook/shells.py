"""Which session belongs to the shell that runs, and what its kernel does when it is idle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zen_nb.notebook.session import Session

_sessions: list[Session] = []


def enter(session: Session) -> None:
    """Make `session` the current one."""
    _sessions.append(session)


def leave(session: Session) -> None:
    """Take `session` out; the one before it is current again."""
    if session in _sessions:
        _sessions.remove(session)


def current() -> Session | None:
    """Return the session of the shell that loaded zen_nb last; ``None`` where there is none."""
    return _sessions[-1] if _sessions else None


def on_main(shell: Any, action: Callable[[], object]) -> None:
    """Do `action` on the kernel's main thread when it is idle; at once where there is no loop."""
    loop = _main_loop(shell)
    if loop is None:
        action()
    elif threading.current_thread() is threading.main_thread():
        loop.call_soon(action)
    else:
        loop.call_soon_threadsafe(action)


def when_idle(shell: Any, action: Callable[[], object]) -> None:
    """Do `action` on the main thread a little later, behind what the page has asked for already."""
    loop = _main_loop(shell)
    if loop is None:
        action()
    else:
        loop.call_soon_threadsafe(loop.call_later, _PAUSE_S, action)


_PAUSE_S = 0.02


def _main_loop(shell: Any) -> Any:
    kernel = getattr(shell, "kernel", None)
    loop = getattr(kernel, "io_loop", None)
    return getattr(loop, "asyncio_loop", None)
