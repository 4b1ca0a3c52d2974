"""Texts that a running step evaluates, and the variables they are evaluated among.

What ``eval``, ``exec`` and the evaluators of pandas and its kin read is in no code object
before the step runs. Texts that installed packages compile for themselves are not told.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from zen_nb.observe.frames import is_project, module_of, outwards

if TYPE_CHECKING:
    from zen_nb.observe.audit import Audit

# Modules that evaluate texts of their callers among the variables of these.
_EVALUATORS = (
    "pandas.core.computation",
    "patsy",
    "formulaic",
    "numexpr",
    "timeit",
    "typing",
    "inspect",
)
_PANDAS = _EVALUATORS[0]
# Those of Python, which packages ask as well, for texts of their own; and who passes on to them.
_OF_PYTHON = frozenset({"typing", "inspect", "timeit", "functools", "dataclasses", "annotationlib"})
_MARK = "__pd_eval_local_"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A text that is about to be evaluated.

    Attributes
    ----------
    scopes
        Where it finds global names, innermost first.
    local
        Names that it finds before those.
    mark
        Begins the names that count, where others name columns; ``""`` where all count.
    """

    source: str | ast.AST
    scopes: tuple[Mapping[str, Any], ...]
    local: frozenset[str] = frozenset()
    mark: str = ""


Heed = Callable[[Evaluated], None]


def note_compile(audit: Audit, args: tuple[Any, ...]) -> None:
    """Hand on a text that project code or a known evaluator compiles."""
    source, filename = args[:2]
    if isinstance(source, (bytes, bytearray)):
        source = bytes(source).decode("utf-8", "replace")
    if not isinstance(source, (str, ast.AST)):
        return
    found = _evaluated(source, sys._getframe(2))
    if found is None:
        return
    audit.modules.texts.add(os.fsdecode(filename or "<string>"))
    if audit.heed is not None:
        audit.heed(found)


def _evaluated(source: str | ast.AST, frame: FrameType) -> Evaluated | None:
    if is_project(frame):
        return Evaluated(source, (frame.f_globals,), _locals(frame))
    evaluator = next((f for f in outwards(frame) if module_of(f) != "ast"), frame)
    name = module_of(evaluator)
    if not any(name == known or name.startswith(f"{known}.") for known in _EVALUATORS):
        return None
    asking = [outer for outer in outwards(evaluator) if is_project(outer)]
    if not asking or (name in _OF_PYTHON and not is_project(_asker(evaluator))):
        return None
    scopes = {id(outer.f_globals): outer.f_globals for outer in asking}
    offered, mark = _offered(evaluator)
    return Evaluated(source, tuple(scopes.values()), _locals(asking[0]) | offered, mark)


def _asker(evaluator: FrameType) -> FrameType:
    """Return the frame that asked an evaluator of Python."""
    beyond = (f for f in outwards(evaluator) if module_of(f) not in _OF_PYTHON)
    return next(beyond, evaluator)


def _locals(frame: FrameType) -> frozenset[str]:
    """Return the local names of a frame; its values are left alone: asking would change them."""
    code = frame.f_code
    if frame.f_code.co_name == "<module>":
        return frozenset()
    return frozenset((*code.co_varnames, *code.co_cellvars, *code.co_freevars))


def _offered(evaluator: FrameType) -> tuple[frozenset[str], str]:
    """Return the names that an evaluator finds in its data, and the mark of those it does not."""
    offered: set[str] = set()
    for frame in outwards(evaluator):
        if is_project(frame):
            break
        if module_of(frame) == "pandas.core.computation.eval" and frame.f_code.co_name == "eval":
            return frozenset(), _MARK if frame.f_locals.get("resolvers") else ""
        for data in frame.f_locals.get("inner_namespaces") or ():
            offered.update(str(name) for name in data)
    return frozenset(offered), ""
