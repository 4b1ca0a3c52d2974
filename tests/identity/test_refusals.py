"""What has no fingerprint says so, where it is and why."""

from __future__ import annotations

import contextvars
import ctypes
import io
import itertools
import mmap
import socket
import sqlite3
import threading
import weakref

import numpy as np
import pandas as pd
import pytest

from tests.identity.samples import Plain, Slotted, fp
from zen_nb.core.errors import NoFingerprint


async def coroutine():
    """Do nothing."""


class Refusing:
    def __reduce__(self):
        raise ValueError("not today")


class Iterating:
    """An iterator that keeps its state where everyone can see it."""

    def __init__(self, left):
        self.left = left

    def __iter__(self):
        return self

    def __next__(self):
        self.left -= 1
        return self.left


def opened(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a")
    return path.open()


REFUSED = {
    "lock": lambda path: threading.Lock(),
    "rlock": lambda path: threading.RLock(),
    "thread": lambda path: threading.Thread(),
    "local": lambda path: threading.local(),
    "socket": lambda path: socket.socket(),
    "connection": lambda path: sqlite3.connect(":memory:"),
    "open file": opened,
    "mapped file": lambda path: mmap.mmap(-1, 10),
    "generator": lambda path: (n for n in [1]),
    "list iterator": lambda path: iter([1]),
    "dict iterator": lambda path: iter({1: 2}),
    "zip": lambda path: zip([1], [2], strict=True),
    "map": lambda path: map(str, [1]),
    "enumerate": lambda path: enumerate([1]),
    "count": lambda path: itertools.count(),
    "weak reference": lambda path: weakref.ref(Plain),
    "context variable": lambda path: contextvars.ContextVar("a"),
    "pointer": lambda path: ctypes.pointer(ctypes.c_int(1)),
    "refusing class": lambda path: Refusing(),
    "match": lambda path: __import__("re").match("a", "a"),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_content_is_refused(name, tmp_path):
    """Each kind raises `NoFingerprint`, alone and inside other values, with a reason."""
    value = REFUSED[name](tmp_path)
    for around in (
        value,
        [value],
        {"a": (value,)},
        Plain(a=value),
        {value} if name == "lock" else [value],
    ):
        with pytest.raises(NoFingerprint) as caught:
            fp(around)
        assert caught.value.why
        assert "\n" not in str(caught.value)


def test_a_coroutine_is_refused():
    """What is about to run cannot be copied."""
    waiting = coroutine()
    with pytest.raises(NoFingerprint):
        fp(waiting)
    waiting.close()


@pytest.mark.parametrize(
    ("around", "path"),
    [
        (lambda lock: lock, ""),
        (lambda lock: [1, 2, lock], "[2]"),
        (lambda lock: {"a": lock}, "['a']"),
        (lambda lock: Plain(lock=lock), ".lock"),
        (Slotted, ".shown"),
        (lambda lock: {"models": [Plain(inner=Plain(lock=lock))]}, "['models'][0].inner.lock"),
        (lambda lock: (0, {"x" * 100: lock}), f"[1]['{'x' * 38}…]"),
        (lambda lock: pd.DataFrame({"a": [1], "b": [lock]}), "['b'][0]"),
        (lambda lock: np.array([1, lock], object), "[1]"),
        (lambda lock: Plain(lock=lock).__init__, ".__self__.lock"),
    ],
)
def test_the_error_says_where(around, path):
    """The path is written as Python would write it."""
    with pytest.raises(NoFingerprint) as caught:
        fp(around(threading.Lock()))
    assert caught.value.path == path
    assert caught.value.type_name == "_thread.lock"
    assert str(caught.value).startswith("_thread.lock" + (f" at {path} " if path else " "))


def test_what_is_nested_too_deeply_is_refused():
    """A chain that would exhaust the stack has no fingerprint, and says why."""
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NoFingerprint, match="nested too deeply"):
        fp(deep)
    while deep:  # taken apart by hand: so would the interpreter exhaust its own
        deep = deep[0]


class Unreadable:
    """Raises from where nobody expects it."""

    __slots__ = ("part",)

    @property
    def __getnewargs__(self):
        raise ZeroDivisionError("no luck")


def test_a_value_whose_code_fails_is_refused():
    """An exception of the value's own code is a refusal, not an exception in the user's cell."""
    with pytest.raises(NoFingerprint, match="no luck"):
        fp([Unreadable()])


def test_a_refusal_does_not_spoil_the_next_fingerprint():
    """After an error, an encoder starts anew."""
    from tests.identity.samples import NameSink
    from zen_nb.identity.values import Encoder

    encoder = Encoder(NameSink())
    with pytest.raises(NoFingerprint):
        encoder.fingerprint([[1], threading.Lock()])
    assert encoder.fingerprint([[1], {2}]) == fp([[1], {2}])


def test_reading_in_memory_files_and_visible_iterators_is_content():
    """Files in memory and iterators with visible state are content, position included."""
    whole, read = io.BytesIO(b"ab"), io.BytesIO(b"ab")
    read.read(1)
    assert fp(whole) != fp(read)
    assert fp(Iterating(3)) == fp(Iterating(3)) != fp(Iterating(2))


def test_a_fingerprint_uses_nothing_up():
    """Taking it moves no position and draws no number."""
    rng, file = np.random.default_rng(1), io.StringIO("ab")
    fp([rng, file])
    assert file.read() == "ab"
    assert rng.random() == np.random.default_rng(1).random()
