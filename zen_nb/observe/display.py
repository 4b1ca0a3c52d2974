"""Recording what a step shows, while it is shown.

In a kernel every output of every thread passes through one function of the session, in the
order in which the page gets it. A terminal has no such place: there the shell's own objects
are asked. A function in a script shows what it writes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from zen_nb.core.locks import new_lock
from zen_nb.observe import tee
from zen_nb.observe.descriptors import drain
from zen_nb.observe.scope import Reach, Scope
from zen_nb.observe.transcript import Recorder, Transcript
from zen_nb.observe.widgets import LiveWidgets

_BUNDLES = frozenset({"display_data", "update_display_data", "execute_result"})
_NOTES = {"error": "it showed an error", "input_request": "it asked for input"}
_MORE_THAN_TEXT = "it shows more than text"
_COMMS = frozenset({"comm_open", "comm_msg", "comm_close"})


class Capture(Protocol):
    """Records what one step shows.

    Attributes
    ----------
    results
        Values of the expressions that were shown as results, in order.
    refusals
        Why the step must not be cached, a clause each.
    """

    results: list[Any]

    @property
    def refusals(self) -> tuple[str, ...]: ...

    def start(self) -> None:
        """Begin."""

    def stop(self) -> Transcript:
        """End; everything shown until now is in what this returns."""


class _ShellResults:
    """Notes the values that the displayhook is given, as long as it is asked to."""

    def __init__(self, shell: Any, results: list[Any]) -> None:
        self._hook = shell.displayhook
        self._results = results
        self._outer: Any = None
        self._own: Any = None

    def start(self) -> None:
        compute = self._hook.compute_format_data
        self._outer = vars(self._hook).get("compute_format_data")

        def noting(value: Any) -> Any:
            self.note(value)
            return compute(value)

        noting.note = self.note  # type: ignore[attr-defined]
        self._own = self._hook.compute_format_data = noting

    def note(self, value: Any) -> None:
        """Take a value, also for those who asked before."""
        self._results.append(value)

    def stop(self) -> None:
        if vars(self._hook).get("compute_format_data") is self._own:
            _put_back(self._hook, "compute_format_data", self._outer)


def _put_back(owner: Any, name: str, before: Any) -> None:
    """Give `owner` the attribute it had of its own, or its class's again."""
    if before is None:
        vars(owner).pop(name, None)
    else:
        setattr(owner, name, before)


class KernelCapture:
    """Records what reaches the page from the running cell.

    Messages whose metadata has the key ``zen_nb`` are zen_nb's own, and left out.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._recorder = Recorder()
        self._parent = ""
        self._notes: set[str] = set()
        self._widgets = LiveWidgets()
        self.results: list[Any] = []
        self._values = _ShellResults(shell, self.results)

    @property
    def refusals(self) -> tuple[str, ...]:
        return tuple(sorted(self._notes | self._widgets.refusals))

    def start(self) -> None:
        """Begin, with what was written before already on the page."""
        _flush()
        self._parent = self._shell.display_pub.parent_header.get("msg_id", "")
        self._values.start()
        _tap_session(self._shell.kernel.session, self)

    def stop(self) -> Transcript:
        """End, after output of C code and of other programs has arrived."""
        try:
            drain()
            _flush()
        finally:
            _untap_session(self._shell.kernel.session, self)
            self._values.stop()
        return self._widgets.settled(self._recorder.transcript())

    def see(self, kind: str, message: dict[str, Any]) -> None:
        """Take one message that the session sends; never raises."""
        try:
            self._see(kind, message)
        except Exception:
            self._notes.add("its output could not be recorded")

    def _see(self, kind: str, message: dict[str, Any]) -> None:
        parent = message.get("parent_header") or {}
        if parent.get("msg_id", "") != self._parent:
            return
        content = message.get("content") or {}
        if kind in _NOTES:
            self._notes.add(_NOTES[kind])
        elif kind in _COMMS:
            if content.get("comm_id") not in _own_comms:
                self._widgets.see(kind, content)
        elif kind == "stream":
            self._recorder.stream(content["name"], content["text"])
        elif kind == "clear_output":
            self._recorder.clear(wait=bool(content.get("wait")))
        elif not ("zen_nb" in (content.get("metadata") or {}) or "zen_nb" in message["metadata"]):
            self._recorder.bundle(kind, content)


_SEEN = _BUNDLES | _NOTES.keys() | _COMMS | {"stream", "clear_output"}
_own_comms: set[str] = set()
_taps: tuple[KernelCapture, ...] = ()
_tap_lock = new_lock()


def disregard_comm(comm_id: str) -> None:
    """Leave the messages of one comm out of every transcript: zen_nb's own graph uses it."""
    _own_comms.add(comm_id)


