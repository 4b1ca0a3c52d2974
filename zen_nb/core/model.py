"""The records that every floor speaks of.

All are frozen. Fingerprints and digests are lower-case hexadecimal BLAKE3
digests of 32 bytes (64 characters). Times are seconds since the epoch, and
durations seconds, unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

JSON: TypeAlias = "None | bool | int | float | str | list[JSON] | dict[str, JSON]"

Fingerprint: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Component:
    """One labelled ingredient of a key, with what explains a change of it.

    Attributes
    ----------
    label
        ``kind:name`` (``param:gamma``, ``helper:clean``, ``package:pandas``), or ``code``.
    digest
        Its fingerprint.
    shown
        What a person is shown of it: ``{"value": "0.001"}``, ``{"source": "def …"}``,
        ``{"summary": "DataFrame 150 × 4"}``, ``{"version": "3.1.0"}``; and a ``profile`` with
        which a later one is compared. Never part of the key, bounded, without secrets.
    """

    label: str
    digest: Fingerprint
    shown: Mapping[str, JSON] = field(default_factory=dict, compare=False)

    @property
    def kind(self) -> str:
        return self.label.partition(":")[0]

    @property
    def name(self) -> str:
        return self.label.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Trace:
    """A component found out while the step ran, checked again before a hit.

    Attributes
    ----------
    label
        ``file:data.csv``, ``env:REGION``, ``ambient:numpy.random``, ``global:x``.
    digest
        Fingerprint of the state that the step saw; ``""`` where there was none (no such file).
    guard
        What can be compared faster than the digest (for files: path, inode, size and times).
        A guard that agrees proves the digest; one that differs proves nothing.
    shown
        As in `Component`.
    """

    label: str
    digest: Fingerprint
    guard: Mapping[str, JSON] = field(default_factory=dict, compare=False)
    shown: Mapping[str, JSON] = field(default_factory=dict, compare=False)

    @property
    def kind(self) -> str:
        return self.label.partition(":")[0]

    @property
    def name(self) -> str:
        return self.label.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One named output at rest.

    Attributes
    ----------
    fingerprint
        Of the value when it was stored, or ``None`` where the value has none.
    type_name, summary
        For people: ``pandas.DataFrame``, ``150 × 4``.
    role
        ``bound``: the step bound the name. ``changed``: the step changed the object that the
        name held before; a hit applies the change to that object. ``deleted``: the step
        deleted the name; there is no value.
    """

    name: str
    fingerprint: Fingerprint | None
    type_name: str
    summary: str
    role: Literal["bound", "changed", "deleted"] = "bound"


@dataclass(frozen=True, slots=True)
class Record:
    """What a finished step produced: the head, without its sections.

    The sections (payload, transcript, components) are bytes kept beside the head by the
    store, each either inline or as blobs named by digest.

    Attributes
    ----------
    key
        Fingerprint of the components known before the step ran.
    variant
        Fingerprint of the trace: one key has one record for each state of the outside.
    step
        The name that the step had when it ran: a label, not an ingredient.
    badges
        ``unseeded``, ``external:network``, ``ignored:conn``.
    writer
        Versions that decide whether the payload can be loaded: ``python`` (``3.11``),
        ``format`` (1), and packages whose objects are in it. ``ambient``: a hit changes the
        surroundings, so it is brought back even where nobody wants its outputs yet.
    """

    key: Fingerprint
    variant: Fingerprint
    step: str
    created_at: float
    duration_s: float
    trace: tuple[Trace, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    badges: tuple[str, ...] = ()
    writer: Mapping[str, JSON] = field(default_factory=dict)
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class StepOptions:
    """What the magic line or the decorator sets for one step; ``None`` means not set.

    Attributes
    ----------
    each
        Of a cell that is executed for each element: the name of one, and of what holds them.
    """

    enable_cache: bool | None = None
    expires_after_s: float | None = None
    ignore: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    keep: bool = True
    each: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A named unit of work: a ``%%step`` cell or a ``@step`` function.

    Attributes
    ----------
    name
        A label: never an ingredient of the key.
    reads, writes
        Names it takes in and gives out; they join steps into a graph.
    awaits
        Those it reads that nothing had bound when it was first executed: a step below it
        gives them.
    outputs
        The outputs the user declared, or ``None`` where all are kept.
    body
        The floor that made the step knows what this is; the engine hands it through.
    title
        What a person calls it where its name is an identifier; ``""`` where the name will do.
    automatic
        Whether it is a step because all cells are.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] | None = None
    options: StepOptions = StepOptions()
    body: Any = None
    awaits: frozenset[str] = frozenset()
    title: str = ""
    automatic: bool = False

    @property
    def called(self) -> str:
        """What a person is told of it by."""
        return self.title or self.name
