"""A process that uses a peer: ``worker PEER FOLDER MODE NUMBER …``; tests kill and crowd it."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.faults.peers import PEERS, SMALL, Peer, is_right


def fill(peer: Peer, first: int, size: int) -> None:
    """Store one result after the other, and tell each when it is said to be stored."""
    print("ready", flush=True)
    for number in range(first, first + 10**6):
        peer.call(number, size)
        print(number, flush=True)


def interrupt(peer: Peer, count: int, _: int) -> None:
    """Store results while interrupts come; print how many came, and what went wrong."""
    main, source = threading.main_thread().ident, random.Random(count)
    assert main is not None
    came = wrong = 0
    for number in range(count):
        timer = threading.Timer(source.random() / 150, signal.pthread_kill, (main, signal.SIGINT))
        try:
            timer.start()
            peer.call(number)
            timer.join()
            time.sleep(0.0005)
        except KeyboardInterrupt:
            came += 1
        with contextlib.suppress(KeyboardInterrupt):
            timer.join()
    peer.forget()
    for number in range(count):
        value, _ = peer.call(number)
        wrong += not is_right(value, number)
    print(came, wrong, flush=True)


def write_beside(peer: Peer, first: int, _: int) -> None:
    """Store results until the folder has a file ``end``; print the longest time that one took."""
    longest, number, failed = 0.0, first, 0
    while not (Path(sys.argv[2]) / "end").exists():
        began = time.monotonic()
        try:
            value, _ = peer.call(number)
            failed += not is_right(value, number)
        except Exception:
            failed += 1
        longest = max(longest, time.monotonic() - began)
        number += 1
    print(longest, failed, number - first, flush=True)


def crowd(peer: Peer, seconds: int, keys: int) -> None:
    """Ask for random keys; print how often, and how often it failed or was wrong."""
    source, until = random.Random(os.getpid()), time.monotonic() + seconds
    asked = wrong = failed = 0
    while time.monotonic() < until:
        number = source.randrange(keys)
        asked += 1
        try:
            wrong += not is_right(peer.call(number, 100)[0], number, 100)
        except Exception:
            failed += 1
    print(asked, wrong, failed, flush=True)


def once(peer: Peer, number: int, size: int) -> None:
    """Ask once, and print whether it was found, or the error that the caller sees."""
    try:
        value, found = peer.call(number, size)
        print("right" if is_right(value, number, size) else "wrong", found, flush=True)
    except Exception as error:
        print(f"failed {type(error).__name__}", flush=True)


def read_only(peer: Peer, _: int, size: int) -> None:
    """Store one result as another user, take away the right to write, and ask for two."""
    peer.call(1, size)  # what is imported later could not be read
    peer.forget()
    home = Path(tempfile.mkdtemp())
    os.environ |= {"HOME": str(home), "ZEN_NB_KEY_DIR": str(home / "key")}
    os.chown(home, 65534, 65534)
    os.setgid(65534)
    os.setuid(65534)
    own: Peer = PEERS[peer.name](home)
    once(own, 1, size)
    own.forget()
    for path in [*(home / peer.name).rglob("*"), home / peer.name]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    once(own, 1, size)
    once(own, 2, size)
    own.forget()
    for path in [home / peer.name, *(home / peer.name).rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    shutil.rmtree(home)


if __name__ == "__main__":
    logging.getLogger("zen_nb").setLevel(logging.ERROR)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have begun in the background
    name, folder, mode, first = sys.argv[1:5]
    rest = int(sys.argv[5]) if len(sys.argv) > 5 else SMALL
    globals()[mode](PEERS[name](Path(folder)), int(first), rest)
