"""What a dotted name stands for now, together with all that it reaches."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zen_nb.core.model import JSON, Component, Fingerprint
from zen_nb.identity.bytecode import Chain
from zen_nb.identity.code import Reach
from zen_nb.identity.components import digest_parts
from zen_nb.identity.origin import module_origin

_MAIN = ("__main__", "__mp_main__")


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for.

    Attributes
    ----------
    digest
        ``""`` where there is nothing of the name.
    modules
        Modules of the project that it reaches.
    packages
        Components of the installed packages that it reaches.
    """

    digest: Fingerprint
    shown: Mapping[str, JSON] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()
    packages: tuple[Component, ...] = ()


NOTHING = Named("")


def named(module: str, chain: Chain) -> Named:
    """Return what `chain` names in a loaded module; an empty one is the module as a whole.

    Raises
    ------
    NoFingerprint
        Where it is, or reaches, what has no identity.
    """
    scope = vars(sys.modules[module])
    if chain and chain[0] not in scope and not _given(module, chain[0]):
        return NOTHING
    if module in _MAIN:
        reach = Reach(scope)
        token = reach.follow(chain, scope)
    elif chain and chain[0] in scope:
        reach = Reach()
        token = reach.follow(chain, scope)
    else:
        reach = Reach()
        token = reach.follow(("module", *chain), {"module": sys.modules[module]})
    return _described(reach, token)


def _given(module: str, name: str) -> bool:
    """Tell whether a name that a module does not bind is one of Python, or made on demand."""
    return hasattr(builtins, name) or hasattr(sys.modules[module], "__getattr__")


def _described(reach: Reach, token: str) -> Named:
    reach.add_patches(reach.names)
    reach.finish()
    found = [reach.components[label] for label in sorted(reach.components)]
    components = [part for part in found if part.label != "package:python"]
    for error in reach.problems.values():
        raise error
    digest = digest_parts([token, *(f"{part.label} {part.digest}" for part in components)])
    told = [part.shown for part in components if part.label == token]
    return Named(
        digest,
        told[0] if told else {},
        frozenset(_modules(components)),
        tuple(part for part in components if part.kind == "package"),
    )


def _modules(components: list[Component]) -> Iterator[str]:
    """Yield the modules of the project that components stand for parts of."""
    for part in components:
        name = part.name if part.kind == "module" else ""
        while name and name not in sys.modules:
            name = name.rpartition(".")[0]
        if name and module_origin(name) == "project":
            yield name
