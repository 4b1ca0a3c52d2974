"""Faults of a shared store, each played and counted: what was wrong, lost, executed, or raised.

Every play fills the store from one machine, does harm to it or to the way to it, and asks from
another. Each value is compared with what the function gives, element by element; each result that
was computed has to be found on that machine afterwards.
"""

from __future__ import annotations

import os
import pickle
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.plays import Tally
from tests.remote.machines import Machine
from tests.remote.proxy import Harm, Proxy
from tests.remote.s3 import ROOT, Bucket, served

MEDIUM = 3_000_000  # elements of 8 bytes: 24 MB, in ranges


@dataclass(slots=True)
class Team:
    """Who writes, who reads, and what is between them."""

    folder: Path
    bucket: Bucket
    proxy: Proxy
    ci: Machine
    bob: Machine
    public: str

    def machine(self, name: str, **how: str) -> Machine:
        url = f"s3://{self.bucket.name}/store"
        return Machine(self.folder / name, url, self.proxy.port, **how)

    def fill(self, *numbers: int, **how: int) -> None:
        """Let the first machine compute, and wait until all is in the store."""
        for number in numbers:
            self.ci.call(number, **how)
        assert self.ci.flush() == 0
        assert self.ci.shared.trouble == "", self.ci.shared.trouble


@contextmanager
def team(folder: Path, port: int, *, timeout: str = "20") -> Iterator[Team]:
    """Make a team of two machines, a reader that trusts the writer."""
    bucket, proxy = Bucket(port, f"play-{secrets.token_hex(4)}"), Proxy(port)
    url = f"s3://{bucket.name}/store"
    ci = Machine(folder / "ci", url, proxy.port, mode="write", timeout="20")
    bob = Machine(folder / "bob", url, proxy.port, timeout=timeout)
    public = ci.new_key()
    bob.trust(public)
    try:
        yield Team(folder, bucket, proxy, ci, bob, public)
    finally:
        ci.restart()
        bob.restart()
        proxy.close()


def _ask(tally: Tally, machine: Machine, number: int, **how: Any) -> bool:
    """Ask once, then again where it was computed: that must be found. Tell if the first was."""
    tally.tests += 1
    found = tally.ask(machine, number, **how)
    if not found:
        size = {"size": how["size"]} if "size" in how else {}
        tally.ask(machine, number, stored=True, **size)
    return found


def undisturbed(here: Team, times: int) -> Tally:
    """Nothing is done: all that one machine has computed the other finds."""
    tally = Tally()
    here.fill(*range(times))
    found = 0
    for number in range(times):
        tally.tests += 1
        found += tally.ask(here.bob, number, stored=True)
    tally.note = f"{found} of {times} found by the other"
    return tally


def in_processes(here: Team, times: int) -> Tally:
    """The same by two processes that have nothing else in common."""
    tally = Tally()
    told: list[list[tuple[str, str]]] = []
    for machine in (here.ci, here.bob):
        ask = [sys.executable, "-m", "tests.remote.worker", str(machine.folder)]
        env = os.environ | machine.env | {"PYTHONPATH": ROOT}
        words = [*ask, *map(str, range(times))]
        done = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        out = done.stdout
        lines = [line.strip("[]").split(", ") for line in out.splitlines() if line[:1] == "["]
        told.append([(found, right) for _, found, right in lines])
        tally.tests += times
        tally.failed += times - len(lines)
        tally.wrong += sum(right != "true" for _, right in told[-1])
    tally.lost = sum(found != "true" for found, _ in told[1])
    tally.note = f"{times - tally.lost} of {times} found by the other"
    return tally


def _harmed(here: Team, times: int, harm: Callable[[str, str], Harm | None]) -> Tally:
    """Ask a reader for what is there, while requests come to harm."""
    tally = Tally()
    here.fill(*range(times))
    here.proxy.harm = harm
    found = 0
    longest = 0.0
    for number in range(times):
        here.bob.clean()  # its memory of the failure too: each is met anew
        began = time.monotonic()
        found += _ask(tally, here.bob, number)
        longest = max(longest, time.monotonic() - began)
    tally.note = f"{found} of {times} found all the same; the longest call took {longest:.2g} s"
    return tally


def refused(here: Team, times: int) -> Tally:
    """Every request is answered by 403."""
    return _harmed(here, times, lambda method, path: "refuse")


def hanging(here: Team, times: int) -> Tally:
    """No request is answered at all; the wait is set to 0.5 s."""
    return _harmed(here, times, lambda method, path: "hang")


