"""What the user put into installed modules, as ingredients of the steps that come by it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import BuiltinFunctionType, FunctionType, MappingProxyType

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import JSON, Component
from zen_nb.identity.code import Reach
from zen_nb.identity.components import Source, digest_parts, shown
from zen_nb.identity.guard import MISSING
from zen_nb.identity.origin import module_origin
from zen_nb.identity.packages import builds_on
from zen_nb.identity.register import Standing, standing
from zen_nb.identity.things import origin_of

_NONE: Mapping[str, str] = MappingProxyType({})
# What texts and bytes themselves use.
_OF_THE_LANGUAGE = frozenset({"builtins", "codecs", "encodings"})


def add_registered(
    components: dict[str, Component],
    problems: dict[str, NoFingerprint],
    touched: Collection[str],
    types: Collection[type] = (),
) -> None:
    """Give what stands in installed modules of the user's components, or problems.

    Only what the step comes by counts: something of a package is met by who uses that
    package or one that builds on it, something of Python's by who uses any library.

    Parameters
    ----------
    touched
        Roots of Python's modules that the step uses.
    types
        Installed classes of the values that it handles.
    """
    found = standing()
    if not found:
        return
    roots = {label.partition(":")[2] for label in components if label.startswith("package:")}
    roots.discard("python")
    roots |= {str(kind.__module__).partition(".")[0] for kind in types} - {"builtins"}
    for one in found:
        if not _is_met(one.root, roots, touched):
            continue
        label = f"patched:{one.name}"
        try:
            digest = digest_parts(_said(one))
        except NoFingerprint as error:
            problems[label] = error
            digest = ""
        if label in components:
            digest = digest_parts([components[label].digest, digest])
        components[label] = Component(label, digest, _told(one.name, one.values))


def registered(reach: Reach) -> Mapping[str, str]:
    """Return digests of what code comes by of what stands in installed modules, by label.

    What has no fingerprint is itself in place of one, so that it is not the same twice.
    """
    if not standing():
        return _NONE
    components = dict(reach.components)
    problems: dict[str, NoFingerprint] = {}
    add_registered(components, problems, reach.libraries, reach.types)
    found = {label: part.digest for label, part in components.items() if label[:8] == "patched:"}
    return {**found, **{label: str(id(error)) for label, error in problems.items()}}


def _is_met(root: str, roots: Collection[str], touched: Collection[str]) -> bool:
    if root in _OF_THE_LANGUAGE:
        return True
    if module_origin(root) == "python":
        return bool(roots or touched)
    return any(root == package or builds_on(package, root) for package in roots)


def _said(one: Standing) -> list[str]:
    said = [one.writing.call]
    for name, value in one.values.items():
        said += (name, _token(one, name, value))
    for name in one.writing.reads:
        reach = Reach()
        token = reach.follow((name,), one.scope)
        said += (name, reach.sealed(token))
    return said


def _token(one: Standing, name: str, value: object) -> str:
    """Return what stands for a value: what is the library's own counts by its name."""
    if isinstance(value, (FunctionType, type)) and origin_of(value) != "project":
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, BuiltinFunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    reach = Reach()
    return reach.sealed(reach.held(one.name, name, value))


def _told(name: str, values: Mapping[str, object]) -> Mapping[str, JSON]:
    value = next(iter(values.values()), MISSING) if len(values) == 1 else MISSING
    if isinstance(value, (FunctionType, type)) and origin_of(value) == "project":
        return Source(value)
    return shown(name, value)
