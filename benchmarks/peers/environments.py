"""Makes an environment for each system: ``python -m benchmarks.peers.environments FOLDER``.

Each holds what its system brings and what the work takes, and nothing of another system.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.peers.systems import SYSTEMS, System

ROOT = Path(__file__).parents[2]
_WORK = Path(__file__).with_name("work.txt")
_NOTE = "installed.json"
_WHERE = re.compile(r"(\w+://|/)\S+")


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installer brought for a system, without what the work takes.

    Attributes
    ----------
    error
        What the installer printed last, where it failed.
    """

    size_bytes: int = 0
    distributions: int = 0
    error: str = ""


def main(folder: str) -> None:
    """Make them all anew; one that cannot be made says why."""
    for system in SYSTEMS:
        if system.home == system.module:
            place = Path(folder, system.module)
            venv.create(place, clear=True, with_pip=True)
            found = _install(system, place)
            Path(place, _NOTE).write_text(json.dumps(asdict(found)))
            print(f"{system.name}: {found.error or f'{found.distributions} packages'}", flush=True)


def python(folder: str | Path, system: System) -> str:
    """Return the interpreter that a system plays in."""
    return str(Path(folder, system.home, "bin", "python"))


def installed(folder: str | Path, system: System) -> Installed:
    """Return what the environment of a system noted when it was made."""
    return Installed(**json.loads(Path(folder, system.home, _NOTE).read_text()))


def unplaced(text: str) -> str:
    """Return the text without addresses and paths, which tell of a machine."""
    return _WHERE.sub("…", text)


def _install(system: System, place: Path) -> Installed:
    before = _held(place)
    for asked in ([system.requirement or str(ROOT)], ["-r", str(_WORK)]):
        pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "install", "-q", *asked], capture_output=True, text=True)  # noqa: PLW1510
        if done.returncode:
            told = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            return Installed(error=unplaced("; ".join(told)))
        if "-r" not in asked:
            size, count = (now - then for now, then in zip(_held(place), before, strict=True))
    return Installed(size, count)


def _held(place: Path) -> tuple[int, int]:
    """Return the bytes of all files, and how many distributions there are."""
    files = [one for one in place.rglob("*") if one.is_file() and not one.is_symlink()]
    count = sum(one.name == "METADATA" for one in files)
    return sum(one.stat().st_size for one in files), count


if __name__ == "__main__":
    main(*sys.argv[1:])
