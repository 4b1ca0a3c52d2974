"""All that some code can reach, as labelled components.

`Reach` starts from a cell or a function and follows every global name, closure
cell, default, attribute and base class: user code and the project's modules by
content, installed packages by version, data by fingerprint. Each thing reached
gets a component of its own, so that a change can be named; where code refers
to a thing, the referring component holds its label.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import platform
import sys
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    ModuleType,
)
from typing import Any

from blake3 import blake3

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import JSON, Component, Fingerprint
from zen_nb.identity.bytecode import DOC_READERS, facts
from zen_nb.identity.origin import is_installed_file, module_file, module_origin, package_version
from zen_nb.identity.summary import shown_value, summarise
from zen_nb.identity.values import fingerprint_of

# Entries of a class that Python or a library keeps there and that follow from the rest.
_CLASS_BOOKKEEPING = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__doc__",
        "__module__",
        "__qualname__",
        "__slotnames__",
        "__firstlineno__",
        "__static_attributes__",
        "__annotations__",
        "__annotations_cache__",
        "__dataclass_fields__",
        "__dataclass_params__",
        "_abc_impl",
        "__orig_bases__",
        "__parameters__",
    }
)

_MISSING = object()
_SOURCE_LIMIT = 20_000


def digest_text(text: str) -> str:
    """Return the fingerprint of a text that is not a value (a version, a file's content)."""
    return blake3(text.encode("utf-8", "surrogatepass")).hexdigest()


def python_component() -> Component:
    """Return the component of the interpreter: its implementation and minor version."""
    version = f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}"
    return Component("package:python", digest_text(version), {"version": version})


