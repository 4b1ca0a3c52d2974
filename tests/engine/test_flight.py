"""Two that want the same: one computes, the other waits, says so, and gets what was computed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import json, os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])  # ends the step before its time
from typing import Annotated
from zen_nb import pipeline, step

@step
def slow(how: str) -> Annotated[int, "found"]:
    print("running", flush=True)
    signal.sigtimedwait([signal.SIGUSR1], {seconds})
    if how == "fails":
        raise ValueError("no")
    if how == "unkept":
        return (part for part in [1])
    return 7

@pipeline
def whole(how: str):
    slow(how)

run = whole(sys.argv[1])
print(json.dumps([run.steps["slow"].status, run.steps["slow"].outputs["found"].load()
                  if sys.argv[1] == "works" else None]), flush=True)
"""


@pytest.fixture
def start(tmp_path: Path) -> Any:
    """Start a process that runs the pipeline, in a store of this test's."""
    script = tmp_path / "whole.py"
    begun: list[subprocess.Popen[str]] = []
    env = os.environ | {"ZEN_NB_CACHE_DIR": str(tmp_path / "cache")}
    env |= {"PYTHONPATH": str(Path(__file__).parents[2])}

    def it(how: str = "works", seconds: float = 2.0) -> subprocess.Popen[str]:
        if not script.exists():  # another process may be reading it
            script.write_text(SCRIPT.replace("{seconds}", str(seconds)))
        ask = [sys.executable, str(script), how]
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        begun.append(subprocess.Popen(ask, env=env, **pipes))
        return begun[-1]

    yield it
    for process in begun:
        process.kill()
        process.communicate()


def said_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    said = ""
    while words not in said:
        line = process.stdout.readline()
        assert line, said + (process.stderr.read() if process.stderr else "")
        said += line
    return said


def test_of_eight_processes_one_computes(start: Any) -> None:
    """Each ends with the value; one has run the step, and the others say that they have waited."""
    processes = [start(seconds=4.0) for _ in range(8)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    ends = [json.loads(text.splitlines()[-1]) for text in said]
    assert [value for _, value in ends] == [7] * 8
    assert sorted(status for status, _ in ends) == ["cached"] * 7 + ["completed"]
    assert sum("running" in text for text in said) == 8  # shown again by those that waited
    assert sum("computed by another process" in text for text in said) >= 5


def test_a_holder_that_is_killed_is_followed_by_one_that_waits(start: Any) -> None:
    """The wait ends with the death, not with the time that the step would have taken."""
    holder = start(seconds=60)
    said_until(holder, "running")
    waiter = start(seconds=60)
    said_until(waiter, "computed by another process")
    holder.kill()
    began = time.monotonic()
    said_until(waiter, "running")
    assert time.monotonic() - began < 20


def test_a_wait_can_be_interrupted(start: Any) -> None:
    """SIGINT ends the waiting process, and its holder goes on and keeps its result."""
    holder = start(seconds=300)
    said_until(holder, "running")
    waiter = start(seconds=300)
    said_until(waiter, "computed by another process")
    waiter.send_signal(signal.SIGINT)
    _, errors = waiter.communicate(timeout=60)
    assert holder.poll() is None, "the wait did not end before what it waited for"
    assert "KeyboardInterrupt" in errors
    holder.send_signal(signal.SIGUSR1)
    assert json.loads(holder.communicate(timeout=60)[0].splitlines()[-1]) == ["completed", 7]


def test_after_a_failure_whoever_waited_runs(start: Any) -> None:
    """An exception is nobody else's: each gets one of its own."""
    holder = start("fails")
    said_until(holder, "running")
    waiter = start("fails")
    said_until(waiter, "computed by another process")
    for process in (holder, waiter):
        assert "ValueError: no" in process.communicate(timeout=30)[1]


def test_nobody_waits_again_for_what_cannot_be_kept(start: Any) -> None:
    """The second wait for a result that is never stored does not happen."""
    assert start("unkept", seconds=2).wait(timeout=30) == 0
    holder = start("unkept", seconds=2)
    said_until(holder, "running")
    other = start("unkept", seconds=2)
    assert "another process" not in said_until(other, "running")
