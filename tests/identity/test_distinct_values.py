"""Different values that look alike, each pair made to be mistaken for one another."""

# Values are made when they are asked for, and classes here misbehave.
# ruff: noqa: ICN001, PLW0108, PLW1641

from __future__ import annotations

import collections
import copyreg
import datetime
import decimal
import enum
import fractions
import functools
import io
import pathlib
import random
import types
import typing

import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pyarrow as pa
import pytest

from tests.identity.samples import MyArray, MyList, Other, Plain, fp, named
from zen_nb.core.errors import NoFingerprint


class PretendingDecimal:
    """Claims to be a class of the standard library."""

    def __init__(self, shown, hidden):
        self.shown, self.hidden = shown, hidden

    def __str__(self):
        return self.shown


PretendingDecimal.__module__, PretendingDecimal.__qualname__ = "decimal", "Decimal"


class Money(decimal.Decimal):
    pass


class Moment(datetime.datetime):
    pass


class Share(fractions.Fraction):
    pass


class Place(pathlib.PosixPath):
    pass


class Groups(collections.defaultdict):
    pass


class Weight(float):
    pass


class Masked(np.ma.MaskedArray):
    pass


class Named:
    """Reduces to the name of a global, although there are several."""

    def __init__(self, part):
        self.part = part

    def __reduce__(self):
        return "THE_ONE"


class NamedAndCalled(Named):
    def __call__(self):
        return self.part


class Maker:
    """Is made again as an instance of another class."""

    def __init__(self, kind):
        self.kind = kind

    def __reduce__(self):
        return copyreg.__newobj__, (self.kind,)


class Called:
    """Is made by a call, or by ``__new__``, with the same argument."""

    def __new__(cls, how):
        made = super().__new__(cls)
        made.how = how
        return made

    def __reduce__(self):
        if self.how == "call":
            return Called, (1,)
        return copyreg.__newobj__, (Called, 1)


class Blank(list):
    """Shows nothing of what it holds."""

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


class BlankDict(dict):
    def items(self):
        return {}.items()

    def __iter__(self):
        return iter(())


class BlankSet(set):
    def __iter__(self):
        return iter(())


class Lying:
    """Shows another dict of attributes than it has."""

    def __init__(self, part):
        object.__setattr__(self, "part", part)

    def __getattribute__(self, name):
        return {} if name == "__dict__" else object.__getattribute__(self, name)


class Impostor:
    """Says that it is an int."""

    def __init__(self, part):
        self.part = part

    @property
    def __class__(self):
        return int

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1


class Answering:
    """Answers whatever it is asked."""

    __slots__ = ("one", "two")

    def __getattr__(self, name):
        return 5


class Below:
    __slots__ = ("part",)


class Above(Below):
    __slots__ = ("part",)


class Shade(enum.Enum):
    DARK = 1


class Metric(pa.ExtensionType):
    def __init__(self, unit):
        self.unit = unit
        super().__init__(pa.int64(), "test.metric")

    def __arrow_ext_serialize__(self):
        return self.unit.encode()


def above(part):
    made = Above()
    made.part = 1
    Below.part.__set__(made, part)
    return made


def shade(note):
    Shade.DARK.note = note
    return Shade.DARK


def caused(cause):
    error = ValueError("a")
    error.__cause__ = cause
    return error


def same_name(part):
    return type("Local", (), {"part": part})()


def sharing_in_a_set(*, shared):
    part = [1]
    return {Plain(part=part), Other(part=part if shared else [1])}


def twins(after):
    """Return a set of two that look the same, and two references."""
    a, b, stranger = Plain(part=[]), Plain(part=[]), Plain(part=[])
    return [{a, b}, *({"a": a, "b": b, "s": stranger}[letter] for letter in after)]


def bytes_and_window(*, shared):
    held = bytearray(b"abc")
    return [held, memoryview(held if shared else bytearray(b"abc"))]


def array_and_view(cut=np.s_[:3], *, shared):
    whole = np.arange(6.0).reshape(3, 2).copy()
    return [whole, whole[cut] if shared else whole[cut].copy()]


def masked_over(*, shared):
    data = np.arange(3.0)
    return [data, np.ma.array(data if shared else data.copy(), mask=[0, 1, 0])]


def record(*, shared):
    one = np.zeros(1, [("a", "i4")])[0]
    return [one, one if shared else one.copy()]


def mapping_and_window(*, shared):
    held = {1: 2}
    return [held, types.MappingProxyType(held if shared else {1: 2})]


def mapping_and_keys(*, shared):
    held = {1: 2}
    return [held, (held if shared else {1: 2}).keys()]


def twice(make, *, shared):
    one = make()
    return [one, one if shared else make()]


def calendar(holiday):
    return pd.offsets.CustomBusinessDay(holidays=[holiday])


