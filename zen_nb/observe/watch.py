"""All that is observed of a running step outside its variables, in one pair of calls."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zen_nb.core.model import Trace
from zen_nb.observe.ambient import AmbientWatch, trace
from zen_nb.observe.environment import EnvironmentWatch
from zen_nb.observe.files import FileWatch, path_traces
from zen_nb.observe.scope import Reach
from zen_nb.observe.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Observed:
    """What a step touched.

    Attributes
    ----------
    traces
        Checked again before a hit; sorted by label.
    ambient
        Changes around the step that a hit makes again.
    refusals
        Why the step must not be cached, a clause each.
    """

    traces: tuple[Trace, ...] = ()
    badges: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    ambient: Mapping[str, Any] = field(default_factory=dict)


class StepWatch:
    """Files, environment variables and ambient state, from `start` to `stop`.

    Parameters
    ----------
    declared
        Files that the user names with ``--file``; they are traced whether opened or not.
    """

    def __init__(
        self,
        *,
        store: Iterable[str] = (),
        strings: Iterable[str] = (),
        declared: Iterable[str] = (),
        reach: Reach = "process",
    ) -> None:
        self._declared = tuple(declared)
        self._files = FileWatch(store=store, strings=strings, reach=reach)
        self._environment = EnvironmentWatch(reach)
        self._ambient = AmbientWatch()
        self._before: Mapping[str, Any] = {}

    def start(self) -> None:
        """Begin."""
        self._before = self._ambient.start()
        self._environment.start()
        self._files.start()

    def stop(self) -> Observed:
        """End, and say what was touched."""
        seen = self._files.stop()
        variables = self._environment.stop()
        moved = self._ambient.stop()
        traces = {part.label: part for part in (*seen.traces, *variables, *moved.traces)}
        traces.update((part.label, part) for part in path_traces(self._declared))
        badges = (*seen.badges, *self._environment.badges, *moved.badges)
        refusals = (*seen.refusals, *moved.refusals)
        ordered = tuple(traces[label] for label in sorted(traces))
        return Observed(ordered, tuple(dict.fromkeys(badges)), refusals, moved.changes)

    def used_by(self, transcript: Transcript) -> tuple[Trace, ...]:
        """Return traces of the settings that decide how something was shown, as they stood before.

        Reads of settings cannot be seen, but what was shown tells which ones mattered:
        pictures follow matplotlib's style, text the print options of numpy and pandas.
        """
        if not transcript.events:
            return ()
        names = ["pandas.options", "numpy.printoptions"]
        if any(mime.startswith("image/") for mime in transcript.mime_types):
            names.append("matplotlib.rcParams")
        loaded = (name for name in names if name.partition(".")[0] in sys.modules)
        return tuple(trace(name, self._before) for name in loaded)

    def cancel(self) -> None:
        """End without looking: the step failed."""
        self._files.cancel()
        self._environment.stop()
        self._ambient.cancel()
