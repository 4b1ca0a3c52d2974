"""Values of many kinds, each unlike every other; read by the laws and by other processes.

The tables are Python text, so that a failing test can name a value as one would write it.
"""

# The names that the tables use look unused, and dates without a zone are among the values.
# ruff: noqa: DTZ001, F401, ICN001, PYI024

from __future__ import annotations

import array
import collections
import datetime
import decimal
import enum
import fractions
import functools
import io
import math
import operator
import pathlib
import random
import re
import sys
import types
import typing
import uuid
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tests.identity.sinks import NameSink, fp


class Plain:
    def __init__(self, **parts):
        self.__dict__.update(parts)


class Other(Plain):
    pass


class Slotted:
    __slots__ = ("__hidden", "shown")

    def __init__(self, shown, hidden=None):
        self.shown = shown
        self.__hidden = hidden


class SlottedAndOpen(Slotted):
    pass


class Stateful:
    def __init__(self, kept):
        self.kept, self.cache = kept, object()

    def __getstate__(self):
        return {"kept": self.kept}

    def __setstate__(self, state):
        self.__init__(state["kept"])


class Reducing:
    def __init__(self, kept):
        self.kept = kept

    def __reduce__(self):
        return Reducing, (self.kept,)


class MyList(list):
    pass


class MyDict(dict):
    pass


class MyInt(int):
    pass


class MyStr(str):
    __slots__ = ()


class MyArray(np.ndarray):
    pass


class Colour(enum.Enum):
    RED = 1
    GREEN = "1"


class Level(enum.IntEnum):
    LOW = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Point:
    x: int
    tags: list[str] = field(default_factory=list)


Pair = collections.namedtuple("Pair", "a b")


def function():
    return 1


def shared_list():
    inner = [1]
    return [inner, inner]


def cycle():
    items: list = [1]
    items.append(items)
    return items


def deeper_cycle():
    items: list = [1]
    items.append([1, items])
    return items


def object_cycle():
    node = Plain(name="a")
    node.me = node
    return node


def frame(**changes):
    columns = {
        "a": [1, 2],
        "s": ["x", None],
        "o": pd.Series([1, "a"], dtype=object),
        "t": pd.date_range("2020", periods=2, tz="Europe/Paris"),
        "c": pd.Categorical(["x", "y"]),
        "i": pd.array([1, None]),
    }
    return pd.DataFrame({**columns, **changes})


def named(value, **attributes):
    for name, part in attributes.items():
        setattr(value, name, part)
    return value


def unique_labels(value):
    return value.set_flags(allows_duplicate_labels=False)


def arrow_table(**changes):
    columns = {
        "n": pa.array([1, None]),
        "s": pa.array(["x", None]),
        "l": pa.array([[1], [2, 3]]),
        "d": pa.array([{"x": 1}, None]),
        "c": pa.array(["a", "a"]).dictionary_encode(),
        "b": pa.array([True, None]),
        "m": pa.array([decimal.Decimal("1.1"), None]),
        "f": pa.array([b"ab", None], pa.binary(2)),
        "p": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    }
    return pa.table({**columns, **changes})


def polars_frame(**changes):
    columns = {
        "n": [1, None],
        "s": ["x", None],
        "l": [[1], [2, 3]],
        "d": [{"x": 1}, None],
        "c": pl.Series(["a", "b"], dtype=pl.Categorical),
        "b": [True, None],
        "m": [decimal.Decimal("1.1"), None],
        "t": [datetime.datetime(2020, 1, 1), None],
    }
    return pl.DataFrame({**columns, **changes})


def record_array(**names):
    return np.array([(1, 2.0)], dtype=list(names.items()))


def forest(seed):
    X, y = load_iris(return_X_y=True)
    return RandomForestClassifier(3, random_state=seed).fit(X, y)


def fitted(**parameters):
    X, y = load_iris(return_X_y=True)
    return SVC(**parameters).fit(X, y)


