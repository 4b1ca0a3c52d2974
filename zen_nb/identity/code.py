"""All that some code can reach, as labelled components.

`Reach` starts from a cell or a function and follows every global name, closure
cell, default, attribute and base class: user code and the project's modules by
content, installed packages by version, data by fingerprint. Each thing reached
gets a component of its own, so that a change can be named; where code refers
to a thing, the referring component holds its label.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import importlib.util
import inspect
import platform
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType, NoneType
from typing import Any

from blake3 import blake3

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import JSON, Component, Fingerprint
from zen_nb.identity.bytecode import DOC_READERS, Chain, Imported, facts
from zen_nb.identity.classes import class_entries, unwrapped
from zen_nb.identity.encoding import SCALARS
from zen_nb.identity.guard import MISSING, Guard, contents, is_empty
from zen_nb.identity.origin import module_file, module_origin, package_version
from zen_nb.identity.summary import shown_value, summarise
from zen_nb.identity.values import fingerprint_of

_SOURCE_LIMIT = 20_000
_ATOMS = frozenset((NoneType, bool, int, float, complex, str, bytes))
_DESCRIPTORS = (property, staticmethod, classmethod)


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
    consulted
        Label to the hidden names that the code under it reads.
    scopes, whole_scopes
        Global names seen by the code reached, and those that code asks for as a whole.

    Parameters
    ----------
    namespace
        The user's notebook namespace, where `hidden` and `known` apply.
    hidden
        Names that the step itself has bound by the time they are read.
    known
        Fingerprints of names whose values need not be hashed, or are not there yet.
    imported
        Hidden names that the step binds by import statements.
    ignored
        Names that the user takes out of the key.
    """

    def __init__(
        self,
        namespace: Mapping[str, Any] | None = None,
        *,
        hidden: Collection[str] = (),
        known: Mapping[str, Fingerprint] | None = None,
        imported: Mapping[str, Imported] | None = None,
        ignored: Collection[str] = (),
        open_values: dict[int, int] | None = None,
    ) -> None:
        self.namespace = namespace
        self.hidden = hidden
        self.known = known or {}
        self.imported = imported or {}
        self.ignored = ignored
        self._open = {} if open_values is None else open_values
        self.components: dict[str, Component] = {}
        self.problems: dict[str, NoFingerprint] = {}
        self.data: dict[str, tuple[Mapping[str, Any], str, Any]] = {}
        self.absent: list[str] = []
        self.names: set[str] = set()
        self.strings: set[str] = set()
        self.consulted: dict[str, set[str]] = {}
        self.edges: dict[str, set[str]] = {}
        self.scopes: dict[int, Mapping[str, Any]] = {}
        self.whole_scopes: dict[int, Mapping[str, Any]] = {}
        self.guard = Guard()
        self._tokens = self.guard.tokens
        self._kept = self.guard.kept
        self._at = ""
        self._taken: set[str] = set()
        self._globals: dict[tuple[int, str], str] = {}
        self._waiting: deque[tuple[str, object]] = deque()
        self._documents: dict[str, object] = {}

    # -- what callers ask for ---------------------------------------------------------

    def follow(self, chain: Chain, scope: Mapping[str, Any], at: str = "code") -> str:
        """Return what stands for the thing that `chain` names in `scope`; its component is added."""
        self._at = at
        token = self._resolve(chain, scope)
        self._drain()
        return token

    def at(self, label: str) -> None:
        """Let what is taken in next be referred to by `label`."""
        self._at = label

    def add_function(self, function: FunctionType, label: str) -> None:
        """Give `function` and all it reaches components; its defaults are left to the caller."""
        self._tokens[id(function)] = label
        self._kept.append(function)
        self._taken.add(label)
        self._at = label
        self._describe_function(label, function, root=True)
        self._drain()

    def add_imports(self, imports: Iterable[Imported], scope: Mapping[str, Any]) -> list[str]:
        """Give what import statements reach components; return what stands for it."""
        self._at = "code"
        found = [token for part in imports for token in self._import(part, scope)]
        self._drain()
        return found

    def add_module(self, name: str) -> None:
        """Take in a module of the project as a whole, if there is one of that name."""
        if module_origin(name) == "project" and module_file(name) is not None:
            module = import_project_module(name)
            if module is not None:
                self._module(module, ())
                self._drain()

    def add_value(self, label: str, value: object) -> None:
        """Give `value` the component `label`; one without a fingerprint becomes a problem."""
        try:
            digest = self.whole(value)
        except NoFingerprint as error:
            self.problems[label] = error
            digest = ""
        self.components[label] = Component(label, digest, _shown(label.rpartition(":")[2], value))

    def whole(self, value: object) -> Fingerprint:
        """Return the fingerprint of `value` together with the code that it holds.

        The version of the package that its class comes from counts: methods are code. A value met again inside itself (a registry that holds a function which
        reads the registry) stands as its depth.
        """
        if type(value) in SCALARS:
            return fingerprint_of(value, self)
        if id(value) in self._open:
            return f"itself {self._open[id(value)]}"
        self._open[id(value)] = len(self._open)
        try:
            inner = Reach(
                self.namespace,
                hidden=self.hidden,
                known=self.known,
                imported=self.imported,
                ignored=self.ignored,
                open_values=self._open,
            )
            root = fingerprint_of(_compiled_callable(value), inner)
            inner._add_type(value)
            inner._drain()
        finally:
            del self._open[id(value)]
        if not inner.components and not inner.problems:
            return root
        self._take_in(inner)
        for error in inner.problems.values():
            raise error
        parts = [f"{part.label} {part.digest}" for _, part in sorted(inner.components.items())]
        return digest_parts([root, *parts])

    def finish(self) -> tuple[Component, ...]:
        """Return all components, sorted by label, with Python and what reads documentation."""
        self.components[_PYTHON.label] = _PYTHON
        if self.names & DOC_READERS:
            self.guard.usable = False
            self._add_documents()
        return tuple([self.components[label] for label in sorted(self.components)])

    def reached_from(self, label: str) -> set[str]:
        """Return the hidden names read by the code under `label` and by all that it reaches."""
        seen, waiting, found = {label}, [label], set[str]()
        while waiting:
            at = waiting.pop()
            found |= self.consulted.get(at, set())
            fresh = self.edges.get(at, set()) - seen
            seen |= fresh
            waiting += fresh
        return found

    def _take_in(self, inner: Reach) -> None:
        """Keep what the code inside a value does beyond that value."""
        self.names |= inner.names
        self.strings |= inner.strings
        self.absent += inner.absent
        self.scopes.update(inner.scopes)
        self.whole_scopes.update(inner.whole_scopes)
        for found in inner.consulted.values():
            self.consulted.setdefault(self._at, set()).update(found)
        self._documents.update({f"{self._at} {label}": part for label, part in inner._documents.items()})
        for scope, name, value in inner.data.values():
            if scope is self.namespace and id(value) not in self._open:
                self._global(name, value, scope)

    # -- CodeSink ---------------------------------------------------------------------

    def token(self, thing: object) -> str:
        """Return the label that stands for a function, class, module or builtin."""
        token = self._tokens.get(id(thing))
        if token is None:
            self._kept.append(thing)
            token = self._name(thing)
            self._tokens[id(thing)] = token
        self.edges.setdefault(self._at, set()).add(token)
        return token

    # -- naming -----------------------------------------------------------------------

    def _name(self, thing: object) -> str:
        if isinstance(thing, ModuleType):
            return self._module(thing, ())
        if isinstance(thing, (FunctionType, type)):
            return self._installed(thing) or self._queue(thing, str(thing.__module__), thing.__qualname__)
        if hasattr(type(thing), "__zen_nb_function__"):
            return self.token(thing.__zen_nb_function__)  # type: ignore[attr-defined]
        if isinstance(thing, (CodeType, *_DESCRIPTORS)):
            return self._queue(thing, "__main__", f"<{type(thing).__name__}>")
        return self._compiled(thing)

    def _compiled(self, thing: object) -> str:
        """Name what is written in C: as it is found in its module, else by what it holds."""
        module = getattr(thing, "__module__", None) or type(thing).__module__
        name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", type(thing).__qualname__)
        owner = getattr(thing, "__objclass__", None)
        origin = module_origin(str(module))
        if origin == "package":
            self._package(str(module))
        if isinstance(owner, type):
            return f"{self.token(owner)}.{name}"
        if origin != "project" and _found_by_name(str(module), str(name)) is thing:
            return f"{module}..{name}"
        if _held_code(thing):
            return self._queue(thing, str(module), str(name))
        file = _file_digest(module_file(str(module))) if origin == "project" else ""
        return f"{module}..{name}{file}"

    def _installed(self, thing: FunctionType | type) -> str | None:
        """Return the name of a thing of Python or a package; None where content must tell."""
        module = str(getattr(thing, "__module__", None) or "")
        origin = module_origin(module) if module else "project"
        if origin == "project" or _found_by_name(module, thing.__qualname__) is not thing:
            return None
        if isinstance(thing, FunctionType) and _origin_of(thing) == "project":
            return None
        if origin == "package":
            self._package(module)
        return f"{module}.{thing.__qualname__}"

    def _queue(self, thing: object, module: str, name: str) -> str:
        label = self._claim(f"{_prefix(module or '__main__')}{name}".replace("<locals>.", ""))
        self._waiting.append((label, thing))
        return label

    def _claim(self, label: str) -> str:
        """Return a label that nothing else has: the order of the walk numbers equal ones."""
        unique, number = label, 1
        while unique in self._taken:
            number += 1
            unique = f"{label}#{number}"
        self._taken.add(unique)
        return unique

    def _drain(self) -> None:
        before = self._at
        while self._waiting:
            label, thing = self._waiting.popleft()
            self._at = label
            if isinstance(thing, FunctionType):
                self._describe_function(label, thing)
            elif isinstance(thing, ModuleType):
                self._describe_module(label, thing)
            elif isinstance(thing, type):
                self._describe_class(label, thing)
            elif isinstance(thing, CodeType):
                self._describe_text(label, thing)
            else:
                self._describe_holder(label, thing)
        self._at = before

    # -- what a name stands for -------------------------------------------------------

    def _look(self, scope: Mapping[str, Any], name: str) -> Any:
        value = scope.get(name, MISSING)
        self.guard.look(scope, name, value)
        return value

    def _resolve(self, chain: Chain, scope: Mapping[str, Any]) -> str:
        name = chain[0]
        if scope is self.namespace:
            if name in self.hidden:
                return self._hidden(chain, scope)
            if name in self.ignored:
                return "ignored"
        value = self._look(scope, name)
        if value is MISSING:
            if scope is self.namespace and name in self.known:
                return self._global(name, value, scope)
            value = self._look(vars(builtins), name)
            if value is MISSING:
                return "missing"
        return self._part(chain, value, scope)

    def _part(self, chain: Chain, value: object, scope: Mapping[str, Any]) -> str:
        if isinstance(value, ModuleType):
            return self._module(value, chain[1:])
        if is_code(value):
            return self.token(value)
        return self._global(chain[0], value, scope)

    def _hidden(self, chain: Chain, scope: Mapping[str, Any]) -> str:
        self.consulted.setdefault(self._at, set()).add(chain[0])
        found = self.imported.get(chain[0])
        if found is not None:
            return " ".join(self._imported(found, (chain[1:],), scope))
        return "bound by the step"

    def _global(self, name: str, value: object, scope: Mapping[str, Any]) -> str:
        label = self._globals.get((id(scope), name))
        if label is None:
            module = str(scope.get("__name__", "__main__"))
            prefix = "global:" if _prefix(module) == "helper:" else _prefix(module)
            label = self._claim(f"{prefix}{name}")
            self._globals[(id(scope), name)] = label
            self._kept.append(scope)
            self._add_global(label, name, value, scope)
        return label

    def _add_global(self, label: str, name: str, value: object, scope: Mapping[str, Any]) -> None:
        if scope is self.namespace and name in self.known:
            self.components[label] = Component(label, self.known[name], shown(name, value))
            return
        self.data[label] = (scope, name, value)
        self.add_value(label, value)
        if not is_atom(value):
            self._kept.append(value)
            self.guard.values.append((value, self.components[label].digest))

    def _module(self, module: ModuleType, attributes: Chain, *, loaded: bool = True) -> str:
        origin = module_origin(module.__name__)
        if origin != "project":
            return self._installed_part(module, attributes, origin, loaded=loaded)
        if not attributes:
            return self._whole_module(module)
        value = self._look(vars(module), attributes[0])
        if value is MISSING:
            return self._whole_module(module)
        return self._part(attributes, value, vars(module))

    def _whole_module(self, module: ModuleType) -> str:
        self.guard.usable = False
        if vars(module) is self.namespace:
            self.whole_scopes[id(self.namespace)] = self.namespace
            return "the namespace"
        label = f"module:{module.__name__}"
        if label not in self._taken:
            self._taken.add(label)
            self._waiting.append((label, module))
        self.edges.setdefault(self._at, set()).add(label)
        return label

    def _installed_part(self, module: ModuleType, attributes: Chain, origin: str, *, loaded: bool) -> str:
        """Name a part of an installed module; what the user put there counts by content."""
        if origin == "package":
            self._package(module.__name__)
        thing: object = module
        for attribute in attributes:
            if not isinstance(thing, (ModuleType, type)):
                break
            thing = self._look(vars(thing), attribute)
        name = f"{module.__name__}.{'.'.join(attributes)}"
        if isinstance(thing, (FunctionType, type)) and _origin_of(thing) == "project":
            return f"{name} {self.token(thing)}"
        if (loaded and len(attributes) == 1 and is_atom(thing)) or name == "sys.argv":
            return f"{name} {fingerprint_of(thing, self)}"
        return name

    def _add_type(self, value: object) -> None:
        """Take in the package that the class of a value comes from."""
        module = type(value).__module__
        if module != "builtins" and module_origin(module) == "package":
            self._package(module)

    def _package(self, module: str) -> None:
        root = module.partition(".")[0]
        label = f"package:{root}"
        if root != "zen_nb" and label not in self.components:
            version = package_version(root)
            self.components[label] = Component(label, digest_text(f"{root} {version}"), {"version": version})

    # -- import statements ------------------------------------------------------------

    def _import(self, found: Imported, scope: Mapping[str, Any]) -> list[str]:
        return self._imported(found, found.chains, scope, whole=True)

    def _imported(
        self, found: Imported, chains: tuple[Chain, ...], scope: Mapping[str, Any], *, whole: bool = False
    ) -> list[str]:
        """Return what stands for what `chains` take from an import, loading it if it is the project's."""
        try:
            package = str(scope.get("__package__") or "")
            full = importlib.util.resolve_name("." * found.level + found.module, package)
        except ImportError:
            return ["missing"]
        origin = module_origin(full)
        if origin == "package":
            self._package(full)
        chains = chains if whole else tuple((*found.path, *chain) for chain in chains)
        if origin != "project":
            return [self._from_installed(full, chain) for chain in chains]
        module = import_project_module(full)
        self.guard.look(sys.modules, full, sys.modules.get(full, MISSING))
        if module is None:
            return [self._module_by_file(full)]
        if found.binds_root:
            module = sys.modules[full.partition(".")[0]]
        return [self._from_module(module, chain) for chain in chains]

    def _from_module(self, module: ModuleType, chain: Chain) -> str:
        if chain and chain[0] not in vars(module) and hasattr(module, "__path__"):
            import_project_module(f"{module.__name__}.{chain[0]}")
        return self._module(module, chain)

    def _from_installed(self, full: str, chain: Chain) -> str:
        module = sys.modules.get(full)
        if module is None:
            return f"{full}.{'.'.join(chain)}"
        return self._module(module, chain, loaded=full == "sys")

    def _module_by_file(self, name: str) -> str:
        """Take in a module that cannot be imported yet: the file it has, or that it has none."""
        self.guard.usable = False
        label, file = f"module:{name}", module_file(name)
        if file is None:
            self.absent.append(name)
        self.components[label] = Component(label, _file_digest(file))
        return label

    # -- what a thing is made of ------------------------------------------------------

    def _describe_function(self, label: str, function: FunctionType, *, root: bool = False) -> None:
        self.guard.add_function(function)
        code = function.__code__
        parts = ["function", facts(code).digest, "" if root else function.__name__]
        parts += self._references(function)
        if not root:
            for name, value in _defaults(function):
                parts.append(self._held(f"{label}() default", name, value))
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            parts.append(self._captured(label, function, name, contents(cell)))
        for name, value in sorted(vars(function).items()):
            parts += (name, self._held(label, name, value))
        self._documents[label] = (function.__doc__, function.__annotations__)
        self.components[label] = Component(label, digest_parts(parts), _Source(function))

    def _references(self, function: FunctionType) -> Iterator[str]:
        """Yield what the global names and imports of a function stand for."""
        scope = function.__globals__
        module = str(scope.get("__name__", "__main__"))
        if module_origin(module) != "project":
            # What installed code reaches is covered by the version of its package.
            if module_origin(module) == "package":
                self._package(module)
            return
        self._take_facts(function.__code__, scope)
        found = facts(function.__code__)
        for chain in found.chains:
            yield ".".join(chain)
            yield self._resolve(chain, scope)
        for imported in found.imports:
            yield " ".join(self._import(imported, scope))

    def _take_facts(self, code: CodeType, scope: Mapping[str, Any]) -> None:
        found = facts(code)
        self.names |= found.names
        self.strings |= found.strings
        self.scopes[id(scope)] = scope
        if found.reads_scope:
            self.whole_scopes[id(scope)] = scope

    def _captured(self, label: str, function: FunctionType, name: str, value: object) -> str:
        """Return what stands for a captured variable; of a module only what is used of it."""
        if is_empty(value):
            return "empty"
        if isinstance(value, ModuleType):
            uses = [chain[1:] for chain in facts(function.__code__).free if chain[0] == name]
            return " ".join(self._module(value, use) for use in uses or [()])
        if name in self.ignored:
            return "ignored"
        return self._held(label, name, value)

    def _held(self, owner: str, name: str, value: object) -> str:
        """Return what stands for a value that code holds: a label, or a fingerprint."""
        if isinstance(value, (FunctionType, type)):
            return self.token(value)
        made = unwrapped(value)
        try:
            digest = fingerprint_of(made, self)
        except NoFingerprint as error:
            place = f"{owner.partition(':')[2] or owner} → {name}{error.path}"
            self.problems[f"held:{name}"] = NoFingerprint(error.type_name, error.why, place)
            return ""
        if made is not value:
            self.guard.usable &= isinstance(value, _DESCRIPTORS)
        elif not is_atom(value):
            self.guard.parts.append((value, digest))
        return digest

    def _describe_class(self, label: str, cls: type) -> None:
        self.guard.add_class(cls)
        parts = ["class", self.token(type(cls)), *[self.token(base) for base in cls.__bases__]]
        problems = dict(self.problems)
        for name, part in class_entries(cls):
            parts += (name, self._held(label, name, part))
            if name.startswith(("__", "<")) and f"held:{name}" not in problems:
                # What libraries keep in a class beside its meaning, some of it in C.
                self.problems.pop(f"held:{name}", None)
        self._documents[label] = (cls.__doc__,)
        self.components[label] = Component(label, digest_parts(parts), _Source(cls))

    def _describe_module(self, label: str, module: ModuleType) -> None:
        parts = ["module"]
        for name, part in sorted(vars(module).items()):
            if name.startswith("__"):
                continue
            try:
                parts += (name, self.token(part) if is_code(part) else fingerprint_of(part, self))
            except NoFingerprint:
                # What has no identity of its own follows from the module's text.
                parts += (name, _file_digest(module_file(module.__name__)))
        self.components[label] = Component(label, digest_parts(parts))

    def _describe_text(self, label: str, code: CodeType) -> None:
        """Describe compiled text, to be evaluated in the notebook."""
        self.guard.usable = False
        scope = self.namespace if self.namespace is not None else {}
        self._take_facts(code, scope)
        found = facts(code)
        parts = ["text", found.digest]
        for chain in found.chains:
            parts += (".".join(chain), self._resolve(chain, scope))
        for imported in found.imports:
            parts += self._import(imported, scope)
        self.components[label] = Component(label, digest_parts(parts))

    def _describe_holder(self, label: str, thing: object) -> None:
        """Describe a callable written in C, or a descriptor, by the code that it holds."""
        self.guard.usable = False
        parts = [type(thing).__name__, str(getattr(thing, "__name__", ""))]
        made = unwrapped(thing)
        if made is not thing:
            parts.append(self._held(label, "content", made))
        else:
            if callable(getattr(thing, "cache_parameters", None)):
                parts.append(str(thing.cache_parameters()))  # type: ignore[attr-defined]
            parts += [self.token(part) for part in _held_code(thing)]
            attributes = getattr(thing, "__dict__", {})
            for name, value in sorted(attributes.items()):
                if name not in ("__doc__", "__annotations__", "cache_parameters"):
                    parts += (name, self._held(label, name, value))
        self.components[label] = Component(label, digest_parts(parts))

    def _add_documents(self) -> None:
        facets = [f"{label} {_annotation(found)}" for label, found in sorted(self._documents.items())]
        self.components["docs"] = Component("docs", digest_parts(facets))


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


