"""Records to put into a store, and how to get them back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zen_nb.core.model import Artifact, Component, Record, Trace
from zen_nb.store.records import Store
from zen_nb.store.serialize import dump


def a_record(number: int = 1, *, variant: int = 0, step: str = "train", **more: Any) -> Record:
    more = {"created_at": time.time(), "duration_s": 1.5, **more}
    return Record(
        key=f"{number:064x}",
        variant=f"{variant:064x}",
        step=step,
        trace=(Trace("file:data.csv", "ab" * 32, {"size": 3}, {"summary": "3 bytes"}),),
        artifacts=(Artifact("x", "cd" * 32, "int", "3"),),
        badges=("unseeded",),
        **more,
    )


A_COMPONENT = Component("code", "ef" * 32, {"source": "x = 1"})


@contextmanager
def mounted(place: Path, size: str = "20m") -> Iterator[bool]:
    """Mount memory as a disk of its own at `place`; tell whether that can be done here."""
    place.mkdir(parents=True)
    ask = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(place)]
    try:
        subprocess.run(ask, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def put(store: Store, record: Record, values: dict[str, Any], **more: Any) -> Record:
    return store.add(record, payload=dump(values, namespace={}), **more)


def got(store: Store, record: Record) -> dict[str, Any]:
    found = store.find(record.key)
    assert found.found, found
    return store.load(found.found[0], {})