class Reach:
    """Gives every thing that code reaches a component; a `CodeSink` for values met on the way.

    Attributes
    ----------
    components
        What was reached so far, by label.
    problems
        Labels of data without a fingerprint, with the reason.
    data
        Label to ``(namespace, name, value)`` of the global data reached, so that a
        change made by the step can be told afterwards.

    Parameters
    ----------
    namespace
        The user's notebook namespace, where `hidden` and `known` apply.
    hidden
        Names that the step itself has bound by the time they are read.
    known
        Fingerprints of names whose values need not be hashed, or are not there yet.
    """

    def __init__(
        self,
        namespace: Mapping[str, Any] | None = None,
        *,
        hidden: Collection[str] = (),
        known: Mapping[str, Fingerprint] | None = None,
        open_values: dict[int, int] | None = None,
    ) -> None:
        self.namespace = namespace
        self.hidden = hidden
        self.known = known or {}
        self._open = {} if open_values is None else open_values
        self.components: dict[str, Component] = {}
        self.problems: dict[str, NoFingerprint] = {}
        self.data: dict[str, tuple[Mapping[str, Any], str, Any]] = {}
        self.absent: list[str] = []
        self.names: set[str] = set()
        self.strings: set[str] = set()
        self._tokens: dict[int, str] = {}
        self._kept: list[object] = []
        self._taken: set[str] = set()
        self._waiting: deque[tuple[str, object]] = deque()
        self._documents: dict[str, object] = {}

    # -- what callers ask for ---------------------------------------------------------

    def follow(self, chain: tuple[str, ...], scope: Mapping[str, Any]) -> str:
        """Return what stands for the thing that `chain` names in `scope`; its component is added."""
        token = self._resolve(chain, scope)
        self._drain()
        return token

    def add_function(self, function: FunctionType, label: str) -> None:
        """Give `function` and all it reaches components; its defaults are left to the caller."""
        self._tokens[id(function)] = label
        self._kept.append(function)
        self._taken.add(label)
        self._describe_function(label, function, defaults=False)
        self._drain()

    def add_imports(
        self, imports: Iterable[tuple[str, int, tuple[str, ...]]], scope: Mapping[str, Any]
    ) -> None:
        """Give the modules that import statements name components."""
        for module, level, names in imports:
            self._import(module, level, names, scope)
        self._drain()

    def add_value(self, label: str, value: object) -> None:
        """Give `value` the component `label`; one without a fingerprint becomes a problem."""
        try:
            digest = self._whole(value)
        except NoFingerprint as error:
            self.problems[label] = error
            digest = ""
        self.components[label] = Component(label, digest, shown(label.rpartition(":")[2], value))

    def _whole(self, value: object) -> Fingerprint:
        """Return the fingerprint of `value` together with the code that it holds.

        A value met again inside itself (a registry that holds a function which
        reads the registry) stands as its depth.
        """
        if id(value) in self._open:
            return f"itself {self._open[id(value)]}"
        self._open[id(value)] = len(self._open)
        try:
            inner = Reach(self.namespace, known=self.known, open_values=self._open)
            root = fingerprint_of(value, inner)
            inner._drain()
        finally:
            del self._open[id(value)]
        for error in inner.problems.values():
            raise error
        parts = [f"{part.label} {part.digest}" for _, part in sorted(inner.components.items())]
        return digest_text("\n".join([root, *parts])) if parts else root

    def finish(self) -> tuple[Component, ...]:
        """Return all components, sorted by label, with Python and what reads documentation."""
        python = python_component()
        self.components[python.label] = python
        if self.names & DOC_READERS:
            self._add_documents()
        return tuple(self.components[label] for label in sorted(self.components))

    # -- CodeSink ---------------------------------------------------------------------

    def token(self, thing: object) -> str:
        """Return the label that stands for a function, class, module or builtin."""
        known = self._tokens.get(id(thing))
        if known is not None:
            return known
        self._kept.append(thing)
        token = self._name(thing)
        self._tokens[id(thing)] = token
        return token

    # -- naming -----------------------------------------------------------------------

    def _name(self, thing: object) -> str:
        if isinstance(thing, ModuleType):
            return self._module(thing, ())
        if isinstance(thing, (FunctionType, type)):
            return self._installed(thing) or self._queue(thing)
        if hasattr(type(thing), "__zen_nb_function__"):
            return self.token(thing.__zen_nb_function__)  # type: ignore[attr-defined]
        module = getattr(thing, "__module__", None) or type(thing).__module__
        if module_origin(str(module)) == "package":
            self._package(str(module))
        name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", type(thing).__qualname__)
        owner = getattr(thing, "__objclass__", None)
        return f"{module}.{owner.__qualname__ if owner else ''}.{name}"

    def _installed(self, thing: FunctionType | type) -> str | None:
        """Return the name of a thing of Python or a package; None where content must tell."""
        module = str(getattr(thing, "__module__", None) or "")
        origin = module_origin(module) if module else "project"
        if origin == "project" or not _is_found_by_name(thing, module):
            return None
        if origin == "package":
            self._package(module)
        return f"{module}.{thing.__qualname__}"

    def _queue(self, thing: FunctionType | type) -> str:
        module = str(getattr(thing, "__module__", None) or "__main__")
        label = f"{_prefix(module)}{thing.__qualname__}".replace("<locals>.", "")
        unique, number = label, 1
        while unique in self._taken:
            number += 1
            unique = f"{label}#{number}"
        self._taken.add(unique)
        self._waiting.append((unique, thing))
        return unique

    def _drain(self) -> None:
        while self._waiting:
            label, thing = self._waiting.popleft()
            if isinstance(thing, FunctionType):
                self._describe_function(label, thing)
            elif isinstance(thing, ModuleType):
                self._describe_module(label, thing)
            elif isinstance(thing, type):
                self._describe_class(label, thing)

    # -- what a name stands for -------------------------------------------------------

    def _resolve(self, chain: tuple[str, ...], scope: Mapping[str, Any]) -> str:
        name = chain[0]
        own = scope is self.namespace
        if own and name in self.hidden:
            return "bound by the step"
        value = scope.get(name, _MISSING)
        if value is _MISSING:
            value = getattr(builtins, name, _MISSING)
            if value is _MISSING:
                return "missing"
        if isinstance(value, ModuleType):
            return self._module(value, chain[1:])
        if is_code(value):
            return self.token(value)
        return self._global(name, value, scope)

    def _global(self, name: str, value: object, scope: Mapping[str, Any]) -> str:
        module = str(scope.get("__name__", "__main__"))
        prefix = "global:" if _prefix(module) == "helper:" else _prefix(module)
        label = f"{prefix}{name}"
        if label not in self.components:
            self.data[label] = (scope, name, value)
            self.components[label] = Component(label, "")
            if scope is self.namespace and name in self.known:
                self.components[label] = Component(label, self.known[name], shown(name, value))
            else:
                self.add_value(label, value)
        return label

    def _module(self, module: ModuleType, attributes: tuple[str, ...]) -> str:
        origin = module_origin(module.__name__)
        if origin != "project":
            return self._installed_part(module, attributes, origin)
        if not attributes:
            label = f"module:{module.__name__}"
            if label not in self._taken:
                self._taken.add(label)
                self._waiting.append((label, module))
            return label
        value = vars(module).get(attributes[0], _MISSING)
        if value is _MISSING:
            return self._module(module, ())
        if isinstance(value, ModuleType):
            return self._module(value, attributes[1:])
        return self.token(value) if is_code(value) else self._global(attributes[0], value, vars(module))

    def _installed_part(self, module: ModuleType, attributes: tuple[str, ...], origin: str) -> str:
        if origin == "package":
            self._package(module.__name__)
        thing: object = module
        for attribute in attributes:
            if not isinstance(thing, (ModuleType, type)):
                break
            thing = vars(thing).get(attribute, _MISSING)
        if isinstance(thing, FunctionType) and not is_installed_file(thing.__code__.co_filename):
            return self.token(thing)  # The user put a function of their own in its place.
        return f"{module.__name__}.{'.'.join(attributes)}"

    def _package(self, module: str) -> None:
        root = module.partition(".")[0]
        label = f"package:{root}"
        if root != "zen_nb" and label not in self.components:
            version = package_version(root)
            self.components[label] = Component(label, digest_text(f"{root} {version}"), {"version": version})

    def _import(self, name: str, level: int, names: tuple[str, ...], scope: Mapping[str, Any]) -> list[str]:
        try:
            full = importlib.util.resolve_name("." * level + name, str(scope.get("__package__") or ""))
        except ImportError:
            return ["missing"]
        origin = module_origin(full)
        if origin == "package":
            self._package(full)
        if origin != "project":
            return [full]
        module = import_project_module(full)
        if module is None:
            return [self._module_by_file(full)]
        if not names or "*" in names:
            return [self._module(module, ())]
        return [self._module(module, (part,)) for part in names]

    def _module_by_file(self, name: str) -> str:
        """Take in a module that cannot be imported yet: the file it has, or that it has none."""
        label, file = f"module:{name}", module_file(name)
        if file is None:
            self.absent.append(name)
        self.components[label] = Component(label, _file_digest(file))
        return label

    # -- what a thing is made of ------------------------------------------------------

    def _describe_function(self, label: str, function: FunctionType, *, defaults: bool = True) -> None:
        code = function.__code__
        found = facts(code)
        self.names |= found.names
        self.strings |= found.strings
        scope = function.__globals__
        # The globals of installed code are covered by the version of its package.
        own = module_origin(str(scope.get("__name__", "__main__"))) == "project"
        references = [(".".join(chain), self._resolve(chain, scope)) for chain in found.chains] if own else []
        imports = [self._import(*found_import, scope) for found_import in found.imports] if own else []
        facets = (
            "function",
            found.digest,
            (function.__defaults__, function.__kwdefaults__) if defaults else None,
            tuple(_contents(cell) for cell in function.__closure__ or ()),
            sorted((name, part) for name, part in vars(function).items() if name != "__wrapped__"),
            vars(function).get("__wrapped__"),
            references,
            imports,
        )
        self._documents[label] = (function.__doc__, function.__annotations__)
        self._add(label, facets, lambda: _source(function))

    def _describe_class(self, label: str, cls: type) -> None:
        entries = [
            (name, _unwrapped(part)) for name, part in sorted(vars(cls).items()) if _is_ingredient(name, part)
        ]
        facets = ["class", [self.token(base) for base in cls.__bases__], self.token(type(cls))]
        for name, part in entries:
            try:
                facets.append([name, fingerprint_of(part, self)])
            except NoFingerprint as error:
                if not name.startswith("__"):
                    self.problems[label] = error
        facets.append([[name, _annotation(part)] for name, part in _annotations(cls).items()])
        self._documents[label] = (cls.__doc__,)
        self._add(label, facets, lambda: _source(cls))

    def _describe_module(self, label: str, module: ModuleType) -> None:
        facets: list[object] = ["module"]
        for name, part in sorted(vars(module).items()):
            if name.startswith("__"):
                continue
            try:
                facets.append([name, self.token(part) if is_code(part) else fingerprint_of(part, self)])
            except NoFingerprint:
                # What has no identity of its own follows from the module's text.
                facets.append([name, _file_digest(module_file(module.__name__))])
        self._add(label, facets, lambda: None)

    def _add(self, label: str, facets: object, source: Any) -> None:
        try:
            digest = fingerprint_of(facets, self)
        except NoFingerprint as error:
            self.problems[label] = error
            digest = ""
        self.components[label] = Component(label, digest, _LazySource(source))

    def _add_documents(self) -> None:
        facets = [[label, _annotation(found)] for label, found in sorted(self._documents.items())]
        self.components["docs"] = Component("docs", digest_text(repr(facets)))


