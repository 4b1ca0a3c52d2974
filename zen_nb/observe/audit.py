"""What Python's audit events tell of a running step, as raw lists.

The hook is added once, when the first watch begins, and cannot be taken away
again (Python keeps audit hooks for ever). While nothing is watched it costs one
comparison. It never raises, and it hashes nothing: paths are looked at after
the run, in bulk.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from zen_nb.core.locks import new_lock
from zen_nb.observe.evaluated import Heed, note_compile
from zen_nb.observe.modules import (
    METADATA,
    ModulesFound,
    note_class,
    note_exec,
    note_import,
    note_metadata,
)
from zen_nb.observe.paths import left_out, never_traced
from zen_nb.observe.programs import files_of, name_of
from zen_nb.observe.readable import readable
from zen_nb.observe.reads import Reads, note_here, noted, taken
from zen_nb.observe.scope import Scope
from zen_nb.observe.sources import asked_by_import, asked_by_python

_MACHINE_QUESTIONS = frozenset(
    {"fc-list", "lscpu", "uname", "ldconfig", "nproc", "sysctl", "system_profiler", "stty", "tput"}
)
_WIDTH = {"kind": 0, "size": 1, "state": 2}
_READING = frozenset({"r", "rb"})
# Whose reader decides what the reading means.
_LOOKED_AT = (".py", *METADATA)
_LAST_LETTERS = frozenset(name[-1] for name in _LOOKED_AT)
_READ_FLAGS_MASK = os.O_WRONLY | os.O_RDWR
_NOT_CONTENT = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)


@dataclass(slots=True)
class Touch:
    """What happened to one path, in the order it happened.

    Attributes
    ----------
    path
        Absolute, as it was when first touched.
    given
        As the program spelled it; relative to the working directory of that moment.
    before
        `os.stat` at the first touch, ``None`` where there was nothing.
    kinds
        Of ``read``, ``write`` (content replaced), ``update`` (content changed in part),
        ``append`` (content added at the end),
        ``list`` (directory), ``remove``, ``folder`` (created), without neighbours repeated.
    unsteady
        Whether it may have changed between its reading and the look at its state.
    """

    path: str
    given: str
    before: os.stat_result | None
    kinds: list[str] = field(default_factory=list)
    unsteady: bool = False

    def add(self, kind: str) -> None:
        if not self.kinds or self.kinds[-1] != kind:
            self.kinds.append(kind)


@dataclass(frozen=True, slots=True)
class Asked:
    """What code asked about a path, and how that stood.

    Attributes
    ----------
    part
        What of the answer counts: ``kind``, ``size`` or ``state``.
    follows
        Whether what a link leads to was asked about.
    """

    path: str
    given: str
    part: str
    found: os.stat_result | None
    follows: bool


class Audit:
    """The raw events of one step, between `start` and `stop`."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.reads = Reads()
        self.touches: dict[tuple[str, int], Touch] = {}
        self.asked: dict[tuple[str, int, bool], Asked] = {}
        self.badges: set[str] = set()
        self.moves = 0
        self.modules = ModulesFound()
        self.heed: Heed | None = None
        self._left_out: tuple[str, ...] = ()
        self._noted: dict[str, int] = {}

    def start(self) -> None:
        """Begin to collect, from every thread that the scope covers."""
        global _active  # noqa: PLW0603
        _install()
        with muted():
            self._left_out = left_out()
            for audit in _active:
                audit.settle()
        self.scope.enter()
        with _lock:
            _active = (*_active, self)
            _look_at_once()

    def stop(self) -> None:
        """End; harmless when repeated."""
        global _active  # noqa: PLW0603
        with _lock:
            _active = tuple(audit for audit in _active if audit is not self)
            _look_at_once()
        self._noted |= taken()
        self.scope.leave()

    def wait(self) -> None:
        """Only note what is opened for reading from now on, where that will do."""
        global _reads, _quick  # noqa: PLW0603
        self.settle()
        if self.reads.can_wait():
            with _lock:
                if _active == (self,):
                    _reads = self.reads
                    _quick = self.reads if self.scope.reach == "process" else None

    def settle(self) -> None:
        """Look at the files that were only noted when they were opened."""
        found, self._noted = self._noted | taken(), {}
        for path, thread in found.items():
            if self.scope.owns(thread):
                self.touch(path, "read", noted=True)

    def ask(self, path: Any, part: str, found: os.stat_result | None, *, follows: bool) -> None:
        """Note a question about `path`; of several, the first answer to the widest."""
        given = os.fsdecode(path)
        key = (given, self.moves, follows)
        known = self.asked.get(key)
        if known is None:
            absolute = os.path.abspath(given)
            if not never_traced(absolute, self._left_out):
                self.asked[key] = Asked(absolute, given, part, found, follows)
        elif _WIDTH[part] > _WIDTH[known.part]:
            self.asked[key] = Asked(known.path, given, part, found, follows)

    def touch(self, path: Any, kind: str, *, noted: bool = False) -> None:
        """Note one access to `path`; `noted` where it was made some time ago."""
        if isinstance(path, int):
            return
        given = os.fsdecode(path)
        key = (given, self.moves)
        known = self.touches.get(key)
        if known is None:
            absolute = os.path.abspath(given)
            if never_traced(absolute, self._left_out):
                return
            state = _stat(absolute)
            unsteady = noted and state is not None and self.reads.may_have_changed(state)
            known = self.touches[key] = Touch(absolute, given, state, unsteady=unsteady)
        known.add(kind)


