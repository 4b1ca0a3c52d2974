"""How a part of a value that has no fingerprint is told of: where it is, what, and why."""

from __future__ import annotations

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.plain import LEAVES


def inside(error: NoFingerprint, step: str) -> NoFingerprint:
    """Put `step` before the path of `error`."""
    return NoFingerprint(error.type_name, error.why, step + error.path)


def short(key: object) -> str:
    """Return how a key is written, for an error: leaves only, bounded."""
    if type(key) not in LEAVES or (type(key) is int and key.bit_length() > 128):
        return "…"
    shown = repr(key)
    return shown if len(shown) <= 40 else shown[:39] + "…"


def type_name(kind: type) -> str:
    """Return the qualified name of a class, without ``builtins``."""
    try:
        module, name = str(kind.__module__), str(kind.__qualname__)
    except Exception:  # a metaclass may answer for its classes
        module, name = "builtins", type.__dict__["__name__"].__get__(kind)
    return name if module == "builtins" else f"{module}.{name}"


def said_by(error: BaseException) -> str:
    """Return what an exception of the user's code says, in one short line."""
    try:
        said = " ".join(f"{type(error).__name__}: {error}".split())
    except Exception:
        said = type(error).__name__
    return said[:120]
