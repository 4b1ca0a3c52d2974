"""The words after ``zen-nb cache`` and ``%pipeline cache``: one parser, one answer for both."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn, Protocol

from zen_nb.core.errors import UnknownStep, UsageError
from zen_nb.core.model import JSON, Record
from zen_nb.core.options import parse_size
from zen_nb.engine.decide import moment
from zen_nb.notebook.reports import table
from zen_nb.notebook.status import seconds, size
from zen_nb.store import inventory
from zen_nb.store.inventory import Held, Stock
from zen_nb.store.records import Store
from zen_nb.store.sharing import by_whom
from zen_nb.store.trust import SHARED

_CODES = "exit code: 0 done, 1 verify found damage, 2 the store or the step is not there"


class Progress(Protocol):
    """Shows how far long work has come."""

    def __call__(self, what: str, total_bytes: int, /) -> contextlib.AbstractContextManager[Any]:
        """Return what is told, with each call, how many bytes more are done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to: as text, as JSON, and as an exit code."""

    text: str
    data: JSON
    code: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command is carried out with.

    Attributes
    ----------
    named
        Returns the name that records know a step by.
    sure
        Asks before all is removed.
    """

    store: Store
    given: argparse.Namespace
    progress: Progress
    named: Callable[[str], str] = str
    sure: Callable[[str], bool] = lambda _: True