T = datetime.datetime(2020, 1, 2, 3, 4)
S = pd.Series


def written(separator, table):
    """Return what makes each value of a table, by how it is written."""
    entries = table.replace("\n", f" {separator} ").split(f" {separator} ")
    return {
        entry.strip(): functools.partial(eval, entry.strip(), globals())
        for entry in entries
        if entry.strip()
    }


PLAIN = written(
    "|",
    r"""
    None | ... | NotImplemented | True | False | 0 | 1 | -1 | 255 | 256 | -256 | 2**63 | 2**64
    -2**64 | 2**5000 | 2**5000+1 | 0.0 | -0.0 | 1.0 | 1.5 | float("inf") | -float("inf")
    float("nan") | 1j | 1+0j | complex(0, -0.0) | complex(-0.0, 0) | "" | "1" | "a" | "A" | "a\0"
    "\0a" | "é" | "e\u0301" | "\ud800" | "\udc00" | "\ud800\udc00" | "\U00010000" | "None" | "nan"
    "x"*5000 | "x"*5001 | b"" | b"1" | b"a" | b"x"*5000 | b"x"*5001 | bytearray()
    bytearray(b"1") | bytearray(b"x"*5000) | [] | [[]] | [[], []] | [1] | [True] | [1.0] | ["1"]
    [b"1"] | [None] | [1, 2] | [2, 1] | [[1], 2] | [1, [2]] | [[1, 2]] | () | ((),) | (1,)
    (1, 2) | ((1,), 2) | (1, (2,)) | ((1, 2),) | ["ab", "c"] | ["a", "bc"] | ["abc"]
    ["ab", "c", ""] | {} | {1: 2} | {2: 1} | {"1": 2} | {1: 2, 3: 4} | {3: 4, 1: 2} | {True: 2}
    {1.0: 2} | [(1, 2)] | [1, 2, 3, 4] | set() | frozenset() | {1} | {"1"} | {1, 2} | {(1, 2)}
    frozenset({1}) | {frozenset({1})} | {frozenset()} | range(0) | range(3) | range(0, 3, 2)
    range(1, 3) | slice(3) | slice(0, 3) | slice(0, 3, 1) | [range(3)] | [0.0, -0.0] | [-0.0, 0.0]
    [None, 0] | [0, None] | list(range(100)) | tuple(range(100)) | [float(n) for n in range(100)]
    [str(n) for n in range(100)] | [n % 2 for n in range(100)] | [n % 2 == 1 for n in range(100)]
    [None] * 100 | [None] * 101 | list(range(99)) + [2**70] | list(range(99)) + [-0.0]
    list(range(99)) + [float("nan")] | list(range(99)) + [True] | [True] + list(range(99))
    ["a"] * 99 + ["\0"] | ["a"] * 99 + [""] | ["a\0a"] + ["a"] * 98 | ["a"] * 100
    ["aa"] + [""] + ["a"] * 98 | [b"a"] * 100 | ["a"] * 98 + [None, "a"]
    [[n] for n in range(100)] | [(n,) for n in range(100)] | [{n: n} for n in range(100)]
    [{"a": n} for n in range(100)] | [{"a": float(n)} for n in range(100)]
    {n: [n] for n in range(100)} | {str(n): n for n in range(100)}
    {str(n): n for n in reversed(range(100))} | {str(n): float("nan") for n in range(100)}
    {str(n): float(n) for n in range(100)} | [[0.0] * 50, [-0.0] * 50] | [[0.0] * 50, [0.0] * 50]
    [[0] * 50, [0] * 50] | [[0] * 49, [0] * 51] | [{1, 2}] * 2 | [{1, 2}, {1, 2}] | ([1],) * 2
    ([1], [1]) | shared_list() | [[1], [1]] | cycle() | deeper_cycle() | object_cycle()
    [["a"] * 40] * 2 | [["a"] * 40, ["a"] * 40]
    """,
)

