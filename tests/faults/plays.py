"""Faults, each played on a peer and counted: what was wrong, lost, executed, or raised."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.peers import LARGE, PEERS, SMALL, Peer, is_right
from tests.store.making import mounted

ROOT = str(Path(__file__).parents[2])


@dataclass(slots=True)
class Tally:
    """What a play has come to.

    Attributes
    ----------
    tests
        How often the fault was made.
    wrong
        Values that are not what the function gives.
    lost
        Results that were said to be stored, were not touched, and were not found.
    executed
        How often code ran that was put into the store.
    failed
        How often the caller got an exception, or nothing within a minute.
    """

    tests: int = 0
    wrong: int = 0
    lost: int = 0
    executed: int = 0
    failed: int = 0
    note: str = ""

    @property
    def is_clean(self) -> bool:
        return not (self.wrong or self.lost or self.executed or self.failed)

    def ask(self, peer: Peer, number: int, size: int = SMALL, *, stored: bool = False) -> bool:
        """Ask once and count what comes; tell whether it was found."""
        try:
            value, found = peer.call(number, size)
        except Exception as error:
            self.failed += 1
            self.note = self.note or type(error).__name__
            return False
        self.wrong += not is_right(value, number, size)
        self.lost += stored and not found
        return found


def _start(peer: str, folder: Path, mode: str, *more: object, **how: Any) -> subprocess.Popen[str]:
    env = os.environ | {"PYTHONPATH": ROOT} | how.pop("env", {})
    ask = [sys.executable, "-m", "tests.faults.worker", peer, str(folder), mode, *map(str, more)]
    return subprocess.Popen(ask, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT, **how)


def killed(name: str, folder: Path, times: int, size: int = SMALL) -> Tally:
    """Kill a process that stores one result after the other, at random moments."""
    tally, source, told = Tally(), random.Random(times), set()
    large = size > SMALL
    for turn in range(times):
        process = _start(name, folder, "fill", turn * 10_000, size)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        first = [process.stdout.readline() for _ in range(source.randrange(2 if large else 4))]
        time.sleep(source.random() * (1.5 if large else 0.03))
        process.kill()
        lines = (*first, *process.stdout)
        told |= {int(line) for line in lines if line.endswith("\n")}
        process.wait()
        process.stdout.close()
        tally.tests += 1
    peer = PEERS[name](folder)
    for number in sorted(told):
        tally.ask(peer, number, size, stored=True)
    for turn in range(times):  # what was being stored: the old state or the new one
        tally.ask(
            peer, max((n for n in told if n // 10_000 == turn), default=turn * 10_000) + 1, size
        )
    tally.note = f"{len(told)} results told"
    return tally


def killed_large(name: str, folder: Path, times: int) -> Tally:
    """The same with results of 200 MB."""
    return killed(name, folder, times, LARGE)


def interrupted(name: str, folder: Path, times: int) -> Tally:
    """Interrupt a process that stores results, beside another that stores its own."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = _start(name, folder, "write_beside", 10**6)
    process = _start(name, folder, "interrupt", times)
    told, _ = process.communicate(timeout=600)
    (folder / "end").touch()
    other, _ = beside.communicate(timeout=60)
    (folder / "end").unlink()
    came, wrong = map(int, told.split())
    longest, failed, _ = other.split()
    # An interrupt that came when there was nothing to interrupt is none.
    tally = Tally(came, wrong=wrong, failed=int(failed) + (float(longest) > 5) + (not came))
    tally.note = f"the other waited {float(longest):.2g} s at most"
    return tally


