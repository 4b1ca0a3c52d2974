"""Names that are read by evaluated texts, which no code names."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME, Scenario, scenario

K = ("K = 3", "K = 4")
OTHER = ("L = 0", "L = 1")
TABLE = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3]})\nlimit = 1\nL = 0\n"
LIMIT = ("limit = 1", "limit = 2")
RULES = "K = 3\nL = 0\nrules = ['K + 1']\ndef f(x):\n    return [eval(rule) for rule in rules]"
PIECES = "rate_a = 3\nrate_b = 5\nwhich = 'a'\ndef f(x):\n    return eval('rate_' + which)"
MODULE = {"mylib.py": "K = 3\nL = 0\ndef f(x, name='K'):\n    return eval(name[:1]) + x\n"}


def _(
    name: str, rerun: bool, setup: str = "", edit=None, step: str = "y = f(2)", **more
) -> Scenario:
    return scenario(name, rerun, setup, edit, step=step, **more)


SCENARIOS = [
    _("a rule in a list is evaluated", RERUN, RULES, K),
    _("a rule in a list, another name changed", SAME, RULES, OTHER),
    _(
        "a rule in a dict of an instance is evaluated",
        RERUN,
        "K = 3\nclass Rule:\n    def __init__(self, text):\n        self.text = text\n"
        "rule = Rule('K + 1')\ndef f(x):\n    return eval(rule.text)",
        K,
    ),
    _(
        "a rule in a default is evaluated",
        RERUN,
        "K = 3\ndef f(x, rule='K'):\n    return eval(rule)",
        K,
    ),
    _(
        "a rule in a closure is evaluated",
        RERUN,
        "K = 3\ndef make(rule):\n    return lambda x: eval(rule)\nf = make('K + 1')",
        K,
    ),
    _(
        "a rule in a file is evaluated",
        RERUN,
        "K = 3\ndef f(x):\n    return eval(open('rule.txt').read())",
        K,
        files={"rule.txt": "K + 1"},
    ),
    _("a rule of pieces is evaluated", RERUN, PIECES, ("rate_a = 3", "rate_a = 4")),
    _("a rule of pieces, the other variable changed", SAME, PIECES, ("rate_b = 5", "rate_b = 6")),
    _(
        "a rule of pieces in a formatted text",
        RERUN,
        "rate_a = 3\nwhich = 'a'\ndef f(x):\n    return eval(f'rate_{which} + {x}')",
        ("rate_a = 3", "rate_a = 4"),
    ),
    _(
        "a rule calls a helper",
        RERUN,
        "def g(x):\n    return x + 1\nrules = ['g(x)']\ndef f(x):\n    return eval(rules[0])",
        ("x + 1", "x + 2"),
    ),
    _(
        "a rule names what did not exist",
        RERUN,
        "rules = ['K']\n# K\ndef f(x):\n    try:\n        return eval(rules[0])\n"
        "    except NameError:\n        return 'none'",
        ("# K", "K = 3"),
    ),
    _(
        "a rule names a function of Python that is shadowed later",
        RERUN,
        "rules = ['max(x, 5)']\n# mine\ndef f(x):\n    return eval(rules[0])",
        ("# mine", "def max(*a):\n    return 'mine'"),
    ),
    _(
        "a rule evaluated among names of its own",
        SAME,
        "L = 0\nrules = ['K + 1']\ndef f(x):\n    return eval(rules[0], {'K': 2})",
        OTHER,
    ),
    _(
        "a rule that names an argument",
        SAME,
        "x = 0\nrules = ['x + 1']\ndef f(x):\n    return eval(rules[0])",
        ("x = 0", "x = 9"),
    ),
    _(
        "a text executed from a list binds what it reads",
        SAME,
        "L = 0\nlines = ['a = 1', 'y = a + 1']",
        OTHER,
        step="exec('; '.join(lines))",
        cell_only=True,
    ),
    _(
        "a text executed from a list reads a variable",
        RERUN,
        "K = 3\nlines = ['a = K', 'y = a + 1']",
        K,
        step="exec('; '.join(lines))",
        cell_only=True,
    ),
    _(
        "a rule of a module reads the module's variable",
        RERUN,
        "import mylib",
        K,
        "y = mylib.f(2)",
        modules=MODULE,
    ),
    _(
        "a rule of a module, another of its variables changed",
        SAME,
        "import mylib",
        OTHER,
        "y = mylib.f(2)",
        modules=MODULE,
    ),
    _(
        "rows asked for by a condition in a list",
        RERUN,
        TABLE
        + "rules = ['a > @limit']\ndef f(x):\n    return [len(df.query(rule)) for rule in rules]",
        LIMIT,
    ),
    _(
        "rows asked for by a condition of pieces",
        RERUN,
        TABLE + "name = 'limit'\ndef f(x):\n    return len(df.query(f'a > @{name}'))",
        LIMIT,
    ),
    _(
        "rows asked for by a condition on an argument",
        SAME,
        TABLE + "names = ['limit']\ndef f(limit):\n    return len(df.query(f'a > @{names[0]}'))",
        LIMIT,
    ),
    _(
        "a column called as a variable of the notebook",
        SAME,
        TABLE + "a = 0\nop = '>'\ndef f(x):\n    return len(df.query('a ' + op + ' 1'))",
        ("a = 0", "a = 5"),
    ),
    _(
        "a table evaluated by a text of pieces",
        RERUN,
        TABLE + "name = 'limit'\ndef f(x):\n    return df.eval('a + @' + name).sum()",
        LIMIT,
    ),
    _(
        "variables evaluated by pandas",
        RERUN,
        TABLE + "name = 'limit'\ndef f(x):\n    return int(pd.eval(name + ' + 1'))",
        LIMIT,
    ),
    _(
        "a text timed among the variables of the notebook",
        RERUN,
        "import timeit\nK = 3\nnames = ['K']\ndef f(x):\n    seen = []\n    scope = {**globals(), 'seen': seen}\n"
        "    timeit.timeit(f'seen.append({names[0]})', globals=scope, number=1)\n    return seen[0]",
        K,
    ),
    Scenario(
        "packages evaluate texts of their own while they are imported",
        SAME,
        setup="import numpy as np\nX = np.arange(40.0).reshape(20, 2)\nt = np.arange(20) % 2",
        step="# one\nfrom sklearn.linear_model import LogisticRegression\n"
        "y = LogisticRegression().fit(X, t).predict(X).tolist()",
        edit=("# one", "# two"),
    ),
]
