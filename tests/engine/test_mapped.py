"""What the store has mapped is not hashed again, unless somebody may have written to it."""

from __future__ import annotations

import copy
import ctypes
import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zen_nb import fingerprint, step
from zen_nb.store import mapping
from zen_nb.store.mapping import mappings, pages

ROWS = 50_000


@step
def made(number: int, *, objects: bool = False) -> pd.DataFrame:
    columns: dict[str, Any] = {f"c{n}": np.arange(ROWS) + n + number for n in range(5)}
    if objects:
        columns["text"] = [f"row {n}" for n in range(ROWS)]
    return pd.DataFrame(columns)


@step
def arrays(number: int) -> dict[str, Any]:
    square = np.arange(250_000.0).reshape(500, 500) + number
    return {"square": square, "turned": np.asfortranarray(square * 2), "raw": bytearray(300_000)}


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "cache"))


def back(function: Any, *args: Any, **more: Any) -> Any:
    """Return what a step gives when it is a hit, from blobs older than the clock's tick."""
    import time

    function(*args, **more)
    time.sleep(0.05)
    return function(*args, **more)


def proofs(value: object, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """Return the fingerprint, and how many bytes were proven instead of read."""
    proven: list[int] = []
    ask = mappings.digest

    def digest(address: int, size: int) -> bytes | None:
        found = ask(address, size)
        proven.append(size if found else 0)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(mappings, "digest", digest)
        return fingerprint(value), sum(proven)


needs_pages = pytest.mark.skipif(
    not pages._is_right(), reason="this system does not tell which pages were written"
)


@needs_pages
def test_an_untouched_frame_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column is proven from the first time on, and the fingerprint is that of a copy."""
    frame = back(made, 1)
    told, proven = proofs(frame, monkeypatch)
    assert told == fingerprint(frame.copy())
    assert proven == frame.memory_usage(index=False).sum()


@needs_pages
def test_what_is_read_once_is_proven_after_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part whose digest the record does not have is hashed the first time only."""
    value = back(arrays, 1)["square"][100:300]
    assert proofs(value, monkeypatch)[1] == 0
    told, proven = proofs(value, monkeypatch)
    assert proven == value.nbytes
    assert told == fingerprint(value.copy())


@needs_pages
def test_only_the_part_that_was_written_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """One cell of one column: the other columns are still proven."""
    frame = back(made, 2)
    frame.iloc[7, 2] = -1
    told, proven = proofs(frame, monkeypatch)
    assert told == fingerprint(frame.copy())
    assert 0 < proven < frame.memory_usage(index=False).sum()


def _slice(array: Any, at: int) -> None:
    array.flat[at] = -1


def _out(array: Any, at: int) -> None:
    np.add(array, at + 1, out=array)


def _pointer(array: Any, at: int) -> None:
    place = array.__array_interface__["data"][0] + at * array.itemsize
    ctypes.memset(place, 0x5A, array.itemsize)


def _read_into(array: Any, at: int) -> None:
    with Path(os.devnull).open("rb"), Path("/dev/zero").open("rb", buffering=0) as zeros:
        zeros.readinto(memoryview(array).cast("B")[at * 8 : at * 8 + 8])


def _old_view(array: Any, at: int) -> None:
    view = array.reshape(-1).view("u1")
    array = None
    view[at * 8] ^= 0xFF


def _flag(array: Any, at: int) -> None:
    array.flags.writeable = False
    array.flags.writeable = True
    array.ravel()[at] = 12345


WAYS: list[Callable[[Any, int], None]] = [_slice, _out, _pointer, _read_into, _old_view, _flag]


@given(
    st.lists(
        st.tuples(st.sampled_from(WAYS), st.sampled_from([0, 1, 511, 512, 40_000, 249_999])),
        max_size=4,
    ),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_whatever_writes_to_it_is_seen(
    writes: list[tuple[Callable[[Any, int], None], int]], asked_before: bool
) -> None:
    """By slices, ufuncs, pointers, reads, old views and flags: the fingerprint is that of a copy."""
    array = back(arrays, 3)["square"]
    if asked_before:
        fingerprint(array)
    for write, at in writes:
        write(array, at)
        assert fingerprint(array) == fingerprint(array.copy())


def test_everything_of_a_step_is_as_its_copy() -> None:
    """Orders, bytearrays, text and objects beside what is mapped."""
    for value in (back(arrays, 4), back(made, 5, objects=True)):
        assert fingerprint(value) == fingerprint(copy.deepcopy(value))


def blobs(folder: Path) -> list[Path]:
    return [path for path in (folder / "cache" / "blobs").rglob("*") if path.is_file()]


def test_a_file_that_is_removed_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evicted while it is mapped, the value stays what it is, and is hashed."""
    frame = back(made, 6)
    wanted = fingerprint(frame.copy())
    for path in blobs(tmp_path):
        path.unlink()
    assert proofs(frame, monkeypatch) == (wanted, 0)


def test_a_file_that_is_written_behind_our_back_proves_nothing(tmp_path: Path) -> None:
    """Clean pages show what is in the file now: it counts, not what was stored."""
    array = back(arrays, 7)["square"]
    before = fingerprint(array)
    assert array[0, 0] == 7
    for path in blobs(tmp_path):
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.write(b"\1" * 8)
    assert fingerprint(array) == fingerprint(array.copy())
    assert fingerprint(array) != before


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_sees_its_own_pages() -> None:
    """What the child writes is the child's, in both processes."""
    array = back(arrays, 8)["square"]
    before = fingerprint(array)
    child = os.fork()
    if not child:
        try:
            array[3, 3] = -5
            os._exit(0 if fingerprint(array) == fingerprint(array.copy()) != before else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert fingerprint(array) == before


def test_mappings_are_forgotten_with_their_values() -> None:
    """Nothing is kept alive, and an address that is used again says nothing of what was there."""
    gc.collect()
    before = len(mappings._at)
    value = back(arrays, 9)
    assert len(mappings._at) > before
    del value
    gc.collect()
    assert len(mappings._at) == before


def test_where_the_system_cannot_tell_everything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer from the kernel is no proof."""
    frame = back(made, 10)
    monkeypatch.setattr(mapping.pages, "_works", False)
    assert proofs(frame, monkeypatch) == (fingerprint(frame.copy()), 0)
