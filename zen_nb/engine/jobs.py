"""A call that is computed elsewhere: what travels, what is done there, and what comes back.

A job carries the code and plain arguments; what earlier steps made travels through the store,
by their records. Its result is a record too, which the worker has stored. Values never travel.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from types import FunctionType
from typing import Any

import cloudpickle

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import Fingerprint, Record
from zen_nb.core.options import Configuration
from zen_nb.engine.body import Call
from zen_nb.engine.call import Place, answer, places_of
from zen_nb.observe.ambient import Surroundings, take_on
from zen_nb.observe.scope import separate
from zen_nb.observe.servers import draw_apart
from zen_nb.store.records import Store, open_store


def _settings() -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in os.environ.items() if name.startswith("ZEN_NB_"))


@dataclass(frozen=True, slots=True)
class Job:
    """One call for a worker.

    Attributes
    ----------
    links
        Arguments that are outputs of earlier steps: the record that holds each, and its name.
    configuration
        Where the store is.
    path, settings
        Where the client finds modules, and zen_nb's variables there.
    surroundings
        How everything stands there, for a worker in a process of its own.
    client
        The client's process.
    """

    call: Call
    links: Mapping[str, tuple[Record, str]]
    configuration: Configuration
    surroundings: Surroundings | None
    path: tuple[str, ...] = field(default_factory=lambda: tuple(sys.path))
    settings: Mapping[str, str] = field(default_factory=lambda: dict(_settings()))
    client: int = field(default_factory=os.getpid)


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker says of a job.

    Attributes
    ----------
    record
        What it has stored, or found; ``None`` where nothing is, and then `note` says why.
    error, trace
        The user's exception, as bytes of its pickle, and where it was raised.
    """

    record: Record | None = None
    cached: bool = False
    reason: str = ""
    note: str = ""
    duration_s: float = 0.0
    error: bytes = b""
    trace: str = ""


class FailedElsewhere(Exception):
    """Stands behind a user's exception that was raised on a worker: the traceback from there."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def packed(job: Job) -> bytes:
    """Return `job` as bytes; raises what pickling raises where it cannot travel."""
    stream = io.BytesIO()
    _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump(job)
    return stream.getvalue()


def work(content: bytes) -> Done:
    """Do a job in this process: fill the store, and say what is there now."""
    with separate():
        return _work(content)


def _work(content: bytes) -> Done:
    try:
        job: Job = pickle.loads(content)
        _settle(job)
        store = open_store(_readers(job))
    except Exception as error:
        return Done(note=f"the worker cannot take it: {_line(error)}")
    place = Place(store, ahead="beside" if job.client == os.getpid() else "apart")
    call = replace(job.call, given=given_by(job.links))
    try:
        found = answer(call, place, fetch=_Fetch(job, store), load=False)
    except NotHere as error:
        return Done(note=str(error))
    except Exception as error:
        return Done(error=_pickled(error), trace="".join(traceback.format_exception(error)))
    return Done(found.record, found.cached, found.reason, found.note, found.duration_s)


def _readers(job: Job) -> Configuration:
    """Return the configuration for a worker: in a process of its own, it signs nothing."""
    own = job.configuration
    return own if job.client == os.getpid() else replace(own, remote_mode="read")


def given_by(links: Mapping[str, tuple[Record, str]]) -> dict[str, tuple[Fingerprint, str]]:
    """Return fingerprint and type of the outputs that arguments are, by argument."""
    return {
        name: (part.fingerprint, part.type_name)
        for name, (record, output) in links.items()
        for part in record.artifacts
        if part.name == output and part.fingerprint is not None
    }


class NotHere(Exception):
    """An input of a job is not to be had where the worker is; says which."""


class _Fetch:
    """Gives the values of a job's links."""

    def __init__(self, job: Job, store: Store) -> None:
        self._job = job
        self._store = store

    def __call__(self, name: str) -> Any:
        record, output = self._job.links[name]
        call = self._job.call
        try:
            values = self._store.load(record, call.function.__globals__, places_of(call.arguments))
            return values[output]
        except (StoreUnavailable, KeyError) as error:
            raise NotHere(f"the worker does not find {name}: {_line(error)}") from None


def _settle(job: Job) -> None:
    """Find modules and files where the client finds them; let `random` be the step's alone."""
    if job.client == os.getpid():
        return
    draw_apart()
    sys.path += [folder for folder in job.path if folder not in sys.path]
    os.environ.update(job.settings)
    if job.surroundings is not None:
        take_on(job.surroundings)


def raised(done: Done) -> BaseException:
    """Return the exception of a job that failed, with the traceback from there behind it."""
    try:
        error = pickle.loads(done.error)
    except Exception:
        error = RuntimeError(done.trace.strip().rpartition("\n")[2])
    error.__cause__ = FailedElsewhere(done.trace)
    return error  # type: ignore[no-any-return]


def _pickled(error: Exception) -> bytes:
    try:
        content: bytes = cloudpickle.dumps(error)
        pickle.loads(content)
    except Exception:
        return b""
    return content


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0]


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Lets a step's function go by the name of its step where that can be imported."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is FunctionType and _is_of_a_step(obj):
            return _function_of, (obj.__module__, obj.__qualname__)
        return super().reducer_override(obj)


def _is_of_a_step(function: FunctionType) -> bool:
    """Tell whether a step that can be imported stands where the function was defined."""
    if function.__module__ == "__main__" or function.__module__ not in sys.modules:
        return False
    try:
        return _function_of(function.__module__, function.__qualname__) is function
    except AttributeError:
        return False


def _function_of(module: str, name: str) -> FunctionType:
    """Return the function of a step; of a map step, the one for an element."""
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    function = found.__zen_nb_function__
    return getattr(function, "__wrapped__", function)  # type: ignore[no-any-return]
