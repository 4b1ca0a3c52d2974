"""What determines the result of a step, and the key that follows from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, TypeAlias

from blake3 import blake3

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import Component, Fingerprint
from zen_nb.identity.cell import TEXT_EVALUATORS, names_in_strings
from zen_nb.identity.code import Reach
from zen_nb.identity.components import digest_parts
from zen_nb.identity.kept import Kept, module_of
from zen_nb.identity.registered import add_registered
from zen_nb.identity.things import is_atom, is_code

Held: TypeAlias = "tuple[str, Any, Fingerprint | None]"

# Names whose use lets code load modules by a name in a text.
_LOADERS = frozenset({"import_module", "__import__", "modules", "run_module", "find_spec"})
# Names whose use lets code read all globals of a function or frame.
_SCOPES = frozenset({"__globals__", "f_globals", "f_locals"})
_OF_IPYTHON = frozenset({"In", "Out", "get_ipython", "exit", "quit", "open"})
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What determines the result of a step, as far as it is known before the step runs.

    Attributes
    ----------
    problems
        Label of each ingredient without a fingerprint, with the reason: such a step is
        not cached.
    held
        Label to ``(name, value, print)`` of the data that the step can change in place: its
        inputs and the globals it reaches, those of local modules as ``module.name``. The
        print is that of `Present`, or ``None`` where it has not been taken.
    strings
        String constants of the code reached; some may name files.
    names
        Global and attribute names that the code reached uses.
    absent
        Modules that the step imports and that cannot be found before it runs. Their absence
        is an ingredient; it must still be so when the step has run.
    kept
        What the code reached keeps between its calls.
    apart
        Names that count as if nothing had been left under them. That holds of a run which
        shows that it binds them itself.
    unseen
        Names that the step may bind, and that no code but its own sees before it has.
    relived
        Modules known by their source that a step has loaded before, and whose loading may have
        had an effect. A run would not have it again: what it makes is of another key.
    """

    components: tuple[Component, ...]
    problems: Mapping[str, NoFingerprint] = field(default_factory=dict)
    held: Mapping[str, Held] = field(default_factory=dict)
    strings: frozenset[str] = frozenset()
    absent: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    kept: Kept | None = field(default=None, compare=False)
    apart: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    relived: tuple[str, ...] = ()

    @property
    def key(self) -> Fingerprint:
        """Return the cache key: the fingerprint of all components."""
        return key_of(self.components)


def key_of(components: Collection[Component]) -> Fingerprint:
    """Return the cache key of components; their order does not matter."""
    ordered = sorted(components, key=lambda part: part.label)
    text = "".join(f"{len(part.label)}:{part.label}{part.digest}\n" for part in ordered)
    return blake3(b"zen_nb key 1\n" + text.encode("utf-8", "surrogatepass")).hexdigest()


def finished(
    reach: Reach,
    strings: frozenset[str],
    apart: frozenset[str] = frozenset(),
    unseen: frozenset[str] = frozenset(),
) -> Ingredients:
    """Return what a walk has found."""
    add_twins(reach.components, reach.classes)
    reach.finish()
    components, problems = reach.components.copy(), reach.problems.copy()
    add_registered(components, problems, reach.libraries, reach.types)
    return Ingredients(
        tuple([components[label] for label in sorted(components)]),
        problems,
        held_by(reach),
        strings.union(reach.strings),
        tuple(reach.absent),
        frozenset(reach.names),
        Kept([("", reach)]),
        apart,
        unseen,
        relived=tuple(reach.relived),
    )


def held_by(reach: Reach) -> dict[str, Held]:
    """Return the data of the user's that a walk has met and that can change."""
    return {
        label: (_place_of(scope, name, reach), value, reach.own.get(label))
        for label, (scope, name, value) in reach.data.items()
        if can_change(value)
    }


def _place_of(scope: Mapping[str, Any], name: str, reach: Reach) -> str:
    """Return the name by which global data is found again; in angle brackets where it is not."""
    if scope is reach.namespace:
        return name
    module = module_of(scope)
    return f"<{name}>" if module is None else f"{module.__name__}.{name}"


def can_change(value: object) -> bool:
    """Tell whether a step may change a value in place: it is neither a scalar nor code."""
    return not is_atom(value) and not is_code(value) and not isinstance(value, CodeType)


def add_twins(components: dict[str, Component], classes: Mapping[str, Mapping[int, type]]) -> None:
    """Take in which names stand for several classes: instances of one are none of the other."""
    if not classes:
        return
    twins = [f"{label} {len(found)}" for label, found in classes.items() if len(found) > 1]
    if twins:
        components["classes"] = Component("classes", digest_parts(sorted(twins)))


def read_dynamically(reach: Reach, texts: Iterable[str], whole: str = "code") -> bool:
    """Take in what code names in texts, or asks of a namespace as a whole; tell if any can.

    `whole` is the label of what asks for a namespace as a whole.
    """
    if reach.names & _SCOPES or _asks_for_itself(reach):
        reach.whole_scopes.update(reach.scopes)
    evaluates = bool(reach.names & TEXT_EVALUATORS)
    loads = bool(reach.names & _LOADERS)
    if not (evaluates or loads or reach.whole_scopes):
        return False
    # An expression can be held by a variable as well as written where it is evaluated.
    held = (value for _, _, value in reach.data.values())
    strings = frozenset({*reach.strings, *texts, *(part for part in held if type(part) is str)})
    if loads:
        for name in sorted(filter(_DOTTED.fullmatch, strings)):
            reach.add_module(name)
    asked = reach.names & TEXT_EVALUATORS
    marked = asked == {"query"} and "package:duckdb" not in reach.components
    named = names_in_strings(strings, marked=marked) if evaluates else set()
    for scope in list(reach.scopes.values()):
        for name in sorted(named & set(scope)):
            reach.follow((name,), scope)
    for scope in list(reach.whole_scopes.values()):
        names = [name for name in [*scope] if not name.startswith("_") and name not in _OF_IPYTHON]
        for name in sorted(names):
            reach.follow((name,), scope, whole)
        module, apart = module_of(scope), {*reach.hidden, *reach.ignored}
        label = f"order:{'the notebook' if module is None else module.__name__}"
        order = digest_parts([name for name in names if name not in apart])
        reach.components[label] = Component(label, order)
    return True


def _asks_for_itself(reach: Reach) -> bool:
    """Tell whether code may look its own module up in ``sys.modules``."""
    return "modules" in reach.names and ("__name__" in reach.names or "__main__" in reach.strings)
