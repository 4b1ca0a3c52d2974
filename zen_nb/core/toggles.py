"""The switches on the page: three positions each, for one step or for the run."""

from __future__ import annotations

from zen_nb.core.locks import new_lock


class Toggles:
    """Where the toggles stand; safe to flip from any thread while a cell runs.

    A toggle is ``None`` (as set), ``True`` (on) or ``False`` (off). It lasts until it is
    cleared or the kernel ends.
    """

    def __init__(self) -> None:
        self._lock = new_lock()
        self._run: bool | None = None
        self._steps: dict[str, bool] = {}

    @property
    def run(self) -> bool | None:
        """The run's toggle."""
        return self._run

    def step(self, name: str) -> bool | None:
        """Return the toggle of a step."""
        return self._steps.get(name)

    def flip(self, name: str | None, value: bool | None) -> None:  # noqa: FBT001 - a position
        """Set the toggle of step `name`, or of the run where `name` is ``None``."""
        with self._lock:
            if name is None:
                self._run = value
            elif value is None:
                self._steps.pop(name, None)
            else:
                self._steps[name] = value

    def rename(self, old: str, new: str) -> None:
        """Let a step that was renamed keep its toggle."""
        with self._lock:
            if old in self._steps:
                self._steps[new] = self._steps.pop(old)

    def clear(self) -> None:
        """Put every toggle back to as set."""
        with self._lock:
            self._run = None
            self._steps.clear()