class _LazySource(Mapping[str, JSON]):
    """The source of a helper, read only when a record is written or a change explained."""

    def __init__(self, read: Any) -> None:
        self._read = read
        self._found: dict[str, JSON] | None = None

    def _load(self) -> dict[str, JSON]:
        if self._found is None:
            source = self._read()
            self._found = {"source": source[:_SOURCE_LIMIT]} if source else {}
        return self._found

    def __getitem__(self, name: str) -> JSON:
        return self._load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())


def shown(name: str, value: object) -> dict[str, JSON]:
    """Return what a person is shown of a value: its short form, else its type and size."""
    short = shown_value(name, value)
    type_name, summary = summarise(value)
    found: dict[str, JSON] = {"type": type_name}
    if short is not None:
        found["value"] = short
    elif not isinstance(value, (str, bytes, int, float, complex)):
        found["summary"] = summary
    return found


def import_project_module(name: str) -> ModuleType | None:
    """Return a module of the project, imported if need be; None where that fails.

    What a step imports is loaded before it is decided whether the step runs:
    the identity of a module is the code that is loaded, and on a hit the import
    is made as well.
    """
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded
    try:
        return importlib.import_module(name)
    except Exception:  # noqa: BLE001 - the step itself will meet it and show it
        return None


def _file_digest(file: str | None) -> Fingerprint:
    """Return the digest of a source file; ``""`` where there is none."""
    try:
        return blake3(Path(file).read_bytes()).hexdigest() if file else ""
    except OSError:
        return ""


