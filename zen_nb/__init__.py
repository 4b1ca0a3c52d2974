"""Cached notebook pipelines that can be trusted.

In a notebook: ``%load_ext zen_nb``, then ``%%step`` and ``%pipeline``. In Python:
``from zen_nb import step, pipeline``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zen_nb._version import __version__

if TYPE_CHECKING:
    from zen_nb.engine.accept import Listed
    from zen_nb.identity.code import fingerprint
    from zen_nb.notebook.explanation import Explanation
    from zen_nb.pipelines.decorators import pipeline, step
    from zen_nb.store.acceptances import Acceptance

__all__ = [
    "__version__",
    "accept",
    "accepted",
    "fingerprint",
    "graph",
    "pipeline",
    "step",
    "unaccept",
    "why",
]

_HOMES = {
    "step": "zen_nb.pipelines.decorators",
    "pipeline": "zen_nb.pipelines.decorators",
    "fingerprint": "zen_nb.identity.code",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that importing zen_nb costs little."""
    if name not in _HOMES:
        raise AttributeError(f"module 'zen_nb' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def graph(pipeline: str | None = None) -> Any:
    """Return the live graph of the notebook's pipeline as an ipywidgets widget.

    Parameters
    ----------
    pipeline
        A pipeline made by ``%pipeline define``; left out, the whole notebook's.

    Raises
    ------
    UsageError
        Where zen_nb is not loaded in the running shell, or has no such pipeline.
    """
    return _extension().graph(pipeline)


def why(step: str) -> Explanation:
    """Return why a step ran or was cached last, and what would happen now.

    Raises
    ------
    UnknownStep
        Where there is no such step; lists those there are.
    """
    from zen_nb.faces.extension import current
    from zen_nb.notebook.reports import explain, explain_function

    found = current()
    if found is not None and step in found.session.registry:
        return explain(found.session, step)
    return explain_function(step)


def accept(step: str) -> Acceptance:
    """Take what changed of a step as equal: its nearest earlier record serves from now on.

    Of a step function that is for the arguments of its last call in this process.

    Raises
    ------
    UsageError
        Where there is nothing to accept; says what to do instead.
    """
    from zen_nb.notebook.accepting import accept_step

    return accept_step(_session(), step)


def accepted() -> list[Listed]:
    """Return what was accepted, newest first, and whether it is still in force."""
    from zen_nb.notebook.accepting import list_accepted

    return list_accepted(_session())


def unaccept(step: str) -> list[Acceptance]:
    """Take back all that was accepted for a step, and return it: the step runs again.

    Raises
    ------
    UsageError
        Where nothing was; lists the steps for which something was.
    """
    from zen_nb.notebook.accepting import take_back

    return take_back(_session(), step)


def _session() -> Any:
    from zen_nb.faces.extension import current

    found = current()
    return None if found is None else found.session


def _extension() -> Any:
    from zen_nb.core.errors import UsageError
    from zen_nb.faces.extension import current

    found = current()
    if found is None:
        raise UsageError("zen_nb is not loaded in a shell here; run %load_ext zen_nb first")
    return found


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell the Jupyter server where the server extension is."""
    return [{"module": "zen_nb.faces.server"}]


def load_ipython_extension(shell: Any) -> None:
    """Load zen_nb into a shell: ``%load_ext zen_nb``."""
    from zen_nb.faces.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take zen_nb out of a shell: ``%unload_ext zen_nb``."""
    from zen_nb.faces.extension import unload

    unload(shell)
