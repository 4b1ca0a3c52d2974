"""The state outside its variables that a step uses or changes, restored on a hit.

What a step changed is kept as the items that differ, and made again on a hit. Of what it
used, the streams of random generators are seen (they move when used) and become traces;
settings can be asked for as traces where a step is known to use them.
"""

from __future__ import annotations

import operator
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from blake3 import blake3

from zen_nb.core.model import Trace
from zen_nb.observe.changes import MappingChange
from zen_nb.observe.generators import (
    GENERATORS,
    Generator,
    Lineage,
    Seeding,
    digest,
    watch_seeding,
)
from zen_nb.observe.library_settings import VIEWS
from zen_nb.observe.settings import SETTINGS, secret_names

_settings = {setting.name: setting for setting in SETTINGS}
_views = {view.name: view for view in VIEWS}
_generators = {generator.name: generator for generator in GENERATORS}
_lineages = {generator.name: Lineage(generator) for generator in GENERATORS}
_ENVIRON = "os.environ"
UNSEEDED = "unseeded"
_OF_A_MACHINE = frozenset({_ENVIRON, "time zone", "locale", "working directory"})
_OF_A_PROCESS = frozenset({"sys.path", "inline.figures", "sklearn.elements", "logging"})


@dataclass(frozen=True, slots=True)
class Moved:
    """What a step did to the state outside its variables.

    Attributes
    ----------
    traces
        ``ambient:numpy.random`` where the step drew: it holds where the stream stands at the
        same point, or, if nobody had seeded it, as long as nobody does.
    badges
        ``unseeded`` where it drew from one that nobody seeded.
    changes
        By name, able to be pickled: what `restore` makes again on a hit.
    refusals
        Why the step must not be cached, a clause each.
    """

    traces: tuple[Trace, ...] = ()
    badges: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()


def capture() -> dict[str, Any]:
    """Return how everything stands now, by name; libraries that are not loaded give ``None``."""
    states = {name: setting.read() for name, setting in _settings.items()}
    for name, generator in _generators.items():
        states[name] = generator.read()
    return states


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the states that differ, by name."""
    return {
        name: (before.get(name), state)
        for name, state in after.items()
        if state is not None and _differs(name, before.get(name), state)
    }


def _differs(name: str, before: Any, after: Any) -> bool:
    if name in _generators or before is None:
        return bool(before != after)
    return _settings[name].change(before, after) is not None


def restore(changes: Mapping[str, Any]) -> tuple[str, ...]:
    """Make changes again, each as far as it goes; return a clause for each that failed."""
    failures = []
    for name, change in changes.items():
        try:
            _make(name, change)
        except Exception as error:
            failures.append(f"{name} could not be restored: {error}")
    return tuple(failures)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How everything stands in one process, to be had in another.

    Attributes
    ----------
    states
        As `capture` returns them.
    seeded
        The generators that somebody has seeded; the others stand anywhere.
    host
        The machine: what concerns a machine stays there.
    digests
        Of libraries' settings: what they are known by there. Whether they are as the library
        sets them depends on the process, a notebook's or not.
    """

    states: Mapping[str, Any]
    seeded: frozenset[str]
    host: str
    digests: Mapping[str, str] = field(default_factory=dict)


def surroundings() -> Surroundings:
    """Return how everything stands here."""
    states = capture()
    seeded = {
        name
        for name, lineage in _lineages.items()
        if states[name] is not None and lineage.is_seeded(states[name])
    }
    apart = {name: part for name, part in states.items() if name not in _OF_A_PROCESS}
    digests = {name: _digest(name, _read(name)) for name in _of_libraries()}
    return Surroundings(apart, frozenset(seeded), platform.node(), digests)


def _of_libraries() -> Iterator[str]:
    """Yield the names of all settings of libraries that are loaded."""
    for name in (*_settings, *_views):
        if name.partition(".")[0] in _LIBRARIES and _read(name) is not None:
            yield name


