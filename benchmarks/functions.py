"""A ``@step`` called directly, and pipelines that are all cached."""

from __future__ import annotations

import logging
import tempfile
from typing import Annotated, Any

import joblib

from benchmarks.timing import Row, medians


def add(a: float, b: float = 2.0) -> float:
    """Return the sum: a function that costs nothing, so that only the cache is measured."""
    return a + b


def rows() -> list[Row]:
    """Return the costs of hits of functions, beside joblib.Memory."""
    from zen_nb import step

    logging.getLogger("zen_nb").setLevel(logging.ERROR)
    ours = step(add)
    theirs = joblib.Memory(tempfile.mkdtemp(), verbose=0).cache(add)
    found = medians(
        {"zen_nb": lambda: ours(1.0), "joblib": lambda: theirs(1.0)}, rounds=1000, warm_up=20
    )
    ratio = found["zen_nb"] / found["joblib"]
    direct = Row("hit of a small @step, called directly", found["zen_nb"], "joblib.Memory",
                 found["joblib"], "≤ 0.5 × joblib", ratio <= 0.5)  # fmt: skip
    return [direct, _seed(), _chain(20)]


def _seed() -> Row:
    import pandas as pd
    from sklearn.base import ClassifierMixin
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split
    from sklearn.svm import SVC

    from zen_nb import pipeline, step

    @step
    def load() -> tuple[
        Annotated[pd.DataFrame, "X_train"],
        Annotated[pd.DataFrame, "X_test"],
        Annotated[pd.Series, "y_train"],
        Annotated[pd.Series, "y_test"],
    ]:
        iris = load_iris(as_frame=True)
        return tuple(train_test_split(iris.data, iris.target, test_size=0.2, random_state=42))

    @step
    def train(
        X_train: pd.DataFrame, y_train: pd.Series, gamma: float = 0.001
    ) -> tuple[Annotated[ClassifierMixin, "model"], Annotated[float, "acc"]]:
        model = SVC(gamma=gamma).fit(X_train.to_numpy(), y_train.to_numpy())
        return model, model.score(X_train.to_numpy(), y_train.to_numpy())

    @pipeline
    def training(gamma: float = 0.002) -> None:
        X_train, _, y_train, _ = load()
        train(X_train=X_train, y_train=y_train, gamma=gamma)

    took = _all_cached(training)
    return Row(
        "two steps of the iris pipeline, all cached", took, "", None, "≤ 5 ms", took <= 0.005
    )


def _chain(length: int) -> Row:
    from zen_nb import pipeline, step

    def increment(x: int) -> int:
        return x + 1

    steps = [step(increment).with_options(name=f"step_{number}") for number in range(length)]

    @pipeline
    def chain() -> None:
        value: Any = 0
        for one in steps:
            value = one(value)

    took = _all_cached(chain)
    return Row(f"a chain of {length} steps, all cached", took, "", None, "≤ 20 ms", took <= 0.020)


def _all_cached(pipeline: Any) -> float:
    pipeline()
    took = medians({"zen_nb": pipeline}, rounds=100)["zen_nb"]
    assert pipeline().status == "cached"
    return took