STANDARD = written(
    ";",
    r"""
    decimal.Decimal("1") ; decimal.Decimal("1.0") ; decimal.Decimal("-0") ; decimal.Decimal("NaN")
    decimal.Decimal("sNaN") ; fractions.Fraction(1, 2) ; fractions.Fraction(1) ; T ; T.date()
    T.time() ; T.replace(fold=1) ; T.replace(tzinfo=datetime.timezone.utc)
    T.replace(microsecond=1) ; T.replace(tzinfo=zoneinfo.ZoneInfo("UTC"))
    T.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Paris")) ; datetime.timedelta(1)
    datetime.timedelta(0, 1) ; datetime.timedelta(0, 0, 1) ; datetime.timezone.utc
    datetime.timezone(datetime.timedelta(0, 3600)) ; zoneinfo.ZoneInfo("UTC") ; uuid.UUID(int=1)
    uuid.UUID(int=2) ; pathlib.PurePosixPath("a") ; pathlib.PureWindowsPath("a")
    pathlib.Path("a") ; pathlib.Path("a/b") ; re.compile("a") ; re.compile("a", re.I)
    re.compile(b"a") ; Colour.RED ; Colour.GREEN ; Level.LOW ; Rights.READ
    Rights.READ | Rights.WRITE ; Rights(0) ; Pair(1, 2) ; Pair(2, 1) ; collections.deque([1])
    collections.deque([1], 3) ; collections.deque([1], 4) ; collections.OrderedDict(a=1)
    collections.Counter("aab") ; collections.Counter("abb") ; collections.defaultdict(list, a=[1])
    collections.defaultdict(set, a=[1]) ; MyDict(a=[1]) ; MyList([1]) ; MyList([2])
    named(MyList([1]), extra=1) ; MyInt(1) ; MyInt(2) ; MyStr("a") ; MyStr("b") ; Plain()
    Plain(a=1) ; Plain(a=True) ; Plain(b=1) ; Plain(a=1, b=1) ; Plain(b=1, a=1) ; Other(a=1)
    Plain(a=[1]) ; Plain(a=Plain()) ; Plain(a=Other()) ; Slotted(1) ; Slotted(2) ; Slotted(1, 2)
    SlottedAndOpen(1) ; named(SlottedAndOpen(1), more=1) ; Stateful(1) ; Stateful(2) ; Reducing(1)
    Reducing(2) ; Point(1) ; Point(2) ; Point(1, ["a"]) ; {Point(1, ()), Point(2, ())}
    {Point(1, ()), Point(3, ())} ; types.SimpleNamespace(a=1) ; types.SimpleNamespace(a=2)
    functools.partial(int) ; functools.partial(int, base=2) ; functools.partial(float)
    functools.partial(int, "1") ; operator.itemgetter(1) ; operator.itemgetter(2)
    operator.attrgetter("a") ; operator.methodcaller("a") ; function ; Plain ; Other ; len ; print
    "a".upper ; "b".upper ; "a".lower ; [].append ; [1].append ; dict.fromkeys ; str.join
    str.split ; Plain(a=1).__init__ ; math.floor ; collections ; list[int] ; list[str]
    typing.List[int] ; ValueError("a") ; ValueError("b") ; KeyError("a") ; io.BytesIO(b"a")
    io.BytesIO(b"b") ; io.StringIO("a") ; array.array("i", [1]) ; array.array("q", [1])
    array.array("d", [1]) ; random.Random(1) ; random.Random(2) ; object() ; [object(), object()]
    [Plain(), Plain()] ; [Plain()] * 2 ; Plain(a=Plain(b=1)) ; Plain(a=Plain(b=2))
    Plain(a={"b": 1})
    """,
)

