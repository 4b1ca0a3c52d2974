"""Which session belongs to the shell that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
