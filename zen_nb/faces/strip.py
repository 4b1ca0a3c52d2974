"""A notebook without zen_nb: for colleagues who do not have it.

Cells go on computing what they compute. A parameter of a step line becomes an assignment;
where the notebook means something else by its name, it means that again in the next cell.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zen_nb.notebook.cells import step_line
from zen_nb.notebook.line import read_line
from zen_nb.notebook.options import STEP_VALUED

_OWN_LINE = re.compile(
    r"(?m)^[ \t]*%(?:pipeline(?!\w)|(?:(?:re|un)?load_ext)[ \t]+zen_nb\b)[^\n]*(?:\n|\Z)"
)
_STEP_LINE = re.compile(r"\s*%%step[^\n]*(?:\n|\Z)")
_MAGIC = re.compile(r"(?m)^[ \t]*(?:[%!?]|[\w, ]+=\s*[%!])[^\n]*$")
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


@dataclass(slots=True)
class Stripped:
    """What was done to a notebook.

    Attributes
    ----------
    cells
        How many cells were changed or taken out.
    outputs
        How many outputs of zen_nb's own were taken out.
    left
        What still needs zen_nb, a line each.
    """

    cells: int = 0
    outputs: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was."""
        return bool(self.cells or self.outputs)


def strip(notebook: Any) -> Stripped:
    """Take every line, parameter and output of zen_nb out of a notebook of nbformat, in place.

    Raises
    ------
    UsageError
        Where a step line cannot be read.
    """
    done = Stripped()
    bound = {name for cell in _code_cells(notebook) for name in _bound(_plain(cell.source))}
    meant: list[str] = []
    kept: list[Any] = []
    for place, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code":
            source = _stripped(cell.source)
            own = dict(_parameters(cell.source))
            if source.strip() or own:
                source, meant = "".join([*meant, *_assigned(own, bound), source]), []
                meant = [f"{name} = outside_{name}\n" for name in own if name in bound]
            done.outputs += _drop_outputs(cell)
            done.left += (f"cell {place}: {line}" for line in _uses(source))
            if source != cell.source:
                done.cells += 1
                cell.source = source
                if not source.strip():
                    continue
        kept.append(cell)
    notebook.cells = kept
    done.outputs += _drop_widgets(notebook)
    return done


def _code_cells(notebook: Any) -> Iterator[Any]:
    return (cell for cell in notebook.cells if cell.cell_type == "code")


def _stripped(source: str) -> str:
    """Return a cell without lines of zen_nb's; the end of what is left has no newline more."""
    without = source
    if step_line(source) is not None:
        without = _STEP_LINE.sub("", without, count=1)
    without = _OWN_LINE.sub("", without)
    return without if without == source else without.rstrip("\n")


def _parameters(source: str) -> Mapping[str, Any]:
    line = step_line(source)
    return {} if line is None else read_line(line, valued=STEP_VALUED).parameters


def _assigned(parameters: Mapping[str, Any], bound: set[str]) -> Iterator[str]:
    """Yield the lines that stand for parameters."""
    for name, value in parameters.items():
        if name in bound:
            yield f"outside_{name} = globals().get({name!r})\n"
        yield f"{name} = {value!r}\n"


def _plain(source: str) -> str:
    """Return the Python of a cell: its magic lines are comments."""
    return _MAGIC.sub(lambda line: f"# {line[0]}", _stripped(source))


def _bound(source: str) -> Iterator[str]:
    """Yield the names that a cell binds."""
    for node in _walked(source):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _uses(source: str) -> Iterator[str]:
    """Yield what of a cell's code is zen_nb's: steps and pipelines written as functions."""
    for node in _walked(_plain(source)):
        modules = [part.name for part in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        if any(module.partition(".")[0] == "zen_nb" for module in modules):
            yield ast.unparse(node)


def _walked(source: str) -> Iterator[ast.AST]:
    try:
        return ast.walk(ast.parse(source))
    except SyntaxError:
        return iter(())


def _drop_outputs(cell: Any) -> int:
    kept = [one for one in cell.outputs if "zen_nb" not in one.get("metadata", {})]
    dropped = len(cell.outputs) - len(kept)
    if dropped:
        cell.outputs = kept
    return dropped


def _drop_widgets(notebook: Any) -> int:
    """Take the state of the graph's widgets out of the notebook's metadata."""
    widgets = notebook.metadata.get("widgets", {}).get(_WIDGET_STATE, {})
    states = widgets.get("state", {})
    own = [key for key, model in states.items() if _is_own(model.get("state", {}))]
    parts = [_layout(states[key].get("state", {})) for key in own]
    for key in {*own, *parts}:
        states.pop(key, None)
    if own and not states:
        del notebook.metadata["widgets"]
    return len(own)


def _is_own(state: Mapping[str, Any]) -> bool:
    return str(state.get("_anywidget_id", "")).startswith("zen_nb.")


def _layout(state: Mapping[str, Any]) -> str:
    return str(state.get("layout", "")).removeprefix("IPY_MODEL_")