def flaky(here: Team, times: int) -> Tally:
    """One request in three is refused, broken off, answered half or wrongly, or not at all."""
    source = random.Random(times)
    kinds: tuple[Harm, ...] = ("refuse", "error", "drop", "shorten", "flip", "hang")
    return _harmed(
        here, times, lambda method, path: source.choice(kinds) if source.random() < 1 / 3 else None
    )


def off(here: Team, times: int) -> Tally:
    """Nobody listens where the store should be; asked again and again by one process."""
    tally = Tally()
    here.proxy.close()
    for number in range(times):
        _ask(tally, here.bob, number)
    tally.failed += not here.bob.shared.trouble
    tally.note = "one warning, one request"
    return tally


def _put_badly(here: Team, times: int, harm: Harm) -> Tally:
    """Objects are put while every second PUT comes to harm, of blobs and of records."""
    tally = Tally()
    found = 0
    for number in range(times):
        kind = ("blobs/", "records/")[number % 2]
        here.proxy.harm = lambda method, path, kind=kind: (
            harm if method == "PUT" and kind in path else None
        )
        here.ci.restart()
        _ask(tally, here.ci, number)
        here.ci.flush()
        here.proxy.harm = lambda method, path: None
        here.bob.restart()
        found += _ask(tally, here.bob, number)
    tally.note = f"{found} of {times} found by the other"
    return tally


def cut_uploads(here: Team, times: int) -> Tally:
    """A PUT ends half way, and the connection with it."""
    return _put_badly(here, times, "cut")


def halved_uploads(here: Team, times: int) -> Tally:
    """The store keeps half of what was put, and says that all is well."""
    return _put_badly(here, times, "halve")


def missing_blobs(here: Team, times: int) -> Tally:
    """The blobs behind a record are gone; then a machine that writes puts them there again."""
    tally = Tally()
    here.fill(*range(times))
    for name in here.bucket.names("blobs/"):
        here.bucket.remove(name)
    for number in range(times):
        _ask(tally, here.bob, number)
    other = here.machine("other", mode="write")
    other.new_key()
    here.bob.clean()
    other.trust(here.public)
    for number in range(times):
        _ask(tally, other, number)
    other.flush()
    found = 0
    for number in range(times):
        tally.tests += 1
        found += tally.ask(here.bob, number, stored=True)
    tally.note = f"mended: {found} of {times} found afterwards"
    other.restart()
    return tally


def damaged(here: Team, stride: int) -> Tally:
    """Flip a bit of every byte of record and blobs, and cut them at every length, `stride` apart."""
    tally = Tally()
    here.fill(1)
    for name in here.bucket.names():
        whole = here.bucket.get(name)
        for at in range(0, len(whole), stride if "records/" in name else stride * 7):
            flipped = whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :]
            for damage in (flipped, whole[:at]):
                here.bucket.put(name, damage)
                here.bob.clean()
                tally.tests += 1
                tally.wrong += tally.ask(here.bob, 1)  # to be found it must be whole
        here.bucket.put(name, whole)
    here.bob.clean()
    tally.ask(here.bob, 1, stored=True)
    return tally


def damaged_ranges(here: Team, times: int) -> Tally:
    """The same of a blob of 24 MB, which comes in ranges."""
    tally, source = Tally(), random.Random(times)
    here.fill(1, size=MEDIUM)
    name = max(here.bucket.names("blobs/"), key=lambda one: len(here.bucket.get(one)))
    whole = here.bucket.get(name)
    for number in range(times):
        at = source.randrange(len(whole))
        flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        here.bucket.put(name, flipped if number % 2 else whole[:at])
        here.bob.clean()
        tally.tests += 1
        tally.wrong += tally.ask(here.bob, 1, MEDIUM)
    return tally


def strangers(here: Team, times: int) -> Tally:
    """Records that a key has signed which nobody has named."""
    tally = Tally()
    here.fill(*range(times))
    stranger = here.machine("stranger")
    for number in range(times):
        tally.wrong += _ask(tally, stranger, number)
    stranger.restart()
    return tally


def replayed(here: Team, times: int) -> Tally:
    """Good records and good blobs, each in the place of another."""
    tally = Tally()
    here.fill(*range(times))
    for kind in ("records/", "blobs/"):
        names = here.bucket.names(kind)
        contents = [here.bucket.get(name) for name in names]
        for at, name in enumerate(names):
            other = (at + 1) % len(names)
            if kind == "records/":  # in the folder of another key, by its own name
                folder, _, _ = name.rpartition("/")
                here.bucket.put(f"{folder}/{names[other].rpartition('/')[2]}", contents[other])
            else:
                here.bucket.put(name, contents[other])
        here.bob.clean()
        for number in range(times):
            found = _ask(tally, here.bob, number)
            tally.wrong += found and kind == "blobs/"
        for name, content in zip(names, contents, strict=True):
            here.bucket.put(name, content)
    return tally