def _prefix(module: str) -> str:
    return "helper:" if module in ("__main__", "__mp_main__") else f"module:{module}."


def is_code(value: object) -> bool:
    return isinstance(value, (FunctionType, type, ModuleType, BuiltinFunctionType)) or hasattr(
        type(value), "__zen_nb_function__"
    )


def _is_found_by_name(thing: FunctionType | type, module: str) -> bool:
    found: object = sys.modules.get(module)
    for part in thing.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(part, None)
        if isinstance(found, (staticmethod, classmethod)):
            found = found.__func__
    return found is thing


def _contents(cell: CellType) -> object:
    try:
        return ("cell", cell.cell_contents)
    except ValueError:
        return ("empty cell",)


def _is_ingredient(name: str, part: object) -> bool:
    return name not in _CLASS_BOOKKEEPING and not isinstance(
        part, (GetSetDescriptorType, MemberDescriptorType)
    )


def _unwrapped(part: object) -> object:
    if isinstance(part, (staticmethod, classmethod)):
        return (type(part).__name__, part.__func__)
    if isinstance(part, property):
        return ("property", part.fget, part.fset, part.fdel)
    return part


def _annotations(thing: type) -> dict[str, object]:
    return dict(vars(thing).get("__annotations__", {}))


def _annotation(part: object) -> str:
    return part if isinstance(part, str) else repr(part)


def _source(thing: FunctionType | type) -> str | None:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError, IndentationError, SyntaxError):
        return None


def fingerprint(value: object) -> Fingerprint:
    """Return the identity of a value: equal for equal values in every process.

    It covers type, content and, where the value holds functions or instances of
    classes, the code that these reach.

    Returns
    -------
    str
        64 hexadecimal characters.

    Raises
    ------
    NoFingerprint
        Where the value, or something in it, has no identity that survives this
        process (a connection, a lock, a generator); names what and where.
    """
    return Reach()._whole(("value", value) if is_code(value) else value)  # noqa: SLF001
