"""Records to put into a store, and how to get them back."""

from __future__ import annotations

import time
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


def put(store: Store, record: Record, values: dict[str, Any], **more: Any) -> Record:
    return store.add(record, payload=dump(values, namespace={}), **more)


def got(store: Store, record: Record) -> dict[str, Any]:
    found = store.find(record.key)
    assert found.found, found
    return store.load(found.found[0], {})