_active: tuple[Audit, ...] = ()
# Of the only step that runs, where what it opens for reading is only noted; and the same again
# where every thread that notes it works for that step.
_reads: Reads | None = None
_quick: Reads | None = None
_lock = new_lock()
_installed = False


class _Quiet(threading.local):
    depth = 0


_quiet = _Quiet()


@contextmanager
def muted() -> Iterator[None]:
    """While entered, what this thread does is not collected: it is zen_nb's own doing."""
    _quiet.depth += 1
    note_path, noted.note = noted.note, None
    try:
        yield
    finally:
        _quiet.depth -= 1
        noted.note = note_path


def _install() -> None:
    global _installed  # noqa: PLW0603
    with _lock:
        if not _installed:
            sys.addaudithook(_hook)
            _installed = True


def _hook(event: str, args: tuple[Any, ...]) -> None:
    # Each line here is felt where a step opens thousands of files.
    if event == "open" and (reads := _quick) is not None:
        path, mode, _ = args
        if (
            mode in _READING
            and type(path) is str
            and path[-1:] not in _LAST_LETTERS
            and path not in reads.apart
            and not (reads.elsewhere and path.startswith(reads.elsewhere))
            and (note_path := noted.note) is not None
        ):
            note_path(path)
            return
    if not _active:
        return
    note = _NOTES.get(event)
    if note is None or _quiet.depth:
        return
    try:
        for audit in _active:
            if audit.scope.covers():
                if event in _SETTLING:
                    audit.settle()
                note(audit, args)
    except Exception:  # a hook that raises would make the user's own call fail
        return


def tell(event: str, *args: Any) -> None:
    """Note what is no audit event of Python as if it were one; never raises."""
    _hook(f"zen_nb.{event}", args)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _on_open(audit: Audit, args: tuple[Any, ...]) -> None:
    path, mode, flags = args
    if isinstance(path, str) and path.endswith(_LOOKED_AT):
        note_metadata(audit, path)
        if path.endswith(".py") and asked_by_python(sys._getframe(2)):
            return
    if (flags or 0) & _NOT_CONTENT:
        return
    kind = _kind_of_open(mode, flags or 0)
    if kind == "read":
        _on_read(audit, path)
    else:
        audit.settle()
        audit.touch(path, kind)


def _on_read(audit: Audit, path: Any) -> None:
    """Note a file that is opened for reading, or look at it where that cannot wait."""
    reads = _reads
    if reads is None:
        audit.touch(path, "read")
        audit.wait()
        return
    note_path = note_here()
    if audit.scope.reach == "process" or not isinstance(path, str):
        audit.touch(path, "read")
        return
    apart = path in reads.apart or path.endswith(_LOOKED_AT) or path.startswith(reads.elsewhere)
    if apart:
        audit.touch(path, "read")
    else:
        note_path(path)


def _kind_of_open(mode: str | None, flags: int) -> str:
    access = flags & _READ_FLAGS_MASK
    if access == os.O_RDONLY and not (mode and set(mode) & set("wax+")):
        return "read"
    if flags & (os.O_TRUNC | os.O_EXCL) or (mode and set(mode) & set("wx")):
        return "write"
    return "append" if flags & os.O_APPEND or (mode and "a" in mode) else "update"


def _on_list(audit: Audit, args: tuple[Any, ...]) -> None:
    if not asked_by_import(sys._getframe(2)):
        audit.touch("." if args[0] is None else args[0], "list")


def _on_rename(audit: Audit, args: tuple[Any, ...]) -> None:
    if all(fd == -1 for fd in args[2:]):
        audit.touch(args[0], "remove")
        audit.touch(args[1], "write")


