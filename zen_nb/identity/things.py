"""What kind of thing a value is, as far as code is concerned, and where it was written."""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType, NoneType
from typing import Any

from blake3 import blake3

from zen_nb.core.model import Fingerprint
from zen_nb.identity.bytecode import facts
from zen_nb.identity.origin import module_origin

CACHE = type(functools.lru_cache(len))
DESCRIPTORS = (property, staticmethod, classmethod)


def file_digest(file: str | None) -> Fingerprint:
    """Return the digest of a source file; ``""`` where there is none."""
    try:
        return blake3(Path(file).read_bytes()).hexdigest() if file else ""
    except OSError:
        return ""


def label_prefix(module: str) -> str:
    """Return what labels of things of a module begin with."""
    return "helper:" if module in ("__main__", "__mp_main__") else f"module:{module}."


def is_code(value: object) -> bool:
    """Tell whether a value has its identity in code: a function, class, module, builtin or step.

    A builtin bound to an object (``rows.append``) is data, as methods are.
    """
    if isinstance(value, BuiltinFunctionType):
        return isinstance(value.__self__, (ModuleType, type, NoneType))
    return isinstance(value, (FunctionType, type, ModuleType)) or hasattr(
        type(value), "__zen_nb_function__"
    )


def origin_of(thing: FunctionType | type) -> str:
    """Return where a thing was written, whatever module it claims to be of."""
    if isinstance(thing, FunctionType):
        return module_origin(str(thing.__globals__.get("__name__", "__main__")))
    return module_origin(str(thing.__module__))


def found_by_name(module: str, name: str) -> object:
    """Return what a loaded module holds under a qualified name; ``None`` for nothing."""
    found: object = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, "__dict__", {}).get(part, None)
        if isinstance(found, (staticmethod, classmethod)):
            found = found.__func__
    return found


def held_code(thing: object) -> list[FunctionType]:
    """Return the functions that a callable written in C refers to, in a fixed order."""
    wrapped = getattr(thing, "__wrapped__", None)
    if isinstance(wrapped, FunctionType):
        return [wrapped]
    found = [part for part in gc.get_referents(thing) if isinstance(part, FunctionType)]
    return sorted(found, key=lambda part: (part.__qualname__, facts(part.__code__).digest))


def compiled_callable(value: object) -> object:
    """Return the function that a just-in-time compiler wrapped, with the wrapper's class."""
    for name in ("py_func", "__wrapped__"):
        inner = getattr(value, "__dict__", {}).get(name) if callable(value) else None
        if isinstance(inner, FunctionType) and module_origin(type(value).__module__) == "package":
            return (type(value), inner)
    return value


def defaults_of(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield the defaults of a function, by the names of their parameters."""
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    yield from zip(names[len(names) - len(defaults) :], defaults, strict=True)
    for name, value in sorted((function.__kwdefaults__ or {}).items()):
        yield f"{name}=", value


def rank_of(thing: object) -> tuple[str, ...]:
    """Return by what functions and classes are sorted where they come in no order.

    Those of one name and one code are told apart by the scalars that they capture.
    """
    if isinstance(thing, FunctionType):
        cells = (contents(cell) for cell in thing.__closure__ or ())
        held = [repr(part) for part in (*cells, *(thing.__defaults__ or ())) if is_atom(part)]
        return (thing.__module__ or "", thing.__qualname__, facts(thing.__code__).digest, *held)
    if isinstance(thing, type):
        parts = [
            f"{name} {rank_of(part) if isinstance(part, FunctionType) else ''}{part!r}"
            if is_atom(part)
            else name
            for name, part in sorted(vars(thing).copy().items())
        ]
        return (thing.__module__, thing.__qualname__, *parts)
    return ()


def is_large(value: Any) -> bool:
    """Tell whether a value takes so much memory, or time to hash, that a walk is nothing to it."""
    root = type(value).__module__.partition(".")[0]
    if root == "builtins":
        return hasattr(value, "__len__") and len(value) > _LARGE
    size = getattr(value, "nbytes", getattr(value, "size", 0)) if root in _OF_DATA else 0
    return isinstance(size, int) and size > _LARGE


_LARGE = 100_000
_OF_DATA = frozenset({"numpy", "pandas", "polars", "pyarrow", "scipy"})


def is_atom(value: object) -> bool:
    """Tell whether a value is a scalar: it can never change in place."""
    try:
        return type(value) in _ATOMS
    except Exception:  # a class that cannot be hashed
        return False


_ATOMS = frozenset((NoneType, bool, int, float, complex, str, bytes))
_EMPTY = object()


def contents(cell: CellType) -> object:
    """Return what a closure cell holds, or a mark of its own where it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def is_empty(content: object) -> bool:
    """Tell whether `contents` found nothing."""
    return content is _EMPTY
