"""Live widgets that a step shows: bars and labels are kept by the last form that they had.

A widget lives in its kernel. One that only shows something (a progress bar) is as good as its
plain text when the step has ended; one that a person can move is not, so that a step which
opens such a one runs each time.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from zen_nb.observe.transcript import Event, Transcript

VIEW = "application/vnd.jupyter.widget-view+json"
_TALKS = "it talks to a live widget"
# Kinds of widgets that show something and that nobody can move.
_SHOWING = frozenset(
    {"Box", "HBox", "VBox", "GridBox", "Layout", "HTML", "HTMLMath", "Label", "Image"}
    | {"FloatProgress", "IntProgress", "ProgressStyle", "HTMLStyle", "HTMLMathStyle", "LabelStyle"}
    | {"DescriptionStyle"}
)
_MODULES = frozenset({"@jupyter-widgets/base", "@jupyter-widgets/controls"})


class LiveWidgets:
    """What a step says to the widgets of its page.

    Attributes
    ----------
    refusals
        Why the step cannot be kept, a clause each.
    """

    def __init__(self) -> None:
        self._opened: set[str] = set()
        self._closed: set[str] = set()
        self.refusals: set[str] = set()

    def see(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take a message to a widget."""
        comm = str(content.get("comm_id"))
        if kind == "comm_open" and _only_shows(content):
            self._opened.add(comm)
        elif comm not in self._opened:
            self.refusals.add(_TALKS)
        elif kind == "comm_close":
            self._closed.add(comm)

    def settled(self, transcript: Transcript) -> Transcript:
        """Return a transcript with the widgets that the step opened by their last plain form."""
        if not self._opened:
            return transcript
        events = (self._settled(event) for event in transcript.events)
        return Transcript(tuple(event for event in events if event is not None))

    def _settled(self, event: Event) -> Event | None:
        view = event.get("data", {}).get(VIEW)
        if view is None:
            return event
        model = str(view.get("model_id"))
        if model in self._closed:
            return None  # it has taken itself off the page
        data = {mime: part for mime, part in event["data"].items() if mime != VIEW}
        plain = _plain_form(model)
        return event | {"data": data | ({"text/plain": plain} if plain else {})}


def _only_shows(content: Mapping[str, Any]) -> bool:
    state = (content.get("data") or {}).get("state") or {}
    name = str(state.get("_model_name", "")).removesuffix("Model")
    return name in _SHOWING and state.get("_model_module") in _MODULES


def _plain_form(model: str) -> str:
    """Return a living widget's plain text; empty where it is gone."""
    from IPython.lib.pretty import pretty

    known = getattr(sys.modules.get("ipywidgets.widgets.widget"), "_instances", {})
    widget = known.get(model)
    return "" if widget is None else str(pretty(widget))  # type: ignore[no-untyped-call]
