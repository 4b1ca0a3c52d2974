"""The files that a running step reads and writes, as traces that can be checked later.

A file read is an input: its content as the step saw it. A file written is an
effect: the content that the step left. What can be neither (a file changed in
place, one that changed meanwhile) is a refusal: the step ran, and is not cached.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from zen_nb.core.model import JSON, Trace
from zen_nb.observe import questions
from zen_nb.observe.audit import Audit, Touch, muted
from zen_nb.observe.contents import (
    content_of,
    digest_names,
    entries_of,
    found_at,
    guard_of,
    is_content,
    is_same,
    state_of,
)
from zen_nb.observe.evaluated import Heed
from zen_nb.observe.modules import ImportWatch, ModulesFound
from zen_nb.observe.paths import (
    connection_file,
    guard_of_place,
    left_out,
    module_sources,
    present_path,
    seen_from,
)
from zen_nb.observe.readers import ReaderWatch
from zen_nb.observe.reads import Reads
from zen_nb.observe.scope import Reach, Scope

_LONGEST_PATH = 4096
_LONGEST_NAME = 200
_QUESTIONS = frozenset(
    {"exists", "lexists", "is_file", "is_dir", "isfile", "isdir", "stat", "glob"}
)
_UNLIKE_A_PATH = frozenset(" \t\n\r\0{}%*?<>|:\"'")
_UNSURE = "a thread did something that was its own, or that of a step beside it"
_CHANGING = ("write", "update", "append", "remove")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step did outside its variables.

    Attributes
    ----------
    traces
        Sorted by label.
    badges
        ``external:network``, ``external:subprocess``.
    refusals
        Why the step must not be cached, a clause each; empty where it may be.
    """

    traces: tuple[Trace, ...] = ()
    badges: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


class FileWatch:
    """Sees the files that a step touches between `start` and `stop`.

    Parameters
    ----------
    store
        Folders whose files are never traced: zen_nb's own.
    strings
        Texts that may name files which a reader written in C opens.
    names
        Names that the code uses: where it asks whether files exist, those that `strings` name
        and that are missing count as missed.
    reach
        See `Scope`: ``process`` for a cell, ``context`` for a function.
    """

    def __init__(
        self,
        store: Iterable[str] = (),
        strings: Iterable[str] = (),
        names: Collection[str] = (),
        reach: Reach = "process",
    ) -> None:
        self._store = tuple(os.path.abspath(folder) + os.sep for folder in store)
        self._strings = tuple(strings)
        self._asks = not _QUESTIONS.isdisjoint(names)
        self._audit = Audit(Scope(reach))
        self._questions = questions.QuestionWatch()
        self._readers = ReaderWatch()
        self._imports = ImportWatch()
        self._cwd = ""
        self._named: dict[str, Touch] = {}

    @property
    def modules(self) -> ModulesFound:
        """What was found by name while the step ran."""
        return self._audit.modules

    def listen(self, heed: Heed) -> None:
        """Hand every text that the step evaluates to `heed`, before it is evaluated."""
        self._audit.heed = heed

    def start(self) -> None:
        """Begin; remembers how the files named by `strings` stand."""
        self._cwd = os.getcwd()
        self._named = {touch.path: touch for touch in map(_named, set(self._strings)) if touch}
        for text in self._strings if self._asks else ():
            if _looks_like_a_path(text):
                path = os.path.abspath(os.path.expanduser(text))
                touch = self._named.setdefault(path, Touch(path, text, found_at(path)))
                if touch.before is None:
                    touch.add("read")  # nothing says when Python looks for a file
        self._audit.reads = Reads({*self._named, *self._strings})
        self._audit.start()
        self._readers.start()
        self._imports.start()
        self._questions.start()

    def stop(self) -> Seen:
        """End, and say what was seen."""
        self.cancel()
        if self._audit.scope.is_unsure:
            return Seen(refusals=(_UNSURE,))
        with muted():
            return self._judge()

    def cancel(self) -> None:
        """End without looking at anything: the step failed."""
        self._questions.stop()
        self._imports.stop()
        self._readers.stop()
        self._audit.stop()

    def _judge(self) -> Seen:
        self._audit.settle()
        traces: dict[str, Trace] = {}
        refusals: list[str] = []
        touches = self._traceable()
        traces.update((trace.label, trace) for trace in self._asked(touches))
        made = {t.path for t in touches.values() if _wrote(t)}
        for touch in touches.values():
            outcome = _judge(touch, self._cwd, made)
            if isinstance(outcome, str):
                refusals.append(outcome)
            elif outcome is not None:
                traces[outcome.label] = outcome
        ordered = tuple(traces[label] for label in sorted(traces))
        return Seen(ordered, tuple(sorted(self._audit.badges)), tuple(sorted(refusals)))

    def _asked(self, touches: Collection[str]) -> Iterator[Trace]:
        """Return what was asked about paths of which nothing more is known."""
        known = self._audit.asked
        own = {t.path for t in self._audit.touches.copy().values() if t.kinds}
        left = {
            key: asked
            for key, asked in known.items()
            if asked.path not in touches
            and asked.path not in own
            and not asked.path.startswith(self._store)
        }
        return questions.asked_traces(left, self._cwd)

    def _traceable(self) -> dict[str, Touch]:
        """Join what was seen by path, and leave out what is not the user's."""
        if not self._audit.touches and not self._named:
            return {}
        own, outside = module_sources(), left_out()
        connection = connection_file()
        joined = dict(self._named)
        for touch in self._audit.touches.copy().values():
            _join(joined, touch)
        return {
            path: touch
            for path, touch in joined.items()
            if (touch.kinds or path not in own)
            and path != connection
            and not path.startswith((*self._store, *outside))
        }


