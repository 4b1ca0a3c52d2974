"""``zen-nb run`` and ``zen-nb check``: a notebook executed without a page."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zen_nb.core.errors import UsageError
from zen_nb.core.options import Configuration, read_configuration
from zen_nb.faces.endings import DONE, FAILED, UNUSABLE, Unusable, read, write

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from zen_nb.faces.statuses import StepStatus
    from zen_nb.notebook.orders import Orders

_RUN_CODES = "exit code: 0 every cell ran, 1 a cell failed, 2 nothing could be run"
_CHECK_CODES = (
    "exit code: 0 every step is cached, 1 a step would run, 2 that cannot be told, since a cell "
    "failed or the notebook cannot be read"
)


# How long a kernel may take to end where it puts what it computed into a shared store.
_SHARING_S = 60.0


def configuration_of(notebook: Path) -> Configuration:
    """Return the configuration of a notebook: that of its folder, where its kernel runs."""
    return read_configuration(start=notebook.resolve().parent)


def add_commands(commands: Any) -> None:
    """Add the commands to a parser's."""
    run = commands.add_parser(
        "run",
        help="execute a notebook without a page and tell each step as it ends",
        description="Execute a notebook in a new kernel and tell each step as it ends.",
        epilog=_RUN_CODES,
    )
    add_arguments(run)
    run.add_argument("-o", "--output", type=Path, help="where to save the executed notebook")
    run.add_argument("--picture", type=Path, help="where to save the last graph shown, as SVG")
    one = run.add_mutually_exclusive_group()
    one.add_argument("--to", metavar="STEP", help="execute this step and what it depends on")
    one.add_argument(
        "--only", metavar="STEP", help="execute this step; what it depends on must be cached"
    )
    run.add_argument(
        "--no-cache",
        nargs="?",
        const="",
        action="append",
        metavar="STEP",
        help="run every step, or this one (write --no-cache=STEP), whatever is cached",
    )
    run.add_argument(
        "--on",
        default="",
        metavar="EXECUTOR",
        help="compute step cells that follow each other side by side: threads, dask or tcp://…",
    )
    run.set_defaults(command=_run)
    check = commands.add_parser(
        "check",
        help="tell whether a step of a notebook would run, and why",
        description=(
            "Execute a notebook's plain cells in a new kernel, take its steps from the cache, and "
            "say which would run. No step runs."
        ),
        epilog=_CHECK_CODES,
    )
    add_arguments(check)
    check.set_defaults(command=_check)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every command has which executes a notebook."""
    parser.add_argument("notebook", type=Path, help="the notebook to execute; it is not changed")
    parser.add_argument(
        "-p", "--parameter", action="append", default=[], metavar="NAME=VALUE",
        help="parameter of all steps that have it, or STEP.NAME=VALUE; a Python literal",
    )  # fmt: skip
    parser.add_argument("--kernel", help="kernel to run in (default: the one the notebook names)")
    parser.add_argument("--timeout", type=int, metavar="S", help="longest time for one cell")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, only that")


def _run(given: argparse.Namespace) -> int:
    from zen_nb.executors.named import check_name
    from zen_nb.faces.selection import blocks, selection
    from zen_nb.notebook.orders import Orders

    check_name(given.on)
    notebook = read(given.notebook)
    parameters = parameters_of(given, notebook)
    skip: frozenset[int] = frozenset()
    cached: frozenset[str] = frozenset()
    target = given.to or given.only
    if target:
        chosen = selection(notebook, target)
        skip = chosen.skip
        cached = frozenset(chosen.steps) - {target} if given.only else frozenset()
    off = _switched_off(given, notebook)
    if given.only and "" in off:
        off = {given.only}  # the others come from the cache
    orders = Orders(
        parameters,
        False if "" in off else None,
        {step: False for step in off if step},
        cached,
        on=given.on,
        blocks=blocks(notebook, skip) if given.on else (),
    )
    ending_s = _SHARING_S if configuration_of(given.notebook).remote_mode == "write" else None
    steps, failure = executed(given, notebook, orders, skip=skip, ending_s=ending_s)
    if given.json:
        _print_json(given, steps, failure)
    else:
        print(_table(steps))
    _save(notebook, given)
    if failure:
        complain(given.notebook, failure)
    return FAILED if failure else DONE


def complain(notebook: Path, failure: str) -> None:
    """Say what ended the execution of a notebook."""
    print(f"zen-nb: {notebook}: {failure}", file=sys.stderr)


def _check(given: argparse.Namespace) -> int:
    from zen_nb.notebook.orders import Orders

    notebook = read(given.notebook)
    orders = Orders(parameters_of(given, notebook), check=True)
    steps, failure = executed(given, notebook, orders, go_on=True)
    would_run = [step for step in steps if step.would_run]
    failure = failure or ("" if would_run else _first_error(notebook))
    if given.json:
        _print_json(given, steps, failure)
    elif not failure:
        cached = len(steps) - len(would_run)
        print(
            f"{cached} of {len(steps)} steps are cached"
            + (", the others would run" * bool(would_run))
        )
    if failure:
        complain(given.notebook, failure)
        return UNUSABLE
    return FAILED if would_run else DONE


def executed(
    given: argparse.Namespace,
    notebook: NotebookNode,
    orders: Orders,
    *,
    skip: frozenset[int] = frozenset(),
    go_on: bool = False,
    ending_s: float | None = None,
) -> tuple[list[StepStatus], str]:
    """Execute a notebook; return what its steps said, and what ended it, ``""`` if nothing did.

    Parameters
    ----------
    ending_s
        How long the kernel may take to end; ``None`` for what is usual.
    """
    headless = _headless()
    steps: list[StepStatus] = []

    def told(status: StepStatus) -> None:
        steps.append(status)
        if not given.json:
            print(_progress(status), flush=True)

    if not given.json:
        print(f"{'Checking' if orders.check else 'Running'} {given.notebook}", flush=True)
    try:
        headless.execute(
            notebook,
            told,
            folder=given.notebook.resolve().parent,
            kernel=given.kernel,
            timeout_s=given.timeout,
            orders=orders.text(),
            skip=skip,
            go_on=go_on,
            ending_s=ending_s,
        )
    except headless.HeadlessFailure as error:
        return steps, str(error)
    return steps, ""


def parameters_of(given: argparse.Namespace, notebook: NotebookNode) -> dict[str, Any]:
    """Return the parameters of the command line; raises `UsageError` for one no step has."""
    from zen_nb.faces.selection import check_parameters, steps_of
    from zen_nb.notebook.line import read_line

    found: dict[str, Any] = {}
    for text in given.parameter:
        line = read_line(text)
        if not line.parameters or line.words:
            raise UsageError(f"-p {text}: write NAME=VALUE, for example -p gamma=0.01")
        found.update(line.parameters)
    if found:
        check_parameters(steps_of(notebook), found)
    return found


def _switched_off(given: argparse.Namespace, notebook: NotebookNode) -> set[str]:
    """Return the steps not to be taken from the cache, ``""`` for all of them."""
    from zen_nb.core.errors import UnknownStep
    from zen_nb.faces.selection import steps_of

    off = set(given.no_cache or ())
    known = [step.name for step in steps_of(notebook)]
    for name in off - {""} - set(known):
        raise UnknownStep(name, known)
    return off


def _first_error(notebook: NotebookNode) -> str:
    """Return what the first cell that raised said; empty where none has."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.get("output_type") == "error":
                number = cell.get("execution_count")
                return f"cell In [{number}]: {output.get('ename')}: {output.get('evalue')}"
    return ""


