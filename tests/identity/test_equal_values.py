"""Values that are equal but lie differently in memory have one fingerprint."""

from __future__ import annotations

import copyreg
import io
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import scipy.stats

from tests.identity.samples import ARRAYS, NameSink, Plain, Slotted, fp, frame
from zen_nb.identity import arrays
from zen_nb.identity.values import QUICK, fingerprint_of


def consolidated():
    return pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "b"])


def one_by_one():
    made = pd.DataFrame({"a": [0.0, 2.0, 4.0]})
    made["b"] = [1.0, 3.0, 5.0]
    return made


def padded(filling):
    """Return records with 7 bytes of padding, filled with a byte."""
    layout = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    made = np.frombuffer(bytearray([filling]) * (2 * layout.itemsize), layout)
    made["a"], made["b"] = 1, 2.0
    return made


def nullable(under):
    values = np.array([1, under])
    return pd.arrays.IntegerArray(values, np.array([False, True]))


def arrow_with_spare(under):
    """Return [1, null] with a number of choice under the null."""
    bits, values = pa.py_buffer(b"\x01"), pa.py_buffer(np.array([1, under]))
    return pa.Array.from_buffers(pa.int64(), 2, [bits, values])


def fill_asked_for():
    made = np.ma.array([1, 2], mask=[0, 1])
    made.fill_value  # the question is what sets it
    return made


def flag_asked_for():
    made = scipy.sparse.csr_array(np.eye(3))
    assert made.has_sorted_indices
    assert made.has_canonical_format
    return made


def cached_properties_read():
    made = frame()
    made.index.is_unique, made.columns.is_monotonic_increasing, made.index.get_loc(1)
    made["c"].cat.codes, made.dtypes, made.shape
    return made


def series_with_one_index():
    index = pd.Index(["a"])
    return [pd.Series([1], index), pd.Series([2], index)]


def not_interned(text):
    return "".join(list(text))


def once_general():
    """Return a dict of str keys that CPython keeps in the form for any keys."""
    made = {1: 0, **{str(n): n for n in range(100)}}
    del made[1]
    return made


def lists(*, shared_leaf):
    leaf = "a b"
    return [[leaf if shared_leaf else not_interned("a b")] for _ in range(50)]


def tuples(*, shared):
    inner = (1, "x")
    return [inner if shared else tuple(iter((1, "x"))) for _ in range(50)]


class Tags(set):
    pass


class FrozenTags(frozenset):
    pass


def grown(kind, words, *, backwards):
    """Return a set with another history, and so with another order in memory."""
    words = [*reversed(words)] if backwards else words
    if not issubclass(kind, set):
        return kind(words)
    made = kind(range(1000) if backwards else ())
    made.clear()
    made.update(words)
    return made


def opened(read):
    file = io.BytesIO()
    PIL.Image.new("RGB", (2, 2), "red").save(file, "PNG")
    found = PIL.Image.open(file)
    if read:
        found.load()
    return found


WORDS = [f"word {n}" for n in range(40)]
RUNS = pa.RunEndEncodedArray.from_arrays([2, 5], [1, None])


def named_error():
    """Return an error whose attributes somebody has asked for."""
    error = ValueError("a")
    assert vars(error) == {}
    return error


