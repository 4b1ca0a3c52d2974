"""Estimators, generators and other objects of libraries, made the same way each time.

``MADE`` names how each is made; ``USES`` is what people do with one that changes nothing.
"""

from __future__ import annotations

import collections
import functools
import io
import ipaddress
import sys
import xml.etree.ElementTree as ET

import attr
import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import scipy.interpolate
import scipy.sparse
import scipy.stats
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import BallTree, KDTree, KernelDensity, KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from tests.identity.sinks import fp

X, y = load_iris(return_X_y=True)
TEXTS = ["a cat sat", "the cat", "a dog and the cat"]


@attr.s(frozen=True, cache_hash=True)
class Hashed:
    part = attr.ib()


@attr.define
class Defined:
    part: list


def frame():
    return pd.DataFrame(
        {
            "a": [1, 1, 2],
            "s": ["x", "y", None],
            "t": pd.date_range("2020", periods=3, tz="Europe/Paris"),
            "c": pd.Categorical(["u", "v", "u"]),
        }
    )


def opened():
    file = io.BytesIO()
    PIL.Image.new("RGB", (2, 2), "red").save(file, "PNG")
    return PIL.Image.open(file)


def distribution():
    made = scipy.stats.norm(1, 2)
    made.random_state = 3
    return made


ESTIMATORS = {
    "SVC": lambda: SVC().fit(X, y),
    "forest": lambda: RandomForestClassifier(3, random_state=0).fit(X, y),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=3, random_state=0).fit(X, y),
    "histograms": lambda: HistGradientBoostingClassifier(max_iter=3, random_state=0).fit(X, y),
    "k-means": lambda: KMeans(3, random_state=0, n_init=1).fit(X),
    "pipeline": lambda: make_pipeline(StandardScaler(), SVC()).fit(X, y),
    "columns": lambda: ColumnTransformer([("a", StandardScaler(), [0, 1])]).fit(X),
    "perceptron": lambda: MLPClassifier((3,), max_iter=200, tol=1, random_state=0).fit(X, y),
    "neighbours": lambda: KNeighborsClassifier(algorithm="kd_tree").fit(X, y),
    "balls": lambda: KNeighborsClassifier(algorithm="ball_tree").fit(X, y),
    "density": lambda: KernelDensity().fit(X),
    "logistic": lambda: LogisticRegression(max_iter=500).fit(X, y),
    "isolation": lambda: IsolationForest(n_estimators=3, random_state=0).fit(X),
    "calibrated": lambda: CalibratedClassifierCV(SVC(), cv=2).fit(X, y),
    "components": lambda: PCA(2).fit(X),
    "one-hot": lambda: OneHotEncoder().fit(X[:5]),
    "tree": lambda: KDTree(X),
    "tree of balls": lambda: BallTree(X),
    "words": lambda: TfidfVectorizer(stop_words=["the"]).fit(TEXTS),
}
OTHERS = {
    "search": lambda: GridSearchCV(SVC(), {"C": [1, 2]}),
    "folds": lambda: KFold(3, shuffle=True, random_state=1),
    "frame": frame,
    "text column": lambda: frame()["s"],
    "date column": lambda: frame()["t"],
    "category column": lambda: frame()["c"],
    "index": lambda: pd.Index(["a", "b"]),
    "levels": lambda: pd.MultiIndex.from_product([[1, 2], ["a", "b"]]),
    "groups": lambda: frame().groupby("a"),
    "window": lambda: frame()[["a"]].rolling(2),
    "offset": lambda: pd.DateOffset(months=1, days=2),
    "lazy frame": lambda: pl.LazyFrame({"a": [1, 2]}).filter(pl.col("a") > 1),
    "eager frame": lambda: pl.DataFrame({"a": [1, 2], "s": ["x", None]}),
    "sparse": lambda: scipy.sparse.csr_array(np.eye(3)),
    "sparse, unsorted": lambda: scipy.sparse.csr_array(([1.0, 2], ([0, 0], [2, 1])), shape=(2, 3)),
    "distribution": distribution,
    "spline": lambda: scipy.interpolate.CubicSpline([1, 2, 3], [3, 4, 6]),
    "opened picture": opened,
    "hashed": lambda: Hashed("a"),
    "defined": lambda: Defined([1]),
    "network": lambda: ipaddress.ip_network("1.2.3.0/24"),
    "element": lambda: ET.fromstring("<a b='c'>t<d/>u</a>"),
    "polynomial": lambda: np.polynomial.Polynomial([1.0, 2]),
    "members": lambda: collections.OrderedDict(a={"x", "y", "z"}, b=frozenset("uvw")),
    "partial": lambda: functools.partial(int, base=2),
    "dtype": lambda: np.dtype([("a", "i4"), ("b", "f8")], align=True),
}
MADE = {**ESTIMATORS, **OTHERS}


