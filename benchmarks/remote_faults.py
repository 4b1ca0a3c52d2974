"""What becomes of steps when the shared store, or the way to it, comes to harm: a table.

``python -m benchmarks.remote_faults benchmarks/remote.md`` writes it; a word plays what it names.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path

from tests.faults.plays import Tally
from tests.remote.machines import Machine
from tests.remote.plays import PLAYS, SLOW, Team, served, team
from zen_nb import pipeline, step

HEAD = """# Faults of a shared store

Each is played against an S3 API on the loopback (moto's server in a process of its own, a proxy
before it that does the harm), with one machine that writes and another that reads, each with a
cache and keys of its own (`make remote-faults`). A read counts as bad where a value is not what the
function gives, or where something damaged was served; a result as lost where it was computed and
not found on that machine afterwards, or was there, whole and trusted, and was not found; code as
executed where a pickle that was put into the store has run; a call as failed where its caller got
an exception.

| fault | tests | bad reads | lost results | code executed | calls failed | |
|---|---|---|---|---|---|---|
"""
COSTS = """
## Requests and bytes

Counted at the proxy, of one step whose result has so many bytes.

| | LIST | GET | HEAD | PUT | bytes up | bytes down |
|---|---|---|---|---|---|---|
"""
SIZES = {"8 B": 1, "24 kB": 3_000, "24 MB": 3_000_000}
RECKONED = """
## Reckoned for a team

{people:,} people, of whom each executes {steps} steps a day; {missing:.0%} of them miss at home,
{found:.0%} of those are in the shared store, at 24 kB; the rest is put there by who computes for
all. {records:,} records of that size.

| | |
|---|---|
"""
TEAM = {"people": 1_000, "steps": 200, "missing": 0.2, "found": 0.8, "records": 10_000_000}
CHAIN = 200
_WORKDAY_S = 8 * 3600
# What S3's standard class asks in us-east-1.
DEAR, CHEAP = 5.0, 0.4


def main() -> int:
    """Play all, or those that a word names; return 1 where one was not clean."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    chosen = sys.argv[2:]
    logging.getLogger("zen_nb").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    lines, total = [], Tally()
    with served() as port:
        for name, (play, _, amount) in PLAYS.items():
            if chosen and not any(word in name for word in chosen):
                continue
            with tempfile.TemporaryDirectory() as folder:
                os.environ["ZEN_NB_KEY_DIR"] = f"{folder}/key"
                began = time.monotonic()
                with team(Path(folder), port, timeout=SLOW.get(name, "20")) as here:
                    tally = play(here, amount)
            for part in ("tests", "wrong", "lost", "executed", "failed"):
                setattr(total, part, getattr(total, part) + getattr(tally, part))
            lines.append(_line(name, tally))
            print(f"{lines[-1]} {time.monotonic() - began:.0f} s", flush=True)
        costs = [] if chosen and "requests" not in chosen else _costs(port)
        morning = _morning(port) if costs else ""
    lines.append(_line("**all**", total))
    reckoned = [*_reckoned(costs), morning] if costs else []
    told = [_cost_line(name, found) for name, found in costs]
    print("\n".join([lines[-1], *told, *reckoned]))
    packages = ", ".join(f"{name} {version(name)}" for name in ("fsspec", "s3fs", "moto"))
    where = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    if target is not None and not chosen:
        tables = [(HEAD, lines), (COSTS, told), (RECKONED.format(**TEAM), reckoned)]
        text = "".join(head + "".join(f"{line}\n" for line in rows) for head, rows in tables)
        target.write_text(f"{text}\n{where}; {packages}.\n")
    return 0 if total.is_clean else 1


@step
def first(number: int) -> int:
    return number


@step
def later(number: int, more: int) -> int:
    return number + more


@pipeline
def chain(length: int) -> None:
    number = first(0)
    for more in range(length):
        number = later(number, more)


