"""The work that every system does: plain functions, which know of no cache."""

from typing import Annotated

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

LENGTH = 20  # steps of the chain
BRANCHES = 4
GAMMA = 0.002
COLUMNS = 10

Split = tuple[
    Annotated[pd.DataFrame, "X_train"],
    Annotated[pd.DataFrame, "X_test"],
    Annotated[pd.Series, "y_train"],
    Annotated[pd.Series, "y_test"],
]
Trained = tuple[Annotated[ClassifierMixin, "model"], Annotated[float, "acc"]]


def load_split() -> Split:
    """Return iris in two parts."""
    iris = load_iris(as_frame=True)
    return tuple(train_test_split(iris.data, iris.target, test_size=0.2, random_state=42))


def train_svc(X_train: pd.DataFrame, y_train: pd.Series, gamma: float) -> Trained:
    """Return a classifier and how well it does."""
    model = SVC(gamma=gamma).fit(X_train.to_numpy(), y_train.to_numpy())
    return model, model.score(X_train.to_numpy(), y_train.to_numpy())


def add_one(x: int) -> int:
    """Return the next number."""
    return x + 1


def make_frame(rows: int) -> pd.DataFrame:
    """Return a frame of 80 bytes a row."""
    values = np.random.default_rng(7).random((rows, COLUMNS))
    return pd.DataFrame(values, columns=[f"c{number}" for number in range(COLUMNS)])


def first_row(frame: pd.DataFrame) -> float:
    """Return the sum of the first row."""
    return float(frame.iloc[0].sum())


def spin(seed: int, turns: int) -> int:
    """Keep one core busy, holding Python's lock, and return a number that hangs on the seed."""
    for _ in range(turns):
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed


# What a profiler sees of the functions above, whichever system calls them.
NAMES = frozenset({"load_split", "train_svc", "add_one", "make_frame", "first_row", "spin"})
