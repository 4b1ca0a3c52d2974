"""Killed, interrupted, full, forked: the old state or the new one, and no lock left behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diskcache
import pytest

from tests.store.making import a_record, got, put
from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import Record
from zen_nb.store.blobs import Blobs
from zen_nb.store.disk import BadRow, RowDisk, Rows
from zen_nb.store.drafts import Draft, digest_of
from zen_nb.store.interrupts import held
from zen_nb.store.records import Store

WRITER = """
import sys, numpy as np
from pathlib import Path
from tests.store.making import a_record, put
from zen_nb.store.records import Store
store = Store.open(Path(sys.argv[1]), 10**9)
print("ready", flush=True)
for n in range(int(sys.argv[2]), 10**6):
    put(store, a_record(n), {"n": n, "x": np.arange(n, n + 300_000)})
    print(n, flush=True)
"""


@pytest.mark.slow
def test_killed_while_writing_leaves_only_whole_records(folder: Path, opened: Any) -> None:
    """After every kill each record that was reported loads, and the next run can write."""
    source = random.Random(3)
    told: list[int] = []
    for turn in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(turn * 1000)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        told += [int(writer.stdout.readline()) for _ in range(source.randrange(1, 4))]
        time.sleep(source.random() / 50)
        writer.kill()
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
        writer.wait()
        writer.stdout.close()
    store = opened(folder)
    for number in told:
        values = got(store, a_record(number))
        assert (values["n"], values["x"][0], values["x"][-1]) == (number, number, number + 299_999)
    put(store, a_record(999_999), {"x": 1})
    old = time.time() - 100
    for draft in (folder / "drafts").iterdir():
        os.utime(draft, (old, old))
    Blobs(folder).sweep_drafts()
    assert list((folder / "drafts").iterdir()) == []


def test_a_draft_that_is_being_written_is_not_swept(folder: Path) -> None:
    """However old it looks, a draft whose writer lives stays."""
    folder.mkdir()
    with Draft(folder / "drafts") as draft:
        os.utime(draft._path, (0, 0))
        Blobs(folder).sweep_drafts()
        assert Path(draft._path).exists()
    assert not Path(draft._path).exists()


@pytest.fixture
def own_interrupts() -> Iterator[None]:
    """Give the test Python's own handler: what ran before in this process may have left another."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("own_interrupts")
def test_an_interrupt_waits_for_the_end_of_the_call() -> None:
    """It is delivered once, after the outermost block, to the handler that was there."""
    steps = []

    def interrupted() -> None:
        with held:
            with held:
                signal.raise_signal(signal.SIGINT)
                steps.append("inner")
            steps.append("outer")
        steps.append("never")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert steps == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("own_interrupts")
def test_interrupts_are_left_alone_in_other_threads() -> None:
    """A thread cannot hold them off, and does not try."""
    seen: list[Any] = []

    def work() -> None:
        with held:
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


INTERRUPTED = """
import random, signal, sys, threading, time
import numpy as np
from pathlib import Path
from tests.store.making import a_record, put
from zen_nb.store.records import Store
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
store, other = (Store.open(Path(sys.argv[1]), 10**9) for _ in range(2))
main = threading.main_thread().ident
source = random.Random(4)
interrupted = 0
for number in range(60):
    timer = threading.Timer(source.random() / 120, signal.pthread_kill, (main, signal.SIGINT))
    try:
        timer.start()
        put(store, a_record(number), {"x": np.arange(number, number + 200_000)})
        timer.join()
        time.sleep(0.001)
    except KeyboardInterrupt:
        interrupted += 1
    timer.join()
    found = other.find(a_record(number).key).found
    if found:
        assert other.load(found[0], {})["x"][0] == number
    put(other, a_record(1000 + number), {"x": 1})
assert interrupted > 30, interrupted
counted = other.size_bytes()
other.prune(10**9)
assert other.size_bytes() >= counted
"""


@pytest.mark.slow
def test_interrupts_while_storing_leave_no_lock_and_no_part(folder: Path) -> None:
    """Interrupted at many moments, what is found is whole and another store can write at once."""
    # In a process of its own: an interrupt that comes late must not end the test runner.
    subprocess.run([sys.executable, "-c", INTERRUPTED, str(folder)], check=True)


FULL = """
import resource, sys, numpy as np
from pathlib import Path
from tests.store.making import a_record, got, put
from zen_nb.core.errors import StoreUnavailable
from zen_nb.store.records import Store
store = Store.open(Path(sys.argv[1]), 10**9)
kept = put(store, a_record(1), {"x": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
before = sorted(p for p in store.folder.rglob("*") if p.is_file())
try:
    put(store, a_record(2), {"x": np.arange(400_000), "y": np.arange(1000)})
except StoreUnavailable as error:
    print(error)
assert sorted(p for p in store.folder.rglob("*") if p.is_file()) == before
assert got(store, kept) == {"x": 1}
assert store.find(a_record(2).key).found == ()
put(store, a_record(3), {"x": 3})
store.clear()
"""


