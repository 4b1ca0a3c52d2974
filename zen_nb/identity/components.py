"""How components are digested, and what a person is shown of them."""

from __future__ import annotations

import inspect
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType, NoneType

from blake3 import blake3

from zen_nb.core.model import JSON, Component
from zen_nb.identity.guard import MISSING
from zen_nb.identity.summary import shown_value, summarise

_SOURCE_LIMIT = 20_000
_ATOMS = frozenset((NoneType, bool, int, float, complex, str, bytes))


def digest_text(text: str) -> str:
    """Return the fingerprint of a text that is not a value (a version, a file's content)."""
    return blake3(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_parts(parts: Iterable[str]) -> str:
    """Return the fingerprint of texts in a row; each with its length, so that none can run over."""
    return digest_text("".join([f"{len(part)}:{part}" for part in parts]))


def _python() -> Component:
    version = f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}"
    return Component("package:python", digest_text(version), {"version": version})


_PYTHON = _python()


def python_component() -> Component:
    """Return the component of the interpreter: its implementation and minor version."""
    return _PYTHON


def is_atom(value: object) -> bool:
    """Tell whether a value is a scalar: it can never change in place."""
    return type(value) in _ATOMS


class _Lazy(Mapping[str, JSON]):
    """What a person is shown, found only when a record is written or a change explained."""

    def __init__(self, read: Callable[[], dict[str, JSON]]) -> None:
        self._read = read
        self._found: dict[str, JSON] | None = None

    def _load(self) -> dict[str, JSON]:
        if self._found is None:
            self._found = self._read()
        return self._found

    def __getitem__(self, name: str) -> JSON:
        return self._load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())


class Source(_Lazy):
    """The source of a helper."""

    def __init__(self, thing: FunctionType | type) -> None:
        super().__init__(lambda: _source(thing))


def shown(name: str, value: object) -> dict[str, JSON]:
    """Return what a person is shown of a value: its short form, else its type and size."""
    if value is MISSING:
        return {}
    short = shown_value(name, value)
    type_name, summary = summarise(value)
    found: dict[str, JSON] = {"type": type_name}
    if short is not None:
        found["value"] = short
    elif not isinstance(value, (str, bytes, int, float, complex)):
        found["summary"] = summary
    return found


def shown_later(name: str, value: object) -> Mapping[str, JSON]:
    """Return `shown`, later where the value cannot change until then."""
    return _Lazy(lambda: shown(name, value)) if is_atom(value) else shown(name, value)


def _source(thing: FunctionType | type) -> dict[str, JSON]:
    try:
        return {"source": inspect.getsource(thing)[:_SOURCE_LIMIT]}
    except (OSError, TypeError, IndentationError, SyntaxError):
        return {}
