"""The live graph: a widget that follows a source and hands it what the page asks.

Import this module only where a widget is about to be shown: it imports anywidget.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from zen_nb.core.errors import ZenNbError
from zen_nb.faces import messages
from zen_nb.faces.picture import StillGraph, to_html, to_text
from zen_nb.faces.snapshot import Source
from zen_nb.observe.display import disregard_comm

_STATIC: Final = Path(__file__).parent.parent / "static"
_SHORTEST_S: Final = 0.1
_PER_NODE_S: Final = 0.0005
"""Between two pushes: ten a second at most, fewer where drawing them would keep the page busy."""

NOT_BUILT: Final = (
    "The live graph is not built: run `make frontend` in a checkout, or reinstall zen_nb. "
    "Until then %pipeline shows this picture."
)


def graph_of(source: Source) -> GraphWidget | StillGraph:
    """Return the live graph of `source`, or a picture that says why it is not live.

    A source has one live graph however often it is shown, so that a cell which shows it
    again and again does not leave one follower behind each time.
    """
    if not (_STATIC / "widget.js").is_file():
        return StillGraph(source.snapshot(), NOT_BUILT)
    known = _graphs.get(id(source))
    if known is None or known.comm is None:
        _graphs[id(source)] = known = GraphWidget(source)
    return known


def _static(name: str, otherwise: str) -> Path | str:
    path = _STATIC / name
    return path if path.is_file() else otherwise


class GraphWidget(anywidget.AnyWidget):
    """Draws what its source says, at most ten times a second, from whatever thread.

    Attributes
    ----------
    snapshot
        The newest `PipelineSnapshot` as plain data; observe it as any trait.
    """

    _esm = _static("widget.js", "export default { render() {} }")
    _css = _static("widget.css", "")

    snapshot = traitlets.Dict().tag(sync=True)

    def __init__(self, source: Source, **traits: Any) -> None:
        self._source = source
        self._gate = threading.Lock()
        self._one_at_a_time = threading.RLock()
        self._due: threading.Timer | None = None
        self._pushed_at = time.monotonic()
        super().__init__(snapshot=source.snapshot().to_json(), **traits)
        _answer_where_asked(self.comm)
        disregard_comm(getattr(self.comm, "comm_id", ""))
        self.on_msg(self._on_message)
        self._unsubscribe = source.subscribe(self._changed)
        self._push()

    def close(self) -> None:
        """Stop following the source and take the graph off the page."""
        self._unsubscribe()
        with self._gate:
            if self._due is not None:
                self._due.cancel()
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:
            return None
        shown = bundle if isinstance(bundle, tuple) else (bundle, {})
        now = self._source.snapshot()
        still = {"text/html": to_html(now), "text/plain": to_text(now)}
        return {**shown[0], **still}, {**shown[1], "zen_nb": {"role": "graph"}}

    # -- out: snapshots ------------------------------------------------------------------

    def _changed(self) -> None:
        """Push soon; changes that come before then go with it."""
        with self._gate:
            if self._due is not None:
                return
            shortest = _SHORTEST_S + _PER_NODE_S * len(self.snapshot.get("nodes", ()))
            wait = max(0.0, self._pushed_at + shortest - time.monotonic())
            self._due = threading.Timer(wait, self._push)
            self._due.daemon = True
            self._due.start()

    def _push(self) -> None:
        """Send the present state; what changes from here on is pushed again."""
        with self._gate:
            self._due = None
            self._pushed_at = time.monotonic()
        with self._one_at_a_time:
            now = self._present()
            if now["revision"] >= self.snapshot["revision"] and self.comm is not None:
                self.snapshot = now

    def _present(self) -> dict[str, Any]:
        """Return the source's state; where it has none any more, the last one and why."""
        try:
            return self._source.snapshot().to_json()
        except ZenNbError as error:  # the pipeline was dropped while it is on the page
            return {**self.snapshot, "message": str(error)}

    # -- in: what the page asks ------------------------------------------------------------

    def _on_message(self, _: object, content: object, buffers: object) -> None:
        """Carry out a message that is in order; tell the page why any other is not.

        May be called on a thread of its own while a cell runs, where the front end has
        one for it; the source looks after its own locks.
        """
        try:
            names = [node.name for node in self._source.snapshot().nodes]
            self._source.ask(messages.checked(content, names, buffers))
        except ZenNbError as error:
            self._refuse(content, str(error))
        except Exception as error:  # noqa: BLE001 the page must hear of it: nobody else does
            self._refuse(content, f"{type(error).__name__}: {error}")
        self._push()

    def _refuse(self, content: object, text: str) -> None:
        ask = content if isinstance(content, Mapping) else {}
        self.send({"kind": "refused", "ask": ask, "text": text})


_graphs: weakref.WeakValueDictionary[int, GraphWidget] = weakref.WeakValueDictionary()
"""By the source's `id`: a graph keeps its source, so that no other source can have it."""


def _answer_where_asked(comm: Any) -> None:
    """Let messages for `comm` reach the thread that the page chose for them.

    Some kernels send them to the thread that last published instead, so that a running
    cell which reports progress would keep toggles waiting until it ends.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default  # noqa: SLF001
