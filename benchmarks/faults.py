"""Play every fault on zen_nb and on joblib, and write what came of it as a table."""

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

from tests.faults.peers import PEERS
from tests.faults.plays import Tally
from tests.faults.test_faults import PLAYS

HEAD = """\
# Faults

Each fault is played on one cached function, kept by zen_nb and by joblib.Memory in the same run
(`make faults`). A value counts as wrong where it is not what the function gives; a result as lost
where it was said to be stored, was not touched, and was computed again; code as executed where a
pickle that was put into the store has run; a call as failed where its caller got an exception, or
nothing within a minute (of the writer beside interrupts: within 5 s).

| fault | | tests | wrong values | lost results | code executed | calls failed | |
|---|---|---|---|---|---|---|---|
"""


def main() -> int:
    """Play all, or those that a word names, and write the table to the file named.

    Returns 1 where zen_nb was not clean.
    """
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    chosen = sys.argv[2:]
    logging.getLogger("zen_nb").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    lines, clean = _known(target) if chosen else {}, True
    for name, (play, _, amount) in PLAYS.items():
        if chosen and not any(word in name for word in chosen):
            continue
        for peer in PEERS:
            with tempfile.TemporaryDirectory() as folder:
                os.environ["ZEN_NB_KEY_DIR"] = f"{folder}/key"
                began = time.monotonic()
                try:
                    tally = play(peer, Path(folder) / "play", amount)
                except Exception as error:  # noqa: BLE001 - the peer's own, at a place nobody expects
                    tally = Tally(failed=1, note=f"{type(error).__name__}: {error}"[:80])
            clean &= peer != "zen_nb" or tally.is_clean
            lines[name, peer] = _line(name, peer, tally)
            print(f"{lines[name, peer]} {time.monotonic() - began:.0f} s", flush=True)
    packages = ", ".join(f"{name} {version(name)}" for name in ("joblib", "diskcache", "numpy"))
    where = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    if target is not None:
        rows = "".join(f"{line}\n" for line in lines.values())
        target.write_text(f"{HEAD}{rows}\n{where}; {packages}.\n")
    return 0 if clean else 1


def _known(target: Path | None) -> dict[tuple[str, str], str]:
    """Return the rows of an earlier run, of which some are renewed."""
    rows = target.read_text().splitlines() if target is not None and target.exists() else []
    cells = [(row, [cell.strip() for cell in row.split("|")]) for row in rows if row[:2] == "| "]
    return {(found[1], found[2]): row for row, found in cells if found[2] in PEERS}


def _line(name: str, peer: str, tally: Tally) -> str:
    counts = (tally.wrong, tally.lost, tally.executed, tally.failed)
    told = " | ".join(f"**{count:,}**" if count else "0" for count in counts)
    return f"| {name} | {peer} | {tally.tests:,} | {told} | {tally.note} |"


if __name__ == "__main__":
    sys.exit(main())