PAIRS = {
    "order of a set's class": (
        lambda: grown(Tags, WORDS, backwards=False),
        lambda: grown(Tags, WORDS, backwards=True),
    ),
    "order of a frozen set's class": (
        lambda: grown(FrozenTags, WORDS, backwards=False),
        lambda: grown(FrozenTags, WORDS, backwards=True),
    ),
    "twins in a set": (lambda: {Plain(a=[]), Plain(a=[])}, lambda: {Plain(a=[]), Plain(a=[])}),
    "parts of one array": (
        lambda: [*np.arange(6).reshape(3, 2)],
        lambda: [np.array([0, 1]), np.array([2, 3]), np.array([4, 5])],
    ),
    "columns of one array": (
        lambda: [*np.arange(6).reshape(3, 2).T],
        lambda: [np.array([0, 2, 4]), np.array([1, 3, 5])],
    ),
    "a read-only view": (
        lambda: [whole := np.frombuffer(b"abcd", "u1"), whole[:2]],
        lambda: [np.frombuffer(b"abcd", "u1"), np.frombuffer(b"ab", "u1")],
    ),
    "bytes of a window": (lambda: memoryview(b"abc"), lambda: memoryview(bytes(bytearray(b"abc")))),
    "attributes asked for": (
        lambda: ValueError("a"),
        named_error,
    ),
    "a picture that was read": (lambda: opened(True), lambda: opened(False)),
    "runs": (
        lambda: RUNS[1:4],
        lambda: pa.RunEndEncodedArray.from_arrays([1, 3], [1, None]),
    ),
    "fixed lists under nulls": (
        lambda: pa.array([[9, 9], [1, 2], None], pa.list_(pa.int64(), 2))[1:],
        lambda: pa.array([[1, 2], None], pa.list_(pa.int64(), 2)),
    ),
    "sliced maps": (
        lambda: pa.array([[("z", 0)], [("a", 1)], None], pa.map_(pa.string(), pa.int64()))[1:],
        lambda: pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    ),
    "sliced views of strings": (
        lambda: pa.array(["z", "a" * 30, None], pa.string_view())[1:],
        lambda: pa.array(["a" * 30, None], pa.string_view()),
    ),
    "members of a union that nobody is": (
        lambda: pa.UnionArray.from_sparse(
            pa.array([0, 1], "int8"), [pa.array([1, 9]), pa.array(["z", "a"])]
        ),
        lambda: pa.UnionArray.from_sparse(
            pa.array([0, 1], "int8"), [pa.array([1, 7]), pa.array(["y", "a"])]
        ),
    ),
    "sliced lists of polars": (
        lambda: pl.Series([[9], [1, None], None, []])[1:],
        lambda: pl.Series([[1, None], None, []]),
    ),
    "chunks of lists": (
        lambda: pl.concat([pl.Series([[1]]), pl.Series([[2, 3]])], rechunk=False),
        lambda: pl.Series([[1], [2, 3]]),
    ),
    "sliced structs of polars": (
        lambda: pl.Series([{"a": 9}, {"a": 1}, None])[1:],
        lambda: pl.Series([{"a": 1}, None]),
    ),
    "NaN objects": (lambda: [float("nan")], lambda: [float("inf") - float("inf")]),
    "NaN in a packed list": (lambda: [np.nan] * 50, lambda: [-float("nan") for _ in range(50)]),
    "NaN in a tree": (
        lambda: [[1.0, float("nan")] for _ in range(50)],
        lambda: [[1.0, -float("nan")] for _ in range(50)],
    ),
    "NaN as a key": (lambda: {float("nan"): [1]}, lambda: {-float("nan"): [1]}),
    "interned text": (lambda: ["a_b"] * 2, lambda: ["a_b", not_interned("a_b")]),
    "text shared in a tree": (lambda: lists(shared_leaf=True), lambda: lists(shared_leaf=False)),
    "tuples shared in a tree": (lambda: tuples(shared=True), lambda: tuples(shared=False)),
    "big ints": (lambda: [10**30] * 2, lambda: [10**30, int("1" + "0" * 30)]),
    "form of a dict": (once_general, lambda: {str(n): n for n in range(100)}),
    "instance dict": (lambda: vars(Plain(a=1, b=2)), lambda: {"a": 1, "b": 2}),
    "history of a list": (lambda: list(range(99)), lambda: [*range(200)][:99]),
    "bytes and their copy": (lambda: b"x" * 9000, lambda: bytes(bytearray(b"x" * 9000))),
    "strided view": (lambda: np.arange(10)[::2], lambda: np.array([0, 2, 4, 6, 8])),
    "reversed view": (lambda: np.arange(3)[::-1], lambda: np.array([2, 1, 0])),
    "broadcast view": (lambda: np.broadcast_to(1.0, (2, 3)), lambda: np.ones((2, 3))),
    "column of a matrix": (lambda: np.eye(3)[:, 1], lambda: np.array([0.0, 1, 0])),
    "swapped axes": (
        lambda: np.arange(24).reshape(2, 3, 4).swapaxes(0, 1),
        lambda: np.arange(24).reshape(2, 3, 4).swapaxes(0, 1).copy(order="C"),
    ),
    "Fortran slices": (lambda: np.eye(4, order="F")[:, :2], lambda: np.eye(4)[:, :2].copy("F")),
    "read-only": (lambda: np.frombuffer(b"ab", "u1"), lambda: np.array([97, 98], "u1")),
    "padding of records": (lambda: padded(0), lambda: padded(255)),
    "padding of long doubles": (
        lambda: np.frombuffer(bytes(32), np.longdouble) + 1,
        lambda: np.ones(2, np.longdouble),
    ),
    "objects in an array": (
        lambda: np.array(["a b", 1, None], object),
        lambda: np.array([not_interned("a b"), 1, None], object),
    ),
    "fill value asked for": (fill_asked_for, lambda: np.ma.array([1, 2], mask=[0, 1])),
    "mask made of nothing": (lambda: np.ma.array([1]), lambda: np.ma.array([1], mask=[False])),
    "sorted flag asked for": (flag_asked_for, lambda: scipy.sparse.csr_array(np.eye(3))),
    "blocks of a frame": (consolidated, one_by_one),
    "copied frame": (consolidated, lambda: one_by_one().copy()),
    "column-major frame": (
        consolidated,
        lambda: pd.DataFrame(np.asfortranarray(consolidated().to_numpy()), columns=["a", "b"]),
    ),
    "column view": (lambda: consolidated()["a"], one_by_one()["a"].copy),
    "caches of a frame": (frame, cached_properties_read),
    "sliced frame": (
        lambda: pd.concat([frame(), frame()], ignore_index=True).iloc[:2],
        lambda: frame().iloc[:2],
    ),
    "under a mask": (lambda: nullable(7), lambda: nullable(9)),
    "shared index": (
        series_with_one_index,
        lambda: [pd.Series([1], pd.Index(["a"])), pd.Series([2], pd.Index(["a"]))],
    ),
    "shared Timestamps": (
        lambda: [pd.Timestamp("2020")] * 2,
        lambda: [pd.Timestamp("2020"), pd.Timestamp("2020")],
    ),
    "strings in chunks": (
        lambda: pd.concat([pd.Series(["a", None]), pd.Series(["b"])], ignore_index=True),
        lambda: pd.Series(["a", None, "b"]),
    ),
    "sliced strings": (lambda: pd.Series(["x", "a"])[1:].array, lambda: pd.Series(["a"]).array),
    "sliced table": (
        lambda: pa.table({"a": [9, 1, None], "s": ["z", "b", None], "l": [[5], [1, 2], None]})[1:],
        lambda: pa.table({"a": [1, None], "s": ["b", None], "l": [[1, 2], None]}),
    ),
    "sliced booleans": (
        lambda: pa.array([True] * 9 + [False, None])[9:],
        lambda: pa.array([False, None]),
    ),
    "sliced structs": (
        lambda: pa.array([{"x": 0}, {"x": 1}, None])[1:],
        lambda: pa.array([{"x": 1}, None]),
    ),
    "chunks of a table": (
        lambda: pa.concat_tables([pa.table({"a": ["x"]}), pa.table({"a": ["y", None]})]),
        lambda: pa.table({"a": ["x", "y", None]}),
    ),
    "chunks of a dictionary": (
        lambda: pa.chunked_array([pa.array([t]).dictionary_encode() for t in ("a", "b")]),
        lambda: pa.chunked_array([pa.array(["a", "b"]).dictionary_encode()]),
    ),
    "under an Arrow null": (lambda: arrow_with_spare(7), lambda: arrow_with_spare(9)),
    "validity that says nothing": (
        lambda: pa.Array.from_buffers(
            pa.int64(), 1, [pa.py_buffer(b"\xff"), pa.py_buffer(np.array([1]))]
        ),
        lambda: pa.array([1]),
    ),
    "chunks of polars": (
        lambda: pl.concat([pl.DataFrame({"a": ["x"]}), pl.DataFrame({"a": ["y"]})], rechunk=False),
        lambda: pl.DataFrame({"a": ["x", "y"]}),
    ),
    "sliced polars": (
        lambda: pl.DataFrame({"a": [9, 1, None], "b": [True, False, None]})[1:],
        lambda: pl.DataFrame({"a": [1, None], "b": [False, None]}),
    ),
    "categories of polars": (
        lambda: pl.Series(["z", "b", "a"], dtype=pl.Categorical)[1:],
        lambda: pl.Series(["b", "a"], dtype=pl.Categorical),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_representation_does_not_count(name):
    """Two ways to hold one value give one fingerprint."""
    one, other = PAIRS[name]
    assert fp(one()) == fp(other())
    assert fp({"in": [one()]}) == fp({"in": [other()]})


@pytest.mark.parametrize("size", [0, 1, 31, 32, 63, 64, 65, 1000])
def test_sharing_of_what_cannot_change_does_not_count(size):
    """On both sides of every size where the way of writing changes, equal lists stay equal."""
    shared, word = (1, "a b"), "a b"
    fresh = [[tuple(iter((1, not_interned(word)))), not_interned(word)] for _ in range(size)]
    assert fp([[shared, word] for _ in range(size)]) == fp(fresh)
    assert fp(pickle.loads(pickle.dumps(fresh))) == fp(fresh)


@pytest.mark.parametrize("size", [1, 31, 32, 64, 1000])
def test_sharing_of_what_can_change_counts(size):
    """A list met twice is not two equal lists, at any size."""
    inner = [1]
    assert fp([inner] * (size + 1)) != fp([[1] for _ in range(size + 1)])
    assert fp([(inner,)] * (size + 1)) != fp([([1],) for _ in range(size + 1)])


def test_a_tuple_reached_along_very_many_paths_is_written_once():
    """Sixty doublings of a tuple end at once, with and without something to change in it."""
    for core in ((1,), ([1],), (Plain(a=1),)):
        nest = core
        for _ in range(60):
            nest = (nest, nest)
        assert fp(nest) == fp(pickle.loads(pickle.dumps(nest)))
        assert fp(nest) != fp((nest, nest))


def test_an_object_met_in_a_set_is_the_same_outside_it():
    """A reference to a member of a set differs from an equal stranger."""
    one, twin, other = Plain(a=1), Plain(a=1), Plain(a=2)
    assert fp([{one, other}, one]) == fp([{other, one}, one])
    assert fp([{one, other}, one]) != fp([{one, other}, twin])
    assert fp([{one, other}, one]) != fp([{one, other}, other])


def test_a_set_that_holds_its_owner_ends():
    """A cycle through a set has a fingerprint, and the same one each time."""

    def made():
        owner = Plain(name="o")
        owner.members = {owner, Plain(name="p")}
        return owner

    assert fp(made()) == fp(made())


def test_memory_is_not_mistaken_for_identity():
    """Objects made while reducing do not stand for others that later lie at their place."""

    class Fresh:
        def __init__(self, n):
            self.n = n

        def __reduce__(self):
            return list, ([[self.n]],)

    prints = {fp([Fresh(n) for n in range(size)]) for size in range(1, 40)}
    assert len(prints) == 39


def test_no_trace_is_left_in_classes():
    """Reading slots and reducing leave ``__slotnames__`` in no class."""

    class Local(Slotted):
        pass

    class LocalList(list):
        __slots__ = ("extra",)

    class LocalState(Slotted):
        def __getstate__(self):
            return {"a": 1}

    for kind, value in (
        (Local, Local(1)),
        (LocalList, LocalList([1])),
        (LocalState, LocalState(1)),
    ):
        before = set(vars(kind))
        fp([value])
        assert set(vars(kind)) == before
    assert copyreg._slotnames(Local) is not None


def test_the_generators_behind_module_functions_are_not_part_of_them():
    """``random.random`` is the same function before and after a draw."""
    import random

    for draw in (random.random, random.randint, np.random.rand):
        before = fp(draw)
        random.random()
        np.random.rand()
        assert fp(draw) == before
    assert fp(random.random) != fp(random.gauss)


def test_the_generator_behind_a_distribution_is_not_part_of_it():
    """A distribution that draws from the shared generator is the same before and after a draw."""
    distribution = scipy.stats.norm(1, 2)
    before = fp(distribution)
    np.random.rand()
    assert fp(distribution) == before
    distribution.random_state = 3
    assert fp(distribution) != before


def test_a_private_generator_is_its_state():
    """A draw changes the fingerprint of a generator that somebody holds."""
    rng = np.random.default_rng(1)
    before = fp(rng)
    rng.random()
    assert fp(rng) != before


def test_floats_that_differ_in_sign_of_zero_differ_in_every_way_of_writing():
    """-0.0 is not 0.0: as a scalar, packed, in a tree, in an array."""
    for around in (
        lambda x: x,
        lambda x: [x],
        lambda x: [x] * 50,
        lambda x: [[x]] * 1 + [[1.0] for _ in range(80)],
        lambda x: np.array([x]),
        np.float64,
        lambda x: pd.Series([x]),
        lambda x: {x: 1},
        lambda x: complex(x, 1),
    ):
        assert fp(around(0.0)) != fp(around(-0.0))


PLAIN_ONLY = """
import sys
from zen_nb.identity.values import QUICK, fingerprint_of
from zen_nb.identity.summary import summarise
class Sink:
    def token(self, thing): return 'x'
fingerprint_of([{1: {2}}, Sink()], Sink()), summarise([1])
print(sorted({'numpy', 'pandas', 'pyarrow', 'polars'} & set(sys.modules)))
"""


def test_heavy_libraries_are_not_imported_for_plain_values():
    """The fingerprint of builtins imports neither numpy nor pandas."""
    import subprocess

    told = subprocess.run(
        [
            sys.executable,
            "-c",
            PLAIN_ONLY,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"


def test_the_name_of_code_counts():
    """What the sink says of a class or function is part of the fingerprint."""

    class Renaming(NameSink):
        def token(self, thing):
            return "new " + super().token(thing)

    for value in (Plain(a=1), len, Plain, np.zeros(1), consolidated()):
        assert fingerprint_of(value, Renaming()) != fp(value)


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_arrays_that_are_written_at_once_are_written_the_same(name, monkeypatch):
    """The short way for arrays of plain numbers gives the bytes of the long one."""
    value = ARRAYS[name]()
    monkeypatch.setitem(QUICK, np.ndarray, lambda encoder, array: None)
    by_parts = fp(value), fp([value, value])
    monkeypatch.setitem(QUICK, np.ndarray, arrays._plain)
    assert (fp(value), fp([value, value])) == by_parts


def test_what_libraries_register_to_send_values_does_not_count() -> None:
    """Dask and tblib prepare exceptions and descriptors for a journey; they stay what they are."""
    done = subprocess.run(
        [sys.executable, "-c", BESIDE_DASK], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


BESIDE_DASK = """
from tests.identity.models import ESTIMATORS
from tests.identity.samples import SAMPLES, fp
chosen = [SAMPLES[name] for name in SAMPLES if "Error" in name] + [ESTIMATORS["histograms"]]
before = [fp(make()) for make in chosen]
import dask.multiprocessing
from tblib import pickling_support
pickling_support.install()
from zen_nb.identity import instances
instances._chosen.clear()
assert [fp(make()) for make in chosen] == before
assert len(chosen) > 1
"""
