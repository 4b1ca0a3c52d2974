"""Fingerprints of values, beside `joblib.hash` and beside reading the memory once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import joblib

from benchmarks.timing import Row, medians


def rows() -> list[Row]:
    """Return what the identity of a value costs."""
    return [*_array(), *_strings(), _dicts(), _forest(), _frame(), *_small()]


def _beside(what: str, value: Any, least: float, *, rounds: int = 5) -> Row:
    """Return a row that is reached where we are `least` times as fast as joblib."""
    from zen_nb import fingerprint

    found = medians(
        {"zen_nb": lambda: fingerprint(value), "joblib": lambda: joblib.hash(value)},
        rounds=rounds,
        warm_up=1,
    )
    ratio = found["joblib"] / found["zen_nb"]
    return Row(f"fingerprint of {what}", found["zen_nb"], "joblib.hash", found["joblib"],
               f"≥ {least:g} × joblib", ratio >= least)  # fmt: skip


def _at_most(what: str, value: Any, limit_s: float, *, rounds: int = 20) -> Row:
    from benchmarks.timing import readable
    from zen_nb import fingerprint

    found = medians(
        {"zen_nb": lambda: fingerprint(value), "joblib": lambda: joblib.hash(value)},
        rounds=rounds,
    )
    return Row(f"fingerprint of {what}", found["zen_nb"], "joblib.hash", found["joblib"],
               f"≤ {readable(limit_s)}", found["zen_nb"] <= limit_s)  # fmt: skip


def _array() -> list[Row]:
    import numpy as np

    from zen_nb import fingerprint

    array = np.random.default_rng(0).random(500_000_000 // 8)
    sides: dict[str, Callable[[], object]] = {
        "zen_nb": lambda: fingerprint(array),
        "sum": array.sum,
        "joblib": lambda: joblib.hash(array),
    }
    found = medians(sides, rounds=5, warm_up=1)
    ours = found["zen_nb"]
    return [
        Row("fingerprint of a 500 MB float array", ours, "array.sum()", found["sum"],
            "reads ≥ half as fast as sum()", ours <= 2 * found["sum"]),
        Row("fingerprint of a 500 MB float array", ours, "joblib.hash", found["joblib"],
            "≥ 10 × joblib", found["joblib"] >= 10 * ours),
    ]  # fmt: skip


def _strings() -> list[Row]:
    import pandas as pd

    words = [f"word {number}" for number in range(1_000_000)]
    return [
        _beside("1 M strings in an object column", pd.Series(words, dtype=object), 8, rounds=3),
        _at_most("1 M strings in an Arrow column", pd.Series(words, dtype="string[pyarrow]"),
                 0.010, rounds=3),
    ]  # fmt: skip


def _dicts() -> Row:
    records = [
        {"id": n, "name": f"n{n}", "score": n / 7, "tags": ["a", "b"]} for n in range(20_000)
    ]
    return _beside("20,000 small dicts", records, 10, rounds=3)


def _forest() -> Row:
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    X, y = load_iris(return_X_y=True)
    forest = RandomForestClassifier(100, random_state=0).fit(X, y)
    return _beside("a fitted forest of 100 trees", forest, 2, rounds=20)


def _frame() -> Row:
    import numpy as np
    import pandas as pd

    rows = 200_000
    frame = pd.DataFrame(
        {
            "number": np.arange(rows) / 3,
            "count": np.arange(rows),
            "word": [f"word {n % 999}" for n in range(rows)],
            "kind": pd.Categorical([f"kind {n % 7}" for n in range(rows)]),
            "when": pd.date_range("2020", periods=rows, freq="min", tz="Europe/Paris"),
            "maybe": pd.array([n if n % 5 else None for n in range(rows)], dtype="Int64"),
            "object": pd.Series([f"text {n}" for n in range(rows)], dtype=object),
        }
    )
    return _beside(f"a frame of {rows:,} rows and 7 kinds of columns", frame, 5, rounds=3)


class Settings:
    """An instance of a user's class."""

    def __init__(self) -> None:
        self.rate, self.names = 0.1, ["a", "b"]


def _small() -> list[Row]:
    import numpy as np

    values: dict[str, Any] = {
        "an int": 7,
        "a short list": [1, "a", 2.5],
        "a small dict": {"a": 1, "b": [2, 3]},
        "a small array": np.arange(10.0),
        "an instance": Settings(),
        "a numpy Generator": np.random.default_rng(1),
    }
    limits = {"an int": 2e-6, "a numpy Generator": 100e-6}
    return [
        _at_most(what, value, limits.get(what, 50e-6), rounds=500) for what, value in values.items()
    ]
