"""The graphs of one notebook: its own, the pipelines that it defines, and those of functions."""

from __future__ import annotations

from collections.abc import Callable

from zen_nb.core.events import Listener, Listeners
from zen_nb.faces.functions import FunctionPipeline
from zen_nb.faces.live import LivePipeline
from zen_nb.faces.snapshot import Source
from zen_nb.notebook.registry import WHOLE_NOTEBOOK
from zen_nb.notebook.session import Session
from zen_nb.pipelines.followed import Called, follow, toggles_of


class NotebookGraphs:
    """What a panel can show of a session, from `open` to `close`.

    Attributes
    ----------
    listeners
        Told when the names may have changed.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._live: dict[str, LivePipeline] = {}
        self._functions: dict[str, FunctionPipeline] = {}
        self.listeners = Listeners()
        self._ends: list[Callable[[], None]] = []

    def open(self) -> None:
        """Begin to follow what is defined and called."""
        defined = self._session.registry.listeners.add(self.listeners.tell)
        self._ends = [defined, follow(self._on_call)]

    def close(self) -> None:
        """End, toggles of functions with it; harmless when repeated."""
        for name in self._functions:
            toggles_of(name).clear()
        while self._ends:
            self._ends.pop()()

    def names(self) -> list[str]:
        """Return the names of the graphs, the whole notebook's first."""
        defined = [WHOLE_NOTEBOOK, *self._session.registry.pipelines]
        return [*defined, *(name for name in self._functions if name not in defined)]

    def source(self, name: str) -> Source:
        """Return the graph of a name; raises `UsageError` for one there is not."""
        known = self._functions.get(name)
        if known is not None and name not in self._session.registry.pipelines:
            return known
        return self.live(None if name == WHOLE_NOTEBOOK else name)

    def live(self, pipeline: str | None) -> LivePipeline:
        """Return the graph of a pipeline, the same one each time; raises `UsageError`."""
        self._session.registry.pipeline(pipeline)
        name = pipeline or WHOLE_NOTEBOOK
        if name not in self._live:
            self._live[name] = LivePipeline(self._session, pipeline)
        return self._live[name]

    def _on_call(self, called: Called) -> Listener:
        known = self._functions.get(called.pipeline)
        graph = known or FunctionPipeline(self._session, called.pipeline)
        self._functions[called.pipeline] = graph
        graph.begin(called)
        if known is None:
            self.listeners.tell()
        return graph.hear