def _join(joined: dict[str, Touch], touch: Touch) -> None:
    known = joined.setdefault(touch.path, touch)
    if known is touch:
        return
    known.unsteady |= touch.unsteady
    if not known.kinds and not _alike(known.before, touch.before):
        known.add("write")  # a writer in C came before the first touch that Python saw
    for kind in touch.kinds:
        known.add(kind)


def _alike(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    return other is None if one is None else other is not None and is_same(one, other)


def _named(text: str) -> Touch | None:
    """Return a touch without kinds for a text that may name a file."""
    if not text or len(text) >= _LONGEST_PATH or "\n" in text or "\0" in text:
        return None
    path = os.path.abspath(os.path.expanduser(text))
    found = found_at(path)
    if found is None and not os.path.splitext(path)[1]:
        return None
    return Touch(path, text, found)


def _looks_like_a_path(text: str) -> bool:
    if not 0 < len(text) < _LONGEST_NAME or not _UNLIKE_A_PATH.isdisjoint(text):
        return False
    return "/" in text or os.sep in text or bool(os.path.splitext(text)[1][1:])


def _wrote(touch: Touch) -> bool:
    return bool({"write", "update", "append", "folder"} & set(touch.kinds)) or (
        not touch.kinds and touch.before is None
    )


def _judge(touch: Touch, cwd: str, made: set[str]) -> Trace | str | None:
    """Return the trace of one path, the clause that refuses it, or ``None``: nothing to say."""
    after = found_at(touch.path)
    name = seen_from(touch.path, cwd)
    if not is_content(touch.before) or not is_content(after):
        return None
    if after is None:
        return _judge_absent(touch, name, cwd)
    if stat.S_ISDIR(after.st_mode):
        return _folder_trace(touch, name, cwd, made)
    if touch.unsteady:
        return f"{name} changed while the step ran"
    if is_same(touch.before, after) and "write" not in touch.kinds:
        return _file_trace(touch, name, cwd, "read")
    return _judge_changed(touch, name, cwd)


def _judge_changed(touch: Touch, name: str, cwd: str) -> Trace | str | None:
    kinds = touch.kinds
    changing = [kind for kind in kinds if kind in _CHANGING]
    if touch.before is None and changing[:1] == ["append"]:
        return f"it appends to {name}, and would do so again"
    if touch.before is None or not kinds or kinds[0] in ("write", "remove"):
        return _file_trace(touch, name, cwd, "wrote")
    if changing:
        return f"it changes {name}, which was there before"
    return f"{name} changed while the step read it"


def _judge_absent(touch: Touch, name: str, cwd: str) -> Trace | str | None:
    if touch.before is not None:
        return (
            f"it removes {name}, which was there before"
            if "remove" in touch.kinds
            else (f"{name} vanished while the step ran")
        )
    if touch.kinds and touch.kinds[0] in ("read", "list", "update", "append"):
        return Trace(f"file:{name}", "", _guard(touch, cwd, "absent"), {"summary": "not there"})
    return None


def _guard(touch: Touch, cwd: str, role: str) -> dict[str, JSON]:
    return {**guard_of_place(touch.path, touch.given, cwd), "role": role}


def _file_trace(touch: Touch, name: str, cwd: str, role: str) -> Trace | str:
    try:
        digest, found = content_of(touch.path)
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    guard = _guard(touch, cwd, role) | guard_of(found)
    return Trace(f"file:{name}", digest, guard, {"summary": f"{found.st_size:,} bytes"})


def _folder_trace(touch: Touch, name: str, cwd: str, made: set[str]) -> Trace | str | None:
    if "list" not in touch.kinds:
        if "folder" not in touch.kinds:
            return None
        guard = _guard(touch, cwd, "made") | {"kind": "folder", "settled": False}
        return Trace(f"file:{name}", digest_names([]), guard, {"summary": "folder"})
    own = sorted(os.path.basename(path) for path in made if os.path.dirname(path) == touch.path)
    try:
        names, found = entries_of(touch.path)
    except OSError as error:
        return f"the folder {name} cannot be listed: {error.strerror}"
    entries = [entry for entry in names if entry not in own]
    guard = (
        _guard(touch, cwd, "listed") | guard_of(found) | {"own": list(own), "entries": len(entries)}
    )
    return Trace(
        f"file:{name}", digest_names(entries), guard, {"summary": f"{len(entries)} entries"}
    )


def path_traces(strings: Iterable[str]) -> tuple[Trace, ...]:
    """Return the traces of the files that `strings` name, as they stand now (``--file``)."""
    cwd = os.getcwd()
    found = (_named(text) for text in strings)
    judged = (_judge(touch, cwd, set()) for touch in found if touch and touch.before)
    return tuple(trace for trace in judged if isinstance(trace, Trace))


def check(trace: Trace) -> str | None:
    """Return ``None`` while what the step saw or left is still so, else the reason in one line."""
    guard = trace.guard
    if guard.get("role") == "asked":
        return questions.check(trace)
    path = present_path(guard)
    found = found_at(path)
    role = guard.get("role")
    if role == "absent":
        return None if found is None else f"{trace.name} appeared"
    if found is None:
        return (
            f"{trace.name}, which the step wrote, is gone"
            if role in ("wrote", "made")
            else (f"{trace.name} is gone")
        )
    if stat.S_ISDIR(found.st_mode) != (guard.get("kind") == "folder"):
        return f"{trace.name} is no longer a {guard.get('kind')}"
    if role == "made" or (guard.get("settled") and _agrees(guard, found)):
        return None
    return _check_content(trace, path, found)


def present(trace: Trace) -> Trace | None:
    """Return `trace` with what stands at its path now; ``None`` where that is another thing.

    A file that is gone, or one where a folder was, cannot stand for what the step saw.
    """
    guard = trace.guard
    if guard.get("role") == "asked":
        return questions.present(trace)
    path, kind, own = present_path(guard), guard.get("kind", "file"), guard.get("own")
    touch = Touch(path, path, found_at(path), ["list" if kind == "folder" else "read"])
    if touch.before is None or stat.S_ISDIR(touch.before.st_mode) != (kind == "folder"):
        return None
    left = own if isinstance(own, list) else []
    found = _judge(touch, os.getcwd(), {os.path.join(path, str(name)) for name in left})
    if not isinstance(found, Trace):
        return None
    kept = {"path": path, "relative": guard.get("relative")}
    if guard.get("role") == "wrote":
        kept["role"] = "wrote"
    return Trace(trace.label, found.digest, {**found.guard, **kept}, found.shown)


def _agrees(guard: Mapping[str, JSON], found: os.stat_result) -> bool:
    names = ("inode", "size", "mtime_ns", "ctime_ns")
    return tuple(guard.get(name) for name in names) == state_of(found)


def _check_content(trace: Trace, path: str, found: os.stat_result) -> str | None:
    try:
        if stat.S_ISDIR(found.st_mode):
            return _check_entries(trace, path)
        size = trace.guard.get("size")
        if size == found.st_size and content_of(path)[0] == trace.digest:
            return None
    except OSError as error:
        return f"{trace.name} cannot be read: {error.strerror}"
    if trace.guard.get("role") == "wrote":
        return f"{trace.name} no longer holds what the step wrote"
    if size == found.st_size:
        return f"{trace.name} changed (same size, other content)"
    return f"{trace.name} changed ({size:,} → {found.st_size:,} bytes)"


def _check_entries(trace: Trace, path: str) -> str | None:
    own = trace.guard.get("own")
    left = own if isinstance(own, list) else []
    entries = [name for name in entries_of(path)[0] if name not in left]
    if digest_names(entries) == trace.digest:
        return None
    return f"folder {trace.name} changed ({trace.guard.get('entries')} → {len(entries)} entries)"
