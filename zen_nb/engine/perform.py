"""One execution of a step: everything between a decision and a record, or a hit.

The body is called by whoever can call it best: IPython itself for a cell, the
caller for a function. `Attempt` is opened before it and closed after it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from zen_nb.core.errors import NotStorable, StoreUnavailable
from zen_nb.core.model import Artifact, Fingerprint, Record, Trace
from zen_nb.engine.decide import Decision
from zen_nb.engine.faithful import unlike
from zen_nb.engine.holders import Given, NoHolder, holder, set_again, take_away
from zen_nb.engine.inplace import Changes, InPlace, binding_name, print_of, repeat, repeatable
from zen_nb.engine.latecomers import Latecomers
from zen_nb.identity import loads
from zen_nb.identity.bytecode import FORMATS, REMAINS
from zen_nb.identity.code import digest_text
from zen_nb.identity.guard import MISSING
from zen_nb.identity.kept import Kept
from zen_nb.identity.known import Note, noting, trust
from zen_nb.identity.preview import previews
from zen_nb.identity.restored import remember
from zen_nb.identity.summary import summarise
from zen_nb.observe.audit import muted
from zen_nb.observe.display import Capture
from zen_nb.observe.libraries import libraries_of
from zen_nb.observe.replay import settle_figures
from zen_nb.observe.transcript import Transcript
from zen_nb.observe.uses import Uses
from zen_nb.observe.watch import Observed, StepWatch
from zen_nb.store.mapping import mappings
from zen_nb.store.records import Store
from zen_nb.store.serialize import Payload, dump

# Reserved names in a payload; no variable can be called so.
RESULTS = "<results>"
AMBIENT = "<ambient>"
FILENAME = "<filename>"
PATCHES = "<patches>"
BOUND = "<bound>"
GONE = "<gone>"
HELD = "<held>"
TAKEN = "<taken>"
UNLIKE = "<unlike>"
# What unpickling reads of a stream of small objects, and a disk of plain bytes, in a second.
_OBJECTS_PER_S = 50e6
_BYTES_PER_S = 1e9
# What a first look at the outputs may take of the user's time, besides a fiftieth of the step's.
_LOOKING_S = 0.004
LEAVES_NOTHING = "it leaves no variable, output or file, so what it does is not seen"
BESIDE = "others ran beside it, and it touches what they share"
CHEAP = "it runs faster than a record of it would come back"
_NOTHING: Mapping[str, Any] = MappingProxyType({})
# What the store has mapped and nobody has written to is not hashed again.
trust(mappings)


@dataclass(frozen=True, slots=True)
class Made:
    """What a body left behind.

    Attributes
    ----------
    bound
        Outputs by name.
    absent
        Names that do not exist when a hit is loaded, so that nothing may refer to them.
    refusal
        Why this cannot be done again on a hit; ``""`` where it can.
    filename
        What tracebacks and warnings call the code; rewritten in what a hit shows.
    inplace
        Finds what it changed of what was there before.
    must_leave
        Whether a body that leaves and shows nothing must have done something unseen.
    """

    bound: Mapping[str, Any]
    deleted: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()
    refusal: str = ""
    filename: str = ""
    inplace: InPlace | None = None
    must_leave: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an execution ended.

    Attributes
    ----------
    record
        What was stored; ``None`` where nothing was, and then `note` says why.
    fingerprints
        Of the outputs that have one.
    worth_from_s
        It was not kept because it ran faster than this; ``None`` where that is not why.
    """

    duration_s: float
    record: Record | None = None
    note: str = ""
    badges: tuple[str, ...] = ()
    fingerprints: Mapping[str, Fingerprint] = field(default_factory=dict)
    worth_from_s: float | None = None


class NotWorth(Exception):
    """A record would come back no faster than the step runs; says from when on it would."""

    def __init__(self, from_s: float) -> None:
        super().__init__(from_s)
        self.from_s = from_s


