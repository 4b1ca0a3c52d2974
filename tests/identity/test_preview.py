"""First looks: what is shown, what never is, and that nobody's own code runs for them."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zen_nb.identity.preview import CELL, COLUMNS, MOST, ROWS, STRETCHES, TEXT, preview, previews

MASK = "•••"


def test_a_frame_is_its_first_rows_with_types_and_shape():
    """Head, index, dtypes and the whole shape; long cells and many columns are cut."""
    frame = pd.DataFrame({f"c{n}": ["x" * 90] * 20 for n in range(20)}, index=range(5, 25))
    found = preview("df", frame)
    assert found["kind"] == "table"
    assert found["shape"] == [20, 20]
    assert len(found["columns"]) == len(found["types"]) == len(found["rows"][0]) == COLUMNS
    assert found["index"] == [str(n) for n in range(5, 5 + ROWS)]
    assert len(found["rows"][0][0]) == CELL


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.DataFrame(index=[1, 2]),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"v": [1]}, index=pd.MultiIndex.from_tuples([("a", 1)])),
        pd.DataFrame({"t": pd.to_datetime(["2020-01-01"]), "c": pd.Categorical(["x"])}),
        pd.DataFrame({"o": [object()], "n": [None]}),
        pd.DataFrame({("a", 1): [1]}),
    ],
)
def test_every_frame_has_a_table(frame):
    """Empty, without columns, with names twice, with several levels: a table that is JSON."""
    found = preview("df", frame)
    assert found["kind"] == "table"
    assert json.loads(json.dumps(found)) == found
    assert all(len(row) == len(found["columns"]) for row in found["rows"])


@pytest.mark.parametrize(
    "values", [np.arange(5000.0), pd.Series(np.arange(5000)), np.arange(5000) > 2]
)
def test_many_numbers_are_a_small_plot(values):
    """Least and greatest of each stretch, over the whole length."""
    found = preview("xs", values)
    assert found["kind"] == "plot"
    assert found["length"] == 5000
    assert len(found["low"]) == len(found["high"]) == STRETCHES
    assert found["low"][0] == 0
    assert found["high"][-1] == float(np.asarray(values)[-1])


@given(st.lists(st.floats(), min_size=ROWS + 1, max_size=400))
def test_a_plot_lies_between_the_numbers(numbers):
    """Every bound is one of the finite numbers; a stretch without any has none."""
    found = preview("xs", np.array(numbers))
    finite = [float(f"{each:.6g}") for each in numbers if np.isfinite(each)]
    bounds = [each for each in (*found["low"], *found["high"]) if each is not None]
    assert set(bounds) <= set(finite)
    if finite:
        assert min(found["low"], key=lambda each: np.inf if each is None else each) == min(finite)
        assert max(found["high"], key=lambda each: -np.inf if each is None else each) == max(finite)


def test_pictures_are_small_pictures():
    """An image of PIL's is a PNG of at most 240 pixels."""
    image = pytest.importorskip("PIL.Image")
    found = preview("image", image.new("P", (1000, 500)))
    shown = image.open(io.BytesIO(base64.b64decode(found["png"])))
    assert (found["width"], found["height"]) == shown.size == (240, 120)


def test_models_show_their_parameters():
    """Names and values; a model within a model by its name."""
    svm = pytest.importorskip("sklearn.svm")
    from sklearn.ensemble import BaggingClassifier

    found = preview("model", BaggingClassifier(svm.SVC(gamma=0.5)))
    assert found["text"] == "BaggingClassifier"
    assert ["estimator", "SVC"] in found["rows"]
    assert ["gamma", "0.5"] in preview("m", svm.SVC(gamma=0.5))["rows"]


class Loud:
    """Says that it was asked anything."""

    asked = False

    def _ask(self, *_):
        Loud.asked = True
        raise RuntimeError

    __repr__ = __str__ = __len__ = __iter__ = __getattr__ = __format__ = __bool__ = _ask


def test_nobodys_own_code_runs():
    """Instances of the user's are shown by the name of their class, wherever they stand."""
    bad = Loud()
    assert preview("x", bad) is None
    assert preview("x", [bad, {"a": bad}, {1: (bad,)}]) == {
        "kind": "text",
        "text": "[<Loud>, {'a': <Loud>}, {1: (<Loud>,)}]",
    }
    assert preview("x", {"a": bad})["text"] == "{'a': <Loud>}"
    assert preview("df", pd.DataFrame({"a": [bad]}))["rows"] == [["Loud"]]
    assert not Loud.asked


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("password", "hunter2", "hunter2"),
        ("x", {"api_key": "abcdef123456"}, "abcdef"),
        ("x", ["https://me:secretpart@host/"], "secretpart"),
        ("x", "sk-abcdefghijklmnopqrstuvwxyz", "abcdefgh"),
        ("df", pd.DataFrame({"token": ["abcd1234"], "n": [1]}), "abcd1234"),
        ("df", pd.DataFrame({"url": ["https://me:secretpart@host/"]}), "secretpart"),
    ],
)
def test_secrets_are_masked(name, value, hidden):
    """What a name or its form gives away as a secret stands nowhere."""
    assert hidden not in json.dumps(preview(name, value))


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=30,
)


@given(st.text(), values)
def test_a_preview_is_short_json_whatever_the_value(name, value):
    """It can be sent, and is bounded."""
    found = preview(name, value)
    assert len(json.dumps(found)) < 20 * TEXT


def test_there_are_few_of_them_and_they_take_little_time():
    """At most so many names, and none is begun after the time is over."""
    many = {f"x{n}": n for n in range(200)}
    assert len(previews(many, 60.0)) == MOST
    assert previews(many, -1.0) == {}
