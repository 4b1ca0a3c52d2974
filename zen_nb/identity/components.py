"""How components are digested, and what a person is shown of them."""

from __future__ import annotations

import contextlib
import inspect
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import FunctionType, ModuleType

from blake3 import blake3

from zen_nb.core.model import JSON, Component
from zen_nb.identity.guard import MISSING
from zen_nb.identity.packages import shown_package
from zen_nb.identity.profile import profile
from zen_nb.identity.secrets import looks_secret, redacted
from zen_nb.identity.summary import LONGEST, shown_value, summarise
from zen_nb.identity.things import is_atom
from zen_nb.identity.values import Parts

_SOURCE_LIMIT = 20_000


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


@cache
def package_component(package: str) -> Component:
    """Return the component of an installed package: its version and those it builds on."""
    told = shown_package(package)
    return Component(f"package:{package}", digest_text(f"{package} {told}"), told)


class Shown(Mapping[str, JSON]):
    """What a person is shown, found only when a change is explained or a body is about to run.

    Parameters
    ----------
    read
        Finds it. What it holds is let go once that was done.
    """

    def __init__(self, read: Callable[[], dict[str, JSON]]) -> None:
        self._read: Callable[[], dict[str, JSON]] | None = read
        self._found: dict[str, JSON] = {}

    def _load(self) -> dict[str, JSON]:
        if self._read is not None:
            with contextlib.suppress(Exception):  # a value's own code, or a file that is gone
                self._found = self._read()
            self._read = None
        return self._found

    def __getitem__(self, name: str) -> JSON:
        return self._load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())


class Source(Shown):
    """The source of a function, class or module."""

    def __init__(self, thing: FunctionType | type | ModuleType) -> None:
        super().__init__(lambda: _source(thing))


def shown(name: str, value: object, parts: Parts | None = None) -> Mapping[str, JSON]:
    """Return what a person is shown of a value: its short form, else its type, size and profile.

    It is found when it is asked for, so it must be before anybody changes the value.

    Parameters
    ----------
    parts
        What the encoder noted of frames.
    """
    return Shown(lambda: _shown(name, value, parts))


def shown_of(name: str, value_of: Callable[[], object]) -> Mapping[str, JSON]:
    """Return the same of a value that is still to be fetched."""
    return Shown(lambda: _shown(name, value_of(), None))


def shown_code(source: str, line: int, **more: JSON) -> Mapping[str, JSON]:
    """Return what a person is shown of code whose text begins at `line` of its cell or file."""
    return Shown(lambda: _text(source, line) | more)


def _shown(name: str, value: object, parts: Parts | None) -> dict[str, JSON]:
    if value is MISSING:
        return {}
    is_long = isinstance(value, (str, bytes)) and len(value) > LONGEST
    short = None if is_long else shown_value(name, value)
    type_name, summary = summarise(value, name)
    found: dict[str, JSON] = {"type": type_name}
    if short is not None:
        found["value"] = short
    elif looks_secret(name, value):
        found["hidden"] = True
    elif is_long:
        found["summary"] = f"{len(value):,} characters"  # type: ignore[arg-type]
    elif not isinstance(value, (str, bytes, int, float, complex)):
        found["summary"] = summary
    if not is_atom(value) or (isinstance(value, str) and "hidden" not in found):
        kept = profile(name, value, parts)
        if kept:
            found["profile"] = kept
    return found


def _source(thing: FunctionType | type | ModuleType) -> dict[str, JSON]:
    lines, number = inspect.getsourcelines(thing)
    return _text("".join(lines), max(number, 1))


def _text(source: str, line: int) -> dict[str, JSON]:
    kept = redacted(source[:_SOURCE_LIMIT])
    found: dict[str, JSON] = {"source": kept, "line": line}
    cut = len(source) - _SOURCE_LIMIT
    return found if cut <= 0 else found | {"cut": cut}
