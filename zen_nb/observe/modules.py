"""Modules, classes and packages that a running step finds by name.

Import statements are known before a step runs. What is told here is found in another way:
``import_module`` with a name put together at run time, unpickled classes, a module executed
by its loader, versions that are asked for; and what such modules import in turn.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zen_nb.observe.frames import asked_by_project, importing_statement
from zen_nb.observe.paths import installed_folders
from zen_nb.observe.standins import StandIn, put_back

if TYPE_CHECKING:
    from zen_nb.observe.audit import Audit

# Files that tell of an installed package.
METADATA = ("METADATA", "PKG-INFO")
_ASKING = (__name__, "importlib", "pkgutil", "pydoc", "unittest.mock")
_ASKING_VERSIONS = ("importlib", "pathlib", "email")


@dataclass(slots=True)
class ModulesFound:
    """What one step has found by name.

    Attributes
    ----------
    imported
        Modules asked for by name: the project's by anybody, installed ones by the project.
    unpickled
        Modules and names in them.
    executed
        Files whose code ran for the first time, each with the files whose statements imported
        them; ``""`` where it was no statement.
    distributions
        Whose metadata the project's code asked for.
    texts
        What evaluated texts and scripts are called where they are compiled.
    """

    imported: set[str] = field(default_factory=set)
    unpickled: set[tuple[str, str]] = field(default_factory=set)
    executed: dict[str, set[str]] = field(default_factory=dict)
    distributions: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    def by_name(self) -> Iterator[str]:
        """Yield the files that were not executed on behalf of known import statements."""
        found: set[str] = set()
        waiting = ["", *self.texts]
        while waiting:
            importer = waiting.pop()
            for path, importers in self.executed.items():
                if importer in importers and path not in found:
                    found.add(path)
                    waiting.append(path)
        yield from sorted(found)


def note_exec(audit: Audit, args: tuple[Any, ...]) -> None:
    """Note that the code of a module of the project is executed."""
    code = args[0]
    if code.co_name != "<module>" or not code.co_filename.endswith(".py"):
        return
    file = os.path.abspath(code.co_filename)
    if file.startswith(installed_folders()) or not os.path.exists(file):
        return
    if not _is_arriving(file):
        audit.touch(file, "read")  # reloaded, or run as a script: its text decides
        audit.modules.texts.add(code.co_filename)
        return
    statement = importing_statement(sys._getframe(2))
    importer = "" if statement is None else statement.f_code.co_filename
    audit.modules.executed.setdefault(file, set()).add(importer)


def _is_arriving(file: str) -> bool:
    """Tell whether a module is being imported from `file` for the first time."""
    for module in tuple(sys.modules.values()):
        if getattr(module, "__file__", None) == file:
            return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
    return False


def note_import(audit: Audit, args: tuple[Any, ...]) -> None:
    """Note a module that is asked for by name."""
    name = args[0]
    file = getattr(sys.modules.get(name), "__file__", None)
    installed = isinstance(file, str) and file.startswith(installed_folders())
    if not installed or asked_by_project(sys._getframe(3), _ASKING):
        audit.modules.imported.add(name)


def note_class(audit: Audit, args: tuple[Any, ...]) -> None:
    """Note a class or function that is unpickled by its name."""
    module, name = args
    audit.modules.unpickled.add((str(module), str(name)))


def note_metadata(audit: Audit, path: str) -> None:
    """Note that the project's code asks for the version of an installed package."""
    folder, name = os.path.split(path)
    if name not in METADATA or not folder.endswith((".dist-info", ".egg-info")):
        return
    if asked_by_project(sys._getframe(3), _ASKING_VERSIONS):
        audit.modules.distributions.add(os.path.basename(folder).partition("-")[0])


class ImportWatch:
    """Tells what is imported by a call, under whatever name the caller took the function."""

    def __init__(self) -> None:
        self._open = False

    def start(self) -> None:
        """Begin; watches may overlap."""
        if not self._open:
            self._open = True
            _watching.append(self)
            if len(_watching) == 1:
                _stand_in()

    def stop(self) -> None:
        """End; harmless when repeated."""
        if self._open:
            self._open = False
            _watching.remove(self)
            if not _watching:
                put_back(_places)
                _places.clear()


_watching: list[ImportWatch] = []
_places: list[StandIn] = []


def _stand_in() -> None:
    """Stand in for what ``import_module`` calls: it is looked up at each call."""
    from zen_nb.observe.audit import tell

    owner: Any = importlib._bootstrap
    original = owner._gcd_import

    @functools.wraps(original)
    def telling(name: str, package: str | None = None, level: int = 0) -> Any:
        found = original(name, package, level)
        tell("import", getattr(found, "__name__", name))
        return found

    function: Any = telling
    code = original.__code__
    function.__code__ = function.__code__.replace(  # tracebacks look as they always do
        co_filename=code.co_filename, co_name=code.co_name, co_qualname=code.co_qualname
    )
    _places.append(StandIn.put(owner, "_gcd_import", original, function))
