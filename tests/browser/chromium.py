"""Where the tests find a Chromium, and what is done where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """Return a browser's path: named by ZEN_NB_CHROMIUM, on the path, or brought by playwright."""
    named = os.environ.get("ZEN_NB_CHROMIUM")
    if named:
        return named
    on_path = next(filter(None, map(shutil.which, _NAMES)), None)
    return on_path or _brought()


def install_chromium() -> str | None:
    """Get a browser by playwright's own means, else from the system's packages when root."""
    _try([sys.executable, "-m", "playwright", "install", "chromium-headless-shell"])
    if find_chromium() is None and hasattr(os, "geteuid") and os.geteuid() == 0:
        apt = shutil.which("apt-get")
        if apt is not None:
            _try([apt, "update", "-qq"])
            _try([apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"])
    return find_chromium()


def _brought() -> str | None:
    """Ask the folder where playwright keeps what it brings; its own API needs a running server."""
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    root = Path(folder) if folder else Path.home() / ".cache" / "ms-playwright"
    found = [
        path
        for name in ("headless_shell", "chrome-headless-shell", "chrome")
        for path in sorted(root.glob(f"chromium*/*/{name}"))
    ]
    return str(found[-1]) if found else None


def _try(command: list[str]) -> None:
    try:
        subprocess.run(command, check=False, timeout=240, capture_output=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{command[0]}: {error}\n")
