"""What the store takes is counted, and what is worth least goes first."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.making import a_record, got, mounted, put
from zen_nb.store import space as spaces
from zen_nb.store.records import Store

BIG = 200_000  # elements of 8 bytes: a blob


def taken(folder: Path) -> int:
    """Return the bytes of all that is counted: blobs, and the files of records."""
    files = [*(folder / "blobs").rglob("*"), *(folder / "records").rglob("*")]
    return sum(path.stat().st_size for path in files if path.is_file())


def blobs_of(folder: Path) -> set[str]:
    return {path.name for path in (folder / "blobs").rglob("*") if path.is_file()}


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(1, 4), st.integers(0, 1), st.integers(0, 2)),
            st.tuples(st.just("forget"), st.integers(1, 4)),
            st.tuples(st.just("clear"), st.sampled_from(["train", "load"])),
            st.tuples(st.just("prune"), st.integers(0, 5_000_000)),
            st.tuples(st.just("reopen")),
        ),
        max_size=12,
    )
)
@settings(max_examples=25, deadline=None)
def test_what_is_counted_is_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[tuple[Any, ...]]
) -> None:
    """Whatever is added, replaced, removed and evicted: bytes and owners stay right."""
    folder = tmp_path_factory.mktemp("counted") / "store"
    store = Store.open(folder, 10**9)
    for deed, *args in deeds:
        if deed == "add":
            key, variant, content = args
            made = a_record(key, variant=variant, step=("load", "train")[key % 2])
            put(store, made, {"x": np.arange(BIG) + content, "y": np.arange(BIG)})
        elif deed == "forget":
            store.forget(f"{args[0]:064x}")
        elif deed == "clear":
            store.clear(args[0])
        elif deed == "prune":
            store.prune(args[0])
        else:
            store.close()
            store = Store.open(folder, 10**9)
    assert store.size_bytes() == taken(folder)
    counted = {digest: store._space().owners(digest) for digest in blobs_of(folder)}
    assert all(counted.values()), "a blob that no record names is still there"
    before = store.size_bytes()
    store._space().recount()
    assert store.size_bytes() == before
    assert {digest: store._space().owners(digest) for digest in counted} == counted
    store.close()


def test_an_earlier_result_outlives_a_write_that_fails(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failed record would have replaced loses none of its bytes."""
    record = put(store, a_record(), {"x": np.arange(BIG)})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store._journal, "write", full)
        with pytest.raises(Exception, match="No space left"):
            put(store, a_record(), {"x": np.arange(BIG) + 1})
    np.testing.assert_array_equal(got(store, record)["x"], np.arange(BIG))


def test_pinned_records_stay(folder: Path, opened: Any) -> None:
    """However little a pinned record is worth, everything else goes before it, and it stays."""
    writer = opened(folder)
    cheap = put(writer, a_record(1, duration_s=0.0), {"x": np.arange(BIG)})
    dear = put(writer, a_record(2, duration_s=1e6), {"x": np.arange(BIG) + 1})
    store = opened(folder)
    store.pins.add(cheap.key)
    assert store.prune(0).keys == (dear.key,)
    assert got(store, cheap)
    store.pins.remove(cheap.key)
    assert store.prune(0).keys == (cheap.key,)
    assert store.size_bytes() == 0


