"""All that is observed of a running step outside its variables, in one pair of calls."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zen_nb.core.model import Trace
from zen_nb.observe.ambient import AmbientWatch, trace
from zen_nb.observe.environment import EnvironmentWatch
from zen_nb.observe.files import FileWatch, path_traces
from zen_nb.observe.scope import Reach
from zen_nb.observe.transcript import Transcript

# Settings that decide what a library computes, and how pictures look.
_ALWAYS = ("sklearn.config", "decimal.context")
_OWN = frozenset({"python", "builtins", "__main__", "zen_nb"})
_FOR_PICTURES = ("matplotlib.rcParams", "inline.figures")


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
    names
        Names that the code uses; see `FileWatch`.
    declared
        Files that the user names with ``--file``; they are traced whether opened or not.
    """

    def __init__(
        self,
        *,
        store: Iterable[str] = (),
        strings: Iterable[str] = (),
        names: Collection[str] = (),
        declared: Iterable[str] = (),
        reach: Reach = "process",
    ) -> None:
        self._declared = tuple(declared)
        self._files = FileWatch(store=store, strings=strings, names=names, reach=reach)
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

    def used_by(
        self, transcript: Transcript, libraries: Iterable[str] | None = None
    ) -> tuple[Trace, ...]:
        """Return traces of the settings that the result can depend on, as they stood before.

        Reads of settings cannot be seen. What can be told is which `libraries` the step uses
        (all that are loaded where that is left out) and what it showed: pictures follow
        matplotlib's style, text the print options of numpy and pandas if any library is used.
        """
        used = set(sys.modules if libraries is None else libraries)
        names = [name for name in _ALWAYS if name.partition(".")[0] in used]
        if transcript.events:
            # Others hand out tables and arrays as well, and write them alike.
            installed = used - sys.stdlib_module_names - _OWN
            names += ["pandas.options"] if installed - {"numpy"} else []
            names += ["numpy.printoptions"] if installed else []
        if any(mime.startswith("image/") for mime in transcript.mime_types):
            names += _FOR_PICTURES
        return tuple(trace(name, self._before) for name in names)

    def cancel(self) -> None:
        """End without looking: the step failed."""
        self._files.cancel()
        self._environment.stop()
        self._ambient.cancel()
