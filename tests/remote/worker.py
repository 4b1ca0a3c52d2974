"""A machine in a process of its own: calls the function for each number, and says what was found."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.faults.peers import SMALL, is_right
from tests.remote.machines import Machine


def main(folder: str, *words: str) -> None:
    """Call for each number; print whether the value was found, and whether it is right."""
    machine = Machine(Path(folder), "")
    machine.env.clear()  # that of the process
    told = []
    for number in map(int, words):
        value, found = machine.call(number, SMALL)
        told.append([number, found, is_right(value, number)])
        print(json.dumps(told[-1]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
