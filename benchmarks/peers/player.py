"""One round of one system: ``python -m benchmarks.peers.player ORDER`` prints an answer."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from types import FrameType, ModuleType
from typing import Any

from benchmarks.peers.order import Answer, Order, order


def main(text: str) -> None:
    """Do what is ordered; all else that is printed comes before the answer."""
    asked = order(text)
    system = import_module(f"benchmarks.peers.{asked.module}")
    print(f"\n{_answer(system, asked).text()}", flush=True)


def _answer(system: ModuleType, asked: Order) -> Answer:
    refused = system.CANNOT.get(asked.question)
    if refused:
        return Answer([], cannot=refused)
    if asked.question == "import":
        return Answer([_seconds(lambda: exec(system.IMPORTED, {}))])
    system.ready()
    with getattr(system, asked.question)(asked) as call:
        for _ in range(asked.warm_up):
            call()
        return _measured(call, asked)


def _measured(call: Callable[[], Any], asked: Order) -> Answer:
    found: list[Any] = []
    if asked.watched:
        ran = _watched(lambda: found.append(call()))
        return Answer([], float(found[-1]), sorted(ran))
    seconds: list[float] = []
    while len(seconds) < asked.calls and sum(seconds) < asked.limit_s:
        seconds.append(_seconds(lambda: found.append(call())))
    return Answer(seconds, float(found[-1]))


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _watched(call: Callable[[], object]) -> set[str]:
    """Return which of the work's functions the call ran, in whatever thread."""
    from benchmarks.peers.work import NAMES

    ran: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name in NAMES:
            ran.add(frame.f_code.co_name)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return ran


if __name__ == "__main__":
    main(sys.argv[1])