class _Source(_Lazy):
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


def _shown(name: str, value: object) -> Mapping[str, JSON]:
    """Return `shown`, later where the value cannot change until then."""
    return _Lazy(lambda: shown(name, value)) if is_atom(value) else shown(name, value)


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
    except Exception:  # the step itself will meet it and show it
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
    """Tell whether a value has its identity in code: a function, class, module, builtin or step."""
    return isinstance(value, (FunctionType, type, ModuleType, BuiltinFunctionType)) or hasattr(
        type(value), "__zen_nb_function__"
    )


def _origin_of(thing: FunctionType | type) -> str:
    """Return where a thing was written, whatever module it claims to be of."""
    if isinstance(thing, FunctionType):
        return module_origin(str(thing.__globals__.get("__name__", "__main__")))
    return module_origin(str(thing.__module__))


def _found_by_name(module: str, name: str) -> object:
    found: object = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, "__dict__", {}).get(part, None)
        if isinstance(found, (staticmethod, classmethod)):
            found = found.__func__
    return found


def _held_code(thing: object) -> list[FunctionType | type]:
    """Return the functions that a callable written in C refers to, in a fixed order."""
    wrapped = getattr(thing, "__wrapped__", None)
    if isinstance(wrapped, FunctionType):
        return [wrapped]
    found = [part for part in gc.get_referents(thing) if isinstance(part, FunctionType)]
    return sorted(found, key=lambda part: (part.__qualname__, facts(part.__code__).digest))


def _compiled_callable(value: object) -> object:
    """Return the function that a just-in-time compiler wrapped, with the wrapper's class."""
    for name in ("py_func", "__wrapped__"):
        inner = getattr(value, "__dict__", {}).get(name) if callable(value) else None
        if isinstance(inner, FunctionType) and module_origin(type(value).__module__) == "package":
            return (type(value), inner)
    return value


def _defaults(function: FunctionType) -> Iterator[tuple[str, object]]:
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    yield from zip(names[len(names) - len(defaults) :], defaults, strict=True)
    for name, value in sorted((function.__kwdefaults__ or {}).items()):
        yield f"{name}=", value


def _annotation(part: object) -> str:
    return part if isinstance(part, str) else repr(part)


def _source(thing: FunctionType | type) -> dict[str, JSON]:
    try:
        return {"source": inspect.getsource(thing)[:_SOURCE_LIMIT]}
    except (OSError, TypeError, IndentationError, SyntaxError):
        return {}


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
    return Reach().whole(("value", value) if is_code(value) else value)