@pytest.mark.slow
def test_no_room_leaves_no_part_and_hits_go_on(folder: Path) -> None:
    """Where a blob cannot be written: one message, nothing left over, reads and cleaning work."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cannot write to")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_children_forked_beside_writers_use_the_store(store: Store) -> None:
    """No child hangs, reads what was there, writes, and the parent goes on."""
    record = put(store, a_record(), {"x": 1})
    stop = threading.Event()

    def write(number: int) -> None:
        at = 0
        while not stop.is_set():
            at += 1
            put(store, a_record(number + at), {"x": at})

    threads = [threading.Thread(target=write, args=(n * 10**6,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    children = [_fork_and_use(store, record, number) for number in range(8)]
    codes = _wait_for(children)
    stop.set()
    for thread in threads:
        thread.join()
    assert codes == [0] * 8
    assert [got(store, a_record(10 + number))["x"] for number in range(8)] == list(range(8))


def _fork_and_use(store: Store, record: Record, number: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        fine = got(store, record) == {"x": 1}
        put(store, a_record(10 + number), {"x": number})
        os._exit(0 if fine else 1)
    finally:
        os._exit(2)


def _wait_for(children: list[int]) -> list[int]:
    """Return their exit states; a child that hangs for 30 s is killed and shows as that."""
    deadline = time.monotonic() + 30
    codes = []
    for child in children:
        done, status = 0, 0
        while not done and time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            time.sleep(0.005)
        if not done:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        codes.append(status)
    return codes


def test_rows_know_bytes_under_hexadecimal_keys_only(tmp_path: Path) -> None:
    """No pickle, no file, no other key, and removing a named file does nothing."""
    disk = RowDisk(str(tmp_path), min_file_size=1, pickle_protocol=2, unknown=3)
    for key in (1, b"ab", "../x", ("a",), None):
        with pytest.raises(BadRow):
            disk.put(key)
    for value in ("text", 1, bytearray(b"x"), [1]):
        with pytest.raises(BadRow):
            disk.store(value, read=False)
    (tmp_path / "victim").write_bytes(b"x")
    disk.remove("victim")
    with pytest.raises(BadRow):
        disk.fetch(diskcache.core.MODE_BINARY, "victim", None, read=False)
    assert (tmp_path / "victim").exists()


def test_a_transaction_keeps_all_or_nothing(tmp_path: Path) -> None:
    """What is put before an exception is not kept, and the lock is free."""
    rows, other = Rows(tmp_path), Rows(tmp_path)
    rows.put("aa", b"old")

    def fail_within() -> None:
        with rows.transaction():
            rows.put("aa", b"new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_within()
    assert other.get("aa") == b"old"
    other.put("aa", b"other")
    assert rows.get("aa") == b"other"
    rows.close()
    other.close()


def test_a_busy_store_says_who_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another kernel holds the lock too long, the message says so."""
    monkeypatch.setattr("zen_nb.store.disk.WAIT_S", 0.05)
    rows, other = Rows(tmp_path), Rows(tmp_path)
    rows.put("aa", b"1")
    with rows.transaction(), pytest.raises(StoreUnavailable, match="another kernel"):
        other.put("aa", b"2")
    other.put("aa", b"3")
    assert rows.get("aa") == b"3"
    rows.close()
    other.close()


def test_blobs_are_named_by_their_content_and_verified(tmp_path: Path) -> None:
    """Pieces are one blob; a large one is remembered as verified until its file changes."""
    remembered: dict[str, Any] = {}

    class Memory:
        def recall(self, digest: str) -> Any:
            return remembered.get(digest)

        def remember(self, digest: str, seen: Any) -> None:
            remembered[digest] = seen

    content = os.urandom(17 << 20)
    blobs = Blobs(tmp_path, Memory())
    stored = blobs.put([content[:1000], memoryview(content)[1000:]])
    blobs.remember_fresh()
    assert stored.digest == digest_of(content)
    assert stored.new
    assert not blobs.put([content]).new
    assert list(remembered) == [stored.digest]
    assert blobs.open(stored.digest, stored.size_bytes) == content
    path = blobs.path(stored.digest)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(b"changed!")
    with pytest.raises(StoreUnavailable, match="damaged"):
        Blobs(tmp_path, Memory()).open(stored.digest, stored.size_bytes)
