"""Tells the fingerprints of quick samples, for processes with other hash seeds."""

from __future__ import annotations

import sys

from tests.identity.samples import quick_samples
from tests.identity.sinks import fp


def tell() -> None:
    """Write each fingerprint and its name."""
    for name, make in quick_samples().items():
        sys.stdout.write(f"{fp(make())} {name!r}\n")
