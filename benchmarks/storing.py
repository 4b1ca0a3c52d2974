"""What the store costs: bytes written and read back, and lookups as records become many."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib

from benchmarks.timing import Row, medians

RECORDS = (100, 10_000)
GIGABYTE = 1_000_000_000
_COLUMNS = 10
_CHUNK = 8 << 20


def rows() -> list[Row]:
    """Return what storing and finding costs, beside joblib, diskcache and the plain disk."""
    return [*_growing(), *_small(), *_large(), *_memory()]


@contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder of its own, with a key in it."""
    before = os.environ.get("ZEN_NB_CACHE_DIR")
    place = Path(tempfile.mkdtemp())
    os.environ["ZEN_NB_CACHE_DIR"] = str(place / "cache")
    try:
        yield place
    finally:
        if before is not None:
            os.environ["ZEN_NB_CACHE_DIR"] = before
        shutil.rmtree(place)


def add(a: float, b: float = 2.0) -> float:
    """Return the sum: a function that costs nothing, so that only the cache is measured."""
    return a + b


def _growing() -> list[Row]:
    """Hits of a small step as the store fills up with the records of others."""
    from zen_nb import step

    found: list[Row] = []
    with _folder() as place:
        theirs = joblib.Memory(place / "joblib", verbose=0).cache(add)
        first = 0.0
        filled = 0
        for records in RECORDS:
            filled += _fill(place / "cache", records - filled)
            ours = step(add)
            sides = {"zen_nb": lambda ours=ours: ours(1.0), "joblib": lambda: theirs(1.0)}
            took = medians(sides, rounds=1000, warm_up=20)
            first = first or took["zen_nb"]
            met = took["zen_nb"] <= took["joblib"] / 2 and took["zen_nb"] <= 2 * first
            goal = "≤ 0.5 × joblib, ≤ 2 × that of 100"
            what = f"hit of a small @step, {records:,} records"
            found.append(Row(what, took["zen_nb"], "joblib", took["joblib"], goal, met))
    return found


def _fill(folder: Path, count: int) -> int:
    """Put `count` records into a store, thousands in one transaction; return how many."""
    from zen_nb.core.model import Component, Record
    from zen_nb.store import envelope
    from zen_nb.store.records import Store
    from zen_nb.store.sections import Contents, Parts, lay_out
    from zen_nb.store.serialize import dump

    store: Any = Store.open(folder, 10**12)
    rows, blobs, signer = store._rows, store._blobs, store._signer  # noqa: SLF001 - in bulk
    source = random.Random(count)
    payload = dump({"x": 1.5}, namespace={})
    components = [Component("code", "ef" * 32, {"source": "return a + b"})]
    left = count
    while left:
        some = min(left, 5000)
        with rows.transaction():
            for _ in range(some):
                key, step = source.randbytes(32).hex(), f"step_{source.randrange(500)}"
                made = Record(key, "00" * 32, step, time.time(), 1.0, (), (_AN_ARTIFACT,))
                parts = Parts()
                lay_out(parts, Contents(payload, components=components), blobs)
                made = replace(made, size_bytes=parts.size_bytes, writer={"python": "3.11"})
                sealed = envelope.seal(signer, made, parts.sections, parts.inline)
                rows.put(key, envelope.framed([(sealed, b"")]))
        left -= some
    store.close()
    return count


def _artifact() -> Any:
    from zen_nb.core.model import Artifact

    return Artifact("x", "cd" * 32, "float", "1.5")


def _small() -> list[Row]:
    """Ten thousand small results stored one after the other, and as outputs of one step."""
    import diskcache
    import numpy as np

    from zen_nb.core.model import Record
    from zen_nb.store.records import Store
    from zen_nb.store.serialize import dump

    count = 10_000
    with _folder() as place:
        store = Store.open(place / "cache", 10**12)
        source = random.Random(1)
        payload = dump({"x": 1.5}, namespace={})
        keys = [source.randbytes(32).hex() for _ in range(count)]

        def ours() -> None:
            for key in keys:
                record = Record(key, "00" * 32, "step", time.time(), 1.0, (), (_AN_ARTIFACT,))
                store.add(record, payload=payload)

        theirs = joblib.Memory(place / "joblib", verbose=0).cache(add)
        plain = diskcache.Cache(str(place / "plain"))
        took = _seconds(ours)
        beside = _seconds(lambda: [theirs(float(number)) for number in range(count)])
        sets = _seconds(lambda: [plain.set(key, payload.stream) for key in keys])
        arrays = {f"a{number}": np.arange(number % 7) for number in range(count)}

        def at_once() -> None:
            record = Record("ab" * 32, "00" * 32, "all", time.time(), 1.0, (), ())
            store.add(record, payload=dump(arrays, namespace={}))

        whole = _seconds(at_once)
        store.close()
    goal = "≥ 2,000/s: ≤ 500 µs"
    met = "a small result stored"
    return [
        Row(met, took / count, "joblib", beside / count, goal, took / count <= 0.0005),
        Row(met, took / count, "diskcache", sets / count, "for comparison", met=True),
        Row("one of 10,000 small outputs of a step stored", whole / count, "", None, goal,
            whole / count <= 0.0005),
    ]  # fmt: skip


