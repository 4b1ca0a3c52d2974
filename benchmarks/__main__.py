"""Run every benchmark and print one table; writes nothing outside a temporary folder."""

from __future__ import annotations

import os
import platform
import sys
import tempfile


def main() -> int:
    """Print the table; exit with 0 whatever it says, since machines are shared and noisy."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZEN_NB_CACHE_DIR"] = folder
        from benchmarks import (
            cells,
            fingerprints,
            functions,
            graph,
            importing,
            observing,
            reaching,
            scale,
            storing,
        )
        from benchmarks.timing import table

        parts = (
            importing,
            functions,
            reaching,
            cells,
            observing,
            fingerprints,
            graph,
            storing,
            scale,
        )
        rows = [row for part in parts for row in part.rows()]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
