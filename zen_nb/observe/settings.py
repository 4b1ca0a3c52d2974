"""Settings that a step may change beside its variables, read and changed back item by item.

Each setting can be read (``None`` where its library is not loaded), two readings can be
told apart as a change that is small and can be pickled, and a change can be made again.
"""

from __future__ import annotations

import decimal
import locale
import logging
import os
import re
import sys
import time
import warnings
from typing import Any, Protocol

from zen_nb.observe.changes import (
    ListChange,
    MappingChange,
    changed_list,
    list_change,
    mapping_change,
)
from zen_nb.observe.library_settings import LIBRARY_SETTINGS


class Setting(Protocol):
    """One kind of state outside the variables."""

    name: str

    def read(self) -> Any:
        """Return a copy of the present state, ``None`` where its library is not loaded."""

    def change(self, before: Any, after: Any) -> Any:
        """Return what leads from `before` to `after`, ``None`` where they are equal."""

    def make(self, change: Any) -> None:
        """Make a change again."""


class Environ:
    """``os.environ``, as bytes and past the class that observes reads."""

    name = "os.environ"
    change = staticmethod(mapping_change)

    def read(self) -> dict[Any, Any]:
        return dict(vars(os.environ)["_data"])

    def make(self, change: MappingChange) -> None:
        for name, value in change.put.items():
            os.environ[os.environ.decodekey(name)] = os.environ.decodevalue(value)
        for name in change.dropped:
            os.environ.pop(os.environ.decodekey(name), None)


class WorkingDirectory:
    """The current folder of the process."""

    name = "working directory"

    def read(self) -> str:
        return os.getcwd()

    def change(self, before: str, after: str) -> str | None:
        return after if before != after else None

    def make(self, change: str) -> None:
        os.chdir(change)


class SearchPath:
    """``sys.path``."""

    name = "sys.path"
    change = staticmethod(list_change)

    def read(self) -> list[str]:
        return list(sys.path)

    def make(self, change: ListChange) -> None:
        sys.path[:] = changed_list(sys.path, change)


class WarningFilters:
    """The filters of the warnings module."""

    name = "warnings.filters"
    change = staticmethod(list_change)

    def read(self) -> list[Any]:
        return list(warnings.filters)

    def make(self, change: ListChange) -> None:
        wanted = changed_list(warnings.filters, change)
        warnings.resetwarnings()  # tells the module that what it remembers is out of date
        warnings.filters[:] = wanted  # type: ignore[index]


class LogLevels:
    """Levels of all loggers that have one; the root under ``""``, what is disabled ``None``."""

    name = "logging"
    change = staticmethod(mapping_change)

    def read(self) -> dict[str | None, int]:
        known = logging.root.manager.loggerDict.items()
        levels: dict[str | None, int] = {
            name: logger.level
            for name, logger in known
            if isinstance(logger, logging.Logger) and logger.level
        }
        return levels | {"": logging.root.level, None: logging.root.manager.disable}

    def make(self, change: MappingChange) -> None:
        for name, level in change.put.items():
            if name is None:
                logging.disable(level)
            else:
                logging.getLogger(name).setLevel(level)
        for name in change.dropped:
            logging.getLogger(name).setLevel(logging.NOTSET)


class DecimalContext:
    """Precision, rounding and limits of ``decimal``, not the flags that computing raises."""

    name = "decimal.context"
    change = staticmethod(mapping_change)
    _NAMES = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")

    def read(self) -> dict[str, Any]:
        context = decimal.getcontext()
        return {name: getattr(context, name) for name in self._NAMES} | {
            kind.__name__: bool(on) for kind, on in context.traps.items()
        }

    def make(self, change: MappingChange) -> None:
        context = decimal.getcontext()
        for name, value in change.put.items():
            if name in self._NAMES:
                setattr(context, name, value)
            else:
                context.traps[getattr(decimal, name)] = value


class RecursionLimit:
    """How deep calls may go before Python gives up."""

    name = "recursion limit"

    def read(self) -> int:
        return sys.getrecursionlimit()

    def change(self, before: int, after: int) -> int | None:
        return after if before != after else None

    def make(self, change: int) -> None:
        sys.setrecursionlimit(change)


class Locale:
    """What Python formats numbers and dates by, for all categories."""

    name = "locale"

    def read(self) -> str:
        return locale.setlocale(locale.LC_ALL)

    def change(self, before: str, after: str) -> str | None:
        return after if before != after else None

    def make(self, change: str) -> None:
        locale.setlocale(locale.LC_ALL, change)


class TimeZone:
    """The local time zone, as of the last ``time.tzset()``; ``TZ`` itself is in `Environ`."""

    name = "time zone"

    def read(self) -> tuple[Any, ...]:
        return (*time.tzname, time.timezone, time.altzone, time.daylight)

    def change(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> tuple[Any, ...] | None:
        return after if before != after else None

    def make(self, change: tuple[Any, ...]) -> None:
        if hasattr(time, "tzset"):  # not everywhere
            time.tzset()


SETTINGS: tuple[Setting, ...] = (
    Environ(),
    TimeZone(),
    Locale(),
    WorkingDirectory(),
    SearchPath(),
    WarningFilters(),
    LogLevels(),
    DecimalContext(),
    RecursionLimit(),
    *LIBRARY_SETTINGS,
)

_SECRET_NAME = re.compile(r"key|token|secret|passw|credential|auth", re.IGNORECASE)
_SECRET_FORM = re.compile(r"^(sk-|ghp_|xox[a-z]-|AKIA|eyJ)|://[^/@\s]+:[^/@\s]+@|PRIVATE KEY")


def secret_names(change: MappingChange) -> tuple[str, ...]:
    """Return the variables whose values look like secrets and must not be kept."""
    decoded = {os.fsdecode(k): os.fsdecode(v) for k, v in change.put.items()}
    return tuple(
        name
        for name, value in sorted(decoded.items())
        if value and (_SECRET_NAME.search(name) or _SECRET_FORM.search(value))
    )