class Attempt:
    """A body about to run, running, and done.

    Parameters
    ----------
    least_s
        What it must take to be kept, besides the time it takes to bring it back.
    beside
        Others run in this process meanwhile: what it does to what they share is not kept.
    """

    def __init__(
        self,
        decision: Decision,
        *,
        store: Store | None,
        capture: Capture,
        watch: StepWatch,
        namespace: dict[str, Any] | None,
        least_s: float | None = None,
        beside: bool = False,
    ) -> None:
        self._least_s = least_s
        self._beside = beside
        self.decision = decision
        self._store = store
        self._capture = capture
        self._watch = watch
        self._namespace = namespace
        question = decision.question
        self._late = Latecomers(question.ingredients, namespace, question.ignored)
        self.started_at = 0.0
        self._clock = 0.0
        self._loading = loads.Loading(muted)

    def open(self) -> None:
        """Begin to observe; the body runs next."""
        self._describe()
        self.started_at = time.time()
        self._capture.start()
        self._late.open()
        self._watch.listen(self._late.heed)
        self._watch.start()
        self._loading.begin()
        self._clock = time.perf_counter()

    def _describe(self) -> None:
        """Find what is kept of the ingredients now: the body may change them in place."""
        decisions = filter(None, (self.decision, self.decision.otherwise))
        with muted():
            for part in (part for one in decisions for part in one.question.ingredients.components):
                len(part.shown)

    def abandon(self) -> float:
        """Forget all: the body raised or was interrupted. Returns its duration in seconds."""
        duration = time.perf_counter() - self._clock
        self._loading.end()
        try:
            self._watch.cancel()
        finally:
            self._capture.stop()
        return duration

    def close(
        self, made: Made, duration_s: float | None = None, decision: Decision | None = None
    ) -> Outcome:
        """Store what the body made, where that is possible, and say how it went.

        Never raises for what only concerns the cache: the values are the user's already.

        Parameters
        ----------
        decision
            Which of two the run has turned out to answer; the one that it began with if none.
        """
        self.decision = decision or self.decision
        duration = time.perf_counter() - self._clock if duration_s is None else duration_s
        self._loading.end()
        seen = self._watch.stop()
        transcript = self._capture.stop()
        late, unkept = self._late.close(seen.modules)
        traces = self._traces(made, seen, transcript, late)
        ignored = sorted(self.decision.question.ignored)
        badges = (*seen.badges, *(f"ignored:{name}" for name in ignored))
        told = (made.refusal, *seen.refusals, *unkept, *self._capture.refusals)
        if self._beside and (seen.ambient or any(part.kind == "ambient" for part in seen.traces)):
            told = (BESIDE, *told)
        refusal = self._refusal(told)
        if refusal:
            return Outcome(duration, None, refusal, badges)
        try:
            self._require_worth(duration, 0.0)
            with noting() as notes:
                changes = self._changes(made)
                if self._beside and changes:
                    return Outcome(duration, None, BESIDE, badges)
                prints = _fingerprints(made.bound)
            if made.must_leave and not _leaves(made, changes, seen, transcript):
                return Outcome(duration, None, LEAVES_NOTHING, badges)
            record = Record(
                key=self.decision.key,
                variant=digest_text("\n".join(f"{part.label} {part.digest}" for part in traces)),
                step=self.decision.question.step,
                created_at=self.started_at,
                duration_s=duration,
                trace=traces,
                artifacts=tuple(_artifacts(made, changes, prints)),
                badges=badges,
                writer={"ambient": True} if seen.ambient else {},
            )
            stored = self._keep(
                record, made, changes, transcript, ambient=dict(seen.ambient), notes=notes
            )
        except (NotStorable, StoreUnavailable) as error:
            return Outcome(duration, None, str(error), badges)
        except NotWorth as error:
            return Outcome(duration, None, CHEAP, badges, worth_from_s=error.from_s)
        return Outcome(duration, stored, "", badges, prints)

    def _traces(
        self, made: Made, seen: Observed, transcript: Transcript, late: tuple[Trace, ...]
    ) -> tuple[Trace, ...]:
        """Return all that is checked before a hit: what was touched, settings, latecomers."""
        used = self._watch.used_by(self._uses(made), transcript)
        found = {part.label: part for part in (*late, *used, *seen.traces)}
        return tuple(found[label] for label in sorted(found))

    def _uses(self, made: Made) -> Uses:
        """Return what the step does with names, libraries and texts."""
        found = self.decision.question.ingredients
        names = found.names
        formats = REMAINS in names and any("%" in text for text in found.strings)
        return Uses(names, self._libraries(made), formats or FORMATS in names)

    def _libraries(self, made: Made) -> frozenset[str]:
        """Return the libraries that the step uses, by its code or by the values it handles."""
        ingredients = self.decision.question.ingredients
        inputs = (value for _, value, _ in ingredients.held.values())
        values = libraries_of((*inputs, *made.bound.values(), *self._capture.results))
        packages = {part.name for part in ingredients.components if part.kind == "package"}
        return values | packages

    def _refusal(self, refusals: Iterable[str]) -> str:
        if self.decision.refusal:
            return self.decision.refusal
        if self._store is None:
            return "the store is not available"
        late = [name for name in self.decision.question.ingredients.absent if name in sys.modules]
        if late:
            return (
                f"module {late[0]} could only be found while the step ran; "
                "extend sys.path in an earlier cell"
            )
        return next(filter(None, refusals), "")

    def _changes(self, made: Made) -> Changes:
        """Return what a hit does to what exists, without the inputs that it binds or deletes."""
        if made.inplace is None:
            return Changes()
        changes = made.inplace.close(made.bound.values())
        kept = {
            name: value
            for name, value in changes.changed.items()
            if made.bound.get(name, value) is value and name not in made.deleted
        }
        return replace(changes, changed=kept)

    def _keep(
        self,
        record: Record,
        made: Made,
        changes: Changes,
        transcript: Transcript,
        *,
        ambient: Mapping[str, Any],
        notes: Sequence[Note],
    ) -> Record:
        """Store the outputs with what a hit needs besides: results, patches, ambient changes."""
        assert self._store is not None
        shown = transcript.to_bytes()
        besides: dict[str, Any] = {
            PATCHES: changes.patches,
            BOUND: changes.bound,
            GONE: changes.gone,
            HELD: changes.held.settings,
            TAKEN: changes.held.gone,
            AMBIENT: ambient,
            RESULTS: list(self._capture.results),
        }
        if made.filename.encode() in shown:
            besides[FILENAME] = made.filename
        values = {**made.bound, **{name: part for name, part in besides.items() if part}}
        try:
            payload = self._payload(record, made, values)
        except NotStorable as error:
            raise _in_the_users_words(error, changes) from None
        self._require_worth(record.duration_s, _bringing_back_s(payload))
        looks = previews({**made.bound, **changes.changed}, _LOOKING_S + record.duration_s / 50)
        return self._store.add(
            record,
            payload=payload,
            transcript=shown,
            components=self.decision.question.ingredients.components,
            previews=looks,
            notes=notes,
        )

    def _require_worth(self, duration: float, bringing_back_s: float) -> None:
        """Raise `NotWorth` where the step is kept only if that spares time, and it does not."""
        if self._least_s is not None and duration < self._least_s + bringing_back_s:
            raise NotWorth(self._least_s + bringing_back_s)

    def _payload(self, record: Record, made: Made, values: dict[str, Any]) -> Payload:
        """Return `values` as they are stored, with what is known of how they come back."""
        known = made.inplace.places.known() if made.inplace is not None else {}
        around: dict[str, Any] = {"namespace": self._namespace, "absent": made.absent}
        given = [part[2] for part in values.get(PATCHES, ()) if part[1] == "array"]
        payload = dump(values, known=known, apart=given, **around)
        other = unlike(made.bound, payload, record, **around)
        if not other:
            return payload
        return dump({**values, UNLIKE: other}, known=known, apart=given, **around)


