"""What is kept of a value to compare a later one with: small, quick, without its values."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.identity.samples import SAMPLES
from zen_nb.identity.profile import LIMIT_BYTES, profile
from zen_nb.identity.sample import digests, places, sample
from zen_nb.identity.values import Parts, fingerprint_of


@given(st.integers(0, 10**9), st.integers(1, 300))
def test_places_are_few_in_order_and_within(length, most):
    """A sample has at most as many places as asked, each once, all within the sequence."""
    at = places(length, most)
    assert list(at) == sorted(set(at))
    assert len(at) <= most
    assert all(0 <= place < length for place in at)
    assert length > most or at == tuple(range(length))


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 100))
def test_samples_of_two_lengths_can_be_compared(one, other, most):
    """The places taken of the longer sequence are among those of the shorter, as far as it goes."""
    short, long = sorted((one, other))
    assert {place for place in places(long, most) if place < short} <= set(places(short, most))


def test_regular_content_does_not_hide_in_a_sample():
    """Places are not at the same distance, so that all columns of a table are met."""
    assert {place % 16 for place in places(1 << 20, 256)} == set(range(16))


def test_a_sample_of_objects_without_content_is_none():
    """What is no leaf is not read: it could take any time."""
    assert sample([object()]) is None
    assert digests(2, 2, sample(["a", 1])).keys() == {0, 1}


def test_a_profile_of_anything_is_small_and_plain():
    """Every kind of value of the table of samples gives bounded JSON, and no exception."""
    for name, make in SAMPLES.items():
        kept = json.dumps(profile("x", make()))
        assert len(kept) <= 3 * LIMIT_BYTES, name


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame(np.zeros((10, 3000))),
        pd.DataFrame({"a" * 500: ["x" * 10_000] * 1000}),
        np.zeros(10**6),
        list(range(10**5)),
        {str(n): "x" * 1000 for n in range(10**4)},
        "word " * 10**5,
        {"a": {"b": {"c": {"d": list(range(10**4))}}}},
    ],
)
def test_a_profile_of_a_large_value_is_bounded(value):
    """However large a value, what is kept of it is not."""
    assert len(json.dumps(profile("x", value))) <= 3 * LIMIT_BYTES


def test_a_profile_of_what_holds_itself_ends():
    """Cycles end where nesting does."""
    loop: dict = {}
    loop["me"] = loop
    items: list = [1]
    items.append(items)
    assert profile("x", loop)["kind"] == "items"
    assert profile("x", items)["kind"] == "list"


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pa.table({"a": [1, 2], "b": ["x", "y"]}),
    ],
)
def test_the_encoder_tells_the_columns_of_a_frame_apart(frame):
    """Each column has a digest of its own in the profile, taken while the frame was hashed."""
    parts: Parts = {}
    fingerprint_of(frame, _Names(), parts)
    columns = profile("x", frame, parts)["columns"]
    assert [name for name, _, _ in columns] == ["a", "b"]
    assert all(digest for _, _, digest in columns)
    assert columns[0][2] != columns[1][2]


class _Names:
    def token(self, thing):
        return getattr(thing, "__qualname__", "thing")


def test_no_value_of_a_frame_or_array_is_kept():
    """Of elements there are digests only, and of categories not even those."""
    values = ["canary-one", "canary-two"]
    for value in (
        pd.DataFrame({"x": values}),
        pd.DataFrame({"x": pd.Categorical(values)}, index=values),
        pd.Series(values),
        np.array(values),
        np.array(values, dtype=object),
        pl.DataFrame({"x": pl.Series(values, dtype=pl.Enum(values))}),
        pa.table({"x": pa.array(values).dictionary_encode()}),
    ):
        assert "canary" not in json.dumps(profile("x", value))


def test_secrets_within_containers_are_not_kept():
    """Names on the way to a value count as its name does."""
    kept = json.dumps(
        [
            profile("cfg", {"db": {"password": "canary"}, "n": 1}),
            profile("passwords", {"alice": "canary"}),
            profile("tokens", ["canary"]),
            profile("x", ["ghp_abcdefghij0123456789canary"]),
            profile("x", {"ghp_abcdefghij0123456789canary": 1}),
        ]
    )
    assert "canary" not in kept
    assert '"n": ["1"' in kept
