"""The components of a step, as known before it runs."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import FunctionType, MappingProxyType, NoneType
from typing import Any

from blake3 import blake3

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import Component, Fingerprint
from zen_nb.identity.bytecode import facts as code_facts
from zen_nb.identity.cell import CellFacts, names_in_strings
from zen_nb.identity.code import Reach, digest_text, is_code, shown

_WHOLE_NAMESPACE = frozenset({"globals", "locals", "vars", "dir"})
_TEXT_EVALUATORS = frozenset({"eval", "exec", "query", "from_formula", "dmatrix", "dmatrices", "ols"})


# What IPython itself puts into a namespace.
_SHELL_NAMES = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})
_ATOMS = (NoneType, bool, int, float, complex, str, bytes)
_PLAIN_NAMES = frozenset(kind.__name__ for kind in _ATOMS)
_NOTHING_GIVEN: Mapping[str, tuple[Fingerprint, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What determines the result of a step, as far as it is known before the step runs.

    Attributes
    ----------
    problems
        Label of each ingredient without a fingerprint, with the reason: such a step is
        not cached.
    held
        Label to ``(name, value, fingerprint)`` of the data that the step can change in
        place: its inputs and the globals it reaches.
    strings
        String constants of the code reached; some may name files.
    absent
        Modules that the step imports and that cannot be found before it runs. Their absence
        is an ingredient; it must still be so when the step has run.
    """

    components: tuple[Component, ...]
    problems: Mapping[str, NoFingerprint] = field(default_factory=dict)
    held: Mapping[str, tuple[str, Any, Fingerprint]] = field(default_factory=dict)
    strings: frozenset[str] = frozenset()
    absent: tuple[str, ...] = ()

    @property
    def key(self) -> Fingerprint:
        """Return the cache key: the fingerprint of all components."""
        return key_of(self.components)


def key_of(components: Collection[Component]) -> Fingerprint:
    """Return the cache key of components; their order does not matter."""
    ordered = sorted(components, key=lambda part: part.label)
    text = "".join(f"{len(part.label)}:{part.label}{part.digest}\n" for part in ordered)
    return blake3(b"zen_nb key 1\n" + text.encode("utf-8", "surrogatepass")).hexdigest()


def of_cell(
    cell: CellFacts,
    namespace: Mapping[str, Any],
    *,
    parameters: Mapping[str, object],
    source: str = "",
    quiet: bool = False,
    outputs: tuple[str, ...] | None = None,
    ignore: Collection[str] = (),
    known: Mapping[str, Fingerprint] | None = None,
) -> Ingredients:
    """Return the ingredients of a cell in `namespace`.

    Parameters
    ----------
    source
        The text of the cell, to show what changed in it; no part of the key.
    quiet
        The cell ends in ``;``: what it shows differs, so the code does.
    outputs
        Declared outputs: names that are discarded are part of what the step does.
    ignore
        Inputs that the user takes out of the key.
    known
        Fingerprints to use for names instead of hashing their values.
    """
    reach = Reach(namespace, known=known)
    references: list[tuple[str, str]] = []
    for name, bound in _names_read(cell, namespace, reach).items():
        if name in parameters or name in ignore:
            continue
        reach.hidden = bound | set(parameters) | set(ignore)
        references += _reference(name, cell, namespace, reach)
    reach.hidden = frozenset(cell.binds) | set(parameters) | set(ignore)
    reach.add_imports(code_facts(cell.code).imports, namespace)
    _add_parameters(reach, parameters)
    # Before the cell's own names count: what the cell itself evaluates is among its reads.
    _read_text_evaluators(reach, cell.strings | reach.strings)
    reach.names |= code_facts(cell.code).names
    code = [cell.digest, f"quiet {quiet}", f"outputs {outputs}", *(f"{a} {b}" for a, b in references)]
    reach.components["code"] = Component("code", digest_text("\n".join(code)), {"source": source})
    return _finish(reach, cell.strings)


