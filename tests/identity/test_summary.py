"""What people are shown of values: short, harmless, without secrets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC

from tests.identity.samples import SAMPLES, Colour, Plain
from zen_nb.identity.summary import LONGEST, shown_value, summarise


@pytest.mark.parametrize(
    ("value", "type_name", "line"),
    [
        (pd.DataFrame(np.zeros((150, 4))), "pandas.DataFrame", "150 × 4"),
        (pd.Series([1, 2]), "pandas.Series", "int64 2 rows"),
        (np.zeros((150, 4)), "numpy.ndarray", "float64 150 × 4"),
        (np.zeros(1500, "i4"), "numpy.ndarray", "int32 1,500"),
        (np.float64(0.5), "numpy.float64", "np.float64(0.5)"),
        (pl.DataFrame({"a": [1]}), "polars.DataFrame", "1 × 1"),
        (pa.table({"a": [1]}), "pyarrow.Table", "1 × 1"),
        (scipy.sparse.csr_array(np.eye(3)), "scipy.csr_array", "float64 3 × 3, 3 stored"),
        (SVC(gamma=0.001), "sklearn.SVC", "SVC(gamma=0.001)"),
        (RandomForestClassifier(), "sklearn.RandomForestClassifier", "RandomForestClassifier()"),
        ([1, 2, 3], "list", "3 items"),
        ([1], "list", "1 item"),
        ({"a": 1}, "dict", "1 item"),
        (1.5, "float", "1.5"),
        (True, "bool", "True"),
        (None, "NoneType", "None"),
        ("north", "str", "'north'"),
        (2**5000, "int", "integer of 5001 bits"),
        (len, "builtin_function_or_method", "len"),
        (Colour.RED, "tests.Colour", "<Colour.RED: 1>"),
    ],
)
def test_a_summary_says_kind_and_size(value, type_name, line):
    """Each kind of value has its line."""
    assert summarise(value) == (type_name, line)


def test_a_summary_of_anything_is_one_short_line():
    """No value of the table of samples gives a long line, several lines or an exception."""
    for make in SAMPLES.values():
        name, line = summarise(make())
        assert name
        assert len(line) <= LONGEST
        assert "\n" not in line


class Hostile:
    def __repr__(self):
        raise RuntimeError

    def __len__(self):
        raise RuntimeError

    def __getattr__(self, name):
        raise RuntimeError(name)


class HostileList(list):
    def __len__(self):
        raise RuntimeError


def test_a_value_that_raises_gives_its_type_only():
    """A summary never fails because of the value's own code."""
    assert summarise(Hostile()) == ("tests.Hostile", "")
    assert summarise(HostileList()) == ("tests.HostileList", "")


def test_large_text_is_cut():
    """A long string is shown by its beginning."""
    _, line = summarise("ab " * 10**6)
    assert line.startswith("'ab ab ")
    assert len(line) <= LONGEST


@given(st.text(max_size=300) | st.binary(max_size=300) | st.floats() | st.integers())
def test_shown_scalars_are_short(value):
    """What is shown of any scalar is one line of bounded length, or nothing."""
    shown = shown_value("x", value)
    assert shown is None or (len(shown) <= LONGEST and "\n" not in shown)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db_password",
        "PASSWORD",
        "api_key",
        "apiKey",
        "API_KEY",
        "apikey",
        "token",
        "access_token",
        "secret",
        "client_secret",
        "aws_secret_access_key",
        "private_key",
        "credentials",
        "auth",
        "conn_str",
        "pwd",
        "passphrase",
        "dbPassword",
        "sessionId",
        "cookie",
        "bearer",
    ],
)
def test_a_name_that_speaks_of_a_secret_hides_the_value(name):
    """A parameter of such a name is never shown, whatever its value."""
    assert shown_value(name, "abc") is None
    assert shown_value(name, 12345) is None
    assert "abc" not in summarise("abc", name)[1]


@pytest.mark.parametrize(
    "value",
    [
        "sk-proj-abcdefghijklmnop",
        "ghp_abcdefghij0123456789abcdefghij012345",
        "AKIAABCDEFGHIJKLMNOP",
        "postgres://me:pass1@host/db",
        "eyJhbGciOiJI.eyJzdWIiOiIx.abc",
        "-----BEGIN RSA PRIVATE KEY-----",
        "Bearer abcdefghijklmno",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1",
        "password=hunter2",
        b"ghp_abcdefghij0123456789abcdefghij012345",
    ],
)
def test_a_form_that_looks_like_a_secret_hides_the_value(value):
    """A value of such a form is never shown, whatever its name, and summarised by length."""
    assert shown_value("x", value) is None
    assert summarise(value)[1].endswith("characters")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("gamma", 0.001, "0.001"),
        ("kernel", "rbf", "'rbf'"),
        ("n", 10, "10"),
        ("path", "data/sales-2024.csv", "'data/sales-2024.csv'"),
        ("url", "https://example.org/a?b=1", "'https://example.org/a?b=1'"),
        ("tokenizer", "basic", "'basic'"),
        ("author", "Ada", "'Ada'"),
        ("max_tokens", 100, "100"),
        ("passes", 3, "3"),
        ("compass", "north", "'north'"),
        ("verbose", True, "True"),
    ],
)
def test_ordinary_parameters_are_shown(name, value, shown):
    """Caution does not hide what nobody would call a secret."""
    assert shown_value(name, value) == shown


def test_only_small_scalars_are_shown():
    """Containers and objects are summarised, not shown."""
    assert shown_value("x", [1]) is None
    assert shown_value("x", Plain(a=1)) is None