def _on_remove(audit: Audit, args: tuple[Any, ...]) -> None:
    if args[-1] == -1:
        audit.touch(args[0], "remove")


def _on_folder(audit: Audit, args: tuple[Any, ...]) -> None:
    if args[-1] == -1:
        audit.touch(args[0], "folder")


def _on_link(audit: Audit, args: tuple[Any, ...]) -> None:
    if all(fd == -1 for fd in args[2:]):
        audit.touch(args[1], "write")


def _on_update(audit: Audit, args: tuple[Any, ...]) -> None:
    audit.touch(args[0], "update")


def _on_database(audit: Audit, args: tuple[Any, ...]) -> None:
    """A database is read, and perhaps written, by C: its state before and after tells."""
    if isinstance(args[0], (str, bytes, os.PathLike)):
        name = os.fsdecode(args[0])
        if name not in ("", ":memory:") and not name.startswith("file:"):
            audit.touch(name, "update")


def _on_move(audit: Audit, _: tuple[Any, ...]) -> None:
    audit.moves += 1
    audit.wait()


def _on_network(audit: Audit, _: tuple[Any, ...]) -> None:
    audit.badges.add("external:network")


def _on_program(audit: Audit, args: tuple[Any, ...]) -> None:
    """A program is started: what it is and the files that it is given are known."""
    if name_of(args) in _MACHINE_QUESTIONS:
        return
    audit.badges.add("external:subprocess")
    _outside(audit)
    with muted():
        found = files_of(args)
    for path in found:
        audit.touch(path, "read")


def _on_reader(audit: Audit, args: tuple[Any, ...]) -> None:
    """A reader written in C is about to open what its argument names."""
    with muted():
        found = readable(args[0])
    for path in found.files:
        audit.touch(path, "read")
    for path in found.folders:
        audit.touch(path, "list")
    if found.remote:
        audit.badges.add("external:network")
    if found.too_many:
        audit.badges.add("external:many-files")


def _on_question(audit: Audit, args: tuple[Any, ...]) -> None:
    path, part, found, follows = args
    audit.ask(path, part, found, follows=follows)


def _on_lazy(audit: Audit, args: tuple[Any, ...]) -> None:
    """A plan made earlier is read now: from the files it lists, and perhaps from more."""
    paths, complete = args
    known = {touch.path for touch in audit.touches.copy().values()}
    if complete:
        _on_reader(audit, (paths,))
    elif not known.issuperset(map(os.path.abspath, paths)):
        audit.badges.add("external:lazy-file")


def _on_fork(audit: Audit, _: tuple[Any, ...]) -> None:
    audit.badges.add("external:subprocess")
    _outside(audit)


def _outside(audit: Audit) -> None:
    """Look at all files when they are opened: something else may write some of them."""
    audit.reads.closed = True
    _look_at_once()


def _look_at_once() -> None:
    global _reads, _quick  # noqa: PLW0603
    _reads = _quick = None


_NOTES: dict[str, Callable[[Audit, tuple[Any, ...]], None]] = {
    "open": _on_open,
    "os.listdir": _on_list,
    "os.scandir": _on_list,
    "os.rename": _on_rename,
    "os.remove": _on_remove,
    "os.rmdir": _on_remove,
    "os.mkdir": _on_folder,
    "os.link": _on_link,
    "os.symlink": _on_link,
    "os.truncate": _on_update,
    "sqlite3.connect": _on_database,
    "os.chdir": _on_move,
    "socket.connect": _on_network,
    "socket.getaddrinfo": _on_network,
    "socket.gethostbyname": _on_network,
    "socket.sendto": _on_network,
    "subprocess.Popen": _on_program,
    "os.system": _on_program,
    "os.exec": _on_program,
    "os.posix_spawn": _on_program,
    "os.spawn": _on_fork,
    "os.fork": _on_fork,
    "os.forkpty": _on_fork,
    "compile": note_compile,
    "exec": note_exec,
    "pickle.find_class": note_class,
    "zen_nb.import": note_import,
    "zen_nb.question": _on_question,
    "zen_nb.reader": _on_reader,
    "zen_nb.lazy": _on_lazy,
}
# Before these, files that were only noted are looked at: they may change, or be named anew.
_SETTLING = frozenset(_NOTES) - {
    "open",
    "os.listdir",
    "os.scandir",
    "compile",
    "exec",
    "pickle.find_class",
    "zen_nb.import",
    "zen_nb.question",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
}
