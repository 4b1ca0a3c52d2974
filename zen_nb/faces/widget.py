"""The live graph: a widget that follows a source and hands it what the page asks.

Import this module only where a widget is about to be shown: it imports anywidget.
"""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from zen_nb.faces.follow import Follower, Message, answer, applied
from zen_nb.faces.picture import StillGraph, to_html, to_text
from zen_nb.faces.snapshot import Source
from zen_nb.observe.display import disregard_comm

_STATIC: Final = Path(__file__).parent.parent / "static"
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

    The page is sent the whole once; then what changes, as a message of its own.

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
        self._follower = Follower(source, self._tell)
        super().__init__(snapshot=self._follower.snapshot.to_json(), **traits)
        _answer_where_asked(self.comm)
        disregard_comm(getattr(self.comm, "comm_id", ""))
        self.on_msg(self._on_message)
        self._follower.push()

    def close(self) -> None:
        """Stop following the source and take the graph off the page."""
        self._follower.close()
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:
            return None
        shown = bundle if isinstance(bundle, tuple) else (bundle, {})
        now = self._follower.snapshot
        still = {"text/html": to_html(now), "text/plain": to_text(now)}
        return {**shown[0], **still}, {**shown[1], "zen_nb": {"role": "graph"}}

    def _tell(self, message: Message) -> None:
        """Send a message to the page, and let those who observe the snapshot see it."""
        if self.comm is None:
            return
        self.send(message)
        self.snapshot = applied(self.snapshot, message)

    def _should_send_property(self, key: str, value: Any) -> bool:
        """Leave the snapshot out of what is sent by itself: messages carry its changes."""
        return key != "snapshot" and super()._should_send_property(key, value)

    def _on_message(self, _: object, content: object, buffers: object) -> None:
        """Carry out a message that is in order; tell the page why any other is not.

        May be called on a thread of its own while a cell runs, where the front end has
        one for it; the source looks after its own locks.
        """
        answer(self._source, self._follower, content, buffers, self.send)


_graphs: weakref.WeakValueDictionary[int, GraphWidget] = weakref.WeakValueDictionary()
"""By the source's `id`: a graph keeps its source, so that no other source can have it."""


def _answer_where_asked(comm: Any) -> None:
    """Let messages for `comm` reach the thread that the page chose for them.

    Some kernels send them to the thread that last published instead, so that a running
    cell which reports progress would keep toggles waiting until it ends.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default  # noqa: SLF001