def nanoseconds(n):
    return pl.Series([1000 + n]).cast(pl.Datetime("ns"))


def picture(colour, *, palette="RGB"):
    made = PIL.Image.new("P", (2, 2))
    made.putpalette(colour, palette)
    return made


def opened(colour, **noted):
    file = io.BytesIO()
    PIL.Image.new("RGB", (2, 2), colour).save(file, "PNG", **noted)
    return PIL.Image.open(file)


DIFFERENT = {
    "a claimed module": (lambda: PretendingDecimal("1", 2), lambda: decimal.Decimal(1)),
    "claimed modules": (lambda: PretendingDecimal("1", 2), lambda: PretendingDecimal("1", 3)),
    "a claimed class": (lambda: Impostor(1), lambda: Impostor(2)),
    "an int that is none": (lambda: Impostor(1), lambda: 1),
    "attribute of a decimal": (lambda: named(Money(1), u=1), lambda: named(Money(1), u=2)),
    "attribute of a date": (
        lambda: named(Moment(2020, 1, 1), u=1),
        lambda: named(Moment(2020, 1, 1), u=2),
    ),
    "attribute of a fraction": (lambda: named(Share(1), u=1), lambda: named(Share(1), u=2)),
    "attribute of a path": (lambda: named(Place("a"), u=1), lambda: named(Place("a"), u=2)),
    "attribute of a counter": (
        lambda: named(collections.Counter("a"), u=1),
        lambda: named(collections.Counter("a"), u=2),
    ),
    "attribute of a defaultdict": (
        lambda: named(Groups(list), u=1),
        lambda: named(Groups(list), u=2),
    ),
    "attribute of a float": (lambda: named(Weight(1), u=1), lambda: named(Weight(1), u=2)),
    "attribute of a frame": (
        lambda: named(pd.DataFrame({"a": [1]}), unit="m"),
        lambda: named(pd.DataFrame({"a": [1]}), unit="s"),
    ),
    "attribute of a series": (
        lambda: named(pd.Series([1]), unit="m"),
        lambda: named(pd.Series([1]), unit="s"),
    ),
    "attribute of a masked array": (
        lambda: named(np.ma.array([1]).view(Masked), unit="m"),
        lambda: named(np.ma.array([1]).view(Masked), unit="s"),
    ),
    "attribute of a partial": (
        lambda: named(functools.partial(int), unit="m"),
        lambda: named(functools.partial(int), unit="s"),
    ),
    "attribute of a member": (lambda: shade(1), lambda: shade(2)),
    "attribute of an error": (lambda: named(ValueError(), u=1), lambda: named(ValueError(), u=2)),
    "attribute of a generator": (
        lambda: named(random.Random(1), u=1),
        lambda: named(random.Random(1), u=2),
    ),
    "an hour that comes twice": (
        lambda: pd.Timestamp("2020").replace(fold=1),
        lambda: pd.Timestamp("2020"),
    ),
    "cause of an error": (lambda: caused(KeyError(1)), lambda: caused(KeyError(2))),
    "name of a global": (lambda: Named(1), lambda: Named(2)),
    "name of something called": (lambda: NamedAndCalled(1), lambda: NamedAndCalled(2)),
    "class made again": (lambda: Maker(Plain), lambda: Maker(Other)),
    "a call and a creation": (lambda: Called("call"), lambda: Called("new")),
    "hidden items": (lambda: Blank([1]), lambda: Blank([2])),
    "hidden pairs": (lambda: BlankDict(a=1), lambda: BlankDict(a=2)),
    "hidden members": (lambda: BlankSet([1]), lambda: BlankSet([2])),
    "hidden attributes": (lambda: Lying(1), lambda: Lying(2)),
    "an empty slot that answers": (
        lambda: named(Answering(), one=1),
        lambda: named(Answering(), one=1, two=5),
    ),
    "a slot beneath another": (lambda: above(1), lambda: above(2)),
    "attributes of equal classes": (
        lambda: named(same_name(1), a=1),
        lambda: named(same_name(1), a=2),
    ),
    "bound of a type variable": (
        lambda: typing.TypeVar("T", bound=int),
        lambda: typing.TypeVar("T", bound=str),
    ),
    "sharing in a set": (
        lambda: sharing_in_a_set(shared=True),
        lambda: sharing_in_a_set(shared=False),
    ),
    "one twin twice": (lambda: twins("aa"), lambda: twins("ab")),
    "a twin and a stranger": (lambda: twins("as"), lambda: twins("ab")),
    "a twin and a stranger, again": (lambda: twins("as"), lambda: twins("aa")),
    "no twin": (lambda: twins("s"), lambda: twins("a")),
    "a window that writes": (lambda: memoryview(b"abc"), lambda: memoryview(bytearray(b"abc"))),
    "a window and its bytes": (
        lambda: bytes_and_window(shared=True),
        lambda: bytes_and_window(shared=False),
    ),
    "a view of a neighbour": (
        lambda: array_and_view(shared=True),
        lambda: array_and_view(shared=False),
    ),
    "a column of a neighbour": (
        lambda: array_and_view(np.s_[:, 1], shared=True),
        lambda: array_and_view(np.s_[:, 1], shared=False),
    ),
    "views of two places": (
        lambda: [whole := np.zeros(4), whole[:2]],
        lambda: [whole := np.zeros(4), whole[2:]],
    ),
    "a mask over a neighbour": (
        lambda: masked_over(shared=True),
        lambda: masked_over(shared=False),
    ),
    "a record twice": (lambda: record(shared=True), lambda: record(shared=False)),
    "a view in an instance": (
        lambda: Plain(parts=array_and_view(shared=True)),
        lambda: Plain(parts=array_and_view(shared=False)),
    ),
    "a proxy and its dict": (
        lambda: mapping_and_window(shared=True),
        lambda: mapping_and_window(shared=False),
    ),
    "keys and their dict": (
        lambda: mapping_and_keys(shared=True),
        lambda: mapping_and_keys(shared=False),
    ),
    "keys and values": (lambda: {1: 1}.keys(), lambda: {1: 1}.values()),
    "a proxy of another mapping": (
        lambda: types.MappingProxyType(collections.OrderedDict(a=1)),
        lambda: types.MappingProxyType({"a": 1}),
    ),
    "an array of pandas twice": (
        lambda: twice(lambda: pd.array([1, 2]), shared=True),
        lambda: twice(lambda: pd.array([1, 2]), shared=False),
    ),
    "an index twice": (
        lambda: twice(lambda: pd.Index([1]), shared=True),
        lambda: twice(lambda: pd.Index([1]), shared=False),
    ),
    "metadata of a dtype": (
        lambda: np.zeros(2, np.dtype("f8", metadata={"unit": "m"})),
        lambda: np.zeros(2, np.dtype("f8")),
    ),
    "layout of records": (
        lambda: np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        lambda: np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")])),
    ),
    "titles of fields": (
        lambda: np.dtype([((("t", "a")), "i4")]),
        lambda: np.dtype([((("u", "a")), "i4")]),
    ),
    "coercing strings": (
        lambda: np.array(["a"], np.dtypes.StringDType(coerce=False)),
        lambda: np.array(["a"], np.dtypes.StringDType()),
    ),
    "borders of fields and shapes": (
        lambda: np.zeros((2, 3), [("a", "i4")]),
        lambda: np.zeros(2, [("a", "i4", (3,))]),
    ),
    "calendars of business days": (
        lambda: pd.date_range("2020", periods=1, freq=calendar("2020-05-05")),
        lambda: pd.date_range("2020", periods=1, freq=calendar("2020-05-06")),
    ),
    "unused levels": (
        lambda: pd.MultiIndex.from_product([[1, 2]])[:1],
        lambda: pd.MultiIndex.from_product([[1]]),
    ),
    "unused categories": (
        lambda: pd.Categorical(["a"], ["a", "b"]),
        lambda: pd.Categorical(["a"], ["a"]),
    ),
    "order of categories": (
        lambda: pd.Categorical(["a"], ["a", "b"]),
        lambda: pd.Categorical(["a"], ["b", "a"]),
    ),
    "a name that reads as two": (
        lambda: pa.struct([("a: int64, b", pa.int64())]),
        lambda: pa.struct([("a", pa.int64()), ("b", pa.int64())]),
    ),
    "a name in a schema that reads as two": (
        lambda: pa.schema([("x", pa.struct([("a: int64, b", pa.int64())]))]),
        lambda: pa.schema([("x", pa.struct([("a", pa.int64()), ("b", pa.int64())]))]),
    ),
    "metadata of a nested field": (
        lambda: pa.struct([pa.field("a", pa.int64(), metadata={"unit": "m"})]),
        lambda: pa.struct([pa.field("a", pa.int64())]),
    ),
    "parameters of an extension": (lambda: Metric("m"), lambda: Metric("s")),
    "items of an extension": (
        lambda: pa.ExtensionArray.from_storage(Metric("m"), pa.array([1])),
        lambda: pa.ExtensionArray.from_storage(Metric("s"), pa.array([1])),
    ),
    "nanoseconds in a map": (
        lambda: pa.array([[("a", 1001)]], pa.map_(pa.string(), pa.timestamp("ns"))),
        lambda: pa.array([[("a", 1002)]], pa.map_(pa.string(), pa.timestamp("ns"))),
    ),
    "nanoseconds of a scalar": (
        lambda: pa.array([1001], pa.timestamp("ns"))[0],
        lambda: pa.array([1002], pa.timestamp("ns"))[0],
    ),
    "members of a union": (
        lambda: pa.UnionArray.from_sparse(pa.array([0], "int8"), [pa.array([1]), pa.array([2])]),
        lambda: pa.UnionArray.from_sparse(pa.array([1], "int8"), [pa.array([2]), pa.array([1])]),
    ),
    "borders of lists": (
        lambda: pa.array([[1], [2, 3]], pa.list_view(pa.int64())),
        lambda: pa.array([[1, 2], [3]], pa.list_view(pa.int64())),
    ),
    "borders of maps": (
        lambda: pa.array([[("a", 1)], [("b", 2), ("c", 3)]], pa.map_(pa.string(), pa.int64())),
        lambda: pa.array([[("a", 1), ("b", 2)], [("c", 3)]], pa.map_(pa.string(), pa.int64())),
    ),
    "nanoseconds in polars' lists": (
        lambda: nanoseconds(1).reshape((1, 1)),
        lambda: nanoseconds(2).reshape((1, 1)),
    ),
    "nanoseconds in polars' structs": (
        lambda: nanoseconds(1).to_frame("a").to_struct(),
        lambda: nanoseconds(2).to_frame("a").to_struct(),
    ),
    "borders of polars' lists": (
        lambda: pl.Series([[1], [2, 3]]),
        lambda: pl.Series([[1, 2], [3]]),
    ),
    "an empty list and none": (lambda: pl.Series([[1], []]), lambda: pl.Series([[1], None])),
    "many categories of polars": (
        lambda: pl.Series(["0"], dtype=pl.Enum([str(n) for n in range(100)])),
        lambda: pl.Series(["0"], dtype=pl.Enum([str(n) for n in range(99)] + ["x"])),
    ),
    "lazy frames": (lambda: pl.LazyFrame({"a": [1]}), lambda: pl.LazyFrame({"a": [2]})),
    "expressions": (lambda: pl.col("a") + 1, lambda: pl.col("a") + 2),
    "transparency of a palette": (
        lambda: picture([1, 2, 3, 4], palette="RGBA"),
        lambda: picture([1, 2, 3, 5], palette="RGBA"),
    ),
    "pixels of an opened picture": (lambda: opened("red"), lambda: opened("blue")),
    "notes of a picture": (lambda: opened("red"), lambda: opened("red", dpi=(100, 100))),
    "subclasses of a container": (lambda: MyList([1]), lambda: Blank([1])),
    "attribute of an array": (
        lambda: named(np.zeros(1).view(MyArray), unit="m"),
        lambda: named(np.zeros(1).view(MyArray), unit="s"),
    ),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_values_that_look_alike_differ(name):
    """Each pair of the table has two fingerprints, alone and inside other values."""
    one, other = DIFFERENT[name]
    for around in (lambda v: v, lambda v: [v], lambda v: Plain(part=v), lambda v: (0, {"a": v})):
        assert fp(around(one())) != fp(around(other()))
        assert fp(around(one())) == fp(around(one()))


class Meta(type):
    """Makes classes that cannot be told apart and cannot be hashed."""

    def __eq__(cls, other):
        return True


class Unhashable(metaclass=Meta):
    pass


class Speechless(Exception):
    def __str__(self):
        raise ValueError


class Failing:
    def __init__(self, error):
        self.error = error

    def __reduce__(self):
        raise self.error


class Leaving:
    def __getstate__(self):
        raise SystemExit


class Faceless:
    """Hides where its attributes are."""

    @property
    def __dict__(self):
        return {}


class Odd(type):
    @property
    def __module__(cls):
        raise ZeroDivisionError


class OfOdd(metaclass=Odd):
    def __reduce__(self):
        raise ValueError


@pytest.mark.parametrize(
    "make",
    [
        Unhashable,
        lambda: Failing(Speechless()),
        lambda: Failing(KeyError("a")),
        Leaving,
        Faceless,
        OfOdd,
        lambda: {10**5000: Leaving()},
    ],
)
def test_whatever_a_value_does_it_is_refused_and_nothing_else(make):
    """Errors of the value's own code, of its class and of its messages become `NoFingerprint`."""
    for around in (lambda v: v, lambda v: [v], lambda v: {"a": v}):
        with pytest.raises(NoFingerprint) as caught:
            fp(around(make()))
        assert str(caught.value)


def test_an_interrupt_is_not_a_refusal():
    """Who interrupts the kernel is obeyed."""
    with pytest.raises(KeyboardInterrupt):
        fp(Failing(KeyboardInterrupt()))


def test_a_file_of_several_pictures_is_refused():
    """The pictures that are not shown would be lost."""
    file = io.BytesIO()
    frames = [PIL.Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    animated = PIL.Image.open(file)
    for _ in range(2):
        with pytest.raises(NoFingerprint, match="several pictures"):
            fp(animated)
        animated.load()
    assert fp(animated.copy()) == fp(animated.copy())
