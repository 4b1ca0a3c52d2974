"""Importing zen_nb, beside importing IPython alone, each in processes of its own."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.timing import Row, medians

_KERNEL = "ipykernel.zmqshell, IPython.terminal.ipapp"
_HEAVY = ("pandas", "sklearn", "dask", "matplotlib", "jupyter_server", "numpy")


def rows() -> list[Row]:
    """Return what zen_nb adds to an import of IPython."""

    def python(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True)

    found = medians(
        {
            "both": lambda: python("import IPython, zen_nb"),
            "alone": lambda: python("import IPython"),
            "loaded": lambda: python(f"import {_KERNEL}, zen_nb.faces.extension"),
            "kernel": lambda: python(f"import {_KERNEL}"),
        },
        rounds=9,
        warm_up=1,
    )
    check = (
        "import sys, zen_nb, zen_nb.faces.extension; "
        f"sys.exit(any(name in sys.modules for name in {_HEAVY}))"
    )
    light = subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
    added, loaded = found["both"] - found["alone"], found["loaded"] - found["kernel"]
    return [
        Row("import zen_nb, over import IPython", max(added, 0.0), "import IPython",
            found["alone"], "≤ 150 ms, nothing heavy", added <= 0.150 and light),
        Row("what %load_ext imports, over a kernel's own imports", max(loaded, 0.0),
            "a kernel's imports", found["kernel"], "nothing heavy", light),
    ]  # fmt: skip
