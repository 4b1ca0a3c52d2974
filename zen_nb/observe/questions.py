"""What the user's code asks about paths without opening them: are they there, how large, how old.

No audit event tells of ``os.stat``. While a step is watched, functions stand in for it and for
``os.lstat``; each calls the original and tells its answer. Python's own functions ask through
them (``os.path.exists``, ``Path.is_file``, ``glob``), for whoever calls these. What Python and
installed packages ask for themselves does not count.
"""

from __future__ import annotations

import functools
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from blake3 import blake3

from zen_nb.core.locks import new_rlock
from zen_nb.core.model import JSON, Trace
from zen_nb.observe.audit import Asked, tell
from zen_nb.observe.frames import is_project, module_of
from zen_nb.observe.paths import guard_of_place, present_path, seen_from
from zen_nb.observe.standins import StandIn, put_back

_ACCESSORS = frozenset(
    {"genericpath", "glob", "ntpath", "os", "pathlib", "pathlib._local", "posixpath", "shutil"}
)
# By the function that the user calls: what of the answer it passes on. Others act, and what
# they do is seen; or they go from one name to another, as `resolve`.
_PASSED_ON: Mapping[str, str] = {
    **dict.fromkeys(("exists", "lexists", "isfile", "isdir", "islink", "ismount"), "kind"),
    **dict.fromkeys(("is_file", "is_dir", "is_symlink", "is_mount", "glob", "which"), "kind"),
    **dict.fromkeys(("iglob", "_iglob", "rglob"), "kind"),
    **dict.fromkeys(("", "stat", "lstat", "getmtime", "getctime"), "state"),
    "getsize": "size",
}
_NOTHING = (FileNotFoundError, NotADirectoryError)

_lock = new_rlock()
_watching = 0
_places: list[StandIn] = []
# Whether code of these files is the project's: asked once for each while somebody watches.
_projects: dict[str, bool] = {}


class QuestionWatch:
    """Keeps the stand-ins in place from `start` to `stop`; watches may overlap."""

    def __init__(self) -> None:
        self._open = False

    def start(self) -> None:
        """Begin."""
        global _watching  # noqa: PLW0603
        with _lock:
            self._open = True
            _watching += 1
            if _watching == 1:
                for name in ("stat", "lstat"):
                    original = getattr(os, name)
                    function = _telling(original, follows=name == "stat")
                    _places.append(StandIn.put(os, name, original, function))

    def stop(self) -> None:
        """End; harmless when repeated."""
        global _watching  # noqa: PLW0603
        with _lock:
            if not self._open:
                return
            self._open = False
            _watching -= 1
            if _watching == 0:
                put_back(_places)
                _places.clear()
                _projects.clear()


def _telling(original: Callable[..., Any], *, follows: bool) -> Callable[..., Any]:
    @functools.wraps(original)
    def telling(path: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        found = None
        try:
            found = original(path, *args, **kwargs)
        except _NOTHING:
            _tell(sys._getframe(1), path, None, follows, kwargs)
            raise
        _tell(sys._getframe(1), path, found, follows, kwargs)
        return found

    return telling


def _tell(
    frame: FrameType | None,
    path: Any,
    found: os.stat_result | None,
    follows: bool,  # noqa: FBT001 - called often
    kwargs: Mapping[str, Any],
) -> None:
    called = ""
    while frame is not None and module_of(frame) in _ACCESSORS:
        called, frame = frame.f_code.co_name, frame.f_back
    part = _PASSED_ON.get(called)
    if part is None or frame is None or not _asks_for_the_project(frame):
        return
    if kwargs.get("dir_fd") is None and isinstance(path, (str, bytes, os.PathLike)):
        tell("question", path, part, found, follows and kwargs.get("follow_symlinks", True))


def _asks_for_the_project(frame: FrameType) -> bool:
    source = frame.f_code.co_filename
    if source not in _projects:
        _projects[source] = is_project(frame)
    return _projects[source]


@dataclass(frozen=True, slots=True)
class _Answer:
    kind: str
    digest: str


def _answer(part: str, found: os.stat_result | None) -> _Answer:
    """Return what of a path's state was passed on; of a folder only that it is one."""
    if found is None:
        return _Answer("", "")
    kind = stat.S_IFMT(found.st_mode)
    told = [part, kind]
    if part != "kind" and kind == stat.S_IFREG:
        told.append(found.st_size)
        told += [found.st_mtime_ns, found.st_mode] if part == "state" else []
    return _Answer(str(kind), blake3(repr(told).encode()).hexdigest())


def _look(path: str, *, follows: bool) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=follows)
    except (OSError, ValueError):
        return None


def asked_traces(questions: Mapping[tuple[str, int, bool], Asked], cwd: str) -> Iterator[Trace]:
    """Return traces of what was asked, leaving out what the step has made another since."""
    for asked in questions.values():
        answer = _answer(asked.part, asked.found)
        if answer == _answer(asked.part, _look(asked.path, follows=asked.follows)):
            place = guard_of_place(asked.path, asked.given, cwd)
            guard = {**place, "role": "asked", "part": asked.part, "follows": asked.follows}
            shown: dict[str, JSON] = {"summary": "there" if answer.kind else "not there"}
            label = f"file:{seen_from(asked.path, cwd)}"
            yield Trace(label, answer.digest, {**guard, "kind": answer.kind}, shown)


def check(trace: Trace) -> str | None:
    """Return ``None`` while the same question has the same answer, else the reason."""
    now = _now(trace)
    if now.digest == trace.digest:
        return None
    if not trace.digest:
        return f"{trace.name} appeared"
    if not now.digest:
        return f"{trace.name} is gone"
    what = trace.guard["part"] if now.kind == trace.guard["kind"] else "kind"
    return f"{trace.name} changed (its {what}, which was asked for)"


def present(trace: Trace) -> Trace:
    """Return `trace` with the answer that the question has now."""
    now = _now(trace)
    shown: dict[str, JSON] = {"summary": "there" if now.kind else "not there"}
    guard = {**trace.guard, "path": present_path(trace.guard), "kind": now.kind}
    return Trace(trace.label, now.digest, guard, shown)


def _now(trace: Trace) -> _Answer:
    found = _look(present_path(trace.guard), follows=bool(trace.guard["follows"]))
    return _answer(str(trace.guard["part"]), found)
