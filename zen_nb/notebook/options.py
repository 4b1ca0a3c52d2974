"""The options of ``%%step`` and ``%pipeline`` lines, in IPython's argument style."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from IPython.core import magic_arguments
from IPython.core.error import UsageError as ShellUsageError

from zen_nb.core.errors import UsageError
from zen_nb.core.model import StepOptions
from zen_nb.core.options import parse_duration
from zen_nb.notebook.line import closest

# Options that take the next word as their value.
STEP_VALUED = frozenset({"--expires", "--ignore", "--file", "--map"})
RUN_VALUED = frozenset({"--to", "--on", "--slower-than", "--sample"})

_RUN_NEEDS = {
    "--to": "the name of a step; write --to STEP",
    "--on": "where to compute; write --on threads, --on dask or --on tcp://HOST:PORT",
}

# IPython ships no types for these.
_argument: Any = magic_arguments.argument
_arguments: Any = magic_arguments.magic_arguments

# `%` is doubled for argparse, which formats its texts.
_STEP_OPTIONS = (
    _argument(
        "--cache",
        dest="cache",
        action="store_const",
        const=True,
        default=None,
        help="Read the cache for this step, whatever the pipeline says: %%%%step train --cache",
    ),
    _argument(
        "--no-cache",
        dest="cache",
        action="store_const",
        const=False,
        help="Run each time; the result is still stored: %%%%step train --no-cache",
    ),
    _argument(
        "--no-store",
        action="store_true",
        help="Do not keep the result: %%%%step secret --no-store",
    ),
    _argument(
        "--expires",
        metavar="AGE",
        help="Run again when the result is older: %%%%step rates --expires 7d (s, m, h, d, w)",
    ),
    _argument(
        "--ignore",
        metavar="NAME",
        action="append",
        default=[],
        help="Take an input out of the key on your word: %%%%step load --ignore conn",
    ),
    _argument(
        "--file",
        metavar="PATH",
        action="append",
        default=[],
        help="A file that the step depends on and that cannot be seen being read: "
        "%%%%step load --file sales.db",
    ),
    _argument(
        "--map",
        metavar="ITEM=ITEMS",
        help="Execute the cell for each element, keep each by itself, and collect what it binds "
        "in lists: %%%%step embed --map text=texts",
    ),
)
_EACH = re.compile(r"([^\W\d]\w*)=([^\W\d]\w*)")


def documented(function: Callable[..., Any]) -> Any:
    """Return `function` as a magic whose help lists the options of a ``%%step`` line."""
    for declare in reversed(_STEP_OPTIONS):
        function = declare(function)
    return _arguments("%step")(function)


def _declared(line: str, cell: str) -> None:
    """Carry the parser."""


_parser: Any = documented(_declared).parser
_parser.allow_abbrev = False
_known = [option for action in _parser._actions for option in action.option_strings]


@lru_cache(maxsize=256)
def read_step_options(words: tuple[str, ...]) -> StepOptions:
    """Return what the options of a ``%%step`` line set.

    Raises
    ------
    UsageError
        Where an option is unknown or its value cannot be read.
    """
    try:
        found, rest = _parser.parse_known_args(list(words))
    except ShellUsageError as error:
        raise UsageError(f"%%step: {error}; see %%step?") from None
    if rest:
        raise UsageError(f"%%step has no option {rest[0]}{closest(rest[0], _known)}; see %%step?")
    return StepOptions(
        enable_cache=found.cache,
        expires_after_s=parse_duration(found.expires, "--expires") if found.expires else None,
        ignore=frozenset(name for part in found.ignore for name in part.replace(",", " ").split()),
        files=tuple(found.file),
        keep=not found.no_store,
        each=_each(found.map),
    )


def _each(text: str | None) -> tuple[str, str] | None:
    """Return the names that ``--map item=items`` gives."""
    if text is None:
        return None
    match = _EACH.fullmatch(text)
    if match is None or match[1] == match[2]:
        raise UsageError(
            f"--map {text} does not name an element and a list; write --map ITEM=ITEMS"
        )
    return match[1], match[2]


@dataclass(frozen=True, slots=True)
class RunLine:
    """What the options of a ``%pipeline run`` line set.

    Attributes
    ----------
    cache, steps
        The run's setting, and those of single steps.
    keep
        Whether results are kept.
    to
        The last step wanted.
    on
        What computes steps besides this kernel.
    """

    cache: bool | None = None
    steps: Mapping[str, bool] = field(default_factory=dict)
    keep: bool = True
    to: str | None = None
    on: str | None = None


def read_run_options(words: tuple[str, ...]) -> RunLine:
    """Return what the options of a ``%pipeline run`` line set.

    Raises
    ------
    UsageError
        Where an option is unknown.
    """
    found, steps = RunLine(), dict[str, bool]()
    waiting = list(words)
    while waiting:
        option, _, value = waiting.pop(0).partition("=")
        if option in ("--cache", "--no-cache"):
            if value:
                steps.update(dict.fromkeys(value.split(","), option == "--cache"))
            else:
                found = replace(found, cache=option == "--cache")
        elif option == "--no-store":
            found = replace(found, keep=False)
        elif option in _RUN_NEEDS:
            word = value or (waiting.pop(0) if waiting else "")
            if not word:
                raise UsageError(f"{option} needs {_RUN_NEEDS[option]}")
            found = replace(found, to=word) if option == "--to" else replace(found, on=word)
        else:
            known = ["--cache", "--no-cache", "--no-store", *_RUN_NEEDS]
            raise UsageError(
                f"%pipeline has no option {option}{closest(option, known)}; "
                f"it has {', '.join(known)}"
            )
    return replace(found, steps=steps)


def read_auto_options(
    words: tuple[str, ...], options: tuple[str, ...]
) -> tuple[bool, float] | None:
    """Return whether every cell is to be a step, and what must take longer; ``None`` if not asked.

    Raises
    ------
    UsageError
        Where the line says something else.
    """
    if not words and not options:
        return None
    if words not in (("on",), ("off",)):
        raise UsageError("write %pipeline auto on, or %pipeline auto off")
    least = 0.0
    waiting = list(options)
    while waiting:
        option, _, value = waiting.pop(0).partition("=")
        if option != "--slower-than":
            raise UsageError(f"%pipeline auto has no option {option}; it has --slower-than")
        value = value or (waiting.pop(0) if waiting else "")
        least = parse_duration(value, "--slower-than")
    return words == ("on",), least


def read_share(options: tuple[str, ...]) -> float:
    """Return the share of ``--sample 20%``; 1 where it is left out.

    Raises
    ------
    UsageError
        Where it is no share, or another option.
    """
    if not options:
        return 1.0
    option, _, value = options[0].partition("=")
    value = value or "".join(options[1:2])
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", value)
    share = float(match[1]) / (100 if match[2] else 1) if match else 0.0
    if option != "--sample" or not 0 < share <= 1:
        raise UsageError("write %pipeline recheck [STEP …] [--sample 20%]")
    return share
