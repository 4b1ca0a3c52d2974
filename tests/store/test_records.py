"""What is put into the store comes back, and what cannot come back is a reason."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.store.making import A_COMPONENT, a_record, got, put
from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.options import Configuration
from zen_nb.store.records import Lookup, Store, open_store
from zen_nb.store.serialize import NotLoadable

BIG = 400_000


def test_nothing_is_under_a_new_key(store: Store) -> None:
    """A miss has neither records nor reasons, and what is no key is said to be none."""
    assert store.find("a" * 64) == Lookup()
    assert store.find("../" * 21 + "x").refused
    assert store.evicted("a" * 64) is None


def test_a_record_comes_back_whole(store: Store, folder: Path, opened: Any) -> None:
    """Head, values, transcript and components survive, in this store and in one opened later."""
    record = put(store, a_record(), {"x": 3}, transcript=b"shown" * 2000, components=[A_COMPONENT])
    for reader in (store, opened(folder)):
        (found,) = reader.find(record.key).found
        assert found == record
        assert found.trace[0].guard == {"size": 3}
        assert reader.load(found, {}) == {"x": 3}
        assert reader.transcript(found) == b"shown" * 2000
        (component,) = reader.components(found)
        assert (component, component.shown) == (A_COMPONENT, A_COMPONENT.shown)
    assert record.size_bytes > 10_000
    assert record.writer["format"] == 1


def test_large_values_come_back_mapped_and_private(store: Store) -> None:
    """Changing a restored value changes neither the store nor a second load."""
    values = {"big": np.arange(BIG), "middle": np.arange(3000), "small": np.arange(600)}
    record = put(store, a_record(), values)
    first = got(store, record)
    for array in first.values():
        array[:] = -1
    second = got(store, record)
    for name, array in values.items():
        np.testing.assert_array_equal(second[name], array)


def test_frames_come_back_writable(store: Store) -> None:
    """A restored frame can be changed in place."""
    frame = pd.DataFrame({"a": np.arange(BIG), "b": np.arange(float(BIG))})
    record = put(store, a_record(), {"df": frame})
    back = got(store, record)["df"]
    back.loc[0, "a"] = 99
    back["b"] += 1
    pd.testing.assert_frame_equal(got(store, record)["df"], frame)


def test_equal_large_values_are_kept_once(store: Store, folder: Path) -> None:
    """Two records of the same array share one blob, and it stays until both are gone."""
    one = put(store, a_record(1), {"x": np.arange(BIG)})
    size = store.size_bytes()
    two = put(store, a_record(2), {"y": np.arange(BIG)})
    assert store.size_bytes() - size < 10_000
    store.forget(one.key)
    assert got(store, two)["y"][-1] == BIG - 1
    store.forget(two.key)
    assert files(folder / "blobs") == []
    assert store.size_bytes() == 0


def test_variants_of_one_key_stand_side_by_side(store: Store) -> None:
    """Newest first, at most eight; the same variant is replaced."""
    for number in range(9):
        put(store, a_record(variant=number), {"x": number}, components=[A_COMPONENT])
    newest = put(store, a_record(variant=3), {"x": "new"})
    found = store.find(newest.key).found
    assert [int(record.variant, 16) for record in found] == [3, 8, 7, 6, 5, 4, 2, 1]
    assert [store.load(record, {})["x"] for record in found[:2]] == ["new", 8]
    assert [len(store.components(record)) for record in found[:2]] == [0, 1]


def test_history_is_newest_first_and_bounded(store: Store) -> None:
    """Fifty records of a step, and none of another one's."""
    for number in range(60):
        put(store, a_record(number, created_at=float(number)), {"x": 1})
    put(store, a_record(99, step="other"), {"x": 1})
    past = store.history("train")
    assert [record.created_at for record in past] == [float(n) for n in range(59, 9, -1)]
    assert store.history("nobody") == []


