"""What functions carry with them: cells, defaults, attributes, what they wrap."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME
from tests.soundness.scenario import scenario as _

SCENARIOS = [
    _(
        "closure value",
        RERUN,
        "def make(k):\n    return lambda x: x * k\nf = make(2)",
        ("make(2)", "make(3)"),
    ),
    _(
        "closure list in place",
        RERUN,
        "def make():\n    k = [1]\n    def g(x):\n        return k[0]\n    g.k = k\n    return g\nf = make()",
        live="f.k[0] = 2",
    ),
    _(
        "closure over a function",
        RERUN,
        "def a(x):\n    return 1\ndef make(g):\n    return lambda x: g(x)\nf = make(a)",
        ("return 1", "return 2"),
    ),
    _(
        "closures of a loop",
        RERUN,
        "fs = [(lambda x, i=i: x + i) for i in range(3)]\ndef f(x):\n    return fs[1](x)",
        ("x + i", "x - i"),
    ),
    _(
        "closure variable rebound",
        RERUN,
        "def make():\n    n = 1\n    def up():\n        nonlocal n\n        n += 1\n    def get(x):\n        return n\n    return up, get\nup, f = make()",
        live="up()",
    ),
    _("default", RERUN, "def f(x, k=1):\n    return x + k", ("k=1", "k=2")),
    _("default type", RERUN, "def f(x, k=1):\n    return x + k", ("k=1", "k=1.0")),
    _("keyword default", RERUN, "def f(x, *, k=1):\n    return x + k", ("k=1", "k=2")),
    _(
        "mutable default",
        RERUN,
        "def f(x, k=[1]):\n    return k",
        live="f.__defaults__[0].append(2)",
    ),
    _("default replaced", RERUN, "def f(x, k=1):\n    return k", live="f.__defaults__ = (2,)"),
    _(
        "default is a function",
        RERUN,
        "def g(x):\n    return 1\ndef f(x, k=g):\n    return k(x)",
        ("return 1", "return 2"),
    ),
    _("function attribute", RERUN, "def f(x):\n    return f.k\nf.k = 1", ("f.k = 1", "f.k = 2")),
    _("function attribute later", RERUN, "def f(x):\n    return f.k\nf.k = 1", live="f.k = 2"),
    _(
        "partial argument",
        RERUN,
        "from functools import partial\ndef g(a, x):\n    return a - x\nf = partial(g, 1)",
        ("g, 1", "g, 2"),
    ),
    _(
        "partial's function",
        RERUN,
        "from functools import partial\ndef g(a, x):\n    return a - x\nf = partial(g, 1)",
        ("a - x", "x - a"),
    ),
    _(
        "lru_cache",
        RERUN,
        "from functools import lru_cache\n@lru_cache\ndef f(x):\n    return x + 1",
        ("x + 1", "x + 2"),
    ),
    _(
        "lru_cache filled",
        SAME,
        "from functools import lru_cache\n@lru_cache\ndef f(x):\n    return x + 1",
        live="f(7)",
    ),
    _(
        "lru_cache's helper",
        RERUN,
        "from functools import lru_cache\ndef g(x):\n    return 1\n@lru_cache\ndef f(x):\n    return g(x)",
        ("return 1", "return 2"),
    ),
    _(
        "wraps",
        RERUN,
        "import functools\ndef deco(fn):\n    @functools.wraps(fn)\n    def inner(*a):\n        return fn(*a)\n    return inner\n@deco\ndef f(x):\n    return x + 1",
        ("x + 1", "x + 2"),
    ),
    _(
        "decorator itself",
        RERUN,
        "import functools\ndef deco(fn):\n    @functools.wraps(fn)\n    def inner(*a):\n        return fn(*a) + 5\n    return inner\n@deco\ndef f(x):\n    return x",
        ("+ 5", "+ 6"),
    ),
    _(
        "wrapped as a numpy function",
        RERUN,
        "import functools\nimport numpy as np\n@functools.wraps(np.sum)\ndef f(x):\n    return x + 1",
        ("x + 1", "x + 2"),
    ),
    _(
        "contextmanager",
        RERUN,
        "from contextlib import contextmanager\n@contextmanager\ndef cm():\n    yield 1\ndef f(x):\n    with cm() as v:\n        return v",
        ("yield 1", "yield 2"),
    ),
    _(
        "singledispatch",
        RERUN,
        "from functools import singledispatch\n@singledispatch\ndef f(x):\n    return 0\n@f.register\ndef _(x: int):\n    return 1",
        ("return 1", "return 2"),
    ),
    _(
        "singledispatch used",
        SAME,
        "from functools import singledispatch\n@singledispatch\ndef f(x):\n    return 0\n@f.register\ndef _(x: int):\n    return 1",
        live="f(2); f('a')",
    ),
    _(
        "joblib.delayed",
        RERUN,
        "from joblib import delayed\ndef g(x):\n    return x + 1\nd = delayed(g)\ndef f(x):\n    return d(x)",
        ("x + 1", "x + 2"),
    ),
    _(
        "numpy.vectorize",
        RERUN,
        "import numpy as np\nf = np.vectorize(lambda x: x + 1)",
        ("x + 1", "x + 2"),
    ),
    _(
        "itemgetter",
        RERUN,
        "from operator import itemgetter\ng = itemgetter(1)\ndef f(x):\n    return g([1, 2, 3])",
        ("itemgetter(1)", "itemgetter(2)"),
    ),
]