ARRAYS = written(
    ";",
    r"""
    np.zeros(0) ; np.zeros((0, 2)) ; np.zeros((2, 0)) ; np.zeros(0, "i8") ; np.zeros(6)
    np.zeros(6, "i8") ; np.zeros(6, "f4") ; np.zeros(6, ">f8") ; np.zeros(6, "u8")
    np.zeros(6, "m8[s]") ; np.zeros(6, "M8[s]") ; np.zeros(6, "M8[ns]") ; np.zeros(6, bool)
    np.zeros(6, "c8") ; np.zeros(6, "S8") ; np.zeros(6, "U2") ; np.zeros(6, "V8")
    np.zeros((2, 3)) ; np.zeros((3, 2)) ; np.zeros((2, 1, 3)) ; np.zeros((1, 6))
    np.zeros((2, 3), order="F") ; -np.zeros(6) ; np.full(6, np.nan) ; np.arange(6)
    np.arange(6)[::-1] ; np.arange(6).reshape(2, 3) ; np.arange(6).reshape(2, 3).T
    np.arange(6).reshape(3, 2) ; np.array(0.0) ; np.array(0) ; np.float64(0) ; np.float32(0)
    np.int64(0) ; np.bool_(0) ; np.str_("a") ; np.bytes_(b"a") ; np.datetime64("2020")
    np.datetime64("2020-01-01") ; np.datetime64("NaT") ; np.timedelta64(1, "s")
    np.longdouble(1) / 3 ; np.array([1, "a", None], object) ; np.array([1, "a", "None"], object)
    np.array([None], object) ; np.array([np.nan], object) ; np.array([[1], [2]], object)
    np.array([1, 2], object) ; np.array([True, 2], object) ; np.array(["a"] * 50, object)
    np.array(["a"] * 49 + ["b"], object) ; np.array(["a", "bb"], np.dtypes.StringDType())
    np.array(["a", "bb"], object) ; np.array(["a", "bb"])
    np.array(["a", "bb"], np.dtypes.StringDType(na_object=None)) ; np.array(["a", "bb"], "U3")
    record_array(a="i4", b="f8") ; record_array(b="i4", a="f8") ; record_array(a="f8", b="i4")
    record_array(a="i4", b="f8").view(np.recarray) ; np.zeros(2, [("a", "i1", (2,))])
    np.zeros(2, [("a", "i1")]) ; np.ma.array([1, 2], mask=[0, 1])
    np.ma.array([1, 2], mask=[1, 0]) ; np.ma.array([1, 2])
    np.ma.array([1, 2], mask=[0, 1], fill_value=3) ; np.ma.masked
    np.array([[1]]).view(np.matrix) ; np.array([[1]]) ; np.arange(3).view(MyArray)
    named(np.arange(3).view(MyArray), unit="m") ; np.dtype("f8") ; np.dtype("f4")
    np.dtype([("a", "i1")]) ; np.dtype([("a", "i1"), ("b", "f8")], align=True) ; np.add
    np.multiply ; np.sum ; np.dtype([("a", "i1"), ("b", "f8")]) ; np.float64 ; np.float32
    np.random.default_rng(0) ; np.random.default_rng(1) ; np.random.RandomState(0)
    np.random.RandomState(1) ; np.random.PCG64(0) ; np.random.SeedSequence(3) ; [np.zeros(1)] * 2
    [np.zeros(1), np.zeros(1)] ; scipy.sparse.csr_matrix(np.eye(2))
    scipy.sparse.csr_array(np.eye(2)) ; scipy.sparse.csc_array(np.eye(2))
    scipy.sparse.coo_array(np.eye(2)) ; scipy.sparse.csr_array(np.ones((2, 2))) ; SVC()
    SVC(gamma=0.1) ; SVC(gamma=1) ; SVC(gamma=1.0) ; fitted(gamma=0.1) ; fitted(gamma=0.2)
    forest(0) ; forest(1) ; make_pipeline(StandardScaler(), SVC()) ; make_pipeline(SVC())
    load_iris()
    """,
)

