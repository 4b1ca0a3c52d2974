"""Changes that a step makes to objects that exist before it."""

from __future__ import annotations

import json.encoder
import sys

import numpy as np
import pandas as pd
import pytest

CASES = {
    "list": ("obj = [1]", "obj.append(2)", "obj == [1, 2]"),
    "nested list": ("obj = [[1]]\ninner = obj[0]", "obj[0].append(2)", "inner == [1, 2]"),
    "dict": ("obj = {'a': 1}", "obj['b'] = 2; del obj['a']", "obj == {'b': 2}"),
    "dict order": ("obj = {'a': 1, 'b': 2}", "obj['a'] = obj.pop('a')", "list(obj) == ['b', 'a']"),
    "set": ("obj = {1}", "obj.add(2)", "obj == {1, 2}"),
    "bytearray": ("obj = bytearray(b'a')", "obj += b'b'", "obj == b'ab'"),
    "deque": (
        "from collections import deque\nobj = deque([1], 3)",
        "obj.append(2)",
        "list(obj) == [1, 2]",
    ),
    "defaultdict": (
        "from collections import defaultdict\nobj = defaultdict(list)",
        "obj['a'].append(1)",
        "obj['zz'] == [] and obj['a'] == [1]",
    ),
    "Counter": (
        "from collections import Counter\nobj = Counter('ab')",
        "obj.update('b')",
        "obj['b'] == 2",
    ),
    "OrderedDict": (
        "from collections import OrderedDict\nobj = OrderedDict(a=1, b=2)",
        "obj.move_to_end('a')",
        "list(obj) == ['b', 'a']",
    ),
    "array": ("import numpy as np\nobj = np.zeros(3)", "obj[1] = 5", "obj.tolist() == [0, 5, 0]"),
    "array view": (
        "import numpy as np\nbase_ = np.zeros(4)\nobj = base_[1:3]",
        "obj[:] = 5",
        "base_.tolist() == [0, 5, 5, 0]",
    ),
    "frame column": (
        "import pandas as pd\nobj = pd.DataFrame({'a': [1, 2]})",
        "obj['b'] = 3",
        "list(obj.columns) == ['a', 'b'] and obj.b.tolist() == [3, 3]",
    ),
    "frame inplace": (
        "import pandas as pd\nobj = pd.DataFrame({'a': [1, None]})",
        "obj.dropna(inplace=True)",
        "len(obj) == 1",
    ),
    "frame value": (
        "import pandas as pd\nobj = pd.DataFrame({'a': [1, 2]})",
        "obj.loc[0, 'a'] = 9",
        "obj.a.tolist() == [9, 2]",
    ),
    "series": (
        "import pandas as pd\nobj = pd.Series([1, 2], name='s')",
        "obj[0] = 9; obj.name = 't'",
        "obj.tolist() == [9, 2] and obj.name == 't'",
    ),
    "instance": (
        "class P:\n    pass\nobj = P(); obj.n = 1",
        "obj.n = 2; obj.m = [3]",
        "(obj.n, obj.m) == (2, [3])",
    ),
    "slots": (
        "class P:\n    __slots__ = ('n',)\nobj = P(); obj.n = 1",
        "obj.n = 2",
        "obj.n == 2",
    ),
    "list subclass": (
        "class L(list):\n    pass\nobj = L([1]); obj.tag = 1",
        "obj.append(2); obj.tag = 2",
        "obj == [1, 2] and obj.tag == 2",
    ),
    "fit": (
        "from sklearn.linear_model import LinearRegression\nobj = LinearRegression()",
        "obj.fit([[0.], [1.]], [0., 1.])",
        "round(obj.coef_[0], 6) == 1",
    ),
    "self reference": ("obj = [1]", "obj.append(obj)", "obj[1] is obj"),
    "attribute of a namespace": (
        "from types import SimpleNamespace\nobj = SimpleNamespace(a=1)",
        "obj.a = 2",
        "obj.a == 2",
    ),
    "generator of numpy": (
        "import numpy as np\nobj = np.random.default_rng(3)",
        "drawn = obj.random()",
        "obj.random() == (lambda r: (r.random(), r.random()))(__import__('numpy').random.default_rng(3))[1]",
    ),
    "generator of Python": (
        "import random\nobj = random.Random(3)",
        "drawn = obj.random()",
        "obj.random() == (lambda r: (r.random(), r.random()))(__import__('random').Random(3))[1]",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_hit_applies_the_change_to_the_same_object(fresh, case):
    """Every reference to the object sees the change, after a restart too; the key is unharmed."""
    setup, change, holds = CASES[case]
    setup += "\nother = obj"
    for expected in ("ran s", "cached s"):
        nb = fresh()
        nb.cells(setup, f"%%step s\n{change}", f"holds = bool({holds})")
        assert nb["holds"] is True
        assert nb["other"] is nb["obj"]
        assert nb.log() == [expected], nb.session.logs["s"].note


def test_a_change_reruns_what_reads_the_object_below(nb):
    """A step below a change reads the changed value, as an edge of the graph too."""
    nb.cells("rows = [1]", "%%step grow\nrows.append(2)", "%%step total\nn = sum(rows)")
    assert nb["n"] == 3
    assert [(e.source, e.target, e.names) for e in nb.session.registry.edges()] == [
        ("grow", "total", ("rows",))
    ]


def test_a_changed_input_makes_the_next_execution_run(nb):
    """Run twice on the same object, a step that changes it starts from another value."""
    cell = "%%step grow\nrows.append(len(rows))"
    nb.cells("rows = []", cell, cell, cell)
    assert nb["rows"] == [0, 1, 2]
    assert nb.log() == ["ran grow"] * 3


def test_a_change_of_an_object_that_only_a_helper_reaches(nb):
    """A global that a helper changes is an input and an output."""
    setup = "seen = []\ndef note(x):\n    seen.append(x)\n    return x"
    nb.cells(setup, "%%step s\ny = note(1)", setup, "%%step s\ny = note(1)")
    assert nb["seen"] == [1]
    assert nb.log() == ["ran s", "cached s"]


def test_a_change_that_cannot_be_made_again_is_not_cached(nb):
    """An iterator that was used up: the step ran, is not stored, and one line says why."""
    nb.cells("it = iter([1, 2])")
    done = nb.cells("%%step s\nx = next(it)")[0]
    assert nb["x"] == 1
    assert "`it`" in done.text
    assert done.status["stored"] is False


def test_mutating_a_hit_leaves_the_store_intact(fresh):
    """What a hit gave may be changed in place; the next hit gives the original."""
    cell = (
        "%%step s\nimport numpy as np, pandas as pd\na = np.zeros(5000)\nf = pd.DataFrame({'x': np.zeros(5000)})\n"
        "rows = [[1]]"
    )
    for _ in range(3):
        nb = fresh()
        nb.cells(cell)
        assert nb["a"].sum() == 0
        assert nb["f"]["x"].sum() == 0
        assert nb["rows"] == [[1]]
        nb.cells("a += 1\nf.loc[:, 'x'] = 7.0\nrows[0].append(2)")
        assert nb["a"].sum() == 5000
    assert nb.log() == ["cached s"]


def test_mutating_after_a_run_leaves_the_store_intact(nb):
    """What a run gave may be changed in place; the hit after it gives the original."""
    cell = "%%step s\nimport numpy as np\na = np.zeros(5000)"
    nb.cells(cell, "a += 1", cell)
    assert nb.log() == ["ran s", "cached s"]
    assert nb["a"].sum() == 0


def test_two_names_for_a_changed_input(nb):
    """A new name for the changed object stays that object."""
    cell = "%%step s\nrows.append(1)\nalias = rows"
    nb.cells("rows = []\nouter = rows", cell, "rows = []\nouter = rows", cell)
    assert nb.log() == ["ran s", "cached s"]
    assert nb["alias"] is nb["rows"] is nb["outer"]
    assert nb["rows"] == [1]


def test_changed_objects_inside_new_ones(nb):
    """A container made by the step that holds the changed input still holds it after a hit."""
    cell = "%%step s\nrows.append(1)\nbox = {'rows': rows}"
    nb.cells("rows = []", cell, "rows = []", cell)
    assert nb.log() == ["ran s", "cached s"]
    assert nb["box"]["rows"] is nb["rows"]


def test_new_objects_inside_changed_ones(nb):
    """An object bound by the step and put into an input is one object after a hit."""
    cell = "%%step s\nrow = [1]\nrows.append(row)"
    nb.cells("rows = []", cell, "rows = []", cell)
    assert nb.log() == ["ran s", "cached s"]
    assert nb["rows"][0] is nb["row"]


REMEMBERED = {
    "lru_cache": ("import functools\n@functools.cache\ndef g(x):\n    return x", "y = g(1)"),
    "a cached method": (
        "import functools\nclass A:\n    @functools.lru_cache\n    def g(self, x):\n        return x",
        "y = A().g(1)",
    ),
    "singledispatch": (
        "import functools\n@functools.singledispatch\ndef g(x):\n    return x",
        "y = g(1)",
    ),
    "the tables of an enum": (
        "import enum\nclass E(enum.Flag):\n    A = 1\n    B = 2",
        "y = E(3).value",
    ),
    "an abstract class": (
        "import abc\nclass A(abc.ABC):\n    pass\nclass B:\n    pass",
        "y = isinstance(B(), A)",
    ),
    "an equal scalar": (
        "class A:\n    last = 1e9\n    def go(self):\n        A.last = float('1e9')\na = A()",
        "y = a.go()",
    ),
}


@pytest.mark.parametrize("case", REMEMBERED)
def test_what_code_only_remembers_is_no_change(nb, case):
    """A cache that was filled is no reason not to keep a step, nor to run it again."""
    setup, step = REMEMBERED[case]
    nb.cells(setup, f"%%step s\n{step}", f"%%step s\n{step}")
    assert nb.log() == ["ran s", "cached s"], nb.session.logs["s"].note


CLOSURE = (
    "def make():\n    n = 0\n    rows = []\n    def up():\n        nonlocal n\n        n += 1\n"
    "        rows.append(n)\n        return n\n    return up, lambda: (n, rows)\n"
    "up, seen = make()"
)
KEPT = {
    "a closure": (CLOSURE, "up(); up()", "seen() == (2, [1, 2]) and up() == 3"),
    "a closure in a dict": (
        (
            "def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n"
            "    return {'up': up}\nd = make()"
        ),
        "d['up']()",
        "d['up']() == 2",
    ),
    "a closure's variable that is deleted": (
        (
            "def make():\n    n = 0\n    def go():\n        nonlocal n\n        del n\n"
            "    def there():\n        try:\n            return n == 0\n        except NameError:\n"
            "            return False\n    return go, there\ngo, there = make()"
        ),
        "go()",
        "not there()",
    ),
    "a class": (
        "class A:\n    n = 0\n    def go(self):\n        type(self).n += 1\na = A()",
        "a.go()",
        "A.n == 1",
    ),
    "a class by its name": (
        "class A:\n    n = 0\nB = A",
        "A.n += 2; A.new = 'x'",
        "(B.n, B.new) == (2, 'x')",
    ),
    "an attribute of a class taken away": ("class A:\n    n = 0", "del A.n", "not hasattr(A, 'n')"),
    "a list in a class": (
        "class A:\n    seen = []\nkept = A.seen",
        "A.seen.append(1)",
        "A.seen == [1] and A.seen is kept",
    ),
    "instances in a class": (
        "class A:\n    all = {}\n    def __init__(self, n):\n        self.n = n\n        A.all[n] = self",
        "a = A(1); b = A(2)",
        "A.all == {1: a, 2: b} and A.all[1] is a",
    ),
    "a class that registers those below": (
        (
            "class Base:\n    kinds = {}\n    def __init_subclass__(cls, **more):\n"
            "        Base.kinds[cls.__name__] = cls\nclass One(Base):\n    pass"
        ),
        "Base.kinds['also'] = One",
        "list(Base.kinds.values()) == [One, One]",
    ),
    "an attribute of a function": (
        "def f(x):\n    f.calls += 1\n    return x\nf.calls = 0",
        "y = f(1) + f(2)",
        "f.calls == 2",
    ),
    "a new attribute of a function": (
        "def f(x):\n    f.last = x\n    return x",
        "y = f(1)",
        "f.last == 1",
    ),
    "what a decorator counts": (
        (
            "import functools\ndef counted(g):\n    @functools.wraps(g)\n    def made(*a):\n"
            "        made.calls += 1\n        return g(*a)\n    made.calls = 0\n    return made\n"
            "@counted\ndef f(x):\n    return x"
        ),
        "y = f(1)",
        "f.calls == 1",
    ),
    "a memo by hand": (
        (
            "def memo(g):\n    known = {}\n    def made(x):\n        if x not in known:\n"
            "            known[x] = g(x)\n        return known[x]\n    made.known = known\n    return made\n"
            "@memo\ndef f(x):\n    return x * 2"
        ),
        "y = f(4)",
        "f.known == {4: 8}",
    ),
    "a default": (
        "class A:\n    def go(self, seen=[]):\n        seen.append(1)\n        return seen\na = A()",
        "a.go()",
        "a.go() == [1, 1]",
    ),
    "a default of a function": (
        "def f(x, seen=[]):\n    seen.append(x)\n    return seen",
        "y = f(1)",
        "f(2) == [1, 2] and f(3) is y",
    ),
    "a method put into a class": (
        "class A:\n    def go(self):\n        return 1\ndef go(self):\n    return 2\na = A()",
        "A.go = go",
        "a.go() == 2 and A.go is go",
    ),
    "a method of the cell put into a class": (
        "class A:\n    def go(self):\n        return 1\na = A()",
        "def go(self):\n    return 2\nA.go = go",
        "a.go() == 2 and A.go is go",
    ),
    "an attribute of a library": ("import numpy as np", "np.mine = 5", "np.mine == 5"),
    "an attribute of a library that the cell imports": (
        "x = 1",
        "import numpy as np\nnp.mine = [6]",
        "np.mine == [6]",
    ),
    "an attribute of a library by setattr": (
        "import numpy as np",
        "setattr(np, 'mine', 5)",
        "np.mine == 5",
    ),
    "a method of a library's class": (
        "import pandas as pd",
        "pd.DataFrame.mine = len",
        "pd.DataFrame.mine is len",
    ),
    "a method of the notebook's in a library's class": (
        "import pandas as pd",
        "def mine(frame):\n    return 3\npd.DataFrame.mine = mine",
        "pd.DataFrame().mine() == 3 and pd.DataFrame.mine is mine",
    ),
    "an attribute of a library taken away": (
        "import numpy as np\nnp.mine = 5",
        "del np.mine",
        "not hasattr(np, 'mine')",
    ),
}


@pytest.fixture
def untouched():
    """Libraries as they were."""
    yield
    vars(np).pop("mine", None)
    if "mine" in vars(pd.DataFrame):
        del pd.DataFrame.mine


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("case", KEPT)
def test_what_code_keeps_is_changed_on_a_hit_too(fresh, case):
    """Closures, classes, functions and modules hold after a hit what they hold after a run."""
    setup, step, holds = KEPT[case]
    for expected in ("ran s", "cached s"):
        vars(np).pop("mine", None)
        if "mine" in vars(pd.DataFrame):
            del pd.DataFrame.mine
        nb = fresh()
        nb.cells(setup, f"%%step s\n{step}")
        assert nb.log() == [expected], nb.session.logs["s"].note
        nb.cells(f"holds = bool({holds})")
        assert nb["holds"] is True


@pytest.mark.parametrize("case", KEPT)
@pytest.mark.usefixtures("untouched")
def test_a_step_that_changes_what_code_keeps_goes_on_from_there(nb, case):
    """Executed again, it starts from what it has left, and leaves what a plain cell leaves."""
    setup, step, _ = KEPT[case]
    if "del" in step or "del n" in setup:
        pytest.skip("a plain cell raises when it takes away what is gone")
    again = f"%%step s\n{step}"
    cells = nb.cells(setup, again, again, setup, again, again)
    assert all(cell.error is None for cell in cells)
    log = nb.log()
    assert log[-1] == "cached s", (log, nb.session.logs["s"].reason)


UNKEPT = {
    "an entry of a library's table": (
        "import json.encoder",
        "json.encoder.ESCAPE_DCT['~'] = '~'",
        "it sets an entry of json.encoder.ESCAPE_DCT",
    ),
    "something handed over": (
        "import copyreg\nclass A: pass",
        "copyreg.pickle(A, A)",
        "it hands something over by copyreg.pickle",
    ),
    "attributes of computed names": (
        "import numpy as np",
        "for name in ['mine']:\n    setattr(np, name, 1)",
        "it sets attributes of np",
    ),
    "a lambda in a class": (
        "class A:\n    def go(self): return 1\na = A()",
        "A.go = lambda self: 2",
        "`A` is a class: the step changes .go",
    ),
    "the code of a function": (
        "def f(): return 1\ndef g(): return 2",
        "f.__code__ = g.__code__",
        "`f` is a function: the step changes its code",
    ),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("case", UNKEPT)
def test_a_change_of_code_that_has_no_place_is_refused_by_name(nb, case):
    """The step runs each time, and one line says what it changes."""
    setup, step, line = UNKEPT[case]
    escapes = dict(json.encoder.ESCAPE_DCT)
    try:
        done = nb.cells(setup, f"%%step s\n{step}", setup, f"%%step s\n{step}")
    finally:
        json.encoder.ESCAPE_DCT.clear()
        json.encoder.ESCAPE_DCT.update(escapes)
    assert line in done[1].text
    assert nb.log() == ["ran s", "ran s"]


@pytest.fixture
def counting(monkeypatch, places):
    """A local module that counts, and keeps a list."""
    monkeypatch.syspath_prepend(str(places / "work"))
    (places / "work" / "counting.py").write_text(
        "n = 0\nrows = []\ndef up():\n    global n\n    n += 1\n    rows.append(n)\n"
    )

    def forget():
        monkeypatch.delitem(sys.modules, "counting", raising=False)

    forget()
    yield forget
    sys.modules.pop("counting", None)


def test_what_a_local_module_keeps_is_changed_on_a_hit_too(fresh, counting):
    """Its variables are places as those of the notebook: bound anew and changed in place."""
    for expected in ("ran s", "cached s"):
        counting()
        nb = fresh()
        nb.cells("import counting\nseen = counting.rows", "%%step s\ncounting.up()")
        assert nb.log() == [expected], nb.session.logs["s"].note
        assert nb["counting"].n == 1
        assert nb["seen"] == [1]
        assert nb["counting"].rows is nb["seen"]


def test_a_change_that_others_made_since_is_not_taken_for_the_steps(nb):
    """What code keeps is compared with what it kept when the body began."""
    setup = "class A:\n    rows = [1]\na = A()"
    nb.cells(setup, "%%step s\ny = a.rows", "A.rows = [1]", "%%step s\nz = a.rows")
    assert nb.session.logs["s"].note == ""


EQUAL = [
    ("c['k'] = b", "b"),
    ("b = [1]\nc['k'] = b", "b"),
    ("c['k'] = [1]", "e"),
    ("c['k'] = e; c['m'] = e", "e"),
]


@pytest.mark.parametrize(("body", "other"), EQUAL, ids=[body for body, _ in EQUAL])
def test_an_equal_object_in_anothers_place_is_a_change(nb, body, other):
    """What is done to the one later shows in the input after a hit exactly where it would."""
    setup = "e = [1]\nc = {'k': e, 'm': [1]}\nb = [1]"
    ran = []
    for _ in range(2):
        nb.cells(setup, f"%%step s\n{body}", f"{other}.append(2)")
        ran.append(repr(nb["c"]))
    assert nb.log() == ["ran s", "cached s"]
    assert ran[0] == ran[1]