def test_clearing_really_removes(store: Store, folder: Path) -> None:
    """A cleared step leaves nothing, and a cleared store no byte of what was in it."""
    secret = "canary-of-the-store"
    kept = put(store, a_record(1, step="keep"), {"x": np.arange(BIG)})
    gone = put(store, a_record(2), {"x": secret}, components=[A_COMPONENT])
    store.clear("train")
    assert store.find(gone.key) == Lookup()
    assert store.history("train") == []
    assert got(store, kept)["x"][1] == 1
    put(store, gone, {"x": secret * 3})
    store.clear()
    assert store.find(kept.key) == Lookup()
    assert store.size_bytes() == 0
    store.close()
    for path in files(folder):
        assert secret.encode() not in path.read_bytes()


def test_the_limit_evicts_but_never_what_this_run_wrote(folder: Path, opened: Any) -> None:
    """Old results make room and say so; new ones stay although the limit is passed."""
    earlier = opened(folder)
    cheap = put(earlier, a_record(1, duration_s=0.1), {"x": np.arange(BIG)})
    dear = put(earlier, a_record(2, duration_s=1e6), {"x": np.arange(BIG) + 1})
    store = opened(folder, 8_000_000)
    mine = [put(store, a_record(n), {"x": np.arange(BIG) + n}) for n in (3, 4, 5)]
    assert all(got(store, record) for record in mine)
    assert "evicted" in (store.evicted(cheap.key) or "")
    assert store.find(cheap.key).refused
    assert [int(record.key, 16) for record in store.history("train")] == [5, 4, 3, 2, 1]
    assert store.find(dear.key).found == ()
    put(store, a_record(1), {"x": 1})
    assert store.evicted(cheap.key) is None


def test_pruning_takes_the_least_worth_first(folder: Path, opened: Any) -> None:
    """Cheap and large goes before dear and small; what must be kept is kept."""
    writer = opened(folder)
    cheap = put(writer, a_record(1, duration_s=0.1), {"x": np.arange(BIG)})
    dear = put(writer, a_record(2, duration_s=1e6), {"x": np.arange(BIG) + 1})
    kept = put(writer, a_record(3, duration_s=0.0), {"x": np.arange(BIG) + 2})
    store = opened(folder)
    assert store.prune(7_000_000, {kept.key}).keys == (cheap.key,)
    assert got(store, dear)
    assert got(store, kept)


@pytest.mark.parametrize(("name", "other"), [("PYTHON", "3.99"), ("MACHINE", "Plan9 cray")])
def test_another_python_or_machine_is_a_miss_with_a_reason(
    store: Store, monkeypatch: Any, name: str, other: str
) -> None:
    """A record of another minor version, or kind of machine, is not loaded and not an error."""
    record = put(store, a_record(), {"x": 1})
    monkeypatch.setattr(f"zen_nb.store.lookup.{name}", other)
    store._judged.clear()
    assert other in store.find(record.key).refused[0]


def test_a_missing_definition_is_not_loadable(store: Store) -> None:
    """A value that needs a class the notebook lacks says so when it is loaded."""
    namespace: dict[str, Any] = {}
    exec("class Lost: pass\nLost.__module__ = '__main__'", namespace)
    from zen_nb.store.serialize import dump

    record = store.add(a_record(), payload=dump({"x": namespace["Lost"]()}, namespace=namespace))
    with pytest.raises(NotLoadable, match="Lost"):
        store.load(store.find(record.key).found[0], {})


def test_everything_is_private_whatever_the_umask(folder: Path, opened: Any) -> None:
    """Folders 0700, the database 0600, blobs and records 0400, under umask 0."""
    before = os.umask(0)
    try:
        store = opened(folder / "deeper")
        put(store, a_record(), {"x": np.arange(BIG)})
    finally:
        os.umask(before)
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == 0o700 if path.is_dir() else mode in (0o600, 0o400), path
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o400 for p in files(folder / "deeper/blobs"))


