"""A step that is computed elsewhere: what travels, what is done there, and what comes back.

A job carries the code and plain values; what earlier steps made travels through the store,
by their records. Its result is a record too, which the worker has stored. Values never travel.
"""

from __future__ import annotations

import io
import os
import pickle
import platform
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from types import FunctionType, MappingProxyType
from typing import Any, Literal
from weakref import WeakValueDictionary

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


def settings() -> dict[str, str]:
    """Return zen_nb's variables, which say where store and key are."""
    return {name: value for name, value in os.environ.items() if name.startswith("ZEN_NB_")}


def process() -> tuple[str, int]:
    """Return what tells this process from all others: its machine and its number there."""
    return platform.node(), os.getpid()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a worker is, and what it says to the store's call."""

    process: tuple[str, int]
    echo: str

    @property
    def machine(self) -> str:
        """The name of its machine."""
        return self.process[0]


def look(configuration: Configuration, client: Mapping[str, str], word: str) -> Seen:
    """Return, on a worker, what it is and sees."""
    os.environ.update(client)
    try:
        echo = open_store(configuration).echo(word)
    except StoreUnavailable:
        echo = ""
    return Seen(process(), echo)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a worker must know of the client to compute what the client would.

    Attributes
    ----------
    configuration
        Where the store is.
    path, settings
        Where the client finds modules, and zen_nb's variables there.
    surroundings
        How everything stands there, for a worker in a process of its own.
    client
        The client's process.
    """

    configuration: Configuration
    surroundings: Surroundings | None
    path: tuple[str, ...] = field(default_factory=lambda: tuple(sys.path))
    settings: Mapping[str, str] = field(default_factory=settings)
    client: tuple[str, int] = field(default_factory=process)

    @property
    def ahead(self) -> Literal["beside", "apart"]:
        """Where this process stands to the client: it is the client's own, or one apart."""
        return "beside" if self.client == process() else "apart"


@dataclass(frozen=True, slots=True)
class Job:
    """One step for a worker.

    Attributes
    ----------
    links
        What it reads of earlier steps: the record that holds each, and its name there.
    """

    around: Circumstances
    links: Mapping[str, tuple[Record, str]]

    def done(self, store: Store) -> Done:
        """Compute it, here; raises the user's own exception."""
        raise NotImplementedError


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


@dataclass(frozen=True, slots=True)
class CallJob(Job):
    """A call of a step function."""

    call: Call

    def done(self, store: Store) -> Done:
        call = replace(self.call, given=given_by(self.links))
        place = Place(store, ahead=self.around.ahead)
        found = answer(call, place, fetch=partial(self._fetch, store), load=False)
        return Done(found.record, found.cached, found.reason, found.note, found.duration_s)

    def _fetch(self, store: Store, name: str) -> Any:
        """Return an argument that an earlier step made."""
        record, output = self.links[name]
        namespace, given = self.call.function.__globals__, places_of(self.call.arguments)
        try:
            return store.load(record, namespace, given)[output]
        except (StoreUnavailable, KeyError) as error:
            raise NotHere(name, error) from None


def packed(job: Job, shared: Mapping[int, Mapping[str, Any]] = MappingProxyType({})) -> bytes:
    """Return `job` as bytes; raises what pickling raises where it cannot travel.

    Parameters
    ----------
    shared
        Namespaces by the `id` of those that they stand for: functions travel with them.
    """
    stream = io.BytesIO()
    kind = _Pickler if job.around.surroundings is not None else _BesidePickler
    pickler = kind(stream, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.globals_ref.update(shared)
    pickler.dump(job)
    return stream.getvalue()


def work(content: bytes) -> Done:
    """Do a job in this process: fill the store, and say what is there now."""
    with separate():
        return _work(content)


def _work(content: bytes) -> Done:
    try:
        job: Job = pickle.loads(content)
        _settle(job.around)
        store = open_store(_readers(job.around))
    except Exception as error:
        return Done(note=f"the worker cannot take it: {line_of(error)}")
    try:
        return job.done(store)
    except NotHere as error:
        return Done(note=str(error))
    except Exception as error:
        return Done(error=_pickled(error), trace="".join(traceback.format_exception(error)))


def _readers(around: Circumstances) -> Configuration:
    """Return the configuration for a worker: in a process of its own, it signs nothing."""
    own = around.configuration
    return own if around.ahead == "beside" else replace(own, remote_mode="read")


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

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(f"the worker does not find {name}: {line_of(error)}")


def _settle(around: Circumstances) -> None:
    """Find modules and files where the client finds them; let `random` be the step's alone."""
    if around.ahead == "beside":
        return
    draw_apart()
    sys.path += [folder for folder in around.path if folder not in sys.path]
    os.environ.update(around.settings)
    if around.surroundings is not None:
        take_on(around.surroundings)


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


def line_of(error: BaseException) -> str:
    """Return an exception as one line."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Lets a step's function go by the name of its step where that can be imported."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is FunctionType and _is_of_a_step(obj):
            return _function_of, (obj.__module__, obj.__qualname__)
        return super().reducer_override(obj)


class _BesidePickler(_Pickler):
    """Lets classes of the user's be the ones that they are, for a worker of this process.

    Unpickled by value they would be given their attributes anew, under everybody's hands.
    """

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, type) and obj.__module__ == "__main__":
            _classes[id(obj)] = obj
            return _class_here, (id(obj),)
        return super().reducer_override(obj)


_classes: WeakValueDictionary[int, type] = WeakValueDictionary()


def _class_here(number: int) -> type:
    return _classes[number]


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