def take_on(wanted: Surroundings) -> None:
    """Let everything stand here as it does there; libraries that are in use there are loaded."""
    for name, state in wanted.states.items():
        if state is None or (name in _OF_A_MACHINE and wanted.host != platform.node()):
            continue
        if name in _generators:
            if name in wanted.seeded:
                _make(name, state)
            continue
        setting = _settings[name]
        now = setting.read()
        if now is None:
            import_module(name.partition(".")[0])
            now = setting.read()
        change = setting.change(now, state)
        if isinstance(change, MappingChange) and name == _ENVIRON:
            change = MappingChange(change.put)  # what only a worker has is its own
        if change is not None:
            setting.make(change)
    _as_there.clear()
    for name, found in wanted.digests.items():
        _as_there[name] = (_read(name), found)


def undo(before: Mapping[str, Any]) -> None:
    """Put back what has changed since `capture` returned `before`, as far as it goes.

    A stream that nobody had seeded is as good as any other: it is left alone.
    """
    changes = {}
    for name, (was, now) in changed(before, capture()).items():
        if name not in _generators:
            changes[name] = _settings[name].change(now, was)
        elif was is not None and _lineages[name].is_seeded(was):
            changes[name] = was
    restore({name: change for name, change in changes.items() if change is not None})


def _make(name: str, change: Any) -> None:
    if name in _generators:
        _generators[name].write(change)
        _lineages[name].note_seed()
    else:
        _settings[name].make(change)


def trace(name: str, states: Mapping[str, Any] | None = None) -> Trace:
    """Return one state as a trace, for a step that is known to use it.

    Parameters
    ----------
    name
        As in `capture`.
    states
        What `capture` returned before the step; the present state where it is left out.
    """
    if states is None:
        state = _read(name)
    elif name in _views:
        state = _views[name].of(states.get(_views[name].whole))
    else:
        state = states.get(name)
    return Trace(f"ambient:{name}", _digest(name, state))


def check(seen: Trace) -> str | None:
    """Return ``None`` while the state is as the step saw it, else the reason in one line."""
    name = seen.name
    if not _is_known(name):
        return f"{name} is not known here"
    if seen.digest == UNSEEDED:
        return f"{name} is seeded now" if _is_seeded(name) else None
    if _digest(name, _read(name)) == seen.digest:
        return None
    if name in _generators:
        return f"{name} stands at another point than when the step drew from it"
    return f"{name} changed"


def present(seen: Trace) -> Trace | None:
    """Return the trace of the state as it is now; ``None`` where it is not known here."""
    name = seen.name
    return trace(name) if _is_known(name) else None


def _is_known(name: str) -> bool:
    return name in _generators or name in _settings or name in _views


def _is_seeded(name: str) -> bool:
    """Tell whether somebody seeded a generator; nobody did where its library is not loaded."""
    state = _read(name)
    return state is not None and _lineages[name].is_seeded(state)


def _read(name: str) -> Any:
    known = _generators.get(name) or _views.get(name) or _settings[name]
    return known.read()


# Their settings are as good as untouched while they are not imported.
_LIBRARIES = frozenset({"pandas", "numpy", "matplotlib", "sklearn", "polars"})


def _digest(name: str, state: Any) -> str:
    if state is None:
        return ""
    if name in _generators:
        return digest(state)
    there = _as_there.get(name)
    if there is not None and there[0] == state:
        return there[1]
    if name not in _views:
        return _digest_of(_settings[name], state)
    names, values = [*state], [*state.values()]
    known = _remembered.get(name, ([], [], ""))
    if known[0] == names and all(map(operator.is_, known[1], values)):
        return known[2]
    found = _digest_of(_views[name], state)
    if all(type(value) in _ATOMS for value in values):
        _remembered[name] = (names, values, found)
    return found


# Settings that were taken on of another process, and what they are known by there.
_as_there: dict[str, tuple[Any, str]] = {}
# The many options of pandas are asked for on every hit of a step that uses it.
_remembered: dict[str, tuple[list[str], list[Any], str]] = {}
_ATOMS = frozenset({type(None), bool, int, float, str})