def _stored(name: str, folder: Path, *numbers: int) -> Any:
    peer = PEERS[name](folder)
    for number in numbers:
        peer.call(number)
    time.sleep(0.05)
    peer.forget()
    return peer


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def damaged(name: str, folder: Path, stride: int) -> Tally:
    """Flip a bit of every byte of every file, and cut each at every length, `stride` apart."""
    tally = Tally()
    peer = _stored(name, folder, 1)
    whole = folder.with_name(f"{folder.name}-whole")
    shutil.copytree(folder, whole)
    for file in _files(whole):
        content = file.read_bytes()
        place = file.relative_to(whole)
        for at in range(0, len(content), stride):
            flipped = content[:at] + bytes([content[at] ^ (1 << at % 8)]) + content[at + 1 :]
            for damage in (flipped, content[:at]):
                peer.forget()
                shutil.rmtree(folder)
                shutil.copytree(whole, folder)
                _overwrite(folder / place, damage)
                tally.tests += 1
                tally.ask(peer, 1)
    return tally


def swapped(name: str, folder: Path, _: int) -> Tally:
    """Give each of two results the files of the other."""
    tally = Tally()
    peer = _stored(name, folder, 1, 2)
    by_size: dict[tuple[str, int], list[Path]] = {}
    for path in _files(folder):
        by_size.setdefault((path.suffix, path.stat().st_size), []).append(path)
    for pair in by_size.values():
        if len(pair) == 2:
            one, other = (path.read_bytes() for path in pair)
            _overwrite(pair[0], other)
            _overwrite(pair[1], one)
            tally.tests += 1
    if name == "zen_nb":
        tally.tests += _swap_rows(folder / "zen_nb")
    for number in (1, 2):
        tally.ask(peer, number)
    return tally


def _swap_rows(folder: Path) -> int:
    """Swap the rows of the two records in the index as well, and take the files of records away."""
    import sqlite3

    shutil.rmtree(folder / "records")
    with sqlite3.connect(folder / "cache.db") as base:
        keys = [key for (key,) in base.execute("SELECT key FROM Cache WHERE length(key) = 64")]
        values = dict(base.execute("SELECT key, value FROM Cache WHERE length(key) = 64"))
        for key, other in zip(keys, reversed(keys), strict=True):
            base.execute("UPDATE Cache SET value = ? WHERE key = ?", (values[other], key))
    base.close()
    return 1


class _Canary:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def poisoned(name: str, folder: Path, _: int) -> Tally:
    """Put a pickle that runs code in place of every file, and into every row of an index."""
    tally = Tally()
    peer = _stored(name, folder, 1)
    whole = folder.with_name(f"{folder.name}-whole")
    shutil.copytree(folder, whole)
    canary = folder.with_name(f"{folder.name}-canary")
    for deed in _poisons(whole, pickle.dumps(_Canary(str(canary)))):
        peer.forget()
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
        deed(folder)
        tally.tests += 1
        tally.ask(peer, 1)
        if canary.exists():
            tally.executed += 1
            canary.rmdir()
    return tally


def _poisons(whole: Path, poison: bytes) -> Iterator[Callable[[Path], None]]:
    for file in _files(whole):
        place = file.relative_to(whole)
        yield lambda folder, place=place: _overwrite(folder / place, poison)
        if file.name == "cache.db":
            yield lambda folder, place=place: _poison_rows(folder / place, poison)


def _poison_rows(database: Path, poison: bytes) -> None:
    """Let every row of diskcache's table say that it holds a pickle, in the row and in a file."""
    import sqlite3

    (database.parent / "poison.val").write_bytes(poison)
    with sqlite3.connect(database) as base:
        base.execute("UPDATE Cache SET mode = 4, value = ?", (poison,))
        base.execute("UPDATE Cache SET filename = 'poison.val' WHERE rowid % 2 = 0")
    base.close()


def full(name: str, folder: Path, times: int) -> Tally:
    """Ask for more than the disk holds: every call gives its value, and what is there stays."""
    import warnings

    tally = Tally()
    with mounted(folder) as there, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not there:
            tally.note = "nothing can be mounted here"
            return tally
        peer = PEERS[name](folder)
        size = 5_000_000 // times  # twice what there is room for
        for number in range(times):
            tally.tests += 1
            tally.ask(peer, number, size)
        peer.forget()
        found = sum(tally.ask(peer, number, size) for number in range(times))
        peer.forget()
        tally.note = f"{found} of {times} found afterwards"
    return tally


