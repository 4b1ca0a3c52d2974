"""From what the user names (``threads``, ``dask``, ``tcp://…``) to an executor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeAlias

from zen_nb.core.errors import UsageError
from zen_nb.observe.servers import draw_apart

On: TypeAlias = "str | Executor | None"

NAMES = ("inline", "threads", "dask", "tcp://HOST:PORT")
# A step whose worker dies is tried again on another so many times.
_RETRIES = 2


@contextmanager
def opened(on: On) -> Iterator[Executor | None]:
    """Give the executor that `on` names; what was started for it ends with the block.

    ``None`` and ``inline`` give ``None``: every step runs here, in its turn. An executor object
    is given as it is, and stays open.

    Raises
    ------
    UsageError
        For a name there is not, or where dask is not installed or not reached.
    """
    if on is None or on == "inline":
        yield None
    elif not isinstance(on, str):
        yield _checked(on)
    elif on == "threads":
        with ThreadPoolExecutor(os.cpu_count(), "zen_nb-step") as pool:
            yield pool
    elif on == "dask" or "://" in on:
        with _client(None if on == "dask" else on) as client:
            yield client.get_executor(pure=False, retries=_RETRIES)
    else:
        check_name(on)


def check_name(on: str) -> None:
    """Raise `UsageError` for a name of no executor; says which there are."""
    if on not in ("", *NAMES[:-1]) and "://" not in on:
        raise UsageError(f"there is no executor {on!r}; there are: {', '.join(NAMES)}")


def _checked(on: Any) -> Executor:
    if not hasattr(on, "submit"):
        raise UsageError(
            f"executor={on!r} is no executor; pass one of {', '.join(NAMES)}, "
            "or an object of the kind that concurrent.futures has"
        )
    return on  # type: ignore[no-any-return]


@contextmanager
def _client(address: str | None) -> Iterator[Any]:
    """Give a client of the cluster at `address`, or of one of this machine's own."""
    try:
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError as error:
        raise UsageError(f"dask needs {error.name}: pip install 'zen_nb[dask]'") from None
    if address is not None:
        try:
            client = distributed.Client(address, timeout=10, set_as_default=False)
        except OSError as error:
            raise UsageError(f"no dask scheduler answers at {address}: {error}") from None
        with client:
            draw_apart()
            yield client
        return
    # One step at a time in each process: what steps share in a process is then nobody else's.
    with (
        _own_environment() as started,
        distributed.LocalCluster(
            n_workers=os.cpu_count(), threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        started()
        draw_apart()
        yield client


@contextmanager
def _own_environment() -> Iterator[Callable[[], None]]:
    """Put variables back as they were: what a cluster sets for its workers, it sets here too.

    Among them are a hash seed and one thread for each numeric library, which processes that
    steps start, and libraries that they load, would go by. Its own folders are on the path too.
    """
    before, put = dict(os.environ), dict[str, str]()
    path = [*sys.path]

    def put_back() -> None:
        sys.path[:] = [one for one in sys.path if one in path or "dask-scratch-space" not in one]
        for name, value in put.items():
            if os.environ.get(name) != value:
                continue
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]

    def started() -> None:
        put.update((name, there) for name, there in os.environ.items() if before.get(name) != there)
        put_back()

    try:
        yield started
    finally:  # a worker that was started anew has set them again
        put_back()
