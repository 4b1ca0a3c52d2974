"""The self-check: steps that would be reused run again in a copy of the world, and are compared.

The copy is a fork of the kernel: names, settings and libraries are what they are here, and
nothing that the body does comes back. Files are shared; what a step writes, it writes again.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import selectors
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from zen_nb.core.errors import UsageError
from zen_nb.notebook.runner import run_now, run_step
from zen_nb.notebook.session import RunOptions, Session
from zen_nb.observe.transcript import Transcript
from zen_nb.store.records import open_store

if TYPE_CHECKING:
    from zen_nb.core.model import Record, Step
    from zen_nb.notebook.execution import Execution
    from zen_nb.store.records import Store

What: TypeAlias = Literal["sound", "unsound", "nondeterministic", "not checked"]
# What a run is compared by: label to digest, output, display and trace apart.
Seen: TypeAlias = dict[str, dict[str, str]]
_LONGEST = 20.0
_SHORTEST_S = 30.0


@dataclass(frozen=True, slots=True)
class Checked:
    """What came out for one step.

    Attributes
    ----------
    told
        What differs and what was missed, or why it was not checked.
    """

    step: str
    what: What
    told: str = ""
    seconds: float = 0.0


def recheck(session: Session, names: Sequence[str], share: float = 1.0) -> list[Checked]:
    """Run steps that would be reused again, in a copy of the world, and compare.

    Parameters
    ----------
    names
        The steps; all where there are none.
    share
        What part of them, chosen by chance.

    Raises
    ------
    UsageError
        Where this system cannot copy a process.
    """
    if not hasattr(os, "fork"):
        raise UsageError("%pipeline recheck needs a system that can copy a process (fork)")
    steps = [session.registry.get(name) for name in names] or list(session.registry)
    plan = session.plan(session.registry.pipeline())
    hits = [step for step in steps if plan[step.name].what == "hit"]
    chosen = _sample(hits, share)
    found = []
    for step in steps:
        forecast = plan[step.name]
        if step in chosen and forecast.record is not None:
            found.append(_check(session, step, forecast.record))
            session.mark(step.name, forecast.record, found[-1].what)
        elif step not in hits:
            found.append(Checked(step.called, "not checked", forecast.reason))
    return found


def _sample(steps: list[Step], share: float) -> list[Step]:
    count = min(len(steps), max(1, round(len(steps) * share))) if steps else 0
    # A generator of its own: the notebook's stands where it stood.
    return random.Random().sample(steps, count)  # noqa: S311 - a choice, no secret


def _check(session: Session, step: Step, record: Record) -> Checked:
    store = session.store
    assert store is not None
    if step.body.is_async:
        return Checked(step.called, "not checked", "it awaits")
    began = time.perf_counter()
    longest = max(_SHORTEST_S, _LONGEST * record.duration_s)
    kept = _of_record(record, store)
    runs: list[Seen] = []
    for _ in range(2):
        seen = in_a_copy(lambda: _run(session, step, RunOptions(run_now=False)), longest)
        if isinstance(seen, str):
            return Checked(step.called, "not checked", seen, time.perf_counter() - began)
        runs.append(seen)
        if not _differences(kept, seen):
            return Checked(step.called, "sound", "", time.perf_counter() - began)
    took = time.perf_counter() - began
    differing = _differences(kept, runs[0])
    if _differences(runs[0], runs[1]):
        return Checked(step.called, "nondeterministic", f"differs each time: {differing}", took)
    missed = [
        label for label, digest in runs[0]["traces"].items() if kept["traces"].get(label) != digest
    ]
    told = f"a run gives another {differing}"
    told += f"; not seen when it was kept: {', '.join(missed)}" if missed else ""
    return Checked(step.called, "unsound", told, took)


def _differences(one: Seen, other: Seen) -> str:
    both = {**one["outputs"], **other["outputs"]}
    names = [name for name in both if one["outputs"].get(name) != other["outputs"].get(name)]
    parts = [", ".join(names)] if names else []
    if one["shown"] != other["shown"] and not (one.get("unheard") or other.get("unheard")):
        parts.append("displays")
    return " and ".join(parts)


def _of_record(record: Record, store: Store) -> Seen:
    shown = Transcript.from_bytes(store.transcript(record))
    return {
        "outputs": {part.name: str(part.fingerprint) for part in record.artifacts},
        "shown": {str(at): text for at, text in enumerate(_told(shown))},
        "traces": {part.label: part.digest for part in record.trace},
    }


def _told(transcript: Transcript) -> Iterator[str]:
    """Yield what a person sees of a transcript; pictures and addresses in memory left out."""
    for event in transcript.events:
        text = str(event.get("text") or event.get("data", {}).get("text/plain", ""))
        yield f"{event['type']} {text}"


# -- in the copy --------------------------------------------------------------------------


def _run(session: Session, step: Step, options: RunOptions) -> Seen:
    """Run a step as its cell would, with nothing to reuse; called in the copy."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = replace(session.configuration, cache_dir=Path(folder) / "store", remote="")
        session.alone(open_store(configuration))
        execution: Execution | None = None

        async def body() -> None:
            nonlocal execution
            execution = await run_step(session, step, options)

        run_now(body())
        assert execution is not None
        outcome, store = execution.outcome, session.store
        if outcome is None or outcome.record is None or store is None:
            raise UsageError(outcome.note if outcome else "it did not run")
        return _of_record(outcome.record, store)


def in_a_copy(act: Callable[[], Seen], longest_s: float) -> Seen | str:
    """Return what `act` gives in a copy of this process, or in words why it gave nothing."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other threads are no part of the copy
        child = os.fork()
    if child == 0:
        _be_the_copy(act, writer)
    os.close(writer)
    told = _heard(reader, child, longest_s)
    os.close(reader)
    os.waitpid(child, 0)
    if told is None:
        return f"its run did not end within {longest_s:.0f} s"
    try:
        answer: Mapping[str, Any] = json.loads(told)
    except ValueError:
        return "its run ended the process"
    return str(answer["error"]) if "error" in answer else dict(answer)


def _heard(reader: int, child: int, longest_s: float) -> bytes | None:
    """Return all that a child writes; ``None`` where it takes too long, or is interrupted."""
    ends = time.monotonic() + longest_s
    parts: list[bytes] = []
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(reader, selectors.EVENT_READ)
            while selector.select(max(0.0, ends - time.monotonic())):
                part = os.read(reader, 1 << 16)
                if not part:
                    return b"".join(parts)
                parts.append(part)
        os.kill(child, signal.SIGKILL)
        return None
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        raise


def _be_the_copy(act: Callable[[], Seen], writer: int) -> None:
    """Do in the copy what it is for, without a word on the page, and end it."""
    try:
        with tempfile.TemporaryFile() as heard:
            for descriptor in (1, 2):
                os.dup2(heard.fileno(), descriptor)
            for stream in (sys.stdout, sys.stderr):
                if hasattr(stream, "watch_fd_thread"):
                    stream.watch_fd_thread = None
            answer: Any = act()
            if os.fstat(heard.fileno()).st_size:
                answer["unheard"] = {"by": "C"}
    except BaseException as error:
        answer = {"error": f"its run failed: {type(error).__name__}: {error}".partition("\n")[0]}
    with contextlib.suppress(BaseException), os.fdopen(writer, "w") as pipe:
        json.dump(answer, pipe)
    os._exit(0)
