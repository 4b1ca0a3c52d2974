"""The iris pipeline as a script: four runs, each with another reason to run or not."""

from typing import Annotated, Tuple  # noqa: UP035 - the spelling that ZenML's users have

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from zen_nb import pipeline, step
from zen_nb.logger import get_logger

logger = get_logger(__name__)


@step
def split_iris() -> Tuple[  # noqa: UP006
    Annotated[pd.DataFrame, "X_train"],
    Annotated[pd.DataFrame, "X_test"],
    Annotated[pd.Series, "y_train"],
    Annotated[pd.Series, "y_test"],
]:
    """Give the flowers in four parts."""
    flowers = load_iris(as_frame=True)
    parts = train_test_split(flowers.data, flowers.target, test_size=0.2, random_state=42)
    return tuple(parts)


@step
def fit(
    X_train: pd.DataFrame, y_train: pd.Series, gamma: float = 0.001
) -> Tuple[Annotated[ClassifierMixin, "model"], Annotated[float, "accuracy"]]:  # noqa: UP006
    """Fit a classifier and say how well it knows what it has seen."""
    model = SVC(gamma=gamma).fit(X_train.to_numpy(), y_train.to_numpy())
    accuracy = model.score(X_train.to_numpy(), y_train.to_numpy())
    print(f"accuracy {accuracy}")
    return model, accuracy


@pipeline
def training(gamma: float = 0.002):
    X_train, _X_test, y_train, _y_test = split_iris()
    fit(gamma=gamma, X_train=X_train, y_train=y_train)


if __name__ == "__main__":
    training()
    logger.info("-- another gamma")
    training(gamma=0.0001)
    logger.info("-- caching off for one step")
    fit = fit.with_options(enable_cache=False)
    training()
    logger.info("-- caching off for the run")
    training.with_options(enable_cache=False)()