class _Parser(argparse.ArgumentParser):
    """Says what is wrong instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def _add_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def add(name: str, act: Callable[[Asked], Answer], what: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        made.add_argument("--json", action="store_true", help="answer as JSON")
        made.set_defaults(act=act)
        return made

    add("stats", _stats, "show what the store holds, and what freeing some of it would cost")
    add("list", _list, "list the steps with records")
    show = add("show", _show, "show the records of a step and what they hold")
    show.add_argument("step", metavar="STEP")
    check = add("verify", _verify, "look at every record and hash every stored byte")
    check.add_argument(
        "--repair", action="store_true", help="take out what is damaged, so that it is run again"
    )
    prune = add("prune", _prune, "evict what is worth least until the store takes so much")
    prune.add_argument("--to", required=True, metavar="SIZE", help="such as 10GB")
    clear = add("clear", _clear, "remove the records of a step, or all there are")
    clear.add_argument("step", metavar="STEP", nargs="?")
    clear.add_argument("--yes", action="store_true", help="do not ask before all is removed")
    pin = add("pin", _pin, "keep the newest record of a step from being evicted")
    pin.add_argument("step", metavar="STEP")
    pin.add_argument("--all", action="store_true", help="all of its records")
    pin.add_argument("--off", action="store_true", help="let them be evicted again")
    add("path", _path, "print the folder of the store")


def read_words(words: Sequence[str], program: str = "%pipeline cache") -> argparse.Namespace:
    """Return what the words after `program` ask for, with ``act`` and ``json``.

    Raises
    ------
    UsageError
        Where they ask for nothing that there is.
    """
    what = "What the store holds, and how to change it."
    parser = _Parser(prog=program, description=what, epilog=_CODES)
    _add_commands(parser)
    return parser.parse_args(list(words))


def carry_out(asked: Asked) -> Answer:
    """Carry out what was asked.

    Raises
    ------
    UnknownStep
        Where there is no record of the step.
    StoreUnavailable
        Where the store cannot be changed.
    """
    answer: Answer = asked.given.act(asked)
    return answer


def _stats(asked: Asked) -> Answer:
    found = inventory.stock(asked.store)
    taken = f"{size(found.size_bytes)} of {size(found.limit_bytes)}"
    records = f"{_count(found.records, 'record')} of {_count(len(found.steps), 'step')}"
    pinned = sum(part.pinned for part in found.steps)
    lost, freed = seconds(found.lost_s), size(found.freeing_bytes)
    unreadable = f"{_count(found.unreadable, 'record')} cannot be used here; see verify"
    lines = [
        found.folder,
        f"{taken}, {records}, {seconds(found.compute_s)} of compute",
        f"{lost} of compute would be lost by freeing {freed}" if found.freeing_bytes else "",
        f"{_count(pinned, 'record')} pinned" if pinned else "",
        f"{_count(found.evicted, 'record')} evicted" if found.evicted else "",
        unreadable if found.unreadable else "",
        found.unavailable,
        f"its index is in {found.index_folder}" if found.index_folder != found.folder else "",
    ]
    return Answer("\n".join(filter(None, lines)), _stock_json(found))


def _list(asked: Asked) -> Answer:
    found = inventory.stock(asked.store)
    head = ("step", "records", "size", "compute", "last used", "pinned")
    rows = [
        (
            one.step,
            str(one.records),
            size(one.size_bytes),
            seconds(one.compute_s),
            moment(one.used_at),
            str(one.pinned or ""),
        )
        for one in found.steps
    ]
    text = table(head, rows) if rows else "There are no records."
    return Answer(_plain(text), _stock_json(found))


def _stock_json(found: Stock) -> JSON:
    return {**asdict(found), "records": found.records, "compute_s": found.compute_s}


def _show(asked: Asked) -> Answer:
    step = asked.named(asked.given.step)
    held = inventory.held_of(asked.store, step)
    if not held:
        _require(asked.store, step)
        gone = _why_gone(asked.store, step)
        return Answer(f"No record of {step} is there any more: {gone}.", [])
    packages = [_packages(asked.store, one.record) for one in held]
    pairs = list(zip(held, packages, strict=True))
    text = "\n\n".join(_record_text(*pair) for pair in pairs)
    return Answer(_plain(text), [_record_json(*pair) for pair in pairs])


def _packages(store: Store, record: Record) -> dict[str, str]:
    """Return the versions of the packages that a record was made with."""
    found = (part for part in store.components(record) if part.kind == "package")
    return {part.name: str(part.shown.get("version", "")) for part in found}


def _why_gone(store: Store, step: str) -> str:
    reasons = (store.evicted(past.key) for past in store.history(step))
    return next(filter(None, reasons), "removed or damaged")


def _record_text(held: Held, packages: Mapping[str, str]) -> str:
    record = held.record
    head = (
        record.step,
        moment(record.created_at),
        f"took {seconds(record.duration_s)}",
        *((f"computed by {name}",) if (name := by_whom(record)) else ()),
        size(record.size_bytes),
        f"used {moment(held.used_at)}",
        *(("pinned",) if held.pinned else ()),
    )
    lines = ["  ".join(head), f"  key {record.key}"]
    lines += [f"  {part.name}: {part.type_name} {part.summary}" for part in record.artifacts]
    lines += [f"  {part.label}" for part in record.trace]
    said = {name: str(value) for name, value in record.writer.items() if name != SHARED}
    by = {**packages, **said}
    written = ", ".join(f"{name} {value}" for name, value in sorted(by.items()))
    return "\n".join([*lines, f"  written by {written}"])


def _record_json(held: Held, packages: Mapping[str, str]) -> JSON:
    record = held.record
    return {
        "step": record.step,
        "key": record.key,
        "created_at": record.created_at,
        "duration_s": record.duration_s,
        "size_bytes": record.size_bytes,
        "used_at": held.used_at,
        "pinned": held.pinned,
        "artifacts": [
            {"name": part.name, "type": part.type_name, "summary": part.summary}
            for part in record.artifacts
        ],
        "trace": [part.label for part in record.trace],
        "writer": dict(record.writer),
        "packages": dict(packages),
    }


def _verify(asked: Asked) -> Answer:
    with asked.progress("hashing", inventory.blob_bytes(asked.store)) as hashed:
        found = inventory.verify(asked.store, mend=asked.given.repair, hashed=hashed)
    looked = f"{_count(found.records, 'record')} and {_count(found.blobs, 'blob')} looked at"
    hashed_in_all = size(found.hashed_bytes)
    lines = [f"{looked}, {hashed_in_all} hashed: {len(found.damaged)} damaged", *found.damaged]
    if found.mended:
        lines.append(f"{found.mended} mended or taken out: their steps run again where they must")
    elif found.damaged:
        lines.append("zen-nb cache verify --repair takes them out; what is damaged is never used")
    return Answer("\n".join(lines), asdict(found), 1 if found.damaged and not found.mended else 0)


def _prune(asked: Asked) -> Answer:
    to_bytes = parse_size(asked.given.to, "--to")
    surplus = max(0, asked.store.size_bytes() - to_bytes)
    with asked.progress("freeing", surplus) as freed:
        done = asked.store.prune(to_bytes, freed=freed)
    text = (
        f"Evicted {_count(len(done.keys), 'record')}: {size(done.freed_bytes)} freed, "
        f"{seconds(done.lost_s)} of compute lost; {size(asked.store.size_bytes())} are left."
    )
    return Answer(text, {**asdict(done), "size_bytes": asked.store.size_bytes()})


def _clear(asked: Asked) -> Answer:
    step = None if asked.given.step is None else asked.named(asked.given.step)
    before = asked.store.size_bytes()
    if step is not None:
        _require(asked.store, step)
    elif not asked.given.yes and not asked.sure(f"Remove all of {asked.store.folder}?"):
        return Answer("Nothing was removed.", {"removed": None}, 2)
    asked.store.clear(step)
    freed = before - asked.store.size_bytes()
    text = f"Removed the records of {step or 'all steps'}: {size(freed)} freed."
    return Answer(_plain(text), {"removed": step or "all", "freed_bytes": freed})


def _pin(asked: Asked) -> Answer:
    step = asked.named(asked.given.step)
    _require(asked.store, step)
    if asked.given.off:
        found = inventory.unpin(asked.store, step)
        text = f"{_count(len(found), 'record')} of {step} can be evicted again."
    else:
        found = inventory.pin(asked.store, step, every=asked.given.all)
        taken = size(sum(record.size_bytes for record in found))
        text = f"Pinned {_count(len(found), 'record')} of {step}, {taken}: never evicted."
    return Answer(_plain(text), {"step": step, "keys": [record.key for record in found]})


def _path(asked: Asked) -> Answer:
    return Answer(str(asked.store.folder), {"path": str(asked.store.folder)})


def _require(store: Store, step: str) -> None:
    """Raise `UnknownStep` where the store knows nothing of `step`."""
    if not store.history(step, 1) and not inventory.held_of(store, step):
        raise UnknownStep(step, [one.step for one in inventory.stock(store).steps])


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _plain(text: str) -> str:
    """Return text without what a terminal would obey: names are the users' own."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


@contextlib.contextmanager
def unseen(_what: str, _total_bytes: int) -> Iterator[Callable[[int], None]]:
    """Show nothing: a `Progress` for where there is no place to show it."""
    yield lambda _: None