def _print_json(given: argparse.Namespace, steps: Sequence[StepStatus], failure: str) -> None:
    told = {
        "notebook": str(given.notebook),
        "failure": failure,
        "steps": [
            {
                "step": one.step,
                "cell": one.cell,
                "status": _word(one).replace(" ", "_"),
                "seconds": one.duration_s,
                "saved_s": one.saved_s,
                "reason": one.reason,
                "why": list(one.why),
                "stored": one.stored or one.cached,
            }
            for one in steps
        ],
    }
    print(json.dumps(told, indent=2))


def _headless() -> Any:
    """Return the module that needs nbclient, which is not among zen_nb's own dependencies."""
    try:
        from zen_nb.faces import headless
    except ModuleNotFoundError as error:
        raise Unusable(f"`zen-nb run` needs {error.name}: pip install 'zen_nb[demo]'") from None
    return headless


def _save(notebook: NotebookNode, given: argparse.Namespace) -> None:
    """Write what was asked for and say where it is."""
    from zen_nb.faces.files import dump
    from zen_nb.faces.headless import last_picture

    say = (lambda text: print(text, file=sys.stderr)) if given.json else print

    if given.output is not None:
        write(given.output, dump(notebook))
        say(f"Executed notebook: {given.output}")
    if given.picture is None:
        return
    picture = last_picture(notebook)
    if picture is None:
        say("Picture of the graph: none, for the notebook shows no graph (%pipeline shows one)")
    else:
        write(given.picture, picture)
        say(f"Picture of the graph: {given.picture}")


def _progress(status: StepStatus) -> str:
    cell = "" if status.cell is None else f"In [{status.cell}]"
    because = "; ".join(
        part for part in (status.reason, "" if status.stored else "not stored") if part
    )
    because = f"  ({because})" if because else ""
    done = _word(status)
    if status.would_run:
        changes = "".join(f"\n{'':12} {line}" for line in status.why)
        return f"  {cell:<8} {status.step}: would run  ({status.reason}){changes}"
    return f"  {cell:<8} {status.step}: {done} in {_number(status.duration_s)} s{because}"


def _word(status: StepStatus) -> str:
    return "cached" if status.cached else "would run" if status.would_run else "ran"


_HEAD = ("step", "ran or cached", "seconds", "saved")


def _table(steps: Sequence[StepStatus]) -> str:
    """Return the steps as a table with their totals, in the order in which they ended."""
    if not steps:
        return "No step was executed: the notebook has no %%step cell that ran."
    rows = [
        (
            status.step,
            _word(status),
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
    would_run = sum(status.would_run for status in steps)
    told = f"{cached} cached, {len(steps) - cached - would_run} ran"
    told += f", {would_run} would run" if would_run else ""
    return f"{told}; {_number(spent)} s spent in steps, {_number(saved)} s saved"


def _number(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f}"
