"""``zen-nb warm``: a notebook executed so that the shared store has all that it gives."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from zen_nb.core.errors import StoreUnavailable
from zen_nb.faces import runs
from zen_nb.faces.endings import DONE, FAILED, Unusable, read

_CODES = (
    "exit code: 0 all is there, 1 a cell failed or something could not be put there, "
    "2 nothing could be run"
)
_ENDING_S = 3600.0
_MODE = "ZEN_NB_REMOTE_MODE"
_NOTHING = {"records": 0, "size_bytes": 0, "there": 0, "failed": 0, "left": 0, "trouble": ""}


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    warm = commands.add_parser(
        "warm",
        help="execute a notebook so that the shared store has all that it gives",
        description=(
            "Execute a notebook in a new kernel; put what its steps give into the shared store, "
            "computed now or found in the cache."
        ),
        epilog=_CODES,
    )
    runs.add_arguments(warm)
    warm.set_defaults(command=_warm)


def _warm(given: argparse.Namespace) -> int:
    from zen_nb.notebook.orders import Orders

    notebook = read(given.notebook)
    url = _required(given.notebook)
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        orders = Orders(runs.parameters_of(given, notebook), fill=str(report))
        os.environ[_MODE] = "write"
        steps, failure = runs.executed(given, notebook, orders, ending_s=_ENDING_S)
        try:
            told = json.loads(report.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            told = None
    if told is None:
        failure = failure or "the notebook does not load zen_nb: it has no %load_ext zen_nb"
    done = told or _NOTHING
    if given.json:
        steps_told = [{"step": one.step, "cached": one.cached} for one in steps]
        print(json.dumps({"store": url, "failure": failure, "steps": steps_told, **done}, indent=2))
    else:
        print(_summary(url, done))
    if failure:
        runs.complain(given.notebook, failure)
    return FAILED if failure or done["failed"] or done["left"] or done["trouble"] else DONE


def _required(notebook: Path) -> str:
    """Return the shared store of a notebook; raises `Unusable` where it cannot be filled."""
    from zen_nb.store.folder import store_folder
    from zen_nb.store.sharing import without_secrets
    from zen_nb.store.trust import open_key

    found = runs.configuration_of(notebook)
    if not found.remote:
        raise Unusable(
            "no shared store is configured; name one in pyproject.toml: "
            '[tool.zen_nb] remote = "s3://bucket/prefix"; or set ZEN_NB_REMOTE'
        )
    try:
        key = open_key(outside=store_folder(found))
    except StoreUnavailable as error:
        raise Unusable(str(error)) from None
    if key is None:
        raise Unusable("there is no key to sign with; make one: zen-nb keys new")
    return without_secrets(found.remote)


def _summary(url: str, done: dict[str, Any]) -> str:
    from zen_nb.notebook.status import size

    told = f"{done['records']} put ({size(done['size_bytes'])}), {done['there']} there already"
    missing = done["failed"] + done["left"]
    told += f", {missing} not put" if missing else ""
    told += f"\n{done['trouble']}" if done["trouble"] else ""
    return f"{url}: {told}"
