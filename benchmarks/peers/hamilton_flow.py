"""The work as Hamilton has it: a parameter is named after the node that it takes."""

import pandas as pd
from hamilton.function_modifiers import extract_fields, parameterize, source
from sklearn.base import ClassifierMixin

from benchmarks.peers import work

_PARTS = ("X_train", "X_test", "y_train", "y_test")


@extract_fields(
    {"X_train": pd.DataFrame, "X_test": pd.DataFrame, "y_train": pd.Series, "y_test": pd.Series}
)
def parts() -> dict:
    return dict(zip(_PARTS, work.load_split(), strict=True))


@extract_fields({"model": ClassifierMixin, "acc": float})
def trained(X_train: pd.DataFrame, y_train: pd.Series, gamma: float) -> dict:
    model, acc = work.train_svc(X_train, y_train, gamma)
    return {"model": model, "acc": acc}


@parameterize(**{f"step_{n}": {"x": source(f"step_{n - 1}")} for n in range(1, work.LENGTH + 1)})
def step(x: int) -> int:
    return work.add_one(x)


def made(rows: int) -> pd.DataFrame:
    return work.make_frame(rows)


def first_of_given(frame: pd.DataFrame) -> float:
    return work.first_row(frame)


def first_of_made(made: pd.DataFrame) -> float:
    return work.first_row(made)
