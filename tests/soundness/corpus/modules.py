"""Modules and packages beside the notebook."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME, Scenario
from tests.soundness.scenario import scenario as _

LIB = {
    "mylib.py": "K = 3\nL = 0\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\ndef other(x):\n    return 0\n"
}


PKG = {
    "pkg/__init__.py": "from .a import f\nTOP = 1\n",
    "pkg/a.py": "from . import b\nfrom .b import K\ndef f(x):\n    return b.g(x) + K\ndef unused():\n    return 0\n",
    "pkg/b.py": "K = 3\ndef g(x):\n    return x + 1\ndef unused():\n    return 0\n",
}


STAR = {"mylib.py": LIB["mylib.py"] + "__all__ = ['f', 'g']\n"}


def _modules() -> list[Scenario]:
    found = []
    ways = {
        "import": ("import mylib", "y = mylib.f(2)"),
        "import as": ("import mylib as m", "y = m.f(2)"),
        "from import": ("from mylib import f", "y = f(2)"),
        "from import as": ("from mylib import f as h", "y = h(2)"),
        "star import": ("from mylib import *", "y = f(2)"),
        "import in the step": ("", "import mylib\ny = mylib.f(2)"),
        "from import in the step": ("", "from mylib import f\ny = f(2)"),
        "import in a helper": (
            "def h(x):\n    import mylib\n    return [mylib.f(x) for _ in 'ab']",
            "y = h(2)",
        ),
        "from import in a helper": (
            "def h(x):\n    from mylib import f\n    return f(x)",
            "y = h(2)",
        ),
        "captured module": (
            "def make():\n    import mylib\n    return lambda x: mylib.f(x)\nh = make()",
            "y = h(2)",
        ),
    }
    for way, (setup, step) in ways.items():
        modules = STAR if way == "star import" else LIB
        kinds = {
            "function edited": (RERUN, ("+ 1", "+ 2")),
            "inner function edited": (RERUN, ("x * K", "x + K")),
            "constant edited": (RERUN, ("K = 3", "K = 4")),
            "other function edited": (SAME, ("return 0", "return 9")),
            "other constant edited": (SAME, ("L = 0", "L = 5")),
            "comment added": (SAME, ("def g(x):", "# what g does\ndef g(x):")),
        }
        for kind, (rerun, edit) in kinds.items():
            found.append(Scenario(f"{way}: {kind}", rerun, setup, step, edit, modules=modules))
    found.append(
        Scenario(
            "star import in the step: function edited",
            RERUN,
            "",
            "from mylib import *\ny = f(2)",
            ("+ 1", "+ 2"),
            modules=STAR,
            cell_only=True,
        )
    )
    return found


SCENARIOS = [
    *_modules(),
    _(
        "module passed on whole",
        RERUN,
        "import mylib\ndef h(m):\n    return m.f(2)",
        ("return 0", "return 9"),
        step="y = h(mylib)",
        modules=LIB,
    ),
    _(
        "getattr of a module",
        RERUN,
        "import mylib",
        ("+ 1", "+ 2"),
        step="y = getattr(mylib, 'f')(2)",
        modules=LIB,
    ),
    _(
        "import_module",
        RERUN,
        "import importlib",
        ("+ 1", "+ 2"),
        step="y = importlib.import_module('mylib').f(2)",
        modules=LIB,
    ),
    _(
        "reloaded",
        RERUN,
        "import mylib",
        step="y = mylib.f(2)",
        modules=LIB,
        live="rewrite('mylib.py', '+ 1', '+ 2')\nimport importlib\nimportlib.reload(mylib)",
    ),
    _(
        "edited and not reloaded",
        SAME,
        "import mylib",
        step="y = mylib.f(2)",
        modules=LIB,
        live="rewrite('mylib.py', '+ 1', '+ 2')",
    ),
    _(
        "reloaded, old function kept",
        SAME,
        "import mylib\nfrom mylib import other",
        step="y = other(2)",
        modules=LIB,
        live="rewrite('mylib.py', 'return 0', 'return 9')\nimport importlib\nimportlib.reload(mylib)",
    ),
    _(
        "attribute put into a module",
        RERUN,
        "import mylib",
        step="y = mylib.f(2)",
        modules=LIB,
        live="mylib.g = lambda x: 0",
    ),
    _(
        "constant put into a module",
        RERUN,
        "import mylib",
        step="y = mylib.f(2)",
        modules=LIB,
        live="mylib.K = 9",
    ),
    _(
        "function put into an installed module",
        RERUN,
        "import numpy as np",
        step="y = np.sum([1, 2])",
        live="np.sum = lambda x: 0",
    ),
    _(
        "constant put into an installed module",
        RERUN,
        "import math",
        step="y = math.pi",
        live="math.pi = 3",
    ),
    _(
        "package: function of a submodule",
        RERUN,
        "import pkg",
        ("b.g(x) + K", "b.g(x) - K"),
        step="y = pkg.f(2)",
        modules=PKG,
    ),
    _(
        "package: through relative imports",
        RERUN,
        "from pkg import f",
        ("x + 1", "x + 2"),
        modules=PKG,
    ),
    _(
        "package: constant by relative import",
        RERUN,
        "from pkg import f",
        ("K = 3", "K = 4"),
        modules=PKG,
    ),
    _(
        "package: what is not reached",
        SAME,
        "from pkg import f",
        ("return 0", "return 9"),
        modules=PKG,
    ),
    _(
        "package: top constant not reached",
        SAME,
        "import pkg",
        ("TOP = 1", "TOP = 2"),
        step="y = pkg.f(2)",
        modules=PKG,
    ),
    _(
        "submodule by dotted import",
        RERUN,
        "import pkg.b",
        ("x + 1", "x + 2"),
        step="y = pkg.b.g(2)",
        modules=PKG,
    ),
    _(
        "submodule by dotted import: not reached",
        SAME,
        "import pkg.b",
        ("TOP = 1", "TOP = 2"),
        step="y = pkg.b.g(2)",
        modules=PKG,
    ),
    _(
        "submodule imported in the step",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="import pkg.b\ny = pkg.b.g(2)",
        modules=PKG,
    ),
    _(
        "submodule under another name",
        RERUN,
        "import pkg.b as q",
        ("x + 1", "x + 2"),
        step="y = q.g(2)",
        modules=PKG,
    ),
    _(
        "submodule by from import",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="from pkg import b\ny = b.g(2)",
        modules=PKG,
    ),
    _(
        "submodule by from import: not reached",
        SAME,
        "",
        ("return 0", "return 9"),
        step="from pkg import b\ny = b.g(2)",
        modules=PKG,
    ),
    _(
        "class of a module",
        RERUN,
        "from mylib import A",
        ("return 1", "return 2"),
        step="y = A().go()",
        modules={"mylib.py": "class A:\n    def go(self):\n        return 1\n"},
    ),
    _(
        "instance of a module's class",
        RERUN,
        "from mylib import A\nobj = A()",
        ("return 1", "return 2"),
        step="y = obj.go()",
        modules={"mylib.py": "class A:\n    def go(self):\n        return 1\n"},
    ),
    _(
        "module that is not there",
        SAME,
        "try:\n    import no_such\nexcept ImportError:\n    no_such = None\ndef f(x):\n    try:\n        import no_such_either as n\n    except ImportError:\n        n = None\n    return n  # a",
        ("# a", "# b"),
    ),
    _(
        "module that comes to be",
        RERUN,
        "def f(x):\n    try:\n        import mylib as n\n    except ImportError:\n        n = None\n    return n and n.f(2)",
        live="rewrite('mylib.py', '', 'def f(x):\\n    return 1\\n')",
    ),
    _(
        "named as a module of Python",
        RERUN,
        "import colorsys",
        ("return 1", "return 2"),
        step="y = colorsys.mine()",
        modules={"colorsys.py": "def mine():\n    return 1\n"},
    ),
    _(
        "text evaluated in a module",
        RERUN,
        "import mylib",
        ("K = 3", "K = 4"),
        step="y = mylib.h()",
        modules={"mylib.py": "K = 3\ndef h():\n    return eval('K * 2')\n"},
    ),
    _(
        "main by its name",
        RERUN,
        "K = 3\nimport __main__\ndef f(x):\n    return __main__.K",
        ("K = 3", "K = 4"),
    ),
    _(
        "class attribute through a module",
        RERUN,
        "import mylib",
        ("k = 1", "k = 2"),
        step="y = mylib.A.k",
        modules={"mylib.py": "class A:\n    k = 1\n"},
    ),
    _(
        "logger of a module",
        SAME,
        "import mylib",
        ("'hi'  #", "'hi'  # a"),
        step="y = mylib.h()",
        modules={
            "mylib.py": "import logging\nlog = logging.getLogger('m')\ndef h():\n    log.debug('hi')\n    return 'hi'  #\n"
        },
    ),
]