def _bringing_back_s(payload: Payload) -> float:
    """Return about how many seconds it takes to load a payload: objects, then bytes."""
    held = sum(memoryview(part).nbytes for part in payload.buffers)
    return len(payload.stream) / _OBJECTS_PER_S + held / _BYTES_PER_S


def _leaves(made: Made, changes: Changes, seen: Observed, transcript: Transcript) -> bool:
    """Tell whether a hit has anything to bring back."""
    wrote = any(part.guard.get("role") in ("wrote", "made") for part in seen.traces)
    return bool(made.bound or made.deleted or transcript.events or seen.ambient or wrote or changes)


def _in_the_users_words(error: NotStorable, changes: Changes) -> NotStorable:
    """Return `error` with the name of a variable where it has one of ours."""
    names = {
        PATCHES: ", ".join(changes.changed),
        BOUND: ", ".join(binding_name(*part) for part in changes.bound),
        HELD: ", ".join(changes.held.told),
        RESULTS: "the value it shows",
    }
    name = names.get(error.name) or error.name
    if error.name != PATCHES:
        return NotStorable(name, error.type_name, error.why)
    kinds = {type(value).__qualname__ for value in changes.changed.values()}
    return NotStorable(name, ", ".join(sorted(kinds)), f"it is changed in place, and {error.why}")