def test_what_would_be_lost_is_what_is_lost(folder: Path, opened: Any) -> None:
    """The forecast of an eviction names the same records, bytes and seconds."""
    writer = opened(folder)
    for number in range(1, 9):
        made = a_record(number, duration_s=float(number))
        put(writer, made, {"x": np.arange(BIG) + number // 2})
    store = opened(folder)
    told = store.would_lose(3_000_000)
    done = store.prune(store.size_bytes() - 3_000_000)
    assert set(told.keys) == set(done.keys)
    assert (told.freed_bytes, told.lost_s) == (done.freed_bytes, done.lost_s)
    assert told.freed_bytes >= 3_000_000


def test_a_store_with_many_records_is_sampled(
    folder: Path, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at in parts it still comes down to the size asked for, and the worthy stay longest."""
    monkeypatch.setattr(spaces, "SAMPLE", 12)
    writer = opened(folder)
    for number in range(60):
        key = f"{number * 4 % 256:02x}{number:062x}"
        made = a_record(duration_s=1e6 if number % 10 == 0 else 0.1)
        put(writer, replace_key(made, key), {"x": number})
    store = opened(folder)
    store.prune(store.size_bytes() // 2)
    assert store.size_bytes() <= taken(folder) * 1.01
    left = [key for key, raw in store._space().record_rows() if store.find(key).found]
    assert 20 <= len(left) <= 40
    dear = sum(store.find(key).found[0].duration_s > 1 for key in left)
    assert dear >= 5


def replace_key(record: Any, key: str) -> Any:
    from dataclasses import replace

    return replace(record, key=key)


def test_a_row_that_was_written_anew_meanwhile_stays(store: Store) -> None:
    """What was chosen to go and has been computed again since is not what was chosen."""
    record = put(store, a_record(), {"x": 1})
    chosen, _, _ = store._space().least_worth(10**9, ())
    assert [one.key for one in chosen] == [record.key]
    put(store, a_record(variant=1), {"x": 2})
    store._space()._remove([(one.key, one.raw) for one in chosen], "evicted")
    assert len(store.find(record.key).found) == 2


def test_orphans_are_swept_after_an_hour(store: Store, folder: Path) -> None:
    """A blob without a record may be one that is being written; later it is rubbish."""
    import os

    kept = store._blobs.put([b"x" * 5000]).digest
    store.prune(10**9)
    assert blobs_of(folder) == {kept}
    old = time.time() - 4000
    os.utime(store._blobs.path(kept), (old, old))
    store.prune(10**9)
    assert blobs_of(folder) == set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount 20 MB of memory as a disk of its own, where the machine allows."""
    with mounted(tmp_path / "disk") as there:
        if not there:
            pytest.skip("nothing can be mounted here")
        yield tmp_path / "disk"


def test_a_full_disk_keeps_what_it_has_and_can_be_cleaned(small_disk: Path, opened: Any) -> None:
    """No room: the result is refused with one line, hits go on, and cleaning makes room again."""
    from zen_nb.core.errors import StoreUnavailable

    store = opened(small_disk / "store")
    kept = [put(store, a_record(n), {"x": np.arange(BIG) + n}) for n in range(1, 9)]
    with pytest.raises(StoreUnavailable, match=r"No space left|full"):
        put_many(store)
    fill(small_disk)
    for number, record in enumerate(kept, 1):
        assert got(store, record)["x"][0] == number
    with pytest.raises(StoreUnavailable):
        put(store, a_record(99), {"x": np.arange(BIG) - 1})
    other = opened(small_disk / "store")  # another kernel, which has written none of it
    assert got(other, kept[0])["x"][0] == 1
    done = other.prune(5_000_000)
    assert done.freed_bytes > 5_000_000
    put(store, a_record(99), {"x": np.arange(BIG) - 1})
    assert got(store, a_record(99))["x"][0] == -1
    store.clear()
    assert store.size_bytes() == 0


def put_many(store: Store) -> None:
    for number in range(100, 200):
        put(store, a_record(number), {"x": np.arange(BIG) + number})


def fill(disk: Path) -> None:
    """Write until nothing more goes in."""
    try:
        with (disk / "rest").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
    except OSError:
        return


HEAVY = """
import re, sys
import numpy as np
from pathlib import Path
from tests.store.making import a_record, put
from zen_nb.store.records import Store
array = np.ones(100_000_000)
store = Store.open(Path(sys.argv[1]), 10**12)
put(store, a_record(), {"x": array})
# Of this program alone: what `resource` tells includes who started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
print(peak / array.nbytes)
"""


@pytest.mark.slow
def test_a_large_value_is_stored_within_its_own_memory(folder: Path) -> None:
    """800 MB are hashed, written and read back in pieces: the process peaks below 1.2 times that."""
    import sys

    done = subprocess.run(
        [sys.executable, "-c", HEAVY, str(folder)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 1.2
