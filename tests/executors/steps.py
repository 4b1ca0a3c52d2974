"""Steps of many kinds, in a module that workers import."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd

from zen_nb import step

FACTOR = 3
COUNTS: list[int] = []


class Box:
    """A value of the project's own class."""

    def __init__(self, held: float) -> None:
        self.held = held


def scaled(value: float) -> float:
    return value * FACTOR


@step
def begin(n: int) -> Annotated[pd.DataFrame, "frame"]:
    print("begin", n)
    return pd.DataFrame({"x": np.arange(n) * 1.0})


@step
def mean(frame: pd.DataFrame) -> Annotated[float, "value"]:
    print("mean")
    return scaled(float(frame["x"].mean()))


@step
def boxed(frame: pd.DataFrame) -> Annotated[Box, "box"]:
    print("in a box", file=sys.stderr)
    return Box(float(frame["x"].sum()))


@step
def unboxed(box: Box) -> Annotated[float, "value"]:
    return box.held + 1


@step
def seeded(n: int) -> Annotated[int, "seed"]:
    np.random.seed(n)
    return n


@step
def drawn(frame: pd.DataFrame) -> Annotated[float, "value"]:
    print("drawn")
    return float(np.random.rand()) + len(frame)


@step
def settled(n: int) -> Annotated[int, "n"]:
    pd.set_option("display.max_rows", 10 + n)
    return n


@step
def shown(frame: pd.DataFrame) -> Annotated[str, "text"]:
    return repr(frame)


@step
def changing(frame: pd.DataFrame) -> Annotated[int, "rows"]:
    frame["y"] = 1
    return frame.size


@step
def counted(frame: pd.DataFrame) -> Annotated[int, "count"]:
    COUNTS.append(len(frame))
    return len(COUNTS)


@step
def asking(frame: pd.DataFrame) -> Annotated[str, "text"]:
    return os.environ.get("ZZ_REGION", "none") + str(len(frame))


@step
def total(a: Any, b: Any) -> Annotated[str, "text"]:
    return f"{a if isinstance(a, (int, float, str)) else type(a).__name__} {b}"


@step
def unkept(n: int) -> Annotated[Any, "rest"]:
    return (part for part in range(n))


@step
def summed(rest: Any) -> Annotated[int, "sum"]:
    return sum(rest)


@step
def meeting(folder: str, own: str, other: str) -> Annotated[bool, "met"]:
    """Wait until another step runs too."""
    Path(folder, own).touch()
    end = time.monotonic() + 30
    while not Path(folder, other).exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{other} did not begin")
        time.sleep(0.01)
    return True


@step
def late(n: int) -> Annotated[int, "n"]:
    time.sleep(0.3)
    print("late", n)
    return n


@step
def early(n: int) -> Annotated[int, "n"]:
    print("early", n)
    return n


@step
def failing(n: int) -> Annotated[int, "n"]:
    raise ValueError(f"no {n}")


@step
def dying(folder: str) -> Annotated[int, "n"]:
    """Take the worker along, the first time."""
    mark = Path(folder, "died")
    if not mark.exists():
        mark.touch()
        os._exit(3)
    return 7


@step(map="items")
def squared(items: int, power: int = 2) -> Annotated[list[int], "squares"]:
    print("squared", items)
    if items == 13:
        raise ValueError("bad luck")
    return items**power


@step
def numbers(n: int) -> Annotated[list[int], "numbers"]:
    return list(range(n))


@step(map="names")
def gathering(names: tuple[str, str], folder: str) -> Annotated[bool, "met"]:
    """Wait until the other element is computed too."""
    return meeting.entrypoint(folder, *names)
