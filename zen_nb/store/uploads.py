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


@dataclass(frozen=True, slots=True)
class Offer:
    """A record to be put there; `fresh` where it was made just now, so that it cannot be there."""

    record: Record
    fresh: bool


class Uploads:
    """Hands offers to `send`, one after the other, beside whatever runs.

    Parameters
    ----------
    send
        Puts one record, and counts what came of it.
    """

    def __init__(self, send: Callable[[Offer, Sent], None]) -> None:
        self.sent = Sent()
        self._send = send
        self._waiting: queue.Queue[Offer] = queue.Queue(_MOST)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, offer: Offer, *, wait: bool = False) -> bool:
        """Let a record be sent as soon as may be; where too many wait, `wait` or leave it out.

        Tells whether it is to be sent.
        """
        try:
            self._waiting.put(offer, block=wait)
        except queue.Full:
            self.sent.failed += 1
            return False
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="zen_nb-share", daemon=True)
                self._thread.start()
        return True

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
                offer = self._waiting.get()
                try:
                    self._send(offer, self.sent)
                except Exception:
                    self.sent.failed += 1
                finally:
                    self._waiting.task_done()


def before_exit(act: Callable[[], object]) -> None:
    """Do something before the process ends, while threads can still be begun.

    Python stops the pools that event loops look names up with before it calls what `atexit` has;
    of what it stops then, the last registered comes first.
    """
    import concurrent.futures.thread  # noqa: F401 - registers its own end

    register = getattr(threading, "_register_atexit", atexit.register)
    try:
        register(act)
    except RuntimeError:  # it is ending already
        return