def _morning(port: int) -> str:
    """Return how long a chain of steps takes on a machine that finds all of them elsewhere."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZEN_NB_KEY_DIR"] = f"{folder}/key"
        with team(Path(folder), port) as here:
            here.bob.env["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"  # nothing in between
            here.fill(-1)
            here.bob.call(-1)  # what is opened once is open
            with here.ci.here():
                chain(CHAIN)
                here.ci.flush(60)
            for _ in range(2):
                with here.bob.here():
                    began = time.perf_counter()
                    status = chain(CHAIN).status
                    took.append(time.perf_counter() - began)
                assert status == "cached", status
    told = f"a chain of {CHAIN} steps that are all there, first and then"
    return f"| {told} | {took[0]:.2g} s, {took[1]:.2g} s |"


Cost = dict[str, int]


def _costs(port: int) -> list[tuple[str, Cost]]:
    """Return what a miss, a hit, and what is put there cost, for results of several sizes."""
    found: list[tuple[str, Cost]] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZEN_NB_KEY_DIR"] = f"{folder}/key"
        with team(Path(folder), port) as here:
            here.fill(-1)
            here.bob.call(-1)  # what is opened once is open
            for number, (size, count) in enumerate(SIZES.items()):
                ask = {"number": number, "size": count}
                found.append((f"miss, and {size} put there", _counted(here, here.ci, ask)))
                found.append((f"hit of {size}, brought", _counted(here, here.bob, ask)))
                found.append((f"hit of {size}, at home since", _counted(here, here.bob, ask)))
            here.bob.call(99)
            found.append(("miss, where one only reads", _counted(here, here.bob, {"number": 98})))
    return found


def _counted(here: Team, machine: Machine, ask: dict[str, int]) -> Cost:
    here.proxy.passed.clear()
    machine.call(**ask)
    machine.flush()
    kinds = here.proxy.counts
    up = sum(one.sent_bytes for one in here.proxy.passed)
    down = sum(one.got_bytes for one in here.proxy.passed)
    return {kind: kinds[kind] for kind in ("LIST", "GET", "HEAD", "PUT")} | {"up": up, "down": down}


def _cost_line(name: str, cost: Cost) -> str:
    return f"| {name} | {' | '.join(f'{value:,}' for value in cost.values())} |"


def _reckoned(costs: list[tuple[str, Cost]]) -> list[str]:
    """Return what a team of many comes to by the costs of one step."""
    known = dict(costs)
    hit, put = known["hit of 24 kB, brought"], known["miss, and 24 kB put there"]
    asked = TEAM["people"] * TEAM["steps"] * TEAM["missing"]
    hits, misses = asked * TEAM["found"], asked * (1 - TEAM["found"])
    kinds = ("LIST", "GET", "HEAD", "PUT")
    day = {kind: hits * hit[kind] + misses * put[kind] for kind in kinds}
    told = ", ".join(f"{count:,.0f} {kind}" for kind, count in day.items())
    price = (day["LIST"] + day["PUT"]) * DEAR / 1e6 + (day["GET"] + day["HEAD"]) * CHEAP / 1e6
    down = hits * hit["down"] + misses * put["down"]
    return [
        f"| requests a day | {told} |",
        f"| requests a second, all within 8 h | {sum(day.values()) / _WORKDAY_S:.1f} |",
        f"| at {DEAR:g} $ a million LIST and PUT, {CHEAP:g} $ others | {price:.2f} $ a day |",
        f"| bytes down a day | {down / 1e9:.2f} GB |",
        f"| bytes of all records | {TEAM['records'] * put['up'] / 1e9:,.0f} GB |",
        f"| objects of all records | {TEAM['records'] * put['PUT'] / 1e6:,.0f} million |",
        f"| records in one of the 256 folders | {TEAM['records'] / 256:,.0f} |",
    ]


def _line(name: str, tally: Tally) -> str:
    counts = (tally.wrong, tally.lost, tally.executed, tally.failed)
    told = " | ".join(f"**{count:,}**" if count else "0" for count in counts)
    return f"| {name} | {tally.tests:,} | {told} | {tally.note} |"


if __name__ == "__main__":
    sys.exit(main())
