"""What an earlier step did to things that exist before it: a hit of that step does it too.

Each is played twice: the earlier step as a ``%%step`` cell, and as a ``@step`` function. The
step that is edited only looks at what the earlier one left.
"""

from tests.soundness.scenario import RERUN, Scenario

COUNTER = (
    "def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n"
    "        return n\n    def seen():\n        return n\n    return up, seen\nup, seen = make()"
)
IN_STEPS = "\nif 'zen_step' in globals():\n    first = zen_step(first)\nfirst()"
MYLIB = (
    "n = 0\nrows = []\ntable = {'a': [1]}\nclass Box:\n    kept = []\n    level = 1\n"
    "    def __init__(self):\n        self.n = 0\nbox = Box()\nhook = None\n"
    "def up():\n    global n\n    n += 1\ndef add(x):\n    rows.append(x)\n"
    "def renew():\n    global rows\n    rows = [7]\ndef deepen():\n    table['a'].append(2)\n"
    "def fill():\n    box.n += 1\ndef raise_level():\n    Box.level += 1\n"
    "def drop():\n    global hook\n    del hook\ndef note(x):\n    Box.kept.append(x)\n"
    "def state():\n    return (n, list(rows), table, box.n, Box.level, Box.kept, 'hook' in globals())\n"
)


def _(name, setup, first, then, *, modules=None):
    told = {"step": f"y = [{then}, 0]", "edit": (f"[{then}, 0]", f"[{then}, 1]")}
    body = first.replace("\n", "\n    ")
    function = f"{setup}\ndef first():\n    {body}{IN_STEPS}\n"
    cell = f"{setup}\n# %%\n%%step first\n{first}\n"
    modules = modules or {}
    return [
        Scenario(f"{name}, by a cell", RERUN, cell, cell_only=True, modules=modules, **told),
        Scenario(f"{name}, by a function", RERUN, function, modules=modules, **told),
    ]


def _mylib(name, call):
    return _(name, "import mylib", call, "mylib.state()", modules={"mylib.py": MYLIB})


