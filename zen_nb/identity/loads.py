"""Which modules of the project are still what their source made of them when they were loaded.

Whether a step loads a module or finds it loaded must not show in its key. So it is kept
from which source a module was loaded, and what it held at that moment; while it still holds
that, it is what its source says.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import cached_property
from importlib.machinery import ModuleSpec
from itertools import islice
from types import CodeType, FunctionType, ModuleType
from typing import Any, Self

from zen_nb.identity.finding import found_spec, source_of_spec
from zen_nb.identity.origin import file_origin, module_origin
from zen_nb.identity.register import forget
from zen_nb.identity.sources import Source, read_source, resolved
from zen_nb.identity.things import contents

_MODULE = "<module>"


class Load:
    """One module that was loaded from its source, and what it held then.

    Parameters
    ----------
    by_step
        A step loaded it, so that what its loading did is the step's doing.
    """

    def __init__(self, module: ModuleType, spec: ModuleSpec, code: CodeType, text: str) -> None:
        self.module = module
        self.by_step = bool(_open)
        self._spec = spec
        self._code: CodeType | None = code
        self._text = text
        self._names: dict[str, object] = {}
        self._prints: dict[str, object] = {}
        self._placed: object = None

    def done(self) -> None:
        """Keep what it holds: it has been loaded."""
        self._placed = sys.modules.get(self._spec.name)
        self._names = dict(self._held())
        self._prints = {name: self._print(value) for name, value in self._names.items()}

    @cached_property
    def source(self) -> Source | None:
        """The source that it was loaded from; ``None`` where other code was executed."""
        code, self._code = self._code, None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return self._read(code)
        except (SyntaxError, ValueError, RecursionError):
            return None

    def _read(self, executed: CodeType | None) -> Source | None:
        filename = executed.co_filename if executed else ""
        if compile(self._text, filename, "exec", dont_inherit=True) != executed:
            return None
        return read_source(self._spec.name, self._spec, self._text)

    def holds(self) -> bool:
        """Tell whether the module is in its place and holds what it held when it was loaded."""
        if sys.modules.get(self._spec.name) is not self._placed:
            return False
        now = dict(self._held())
        if now.keys() != self._names.keys():
            return False
        return all(now[name] is value for name, value in self._names.items()) and all(
            self._print(value) == self._prints[name] for name, value in self._names.items()
        )

    def _held(self) -> Iterator[tuple[str, object]]:
        """Yield what the module holds, without what the import system puts there."""
        for name, value in vars(self.module).copy().items():
            below = sys.modules.get(f"{self._spec.name}.{name}")
            if not name.startswith("__") and (below is None or value is not below):
                yield name, value
        if self._placed is not self.module:
            yield "", self._placed

    def _print(self, value: object) -> object:
        """Return what a value holds itself: of code what it keeps, not what it reaches."""
        if isinstance(value, FunctionType):
            return self._function(value) if value.__globals__ is vars(self.module) else id(value)
        if isinstance(value, type):
            return self._class(value) if value.__module__ == self._spec.name else id(value)
        if isinstance(value, ModuleType):
            return id(value)
        from zen_nb.identity.code import Present

        found = Present().print_of(value)
        return id(value) if found is None else found

    def _function(self, function: FunctionType) -> object:
        held = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        held += [contents(cell) for cell in function.__closure__ or ()]
        held += [part for part in vars(function).values() if part is not function]
        return (id(function.__code__), tuple(vars(function)), *map(self._print, held))

    def _class(self, cls: type) -> object:
        parts = [
            (name, id(part) if part is cls else self._print(part))
            for name, part in vars(cls).copy().items()
            if not name.startswith("__") or isinstance(part, FunctionType)
        ]
        return (cls.__bases__, tuple(parts))


_loads: dict[str, Load] = {}
_open: set[Loading] = set()
_watching = False


def load_in_force(name: str) -> Load | None:
    """Return how a loaded module was loaded, while it is what its source says.

    So must be what it imports, since it may hold something made from that. Where loading it
    may have had an effect, or asked the outside, only a step's loading counts as a step's.
    """
    return _in_force(name, set())


def _in_force(name: str, seen: set[str]) -> Load | None:
    load = _loads.get(name)
    if load is None or not load.holds() or load.source is None:
        return None
    if load.source.acts and not load.by_step:
        return None
    seen.add(name)
    parts = [part for statement in load.source.statements for part in statement.imports]
    for inner in {resolved(part, load.source.package) for part in parts} - {None}:
        if not _stands(str(inner), seen):
            return None
    return load


def _stands(name: str, seen: set[str]) -> bool:
    """Tell whether what a module imported is what it would import now."""
    if name not in sys.modules:
        return found_spec(name) is None
    if name in seen or module_origin(name) != "project" or is_bare(sys.modules[name]):
        return True
    return _in_force(name, seen) is not None


def is_bare(module: object) -> bool:
    """Tell whether a module is a package without a file of its own that only holds modules."""
    held = getattr(module, "__dict__", {})
    return (
        "__path__" in held
        and not held.get("__file__")
        and all(
            name.startswith("__") or value is sys.modules.get(f"{held.get('__name__')}.{name}")
            for name, value in held.items()
        )
    )


def watch() -> None:
    """Begin to see how modules of the project are loaded, for as long as the process lives."""
    global _watching  # noqa: PLW0603
    if not _watching:
        _watching = True
        sys.addaudithook(_hook)


class Loading:
    """While open, modules are loaded by a step, or by a hit in its place.

    Parameters
    ----------
    aside
        Is entered while a module is looked at: what is read then, the step does not read.
    """

    def __init__(self, aside: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self.aside = aside

    def begin(self) -> None:
        """Begin."""
        watch()
        _open.add(self)

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End; harmless when repeated, and when it was never open."""
        _open.discard(self)


