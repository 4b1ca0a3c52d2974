"""``%load_ext zen_nb``: the session, its hooks, its magics and its graph in one shell."""

from __future__ import annotations

from typing import Any

from zen_nb.faces.comm import PanelLink
from zen_nb.faces.graphs import NotebookGraphs
from zen_nb.faces.live import LivePipeline
from zen_nb.notebook import shells, status
from zen_nb.notebook.hooks import Hooks
from zen_nb.notebook.magics import StepMagics
from zen_nb.notebook.registry import WHOLE_NOTEBOOK
from zen_nb.notebook.session import Session


class Extension:
    """zen_nb in one shell, from load to unload."""

    def __init__(self, shell: Any) -> None:
        self.session = Session(shell)
        self.hooks = Hooks(self.session)
        self.magics = StepMagics(self.session, self.draw, self.write)
        self.graphs = NotebookGraphs(self.session)
        self._panel: PanelLink | None = None

    def load(self) -> None:
        """Take the places in the shell."""
        self.hooks.install()
        self.graphs.open()
        self.session.shell.register_magics(self.magics)
        shells.enter(self.session)
        kernel = getattr(self.session.shell, "kernel", None)
        if hasattr(kernel, "comm_manager"):
            self._panel = PanelLink(kernel, self.graphs)
        if self.session.configuration.problem:
            problem = self.session.configuration.problem
            status.show(self.session.shell, problem, {"role": "settings"})

    def unload(self) -> None:
        """Leave the shell as it was; records stay in the store."""
        if self._panel is not None:
            self._panel.close()
        self.graphs.close()
        self.hooks.remove()
        manager = self.session.shell.magics_manager
        manager.magics["cell"].pop("step", None)
        manager.magics["line"].pop("pipeline", None)
        manager.registry.pop("StepMagics", None)
        shells.leave(self.session)

    def graph(self, pipeline: str | None = None) -> Any:
        """Return the live graph of a pipeline as a widget."""
        from zen_nb.faces.widget import graph_of

        source = self.graphs.source(pipeline or WHOLE_NOTEBOOK)
        graph = graph_of(source)
        if isinstance(source, LivePipeline):
            source.opened()
        return graph

    def write(self, pipeline: str | None) -> str:
        """Return the graph of a pipeline as Mermaid text."""
        from zen_nb.faces.mermaid import to_mermaid

        live = self.graphs.live(pipeline)
        self.session.refresh(force=True)
        return to_mermaid(live.snapshot())

    def draw(self, pipeline: str | None) -> None:
        """Show the live graph; in a terminal, its text."""
        if getattr(self.session.shell, "kernel", None) is None:
            from zen_nb.faces.picture import to_text

            live = self.graphs.live(pipeline)
            live.opened()
            ahead = self.session.plan(self.session.registry.pipeline(pipeline))
            self.session.ahead.forecasts = ahead
            print(to_text(live.snapshot()))  # noqa: T201 - a terminal's graph
            return
        from IPython.display import display

        display(self.graph(pipeline))  # type: ignore[no-untyped-call]


_extensions: dict[int, Extension] = {}


def load(shell: Any) -> None:
    """Load zen_nb into `shell`; loading it again changes nothing."""
    if id(shell) not in _extensions:
        _extensions[id(shell)] = extension = Extension(shell)
        extension.load()


def unload(shell: Any) -> None:
    """Take zen_nb out of `shell`."""
    extension = _extensions.pop(id(shell), None)
    if extension is not None:
        extension.unload()


def current() -> Extension | None:
    """Return zen_nb in the shell that runs; ``None`` outside IPython or where it is not loaded."""
    session = shells.current()
    return next((found for found in _extensions.values() if found.session is session), None)
