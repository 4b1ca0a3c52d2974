"""All that is observed of a running step outside its variables, in one pair of calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zen_nb.core.model import Trace
from zen_nb.observe.ambient import AmbientWatch, trace
from zen_nb.observe.environment import EnvironmentWatch
from zen_nb.observe.evaluated import Heed
from zen_nb.observe.files import FileWatch, path_traces
from zen_nb.observe.modules import ModulesFound
from zen_nb.observe.scope import Reach
from zen_nb.observe.transcript import Transcript
from zen_nb.observe.uses import Uses, settings_used


@dataclass(frozen=True, slots=True)
class Observed:
    """What a step touched.

    Attributes
    ----------
    traces
        Checked again before a hit; sorted by label.
    ambient
        Changes around the step that a hit makes again.
    modules
        What it found by name.
    refusals
        Why the step must not be cached, a clause each.
    """

    traces: tuple[Trace, ...] = ()
    badges: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    ambient: Mapping[str, Any] = field(default_factory=dict)
    modules: ModulesFound = field(default_factory=ModulesFound)


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

    def listen(self, heed: Heed) -> None:
        """Hand every text that the step evaluates to `heed`, before it is evaluated."""
        self._files.listen(heed)

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
        found = self._files.modules
        return Observed(ordered, tuple(dict.fromkeys(badges)), refusals, moved.changes, found)

    def used_by(self, uses: Uses, transcript: Transcript) -> tuple[Trace, ...]:
        """Return traces of the settings that the result can depend on, as they stood before."""
        return tuple(trace(name, self._before) for name in settings_used(uses, transcript))

    def cancel(self) -> None:
        """End without looking: the step failed."""
        self._files.cancel()
        self._environment.stop()
        self._ambient.cancel()
