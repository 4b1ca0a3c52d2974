"""All that some code can reach, as labelled components.

`Reach` starts from a cell or a function and follows every global name, closure
cell, default, attribute and base class: user code and the project's modules by
content, installed packages by version, data by fingerprint. Each thing reached
gets a component of its own, so that a change can be named; where code refers
to a thing, the referring component holds its label.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import Component, Fingerprint
from zen_nb.identity.bytecode import Chain, Imported, facts
from zen_nb.identity.classes import class_entries, unwrapped
from zen_nb.identity.components import (
    Source,
    digest_parts,
    digest_text,
    python_component,
    shown,
)
from zen_nb.identity.documents import readers_among, seen_of
from zen_nb.identity.encoding import scalar_writer
from zen_nb.identity.naming import Naming
from zen_nb.identity.origin import module_file, module_origin
from zen_nb.identity.patches import patched
from zen_nb.identity.recipe import Recipe
from zen_nb.identity.restored import stored_print
from zen_nb.identity.taken import RELOADER
from zen_nb.identity.things import (
    CACHE,
    DESCRIPTORS,
    compiled_callable,
    contents,
    defaults_of,
    file_digest,
    held_code,
    is_atom,
    is_code,
    is_empty,
    origin_of,
)
from zen_nb.identity.values import Parts, fingerprint_of

__all__ = ["Reach", "digest_parts", "digest_text", "fingerprint", "is_atom", "is_code", "shown"]


class Reach(Naming):
    """Gives every thing that code reaches a component; a `CodeSink` for values met on the way."""

    _own: Fingerprint | None = None
    _own_kinds: frozenset[type] = frozenset()
    _own_recipe: Recipe | None = None

    # -- what callers ask for ---------------------------------------------------------

    def follow(self, chain: Chain, scope: Mapping[str, Any], at: str = "code") -> str:
        """Return what stands for what `chain` names in `scope`; its component is added."""
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
            self._import_whole(name)
            self._drain()

    def add_value(self, label: str, value: object) -> None:
        """Give `value` the component `label`; one without a fingerprint becomes a problem."""
        notes: Parts = {}
        self._begin_value()
        try:
            digest = self.whole(value, notes)
        except NoFingerprint as error:
            self.problems[label] = error
            digest = ""
        if self._own is not None:
            self.own[label] = self._own
            self.kinds[label] = self._own_kinds
        if self._own_recipe is not None:
            self.recipes[label] = self._own_recipe
        self.components[label] = Component(
            label, digest, shown(label.rpartition(":")[2], value, notes)
        )

    def _begin_value(self) -> None:
        self._own = self._own_recipe = None

    def whole(self, value: object, notes: Parts | None = None) -> Fingerprint:
        """Return the fingerprint of `value` together with the code that it holds.

        The version of the package that its class comes from counts: methods are code. A
        value met again inside itself (a registry that holds a function which reads the
        registry) stands as its depth.
        """
        if scalar_writer(type(value)) is not None:
            return fingerprint_of(value, self)
        if id(value) in self._open:
            return f"itself {self._open[id(value)]}"
        return stored_print(value, self._whole(value, notes))

    def _whole(self, value: object, notes: Parts | None) -> Fingerprint:
        self._open[id(value)] = len(self._open)
        try:
            inner = Reach(
                self.namespace,
                hidden=self.hidden,
                known=self.known,
                imported=self.imported,
                ignored=self.ignored,
                open_values=self._open,
                classes=self.classes,
                as_loaded=self.as_loaded,
            )
            root = inner._root(value, notes)
        finally:
            del self._open[id(value)]
        self._own, self._own_kinds = inner._own, frozenset(inner.types)
        if inner.components or inner.problems:
            self._take_in(inner)
        if inner._own is not None and not inner.problems:
            self._own_recipe = Recipe(type(value), inner._tokens, inner._kept, inner._code())
        return inner._with_code(root)

    def _root(self, value: object, notes: Parts | None = None) -> Fingerprint:
        """Return the fingerprint of `value` but for its code, which is taken in."""
        root = fingerprint_of(compiled_callable(value), self, notes)
        self._own = None if self._taken else root
        self._add_type(value)
        self._drain()
        return root

    def _with_code(self, root: Fingerprint) -> Fingerprint:
        """Return the fingerprint of a value together with all that was taken in for it."""
        for error in self.problems.values():
            raise error
        if not self.components:
            return root
        return digest_parts([root, *self._code()])

    def _code(self) -> tuple[str, ...]:
        return tuple(f"{part.label} {part.digest}" for _, part in sorted(self.components.items()))

    def held(self, owner: str, name: str, value: object) -> str:
        """Return what stands for `value`, which `owner` holds; what it reaches is taken in."""
        token = self._held(owner, name, value)
        self._drain()
        return token

    def sealed(self, token: str) -> Fingerprint:
        """Return the fingerprint of what `token` stands for, with all that was taken in."""
        return self._with_code(digest_text(token))

    def add_patches(self, names: Collection[str]) -> None:
        """Take in methods that the user put into the installed classes of values met.

        `names` are the attributes that the code reads.
        """
        found = patched(self.types, names)
        for kind, name, part in found:
            label = f"patched:{kind.__qualname__}.{name}"
            said = fingerprint_of(part, self) if is_atom(part) else self.token(part)
            self.components[label] = Component(label, digest_text(said))
        self.guard.expect_patches(self.types, names, found)
        self._drain()

    def add_subclasses(self) -> None:
        """Take in the user's subclasses of the classes reached, where code can ask for them."""
        if "__subclasses__" not in self.names:
            return
        self.guard.usable = False
        self._take_all_sources()
        known: set[type] = set()
        while fresh := [part.cls for part in self.guard.classes if part.cls not in known]:
            known.update(fresh)
            for cls in fresh:
                below: list[type] = type.__subclasses__(cls)
                tokens = [self.token(one) for one in below if origin_of(one) == "project"]
                label = f"subclasses:{self.token(cls)}"
                self.components[label] = Component(label, digest_parts(tokens))
            self._drain()

    def finish(self) -> None:
        """Take in Python, and what of the code reached others of it can see."""
        python = python_component()
        self.components[python.label] = python
        if "cache_info" in self.names and self._caches:
            counts = [f"{label} {cache.cache_info()}" for label, cache in self._caches.items()]
            self.components["caches"] = Component("caches", digest_parts(sorted(counts)))
        readers = readers_among(self.names, self.strings)
        if readers:
            self.guard.usable = False
            facets = [
                f"{label} {part}"
                for label, thing in sorted(self._documents.items())
                for part in seen_of(thing, readers)
            ]
            facets += [f"{label} {text}" for label, text in sorted(self.texts.items())]
            self.components["docs"] = Component("docs", digest_parts(facets))

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
        self.stores |= inner.stores
        self.absent += inner.absent
        self.relived += inner.relived
        self.texts.update({f"{self._at} {label}": text for label, text in inner.texts.items()})
        self.types |= inner.types
        self.libraries |= inner.libraries
        self._caches.update(inner._caches)
        self.scopes.update(inner.scopes)
        self.whole_scopes.update(inner.whole_scopes)
        for found in inner.consulted.values():
            self.consulted.setdefault(self._at, set()).update(found)
        self._documents.update(
            {f"{self._at} {label}": part for label, part in inner._documents.items()}
        )
        self.within += [(self._at, inner.guard), *inner.within]
        for scope, name, value in inner.data.values():
            if id(value) not in self._open:
                self._global(name, value, scope)

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

    # -- what a thing is made of ------------------------------------------------------

    def _describe_function(self, label: str, function: FunctionType, *, root: bool = False) -> None:
        self.guard.add_function(function)
        code = function.__code__
        parts = ["function", facts(code).digest, "" if root else function.__name__]
        parts += self._references(function)
        if not root:
            for name, value in defaults_of(function):
                parts.append(self._held(f"{label}() default", name, value))
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            parts.append(self._captured(label, function, name, contents(cell)))
        for name, value in sorted(vars(function).copy().items()):
            parts += (name, self._held(label, name, value))
        self._documents[label] = function
        self.components[label] = Component(label, digest_parts(parts), Source(function))

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
        self.stores |= found.stores
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
            self.guard.usable &= isinstance(value, DESCRIPTORS)
            self.guard.unwrapped.append((value, digest))
        elif not is_atom(value):
            self.guard.parts.append((value, digest))
        return digest

    def _describe_class(self, label: str, cls: type) -> None:
        self.guard.add_class(cls)
        parts = ["class", cls.__name__, self.token(type(cls))]
        parts += [self.token(base) for base in cls.__bases__]
        problems = dict(self.problems)
        for name, part in class_entries(cls):
            parts += (name, self._held(label, name, part))
            if name.startswith(("__", "<")) and f"held:{name}" not in problems:
                # What libraries keep in a class beside its meaning, some of it in C.
                self.problems.pop(f"held:{name}", None)
        self._documents[label] = cls
        self.components[label] = Component(label, digest_parts(parts), Source(cls))

    def _describe_module(self, label: str, module: ModuleType) -> None:
        self.guard.modules.append(module)
        parts = ["module"]
        if RELOADER in self.names:
            parts.append(file_digest(module_file(module.__name__)))
        for name, part in sorted(vars(module).copy().items()):
            if name in _OF_IMPORTS:
                continue
            if not is_code(part):
                self.data[f"{label}.{name}"] = (vars(module), name, part)
            try:
                parts += (name, self.token(part) if is_code(part) else fingerprint_of(part, self))
            except NoFingerprint:
                # What has no identity of its own follows from the module's text.
                parts += (name, file_digest(module_file(module.__name__)))
        self._documents[label] = module
        self.components[label] = Component(label, digest_parts(parts), Source(module))

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
            if isinstance(thing, CACHE):
                parts.append(str(thing.cache_parameters()))
                self._caches[label] = thing
            parts += [self.token(part) for part in held_code(thing)]
            attributes = getattr(thing, "__dict__", {})
            for name, value in sorted(attributes.items()):
                if name not in ("__doc__", "__annotations__", "cache_parameters"):
                    self.guard.look(attributes, name, value)
                    parts += (name, self._held(label, name, value))
        self.components[label] = Component(label, digest_parts(parts))


# What the import system keeps in a module, and documentation.
_OF_IMPORTS = frozenset(
    {
        "__name__",
        "__doc__",
        "__package__",
        "__loader__",
        "__spec__",
        "__file__",
        "__path__",
        "__cached__",
        "__builtins__",
        "__annotations__",
        "__warningregistry__",
    }
)


class Present(Naming):
    """Prints of what values hold themselves, to be compared within one process.

    Code counts by which object it is, not by what it reaches: what else a step changes
    does not show in the print of an input.
    """

    def print_of(self, value: object) -> Fingerprint | None:
        """Return the print of `value`; ``None`` where it has none."""
        try:
            return fingerprint_of(compiled_callable(value), self)
        except NoFingerprint:
            return None

    def add_value(self, label: str, value: object) -> None:
        """Leave out what code refers to."""

    def _queue(self, thing: object, module: str, name: str) -> str:
        return f"<{id(thing)}>"


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
    asked = ("value", value) if is_code(value) else value
    reach = Reach(open_values={id(asked): 0})
    if scalar_writer(type(asked)) is not None:
        return fingerprint_of(asked, reach)
    # The same as `Reach.whole`, without what only a step asks for.
    return stored_print(value, reach._with_code(reach._root(asked)))
