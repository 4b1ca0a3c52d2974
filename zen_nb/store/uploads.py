"""What was computed here on its way to the shared store: one thread, a bounded queue."""

from __future__ import annotations

import atexit
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from zen_nb.core.model import Record
from zen_nb.core.threads import own_work

_MOST = 1000
_AT_EXIT_S = 30.0


@dataclass(slots=True)
class Sent:
    """What has come of the records that were offered.

    Attributes
    ----------
    records, size_bytes
        Put into the shared store, with how many bytes that took.
    there
        Were there already.
    failed
        Could not be put; they are kept here.
    """

    records: int = 0
    size_bytes: int = 0
    there: int = 0
    failed: int = 0


class Uploads:
    """Hands records to `send`, one after the other, beside whatever runs.

    Parameters
    ----------
    send
        Puts one record, and counts what came of it; must not raise.
    """

    def __init__(self, send: Callable[[Record, Sent], None]) -> None:
        self.sent = Sent()
        self._send = send
        self._waiting: queue.Queue[Record] = queue.Queue(_MOST)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def offer(self, record: Record) -> None:
        """Let `record` be sent as soon as may be; where too many wait, it is left out."""
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self.sent.failed += 1
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="zen_nb-share", daemon=True)
                self._thread.start()
                _before_exit(self)

    def flush(self, limit_s: float) -> int:
        """Wait until all is sent, for so long at most; return how many are left."""
        until = time.monotonic() + limit_s
        with self._waiting.all_tasks_done:
            while (left := self._waiting.unfinished_tasks) and time.monotonic() < until:
                self._waiting.all_tasks_done.wait(until - time.monotonic())
        return left

    def _run(self) -> None:
        with own_work():
            while True:
                record = self._waiting.get()
                try:
                    self._send(record, self.sent)
                except Exception:
                    self.sent.failed += 1
                finally:
                    self._waiting.task_done()


def _before_exit(uploads: Uploads) -> None:
    """Let what waits be sent before the process ends.

    Python stops the pools that event loops look names up with before it calls what `atexit` has.
    """
    register = getattr(threading, "_register_atexit", atexit.register)
    try:
        register(uploads.flush, _AT_EXIT_S)
    except RuntimeError:  # it is ending already
        return
