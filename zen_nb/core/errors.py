"""One root for every error that zen_nb raises, rendered in one line.

A user error says what, where and what to do. IPython asks an exception for
``_render_traceback_`` before it formats one, so these errors show no traceback
of zen_nb's own frames, without IPython being imported here.
"""

from __future__ import annotations


class ZenNbError(Exception):
    """Root of zen_nb's errors; shown as one line in a notebook."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class UsageError(ZenNbError):
    """What the user wrote cannot be carried out; the message says what to write instead."""


class UnknownStep(UsageError):
    """A step was named that is not there."""

    def __init__(self, name: str, known: list[str]) -> None:
        listed = ", ".join(known) if known else "none yet: run a cell that begins with %%step"
        super().__init__(f"there is no step {name!r}; steps here: {listed}")


class NameTaken(UsageError):
    """A second cell asks for the name of a step that another cell has."""


class CycleError(UsageError):
    """Steps that wait for each other; the message lists them in order."""


class MissingOutput(UsageError):
    """A step declares an output that it does not bind."""


class StepFailed(ZenNbError):
    """A step of a run raised; ``__cause__`` is the user's own exception."""


class NoFingerprint(ZenNbError):
    """A value has no identity that survives this process.

    Parameters
    ----------
    type_name
        Qualified name of the type that has none.
    why
        One clause on what makes it so.
    path
        Where inside the value it was met, as Python would write it (``.lock``, ``[3]``).
    """

    def __init__(self, type_name: str, why: str, path: str = "") -> None:
        super().__init__(type_name, why, path)
        self.type_name = type_name
        self.why = why
        self.path = path

    def __str__(self) -> str:
        where = f" at {self.path}" if self.path else ""
        return f"{self.type_name}{where} has no fingerprint: {self.why}"


class NotStorable(ZenNbError):
    """A value cannot come back from the store as it was.

    Parameters
    ----------
    name
        The output that holds it.
    type_name
        Qualified name of the type that is in the way.
    why
        One clause on what makes it so.
    """

    def __init__(self, name: str, type_name: str, why: str) -> None:
        super().__init__(name, type_name, why)
        self.name = name
        self.type_name = type_name
        self.why = why

    def __str__(self) -> str:
        return f"`{self.name}` is a {self.type_name}: {self.why}"


class StoreUnavailable(ZenNbError):
    """The store cannot be opened or written; the step's result is kept in memory only."""
