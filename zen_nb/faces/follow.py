"""What a live face is sent: the whole of a graph once, then only what changes.

Messages are plain data. ``{"kind": "snapshot", "snapshot": …}`` is a whole `PipelineSnapshot`;
``{"kind": "changes", "base": r, "revision": s, …}`` leads from revision `r` to `s`: ``nodes``
that changed, and ``order`` (ids), ``edges``, ``run``, ``message`` and ``pipeline`` where they
did. A face whose revision is not `base` asks for the whole (``{"kind": "resend"}``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from zen_nb.core.errors import ZenNbError
from zen_nb.faces import messages
from zen_nb.faces.snapshot import Node, PipelineSnapshot, Source, plain

Message: TypeAlias = dict[str, Any]

_SHORTEST_S: Final = 0.1
"""Between two messages: ten a second at most."""


class Follower:
    """Follows one source from whatever thread, at most ten times a second.

    Parameters
    ----------
    send
        Called with each message, by one thread at a time.
    """

    def __init__(self, source: Source, send: Callable[[Message], None]) -> None:
        self._source = source
        self._send = send
        self._gate = threading.Lock()
        self._one_at_a_time = threading.RLock()
        self._due: threading.Timer | None = None
        self._pushed_at = time.monotonic()
        self._closed = False
        self._last = source.snapshot()
        self._unsubscribe = source.subscribe(self.changed)

    @property
    def snapshot(self) -> PipelineSnapshot:
        """What the faces have been sent."""
        return self._last

    def close(self) -> None:
        """Stop following."""
        self._unsubscribe()
        with self._gate:
            self._closed = True
            if self._due is not None:
                self._due.cancel()

    def changed(self) -> None:
        """Push soon; changes that come before then go with it."""
        with self._gate:
            if self._due is not None or self._closed:
                return
            wait = max(0.0, self._pushed_at + _SHORTEST_S - time.monotonic())
            self._due = threading.Timer(wait, self.push)
            self._due.daemon = True
            self._due.start()

    def push(self) -> None:
        """Send what has changed; what changes from here on is pushed again."""
        with self._gate:
            self._due = None
            self._pushed_at = time.monotonic()
        with self._one_at_a_time:
            now = self._present()
            if now.revision >= self._last.revision and (message := changes(self._last, now)):
                self._last = now
                self._send(message)

    def resend(self) -> None:
        """Send the whole."""
        with self._one_at_a_time:
            self._last = self._present()
            self._send({"kind": "snapshot", "snapshot": self._last.to_json()})

    def _present(self) -> PipelineSnapshot:
        """Return the source's state; where it has none any more, the last one and why."""
        try:
            return self._source.snapshot()
        except ZenNbError as error:  # the pipeline was dropped while it is on the page
            return replace(self._last, message=str(error))


def answer(
    source: Source,
    follower: Follower,
    content: object,
    buffers: object,
    send: Callable[[Message], None],
) -> None:
    """Carry out what a page asks, if it is in order; `send` it the answer, or why there is none."""
    try:
        names = [node.name for node in source.snapshot().nodes]
        asked = messages.checked(content, names, buffers)
        if asked["kind"] == "resend":
            follower.resend()
        elif asked["kind"] == "details":
            step = asked["step"]
            send({"kind": "details", "step": step, "details": dict(source.details(step))})
        else:
            source.ask(asked)
        if asked["kind"] == "afresh":
            send({"kind": "done", "ask": asked})
    except ZenNbError as error:
        send(_refusal(content, str(error)))
    except Exception as error:  # noqa: BLE001 the page must hear of it: nobody else does
        send(_refusal(content, f"{type(error).__name__}: {error}"))
    follower.push()


def _refusal(content: object, text: str) -> Message:
    ask = dict(content) if isinstance(content, Mapping) else {}
    return {"kind": "refused", "ask": ask, "text": text}


def changes(before: PipelineSnapshot, after: PipelineSnapshot) -> Message | None:
    """Return the message that leads from one snapshot to another, or ``None``: they are equal."""
    old = {node.id: node for node in before.nodes}
    nodes = [node for node in after.nodes if not _same(node, old.get(node.id))]
    message: Message = {"kind": "changes", "base": before.revision, "revision": after.revision}
    if nodes:
        message["nodes"] = [plain(node) for node in nodes]
    order = [node.id for node in after.nodes]
    if order != list(old):
        message["order"] = order
    if before.edges is not after.edges and before.edges != after.edges:
        message["edges"] = [plain(edge) for edge in after.edges]
    if before.run != after.run:
        message["run"] = plain(after.run)
    for name in ("message", "pipeline"):
        if getattr(before, name) != getattr(after, name):
            message[name] = getattr(after, name)
    return message if len(message) > 3 or before.revision != after.revision else None


def _same(node: Node, before: Node | None) -> bool:
    return node is before or node == before


_WHOLE: Final[tuple[str, ...]] = ("edges", "run", "message", "pipeline")


def applied(before: dict[str, Any], message: Message) -> dict[str, Any]:
    """Return the plain snapshot that `message` makes of `before`, which stays as it is."""
    if message["kind"] == "snapshot":
        return dict(message["snapshot"])
    new = {node["id"]: node for node in message.get("nodes", ())}
    old = {node["id"]: node for node in before["nodes"]} | new
    order = message.get("order", [node["id"] for node in before["nodes"]])
    kept = {key: message[key] for key in _WHOLE if key in message}
    return {
        **before,
        **kept,
        "nodes": [old[name] for name in order],
        "revision": message["revision"],
    }
