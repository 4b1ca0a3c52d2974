"""Whether two reached places are one object: a change through one shows in the other."""

from tests.soundness.scenario import RERUN, SAME, scenario

_GROWS = "    rows.append(x)\n    n = len({0})\n    rows.pop()\n    return n"


def _(name, setup, other, edit):
    return scenario(
        f"a list shared with {name}",
        RERUN,
        f"rows = [1]\n{setup}\ndef f(x{edit.pop('parameter', '')}):\n{_GROWS.format(other)}",
        (edit["old"], edit["new"]),
    )


SCENARIOS = [
    _(
        "a closure",
        "def keep(k):\n    return lambda: k\nget = keep(rows)",
        "get()",
        {"old": "keep(rows)", "new": "keep([1])"},
    ),
    _(
        "an instance",
        "class A:\n    pass\na = A()\na.rows = rows",
        "a.rows",
        {"old": "a.rows = rows", "new": "a.rows = [1]"},
    ),
    _(
        "a class",
        "class A:\n    rows = rows",
        "A.rows",
        {"old": "    rows = rows", "new": "    rows = [1]"},
    ),
    _("a default", "", "k", {"old": "k=rows", "new": "k=[1]", "parameter": ", k=rows"}),
    _(
        "a default of a helper",
        "def g(k=rows):\n    return k",
        "g()",
        {"old": "k=rows", "new": "k=[1]"},
    ),
    _("a dict", "d = {'k': rows}", "d['k']", {"old": "'k': rows", "new": "'k': [1]"}),
    _(
        "a partial",
        "import functools\np = functools.partial(len, rows)",
        "'n' * p()",
        {"old": "(len, rows)", "new": "(len, [1])"},
    ),
    _(
        "a bound method",
        "class A(list):\n    def total(self):\n        return self\nrows = A(rows)\nm = rows.total",
        "m()",
        {"old": "m = rows.total", "new": "m = A(rows).total"},
    ),
    _("a tuple", "t = (rows, 1)", "t[0]", {"old": "(rows, 1)", "new": "([1], 1)"}),
    scenario(
        "two closures that share a list",
        RERUN,
        "def make(a, b):\n    def add(x):\n        a.append(x)\n    def size():\n        return len(b)\n    def drop():\n        a.pop()\n    return add, size, drop\none = [1]\nadd, size, drop = make(one, one)\ndef f(x):\n    add(x)\n    n = size()\n    drop()\n    return n",
        ("make(one, one)", "make(one, [1])"),
    ),
    scenario(
        "an immutable thing shared or not",
        SAME,
        "from datetime import date\nfrom decimal import Decimal\nday = date(2024, 1, 2)\nparts = (1, 'a')\nd = {'day': day, 'parts': parts, 'rate': Decimal('1.5')}\nrate = d['rate']\ndef f(x):\n    return day, parts, rate, d",
        (
            ("'day': day", "'day': date(2024, 1, 2)"),
            ("'parts': parts", "'parts': tuple([1, 'a'])"),
            ("rate = d['rate']", "rate = Decimal('1.5')"),
        ),
    ),
]