def _tap_session(session: Any, capture: KernelCapture) -> None:
    global _taps  # noqa: PLW0603
    with _tap_lock:
        _taps = (*_taps, capture)
        if len(_taps) == 1:
            session.send = _seeing(session, session.send)


def _untap_session(session: Any, capture: KernelCapture) -> None:
    global _taps  # noqa: PLW0603
    with _tap_lock:
        _taps = tuple(known for known in _taps if known is not capture)
        own = vars(session).get("send")
        if not _taps and hasattr(own, "zen_nb_before"):
            _put_back(session, "send", own.zen_nb_before)


def _seeing(session: Any, send: Callable[..., Any]) -> Callable[..., Any]:
    def seeing(stream: Any, msg_or_type: Any, *args: Any, **kwargs: Any) -> Any:
        kind = msg_or_type if isinstance(msg_or_type, str) else msg_or_type.get("msg_type")
        if kind in _SEEN:
            if isinstance(msg_or_type, str):
                msg_or_type, args, kwargs = _built(session, kind, args, kwargs)
            for capture in _taps:
                capture.see(kind, msg_or_type)  # never raises: the user's output goes on
        return send(stream, msg_or_type, *args, **kwargs)

    seeing.zen_nb_before = vars(session).get("send")  # type: ignore[attr-defined]
    return seeing


_SEND_ORDER = ("content", "parent", "ident", "buffers", "track", "header", "metadata")


