"""Play the examples of installed packages as notebooks and write ``benchmarks/foreign.md``."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.foreign.verdict import PACKAGES, PLAYED, Verdict, judge

_TARGET = Path(__file__).parents[1] / "foreign.md"
_DISTRIBUTIONS = {"sklearn": "scikit-learn"}
_MEANT = {
    "cold": "every cell a `%%step`, nothing in the store",
    "warm": "played again in a new process: what can be is reused",
    "even": "every other cell runs, on what the reused cells between have restored",
    "odd": "the others run",
    "edited": "a number in one cell is another, played on the warm store beside a plain run of it",
    "auto": "automatic mode, told to keep every cell",
    "auto again": "the same in a new process",
}


def main(most: str = "6", *packages: str) -> int:
    """Play, and write the table; exits with 1 where a cell showed something else."""
    found = []
    for package in packages or PACKAGES:
        found.append(judge(package, int(most)))
        print(_row(found[-1]), flush=True)
    _TARGET.write_text("\n".join([*_lines(found), ""]))
    return int(any(one.differing for one in found))


def _lines(found: Sequence[Verdict]) -> Iterator[str]:
    yield "# Notebooks that nobody wrote for this"
    yield ""
    yield (
        "The examples in the documentation of installed packages, made into notebooks: a cell for "
        "each function's, state carried from cell to cell. Each is played plainly twice (what "
        "differs by itself is left out), then with zen_nb; what every cell shows is compared, "
        "results, prints and errors, addresses in memory and temporary folders aside. Written by "
        f"`make foreign`, Python {platform.python_version()}."
    )
    yield ""
    yield from (f"- **{way}**: {meant}" for way, meant in _MEANT.items())
    yield ""
    yield "| package | notebooks | cells | " + " | ".join(PLAYED) + " | reused when warm |"
    yield "|---|" + "---|" * (len(PLAYED) + 3)
    yield from map(_row, found)
    yield _sum(found)
    yield ""
    unkept = sum((one.unkept for one in found), Counter())
    yield "## Not reused when warm, and why"
    yield ""
    yield from (
        (f"- {count} × {why}" for why, count in unkept.most_common()) if unkept else ["Nothing."]
    )
    yield ""
    yield "## Shown differently"
    yield ""
    differing = [(one.package, *row) for one in found for row in one.differing]
    if not differing:
        yield "Nothing."
    for _, way, notebook, cell, plain, shown, reason in differing:
        yield f"- {notebook} cell {cell}, {way} ({reason}):"
        yield f"  `{_short(plain)}` is shown as `{_short(shown)}`"


def _row(one: Verdict) -> str:
    version = importlib.metadata.version(_DISTRIBUTIONS.get(one.package, one.package))
    ways = " | ".join(_share(one.same[way], one.compared[way]) for way in PLAYED)
    reused = _share(one.hits, one.able)
    return f"| {one.package} {version} | {one.notebooks} | {one.cells} | {ways} | {reused} |"


def _sum(found: Sequence[Verdict]) -> str:
    same = sum((one.same for one in found), Counter())
    compared = sum((one.compared for one in found), Counter())
    ways = " | ".join(_percent(same[way], compared[way]) for way in PLAYED)
    reused = _percent(sum(one.hits for one in found), sum(one.able for one in found))
    notebooks, cells = sum(one.notebooks for one in found), sum(one.cells for one in found)
    return f"| all | {notebooks} | {cells} | {ways} | {reused} |"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "–"


def _short(text: str) -> str:
    plain = " ".join(text.split()).replace("`", "'")
    return plain if len(plain) <= 160 else f"{plain[:159]}…"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
