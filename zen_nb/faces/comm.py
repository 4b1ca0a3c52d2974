"""The kernel's side of the JupyterLab panel: two comms, each for one direction.

On ``%load_ext zen_nb`` the kernel opens a comm of a fixed name on which it only publishes
(`NEWS`), and registers a target that a panel opens to ask (`ASK`). A kernel answers a comm's
messages in the thread that last published on that comm; were there only one, a cell that
reports progress would keep every toggle waiting until it ends.

Messages out: ``{"kind": "graphs", "names": […], "shown": name}``, and for the graph that is
shown what `follow` sends, with ``"graph": name``. Messages in: ``{"kind": "hello"}``,
``{"kind": "watch", "graph": name}``, and what `messages` allows, with ``"graph": name``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final, Protocol

from zen_nb.core.errors import UsageError
from zen_nb.core.events import Listeners
from zen_nb.faces.follow import Follower, Message, answer
from zen_nb.faces.snapshot import Source
from zen_nb.observe.display import disregard_comm

NEWS: Final = "zen_nb.news"
ASK: Final = "zen_nb.ask"
NEWS_ID: Final = "zen-nb-news"
"""Known beforehand, so that a page that is opened while a cell runs hears of it at once."""


class Graphs(Protocol):
    """The graphs of one kernel, by name; the notebook's own comes first."""

    def names(self) -> list[str]:
        """Return the names in the order in which they are offered."""

    def source(self, name: str) -> Source:
        """Return what a graph follows; raises `UsageError` for a name there is not."""

    @property
    def listeners(self) -> Listeners:
        """Who is told when the names may have changed."""


class PanelLink:
    """Tells panels what one kernel's graphs do, from load to unload.

    Nothing is followed, and nothing forecast for it, while no panel is there.
    """

    def __init__(self, kernel: Any, graphs: Graphs) -> None:
        self._graphs = graphs
        self._lock = threading.RLock()
        self._panels: set[str] = set()
        self._followers: dict[str, Follower] = {}
        self._names: list[str] = []
        self._manager = kernel.comm_manager
        self._manager.register_target(ASK, self._on_open)
        self._news = _open_news()
        self._unsubscribe = graphs.listeners.add(self._tell_names)

    def close(self) -> None:
        """Stop telling; panels say that the extension is not loaded."""
        self._unsubscribe()
        self._manager.unregister_target(ASK, self._on_open)
        with self._lock:
            self._follow_none()
            self._panels.clear()
        self._news.close()

    # -- panels come and go ----------------------------------------------------------------

    def _on_open(self, comm: Any, _: Mapping[str, Any]) -> None:
        disregard_comm(comm.comm_id)
        with self._lock:
            self._panels.add(comm.comm_id)
        comm.on_msg(self._on_message)
        comm.on_close(lambda _: self._on_close(comm.comm_id))
        self._on_message({"content": {"data": {"kind": "hello"}}})

    def _on_close(self, panel: str) -> None:
        with self._lock:
            self._panels.discard(panel)
            if not self._panels:
                self._follow_none()

    def _follow_none(self) -> None:
        for follower in self._followers.values():
            follower.close()
        self._followers.clear()

    # -- in ----------------------------------------------------------------------------------

    def _on_message(self, message: Mapping[str, Any]) -> None:
        """Carry out what a panel asks; on whatever thread the page has chosen for it."""
        content = message["content"]["data"]
        asked = dict(content) if isinstance(content, dict) else {}
        kind = asked.get("kind")
        if kind == "hello":
            self._tell_names(anew=True)
            asked = {"kind": "watch", "graph": self._names[0]}
        name = asked.pop("graph", None)
        try:
            source = self._source(name)
        except UsageError as error:
            self._send({"kind": "refused", "ask": asked, "text": str(error)}, name)
            return
        follower = self._follow(str(name), source)
        if asked.get("kind") == "watch":
            follower.resend()
            return
        buffers = message.get("buffers", ())
        answer(source, follower, asked, buffers, lambda told: self._send(told, name))

    def _source(self, name: object) -> Source:
        if not isinstance(name, str):
            raise UsageError("a message from the page names a graph; reload the page")
        return self._graphs.source(name)

    def _follow(self, name: str, source: Source) -> Follower:
        with self._lock:
            if name not in self._followers:
                source.watched()
                self._followers[name] = Follower(source, lambda told: self._send(told, name))
            return self._followers[name]

    # -- out ---------------------------------------------------------------------------------

    def _tell_names(self, *, anew: bool = False) -> None:
        names = self._graphs.names()
        if anew or (self._panels and names != self._names):
            self._names = names
            self._news.send({"kind": "graphs", "names": names})

    def _send(self, message: Message, graph: object) -> None:
        self._news.send({**message, "graph": graph})


def _open_news() -> Any:
    from comm import create_comm

    news = create_comm(target_name=NEWS, comm_id=NEWS_ID)
    disregard_comm(NEWS_ID)
    return news
