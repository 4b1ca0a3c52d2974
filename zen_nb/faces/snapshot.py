"""The one shape that every face draws, versioned and typed on both sides.

``frontend/src/snapshot.ts`` mirrors these classes, and ``tests/faces/golden_snapshot.json``
is read by the tests of both languages. All text in a snapshot is untrusted: a
face sets it as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any, Literal, Protocol, TypeAlias

VERSION = 2

State: TypeAlias = Literal[
    "never_run",
    "up_to_date",
    "edited",
    "will_run",
    "waiting",
    "running",
    "failed",
    "caching_off",
    "evicted",
    "expired",
]


@dataclass(frozen=True, slots=True)
class CacheSwitch:
    """Where a toggle stands and what is in force.

    Attributes
    ----------
    toggle
        The toggle's own position: ``None`` as set, ``True`` on, ``False`` off.
    enabled
        What is in force, all rungs considered.
    source
        Who said so, for example ``this run`` or ``the step``.
    as_set
        What would be in force without this toggle, so that a second click takes a flip
        back; ``None`` where that is not known.
    """

    toggle: bool | None = None
    enabled: bool = True
    source: str = "the default"
    as_set: bool | None = None


@dataclass(frozen=True, slots=True)
class ArtifactView:
    """One output of a step, as far as a face shows it."""

    name: str
    type_name: str
    summary: str


@dataclass(frozen=True, slots=True)
class Node:
    """One step.

    Attributes
    ----------
    reason
        Why it is in this state, in one clause; ``""`` where there is nothing to say.
    why
        The components that changed since the nearest record, a line each.
    duration_s
        Of the last real run; ``None`` where it never ran.
    saved_s
        Time the last hit saved; ``None`` where the last execution was a run.
    started_at
        Seconds since the epoch while running, else ``None``.
    finished_at
        When the record in force was made, else ``None``.
    predicted_s
        What it would take if it ran, by what it took last; ``None`` where it never ran.
    cell_id, cell_check
        The cell that defines it and the CRC-32 of the text that was executed, so that a page
        can find it and tell whether it was edited since; ``""`` and 0 for a function.
    """

    id: str
    name: str
    state: State
    reason: str = ""
    why: tuple[str, ...] = ()
    cached: bool = False
    cache: CacheSwitch = field(default_factory=CacheSwitch)
    duration_s: float | None = None
    saved_s: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    size_bytes: int = 0
    badges: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    artifacts: tuple[ArtifactView, ...] = ()
    error: str = ""
    predicted_s: float | None = None
    cell_id: str = ""
    cell_check: int = 0


@dataclass(frozen=True, slots=True)
class EdgeView:
    """`target` reads `names` from `source`."""

    source: str
    target: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunBar:
    """The run as a whole: its toggle, its forecast and its totals.

    Attributes
    ----------
    predicted_s
        Sum of the last durations of what will run; ``None`` where one has never run.
    saved_s
        Time that hits have saved since the kernel started.
    """

    running: bool = False
    cache: CacheSwitch = field(default_factory=CacheSwitch)
    cached: int = 0
    to_run: int = 0
    predicted_s: float | None = None
    saved_s: float = 0.0
    store_bytes: int = 0
    store_limit_bytes: int = 0


@dataclass(frozen=True, slots=True)
class PipelineSnapshot:
    """Everything that a face draws of one pipeline at one moment.

    Attributes
    ----------
    version
        Of this shape; a face that does not know it says so instead of guessing.
    revision
        Grows with every change, so that a face can confirm a flip.
    """

    pipeline: str
    revision: int
    nodes: tuple[Node, ...] = ()
    edges: tuple[EdgeView, ...] = ()
    run: RunBar = field(default_factory=RunBar)
    message: str = ""
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """Return plain lists, dicts, strings and numbers, ready for ``json.dumps``."""
        found = plain(self)
        assert isinstance(found, dict)
        return found


def plain(value: Any) -> Any:
    """Return one of the classes above, or a part of one, as plain data."""
    names = getattr(type(value), "__slots__", ())
    if names and is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


class Source(Protocol):
    """What a live face is given: it reads, listens and asks, and knows nothing else."""

    def snapshot(self) -> PipelineSnapshot:
        """Return the present state. Callable from any thread."""

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, from any thread; return what ends it."""

    def ask(self, message: Mapping[str, Any]) -> None:
        """Carry out a checked message from the page.

        ``{"kind": "toggle", "step": name | None, "value": True | False | None}`` (no step:
        the run's toggle), ``{"kind": "clear_toggles"}``,
        ``{"kind": "run", "to": name | None, "all": bool}``, ``{"kind": "stop"}``,
        ``{"kind": "afresh", "step": name | None}`` (the next execution of the step, or of
        each, does not read the cache), ``{"kind": "pin", "step": name, "value": bool}`` (its
        record is never evicted) and ``{"kind": "forget", "step": name}`` (its record is removed).
        Raises `UsageError` for anything else.
        """

    def watched(self) -> None:
        """Note that a page begins to look, so that forecasts are worth their time."""

    def details(self, step: str) -> Mapping[str, Any]:
        """Return what is shown of a step when it is opened (`details_of`). From any thread."""
