"""What would happen to a notebook's steps, kept up to date without holding anybody up."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from zen_nb.engine.forecast import Forecast
from zen_nb.notebook import shells
from zen_nb.notebook.outlook import not_reached, outlook

if TYPE_CHECKING:
    from zen_nb.notebook.registry import Pipeline
    from zen_nb.notebook.session import RunOptions, Session

_Looking = Iterator[tuple[str, Forecast]]
# What a forecast after each cell may take of the kernel's time at a go.
_AT_A_GO_S = 0.04


class Ahead:
    """The forecast of a session's steps.

    Attributes
    ----------
    forecasts
        The newest of each step that has one.
    """

    def __init__(self, session: Session) -> None:
        self.forecasts: dict[str, Forecast] = {}
        self._session = session
        self._looking: _Looking | None = None
        self._found: dict[str, Forecast] = {}
        self._is_due = False
        self._took: dict[str, float | None] = {}

    def look(self, pipeline: Pipeline, options: RunOptions) -> _Looking:
        """Yield what a run of `pipeline` would do with each step, without running any."""
        options = replace(options, pipeline=pipeline.enable_cache)
        return outlook(self._session, self._session.registry.steps_of(pipeline), options)

    def refresh(self, options: RunOptions, *, whole: bool) -> None:
        """Forecast again; unless `whole`, for a moment, and the rest when the kernel is idle."""
        self._looking = self.look(self._session.registry.pipeline(), options)
        self._found = {}
        self._go_on(None if whole else _AT_A_GO_S)

    def refresh_soon(self) -> None:
        """Forecast when the kernel is idle, once for all that happens before then."""
        if not self._is_due:
            self._is_due = True
            shells.when_idle(self._session.shell, self._refresh_now)

    def last_took_s(self, name: str) -> float | None:
        """Return what a step took when it ran last, here or in an earlier kernel."""
        log = self._session.logs.get(name)
        if log is not None and log.duration_s is not None:
            return log.duration_s
        store = self._session.store
        if name not in self._took and store is not None:
            past = store.history(name, 1)
            self._took[name] = past[0].duration_s if past else None
        return self._took.get(name)

    def _refresh_now(self) -> None:
        self._is_due = False
        self._session.refresh()

    def _go_on(self, most_s: float | None) -> None:
        """Look for `most_s`, and take in how far it came."""
        looking, began = self._looking, time.perf_counter()
        if looking is None:
            return
        with contextlib.suppress(Exception):
            for name, forecast in looking:
                self._found[name] = forecast
                if most_s is not None and time.perf_counter() - began > most_s:
                    left = not_reached(self._session, self._found, self.forecasts)
                    self.forecasts = {**left, **self._found}
                    shells.when_idle(self._session.shell, lambda: self._resume(looking))
                    return
            self.forecasts = dict(self._found)
        self._looking = None

    def _resume(self, looking: _Looking) -> None:
        if self._looking is looking:  # nothing has happened since
            self._go_on(_AT_A_GO_S)
            self._session.changed()
