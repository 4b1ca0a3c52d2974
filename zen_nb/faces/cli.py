"""``zen-nb``: zen_nb from the command line."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zen_nb._version import __version__
from zen_nb.core.errors import StoreUnavailable, UsageError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from zen_nb.faces.statuses import StepStatus

DONE, FAILED, UNUSABLE = 0, 1, 2

_EXIT_CODES = "exit code: 0 every cell ran, 1 a cell failed, 2 nothing could be run"
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


class _Unusable(Exception):
    """What was asked cannot be started; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code; never show a traceback for a user error."""
    try:
        words = sys.argv[1:] if arguments is None else list(arguments)
        if words[:1] == ["cache"]:
            return _cache(words[1:])
        given = _parser().parse_args(words)
        return int(given.command(given))
    except (_Unusable, UsageError) as error:
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
    run = commands.add_parser(
        "run",
        help="execute a notebook without a page and tell each step as it ends",
        description="Execute a notebook in a new kernel and tell each step as it ends.",
        epilog=_EXIT_CODES,
    )
    run.add_argument("notebook", type=Path, help="the notebook to execute; it is not changed")
    run.add_argument("-o", "--output", type=Path, help="where to save the executed notebook")
    run.add_argument("--picture", type=Path, help="where to save the last graph shown, as SVG")
    run.add_argument("--kernel", help="kernel to run in (default: the one the notebook names)")
    run.add_argument("--timeout", type=int, metavar="S", help="longest time for one cell")
    run.set_defaults(command=_run)
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


def _run(given: argparse.Namespace) -> int:
    headless = _headless()
    notebook = _read(given.notebook)
    steps: list[StepStatus] = []

    def told(status: StepStatus) -> None:
        steps.append(status)
        print(_progress(status), flush=True)

    failure = ""
    print(f"Running {given.notebook}", flush=True)
    try:
        headless.execute(
            notebook,
            told,
            folder=given.notebook.resolve().parent,
            kernel=given.kernel,
            timeout_s=given.timeout,
        )
    except headless.HeadlessFailure as error:
        failure = str(error)
    print(_table(steps))
    _save(headless, notebook, given)
    if failure:
        print(f"zen-nb: {given.notebook}: {failure}", file=sys.stderr)
    return FAILED if failure else DONE


def _graph(given: argparse.Namespace) -> int:
    from zen_nb.core.options import usable_configuration
    from zen_nb.faces import mermaid, picture
    from zen_nb.faces.page import page_snapshot
    from zen_nb.store.records import open_store

    notebook = _read(given.notebook)
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
        _write(given.output, drawn.encode())
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
        raise _Unusable(str(error)) from None
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
        raise _Unusable(f"{question} Say so with --yes")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _strip(given: argparse.Namespace) -> int:
    import nbformat

    from zen_nb.faces.strip import strip

    try:
        notebook = nbformat.read(given.notebook, as_version=nbformat.NO_CONVERT)
        done = strip(notebook)
    except OSError as error:
        raise _Unusable(f"cannot read {given.notebook}: {error.strerror}") from None
    except (ValueError, AttributeError, UsageError) as error:
        why = str(error).partition("\n")[0]
        raise _Unusable(f"{given.notebook}: no notebook that can be stripped: {why}") from None
    told = f"{_count(done.cells, 'cell')} and {_count(done.outputs, 'output')} of zen_nb's"
    if given.check:
        print(f"{given.notebook}: {told} would be changed or taken out")
    elif done.changed or given.output is not None:
        target = given.output or given.notebook
        _write(target, nbformat.writes(notebook).encode() + b"\n")
        print(f"{target}: {told} changed or taken out")
    else:
        print(f"{given.notebook}: nothing of zen_nb's in it")
    for line in done.left:
        print(f"zen-nb: {given.notebook}: still needs zen_nb: {line}", file=sys.stderr)
    return FAILED if done.left or (given.check and done.changed) else DONE


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _headless() -> Any:
    """Return the module that needs nbclient, which is not among zen_nb's own dependencies."""
    try:
        from zen_nb.faces import headless
    except ModuleNotFoundError as error:
        raise _Unusable(f"`zen-nb run` needs {error.name}: pip install 'zen_nb[demo]'") from None
    return headless


def _read(path: Path) -> NotebookNode:
    from zen_nb.faces import files

    try:
        return files.load(path)
    except OSError as error:
        raise _Unusable(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise _Unusable(str(error)) from None


def _save(headless: Any, notebook: NotebookNode, given: argparse.Namespace) -> None:
    """Write what was asked for and say where it is."""
    from zen_nb.faces.files import dump

    if given.output is not None:
        _write(given.output, dump(notebook))
        print(f"Executed notebook: {given.output}")
    if given.picture is None:
        return
    picture = headless.last_picture(notebook)
    if picture is None:
        print("Picture of the graph: none, for the notebook shows no graph (%pipeline shows one)")
    else:
        _write(given.picture, picture)
        print(f"Picture of the graph: {given.picture}")


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise _Unusable(f"cannot write {path}: {error.strerror}") from None


def _progress(status: StepStatus) -> str:
    cell = "" if status.cell is None else f"In [{status.cell}]"
    because = "; ".join(
        part for part in (status.reason, "" if status.stored else "not stored") if part
    )
    because = f"  ({because})" if because else ""
    done = "cached" if status.cached else "ran"
    return f"  {cell:<8} {status.step}: {done} in {_number(status.duration_s)} s{because}"


_HEAD = ("step", "ran or cached", "seconds", "saved")


def _table(steps: Sequence[StepStatus]) -> str:
    """Return the steps as a table with their totals, in the order in which they ended."""
    if not steps:
        return "No step was executed: the notebook has no %%step cell that ran."
    rows = [
        (
            status.step,
            "cached" if status.cached else "ran",
            _number(status.duration_s),
            _number(status.saved_s),
        )
        for status in steps
    ]
    widths = [max(len(row[column]) for row in (_HEAD, *rows)) for column in range(len(_HEAD))]
    lines = [_line(row, widths) for row in (_HEAD, tuple("-" * width for width in widths), *rows)]
    return "\n".join(["", *lines, "", _totals(steps)])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    step, done, seconds, saved = row
    return f"{step:<{widths[0]}}  {done:<{widths[1]}}  {seconds:>{widths[2]}}  {saved:>{widths[3]}}"


def _totals(steps: Sequence[StepStatus]) -> str:
    cached = sum(status.cached for status in steps)
    spent = sum(status.duration_s or 0.0 for status in steps)
    saved = sum(status.saved_s or 0.0 for status in steps)
    return (
        f"{cached} cached, {len(steps) - cached} ran; {_number(spent)} s spent in steps, "
        f"{_number(saved)} s saved"
    )


def _number(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f}"


if __name__ == "__main__":
    sys.exit(main())