def test_a_folder_that_others_can_write_is_refused(folder: Path, opened: Any) -> None:
    """The message has the command that mends it."""
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(StoreUnavailable, match="chmod 700"):
        opened(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(folder: Path, opened: Any) -> None:
    """What another user owns is not read."""
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(StoreUnavailable, match="another user"):
        opened(folder)


def test_without_a_key_nothing_is_loaded_or_kept(
    store: Store, folder: Path, key_folder: Path, opened: Any
) -> None:
    """No signing key: explained misses, and no pickle is touched."""
    record = put(store, a_record(), {"x": 1})
    (key_folder / "signing.key").chmod(0o644)
    unsigned = opened(folder)
    assert "signing key" in unsigned.find(record.key).refused[0]
    with pytest.raises(StoreUnavailable, match="signing key"):
        put(unsigned, a_record(2), {"x": 1})
    with pytest.raises(NotLoadable):
        unsigned.load(record, {})


def test_a_read_only_store_serves_hits(store: Store, folder: Path, opened: Any) -> None:
    """Hits and history come from the journal; writing says why it does not."""
    record = put(store, a_record(), {"x": np.arange(BIG)}, components=[A_COMPONENT])
    store.close()
    reader = Store(folder, 10**9, store._signer, "it is read-only: results are used, none kept")
    assert got(reader, record)["x"][3] == 3
    assert reader.components(record) == (A_COMPONENT,)
    assert reader.history("train") == [record]
    with pytest.raises(StoreUnavailable, match="read-only"):
        put(reader, a_record(2), {"x": 1})
    assert reader.size_bytes() == 0


READ_ONLY = """
import os, sys, tempfile
from pathlib import Path
from tests.store.making import a_record, got, put
from zen_nb.core.errors import StoreUnavailable
from zen_nb.store.records import Store
home = Path(tempfile.mkdtemp())
os.environ["ZEN_NB_KEY_DIR"] = str(home / "key")
if os.geteuid() == 0:  # root may write anywhere: become somebody who may not
    os.chown(home, 65534, 65534)
    os.setuid(65534)
store = Store.open(home / "store", 10**9)
record = put(store, a_record(), {"x": list(range(100_000))})
store.close()
(home / "store").chmod(0o500)
reader = Store.open(home / "store", 10**9)
assert got(reader, record)["x"][-1] == 99_999
try:
    put(reader, a_record(2), {"x": 1})
except StoreUnavailable as error:
    print(error)
(home / "store").chmod(0o700)
import shutil; shutil.rmtree(home)
"""


@pytest.mark.slow
def test_a_folder_without_write_permission_serves_hits() -> None:
    """The permission is seen when the store is opened, and said once something is to be kept."""
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "is read-only" in done.stdout


def test_one_store_for_each_folder(folder: Path) -> None:
    """A process opens a configured folder once."""
    configuration = Configuration(cache_dir=folder, size_limit_bytes=10**6)
    one = open_store(configuration)
    assert open_store(replace(configuration, size_limit_bytes=10**7)) is one
    assert one.size_limit_bytes == 10**7
    one.close()


def test_threads_share_a_store(store: Store) -> None:
    """Writers and readers of one process lose nothing and raise nothing."""
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for at in range(10):
                record = put(store, a_record(number * 100 + at), {"x": (number, at)})
                assert got(store, record)["x"] == (number, at)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.history("train")) == 40


@pytest.mark.slow
def test_processes_share_a_store(folder: Path, opened: Callable[..., Store]) -> None:
    """Two processes that write at the same time lose nothing of each other's."""
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from tests.store.making import a_record, put, got\n"
        "from zen_nb.store.records import Store\n"
        "me = int(sys.argv[2]); store = Store.open(Path(sys.argv[1]), 10**9)\n"
        "for n in range(30):\n"
        "    record = put(store, a_record(me * 1000 + n), {'x': np.arange(200_000) + n})\n"
        "    put(store, a_record(7, variant=me * 1000 + n), {'x': n})\n"
        "    assert got(store, record)['x'][0] == n\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), str(number)])
        for number in (1, 2)
    ]
    assert [worker.wait() for worker in workers] == [0, 0]
    store = opened(folder)
    for number in (1, 2):
        for at in range(30):
            assert got(store, a_record(number * 1000 + at))["x"][-1] == 199_999 + at
    assert len(store.find(a_record(7).key).found) == 8
    counted = store.size_bytes()
    store.prune(10**9)
    assert store.size_bytes() == counted


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