def _aside() -> ExitStack:
    stack = ExitStack()
    for loading in tuple(_open):
        stack.enter_context(loading.aside())
    return stack


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event != "exec" or getattr(args[0], "co_name", "") != _MODULE:
        return
    try:
        with _aside():
            _executed(args[0])
    except Exception:  # a hook that raises would make the import fail
        return


def _executed(code: CodeType) -> None:
    """Take note that the code of a module is about to be executed."""
    for module in tuple(islice(reversed(sys.modules.values()), 4)):
        spec = getattr(module, "__spec__", None)
        if type(spec) is ModuleSpec and spec.__dict__.get("_initializing"):
            if spec.origin == code.co_filename and _is_of_the_project(spec):
                _follow(module, spec, code)
            return


def _is_of_the_project(spec: ModuleSpec) -> bool:
    """Tell whether a module is a file of the project's; zen_nb itself, wherever it lies, is not."""
    return spec.name.partition(".")[0] != "zen_nb" and file_origin(spec.origin or "") == "project"


def _follow(module: ModuleType, spec: ModuleSpec, code: CodeType) -> None:
    forget(spec.name)
    text = source_of_spec(spec)
    if text is not None:
        load = Load(module, spec, code, text)
        spec.__dict__["_zen_nb_load"] = load
        spec.__class__ = _Watched


class _Watched(ModuleSpec):
    """A spec that tells when its module has been loaded, and then is a plain one again."""

    @property
    def _initializing(self) -> bool:
        return bool(self.__dict__["_initializing"])

    @_initializing.setter
    def _initializing(self, value: bool) -> None:
        self.__dict__["_initializing"] = value
        if not value:
            self.__class__ = ModuleSpec  # type: ignore[assignment]
            load: Load = self.__dict__.pop("_zen_nb_load")
            if self.name in sys.modules:
                _loaded(self.name, load)


def _loaded(name: str, load: Load) -> None:
    try:
        with _aside():
            load.done()
    except Exception:  # a value's own code: what was loaded counts as it is found
        _loads.pop(name, None)
    else:
        _loads[name] = load
