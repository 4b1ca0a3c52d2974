"""One holder for each key, whatever happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store.flights import Flights

KEY = "a" * 64


def test_a_key_is_held_by_one_until_it_ends(tmp_path: Path) -> None:
    """Others get nothing, other keys are free, and the end leaves no file."""
    one, other = Flights(tmp_path), Flights(tmp_path)
    flight = one.take(KEY)
    assert flight is not None
    assert other.take(KEY) is None
    assert one.is_mine(KEY)
    assert not other.is_mine(KEY)
    assert abs((other.since(KEY) or 0) - time.time()) < 5
    free = other.take("b" * 64)
    assert free is not None
    free.end()
    flight.end()
    flight.end()
    assert list((tmp_path / "flights").iterdir()) == []
    again = other.take(KEY)
    assert again is not None


def test_what_is_dropped_is_let_go(tmp_path: Path) -> None:
    """A flight that nobody ends is ended with its last reference."""
    flights = Flights(tmp_path)
    flight = flights.take(KEY)
    assert flight is not None
    del flight
    assert Flights(tmp_path).take(KEY) is not None


def test_nobody_waits_for_what_is_not_kept(tmp_path: Path) -> None:
    """A run that came to nothing is remembered until one is kept."""
    flights = Flights(tmp_path)
    for kept in (False, False, True):
        flight = flights.take(KEY)
        assert flight is not None
        flight.end(kept=kept)
        assert flights.is_futile(KEY) is not kept
    assert list((tmp_path / "flights").iterdir()) == []


def test_what_a_day_has_not_touched_is_swept(tmp_path: Path) -> None:
    """What is left over goes, what is held stays."""
    flights = Flights(tmp_path)
    held = flights.take(KEY)
    left = flights.take("b" * 64)
    assert held is not None
    assert left is not None
    left.end(kept=False)
    for path in (tmp_path / "flights").iterdir():
        os.utime(path, (0, 0))
    flights.sweep()
    assert [path.name for path in (tmp_path / "flights").iterdir()] == [KEY]


HOLDER = """
import sys, time
from pathlib import Path
from zen_nb.store.flights import Flights
flight = Flights(Path(sys.argv[1])).take(sys.argv[2])
if len(sys.argv) > 3:
    import os
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
print("held" if flight else "not", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("forks", [[], ["forks"]])
def test_a_holder_that_dies_lets_go(tmp_path: Path, forks: list[str]) -> None:
    """Killed, it holds nothing any more, and no child that it has forked does."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), KEY, *forks],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    flights = Flights(tmp_path)
    assert flights.take(KEY) is None
    holder.kill()
    holder.wait()
    until = time.monotonic() + 10  # a child may not have begun to run yet
    while (taken := flights.take(KEY)) is None and time.monotonic() < until:
        time.sleep(0.01)
    assert taken is not None
    holder.stdout.close()
    if forks:
        os.killpg(holder.pid, signal.SIGKILL)


def test_threads_that_race_get_one_holder_at_a_time(tmp_path: Path) -> None:
    """Thousands of takes and ends beside each other: never two at once, and nothing left over."""
    flights = [Flights(tmp_path) for _ in range(4)]
    inside, worst, taken = [0], [0], [0]
    until = time.monotonic() + 1.5

    def work(mine: Flights) -> None:
        while time.monotonic() < until:
            flight = mine.take(KEY)
            if flight is not None:
                inside[0] += 1
                worst[0] = max(worst[0], inside[0])
                taken[0] += 1
                inside[0] -= 1
                flight.end()

    threads = [threading.Thread(target=work, args=(one,)) for one in flights]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert worst[0] == 1
    assert taken[0] > 50


def test_where_nothing_can_be_written_there_is_no_lock(tmp_path: Path) -> None:
    """A file in the way is an error that says so; whoever asks runs."""
    (tmp_path / "flights").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="no locks"):
        Flights(tmp_path).take(KEY)