class _Canary:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def poisoned(here: Team, _: int) -> Tally:
    """A pickle that runs code: in place of every object, and in a record by an unknown key."""
    tally = Tally()
    here.fill(1)
    canary = here.folder / "canary"
    poison = pickle.dumps(_Canary(str(canary)))

    def ask() -> None:
        here.bob.clean()
        tally.tests += 1
        tally.ask(here.bob, 1)
        if canary.exists():
            tally.executed += 1
            canary.rmdir()

    for name in here.bucket.names():
        whole = here.bucket.get(name)
        here.bucket.put(name, poison)
        ask()
        here.bucket.put(name, whole)
    for name, parcel in _forged(here, poison):
        here.bucket.put(name, parcel)
        ask()
    return tally


def _forged(here: Team, poison: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield records with a poisoned stream: by an unknown key, under its name and another's."""
    from dataclasses import replace

    from zen_nb.store import parcels
    from zen_nb.store.drafts import digest_of
    from zen_nb.store.trust import SharingKey, new_key

    with here.ci.here():
        carried = here.ci.store.carried(here.ci.latest)
    sections = [
        replace(part, place="row", size_bytes=len(poison), digest=digest_of(poison))
        if part.name == "stream"
        else part
        for part in carried.sections
    ]
    held = [part for part in carried.sections if part.place != "blob"]
    kept = dict(zip([part.name for part in held], carried.content, strict=True))
    content = [
        poison if part.name == "stream" else kept[part.name]
        for part in sections
        if part.place != "blob"
    ]
    evil: SharingKey = new_key(here.folder / "evil")
    name, parcel = parcels.pack(evil, carried.record, sections, content)
    key = carried.record.key
    (good,) = here.bucket.names(f"records/{key[:2]}/{key}/")
    signer = good.rpartition("/")[2].partition("-")[0]
    folder = good.rpartition("/")[0]
    yield f"{folder}/{name}", parcel
    yield f"{folder}/{signer}-{name.partition('-')[2]}", parcel
    claimed = parcel[:8] + bytes.fromhex(signer) + parcel[24:]
    yield f"{folder}/{signer}-{digest_of(claimed)}", claimed


def killed(here: Team, times: int) -> Tally:
    """Kill the process that writes at random moments; what it had computed is asked from another."""
    tally, source = Tally(), random.Random(times)
    found = 0
    for turn in range(times):
        numbers = [turn * 100 + number for number in range(20)]
        ask = [sys.executable, "-m", "tests.remote.worker", str(here.ci.folder)]
        env = os.environ | here.ci.env | {"PYTHONPATH": ROOT}
        process = subprocess.Popen(
            [*ask, *map(str, numbers)], env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(source.randrange(1, 8))]
        time.sleep(source.random() * 0.1)
        process.kill()
        lines += list(process.stdout)
        process.wait()
        process.stdout.close()
        told = [int(line.strip("[]").split(",")[0]) for line in lines if line[:1] == "["]
        for number in told:
            found += _ask(tally, here.bob, number)
            tally.ask(here.ci, number, stored=True)
        here.ci.restart()
    tally.note = f"{found} of {tally.tests} were there already"
    return tally


PLAYS: dict[str, tuple[Callable[[Team, int], Tally], int, int]] = {
    "nothing done, in one process": (undisturbed, 3, 50),
    "nothing done, in two processes": (in_processes, 2, 50),
    "every request refused (403)": (refused, 2, 30),
    "no request answered": (hanging, 1, 10),
    "nobody listens": (off, 2, 30),
    "one request in three harmed": (flaky, 4, 60),
    "PUT cut half way": (cut_uploads, 2, 30),
    "half an object kept as a whole": (halved_uploads, 2, 30),
    "blobs missing behind records": (missing_blobs, 2, 20),
    "bytes flipped and lengths cut": (damaged, 997, 13),
    "the same of 24 MB in ranges": (damaged_ranges, 2, 20),
    "signed by an unknown key": (strangers, 2, 30),
    "in the place of another": (replayed, 2, 30),
    "poison in every object": (poisoned, 0, 0),
    "the writer killed": (killed, 1, 15),
}
"""Each with how often it is played by a test, and by the benchmark."""
SLOW = {"no request answered": "0.5", "one request in three harmed": "0.5"}
"""How long is waited, where that is to end soon."""

__all__ = ["PLAYS", "SLOW", "Team", "served", "team"]
