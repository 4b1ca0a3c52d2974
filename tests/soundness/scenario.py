"""Edits of notebooks and of their modules, as data: what is there before, the edit, must it rerun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Edit = tuple[str, str]


@dataclass(frozen=True)
class Scenario:
    """One edit, and whether the step must run again after it.

    It is played as a ``%%step`` cell and, unless `cell_only`, as a ``@step`` function of a
    script. What a run gives after the edit is the truth: it is found by running plainly.

    Attributes
    ----------
    rerun
        Whether the result can differ after the edit.
    setup
        Cells before the step, divided by lines that begin with ``# %%``.
    step
        The body of the step; it binds ``y``.
    edit
        Text and what replaces it wherever it stands, or several such pairs.
    live
        Executed after the step has run once, as a later cell would be; then the step is run
        again. ``rewrite(file, old, new)`` edits a module on disk.
    modules, files
        What lies beside the notebook, by name.
    reads_itself
        The step reads what it has changed: running it twice are two different runs.
    refused
        Ways in which the step cannot be kept: it says so, and runs each time.
    known
        What becomes of it where that is a limit that is known: a verdict for each such way.
    """

    name: str
    rerun: bool
    setup: str = ""
    step: str = "y = f(2)"
    edit: Edit | tuple[Edit, ...] | None = None
    live: str = ""
    modules: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    cell_only: bool = False
    reads_itself: bool = False
    refused: tuple[str, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All replacements of text, in order."""
        if self.edit is None:
            return ()
        return (self.edit,) if isinstance(self.edit[0], str) else self.edit


def scenario(name: str, rerun: bool, setup: str = "", edit: object = None, **more) -> Scenario:
    """Return a scenario; the edit may stand after the setup, where it is read best."""
    return Scenario(name, rerun, setup=setup, edit=edit, **more)


RERUN, SAME = True, False
