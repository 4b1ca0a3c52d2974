"""Notebooks made of the examples that installed packages bring in their documentation.

Every documented function, class and method of a package has a few lines that a user would
type. A notebook is a module's worth of them: one cell for the imports that its documentation
takes for granted, then one cell for each example, state carried from cell to cell.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

_PARSER = doctest.DocTestParser()
_SHORTEST, _LONGEST = 6, 24
# What the documentation of a package takes to be imported.
_GRANTED = {
    "numpy": "import numpy as np",
    "scipy": "import numpy as np\nimport matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt",
    "pandas": "import numpy as np\nimport pandas as pd",
    "sklearn": "import numpy as np",
    "networkx": "import networkx as nx",
    "polars": "import polars as pl",
    "statsmodels": "import numpy as np\nimport pandas as pd\nimport statsmodels.api as sm",
    "xarray": "import numpy as np\nimport pandas as pd\nimport xarray as xr",
    "sympy": "from sympy import *\nfrom sympy.abc import *",
}
# What needs the network, a display, much time, or asks for something.
_LEFT_OUT = (
    "fetch_", "urlopen", "input(", "plt.show", "load_sample", "read_html", "to_clipboard",
    "read_clipboard", "read_sql", "to_sql", "breakpoint", "sleep", "doctest", "+SKIP", "exit(",
    "help(", "pip ", "subprocess", "multiprocessing", "n_jobs", "getpass", "s3://", "http",
)  # fmt: skip


@dataclass(frozen=True)
class Foreign:
    """One notebook: where its cells come from, and their sources."""

    package: str
    name: str
    cells: tuple[str, ...]


def notebooks(package: str, most: int) -> list[Foreign]:
    """Return up to `most` notebooks made of a package's examples, spread over its modules."""
    seen: set[str] = set()
    found = [one for module in _modules(package) for one in _of_module(package, module, seen)]
    step = max(1, len(found) // most)
    return found[::step][:most]


def _modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    yield root
    for info in sorted(
        pkgutil.iter_modules(getattr(root, "__path__", ())), key=lambda one: one.name
    ):
        if info.name.startswith("_") or info.name in ("tests", "conftest", "testing"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                yield importlib.import_module(f"{package}.{info.name}")
            except Exception:
                continue


def _of_module(package: str, module: ModuleType, seen: set[str]) -> Iterator[Foreign]:
    head = _GRANTED.get(package, f"import {package}")
    cells = [cell for text in _documented(module, seen) if (cell := _cell(text)) is not None]
    for at in range(0, len(cells), _LONGEST):
        part = cells[at : at + _LONGEST]
        if len(part) >= _SHORTEST:
            yield Foreign(package, f"{module.__name__}-{at // _LONGEST + 1}", (head, *part))


def _documented(module: ModuleType, seen: set[str]) -> Iterator[str]:
    """Yield the documentation of what a module offers, methods too, by name, each once."""
    names = getattr(module, "__all__", None) or [one for one in vars(module) if one[0] != "_"]
    for name in sorted(set(names)):
        try:
            thing = getattr(module, name, None)
        except Exception:
            continue
        parts = [thing]
        if inspect.isclass(thing):
            parts += [part for key, part in sorted(vars(thing).items()) if key[0] != "_"]
        for part in parts:
            text = (
                getattr(part, "__doc__", None) if not isinstance(part, (str, int, float)) else None
            )
            if isinstance(text, str) and ">>>" in text and text not in seen:
                seen.add(text)
                yield text


def _cell(text: str) -> str | None:
    """Return the example of a documentation as a cell; ``None`` where there is none to run."""
    try:
        examples = _PARSER.get_examples(text)
    except ValueError:
        return None
    if any(example.exc_msg or doctest.SKIP in example.options for example in examples):
        return None
    source = "".join(example.source for example in examples).rstrip("\n")
    if not source or any(part in source for part in _LEFT_OUT):
        return None
    try:
        ast.parse(source)
    except SyntaxError:
        return None
    return source
