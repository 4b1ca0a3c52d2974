"""marimo: a notebook run as an app, its functions under ``mo.persistent_cache``."""

from __future__ import annotations

import inspect
import runpy
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.peers.order import Order

IMPORTED = "import marimo"
_NO_BRANCHES = "it has no executor: cells and cached functions run one after the other"
CANNOT = dict.fromkeys(("parallel", "cluster"), _NO_BRANCHES)
_CELL = "@app.cell\ndef _():\n{body}\n    return\n\n"
_HEAD = "import marimo\n\napp = marimo.App()\n\n"
_TAIL = 'if __name__ == "__main__":\n    outputs, names = app.run()\n'


def ready() -> None:
    """Import what the questions use."""
    import marimo  # noqa: F401

    import benchmarks.peers.work  # noqa: F401

    inspect.stack()  # every app looks at its stack; where modules lie is remembered


def _app(asked: Order, *functions: Callable[..., Any]) -> dict[str, Any]:
    """Return the names of an app whose cells hold these functions, each with a cache."""
    mark = f"@mo.persistent_cache(save_path={asked.place!r})\n"
    cells = [
        "import marimo as mo",
        _imports(),
        *(mark + inspect.getsource(one) for one in functions),
    ]
    body = "".join(_CELL.format(body=textwrap.indent(cell.strip(), "    ")) for cell in cells)
    file = Path(asked.place, "app.py")
    file.write_text(_HEAD + body + _TAIL)
    return runpy.run_path(str(file), run_name="__main__")["names"]


def _imports() -> str:
    """Return what the functions need, which a cell cannot read from a star import."""
    from benchmarks.peers import work

    names = (name for name in vars(work) if not name.startswith("_") and name not in work.NAMES)
    return f"from benchmarks.peers.work import {', '.join(names)}"


@contextmanager
def seed(asked: Order) -> Iterator[Callable[[], Any]]:
    """The two steps of the iris pipeline."""
    from benchmarks.peers import work

    names = _app(asked, work.load_split, work.train_svc)

    def call() -> float:
        X_train, _, y_train, _ = names["load_split"]()
        return float(names["train_svc"](X_train, y_train, work.GAMMA)[1])

    yield call


@contextmanager
def chain(asked: Order) -> Iterator[Callable[[], Any]]:
    """The same chain again and again."""
    run = _chain(asked)
    yield lambda: run(0)


@contextmanager
def fresh(asked: Order) -> Iterator[Callable[[], Any]]:
    """A chain from another number in every call, less that number."""
    run = _chain(asked)
    starts = count(1_000_000 * (asked.number + 1), 1_000)

    def call() -> int:
        start = next(starts)
        return run(start) - start

    yield call


def _chain(asked: Order) -> Callable[[int], int]:
    from benchmarks.peers import work

    one = _app(asked, work.add_one)["add_one"]

    def run(value: int) -> int:
        for _ in range(work.LENGTH):
            value = one(value)
        return value

    return run


@contextmanager
def output(asked: Order) -> Iterator[Callable[[], Any]]:
    """A function that makes the frame."""
    from benchmarks.peers import work

    made = _app(asked, work.make_frame)["make_frame"]
    yield lambda: float(made(asked.size).iloc[0].sum())


@contextmanager
def input(asked: Order) -> Iterator[Callable[[], Any]]:  # noqa: A001
    """A function that is given the frame."""
    from benchmarks.peers import work

    frame = work.make_frame(asked.size)
    first = _app(asked, work.first_row)["first_row"]
    yield lambda: first(frame)


@contextmanager
def between(asked: Order) -> Iterator[Callable[[], Any]]:
    """A function that makes the frame, and one that is given it."""
    from benchmarks.peers import work

    names = _app(asked, work.make_frame, work.first_row)
    yield lambda: names["first_row"](names["make_frame"](asked.size))


small = output
