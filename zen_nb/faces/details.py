"""What a face shows of one step when it is opened: what changed, first looks, its history.

Made on demand from the store and from what the session knows; plain data, nothing is
unpickled. All text is untrusted.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from zen_nb.core.errors import UsageError
from zen_nb.core.model import JSON, Record
from zen_nb.engine.explain import Change
from zen_nb.store.records import NotLoadable, Store

HISTORY: Final = 12
_PICTURES: Final = 2
_PICTURE_BYTES: Final = 400_000
_DIFF_LINES: Final = 80
_TRANSCRIPT_BYTES: Final = 4_000_000


def details_of(
    store: Store | None,
    step: str,
    record: Record | None,
    changes: Iterable[Change] = (),
    compared: str = "",
) -> dict[str, JSON]:
    """Return what is shown of a step beyond its node.

    Returns
    -------
    dict
        ``changes``: ``{"words": …, "diff": […]}`` each; ``compared``: a sentence that says
        with what; ``previews``: by artifact, see `identity.preview`; ``pictures``: images that
        the step showed, base64 PNG; ``history``: ``{"created_at", "duration_s", "size_bytes",
        "key", "state"}``, newest first, where `state` is ``current``, ``kept`` or ``gone``.
    """
    return {
        "changes": [_change(one) for one in changes],
        "compared": compared,
        "previews": store.previews(record) if store and record else {},
        "pictures": _pictures(store, record) if store and record else [],
        "history": _history(store, step, record) if store else [],
    }


def keep(store: Store | None, record: Record | None, message: Mapping[str, Any]) -> None:
    """Pin a record, let it be evicted again, or remove it, as the page asks.

    Raises
    ------
    UsageError
        Where there is nothing to keep, or nowhere.
    """
    if store is None or record is None:
        raise UsageError(f"there is no record of {message['step']}; run it first")
    if message["kind"] == "forget":
        store.forget(record.key)
    elif message["value"]:
        store.pins.add(record.key)
    else:
        store.pins.remove(record.key)


def _change(change: Change) -> JSON:
    lines = list(change.diff)
    if len(lines) > _DIFF_LINES:
        lines = [*lines[:_DIFF_LINES], f"… {len(lines) - _DIFF_LINES} more lines"]
    return {"words": str(change), "diff": [*lines]}


def _history(store: Store, step: str, record: Record | None) -> list[JSON]:
    found: list[JSON] = []
    for past in store.history(step, HISTORY):
        current = record is not None and _is_same(past, record)
        kept = current or any(_is_same(past, one) for one in store.find(past.key).found)
        found.append(
            {
                "created_at": past.created_at,
                "duration_s": past.duration_s,
                "size_bytes": past.size_bytes,
                "key": past.key[:12],
                "state": "current" if current else "kept" if kept else "gone",
            }
        )
    return found


def _is_same(one: Record, other: Record) -> bool:
    return (one.key, one.variant, one.created_at) == (other.key, other.variant, other.created_at)


def _pictures(store: Store, record: Record) -> list[JSON]:
    """Return the last images that the step showed, as base64 PNG."""
    try:
        raw = store.transcript(record)
        events = json.loads(raw) if b"image/png" in raw and len(raw) < _TRANSCRIPT_BYTES else []
    except (NotLoadable, ValueError):
        return []
    found: list[JSON] = []
    for event in reversed(events):
        png = _base64(event.get("data", {}).get("image/png"))
        if png and len(png) <= _PICTURE_BYTES and len(found) < _PICTURES:
            found.append(png)
    return found[::-1]


def _base64(png: Any) -> str:
    """Return an image as the transcript holds it, if it is one."""
    packed = png.get("__zen_nb_bytes__", "") if isinstance(png, dict) else png
    text = "".join(packed.split()) if isinstance(packed, str) else ""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        return ""
    return text if content.startswith(b"\x89PNG\r\n") else ""