def _fingerprints(values: Mapping[str, Any]) -> dict[str, Fingerprint]:
    found = ((name, print_of(value)) for name, value in values.items())
    return {name: digest for name, digest in found if digest is not None}


def _artifacts(
    made: Made, changes: Changes, prints: Mapping[str, Fingerprint]
) -> Iterable[Artifact]:
    changed = changes.changed
    for name, value in made.bound.items():
        if name not in changed:
            yield Artifact(name, prints.get(name), *summarise(value, name))
    told = changes.held.told
    set_anew = {binding_name(*part): part[2] for part in changes.bound}
    set_anew |= {name: value for name, value in told.items() if value is not MISSING}
    for name, value in {**changed, **set_anew}.items():
        yield Artifact(name, print_of(value), *summarise(value, name), role="changed")
    taken = (name for name, value in told.items() if value is MISSING)
    for name in (*made.deleted, *(binding_name(*part) for part in changes.gone), *taken):
        yield Artifact(name, None, "", "", role="deleted")


@dataclass(frozen=True, slots=True)
class Served:
    """A record brought back: values by name, what was shown, and what changes around it."""

    record: Record
    values: Mapping[str, Any]
    transcript: Transcript
    ambient: Mapping[str, Any]
    holders: Sequence[Any] = ()

    @property
    def changes_objects(self) -> bool:
        """Whether serving it changes what exists, under whatever names."""
        return any(self.values.get(name) for name in (PATCHES, BOUND, GONE, HELD, TAKEN))

    def apply(self) -> None:
        """Change objects that exist and names of modules as the run did."""
        found = (self.values.get(name, ()) for name in (PATCHES, BOUND, GONE))
        repeat(*found)
        settings, taken = self.values.get(HELD, ()), self.values.get(TAKEN, ())
        holders = iter(self.holders)
        for spot, value in settings:
            set_again(spot, next(holders), value)
        for spot in taken:
            take_away(spot, next(holders))

    @property
    def results(self) -> list[Any]:
        """Values of the expressions that were shown as results."""
        return list(self.values.get(RESULTS, ()))


def serve(
    record: Record,
    store: Store,
    namespace: dict[str, Any] | None,
    filename: str = "",
    *,
    given: Mapping[str, Any] = _NOTHING,
    kept: Kept | None = None,
) -> Served:
    """Bring a record back, without touching the namespace yet.

    Parameters
    ----------
    given
        What was there besides the namespace, by the names that places begin with.
    kept
        The code that the step reaches, with what it holds.

    Raises
    ------
    StoreUnavailable
        Where a part of it is gone, damaged or cannot be loaded here: then the step runs.
    """
    with loads.Loading():
        values = store.load(record, namespace, Given(given, kept))
    settle_figures()
    stored = {part.name: part.fingerprint for part in record.artifacts}
    for name, digest in values.get(UNLIKE, {}).items():
        remember(values[name], digest, stored.get(name) or digest)
    if not repeatable(values.get(PATCHES, ())):
        raise StoreUnavailable("an object that it changed in place is of another kind or size now")
    spots = [*(spot for spot, _ in values.get(HELD, ())), *values.get(TAKEN, ())]
    try:
        holders = [holder(spot, kept) for spot in spots]
    except NoHolder as error:
        raise StoreUnavailable(f"{error} is not there to be changed again") from None
    transcript = Transcript.from_bytes(store.transcript(record))
    if filename and FILENAME in values:
        transcript = transcript.moved(values[FILENAME], filename)
    return Served(record, values, transcript, values.get(AMBIENT, {}), holders)


def bind(served: Served, namespace: dict[str, Any]) -> None:
    """Leave in `namespace` what the run left: bound, changed in place and deleted names."""
    for part in served.record.artifacts:
        if part.role == "deleted":
            namespace.pop(part.name, None)
        elif part.role == "bound":
            namespace[part.name] = served.values[part.name]
    served.apply()
