"""Showing a transcript again, so that the page cannot tell it from a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from zen_nb.observe.transcript import Event, Transcript, settle

_PLAIN = "text/plain"


def replay(transcript: Transcript, shell: Any = None, results: Sequence[Any] = ()) -> None:
    """Show everything in order; call it from inside the cell's body.

    Parameters
    ----------
    transcript
        What a capture returned.
    shell
        The running IPython shell; ``None`` in a script, where only streams are shown again, and
        displays by their plain text.
    results
        The values behind the ``execute_result`` events, in order. They become ``Out[n]`` and
        ``_``, shown as they were. A result without a value is shown as a display.
    """
    values = iter(results)
    for event in transcript.events:
        if event["type"] == "stream":
            _write(event["name"], settle(event["text"]))
        elif shell is None:
            _show_plain(event)
        elif event["type"] == "execute_result":
            _show_result(event, shell, values)
        else:
            _show(event, shell.display_pub)


def _write(name: str, text: str) -> None:
    stream = sys.stderr if name == "stderr" else sys.stdout
    stream.write(text)


def _show_plain(event: Event) -> None:
    if event["type"] != "clear_output" and _PLAIN in event["data"]:
        _write("stdout", f"{event['data'][_PLAIN]}\n")


def _show(event: Event, publisher: Any) -> None:
    if event["type"] == "clear_output":
        publisher.clear_output(wait=event["wait"])
        return
    publisher.publish(
        event["data"],
        event["metadata"],
        transient=event.get("transient") or {},
        update=event["type"] == "update_display_data",
    )


def _show_result(event: Event, shell: Any, values: Iterator[Any]) -> None:
    for value in values:
        _give_result(shell.displayhook, value, event["data"], event["metadata"])
        return
    _show(event | {"type": "display_data"}, shell.display_pub)


def _give_result(hook: Any, value: Any, shown: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Call the displayhook with `value`, which it shows as it was shown then."""
    own: Callable[[Any], Any] | None = vars(hook).get("compute_format_data")

    def recorded(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        getattr(own, "note", _ignore)(value)
        return shown, metadata

    hook.compute_format_data = recorded
    try:
        hook(value)
    finally:
        if own is None:
            del hook.compute_format_data
        else:
            hook.compute_format_data = own


def _ignore(_: Any) -> None:
    """Nobody records results."""


def settle_figures(figures: Iterable[Any] = ()) -> None:
    """Keep figures that were just loaded from being shown again at the end of the cell.

    A figure that was open when it was pickled is opened and queued for display when it is
    loaded; the transcript has shown it already, and a run would have closed it.

    Parameters
    ----------
    figures
        Those that were loaded: they are closed, as after a run, and the others stay in the
        queue. Where none is named the queue is emptied, and nothing is closed.
    """
    backend = sys.modules.get("matplotlib_inline.backend_inline")
    if backend is None:
        return
    loaded = list(figures)
    show: Any = backend.show
    show._to_draw = [f for f in show._to_draw if loaded and not any(f is known for known in loaded)]
    show._draw_called = bool(show._to_draw)
    open_figures = sys.modules["matplotlib._pylab_helpers"].Gcf
    for manager in open_figures.get_all_fig_managers():
        if any(manager.canvas.figure is known for known in loaded):
            open_figures.destroy(manager)
