"""An executor that counts what it is given."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from zen_nb.engine.jobs import work

KINDS = ("threads", "processes", "dask")


class Counting(Executor):
    """Passes jobs on, and counts them."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner
        self.count = 0

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.count += call is work
        return self._inner.submit(call, *args, **kwargs)
