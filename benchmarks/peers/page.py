"""The file that `make bench-peers` writes: no number in it is typed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from benchmarks.peers.environments import Installed
from benchmarks.peers.questions import Question
from benchmarks.peers.rounds import Found
from benchmarks.peers.systems import SYSTEMS, ZEN, System
from benchmarks.timing import readable

Results = Mapping[Question, Mapping[System, Found]]

_HEAD = """\
# zen_nb beside its peers

Written by `make bench-peers`. Each system has an environment of its own, with the same versions
of what the work takes. For each question every system gets a folder and the same functions
([work.py](peers/work.py)). A first process of each fills the store; a second one is watched by a
profiler, and where a hit is asked and one of the functions runs, there is no answer. Then come
the rounds under the clock: a new process of each system, one system after the other, round after
round, so that what else the machine does slows all alike. All systems must give the same values.

What is timed is the work, after imports: in a process that lives on, where the question does not
say otherwise, after calls that warm it up (the median of up to 50 calls, or of 1 second); else
the first call in a new process, with whatever it opens, up to the first row of the frame. Page
caches are warm, and modules compiled. An import is that of a script's first lines, with the
work's packages installed, which some systems look for. joblib's and marimo's functions are called
one after the other; zen_nb, Hamilton and ZenML get a pipeline (zen_nb plain calls of steps, where
it is a new process). Where one step gives another the frame, Hamilton and ZenML need not load it,
since both hit. All run with their defaults. They do not promise the same: what is served after an
edit stands in [soundness.md](soundness.md).
"""


def page(
    results: Results, installed: Mapping[System, Installed], machine: str, versions: Sequence[str]
) -> str:
    """Return the whole file."""
    parts = [
        _HEAD,
        f"Machine: {machine}.\n",
        "## Medians of the rounds\n",
        "In brackets: how many times zen_nb's; above 1, zen_nb is faster.\n",
        _table("question", results, _middle),
        "## Spread: the fastest and the slowest round\n",
        _table("question", results, lambda one, _: _spread(one)),
        "## Where zen_nb is slower\n",
        *(list(_slower(results)) or ["Nowhere."]),
        "\n## What has no answer\n",
        *_unanswered(results),
        "\n## What is installed\n",
        "What the requirement alone brings, with all that it needs, compiled modules included.\n",
        _installed(installed),
        "## Versions\n",
        ", ".join(versions) + ".",
    ]
    return "\n".join(parts) + "\n"


def _systems(results: Results) -> list[System]:
    return [one for one in SYSTEMS if any(one in found for found in results.values())]


def _table(head: str, results: Results, cell: object) -> str:
    assert callable(cell)
    systems = _systems(results)
    rows = [[head, *(one.name for one in systems)], ["---"] * (len(systems) + 1)]
    for question, found in results.items():
        ours = found.get(ZEN, Found())
        rows.append([question.title, *(cell(found.get(one, Found()), ours) for one in systems)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _middle(one: Found, ours: Found) -> str:
    if not one.seconds:
        return "-"
    told = readable(median(one.seconds))
    return told if one is ours or not ours.seconds else f"{told} ({_ratio(one, ours):.3g})"


def _spread(one: Found) -> str:
    return f"{readable(min(one.seconds))} – {readable(max(one.seconds))}" if one.seconds else "-"


def _ratio(one: Found, ours: Found) -> float:
    return median(one.seconds) / median(ours.seconds)


def _slower(results: Results) -> Iterator[str]:
    for question, found in results.items():
        ours = found.get(ZEN, Found())
        if not ours.seconds:
            continue
        ahead = {
            system.name: 1 / _ratio(one, ours)
            for system, one in found.items()
            if one.seconds and _ratio(one, ours) < 1
        }
        if ahead:
            told = ", ".join(f"{times:.3g} × {name}" for name, times in ahead.items())
            yield f"- {question.title}: zen_nb takes {told}"


def _unanswered(results: Results) -> Iterator[str]:
    asked: dict[tuple[str, str], list[str]] = {}
    for question, found in results.items():
        for system, one in found.items():
            if one.cannot:
                asked.setdefault((system.name, one.cannot), []).append(question.title)
    for (name, reason), titles in asked.items():
        yield f"- {name}, {reason}: {'; '.join(titles)}"


def _installed(installed: Mapping[System, Installed]) -> str:
    rows = ["| system | packages | size | times zen_nb's |", "|---|---|---|---|"]
    ours = installed[ZEN].size_bytes
    for system, one in installed.items():
        if one.error:
            rows.append(f"| {system.name} | - | - | {one.error} |")
            continue
        size = f"{one.size_bytes / 1e6:.3g} MB"
        rows.append(
            f"| {system.name} | {one.distributions} | {size} | {one.size_bytes / ours:.2g} |"
        )
    return "\n".join(rows) + "\n"
