"""The file that `make soundness` writes: nothing in it is typed by hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.soundness.outcome import Outcome, System, count

Found = Mapping[System, Sequence[Outcome]]

_EXAMPLES, _WIDTH = 10, 70
_HEAD = """\
# What is served after an edit

Written by `make soundness`. Each scenario of [the corpus](../tests/soundness/corpus) is a small
notebook, an edit of it (of a cell, a helper, a module, a value, or in a running session), and
whether the step can give another result after it. It is played in three processes with
different hash seeds over one cache: as it was, unedited, and edited. What the same text gives
in the same system without any cache is the fresh value.

- **stale**: the value served after the edit is not the fresh one. zen_nb is judged more
  strictly than its peers: where it must rerun, a hit is stale even if it happens to give the
  fresh value.
- **needless**: the step ran although the edit cannot matter. **unedited**: it ran in a new
  process although nothing at all had been edited, or was not kept the first time.
- **error**: the cell fails with the cache and not without it.
- **not played**: it cannot be expressed there; the reasons are below. Scenarios differ in what
  they ask, and each system's counts are of those that it can play.

joblib and Hamilton get the step as a function of a script: names of data that its text reads
are its arguments, since neither looks at globals; functions, classes and modules stay global.
marimo gets the notebook as an app, one cell each. All of them run with their defaults. The
corpus was made to find faults in zen_nb, and zen_nb was mended until it found none: the
numbers of zen_nb say that it keeps its promise on these edits, not on all that there are.
"""


def page(found: Found, versions: Sequence[str]) -> str:
    """Return the whole file."""
    parts = [
        _HEAD,
        *_totals(found),
        *_groups(found),
        *_better(found),
        *(line for system in found for line in _examples(system, _new(found, system))),
        *_not_played(found),
        "## Versions\n",
        ", ".join(versions) + ".",
    ]
    return "\n".join(parts) + "\n"


def _totals(found: Found) -> list[str]:
    heads = ["played", "stale", "needless", "unedited", "error", "not played"]
    rows = []
    for system, outcomes in found.items():
        counts = count(list(outcomes))
        rows.append([system.name, system.how, *(str(counts[head]) for head in heads)])
    return ["## All scenarios\n", *_rows(["", "how", *heads], rows), ""]


def _groups(found: Found) -> list[str]:
    groups = list(dict.fromkeys(one.group for outcomes in found.values() for one in outcomes))
    rows = []
    for group in groups:
        cells = []
        for outcomes in found.values():
            counts = count([one for one in outcomes if one.group == group])
            ran = counts["needless"] + counts["unedited"]
            cells.append(f"{counts['stale']} · {ran} · {counts['error']} of {counts['played']}")
        rows.append([group.replace("_", " "), *cells])
    heads = ["", *(f"{system.name} {system.how}" for system in found)]
    told = "Stale · run needlessly or unedited · errors, of those played.\n"
    return ["## By what is edited\n", told, *_rows(heads, rows), ""]


def _better(found: Found) -> list[str]:
    """Return where zen_nb fails, and who does not fail there."""
    failed: dict[str, list[str]] = {}
    sound: dict[str, set[str]] = {}
    for system, outcomes in found.items():
        for one in outcomes:
            if system.strict and one.what not in ("sound", "not played"):
                failed.setdefault(one.scenario.name, []).append(f"{one.what} as {system.how}")
            elif one.what == "sound" and not system.strict:
                sound.setdefault(one.scenario.name, set()).add(system.name)
    lines = [
        f"- {name}: {', '.join(what)}. Sound there: {', '.join(sorted(sound.get(name, '–')))}."
        for name, what in failed.items()
    ]
    none = "zen_nb fails in no scenario of this corpus."
    return ["## Where zen_nb fails\n", *(lines or [none]), ""]


def _new(found: Found, system: System) -> list[Outcome]:
    """Return what became of the scenarios, without what is shown of another way of this peer."""
    others = list(found)[: list(found).index(system)]
    shown = {
        (one.scenario.name, one.what)
        for other in others
        if other.name == system.name
        for one in found[other]
    }
    return [one for one in found[system] if (one.scenario.name, one.what) not in shown]


def _examples(system: System, outcomes: Iterable[Outcome]) -> list[str]:
    """Return what a peer did wrong: a few, from as many groups as there are."""
    if system.strict:
        return []
    lines = [f"## Examples: {system.name}, {system.how}\n"]
    for what in ("stale", "error", "needless", "unedited"):
        lines += [
            f"- {what}: {one.scenario.name} ({edit(one)}){_ending(one)}"
            for one in _spread([one for one in outcomes if one.what == what])
        ]
    return [*lines, ""] if lines[1:] else []


def _spread(outcomes: list[Outcome]) -> list[Outcome]:
    """Return the first ones of each group in turn, as many as are shown."""
    seen: Counter[str] = Counter()
    ranked = []
    for one in outcomes:
        ranked.append((seen[one.group], one))
        seen[one.group] += 1
    ranked.sort(key=lambda pair: pair[0])
    return [one for _, one in ranked[:_EXAMPLES]]


def edit(one: Outcome) -> str:
    """Return an edit on one line."""
    if one.scenario.live:
        return f"then {_code(one.scenario.live)}"
    return ", ".join(f"{_code(old)} → {_code(new)}" for old, new in one.scenario.edits)


def _ending(one: Outcome) -> str:
    if one.what == "stale":
        return f": served {_code(one.served)}, fresh {_code(one.fresh)}"
    return f": {one.told}" if one.what == "error" else ""


def _not_played(found: Found) -> list[str]:
    rows = []
    for system, outcomes in found.items():
        reasons = Counter(one.told for one in outcomes if one.what == "not played")
        rows += [[system.name, system.how, told, str(n)] for told, n in reasons.most_common()]
    return ["## Not played\n", *_rows(["", "how", "why", "scenarios"], rows), ""]


def _code(text: str) -> str:
    """Return a text as code on one line, cut where it is long."""
    line = re.sub(r" {2,}", " ", text.replace("\n", " ⏎ ")).replace("`", "'").strip()
    return f"`{line if len(line) <= _WIDTH else line[: _WIDTH - 1] + '…'}`"


def _rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    ]