_GROUPS = [
    _("a closure's counter is advanced", COUNTER, "z = up()", "seen()"),
    _(
        "a closure's counter in a dict is advanced",
        f"{COUNTER}\nfns = {{'up': up, 'seen': seen}}\ndel up, seen, make",
        "z = fns['up']()",
        "fns['seen']()",
    ),
    _(
        "a closure's counter in an instance is advanced",
        f"{COUNTER}\nclass A:\n    pass\na = A()\na.up, a.seen = up, seen\ndel up, seen, make",
        "z = a.up()",
        "a.seen()",
    ),
    _(
        "a closure's counter behind a partial is advanced",
        f"import functools\n{COUNTER}\np = functools.partial(up)\ndel up, make",
        "z = p()",
        "seen()",
    ),
    _(
        "a list in a closure grows",
        "def make():\n    rows = []\n    return rows.append, lambda: list(rows)\nadd, seen = make()",
        "add(1)",
        "seen()",
    ),
    _(
        "a list in a closure that nothing else holds grows",
        "def make():\n    rows = []\n    def add(x):\n        rows.append(x)\n    def seen():\n        return list(rows)\n    return add, seen\nadd, seen = make()",
        "add(1)",
        "seen()",
    ),
    _(
        "a default of a function grows",
        "def g(x=None, seen=[]):\n    if x:\n        seen.append(x)\n    return list(seen)",
        "z = g(1)",
        "g()",
    ),
    _(
        "a default of a method grows",
        "class A:\n    def go(self, x=None, seen=[]):\n        if x:\n            seen.append(x)\n        return list(seen)\na = A()\ndel A",
        "z = a.go(1)",
        "a.go()",
    ),
    _(
        "an attribute of a function counts",
        "def g(x):\n    g.calls += 1\n    return x\ng.calls = 0",
        "z = g(1)",
        "g.calls",
    ),
    _(
        "a decorator counts calls",
        "import functools\ndef count(fn):\n    @functools.wraps(fn)\n    def inner(*a):\n        inner.calls += 1\n        return fn(*a)\n    inner.calls = 0\n    return inner\n@count\ndef g(x):\n    return x",
        "z = g(1)",
        "g.calls",
    ),
    _(
        "an attribute of a cached function counts",
        "import functools\n@functools.lru_cache\ndef g(x):\n    g.calls += 1\n    return x\ng.calls = 0",
        "z = g(1)",
        "g.calls",
    ),
    _(
        "the class of an instance counts",
        "class A:\n    n = 0\n    def go(self):\n        type(self).n += 1\na = A()\ndel A",
        "z = a.go()",
        "type(a).n",
    ),
    _(
        "a list of a class grows",
        "class A:\n    rows = []\n    def go(self):\n        self.rows.append(1)\na = A()\ndel A",
        "z = a.go()",
        "list(a.rows)",
    ),
    _(
        "a base class counts its instances",
        "class Base:\n    n = 0\n    def __init__(self):\n        Base.n += 1\nclass A(Base):\n    pass",
        "a = A()",
        "Base.n",
    ),
    _(
        "a class method keeps a table",
        "class A:\n    table = {}\n    @classmethod\n    def put(cls, k, v):\n        cls.table = {**cls.table, k: v}",
        "A.put('k', 1)",
        "dict(A.table)",
    ),
    _(
        "a generator in a class is advanced",
        "import random\nclass Sim:\n    rng = random.Random(1)\n    def draw(self):\n        return self.rng.random()\nsim = Sim()\ndel Sim",
        "z = sim.draw()",
        "sim.rng.getstate()[1][-1]",
    ),
    _(
        "the one instance of a class is made",
        "class Only:\n    made = None\n    def __new__(cls):\n        if cls.made is None:\n            cls.made = super().__new__(cls)\n            cls.made.rows = []\n        return cls.made",
        "Only().rows.append(1)",
        "list(Only.made.rows) if Only.made else None",
    ),
    _(
        "a method is put into the class of an instance",
        "class A:\n    def go(self):\n        return 1\na = A()",
        "type(a).go = lambda self: 2",
        "a.go()",
    ),
    _(
        "the code of a function is replaced",
        "def g(x):\n    return 1\ndef h(x):\n    return 2",
        "g.__code__ = h.__code__",
        "g(1)",
    ),
    _(
        "the defaults of a function are replaced",
        "def g(x=1):\n    return x",
        "g.__defaults__ = (2,)",
        "g()",
    ),
    _(
        "a keyword default of a function is replaced",
        "def g(*, x=1):\n    return x",
        "g.__kwdefaults__['x'] = 2",
        "g()",
    ),
    _(
        "a singledispatch function learns a type",
        "import functools\n@functools.singledispatch\ndef g(x):\n    return 0\ndef h(x):\n    return 1",
        "g.register(int, h)",
        "g(1)",
    ),
    _(
        "a WeakSet of a class gets a member",
        "import weakref\nclass A:\n    every = weakref.WeakSet()\nkept = [A(), A()]\nA.every.add(kept[0])",
        "A.every.add(kept[1])",
        "len(A.every)",
    ),
    _(
        "a property sets what a closure holds",
        "def make():\n    class A:\n        pass\n    value = 1\n    def get(self):\n        return value\n    def put(self, v):\n        nonlocal value\n        value = v\n    A.v = property(get, put)\n    return A()\na = make()",
        "a.v = 5",
        "a.v",
    ),
    _(
        "a global is bound by a helper",
        "n = 0\ndef up():\n    global n\n    n += 1",
        "up()",
        "n",
    ),
    _(
        "a new global is bound by a helper",
        "def put():\n    global fresh\n    fresh = [1]",
        "put()",
        "fresh",
    ),
    _(
        "a global is deleted by a helper",
        "n = 0\ndef drop():\n    global n\n    del n",
        "drop()",
        "'n' in globals()",
    ),
    _(
        "a part of a global grows that has another name too",
        "inner = [1]\nouter = {'k': inner}",
        "outer['k'].append(2)",
        "list(inner)",
    ),
    _(
        "an instance changes through its bound method",
        "class A:\n    def __init__(self):\n        self.n = 0\n    def go(self):\n        self.n += 1\na = A()\ngo = a.go",
        "go()",
        "a.n",
    ),
    _(
        "a list changes through its bound method",
        "rows = []\nadd = rows.append",
        "add(1)",
        "list(rows)",
    ),
    _(
        "a list changes through a partial",
        "import functools\nrows = []\nadd = functools.partial(list.append, rows)",
        "add(1)",
        "list(rows)",
    ),
    _(
        "instances in a set change that have other names",
        "class A:\n    n = 0\none = A()\nevery = {one}",
        "for a in every:\n    a.n += 1",
        "one.n",
    ),
    _(
        "an array of Python changes that has another name",
        "import array\na = array.array('i', [1, 2])\nbox = [a]",
        "box[0][0] = 9",
        "list(a)",
    ),
    _mylib("a counter of a local module is advanced", "mylib.up()"),
    _mylib("a list of a local module grows", "mylib.add(1)"),
    _mylib("a list of a local module is replaced", "mylib.renew()"),
    _mylib("a list inside a dict of a local module grows", "mylib.deepen()"),
    _mylib("an instance of a local module is changed", "mylib.fill()"),
    _mylib("a class of a local module counts", "mylib.raise_level()"),
    _mylib("a list in a class of a local module grows", "mylib.note(1)"),
    _mylib("a name of a local module is deleted", "mylib.drop()"),
    _(
        "a global of a local module is set from outside by a helper",
        "import mylib\ndef put():\n    mylib.n = 5",
        "put()",
        "mylib.n",
        modules={"mylib.py": MYLIB},
    ),
    _(
        "a global of a local module is set by setattr",
        "import mylib\ndef put(name):\n    setattr(mylib, name, 5)",
        "put('n')",
        "mylib.n",
        modules={"mylib.py": MYLIB},
    ),
    _(
        "a class of a local module is changed from outside",
        "import mylib\ndef put():\n    mylib.Box.level = 5",
        "put()",
        "mylib.Box.level",
        modules={"mylib.py": MYLIB},
    ),
    _(
        "a counter of a local module is advanced by an instance",
        "import mylib\nclass A:\n    def go(self):\n        mylib.up()\na = A()",
        "a.go()",
        "mylib.n",
        modules={"mylib.py": MYLIB},
    ),
    _(
        "a local module counts behind another",
        "import outer",
        "outer.go()",
        "outer.seen()",
        modules={
            "inner.py": "n = 0\ndef up():\n    global n\n    n += 1\n",
            "outer.py": "import inner\ndef go():\n    inner.up()\ndef seen():\n    return inner.n\n",
        },
    ),
    _(
        "a part of a list that a local module holds is shared with the notebook",
        "import mylib\nmine = [1]\nmylib.rows.append(mine)",
        "mylib.rows[0].append(2)",
        "list(mine)",
        modules={"mylib.py": MYLIB},
    ),
    _(
        "functions executed in a dict of their own count",
        "ns = {'n': 0}\nexec('def up():\\n    global n\\n    n += 1\\ndef seen():\\n    return n', ns)\nup, seen = ns['up'], ns['seen']",
        "up()",
        "seen()",
    ),
    _(
        "an attribute of an installed module is set by a helper",
        "import colorsys\ndef put():\n    colorsys.ONE_THIRD = 5",
        "put()",
        "colorsys.ONE_THIRD",
    ),
]
SCENARIOS = [one for group in _GROUPS for one in group]
