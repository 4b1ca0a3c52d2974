"""``zen-nb``: zen_nb from the command line."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from zen_nb._version import __version__
from zen_nb.core.errors import StoreUnavailable, UsageError
from zen_nb.faces import keys, runs, warming
from zen_nb.faces.endings import DONE, FAILED, UNUSABLE, Unusable, read, write

_STRIP_CODES = (
    "exit code: 0 done (with --check: there is nothing to take out), 1 something still needs "
    "zen_nb (with --check: or would be taken out), 2 the notebook cannot be read or written"
)


_GRAPH_CODES = "exit code: 0 drawn, 2 the notebook cannot be read or the file not written"
_FORMS = {
    "svg": "as a picture",
    "mermaid": "as Mermaid text, for READMEs",
    "html": "as a page of its own",
    "text": "as plain text (the default)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code; never show a traceback for a user error."""
    try:
        words = sys.argv[1:] if arguments is None else list(arguments)
        if words[:1] == ["cache"]:
            return _cache(words[1:])
        given = _parser().parse_args(words)
        return int(given.command(given))
    except (Unusable, UsageError) as error:
        print(f"zen-nb: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("zen-nb: interrupted", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zen-nb", description="Cached notebook pipelines that can be trusted."
    )
    parser.add_argument("--version", action="version", version=f"zen-nb {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    runs.add_commands(commands)
    warming.add_command(commands)
    graph = commands.add_parser(
        "graph",
        help="draw a notebook's graph from its file, without running anything",
        description="Draw a notebook's graph from its file and the store; no cell is run.",
        epilog=_GRAPH_CODES,
    )
    graph.add_argument("notebook", type=Path, help="the notebook; it is not changed")
    form = graph.add_mutually_exclusive_group()
    for name, what in _FORMS.items():
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=what)
    graph.add_argument("-o", "--output", type=Path, help="where to save it instead of printing it")
    graph.set_defaults(command=_graph, form="text")
    keys.add_command(commands)
    # Read by a parser of its own, which brings what the other commands do without.
    commands.add_parser("cache", help="show what the store holds, verify it, free it")
    strip = commands.add_parser(
        "strip",
        help="take every line of zen_nb out of a notebook, for colleagues without it",
        description="Take the lines, parameters and outputs of zen_nb out of a notebook, in place.",
        epilog=_STRIP_CODES,
    )
    strip.add_argument("notebook", type=Path, help="the notebook; what it computes stays the same")
    strip.add_argument("-o", "--output", type=Path, help="where to save it instead")
    strip.add_argument("--check", action="store_true", help="only say what would be taken out")
    strip.set_defaults(command=_strip)
    return parser


def _graph(given: argparse.Namespace) -> int:
    from zen_nb.core.options import usable_configuration
    from zen_nb.faces import mermaid, picture
    from zen_nb.faces.page import page_snapshot
    from zen_nb.store.records import open_store

    notebook = read(given.notebook)
    try:
        store = open_store(usable_configuration())
    except StoreUnavailable:
        store = None  # the file alone tells how the steps are joined
    snapshot = page_snapshot(notebook, given.notebook.stem, store)
    drawn = {
        "svg": picture.to_svg,
        "mermaid": mermaid.to_mermaid,
        "html": picture.to_page,
        "text": picture.to_text,
    }[given.form](snapshot)
    if given.output is None:
        print(drawn.rstrip("\n"))
    else:
        write(given.output, drawn.encode())
    return DONE


def _cache(words: Sequence[str]) -> int:
    import json

    from zen_nb.core.options import usable_configuration
    from zen_nb.notebook.cache import Asked, carry_out, read_words
    from zen_nb.store.records import open_store

    given = read_words(words, "zen-nb cache")
    try:
        store = open_store(usable_configuration())
        done = carry_out(Asked(store, given, _progress_bar, sure=_is_sure))
    except StoreUnavailable as error:
        raise Unusable(str(error)) from None
    print(json.dumps(done.data, indent=2) if given.json else done.text)
    return done.code


@contextlib.contextmanager
def _progress_bar(what: str, total_bytes: int) -> Iterator[Callable[[int], object]]:
    """Show a bar where a person looks and tqdm is installed."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        yield lambda _: None
        return
    units: Any = {"unit": "B", "unit_scale": True, "leave": False, "disable": None}
    with tqdm(desc=what, total=total_bytes, **units) as bar:
        yield bar.update


def _is_sure(question: str) -> bool:
    if not sys.stdin.isatty():
        raise Unusable(f"{question} Say so with --yes")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _strip(given: argparse.Namespace) -> int:
    import nbformat

    from zen_nb.faces.strip import strip

    try:
        notebook = nbformat.read(given.notebook, as_version=nbformat.NO_CONVERT)
        done = strip(notebook)
    except OSError as error:
        raise Unusable(f"cannot read {given.notebook}: {error.strerror}") from None
    except (ValueError, AttributeError, UsageError) as error:
        why = str(error).partition("\n")[0]
        raise Unusable(f"{given.notebook}: no notebook that can be stripped: {why}") from None
    told = f"{_count(done.cells, 'cell')} and {_count(done.outputs, 'output')} of zen_nb's"
    if given.check:
        print(f"{given.notebook}: {told} would be changed or taken out")
    elif done.changed or given.output is not None:
        target = given.output or given.notebook
        write(target, nbformat.writes(notebook).encode() + b"\n")
        print(f"{target}: {told} changed or taken out")
    else:
        print(f"{given.notebook}: nothing of zen_nb's in it")
    for line in done.left:
        print(f"zen-nb: {given.notebook}: still needs zen_nb: {line}", file=sys.stderr)
    return FAILED if done.left or (given.check and done.changed) else DONE


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


if __name__ == "__main__":
    sys.exit(main())
