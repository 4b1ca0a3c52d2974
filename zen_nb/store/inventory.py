"""What a store holds, for people: looked at row by row, verified, and never unpickled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from zen_nb.core.model import Record
from zen_nb.store.records import Store

GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class StepStock:
    """What a store has of one step.

    Attributes
    ----------
    compute_s
        Seconds that computing it all again would take.
    size_bytes
        Of its records; what several share is counted with each.
    used_at
        When a record of it was last written or served, in seconds of the epoch.
    """

    step: str
    records: int = 0
    compute_s: float = 0.0
    size_bytes: int = 0
    used_at: float = 0.0
    pinned: int = 0


@dataclass(frozen=True, slots=True)
class Stock:
    """What a store has in all.

    Attributes
    ----------
    size_bytes
        What it takes on disk; what several records share is counted once.
    evicted
        Keys whose records have been evicted and were not computed again since.
    freeing_bytes, lost_s
        What evicting next would free, a gigabyte at most where it can be, and the compute lost.
    """

    folder: str
    size_bytes: int
    limit_bytes: int
    steps: tuple[StepStock, ...] = ()
    evicted: int = 0
    unreadable: int = 0
    freeing_bytes: int = 0
    lost_s: float = 0.0
    unavailable: str = ""
    index_folder: str = ""

    @property
    def records(self) -> int:
        return sum(part.records for part in self.steps)

    @property
    def compute_s(self) -> float:
        return sum(part.compute_s for part in self.steps)


@dataclass(frozen=True, slots=True)
class Held:
    """One record with what the store knows about it besides."""

    record: Record
    used_at: float
    pinned: bool


@dataclass(slots=True)
class Checked:
    """What looking at every byte has come to.

    Attributes
    ----------
    damaged
        A line for each record or blob that is not as it was written.
    mended
        How many of those were put right, or taken out so that their steps run again.
    """

    records: int = 0
    blobs: int = 0
    hashed_bytes: int = 0
    damaged: list[str] = field(default_factory=list)
    mended: int = 0


def stock(store: Store) -> Stock:
    """Return what `store` has, by step, the largest first."""
    steps: dict[str, StepStock] = {}
    evicted = unreadable = 0
    pinned = store.pins.all()
    for key, lookup, gone in store.each():  # there may be a million: none of them is kept
        evicted += gone is not None
        unreadable += not lookup.found and gone is None
        used_at = store.used_at(key) if lookup.found else 0.0
        for record in lookup.found:
            known = steps.get(record.step) or StepStock(record.step)
            steps[record.step] = _with(known, Held(record, used_at, key in pinned))
    listed = sorted(steps.values(), key=lambda one: -one.size_bytes)
    size = store.size_bytes()
    freeing = store.would_lose(min(GIGABYTE, size)) if size and not store.unavailable else None
    return Stock(
        folder=str(store.folder),
        size_bytes=size,
        limit_bytes=store.size_limit_bytes,
        steps=tuple(listed),
        evicted=evicted,
        unreadable=unreadable,
        freeing_bytes=freeing.freed_bytes if freeing else 0,
        lost_s=freeing.lost_s if freeing else 0.0,
        unavailable=store.unavailable,
        index_folder=str(store.index_folder),
    )


def held_of(store: Store, step: str) -> list[Held]:
    """Return the records of `step`, newest first."""
    found = [
        Held(record, store.used_at(key), store.pins.holds(key))
        for key, lookup, _ in store.each()
        for record in lookup.found
        if record.step == step
    ]
    return sorted(found, key=lambda held: -held.record.created_at)


def verify(
    store: Store, *, mend: bool = False, hashed: Callable[[int], None] = lambda _: None
) -> Checked:
    """Look at every record and hash every blob.

    Parameters
    ----------
    mend
        Put right what can be, and take out what cannot, so that its step runs again; count anew
        what the store takes.
    hashed
        Is told how many bytes have been hashed since it was told last.
    """
    done = Checked()
    check = store.check()
    for fault in check.records(mend=mend):
        done.records += 1
        if fault:
            done.damaged.append(fault)
            done.mended += mend
    for _, size, fault in check.blobs(mend=mend):
        done.blobs += 1
        done.hashed_bytes += size
        hashed(size)
        if fault:
            done.damaged.append(fault)
            done.mended += mend
    if mend:
        store.recount()
    return done


def pin(store: Store, step: str, *, every: bool = False) -> list[Record]:
    """Pin the newest record of `step`, or all there are; return what is pinned."""
    found = [held.record for held in held_of(store, step)]
    chosen = found if every else found[:1]
    for record in chosen:
        store.pins.add(record.key)
    return chosen


def unpin(store: Store, step: str) -> list[Record]:
    """Unpin all records of `step`; return those that were pinned."""
    found = [held.record for held in held_of(store, step) if held.pinned]
    for record in found:
        store.pins.remove(record.key)
    return found


def blob_bytes(store: Store) -> int:
    """Return the bytes that `verify` will hash."""
    return sum(status.st_size for _, status in store.blob_files())


def _with(known: StepStock, held: Held) -> StepStock:
    record = held.record
    return StepStock(
        step=known.step,
        records=known.records + 1,
        compute_s=known.compute_s + record.duration_s,
        size_bytes=known.size_bytes + record.size_bytes,
        used_at=max(known.used_at, held.used_at),
        pinned=known.pinned + held.pinned,
    )
