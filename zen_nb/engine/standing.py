"""Whether what a step found out while it ran still stands: files, settings, names, modules."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Mapping

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import JSON, Trace
from zen_nb.engine.explain import Change
from zen_nb.identity.components import digest_text, package_component
from zen_nb.identity.named import named
from zen_nb.identity.texts import source_print
from zen_nb.observe import traces

NAMED = frozenset({"global", "module"})


def broken(trace: Trace) -> str | None:
    """Return ``None`` while `trace` holds, else the reason in one clause.

    Nothing is imported to find out: a module that is not loaded is known by its text.
    """
    if trace.kind == "package":
        return _said(trace, package_trace(trace))
    if trace.kind not in NAMED:
        return traces.broken(trace)
    if _is_loaded(trace):
        try:
            return _said(trace, _now(trace))
        except Exception as error:  # it is not what the step saw
            return f"{trace.kind} {trace.name}: {error}"
    return _texts_changed(trace.guard.get("texts"))


def restated(trace: Trace) -> Trace | None:
    """Return `trace` with what it would hold now; ``None`` where there is nothing to hold."""
    if trace.kind == "package":
        return package_trace(trace)
    if trace.kind not in NAMED:
        return traces.restated(trace)
    try:
        return _now(trace) if _is_loaded(trace) else None
    except NoFingerprint:
        return None


def package_trace(trace: Trace) -> Trace:
    """Return the trace of a package, or of a distribution, as it is installed now."""
    distribution = trace.guard.get("distribution")
    if not isinstance(distribution, str):
        part = package_component(str(trace.guard.get("package")))
        return Trace(trace.label, part.digest, trace.guard, part.shown)
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return Trace(trace.label, "", trace.guard)
    return Trace(trace.label, digest_text(version), trace.guard, {"version": version})


def _is_loaded(trace: Trace) -> bool:
    return str(trace.guard.get("module")) in sys.modules


def _now(trace: Trace) -> Trace:
    chain = trace.guard.get("chain")
    names = tuple(map(str, chain)) if isinstance(chain, list) else ()
    found = named(str(trace.guard.get("module")), names)
    return Trace(trace.label, found.digest, trace.guard, found.shown)


def _said(trace: Trace, now: Trace) -> str | None:
    """Return what differs between what a step saw and what is now; ``None`` for nothing."""
    if now.digest == trace.digest:
        return None
    how = "changed" if trace.digest and now.digest else "new" if now.digest else "gone"
    return str(Change(trace.label, how, trace.shown, now.shown))  # type: ignore[arg-type]


def _texts_changed(texts: JSON) -> str | None:
    """Return which of the modules that a step found, and that are not loaded, is another."""
    known: Mapping[str, JSON] = texts if isinstance(texts, dict) else {}
    for name, digest in known.items():
        if not digest or source_print(name) != digest:
            return f"module {name} changed"
    return None if known else "a module that it finds while it runs is not loaded"
