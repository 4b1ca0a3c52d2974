"""``%%step NAME --map item=items``: a cell that is executed for each element.

The step is a cell that loops over all elements; each turn is a step too, kept by itself: a loop
that was stopped has kept what it has, and one more element costs one turn. What the body binds
becomes a list, with an entry for each element.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zen_nb.core.errors import UsageError
from zen_nb.core.model import Step
from zen_nb.engine.decide import MadeRecord
from zen_nb.identity.cell import CellFacts, read_cell
from zen_nb.identity.components import digest_parts
from zen_nb.identity.settled import Settled
from zen_nb.notebook.statements import compiled

if TYPE_CHECKING:
    from zen_nb.notebook.execution import Execution

_MISSING = object()


def loop_facts(
    tree: ast.Module, body: CellFacts, each: tuple[str, str], parse: Callable[[str], ast.Module]
) -> tuple[ast.Module, CellFacts]:
    """Return the cell that loops over all elements, and its facts.

    Its definitions are those of the body, and made where there is no element too.

    Raises
    ------
    UsageError
        Where the body awaits, or binds the name of an element.
    """
    item, items = each
    if body.code.co_flags & 0x80:
        raise UsageError("a map step cannot await: its elements are executed one after the other")
    if item in body.binds:
        raise UsageError(f"a map step cannot bind {item}, which stands for the element")
    loop = ast.parse(f"for {item} in {items}: pass").body[0]
    assert isinstance(loop, ast.For)
    loop.body = list(tree.body) or loop.body
    whole = ast.Module([loop], tree.type_ignores)
    facts = read_cell(whole, parse)
    outputs = tuple(name for name in body.binds if name not in body.redefined)
    return whole, replace(
        facts,
        digest=digest_parts(["map", facts.digest]),
        binds=(*outputs, *sorted(body.redefined)),
        definitions=body.definitions,
        redefined=body.redefined,
        head=body.head,
        refusal=body.refusal,
        settled=Settled(),
    )


def element_step(step: Step) -> Step:
    """Return the step of one element: under the settings of the whole, kept apart."""
    options = replace(step.options, enable_cache=None, each=None)
    return replace(step, name=f"{step.name}[]", body=step.body.element, options=options)


def _each(step: Step) -> tuple[str, str]:
    assert step.options.each is not None
    return step.options.each


def elements_of(step: Step, values: Mapping[str, Any]) -> list[Any]:
    """Return the elements of a map step.

    Raises
    ------
    UsageError
        Where what stands under the name holds none.
    """
    item, items = _each(step)
    if items not in values:
        raise UsageError(f"--map {item}={items}: there is no {items}")
    found = values[items]
    if isinstance(found, (str, bytes, Mapping)) or not isinstance(found, Iterable):
        raise UsageError(
            f"--map {item}={items}: {items} is no list of elements, but {type(found).__name__}"
        )
    return list(found)


def run_elements(execution: Execution, made: Collection[MadeRecord] = ()) -> None:
    """Execute a map step in its namespace: each element in turn, hits among them replayed.

    Parameters
    ----------
    made
        Records that workers have made before.
    """
    __tracebackhide__ = True
    step, namespace = execution.step, execution.namespace
    elements = elements_of(step, namespace)
    names = [name for name in execution.body.facts.binds if name not in step.body.facts.redefined]
    before = {name: namespace.pop(name) for name in names if name in namespace}
    lists: dict[str, list[Any]] = {name: [] for name in names}
    cached = 0
    try:
        for value in elements:
            one = execution.element(element_step(step), {_each(step)[0]: value})
            cached += _execute(one, made)
            for name in names:
                lists[name].append(namespace.pop(name, None))
    except BaseException:
        namespace.update(before)
        raise
    kept = names if step.outputs is None else [name for name in names if name in step.outputs]
    namespace.update({name: lists[name] for name in kept})
    namespace.update({name: value for name, value in before.items() if name not in kept})
    execution.elements = cached, len(elements)


def _execute(one: Execution, made: Collection[MadeRecord]) -> bool:
    """Execute one element; tell whether nothing ran for it, neither here nor on a worker."""
    __tracebackhide__ = True
    adopted = bool(made) and one.adopt(made, "")
    if not adopted:
        one.prepare()
    if one.hit:
        one.replay()
        return not adopted
    try:
        one.open()
        for code in compiled(one.tree(), one.body.filename, "none"):
            exec(code, one.namespace)  # noqa: S102 - the user's own cell
    except BaseException:
        one.cancel()
        raise
    one.close()
    return False
