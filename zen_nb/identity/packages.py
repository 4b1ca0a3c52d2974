"""Which version of an installed package there is, and of what it builds on."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError

from zen_nb.core.model import JSON

# Import names whose distribution has another name, to spare the scan of all metadata.
_DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "yaml": "PyYAML",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "bs4": "beautifulsoup4",
    "skimage": "scikit-image",
    "mpl_toolkits": "matplotlib",
}
# The first part of each path in a RECORD, and whether more follow.
_FIRST_PART = re.compile(r'^"?([^/,"\n]+)(/?)', re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OPTIONAL = re.compile(r";.*\bextra\s*==")


def package_of(module: str) -> str:
    """Return the name under which the package of a module is known.

    That is its first part; where several distributions share that (``google``), as many
    parts as lead to a file.
    """
    root, *rest = module.split(".")
    while rest and root in sys.modules and getattr(sys.modules[root], "__file__", None) is None:
        root = f"{root}.{rest.pop(0)}"
    return root


@cache
def package_version(package: str) -> str:
    """Return the version of the distribution that holds `package`, as first seen.

    Read from the installed metadata, so that a package that is not loaded yet has the
    same version as after its import. Where another version is loaded (it was upgraded
    and the kernel was not restarted), both are named; where it was installed from a
    repository or a folder, so is what exactly.
    """
    found = ", ".join(_told(one, package) for one in distributions(package))
    running = getattr(sys.modules.get(package), "__version__", None)
    if not found:
        return str(running or "unknown")
    if isinstance(running, str) and running not in found:
        return f"{found} (running {running})"
    return found


@cache
def requirements(package: str) -> Mapping[str, str]:
    """Return the versions of all that `package` builds on, by distribution.

    Its code calls theirs, so their versions are part of what it does. Optional extras count
    where they are required by something else.
    """
    found: dict[str, str] = {}
    waiting = [name for one in distributions(package) for name in _required_by(one)]
    own = {_plain(name) for one in distributions(package) for name in _head(one, "Name")[:1]}
    while waiting:
        name = waiting.pop()
        if _plain(name) in found or _plain(name) in own:
            continue
        try:
            one = importlib.metadata.distribution(name)
        except PackageNotFoundError:
            continue  # for another system, or broken: what is not there does nothing
        found[_plain(name)] = _version(one)
        waiting += _required_by(one)
    return dict(sorted(found.items()))


@cache
def builds_on(package: str, other: str) -> bool:
    """Tell whether `package` requires what holds the module `other`."""
    names = {_plain(name) for one in distributions(other) for name in _head(one, "Name")[:1]}
    return not names.isdisjoint(requirements(package))


def shown_package(package: str) -> dict[str, JSON]:
    """Return what a person is shown of a package: its version and those of its requirements."""
    shown: dict[str, JSON] = {"version": package_version(package)}
    needed = requirements(package)
    return shown | {"requires": dict(needed)} if needed else shown


@cache
def distributions(package: str) -> tuple[Distribution, ...]:
    """Return the distributions that hold `package`; none where nothing tells."""
    root = package.partition(".")[0]
    for name in (_DISTRIBUTIONS.get(root, root), root):
        try:
            found = importlib.metadata.distribution(name)
        except (PackageNotFoundError, ValueError):
            continue
        if "." not in package and _holds(found, package):
            return (found,)
    names = sorted(set(_owners().get(root, ())))
    owners = [importlib.metadata.distribution(name) for name in names]
    holders = [one for one in owners if _holds(one, package)]
    return tuple(holders or owners)


def _holds(found: Distribution, package: str) -> bool:
    """Tell whether a distribution holds a package of that name; most have one of their own."""
    record = found.read_text("RECORD")
    if not record or '"editable": true' in (found.read_text("direct_url.json") or ""):
        return True
    path = package.replace(".", "/")
    starts = (f"{path}/", f"{path}.")
    return record.startswith(starts) or any(f"\n{start}" in record for start in starts)


def _told(found: Distribution, package: str) -> str:
    mapped = _DISTRIBUTIONS.get(package, package)
    name = "".join(_head(found, "Name")[:1])
    known = _plain(name) in (_plain(package), _plain(mapped))
    return f"{'' if known else f'{name} '}{_version(found)}{_source_of(found)}"


def _version(found: Distribution) -> str:
    return "".join(_head(found, "Version")[:1])


def _head(found: Distribution, field: str) -> list[str]:
    """Return what the head of the metadata says under `field`.

    Parsing all of it, long descriptions included, would take longer than many hits.
    """
    text = found.read_text("METADATA") or found.read_text("PKG-INFO") or ""
    lines = text.partition("\n\n")[0].splitlines()
    start = f"{field}: "
    return [line.removeprefix(start).strip() for line in lines if line.startswith(start)]


def _source_of(found: Distribution) -> str:
    """Return the commit or hash of what was not installed from an index by its version alone."""
    try:
        told = json.loads(found.read_text("direct_url.json") or "{}")
    except ValueError:
        return ""
    commit = told.get("vcs_info", {}).get("commit_id") or told.get("archive_info", {}).get("hash")
    if commit:
        return f" ({str(commit)[:12]})"
    if told and not told.get("dir_info", {}).get("editable"):
        from zen_nb.identity.components import digest_text

        return f" ({digest_text(found.read_text('RECORD') or '')[:12]})"
    return ""


def _required_by(found: Distribution) -> Iterator[str]:
    for line in _head(found, "Requires-Dist"):
        name = _NAME.match(line)
        if name is not None and not _OPTIONAL.search(line):
            yield name[0]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _owners() -> dict[str, list[str]]:
    """Return the distributions of each top-level module.

    As `importlib.metadata.packages_distributions` does, which makes a path of every file that
    is installed: that took a third of a second of the first step.
    """
    found: dict[str, list[str]] = {}
    for one in importlib.metadata.distributions():
        for name in _tops(one):
            found.setdefault(name, []).extend(_head(one, "Name")[:1])
    return found


def _tops(found: Distribution) -> set[str]:
    declared = (found.read_text("top_level.txt") or "").split()
    if declared:
        return set(declared)
    record = found.read_text("RECORD")
    if record is None:
        heads = {(path.parts[0], "/" if len(path.parts) > 1 else "") for path in found.files or ()}
    else:
        heads = set(_FIRST_PART.findall(record))
    names = {head if slash else inspect.getmodulename(head) or head for head, slash in heads}
    return {name for name in names if "." not in name}
