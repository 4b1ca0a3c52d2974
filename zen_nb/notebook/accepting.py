"""Changes that the user takes as equal: of the notebook's steps, and of step functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from zen_nb.core.errors import UsageError
from zen_nb.core.model import Step
from zen_nb.engine.accept import Listed, accept, accepted
from zen_nb.notebook.cells import CellBody
from zen_nb.notebook.outlook import asked_now
from zen_nb.notebook.session import RunOptions
from zen_nb.pipelines import asked, surroundings
from zen_nb.store.acceptances import Acceptance
from zen_nb.store.records import Store

if TYPE_CHECKING:
    from zen_nb.notebook.session import Session


def accept_step(session: Session | None, name: str) -> Acceptance:
    """Let the nearest record of step `name` serve what it would be asked now.

    Parameters
    ----------
    session
        Where ``%%step`` cells are looked for before step functions; ``None`` in a script.

    Raises
    ------
    UsageError
        Where there is nothing to accept; says what to do instead.
    """
    store = _store(session)
    if session is None or (name not in session.registry and name in asked.known()):
        return accept(asked.asked_now(name), store)
    step = session.registry.get(name)
    question, awaited = asked_now(session, step, RunOptions())
    if awaited and not question.refusal:
        raise UsageError(
            f"{name} waits for {awaited}, which runs first; "
            f"%pipeline run --to {awaited}, or accept {awaited}"
        )
    found = accept(question, store, _gives(step))
    session.refresh()
    return found


def list_accepted(session: Session | None) -> list[Listed]:
    """Return all that was accepted, newest first, and whether it is still in force."""
    return accepted(_store(session))


def take_back(session: Session | None, name: str) -> list[Acceptance]:
    """Take back all that was accepted for step `name`, and return it, newest first.

    Raises
    ------
    UsageError
        Where nothing was; lists the steps for which something was.
    """
    store = _store(session)
    found = store.acceptances.remove(name)
    if not found:
        steps = sorted({part.step for part in store.acceptances.all()})
        raise UsageError(
            f"nothing is accepted for {name!r}; accepted are changes of: "
            f"{', '.join(steps) or 'no step'}"
        )
    if session is not None:
        session.refresh()
    return found


def _store(session: Session | None) -> Store:
    store = surroundings.store(surroundings.configuration()) if session is None else session.store
    if store is None:
        raise UsageError("there is no store, so nothing is cached; see %pipeline status")
    return store


def _gives(step: Step) -> set[str]:
    """Return the names that the step surely binds, of those that it keeps."""
    body: CellBody = step.body
    facts = body.facts
    surely = set(_assigned(body.tree.body))
    left = facts.redefined | set(facts.deletes) | set(step.parameters)
    kept = surely if step.outputs is None else surely & set(step.outputs)
    return kept - left


def _assigned(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the names that plain assignments at the top level bind."""
    for node in statements:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for part in (part for target in targets for part in ast.walk(target)):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id