TABLES = written(
    ";",
    r"""
    S([1, 2]) ; S([1, 2], name="a") ; S([1, 2], name="b") ; S([1, 2], name=1)
    S([1, 2], index=[0, 1]) ; S([1, 2], index=[1, 2]) ; S([1, 2], index=["a", "b"])
    S([1, 2], dtype="i4") ; S([1, 2], dtype="f8") ; S([1, 2], dtype=object)
    S([1, 2], dtype="Int64") ; S([1, 2], dtype="Int32") ; S([1, 2], dtype="int64[pyarrow]")
    S([1, 2], dtype="category") ; S([1, 2], dtype=pd.CategoricalDtype([1, 2], ordered=True))
    S([1, 2], dtype=pd.CategoricalDtype([2, 1])) ; S([1, 2], dtype=pd.CategoricalDtype([1, 2, 3]))
    S(["a", None], dtype=object) ; S(["a", np.nan], dtype=object) ; S(["a", pd.NA], dtype=object)
    S(["a", pd.NaT], dtype=object) ; S(["a", None], dtype="string[python]")
    S(["a", None], dtype="string[pyarrow]") ; S(["a", None], dtype="str")
    S(["a", None], dtype="category") ; S(["a", "b"], dtype="str") ; S(["a", "b"], dtype=object)
    S(["ab", "c"], dtype="str") ; S(["a", "bc"], dtype="str") ; S(["", None], dtype="str")
    S([None, ""], dtype="str") ; S([1, None], dtype="Int64") ; S([None, 1], dtype="Int64")
    S([True, None], dtype="boolean") ; S([1.0, None]) ; S(pd.arrays.SparseArray([0, 1]))
    S(pd.arrays.SparseArray([0, 1], fill_value=1))
    S(pd.arrays.SparseArray([0, 1], kind="block")) ; S(pd.arrays.SparseArray([0.0, 1.0]))
    S(pd.to_datetime(["2020"])) ; S(pd.to_datetime(["2020"]).as_unit("s"))
    S(pd.to_datetime(["2020"], utc=True))
    S(pd.to_datetime(["2020"]).tz_localize("Europe/Paris")) ; S(pd.to_timedelta([1]))
    S(pd.to_timedelta([1], unit="s")) ; S(pd.period_range("2020", periods=1, freq="M"))
    S(pd.period_range("2020", periods=1, freq="D")) ; S(pd.interval_range(0, 2))
    S(pd.interval_range(0, 2, closed="left")) ; pd.Index([0, 1, 2]) ; pd.RangeIndex(3)
    pd.RangeIndex(3, name="a") ; pd.Index([0, 1, 2], name="a") ; pd.Index([0.0, 1, 2])
    pd.Index([0, 1, 2], dtype=object) ; pd.Index(["a"]) ; pd.Index(["a"], dtype=object)
    pd.CategoricalIndex(["a"]) ; pd.date_range("2020", periods=3)
    pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-03"])
    pd.date_range("2020", periods=3, tz="UTC") ; pd.date_range("2020", periods=3, name="t")
    pd.period_range("2020", periods=3, freq="D") ; pd.timedelta_range(0, periods=3)
    pd.MultiIndex.from_tuples([(1, "a")])
    pd.MultiIndex.from_tuples([(1, "a")], names=["x", "y"])
    pd.MultiIndex.from_tuples([(1, "b")]) ; pd.interval_range(0, 2) ; pd.Timestamp("2020")
    pd.Timestamp("2020", tz="UTC") ; pd.NaT ; pd.NA ; pd.Timedelta(1) ; pd.Period("2020")
    pd.Period("2020-01") ; pd.Interval(0, 1) ; pd.offsets.Day(2) ; pd.offsets.Day(1)
    pd.CategoricalDtype(["a"]) ; pd.CategoricalDtype(["b"]) ; pd.Int64Dtype()
    pd.DatetimeTZDtype("ns", "UTC") ; frame() ; frame(a=[1, 3]) ; frame(a=[1.0, 2.0])
    frame().rename(columns={"a": "b"}) ; frame().iloc[::-1] ; frame().iloc[:1]
    frame()[["s", "a", "o", "t", "c", "i"]] ; frame().drop(columns="a") ; frame().set_index("s")
    unique_labels(frame()) ; named(frame(), attrs={"a": 1}) ; frame().rename_axis(columns="k")
    frame().rename_axis("k") ; frame(o=S([1.0, "a"], dtype=object)) ; pd.DataFrame()
    pd.DataFrame(index=[1]) ; pd.DataFrame(columns=["a"]) ; pd.DataFrame({"a": [1]})
    S([1], name="a") ; pd.DataFrame({1: [1]}) ; pd.DataFrame({"1": [1]}) ; pd.DataFrame([[1]])
    pd.DataFrame(np.eye(2)) ; np.eye(2) ; [frame()] * 2 ; [frame(), frame()] ; arrow_table()
    arrow_table(n=pa.array([None, 1])) ; arrow_table(n=pa.array([1, 0]))
    arrow_table(n=pa.array([1, None], "int32")) ; arrow_table().rename_columns([*"abcdefghi"])
    arrow_table(s=pa.array(["x", ""])) ; arrow_table(l=pa.array([[1, 2], [3]]))
    arrow_table(l=pa.array([[1], None])) ; arrow_table(d=pa.array([{"x": None}, None]))
    arrow_table(d=pa.array([None, {"x": 1}]))
    arrow_table(m=pa.array([decimal.Decimal("1.2"), None])) ; arrow_table().slice(1)
    arrow_table(c=pa.array(["a", "b"]).dictionary_encode())
    arrow_table(b=pa.array([None, True])) ; pa.array([1]) ; pa.array([1], "int8")
    arrow_table(p=pa.array([[("k", 2)], None], pa.map_(pa.string(), pa.int64())))
    arrow_table().replace_schema_metadata({"a": "b"}) ; pa.array(["a"])
    pa.array(["a"], pa.large_string()) ; pa.array([b"a"]) ; pa.chunked_array([[1]]) ; pa.scalar(1)
    pa.scalar(2) ; pa.schema([("a", pa.int8())]) ; pa.schema([("a", pa.int16())]) ; pa.int8()
    pa.int16() ; pa.record_batch({"a": [1]}) ; pa.table({"a": [1]}) ; polars_frame()
    polars_frame(n=[None, 1]) ; polars_frame(n=[1.0, None]) ; polars_frame(s=["x", ""])
    polars_frame(s=["", "x"]) ; polars_frame(l=[[1, 2], [3]])
    polars_frame(d=[{"x": None}, None]) ; polars_frame().reverse()
    polars_frame().rename({"n": "k"})
    polars_frame(c=pl.Series(["a", "a"], dtype=pl.Categorical))
    polars_frame(m=[decimal.Decimal("1.2"), None]) ; pl.Series([1]) ; pl.Series("a", [1])
    pl.Series("a", [1], dtype=pl.Int8) ; pl.Series("a", [1.0]) ; pl.Series("a", ["1"])
    pl.DataFrame({"a": [1]}) ; pl.Series("a", [b"1"]) ; pl.Series("a", [1], dtype=pl.Int128)
    pl.Series("a", ["1"], dtype=pl.Enum(["1", "2"])) ; pl.Int8()
    """,
)

SAMPLES: dict[str, Callable[[], object]] = {**PLAIN, **STANDARD, **ARRAYS, **TABLES}

# What pickle refuses, or gives back as something else.
NO_ROUND_TRIP = frozenset({"collections", 'named(np.arange(3).view(MyArray), unit="m")'})


def quick_samples() -> dict[str, Callable[[], object]]:
    """Return all but the ones that take long to make."""
    slow = ("fitted(", "forest(", "load_iris(")
    return {name: make for name, make in SAMPLES.items() if not name.startswith(slow)}
