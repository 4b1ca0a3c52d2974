"""The graphs of one notebook: its own, the pipelines that it defines, and those of functions."""

from __future__ import annotations

from collections.abc import Callable

from zen_nb.faces.live import LivePipeline
from zen_nb.faces.snapshot import Source
from zen_nb.notebook.registry import WHOLE_NOTEBOOK
from zen_nb.notebook.session import Session


class NotebookGraphs:
    """What a panel can show of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._live: dict[str, LivePipeline] = {}

    def names(self) -> list[str]:
        """Return the names of the graphs, the whole notebook's first."""
        return [WHOLE_NOTEBOOK, *self._session.registry.pipelines]

    def source(self, name: str) -> Source:
        """Return the graph of a name; raises `UsageError` for one there is not."""
        return self.live(None if name == WHOLE_NOTEBOOK else name)

    def live(self, pipeline: str | None) -> LivePipeline:
        """Return the graph of a pipeline, the same one each time; raises `UsageError`."""
        self._session.registry.pipeline(pipeline)
        name = pipeline or WHOLE_NOTEBOOK
        if name not in self._live:
            self._live[name] = LivePipeline(self._session, pipeline)
        return self._live[name]

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when the names may have changed; return what ends it."""
        return self._session.registry.subscribe(listener)
