"""What surrounds step functions in this process: the store, the settings, the shell, the log."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from typing import Any

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.events import (
    Event,
    RunFinished,
    StepCached,
    StepFailed,
    StepFinished,
    StepStarted,
    StepWaiting,
)
from zen_nb.core.options import Configuration, usable_configuration
from zen_nb.pipelines.recent import Recent, remember
from zen_nb.store.records import Store, open_store

_cached: tuple[tuple[object, ...], Configuration] | None = None
_store: tuple[Configuration, int, Store] | None = None
_told: set[str] = set()
_WATCHED = (
    "ZEN_NB_CACHE_DIR",
    "ZEN_NB_SIZE_LIMIT",
    "ZEN_NB_ENABLE_CACHE",
    "ZEN_NB_STATUS",
    "ZEN_NB_REMOTE",
    "ZEN_NB_REMOTE_MODE",
    "ZEN_NB_REMOTE_TIMEOUT",
)
_ENCODED = tuple(map(os.fsencode, _WATCHED)) if os.name == "posix" else _WATCHED


def configuration() -> Configuration:
    """Return the configuration; read again when its variables or the folder have changed."""
    global _cached  # noqa: PLW0603 - one process has one configuration
    folder = os.getcwd()  # noqa: PTH109 - on the way of every direct call
    now: tuple[object, ...] = (folder, *_variables())
    if _cached is None or _cached[0] != now:
        _cached = (now, usable_configuration())
        _warn_once(_cached[1].problem)
    return _cached[1]


def _variables() -> Iterable[object]:
    """Return the values of the variables watched: as they are kept, which takes a tenth."""
    kept = getattr(os.environ, "_data", None)
    return map(os.environ.get, _WATCHED) if kept is None else map(kept.get, _ENCODED)


def store(found: Configuration) -> Store | None:
    """Return the store; ``None``, with one line in the log, where it is not available."""
    global _store  # noqa: PLW0603 - spares resolving the folder on every call
    if _store is not None and _store[0] is found and _store[1] == os.getpid():
        return _store[2]
    try:
        opened = open_store(found)
        _store = (found, os.getpid(), opened)
        return opened
    except StoreUnavailable as error:
        _warn_once(f"Nothing is cached: {error}")
        return None


def _warn_once(text: str) -> None:
    if text and text not in _told:
        _told.add(text)
        _logger().warning("%s", text)


def shell() -> Any:
    """Return the IPython shell that runs, without importing IPython."""
    module = sys.modules.get("IPython.core.getipython")
    return module.get_ipython() if module is not None else None


def _logger() -> logging.Logger:
    from zen_nb.logger import get_logger

    return get_logger("zen_nb")


def log(event: Event) -> None:
    """Write an event to the log, in ZenML's words; and once, what went wrong with sharing."""
    _log(event)
    tell_of_sharing()


def tell_of_sharing() -> None:
    """Write once to the log what went wrong with the shared store."""
    shared = None if _store is None else _store[2].shared
    if shared is not None:
        _warn_once(shared.news())


def _log(event: Event) -> None:
    """Write an event to the log."""
    if type(event) is StepCached:  # thousands in a second, where a pipeline has as many steps
        remember(event.step, Recent(True, event.reason, event.record.duration_s))
        _logger().info("Using cached version of %s.", event.step)
        return
    match event:
        case StepStarted():
            _logger().info("Step %s has started.", event.step)
        case StepWaiting() if event.waited_s < 1.0 and not event.over:
            _logger().info("Step %s is being computed by another process: waiting.", event.step)
        case StepFinished():
            remember(event.step, Recent(False, event.reason, event.duration_s, event.note))
            _logger().info("Step %s has finished in %.3fs.", event.step, event.duration_s)
            if event.note:
                _logger().warning("Step %s was not cached: %s", event.step, event.note)
        case StepFailed():
            _logger().error("Step %s has failed: %s", event.step, event.error)
        case RunFinished() if event.failed is None:
            if event.cached == event.total:
                _logger().info("All steps of the pipeline run were cached.")
            _logger().info("Pipeline run has finished in %.3fs.", event.duration_s)
        case _:
            pass
