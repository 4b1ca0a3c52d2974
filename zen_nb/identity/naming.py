"""What stands for the things that code names: labels, versions and parts of modules."""

from __future__ import annotations

import builtins
import sys
from collections import deque
from collections.abc import Collection, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import Component, Fingerprint
from zen_nb.identity.bytecode import Chain, Imported
from zen_nb.identity.components import package_component, shown
from zen_nb.identity.guard import MISSING, Guard
from zen_nb.identity.imports import Imports
from zen_nb.identity.origin import module_origin
from zen_nb.identity.packages import package_of
from zen_nb.identity.patches import kin_of
from zen_nb.identity.recipe import Recipe
from zen_nb.identity.things import (
    DESCRIPTORS,
    found_by_name,
    held_code,
    is_atom,
    is_code,
    is_large,
    label_prefix,
    origin_of,
)
from zen_nb.identity.values import fingerprint_of


class Naming(Imports):
    """Names the things that code refers to, and keeps those that are still to be described.

    Attributes
    ----------
    components
        What was reached so far, by label.
    problems
        Labels of data without a fingerprint, with the reason.
    data
        Label to ``(namespace, name, value)`` of the global data reached, so that a
        change made by the step can be told afterwards.
    own
        Label to the print of the value alone (see `Present`), where it is known.
    kinds
        Label to the classes of packages that the value and its parts are of.
    recipes
        Label to how the value got its fingerprint, where it holds no code.
    classes
        The user's classes met, values and what is in them included, by name and identity.
    consulted
        Label to the hidden names that the code under it reads.
    stores
        Global names that the functions reached bind or delete.
    scopes, whole_scopes
        Global names seen by the code reached, and those that code asks for as a whole.
    within
        Guards of the code that values hold, each with the label of what reached it.

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
        classes: dict[str, dict[int, type]] | None = None,
        as_loaded: bool = False,
    ) -> None:
        super().__init__(as_loaded=as_loaded)
        self.namespace = namespace
        self.hidden = hidden
        self.known = known or {}
        self.imported = imported or {}
        self.ignored = ignored
        self._open = {} if open_values is None else open_values
        self.classes = {} if classes is None else classes
        self.components: dict[str, Component] = {}
        self.problems: dict[str, NoFingerprint] = {}
        self.data: dict[str, tuple[Mapping[str, Any], str, Any]] = {}
        self.own: dict[str, Fingerprint] = {}
        self.kinds: dict[str, frozenset[type]] = {}
        self.recipes: dict[str, Recipe] = {}
        self.names: set[str] = set()
        self.strings: set[str] = set()
        self.consulted: dict[str, set[str]] = {}
        self.stores: set[str] = set()
        self.edges: dict[str, set[str]] = {}
        self.scopes: dict[int, Mapping[str, Any]] = {}
        self.whole_scopes: dict[int, Mapping[str, Any]] = {}
        self.types: set[type] = set()
        self.guard = Guard()
        self.within: list[tuple[str, Guard]] = []
        self._tokens = self.guard.tokens
        self._kept = self.guard.kept
        self._at = ""
        self._taken: set[str] = set()
        self._globals: dict[tuple[int, str], str] = {}
        self._waiting: deque[tuple[str, object]] = deque()
        self._documents: dict[str, FunctionType | type | ModuleType] = {}
        self._caches: dict[str, Any] = {}

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
            return self._installed(thing) or self._queue(
                thing, str(thing.__module__), thing.__qualname__
            )
        if hasattr(type(thing), "__zen_nb_function__"):
            return self.token(thing.__zen_nb_function__)  # type: ignore[attr-defined]
        if isinstance(thing, (CodeType, *DESCRIPTORS)):
            return self._queue(thing, "__main__", f"<{type(thing).__name__}>")
        return self._compiled(thing)

    def _compiled(self, thing: object) -> str:
        """Name what is written in C: as it is found in its module, else by what it holds."""
        module = getattr(thing, "__module__", None) or type(thing).__module__
        name = getattr(thing, "__qualname__", None) or getattr(
            thing, "__name__", type(thing).__qualname__
        )
        owner = getattr(thing, "__objclass__", None)
        origin = module_origin(str(module))
        if origin == "package":
            self._package(str(module))
        if origin == "python":
            self.libraries.add(str(module))
        if isinstance(owner, type):
            return f"{self.token(owner)}.{name}"
        if origin != "project" and found_by_name(str(module), str(name)) is thing:
            self.names.add(str(name))
            return f"{module}..{name}"
        if origin == "project" or held_code(thing) or hasattr(thing, "__wrapped__"):
            return self._queue(thing, str(module), str(name))
        return f"{module}..{name}"

    def _installed(self, thing: FunctionType | type) -> str | None:
        """Return the name of a thing of Python or a package; None where content must tell."""
        module = str(getattr(thing, "__module__", None) or "")
        origin = module_origin(module) if module else "project"
        if origin == "project" or found_by_name(module, thing.__qualname__) is not thing:
            return None
        if isinstance(thing, FunctionType) and origin_of(thing) == "project":
            return None
        if origin == "package":
            self._package(module)
        else:
            self.libraries.add(module)
        if isinstance(thing, type):
            self.types.add(thing)
        # By whatever name it is reached, what it can see is told by its own.
        self.names.add(thing.__name__)
        return f"{module}.{thing.__qualname__}"

    def _queue(self, thing: object, module: str, name: str) -> str:
        plain = f"{label_prefix(module or '__main__')}{name}".replace("<locals>.", "")
        if isinstance(thing, type):
            self.classes.setdefault(plain, {})[id(thing)] = thing
        label = self._claim(plain)
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
            value = self._look(_builtins_of(scope), name)
            if value is MISSING:
                return "missing"
        if value is builtins.globals and name != "globals":
            self.whole_scopes[id(scope)] = scope
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
            return " ".join(self._imported(found, chain[1:], scope))
        return "bound by the step"

    def _global(self, name: str, value: object, scope: Mapping[str, Any]) -> str:
        label = self._globals.get((id(scope), name))
        if label is None:
            module = str(scope.get("__name__", "__main__"))
            prefix = "global:" if label_prefix(module) == "helper:" else label_prefix(module)
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
        if type(value).__module__ == "operator":
            # ``attrgetter("__doc__")`` reads an attribute as code does.
            self.strings.update(part for part in value.__reduce__()[1] if type(part) is str)
        self.add_value(label, value)
        if not is_atom(value):
            self._kept.append(value)
            self.guard.values.append((value, self.components[label].digest))
            # A guard keeps alive what it compares with; what is large is let go instead.
            self.guard.usable &= not is_large(value)

    def _module(self, module: ModuleType, attributes: Chain, *, loaded: bool = True) -> str:
        origin = module_origin(module.__name__)
        if origin != "project":
            return self._installed_part(module, attributes, origin, loaded=loaded)
        if not attributes:
            return self._whole_module(module)
        value = self._look(vars(module), attributes[0])
        if value is not MISSING:
            return self._part(attributes, value, vars(module))
        # A module may answer for names that it does not hold, and load its parts when asked.
        below = sys.modules.get(f"{module.__name__}.{attributes[0]}")
        part = "" if below is None else self._module(below, attributes[1:], loaded=loaded)
        return f"{self._whole_module(module)} {part}".rstrip()

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

    def _installed_part(
        self, module: ModuleType, attributes: Chain, origin: str, *, loaded: bool
    ) -> str:
        """Name a part of an installed module; what the user put there counts by content."""
        if origin == "package":
            self._package(module.__name__)
        else:
            self.libraries.add(module.__name__)
        if not attributes:
            self.guard.installed.append(module)
        thing: object = module
        for attribute in attributes:
            if not isinstance(thing, (ModuleType, type)):
                break
            thing = self._look(vars(thing), attribute)
        name = f"{module.__name__}.{'.'.join(attributes)}"
        if isinstance(thing, (FunctionType, type)) and origin_of(thing) == "project":
            return f"{name} {self.token(thing)}"
        if isinstance(thing, type) and origin == "package":
            self.types.add(thing)
        if (loaded and _counts_by_value(thing, module.__name__)) or name == "sys.argv":
            try:
                return f"{name} {fingerprint_of(thing, self)}"
            except NoFingerprint:
                return name
        own = _own_name(thing) if loaded and attributes else ""
        if own and own.rpartition(".")[2] != attributes[-1]:
            return f"{name} {own}"
        return name

    def _add_type(self, value: object) -> None:
        """Take in the package that the class of a value comes from."""
        module = type(value).__module__
        if module == "builtins":
            return
        origin = module_origin(module)
        if origin == "package":
            self._package(module)
        else:
            self.libraries.add(module)
        if origin != "project":
            self.types.add(type(value))

    def _package(self, module: str) -> None:
        root = package_of(module)
        self.types.update(kin_of(root)[:1])
        label = f"package:{root}"
        if root != "zen_nb" and label not in self.components:
            self.components[label] = package_component(root)


def _builtins_of(scope: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what names of `scope` that it does not hold are looked up in."""
    found = scope.get("__builtins__", builtins)
    return vars(found) if isinstance(found, ModuleType) else found


