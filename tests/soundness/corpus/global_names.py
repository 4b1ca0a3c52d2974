"""Global names that a step and its functions read."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME
from tests.soundness.scenario import scenario as _

SCENARIOS = [
    _("global constant", RERUN, "K = 3\ndef f(x):\n    return x * K", ("K = 3", "K = 4")),
    _("global constant type", RERUN, "K = 1\ndef f(x):\n    return x * K", ("K = 1", "K = True")),
    _("global list", RERUN, "K = [1, 2]\ndef f(x):\n    return K[0]", ("[1, 2]", "[2, 2]")),
    _(
        "global list changed in place",
        RERUN,
        "K = [1, 2]\ndef f(x):\n    return K[0]",
        live="K[0] = 9",
    ),
    _(
        "global dict order",
        RERUN,
        "K = {'a': 1, 'b': 2}\ndef f(x):\n    return list(K)",
        ("'a': 1, 'b': 2", "'b': 2, 'a': 1"),
    ),
    _(
        "global set order",
        SAME,
        "K = {'a', 'b', 'c'}\ndef f(x):\n    return sorted(K)",
        ("'a', 'b', 'c'", "'c', 'a', 'b'"),
    ),
    _("global bound later", RERUN, "def f(x):\n    return x + globals().get('K', 0)", live="K = 2"),
    _(
        "global deleted",
        RERUN,
        "K = 1\ndef f(x):\n    try:\n        return K\n    except NameError:\n        return 0",
        live="del K",
    ),
    _("global rebound equal", SAME, "K = [1]\ndef f(x):\n    return K", live="K = [1]"),
    _("global nobody reads", SAME, "K = 1\nL = 2\ndef f(x):\n    return K", ("L = 2", "L = 3")),
    _(
        "frozen instance with a list inside",
        RERUN,
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass C:\n    v: list\nK = C([1])\ndef f(x):\n    return K.v",
        live="K.v.append(2)",
    ),
    _(
        "tuple with a list inside",
        RERUN,
        "K = ([1], 2)\ndef f(x):\n    return K",
        live="K[0].append(3)",
    ),
    _(
        "two inputs become one object",
        RERUN,
        "a = [1]\nb = [1]",
        step="a.append(2)\ny = len(b)",
        live="b = a",
        reads_itself=True,
    ),
    _(
        "registry of functions",
        RERUN,
        "R = {}\ndef reg(fn):\n    R[fn.__name__] = fn\n    return fn\n@reg\ndef one(x):\n    return 1\ndef f(x):\n    return R['one'](x)",
        ("return 1", "return 2"),
    ),
    _(
        "registry read by its functions",
        RERUN,
        "R = {}\ndef one(x):\n    return len(R)\nR['one'] = one\ndef f(x):\n    return R['one'](x)",
        ("len(R)", "len(R) + 1"),
    ),
    _(
        "list of lambdas",
        RERUN,
        "fs = [lambda x: x + 1, lambda x: x + 2]\ndef f(x):\n    return [g(x) for g in fs]",
        ("x + 2", "x + 3"),
    ),
    _(
        "list of lambdas in another order",
        RERUN,
        "fs = [lambda x: x + 1, lambda x: x + 2]\ndef f(x):\n    return [g(x) for g in fs]",
        live="fs.reverse()",
    ),
    _(
        "function in an attribute",
        RERUN,
        "class A:\n    pass\nA.go = lambda self, x: x + 1\ndef f(x):\n    return A().go(x)",
        ("x + 1", "x + 2"),
    ),
    _(
        "class attribute set later",
        RERUN,
        "class A:\n    k = 1\ndef f(x):\n    return A.k",
        live="A.k = 2",
    ),
    _(
        "random state of a library is no global",
        SAME,
        "import random\ndef f(x):\n    return random.random() < 2",
        live="random.random()",
    ),
    _(
        "module constant of Python",
        RERUN,
        "import sys\ndef f(x):\n    return sys.argv",
        live="sys.argv = ['a', 'b']",
    ),
    _(
        "bound method",
        RERUN,
        "class A:\n    def go(self, x):\n        return x\nf = A().go",
        ("return x", "return -x"),
    ),
    _(
        "bound method's instance",
        RERUN,
        "class A:\n    def __init__(self, v):\n        self.v = v\n    def go(self, x):\n        return self.v\nf = A(1).go",
        ("A(1)", "A(2)"),
    ),
    _(
        "order of globals collected by prefix",
        RERUN,
        setup="df_b = 2\ndf_a = 1",
        step="y = [v for k, v in list(globals().items()) if k.startswith('df_')]",
        edit=("df_b = 2\ndf_a = 1", "df_a = 1\ndf_b = 2"),
        reads_itself=True,
    ),
]
