"""Using a value without changing it leaves its fingerprint alone, and taking one leaves it usable."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import PIL.Image
import pytest

from tests.identity.models import ESTIMATORS, MADE, USES, X, opened, y
from tests.identity.sinks import fp


@pytest.mark.parametrize("name", USES)
def test_a_use_that_changes_nothing_does_not_count(name):
    """What libraries remember of predictions, look-ups, prints and sums is no content."""
    value = MADE[name]()
    before = fp(value)
    USES[name](value)
    assert fp(value) == before
    USES[name](value)  # it can still be used


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_again_copied_or_pickled_is_the_same(name):
    """Another object with the same content has the same fingerprint."""
    value, found = MADE[name](), fp(MADE[name]())
    assert fp(value) == found
    if name != "opened picture":
        assert fp(copy.deepcopy(value)) == found
    assert fp(pickle.loads(pickle.dumps(value, 5))) == found


def test_no_two_of_them_are_the_same():
    """Every estimator and object of the table has a fingerprint of its own."""
    assert len({fp(make()) for make in MADE.values()}) == len(MADE)


@pytest.mark.parametrize("name", ["SVC", "forest", "logistic", "neighbours", "k-means", "tree"])
def test_a_fit_to_other_data_is_another_model(name):
    """What was learned counts."""
    model = ESTIMATORS[name]()
    before = fp(model)
    if hasattr(model, "fit"):
        model.fit(X[5:] + 1, y[5:])
    else:
        model = type(model)(X[5:])
    assert fp(model) != before


def test_an_opened_picture_is_not_read():
    """A picture can be verified after its fingerprint was taken, which reading would prevent."""
    picture = opened()
    found = fp(picture)
    assert picture.fp is not None
    picture.verify()
    assert fp(opened().copy()) != found  # a copy is of another class
    assert fp(opened()) == found


def test_taking_a_fingerprint_moves_no_stream_of_numbers():
    """A generator that a model holds draws what it would have drawn."""
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    fp([one, np.random.RandomState(3)])
    assert one.random() == other.random()
    assert PIL.Image.new("L", (1, 1)).tobytes() == b"\0"
