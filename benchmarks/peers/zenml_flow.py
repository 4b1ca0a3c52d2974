"""The work as ZenML has it: steps of a module, joined by pipelines."""

from typing import Annotated

import pandas as pd
from zenml import ExternalArtifact, pipeline, step

from benchmarks.peers import work

GIVEN: dict[str, pd.DataFrame] = {}


@step
def load() -> work.Split:
    X_train, X_test, y_train, y_test = work.load_split()
    return X_train, X_test, y_train, y_test  # ZenML reads here that there are four


@step
def train(X_train: pd.DataFrame, y_train: pd.Series, gamma: float) -> work.Trained:
    model, acc = work.train_svc(X_train, y_train, gamma)
    return model, acc


@pipeline(enable_cache=True)
def training(gamma: float) -> None:
    X_train, _, y_train, _ = load()
    train(X_train=X_train, y_train=y_train, gamma=gamma)


@step
def add(x: int) -> Annotated[int, "number"]:
    return work.add_one(x)


@pipeline(enable_cache=True)
def chained(start: int) -> None:
    value = start
    for number in range(work.LENGTH):
        value = add(value, id=f"step_{number}")


@step
def make(rows: int) -> Annotated[pd.DataFrame, "frame"]:
    return work.make_frame(rows)


@step
def first(frame: pd.DataFrame) -> Annotated[float, "found"]:
    return work.first_row(frame)


@pipeline(enable_cache=True)
def making(rows: int) -> None:
    make(rows)


@pipeline(enable_cache=True)
def using(rows: int) -> None:
    first(make(rows))


@pipeline(enable_cache=True)
def giving() -> None:
    first(ExternalArtifact(value=GIVEN["frame"]))