_SCRIPT = """
import json, sys, time
import numpy as np, pandas as pd
from pathlib import Path

which, folder = sys.argv[1:3]

def taken():
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())

def load(rows):
    source = np.random.default_rng(0)
    return pd.DataFrame({f"c{n}": source.random(rows) for n in range(10)})

def widen(df):
    df = df.copy(deep=False)
    df["wide"] = df["c0"] * 2
    return df

def warm(x):  # what the first step of a process pays for, whatever it holds
    return pd.DataFrame({"x": np.random.default_rng(x).random(3)})

if which == "joblib":
    import joblib
    memory = joblib.Memory(folder, verbose=0)
    load, widen, warm = map(memory.cache, (load, widen, warm))
else:
    from zen_nb import fingerprint, step
    load, widen, warm = map(step, (load, widen, warm))

def seconds(call):
    began = time.perf_counter()
    made = call()
    return time.perf_counter() - began, made

warm(1)
told = {}
told["hit"], frame = seconds(lambda: load(12_500_000))
told["row"], _ = seconds(lambda: float(frame.iloc[0, 0]))
if which == "zen_nb":
    told["print"], _ = seconds(lambda: fingerprint(frame))
    told["again"], _ = seconds(lambda: fingerprint(frame))
    if "fresh" in sys.argv:
        from blake3 import blake3
        fresh = frame.copy()
        told["fresh"], _ = seconds(lambda: fingerprint(fresh))
        block = fresh.to_numpy()
        told["blake3"], _ = seconds(
            lambda: blake3(block.T.ravel().view("u1"), max_threads=blake3.AUTO).digest()
        )
before = taken()
told["widen"], _ = seconds(lambda: widen(frame))
told["wrote"] = taken() - before
print(json.dumps(told))
"""


def _large() -> list[Row]:
    """A frame of a gigabyte: stored, brought back in a new process, fingerprinted, widened."""
    with _folder() as place:
        script = place / "frame.py"
        script.write_text(_SCRIPT)
        widened = _told(script, "zen_nb", place / "cache")["wrote"]
        hits = [_told(script, "zen_nb", place / "cache", "fresh") for _ in range(3)]
        _told(script, "joblib", place / "joblib")
        peers = [_told(script, "joblib", place / "joblib") for _ in range(3)]
        stored = _store_gigabyte(place)
    ours = {name: sorted(one[name] for one in hits)[1] for name in hits[0]}
    theirs = {name: sorted(one[name] for one in peers)[1] for name in peers[0]}
    hit, peer = ours["hit"] + ours["row"], theirs["hit"] + theirs["row"]
    column = GIGABYTE / _COLUMNS
    return [
        stored,
        Row("hit of a 1 GB frame in a new process, its first row read", hit, "joblib", peer,
            "≤ 10 ms, ≤ joblib / 100", hit <= 0.010 and hit <= peer / 100),
        Row("fingerprint of that frame, untouched, the first time", ours["print"], "", None,
            "≤ 5 ms", ours["print"] <= 0.005),
        Row("fingerprint of a fresh 1 GB frame", ours["fresh"], "BLAKE3 of its bytes",
            ours["blake3"], "≤ 1.2 × hashing", ours["fresh"] <= 1.2 * ours["blake3"]),
        Row("a column added to it, bytes written (GB as s)", widened / GIGABYTE, "that column",
            column / GIGABYTE, "≤ 1.01", widened <= 1.01 * column),
    ]  # fmt: skip


def _told(script: Path, *words: object) -> dict[str, float]:
    import json

    ask = [sys.executable, str(script), *map(str, words)]
    done = subprocess.run(ask, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _store_gigabyte(place: Path) -> Row:
    """Store a gigabyte, beside writing the same bytes and flushing them to the disk."""
    import numpy as np

    from zen_nb.core.model import Record
    from zen_nb.store.records import Store
    from zen_nb.store.serialize import dump

    store = Store.open(place / "cache", 10**12)
    source = np.random.default_rng(1)
    array = source.integers(0, 256, GIGABYTE, dtype="u1")

    def ours() -> None:
        array[:8] += 1
        record = Record(os.urandom(32).hex(), "00" * 32, "big", time.time(), 1.0, (), ())
        store.add(record, payload=dump({"x": array}, namespace={}))

    def plain() -> None:
        with (place / os.urandom(8).hex()).open("wb", buffering=0) as file:
            view = memoryview(array)
            while view.nbytes:
                view = view[file.write(view[:_CHUNK]) :]
            os.fsync(file.fileno())

    took = medians({"zen_nb": ours, "plain": plain}, rounds=3, warm_up=1)
    store.close()
    ratio = took["zen_nb"] / took["plain"]
    return Row("1 GB stored", took["zen_nb"], "plain write and fsync", took["plain"],
               "≤ 1.2 × plain", ratio <= 1.2)  # fmt: skip


_HEAVY = """
import resource, sys, time
import numpy as np
from pathlib import Path
from zen_nb.core.model import Record
from zen_nb.store.records import Store
from zen_nb.store.serialize import dump
array = np.ones(int(sys.argv[2]) // 8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store = Store.open(Path(sys.argv[1]), 10**12)
record = Record("ab" * 32, "00" * 32, "big", 0.0, 1.0, (), ())
store.add(record, payload=dump({"x": array}, namespace={}))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / array.nbytes)
"""


def _memory() -> list[Row]:
    """Peak memory of a process that stores a large array, in units of the array."""
    size = 4 * GIGABYTE
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    while size > free / 2:
        size //= 2
    with _folder() as place:
        ask = [sys.executable, "-c", _HEAVY, str(place / "cache"), str(size)]
        done = subprocess.run(ask, capture_output=True, text=True, check=True)
    peak = float(done.stdout)
    what = f"peak memory while {size / GIGABYTE:.3g} GB are stored (× as s)"
    return [Row(what, peak, "the array", 1.0, "≤ 1.2 ×", peak <= 1.2)]


def _seconds(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


_AN_ARTIFACT = _artifact()