def _own_name(thing: object) -> str:
    """Return what a function or class calls itself: another one may have been put in its place."""
    if isinstance(thing, ModuleType) or not callable(thing):
        return ""
    # Some answer every question, with something that has no truth value: ``pl.col``.
    named = (getattr(thing, name, None) for name in ("__qualname__", "__name__"))
    name = next((one for one in named if isinstance(one, str)), None)
    return "" if name is None else f"{getattr(thing, '__module__', '')}.{name}"


def _counts_by_value(thing: object, module: str) -> bool:
    """Tell whether the user may have put `thing` into an installed module.

    That cannot be seen of scalars and small containers of them; of other objects it can, by
    where their class or what they call was written.
    """
    if is_atom(thing):
        return True
    if module.partition(".")[0] in _AMBIENT:
        return False
    if isinstance(thing, dict) and type(thing) is dict:
        return len(thing) <= _FEW and all(map(is_atom, (*thing.keys(), *thing.values())))
    if isinstance(thing, (list, tuple, set, frozenset)) and type(thing) in _PLAIN:
        return len(thing) <= _FEW and all(map(is_atom, thing))
    root = type(thing).__module__.partition(".")[0]
    return not is_code(thing) and root not in ("builtins", module.partition(".")[0])


_FEW = 200
_PLAIN = frozenset({list, tuple, set, frozenset})
# What these hold is the state of the process, of which only what is watched counts.
_AMBIENT = frozenset({"sys", "os", "site", "gc", "signal", "threading", "logging", "warnings"})
