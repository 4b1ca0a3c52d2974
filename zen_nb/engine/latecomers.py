"""Ingredients that show only while a step runs: names in evaluated texts, modules found by name.

They become traces: checked before a hit, and no part of the key.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import JSON, Trace
from zen_nb.engine.standing import package_trace
from zen_nb.identity.bytecode import Chain
from zen_nb.identity.ingredients import Ingredients, can_change
from zen_nb.identity.named import Named, named
from zen_nb.identity.origin import module_file, module_origin
from zen_nb.identity.packages import package_of
from zen_nb.identity.texts import TextFacts, read_text, source_print
from zen_nb.observe.audit import muted
from zen_nb.observe.evaluated import Evaluated
from zen_nb.observe.modules import ModulesFound
from zen_nb.observe.namespace import is_user_name
from zen_nb.observe.paths import installed_folders

_MISSING = object()
_MOST_TEXTS = 10_000
_MAIN = frozenset({"__main__", "__mp_main__"})
# With these, code finds loaded modules of which nothing tells.
_SEARCHES = (frozenset({"__import__"}), frozenset({"sys", "modules"}), frozenset({"locate"}))


class Latecomers:
    """What one step reads that is not known before it runs.

    Parameters
    ----------
    namespace
        The global names of the step.
    ignored
        Names that the user takes out of the key.
    """

    def __init__(
        self,
        ingredients: Ingredients,
        namespace: Mapping[str, Any] | None,
        ignored: Collection[str] = (),
    ) -> None:
        self._known = {part.label: part.digest for part in ingredients.components}
        self._names = ingredients.names
        self._namespace = {} if namespace is None else namespace
        self._ignored = ignored
        self._before: Mapping[str, Any] = {}
        self._texts: set[object] = set()
        self._read: set[tuple[int, Chain]] = set()
        self._changeable: list[tuple[Trace, Any]] = []
        self._imported: set[str] = set()
        self._traces: dict[str, Trace] = {}
        self._refusals: list[str] = []

    def open(self) -> None:
        """Begin: what names hold now is what they held before the step."""
        self._before = dict(self._namespace)

    def heed(self, text: Evaluated) -> None:
        """Take in what a text reads, as it is before the text is evaluated."""
        with muted():
            known = (text.source, text.local, *map(id, text.scopes))
            if isinstance(text.source, str):
                if known in self._texts:
                    return
                self._texts.add(known)
                if len(self._texts) > _MOST_TEXTS:
                    self._refuse("it evaluates too many texts to look into")
                    return
            try:
                self._take_in(text, read_text(text.source))
            except Exception as error:  # the user's own call must not fail for it
                self._refuse(f"a text that it evaluates cannot be looked into ({error!r})")

    def close(self, found: ModulesFound) -> tuple[tuple[Trace, ...], tuple[str, ...]]:
        """Return the traces, and why the step must not be cached, a clause each."""
        with muted():
            for module, name in sorted(found.unpickled):
                self._add_unpickled(module, name)
            executed = set(self._modules(found))
            if any(search <= self._names for search in _SEARCHES):
                executed.update(_of_the_project())
            for module in sorted({*found.imported, *self._imported, *executed}):
                self._add_module(module, by_text=module in executed)
            for name in sorted(found.distributions):
                self._add_package(name, distribution=True)
            self._compare()
        return tuple(self._traces.values()), tuple(self._refusals)

    def _refuse(self, why: str) -> None:
        if why not in self._refusals:
            self._refusals.append(why)

    # -- names in texts ---------------------------------------------------------------

    def _take_in(self, text: Evaluated, facts: TextFacts) -> None:
        for chain in facts.chains:
            name = chain[0].removeprefix(text.mark)
            if text.mark and name == chain[0]:
                continue
            if name not in text.local or facts.nested:
                holders = [scope for scope in text.scopes if name in scope]
                for scope in holders or text.scopes[:1]:
                    self._add_name((name, *chain[1:]), scope)
        package = str(text.scopes[0].get("__package__") or "")
        for part in facts.imports:
            try:
                full = importlib.util.resolve_name("." * part.level + part.module, package)
            except ImportError:
                continue
            self._imported.add(full)
            self._imported.update(f"{full}.{name}" for name in part.path[:1])

    def _add_name(self, chain: Chain, scope: Mapping[str, Any]) -> None:
        value = scope.get(chain[0], _MISSING)
        if (id(scope), chain) in self._read or not is_user_name(chain[0]):
            return
        self._read.add((id(scope), chain))
        own = scope is self._namespace
        if own and (chain[0] in self._ignored or value is not self._before.get(chain[0], _MISSING)):
            return  # taken out by the user, or bound by the step itself
        module = str(scope.get("__name__", ""))
        if self._is_ingredient(module, chain[0]):
            return
        if vars(sys.modules.get(module, object)) is not scope:
            self._refuse(f"it evaluates a text that reads `{chain[0]}` of a namespace of its own")
            return
        trace = self._trace(module, chain)
        if trace is not None and value is not _MISSING and can_change(value):
            self._changeable.append((trace, value))

    def _is_ingredient(self, module: str, name: str) -> bool:
        if module in _MAIN:
            kinds = ("input", "global", "param")
            return any(f"{kind}:{name}" in self._known for kind in kinds)
        return f"module:{module}.{name}" in self._known

    def _compare(self) -> None:
        """Refuse where what a text reads was changed in place: a hit would not change it."""
        for trace, value in self._changeable:
            module, chain = str(trace.guard["module"]), trace.guard["chain"]
            names = tuple(map(str, chain)) if isinstance(chain, list) else ()
            scope = vars(sys.modules.get(module, object))
            if (
                scope.get(names[0], _MISSING) is value
                and self._digest(module, names) != trace.digest
            ):
                self._refuse(f"it changes `{'.'.join(names)}` in place by way of a text")

    def _digest(self, module: str, chain: Chain) -> str:
        try:
            return named(module, chain).digest
        except NoFingerprint:
            return ""

    # -- modules ----------------------------------------------------------------------

    def _add_unpickled(self, module: str, name: str) -> None:
        origin = module_origin(module)
        if module in _MAIN:
            self._add_name(tuple(name.split(".")), self._namespace)
        elif origin == "project":
            self._trace(module, tuple(name.split(".")))
        elif origin == "package":
            self._add_package(package_of(module))

    def _modules(self, found: ModulesFound) -> Iterator[str]:
        """Yield the modules of files that were executed on nobody's known word."""
        paths = list(found.by_name())
        if not paths:
            return
        loaded = {
            getattr(module, "__file__", None): name
            for name, module in sorted(sys.modules.copy().items())
        }
        for path in paths:
            if path in loaded:
                yield loaded[path]
            else:
                self._refuse(f"it executes {path}, of which no module is left")

    def _add_module(self, name: str, *, by_text: bool) -> None:
        if name in _MAIN or name not in sys.modules:
            return
        origin = module_origin(name)
        if origin == "package":
            self._add_package(package_of(name))
        elif origin == "project" and f"module:{name}" not in self._known and module_file(name):
            self._trace(name, (), by_text=by_text)

    def _add_package(self, name: str, *, distribution: bool = False) -> None:
        label = f"package:{name}"
        if label not in self._known and name != "zen_nb":
            guard: dict[str, JSON] = {"distribution" if distribution else "package": name}
            self._traces[label] = package_trace(Trace(label, "", guard))

    def _trace(self, module: str, chain: Chain, *, by_text: bool = False) -> Trace | None:
        """Let what a module holds under a name be a trace, by its code and by its text.

        With `by_text`, one whose code has no identity is known by its text alone.
        """
        name = ".".join(chain)
        label = f"global:{name}" if module in _MAIN else f"module:{module}.{name}".rstrip(".")
        try:
            found = named(module, chain) if module in sys.modules else Named("")
        except NoFingerprint as error:
            if by_text:
                guard: dict[str, JSON] = {"texts": {module: source_print(module)}}
                self._traces[label] = Trace(label, "", guard)
            else:
                self._refuse(f"`{label.partition(':')[2]}`: {error}; it is read by name")
            return None
        except Exception as error:  # what stands in the place of a module
            self._refuse(f"`{label.partition(':')[2]}` has no fingerprint ({error!r})")
            return None
        texts: dict[str, JSON] = {}
        if module not in _MAIN:
            texts = {part: source_print(part) for part in sorted({module, *found.modules})}
        for part in found.packages:
            self._add_package(part.name)
        guard = {"module": module, "chain": list(chain), "texts": texts}
        trace = self._traces[label] = Trace(label, found.digest, guard, dict(found.shown))
        return trace


def _of_the_project() -> Iterator[str]:
    """Yield the project's modules: code that searches may find any, and nothing tells which."""
    for name, module in sorted(sys.modules.copy().items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and not file.startswith(installed_folders()):
            yield name