def _built(
    session: Any, kind: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Return the message that `send` would build from its arguments, and those that remain."""
    named = dict(zip(_SEND_ORDER, args, strict=False)) | kwargs
    parts = {name: named.pop(name, None) for name in ("content", "parent", "header", "metadata")}
    return session.msg(kind, **parts), (), named


class ShellCapture:
    """Records what a cell or a function shows where no kernel is: in a terminal or a script.

    Parameters
    ----------
    shell
        The running IPython shell, ``None`` outside of one.
    reach
        ``process`` for a cell, ``context`` for a function.
    silent
        What is recorded does not get any further.
    """

    def __init__(
        self, shell: Any = None, reach: Reach = "context", *, silent: bool = False
    ) -> None:
        self._shell = shell
        self._recorder = Recorder()
        self._listener = tee.Listener(Scope(reach), self._recorder, silent=silent)
        self.results: list[Any] = []
        self.refusals: tuple[str, ...] = ()
        cell = shell is not None and reach == "process"
        self._values = _ShellResults(shell, self.results) if cell else None

    def start(self) -> None:
        """Begin."""
        self._listener.scope.enter()
        if self._shell is not None:
            _tap_shell(self._shell, self)
        if self._values is not None:
            self._values.start()
        tee.listen(self._listener)

    def stop(self) -> Transcript:
        """End."""
        tee.leave(self._listener)
        if self._values is not None:
            self._values.stop()
        if self._shell is not None:
            _untap_shell(self._shell, self)
        self._listener.scope.leave()
        return self._recorder.transcript()

    def take(self, kind: str, content: dict[str, Any]) -> bool:
        """Take one bundle or clear of the shell; tell whether it must not get any further."""
        if not self._listener.scope.covers():
            return False
        if kind == "clear_output":
            self._recorder.clear(wait=bool(content.get("wait")))
        elif "zen_nb" not in (content.get("metadata") or {}):
            self._recorder.bundle(kind, content)
        return self._listener.silent


class OffstageCapture(ShellCapture):
    """Records a cell that is computed where no page is: text, and values of its last line.

    A cell that shows more than that refuses: what its page would make of it is not known here.
    """

    def __init__(self, shell: Any) -> None:
        super().__init__(shell, "context", silent=True)

    def take(self, kind: str, content: dict[str, Any]) -> bool:
        """Take one bundle or clear of the shell; it gets no further."""
        taken = super().take(kind, content)
        if taken:
            self.refusals = (_MORE_THAN_TEXT,)
        return taken

    def show(self, value: Any) -> None:
        """Record a value as the result that it would be on a page."""
        if value is None:
            return
        shown, metadata = self._shell.display_formatter.format(value)
        self.results.append(value)
        self._recorder.bundle("execute_result", {"data": shown, "metadata": metadata})

    def stop(self) -> Transcript:
        """End; figures that are open would be shown."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None and pyplot.get_fignums():
            pyplot.close("all")
            self.refusals = (_MORE_THAN_TEXT,)
        return super().stop()


_shell_taps: tuple[ShellCapture, ...] = ()


def _tap_shell(shell: Any, capture: ShellCapture) -> None:
    global _shell_taps  # noqa: PLW0603
    with _tap_lock:
        _shell_taps = (*_shell_taps, capture)
        if len(_shell_taps) > 1:
            return
        publisher, hook = shell.display_pub, shell.displayhook
        publisher.publish = _publishing(publisher.publish)
        publisher.clear_output = _clearing(publisher.clear_output)
        hook.start_displayhook = _before_result(hook.start_displayhook)
        hook.write_format_data = _showing_result(hook.write_format_data)
        hook.finish_displayhook = _after_result(hook.finish_displayhook)


def _untap_shell(shell: Any, capture: ShellCapture) -> None:
    global _shell_taps  # noqa: PLW0603
    with _tap_lock:
        _shell_taps = tuple(known for known in _shell_taps if known is not capture)
        if _shell_taps:
            return
        for owner, names in (
            (shell.display_pub, ("publish", "clear_output")),
            (shell.displayhook, ("start_displayhook", "write_format_data", "finish_displayhook")),
        ):
            for name in names:
                vars(owner).pop(name, None)


def _tell(kind: str, content: dict[str, Any]) -> bool:
    """Tell all who record; tell whether it must not get any further."""
    silent = [capture.take(kind, content) for capture in _shell_taps]
    return any(silent)


def _publishing(publish: Callable[..., Any]) -> Callable[..., Any]:
    def publishing(data: Any, metadata: Any = None, *args: Any, **kwargs: Any) -> Any:
        kind = "update_display_data" if kwargs.get("update") else "display_data"
        content = {"data": data, "metadata": metadata, "transient": kwargs.get("transient")}
        if _tell(kind, content):
            return None
        with tee.quiet():
            return publish(data, metadata, *args, **kwargs)

    return publishing


def _clearing(clear: Callable[..., Any]) -> Callable[..., Any]:
    def clearing(wait: bool = False) -> Any:  # noqa: FBT001, FBT002 (IPython's signature)
        if _tell("clear_output", {"wait": wait}):
            return None
        with tee.quiet():
            return clear(wait)

    return clearing


def _before_result(start: Callable[..., Any]) -> Callable[..., Any]:
    def before_result() -> None:
        tee.hush()
        start()

    return before_result


def _showing_result(show: Callable[..., Any]) -> Callable[..., Any]:
    def showing_result(data: Any, metadata: Any = None) -> None:
        _tell("execute_result", {"data": data, "metadata": metadata})
        show(data, metadata)

    return showing_result


def _after_result(finish: Callable[..., Any]) -> Callable[..., Any]:
    def after_result() -> None:
        finish()
        tee.unhush()

    return after_result


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        flush = getattr(stream, "flush", None)
        if flush is not None:
            flush()


def in_kernel(shell: Any) -> bool:
    """Tell whether a shell is a kernel's, so that its session sees every message."""
    return getattr(getattr(shell, "kernel", None), "session", None) is not None


def capture_for(shell: Any = None, reach: Reach = "process", *, silent: bool = False) -> Capture:
    """Return the capture that sees the most here.

    A cell of a kernel, and a function that runs in the kernel's main thread, are captured by
    the session; a function in another thread by its context, so that those beside it are not
    taken for it. A `silent` one lets nothing reach the page: it is replayed later.
    """
    if silent:
        return ShellCapture(shell, "context", silent=True)
    main = threading.current_thread() is threading.main_thread()
    if shell is not None and in_kernel(shell) and (reach == "process" or main):
        return KernelCapture(shell)
    return ShellCapture(shell, reach)