def read_only(name: str, folder: Path, _: int) -> Tally:
    """As another user, over a folder that cannot be written: hits are found, misses run."""
    tally = Tally()
    if os.geteuid() != 0:
        tally.note = "only root can become another user"
        return tally
    told = _start(name, folder, "read_only", 0).communicate(timeout=60)[0].split("\n")
    for line, wanted in zip(told, ("right False", "right True", "right False"), strict=False):
        tally.tests += 1
        tally.failed += line.startswith("failed") or not line
        tally.wrong += line.startswith("wrong")
        tally.lost += (line, wanted) == ("right False", "right True")
        tally.note = tally.note or (line if line != wanted else "")
    return tally


def crowded(name: str, folder: Path, seconds: int) -> Tally:
    """Eight processes over a thousand keys."""
    processes = [_start(name, folder, "crowd", seconds, 1000) for _ in range(8)]
    told = [process.communicate(timeout=seconds + 120)[0] for process in processes]
    counts = [tuple(map(int, line.split())) if line else (0, 0, 1) for line in told]
    asked, wrong, failed = (sum(column) for column in zip(*counts, strict=True))
    tally = Tally(asked, wrong=wrong, failed=failed)
    peer = PEERS[name](folder)
    first = [tally.ask(peer, number, 100) for number in range(1000)]
    for number, found in enumerate(first):
        if not found:  # nobody had asked for it
            tally.ask(peer, number, 100, stored=True)
    tally.note = f"{sum(first)} of 1,000 keys found afterwards"
    return tally


def cleaned(name: str, folder: Path, seconds: int) -> Tally:
    """Make room again and again beside three processes that store and read."""
    processes = [_start(name, folder, "crowd", seconds, 1000) for _ in range(3)]
    until, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        _make_room(name, folder)
        rounds += 1
        time.sleep(0.05)
    told = [process.communicate(timeout=120)[0] for process in processes]
    counts = [tuple(map(int, line.split())) if line else (0, 0, 1) for line in told]
    asked, wrong, failed = (sum(column) for column in zip(*counts, strict=True))
    return Tally(asked, wrong=wrong, failed=failed, note=f"made room {rounds} times")


def _make_room(name: str, folder: Path) -> None:
    if name == "zen_nb":
        from zen_nb.store.records import Store

        store = Store.open(folder / "zen_nb", 10**9)
        store.prune(store.size_bytes() // 2)
        store.close()
    else:
        import joblib

        memory = joblib.Memory(folder / "joblib", verbose=0)
        memory.reduce_size(bytes_limit=100_000)


def forked(name: str, folder: Path, times: int) -> Tally:
    """Fork children while four threads store results; each child reads and stores."""
    tally = Tally()
    peer = PEERS[name](folder)
    peer.call(1)
    stop = threading.Event()

    def work(first: int) -> None:
        number = first
        while not stop.is_set():
            number += 1
            peer.call(number)

    threads = [threading.Thread(target=work, args=(n * 10**6,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    children = []
    for number in range(times):
        child = os.fork()
        if not child:
            try:
                fine = is_right(peer.call(1)[0], 1) and is_right(
                    peer.call(100 + number)[0], 100 + number
                )
                os._exit(0 if fine else 1)
            finally:
                os._exit(2)
        children.append(child)
        time.sleep(0.02)
    tally.tests = times
    deadline = time.monotonic() + 30
    for child in children:
        status = _ended(child, deadline)
        tally.failed += status != 0
    stop.set()
    for thread in threads:
        thread.join()
    return tally


def _ended(child: int, deadline: float) -> int:
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def seeded(name: str, folder: Path, times: int) -> Tally:
    """Ask for one result under many hash seeds, each in a process of its own."""
    tally = Tally()
    for seed in range(times):
        process = _start(name, folder, "once", 1, env={"PYTHONHASHSEED": str(seed)})
        told = process.communicate(timeout=60)[0].strip()
        tally.tests += 1
        tally.failed += not told or told.startswith("failed")
        tally.wrong += told.startswith("wrong")
        tally.lost += seed > 0 and told == "right False"
    return tally