def _digest_of(known: Any, state: Any) -> str:
    if known.name.partition(".")[0] in _LIBRARIES and known.change(None, state) is None:
        return ""  # as it is once the library is imported: importing it changes nothing
    items = sorted(state.items(), key=repr) if isinstance(state, dict) else state
    return blake3(repr(items).encode("utf-8", "backslashreplace")).hexdigest()


class AmbientWatch:
    """Sees what a step does to the state outside its variables."""

    def __init__(self) -> None:
        self._before: dict[str, Any] = {}
        self._seedings: dict[str, Seeding] = {}
        self._stack = ExitStack()

    def start(self) -> Mapping[str, Any]:
        """Begin, and return how everything stands."""
        self._before = capture()
        for name, generator in _generators.items():
            state = self._before[name]
            if state is not None:
                seeding = self._seedings[name] = Seeding()
                self._stack.enter_context(watch_seeding(generator, seeding, state))
        return self._before

    def cancel(self) -> None:
        """End without looking at anything: the step failed."""
        self._stack.close()

    def stop(self, skip: Iterable[str] = ()) -> Moved:
        """End, and say what moved; names in `skip` are left alone."""
        self._stack.close()
        after = capture()
        gathered = _Gathered()
        left = set(skip)
        for name, setting in _settings.items():
            if name not in left and after[name] is not None:
                gathered.add_change(name, setting.change(self._before[name], after[name]))
        for name, generator in _generators.items():
            if name not in left and after[name] is not None:
                seeding = self._seedings.get(name, Seeding())
                gathered.add_stream(generator, self._before[name], after[name], seeding)
        return gathered.moved()


@dataclass(slots=True)
class _Gathered:
    traces: list[Trace] = field(default_factory=list)
    badges: set[str] = field(default_factory=set)
    changes: dict[str, Any] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def add_change(self, name: str, change: Any) -> None:
        if change is None:
            return
        if name == _ENVIRON and isinstance(change, MappingChange):
            self.refusals += [
                f"it sets the environment variable {secret}, whose value is never stored"
                for secret in secret_names(change)
            ]
        self.changes[name] = change

    def add_stream(self, generator: Generator, before: Any, after: Any, seeding: Seeding) -> None:
        """Judge one stream: who seeded it, and whether the result depends on where it stood."""
        if before == after and not seeding.called:
            return
        lineage = _lineages[generator.name]
        if before is None:
            self._add_first(generator, after, lineage)
        elif seeding.called:
            self._add_seeded(generator, before, after, seeding)
        else:
            self._add_drawn(generator, before, after, lineage)

    def _add_first(self, generator: Generator, after: Any, lineage: Lineage) -> None:
        """The library was loaded by the step: what it drew before seeding cannot be known."""
        if lineage.is_seeded(after):
            self.changes[generator.name] = after
        elif generator.drawn_since_loaded(after):
            self._add_use(generator.name, after, seeded=False)

    def _add_seeded(self, generator: Generator, before: Any, after: Any, seeding: Seeding) -> None:
        lineage = _lineages[generator.name]
        if not seeding.fresh:
            self._add_use(generator.name, before, seeded=lineage.is_seeded(before))
        if seeding.entropy:
            self.badges.add("unseeded")
            lineage.note_entropy(after)
        else:
            self.changes[generator.name] = after
            lineage.note_seed()

    def _add_drawn(self, generator: Generator, before: Any, after: Any, lineage: Lineage) -> None:
        seeded = lineage.is_seeded(before)
        self._add_use(generator.name, before, seeded=seeded)
        if seeded or lineage.is_seeded(after):
            self.changes[generator.name] = after

    def _add_use(self, name: str, before: Any, *, seeded: bool) -> None:
        told = digest(before) if seeded else UNSEEDED
        self.traces.append(Trace(f"ambient:{name}", told))
        if not seeded:
            self.badges.add("unseeded")

    def moved(self) -> Moved:
        return Moved(
            tuple(self.traces), tuple(sorted(self.badges)), self.changes, tuple(self.refusals)
        )