def of_function(
    function: FunctionType,
    arguments: Mapping[str, object],
    *,
    given: Mapping[str, tuple[Fingerprint, str]] = _NOTHING_GIVEN,
    ignore: Collection[str] = (),
) -> Ingredients:
    """Return the ingredients of a call of a step function with all arguments bound by name.

    Parameters
    ----------
    given
        Arguments that are known by fingerprint and type name instead of by value.
    """
    reach = Reach(function.__globals__)
    reach.add_function(function, "code")
    for name, value in arguments.items():
        if name not in ignore:
            _add_argument(reach, name, value)
    for name, (digest, type_name) in given.items():
        if name not in ignore:
            label = f"param:{name}" if type_name in _PLAIN_NAMES else f"input:{name}"
            reach.components[label] = Component(label, digest, {"type": type_name})
    _read_text_evaluators(reach, reach.strings)
    made = _finish(reach, frozenset(reach.strings))
    # Arguments and globals can share a name; the label tells them apart.
    held = {label: (label, value, digest) for label, (_, value, digest) in made.held.items()}
    return replace(made, held=held)


def _add_argument(reach: Reach, name: str, value: object) -> None:
    """Give one argument its component: scalars are parameters, everything else inputs."""
    label = f"param:{name}" if is_atom(value) else f"input:{name}"
    if is_code(value):
        token = reach.follow((name,), {name: value})
        reach.components[label] = Component(label, digest_text(token))
        return
    reach.add_value(label, value)
    reach.data[label] = (reach.namespace or {}, name, value)


def _names_read(cell: CellFacts, namespace: Mapping[str, Any], reach: Reach) -> dict[str, frozenset[str]]:
    """Return the names the cell reads, those that it reads out of its strings included."""
    reads = dict(cell.reads)
    if cell.whole_namespace:
        found = {name for name in namespace if _is_own(name) and name not in cell.binds}
        reads.update(dict.fromkeys(sorted(found - set(reads)), frozenset()))
    elif cell.evaluates_text:
        found = names_in_strings(cell.strings) & set(namespace) - set(cell.binds)
        reads.update(dict.fromkeys(sorted(found - set(reads)), frozenset()))
    return reads


def _reference(
    name: str, cell: CellFacts, namespace: Mapping[str, Any], reach: Reach
) -> list[tuple[str, str]]:
    if name not in namespace:
        return [] if hasattr(builtins, name) else [(name, "missing")]
    value = namespace[name]
    if is_code(value):
        chains = [chain for chain in code_facts(cell.code).chains if chain[0] == name] or [(name,)]
        return [(".".join(chain), reach.follow(chain, namespace)) for chain in chains]
    label = f"input:{name}"
    if name in reach.known:
        reach.components[label] = Component(label, reach.known[name], shown(name, value))
    else:
        reach.add_value(label, value)
    reach.data[label] = (namespace, name, value)
    return []


def _add_parameters(reach: Reach, parameters: Mapping[str, object]) -> None:
    for name, value in parameters.items():
        reach.add_value(f"param:{name}", value)


def _finish(reach: Reach, strings: frozenset[str]) -> Ingredients:
    components = reach.finish()
    digests = {part.label: part.digest for part in components}
    held = {
        label: (name, value, digests[label])
        for label, (scope, name, value) in reach.data.items()
        if label in digests and scope is reach.namespace and not is_atom(value)
    }
    return Ingredients(
        components, dict(reach.problems), held, strings | frozenset(reach.strings), tuple(reach.absent)
    )


def is_atom(value: object) -> bool:
    """Tell whether a value is a scalar: it can never change in place."""
    return type(value) in _ATOMS


def _is_own(name: str) -> bool:
    """Tell whether code that reads the whole namespace can mean `name`."""
    return not name.startswith("_") and name not in _SHELL_NAMES


def _read_text_evaluators(reach: Reach, strings: Collection[str]) -> None:
    """Take in the names that helpers read out of strings or out of the namespace as a whole."""
    namespace = reach.namespace
    if namespace is None:
        return
    names: set[str] = set()
    if reach.names & _WHOLE_NAMESPACE:
        names = {name for name in namespace if _is_own(name)}
    elif reach.names & _TEXT_EVALUATORS:
        names = names_in_strings(frozenset(strings)) & set(namespace)
    for name in sorted(names - set(reach.hidden)):
        reach.follow((name,), namespace)
