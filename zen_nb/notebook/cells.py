"""A ``%%step`` cell as a step: what its line says and what its body is."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from zen_nb.core.errors import MissingOutput, UsageError
from zen_nb.core.model import Step
from zen_nb.identity.cell import CellFacts, read_cell
from zen_nb.notebook.line import check_name, read_line
from zen_nb.notebook.mapped import loop_facts
from zen_nb.notebook.options import STEP_VALUED, read_step_options

_BELOW = re.compile(r"(?:\s*(?:#|%%(?!step\b))[^\n]*\n)+\s*%%step(?![\w?])")
_FIRST_LINE = re.compile(r"\s*%%step(?![\w?])(?P<rest>[^\n]*)(?:\n|$)")


@dataclass(frozen=True, slots=True)
class CellBody:
    """What is executed when a ``%%step`` cell runs.

    Attributes
    ----------
    source
        The cell as the user wrote it, magic line included.
    transformed
        The same after IPython's input transformation, the magic line a comment.
    filename
        The name under which tracebacks know the cell.
    number
        The execution count it had, for messages (``In [3]``).
    quiet
        It ends in ``;``: its last value is not shown.
    element
        Of a map step: what is executed for each element.
    """

    source: str
    transformed: str
    tree: ast.Module
    facts: CellFacts
    filename: str
    cell_id: str | None
    number: int
    quiet: bool
    element: CellBody | None = None

    @property
    def text(self) -> str:
        """The cell without its magic line."""
        return _FIRST_LINE.sub("", self.source, count=1)

    @property
    def first_line(self) -> int:
        """Where in the cell that begins."""
        return self.source.count("\n") - self.text.count("\n") + 1

    @property
    def stores(self) -> bool:
        """Whether it defines something, or sets an attribute or an entry somewhere.

        What is there already is no change.
        """
        return bool(self.facts.definitions or self.facts.sets) or any(
            isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load)
            for node in ast.walk(self.tree)
        )

    @property
    def is_async(self) -> bool:
        """Whether the body awaits at its top level."""
        return bool(self.facts.code.co_flags & 0x80)


def step_line(raw_cell: str) -> str | None:
    """Return what follows ``%%step`` on the first line of a step cell; ``None`` for others."""
    match = _FIRST_LINE.match(raw_cell)
    if match is None or match["rest"].rstrip().endswith("?"):
        return None
    return match["rest"]


def is_below(raw_cell: str) -> bool:
    """Tell whether a cell has its ``%%step`` line below comments or other magics."""
    return _BELOW.match(raw_cell) is not None


def hide_step_line(lines: list[str], cell_magic: Callable[[list[str]], list[str]]) -> list[str]:
    """Turn the magic line into a comment, so that IPython runs the body as the cell it is.

    The comment keeps line numbers what they are on the page. Another cell magic
    beneath the line gets its own transformation here. Pure: IPython transforms a
    cell more than once.
    """
    if not lines or step_line(lines[0]) is None:
        return lines
    rest = lines[1:]
    blank = 0
    while blank < len(rest) and not rest[blank].strip():
        blank += 1
    return [f"# {lines[0].lstrip()}", *rest[:blank], *cell_magic(rest[blank:])]


def read_step(
    line_text: str,
    tree: ast.Module,
    *,
    source: str,
    transformed: str,
    filename: str,
    cell_id: str | None,
    number: int,
    parse: Callable[[str], ast.Module],
) -> Step:
    """Return the step that a cell defines.

    Raises
    ------
    UsageError
        Where the line cannot be read or declares what the cell does not bind.
    """
    line = read_line(line_text, valued=STEP_VALUED)
    options = read_step_options(line.options)
    body = body_of(
        tree,
        source=source,
        transformed=transformed,
        filename=filename,
        cell_id=cell_id,
        number=number,
        parse=parse,
    )
    if options.each is not None:
        body = _looping(body, options.each, parse)
    facts = body.facts
    name = _name(line.words, line.outputs, facts, number)
    _check_parameters(name, line.parameters)
    _check_outputs(name, line.outputs, facts)
    reads = tuple(part for part in facts.reads if part not in line.parameters)
    return Step(
        name=name,
        reads=reads,
        writes=tuple(dict.fromkeys((*facts.binds, *facts.deletes))),
        parameters=line.parameters,
        outputs=line.outputs,
        options=options,
        body=body,
    )


def _looping(body: CellBody, each: tuple[str, str], parse: Callable[[str], ast.Module]) -> CellBody:
    """Return the body of a map step, whose elements execute `body`."""
    tree, facts = loop_facts(body.tree, body.facts, each, parse)
    return replace(body, tree=tree, facts=facts, quiet=True, element=replace(body, quiet=True))


def body_of(
    tree: ast.Module,
    *,
    source: str,
    transformed: str,
    filename: str,
    cell_id: str | None,
    number: int,
    parse: Callable[[str], ast.Module],
) -> CellBody:
    """Return what is executed when a cell runs."""
    return CellBody(
        source=source,
        transformed=transformed,
        tree=tree,
        facts=_facts(transformed, tree, parse),
        filename=filename,
        cell_id=cell_id,
        number=number,
        quiet=_is_quiet(transformed),
    )


_read: dict[str, CellFacts] = {}
_READ_LIMIT = 2_000


def _facts(transformed: str, tree: ast.Module, parse: Callable[[str], ast.Module]) -> CellFacts:
    """Return the facts of a cell; the same text has the same facts, wherever it stands."""
    found = _read.get(transformed)
    if found is None:
        if len(_read) >= _READ_LIMIT:
            _read.clear()
        found = _read[transformed] = read_cell(tree, parse)
    return found


def _name(
    words: tuple[str, ...], outputs: tuple[str, ...] | None, facts: CellFacts, number: int
) -> str:
    if len(words) > 1:
        raise UsageError(
            f"%%step takes one name, not {' '.join(words)!r}; "
            "write outputs after ->, parameters as key=value"
        )
    if words:
        return check_name(words[0])
    shown = outputs or tuple(name for name in facts.binds if not name.startswith("_"))
    return shown[0] if shown else f"cell_{number}"


def _check_parameters(name: str, parameters: dict[str, Any]) -> None:
    for parameter in parameters:
        if "." in parameter:
            raise UsageError(
                f"%%step {name}: {parameter}= has a dot; write {parameter.rpartition('.')[2]}="
            )


def _check_outputs(name: str, outputs: tuple[str, ...] | None, facts: CellFacts) -> None:
    for output in outputs or ():
        if output not in facts.binds and not facts.whole_namespace:
            bound = ", ".join(facts.binds) or "nothing"
            raise MissingOutput(
                f"step {name} declares the output {output!r}, which its cell does not bind; "
                f"it binds: {bound}"
            )


def _is_quiet(transformed: str) -> bool:
    code = re.sub(r"#.*", "", transformed.rstrip().rpartition("\n")[2]).rstrip()
    return code.endswith(";")