def _estimate(model):
    for name in ("predict", "predict_proba", "transform", "decision_function", "score_samples"):
        if hasattr(model, name):
            getattr(model, name)(X[:3, : model.n_features_in_])
    repr(model), model.get_params(), model.n_features_in_


def _query(tree):
    tree.query(X[:3], k=2), tree.query_radius(X[:3], 1)


def _describe(table):
    table.describe(include="all"), table.dtypes, repr(table), table.memory_usage(), table.isna()
    table.groupby("a").count(), table.a, table["s"], table.iloc[:1], table.T, table.copy()
    table.index.is_unique, table.loc[1], table._repr_html_(), table._mgr.is_consolidated()


def _look_up(index):
    index.get_loc(index[0]), index.is_unique, index.is_monotonic_increasing, repr(index)
    index.values, index.to_frame(), index.get_indexer(index), index.isin(index)


def _multiply(matrix):
    matrix @ np.ones(3), matrix.nnz, repr(matrix), matrix.T, matrix.sum(), matrix.toarray()
    matrix.has_sorted_indices, matrix.has_canonical_format


USES = {
    **dict.fromkeys(ESTIMATORS, _estimate),
    "tree": _query,
    "tree of balls": _query,
    "words": lambda model: model.transform(TEXTS),
    "frame": _describe,
    "text column": lambda column: (column.str.upper(), column.value_counts(), repr(column)),
    "date column": lambda column: (column.dt.year, column.dt.tz, column.min(), repr(column)),
    "category column": lambda column: (column.cat.codes, column.unique(), repr(column)),
    "index": _look_up,
    "levels": _look_up,
    "groups": lambda groups: (groups.size(), groups.groups, groups.ngroups, list(groups)),
    "window": lambda window: (window.mean(), window.sum()),
    "offset": lambda offset: (pd.Timestamp("2020") + offset, repr(offset), hash(offset)),
    "lazy frame": lambda lazy: (lazy.collect(), lazy.explain(), lazy.collect_schema()),
    "eager frame": lambda table: (table.describe(), table.lazy().collect(), repr(table)),
    "sparse": _multiply,
    "sparse, unsorted": _multiply,
    "distribution": lambda d: (d.pdf(1), d.mean(), d.rvs(3, random_state=1), d.cdf(0)),
    "spline": lambda spline: (spline(1.5), spline.derivative()),
    "opened picture": lambda picture: (picture.load(), picture.copy(), picture.resize((1, 1))),
    "hashed": hash,
    "network": lambda network: (network.broadcast_address, network.hostmask, repr(network)),
    "element": lambda element: (element.find("d"), ET.tostring(element), list(element)),
    "polynomial": lambda polynomial: (polynomial(2), repr(polynomial), polynomial.deriv()),
}


def tell() -> None:
    """Write each fingerprint and its name, for a test in another process."""
    for name, make in MADE.items():
        sys.stdout.write(f"{fp(make())} {name!r}\n")
