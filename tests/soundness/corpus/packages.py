"""Modules and packages in all forms: imports, reloads, patches, state that modules keep."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME, Scenario

SCENARIOS = [
    Scenario(
        "module __getattr__ makes a constant",
        RERUN,
        setup="import mylib",
        step="y = mylib.LIMIT",
        edit=("return 1", "return 2"),
        modules={
            "mylib.py": "def __getattr__(name):\n    if name == 'LIMIT':\n        return 1\n    raise AttributeError(name)\n"
        },
    ),
    Scenario(
        "module __getattr__ reads a private constant",
        RERUN,
        setup="import mylib",
        step="y = mylib.MORE",
        edit=("'MORE': 1", "'MORE': 2"),
        modules={
            "mylib.py": "_T = {'LIMIT': 1, 'MORE': 1}\ndef __getattr__(name):\n    try:\n        return _T[name]\n    except KeyError:\n        raise AttributeError(name) from None\n"
        },
    ),
    Scenario(
        "package loads its submodule lazily",
        RERUN,
        setup="import pkg",
        step="y = pkg.sub.f(2)",
        edit=("+ 1", "+ 2"),
        modules={
            "pkg/__init__.py": "import importlib\ndef __getattr__(name):\n    if name == 'sub':\n        return importlib.import_module('pkg.sub')\n    raise AttributeError(name)\n",
            "pkg/sub.py": "def f(x):\n    return x + 1\n",
        },
    ),
    Scenario(
        "package loads its submodule lazily for a from import",
        RERUN,
        step="from pkg import sub\ny = sub.f(2)",
        edit=("+ 1", "+ 2"),
        modules={
            "pkg/__init__.py": "import importlib\ndef __getattr__(name):\n    if name == 'sub':\n        return importlib.import_module('pkg.sub')\n    raise AttributeError(name)\n",
            "pkg/sub.py": "def f(x):\n    return x + 1\n",
        },
    ),
    Scenario(
        "version of a local module by getattr",
        RERUN,
        setup="import mylib",
        step="y = getattr(mylib, '__version__', None)",
        edit=("'1.0'", "'1.1'"),
        modules={"mylib.py": "__version__ = '1.0'\n"},
    ),
    Scenario(
        "docstring of a module shown",
        RERUN,
        setup="import mylib",
        step="y = mylib.__doc__",
        edit=("one", "two"),
        modules={"mylib.py": "'''one'''\n"},
    ),
    Scenario(
        "three packages deep: constant by two dots",
        RERUN,
        setup="from pkg.a.b import f",
        edit=("K = 3", "K = 5"),
        modules={
            "pkg/__init__.py": "",
            "pkg/a/__init__.py": "",
            "pkg/a/b/__init__.py": "from ..c import K\nfrom ...top import g\ndef f(x):\n    return g(x) * K\n",
            "pkg/a/c.py": "K = 3\nL = 4\n",
            "pkg/top.py": "def g(x):\n    return x + 1\ndef other():\n    return 0\n",
        },
    ),
    Scenario(
        "three packages deep: function by three dots",
        RERUN,
        setup="import pkg.a.b",
        step="y = pkg.a.b.f(2)",
        edit=("x + 1", "x + 2"),
        modules={
            "pkg/__init__.py": "",
            "pkg/a/__init__.py": "",
            "pkg/a/b/__init__.py": "from ..c import K\nfrom ...top import g\ndef f(x):\n    return g(x) * K\n",
            "pkg/a/c.py": "K = 3\nL = 4\n",
            "pkg/top.py": "def g(x):\n    return x + 1\ndef other():\n    return 0\n",
        },
    ),
    Scenario(
        "three packages deep: a constant not used",
        SAME,
        setup="import pkg.a.b",
        step="y = pkg.a.b.f(2)",
        edit=("L = 4", "L = 5"),
        modules={
            "pkg/__init__.py": "",
            "pkg/a/__init__.py": "",
            "pkg/a/b/__init__.py": "from ..c import K\nfrom ...top import g\ndef f(x):\n    return g(x) * K\n",
            "pkg/a/c.py": "K = 3\nL = 4\n",
            "pkg/top.py": "def g(x):\n    return x + 1\ndef other():\n    return 0\n",
        },
    ),
    Scenario(
        "imported a.b and used a.c",
        RERUN,
        setup="import pkg.b",
        step="y = pkg.c.f(2)",
        edit=("+ 1", "+ 2"),
        modules={
            "pkg/__init__.py": "",
            "pkg/b.py": "from . import c\n",
            "pkg/c.py": "def f(x):\n    return x + 1\n",
        },
    ),
    Scenario(
        "package without a file of its own",
        RERUN,
        setup="from space.one import f",
        edit=("K = 1", "K = 2"),
        modules={
            "space/one.py": "from space.two import K\ndef f(x):\n    return x + K\n",
            "space/two.py": "K = 1\nL = 1\n",
        },
    ),
    Scenario(
        "package without a file of its own: not reached",
        SAME,
        setup="import space.one",
        step="y = space.one.f(2)",
        edit=("L = 1", "L = 2"),
        modules={
            "space/one.py": "from space.two import K\ndef f(x):\n    return x + K\n",
            "space/two.py": "K = 1\nL = 1\n",
        },
    ),
    Scenario(
        "circular modules",
        RERUN,
        setup="import a_mod",
        step="y = a_mod.f(2)",
        edit=("return 7", "return 8"),
        modules={
            "a_mod.py": "import b_mod\ndef f(x):\n    return b_mod.g(x)\ndef base():\n    return 7\n",
            "b_mod.py": "import a_mod\ndef g(x):\n    return a_mod.base() + x\n",
        },
    ),
    Scenario(
        "module named in a formatted text",
        RERUN,
        setup="import importlib\nkind = 'fast'",
        step="y = importlib.import_module(f'{kind}_mod').f(2)",
        edit=("x + 1", "x + 2"),
        modules={"fast_mod.py": "def f(x):\n    return x + 1\n"},
    ),
    Scenario(
        "submodule named in a loop",
        RERUN,
        setup="import importlib",
        step="y = [importlib.import_module('steps.' + n).f(2) for n in ('one', 'two')]",
        edit=("x + 2", "x + 3"),
        modules={
            "steps/__init__.py": "",
            "steps/one.py": "def f(x):\n    return x + 1\n",
            "steps/two.py": "def f(x):\n    return x + 2\n",
        },
    ),
    Scenario(
        "submodules found by walking a package",
        RERUN,
        setup="import importlib, pkgutil\nimport steps",
        step="y = [importlib.import_module('steps.' + m.name).f(2) for m in sorted(pkgutil.iter_modules(steps.__path__), key=lambda m: m.name)]",
        edit=("x + 2", "x + 3"),
        modules={
            "steps/__init__.py": "",
            "steps/one.py": "def f(x):\n    return x + 1\n",
            "steps/two.py": "def f(x):\n    return x + 2\n",
        },
    ),
    Scenario(
        "TYPE_CHECKING block of a module",
        SAME,
        setup="from mylib import f",
        edit=("from decimal import Decimal", "from fractions import Fraction as Decimal"),
        modules={
            "mylib.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from decimal import Decimal\ndef f(x):\n    return x + 1\n"
        },
    ),
    Scenario(
        "fallback at the top of a module",
        RERUN,
        setup="from mylib import f",
        edit=("return 1", "return 2"),
        modules={
            "mylib.py": "try:\n    from no_such_speedups import g\nexcept ImportError:\n    def g():\n        return 1\ndef f(x):\n    return g() + x\n"
        },
    ),
    Scenario(
        "folder put before sys.path in a cell",
        RERUN,
        setup="import sys\nsys.path.insert(0, 'src')\n# %%\nfrom core_lib import f",
        edit=("x + 1", "x + 2"),
        modules={"src/core_lib.py": "def f(x):\n    return x + 1\n"},
    ),
    Scenario(
        "folder put before sys.path in a cell: not reached",
        SAME,
        setup="import sys\nsys.path.insert(0, 'src')\n# %%\nfrom core_lib import f",
        edit=("return 0", "return 1"),
        modules={"src/core_lib.py": "def f(x):\n    return x + 1\ndef g():\n    return 0\n"},
    ),
    Scenario(
        "two folders with one module and the first is exchanged",
        RERUN,
        setup="import sys\nsys.path.insert(0, 'one')\nimport core_lib",
        step="y = core_lib.f(2)",
        edit=("'one'", "'two'"),
        modules={
            "one/core_lib.py": "def f(x):\n    return x + 1\n",
            "two/core_lib.py": "def f(x):\n    return x + 2\n",
        },
    ),
    Scenario(
        "module in a zip",
        RERUN,
        setup="import zipfile, sys\nwith zipfile.ZipFile('lib.zip', 'w') as z:\n    z.writestr('zipped.py', 'def f(x):\\n    return x + 1\\n')\nsys.path.insert(0, 'lib.zip')\nimport zipped",
        step="y = zipped.f(2)",
        edit=("x + 1", "x + 2"),
    ),
    Scenario(
        "constant computed at import from another module's",
        RERUN,
        setup="from model import SIZE",
        step="y = SIZE",
        edit=("BASE = 2", "BASE = 3"),
        modules={
            "settings_mod.py": "BASE = 2\n",
            "model.py": "from settings_mod import BASE\nSIZE = BASE * 2\n",
        },
    ),
    Scenario(
        "constant computed at import with an equal result",
        SAME,
        setup="from model import SIZE",
        step="y = SIZE",
        edit=("BASE = 2", "BASE = 1 + 1"),
        modules={
            "settings_mod.py": "BASE = 2\n",
            "model.py": "from settings_mod import BASE\nSIZE = BASE * 2\n",
        },
    ),
    Scenario(
        "default argument from another module",
        RERUN,
        setup="from model import f",
        step="y = f()",
        edit=("BASE = 2", "BASE = 3"),
        modules={
            "settings_mod.py": "BASE = 2\n",
            "model.py": "import settings_mod\ndef f(x=settings_mod.BASE):\n    return x\n",
        },
    ),
    Scenario(
        "json beside a module read at import",
        RERUN,
        setup="import conf",
        step="y = conf.CFG['a']",
        edit=('"a": 1', '"a": 2'),
        modules={
            "conf.py": "import json\nfrom pathlib import Path\nCFG = json.loads((Path(__file__).parent / 'conf.json').read_text())\n"
        },
        files={"conf.json": '{"a": 1}'},
    ),
    Scenario(
        "json beside a module read by its function",
        RERUN,
        setup="import conf",
        step="y = conf.load()['a']",
        edit=('"a": 1', '"a": 2'),
        modules={
            "conf.py": "import json\nfrom pathlib import Path\nHERE = Path(__file__).parent\ndef load():\n    return json.loads((HERE / 'conf.json').read_text())\n"
        },
        files={"conf.json": '{"a": 1}'},
    ),
    Scenario(
        "table beside a module read through pandas",
        RERUN,
        setup="import conf",
        step="y = conf.load()",
        edit=("1,2", "1,3"),
        modules={
            "lib/conf.py": "",
            "conf.py": "import pandas as pd\nfrom pathlib import Path\ndef load():\n    return pd.read_csv(Path(__file__).parent / 'data.csv')\n",
        },
        files={"data.csv": "a,b\n1,2\n"},
    ),
    Scenario(
        "resource of a local package",
        RERUN,
        setup="from importlib import resources",
        step="y = resources.files('pkg').joinpath('d.txt').read_text()",
        edit=("one", "two"),
        modules={"pkg/__init__.py": ""},
        files={"pkg/d.txt": "one"},
    ),
    Scenario(
        "package text by pkgutil",
        RERUN,
        setup="import pkgutil",
        step="y = pkgutil.get_data('pkg', 'd.txt')",
        edit=("one", "two"),
        modules={"pkg/__init__.py": ""},
        files={"pkg/d.txt": "one"},
    ),
    Scenario(
        "function registered by a plugin module",
        RERUN,
        setup="import plugins, registry",
        step="y = registry.call('a', 2)",
        edit=("x + 1", "x + 2"),
        modules={
            "registry.py": "TABLE = {}\ndef register(name):\n    def deco(fn):\n        TABLE[name] = fn\n        return fn\n    return deco\ndef call(name, x):\n    return TABLE[name](x)\n",
            "plugins.py": "from registry import register\nHELP = 1\n@register('a')\ndef a(x):\n    return x + 1\n",
        },
    ),
    Scenario(
        "subclasses registered by __init_subclass__ in a module",
        RERUN,
        setup="import impls\nfrom bases import Base",
        step="y = Base.known['A']().go()",
        edit=("return 1", "return 2"),
        modules={
            "bases.py": "class Base:\n    known = {}\n    def __init_subclass__(cls):\n        Base.known[cls.__name__] = cls\n",
            "impls.py": "from bases import Base\nclass A(Base):\n    def go(self):\n        return 1\n",
        },
    ),
    Scenario(
        "subclasses found by __subclasses__",
        RERUN,
        setup="import impls\nfrom bases import Base",
        step="y = [k().go() for k in Base.__subclasses__()]",
        edit=("return 1", "return 2"),
        modules={
            "bases.py": "class Base:\n    pass\n",
            "impls.py": "from bases import Base\nclass A(Base):\n    def go(self):\n        return 1\n",
        },
    ),
    Scenario(
        "singledispatch extended by another module",
        RERUN,
        setup="import ext\nfrom mylib import show",
        step="y = show(2)",
        edit=("'int'", "'number'"),
        modules={
            "mylib.py": "from functools import singledispatch\n@singledispatch\ndef show(x):\n    return 'any'\n",
            "ext.py": "from mylib import show\n@show.register\ndef _(x: int):\n    return 'int'\n",
        },
    ),
    Scenario(
        "module imported in a branch not taken changes another",
        SAME,
        setup="import base_cfg\nverbose = False",
        step="if verbose:\n    import noisy\ny = base_cfg.SIZE",
        edit=("# one", "# two"),
        modules={
            "base_cfg.py": "SIZE = 1\n",
            "noisy.py": "# one\nimport base_cfg\nbase_cfg.SIZE = 99\n",
        },
    ),
    Scenario(
        "module imported in a branch not taken ends the process",
        SAME,
        setup="verbose = False",
        step="if verbose:\n    import command_line\ny = 1",
        edit=("# one", "# two"),
        modules={"command_line.py": "# one\nimport sys\nsys.exit(2)\n"},
    ),
    Scenario(
        "module prints while it is imported in the step",
        RERUN,
        step="import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    import chatty\ny = out.getvalue()",
        edit=("'hi'", "'ho'"),
        modules={"chatty.py": "print('hi')\n"},
    ),
    Scenario(
        "module that reads a file which the step writes",
        RERUN,
        step="from pathlib import Path\nPath('made.txt').write_text('one')\nimport readit\ny = readit.TEXT",
        edit=("'one'", "'two'"),
        modules={
            "readit.py": "from pathlib import Path\np = Path('made.txt')\nTEXT = p.read_text() if p.exists() else 'none'\n"
        },
    ),
    Scenario(
        "function of numpy replaced by another of numpy",
        RERUN,
        setup="import numpy as np\nnp.mean = np.mean",
        step="y = float(np.mean([1, 2, 9]))",
        edit=("np.mean = np.mean", "np.mean = np.median"),
    ),
    Scenario(
        "function of Python replaced by a partial",
        RERUN,
        setup="import math, functools\nmath.dist2 = functools.partial(pow, 2)",
        step="y = math.dist2(3)",
        edit=("pow, 2", "pow, 3"),
    ),
    Scenario(
        "function of Python replaced by a mock",
        RERUN,
        setup="import math\nfrom unittest.mock import Mock\nmath.sqrt = Mock(return_value=1)",
        step="y = math.sqrt(4)",
        edit=("value=1", "value=2"),
    ),
    Scenario(
        "function of Python replaced by an object that can be called",
        RERUN,
        setup="import math\nclass Scale:\n    def __init__(self, k):\n        self.k = k\n    def __call__(self, x):\n        return self.k * x\nmath.sqrt = Scale(1)",
        step="y = math.sqrt(4)",
        edit=("Scale(1)", "Scale(2)"),
    ),
    Scenario(
        "table put into an installed module",
        RERUN,
        setup="import numpy as np\nnp.MY_TABLE = {'a': 1}",
        step="y = np.MY_TABLE['a']",
        edit=("'a': 1", "'a': 2"),
    ),
    Scenario(
        "class method of Python replaced: JSON default",
        RERUN,
        setup="import json\ndef default(self, o):\n    return 'one'\njson.JSONEncoder.default = default",
        step="y = json.dumps({1, 2})",
        edit=("'one'", "'two'"),
    ),
    Scenario(
        "method put into Path",
        RERUN,
        setup="from pathlib import Path\nPath.short = lambda self: self.name[:1]",
        step="y = Path('abc').short()",
        edit=("[:1]", "[:2]"),
    ),
    Scenario(
        "method of an installed class replaced, instance made in the step",
        RERUN,
        setup="from sklearn.linear_model import LinearRegression as L\nL.score = lambda self, X, y: 1",
        step="m = L().fit([[0], [1]], [0, 1])\ny = m.score([[0]], [0])",
        edit=(": 1", ": 2"),
    ),
    Scenario(
        "method of an installed class replaced in a local module",
        RERUN,
        setup="import patches\nfrom sklearn.linear_model import LinearRegression as L",
        step="m = L().fit([[0], [1]], [0, 1])\ny = m.score([[0]], [0])",
        edit=("return 1", "return 2"),
        modules={
            "patches.py": "from sklearn.linear_model import LinearRegression\ndef score(self, X, y):\n    return 1\nLinearRegression.score = score\n"
        },
    ),
    Scenario(
        "function that an installed function uses is replaced",
        RERUN,
        setup="import textwrap\ntextwrap.dedent = lambda s: s + '1'\nimport inspect",
        step="import textwrap as t\ny = t.dedent('a')",
        edit=("'1'", "'2'"),
    ),
    Scenario(
        "internal function of Python's replaced",
        RERUN,
        setup="import posixpath, os\nposixpath.splitext = lambda p: ('1', p)",
        step="y = os.path.splitext('a.b')",
        edit=("'1'", "'2'"),
    ),
    Scenario(
        "builtin replaced by another builtin",
        RERUN,
        setup="import builtins\nbuiltins.total = sum",
        step="y = total([1, 2, 4])",
        edit=("= sum", "= max"),
    ),
    Scenario(
        "name of Python shadowed by a star import",
        RERUN,
        setup="from mylib import *",
        step="y = max([1, 5])",
        edit=("# more", "def max(x):\n    return 'mine'"),
        modules={"mylib.py": "def f(x):\n    return x\n# more\n"},
    ),
    Scenario(
        "name of Python shadowed by a star import in the step",
        RERUN,
        step="from mylib import *\ny = max([1, 5])",
        edit=("# more", "def max(x):\n    return 'mine'"),
        modules={"mylib.py": "def f(x):\n    return x\n# more\n"},
        cell_only=True,
    ),
    Scenario(
        "name left out of __all__",
        RERUN,
        setup="def g(x):\n    return 'notebook'\nfrom mylib import *",
        step="y = g(2)",
        edit=("['f', 'g']", "['f']"),
        modules={
            "mylib.py": "__all__ = ['f', 'g']\ndef f(x):\n    return x\ndef g(x):\n    return 'lib'\n"
        },
    ),
    Scenario(
        "two star imports in the other order",
        RERUN,
        setup="from one import *\nfrom two import *",
        step="y = g(2)",
        edit=("from one import *\nfrom two import *", "from two import *\nfrom one import *"),
        modules={"one.py": "def g(x):\n    return 1\n", "two.py": "def g(x):\n    return 2\n"},
    ),
    Scenario(
        "patch with a decorator of mock inside the step",
        RERUN,
        setup="import mylib\nfrom unittest.mock import patch",
        step="with patch('mylib.K', 10):\n    y = mylib.f(2)",
        edit=("10)", "11)"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "patch with a mock of another module named in a text",
        RERUN,
        setup="import mylib\nfrom unittest.mock import patch",
        step="with patch('mylib.g', return_value=5):\n    y = mylib.f(2)",
        edit=("+ 1", "+ 2"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "constant of a class of a module set in an earlier cell",
        RERUN,
        setup="import mylib\nmylib.Cfg.size = 1",
        step="y = mylib.f()",
        edit=("size = 1", "size = 2"),
        modules={"mylib.py": "class Cfg:\n    size = 0\ndef f():\n    return Cfg.size\n"},
    ),
    Scenario(
        "setattr on a module by a computed name",
        RERUN,
        setup="import mylib\nfor n, v in {'K': 4}.items():\n    setattr(mylib, n, v)",
        step="y = mylib.f(2)",
        edit=("'K': 4", "'K': 5"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "setting of an installed class changed",
        RERUN,
        setup="import decimal\nimport numpy as np\nclass Holder: pass\nimport fractions\nfractions.Fraction.MY = 1",
        step="from fractions import Fraction\ny = Fraction.MY",
        edit=("MY = 1", "MY = 2"),
    ),
    Scenario(
        "counter of a module moved on by an earlier step",
        SAME,
        setup="import state\n# %%\n%%step one\nn = state.add(3)",
        step="y = [n, state.N, state.SEEN, state.Box.total]",
        edit=("import state\n", "import state  # a\n"),
        modules={
            "state.py": "N = 0\nSEEN = []\nclass Box:\n    total = 0\ndef add(x):\n    global N\n    N += 1\n    SEEN.append(x)\n    Box.total += x\n    return N\n"
        },
        cell_only=True,
    ),
    Scenario(
        "list of a module extended in an earlier step",
        SAME,
        setup="import state\n# %%\n%%step one\nstate.SEEN.append(3)",
        step="y = list(state.SEEN)",
        edit=("import state\n", "import state  # a\n"),
        modules={
            "state.py": "N = 0\nSEEN = []\nclass Box:\n    total = 0\ndef add(x):\n    global N\n    N += 1\n    SEEN.append(x)\n    Box.total += x\n    return N\n"
        },
        cell_only=True,
    ),
    Scenario(
        "registry of a module filled by an earlier step",
        SAME,
        setup="import reg\n# %%\n%%step one\n@reg.register\ndef plug(x):\n    return x",
        step="y = sorted(reg.TABLE)",
        edit=("import reg\n", "import reg  # a\n"),
        modules={
            "reg.py": "TABLE = {}\ndef register(fn):\n    TABLE[fn.__name__] = fn\n    return fn\n"
        },
        cell_only=True,
    ),
    Scenario(
        "class attribute of a module raised by an earlier step",
        SAME,
        setup="import state\n# %%\n%%step one\nstate.Box.total += 2\nn = 1",
        step="y = state.Box.total",
        edit=("import state\n", "import state  # a\n"),
        modules={
            "state.py": "N = 0\nSEEN = []\nclass Box:\n    total = 0\ndef add(x):\n    global N\n    N += 1\n    SEEN.append(x)\n    Box.total += x\n    return N\n"
        },
        cell_only=True,
    ),
    Scenario(
        "class attribute of a module raised through a function of an earlier step",
        SAME,
        setup="import state\n# %%\n%%step one\nn = state.up()",
        step="y = state.Box.total",
        edit=("import state\n", "import state  # a\n"),
        modules={
            "state.py": "class Box:\n    total = 0\ndef up():\n    Box.total += 1\n    return 5\n"
        },
        cell_only=True,
    ),
    Scenario(
        "instance at the top of a module changed by an earlier step",
        SAME,
        setup="from store_mod import default\n# %%\n%%step one\nn = default.put('a', 1)",
        step="import store_mod\ny = store_mod.default.items",
        edit=("from store_mod import default\n", "from store_mod import default  # a\n"),
        modules={
            "store_mod.py": "class Store:\n    def __init__(self):\n        self.items = {}\n    def put(self, k, v):\n        self.items[k] = v\n        return len(self.items)\ndefault = Store()\n"
        },
        cell_only=True,
    ),
    Scenario(
        "singleton made on first use by an earlier step",
        SAME,
        setup="import single\n# %%\n%%step one\na = single.get(1).v",
        step="y = single.get(2).v",
        edit=("import single\n", "import single  # a\n"),
        modules={
            "single.py": "_it = None\nclass It:\n    def __init__(self, v):\n        self.v = v\ndef get(v):\n    global _it\n    if _it is None:\n        _it = It(v)\n    return _it\n"
        },
        cell_only=True,
    ),
    Scenario(
        "module setting made in an earlier step",
        SAME,
        setup="import settings_mod, user_mod\n# %%\n%%step one\nsettings_mod.configure(size=7)",
        step="y = user_mod.size()",
        edit=("size=7)", "size=7)  # a"),
        modules={
            "settings_mod.py": "OPTIONS = {'size': 1}\ndef configure(**kw):\n    OPTIONS.update(kw)\n",
            "user_mod.py": "from settings_mod import OPTIONS\ndef size():\n    return OPTIONS['size']\n",
        },
        cell_only=True,
    ),
    Scenario(
        "lock at the top of a module",
        SAME,
        setup="from mylib import f",
        edit=("from mylib import f", "from mylib import f  # a"),
        modules={
            "mylib.py": "import threading\n_lock = threading.Lock()\ndef f(x):\n    with _lock:\n        return x + 1\n"
        },
        refused=("cell", "function"),
    ),
    Scenario(
        "lock inside an object at the top of a module",
        SAME,
        setup="from mylib import f",
        edit=("from mylib import f", "from mylib import f  # a"),
        modules={
            "mylib.py": "import threading\nclass Pool:\n    def __init__(self):\n        self._lock = threading.RLock()\n        self.k = 1\n    def get(self):\n        with self._lock:\n            return self.k\npool = Pool()\ndef f(x):\n    return x + pool.get()\n"
        },
        refused=("cell", "function"),
    ),
    Scenario(
        "thread-local at the top of a module",
        SAME,
        setup="from mylib import f",
        edit=("from mylib import f", "from mylib import f  # a"),
        modules={
            "mylib.py": "import threading\n_local = threading.local()\ndef f(x):\n    _local.x = x\n    return _local.x + 1\n"
        },
        refused=("cell", "function"),
    ),
    Scenario(
        "context variable at the top of a module",
        SAME,
        setup="from mylib import f",
        edit=("from mylib import f", "from mylib import f  # a"),
        modules={
            "mylib.py": "from contextvars import ContextVar\ndepth = ContextVar('depth', default=0)\ndef f(x):\n    return x + depth.get()\n"
        },
        refused=("cell", "function"),
    ),
    Scenario(
        "logger of a module with a handler",
        SAME,
        setup="from mylib import f",
        edit=("from mylib import f", "from mylib import f  # a"),
        modules={
            "mylib.py": "import logging\nlog = logging.getLogger('zz')\nlog.addHandler(logging.StreamHandler())\ndef f(x):\n    log.debug('%s', x)\n    return x + 1\n"
        },
    ),
    Scenario(
        "model fitted at the top of a module",
        RERUN,
        setup="from mylib import f",
        edit=("[0, 1])", "[0, 2])"),
        modules={
            "mylib.py": "from sklearn.linear_model import LinearRegression\nM = LinearRegression().fit([[0], [1]], [0, 1])\ndef f(x):\n    return round(float(M.predict([[x]])[0]), 3)\n"
        },
    ),
    Scenario(
        "frame at the top of a module",
        RERUN,
        setup="from mylib import f",
        edit=("'x': [1]", "'x': [2]"),
        modules={
            "mylib.py": "import pandas as pd\nT = pd.DataFrame({'x': [1]})\ndef f(x):\n    return int(T.x.sum())\n"
        },
    ),
    Scenario(
        "dependency alone reloaded, reached as an attribute",
        RERUN,
        setup="import high, low",
        step="y = high.f(2)",
        live="rewrite('low.py', '+ 1', '+ 2')\nimport importlib\nimportlib.reload(low)",
        modules={
            "low.py": "def g(x):\n    return x + 1\n",
            "high.py": "import low\ndef f(x):\n    return low.g(x)\n",
            "held.py": "from low import g\ndef f(x):\n    return g(x)\n",
        },
    ),
    Scenario(
        "dependency alone reloaded, held by a from import",
        SAME,
        setup="import held, low",
        step="y = held.f(2)",
        live="rewrite('low.py', '+ 1', '+ 2')\nimport importlib\nimportlib.reload(low)",
        modules={
            "low.py": "def g(x):\n    return x + 1\n",
            "high.py": "import low\ndef f(x):\n    return low.g(x)\n",
            "held.py": "from low import g\ndef f(x):\n    return g(x)\n",
        },
    ),
    Scenario(
        "reloaded while the notebook holds the old function",
        SAME,
        setup="import low\nfrom low import g",
        step="y = g(2)",
        live="rewrite('low.py', '+ 1', '+ 2')\nimport importlib\nimportlib.reload(low)",
        modules={
            "low.py": "def g(x):\n    return x + 1\n",
            "high.py": "import low\ndef f(x):\n    return low.g(x)\n",
            "held.py": "from low import g\ndef f(x):\n    return g(x)\n",
        },
    ),
    Scenario(
        "old function whose constant was reloaded",
        RERUN,
        setup="import mylib\nfrom mylib import f",
        live="rewrite('mylib.py', 'K = 3', 'K = 5')\nimport importlib\nimportlib.reload(mylib)",
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "old instance of a class that was reloaded",
        SAME,
        setup="import shapes\nobj = shapes.Box()",
        step="y = obj.area()",
        live="rewrite('shapes.py', 'return 1', 'return 2')\nimport importlib\nimportlib.reload(shapes)",
        modules={"shapes.py": "class Box:\n    def area(self):\n        return 1\n"},
    ),
    Scenario(
        "reloaded with nothing edited",
        SAME,
        setup="import mylib\nmylib_f = mylib.f",
        step="y = mylib.f(2)",
        live="import importlib\nimportlib.reload(mylib)",
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "reloaded with an instance of its class at hand and nothing edited",
        SAME,
        setup="import shapes\nobj = shapes.Box()",
        step="y = [obj.area(), isinstance(obj, object)]",
        live="import importlib\nimportlib.reload(shapes)",
        modules={"shapes.py": "class Box:\n    def area(self):\n        return 1\n"},
    ),
    Scenario(
        "instance no longer of the class after a reload",
        RERUN,
        setup="import shapes\nobj = shapes.Box()",
        step="y = isinstance(obj, shapes.Box)",
        live="import importlib\nimportlib.reload(shapes)",
        modules={"shapes.py": "class Box:\n    def area(self):\n        return 1\n"},
    ),
    Scenario(
        "module deleted and imported again",
        RERUN,
        setup="import mylib",
        step="y = mylib.f(2)",
        live="rewrite('mylib.py', '+ 1', '+ 2')\nimport sys\ndel sys.modules['mylib']\nimport mylib",
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "module deleted and not imported again",
        SAME,
        setup="import mylib",
        step="y = mylib.f(2)",
        live="rewrite('mylib.py', '+ 1', '+ 2')\nimport sys\ndel sys.modules['mylib']",
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "module deleted and imported again in the step",
        RERUN,
        step="import mylib\ny = mylib.f(2)",
        live="rewrite('mylib.py', '+ 1', '+ 2')\nimport sys\ndel sys.modules['mylib']",
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
        cell_only=True,
    ),
    Scenario(
        "module put into sys.modules by hand",
        RERUN,
        setup="import sys, types\nm = types.ModuleType('madeup')\nm.K = 1\nsys.modules['madeup'] = m",
        step="import madeup\ny = madeup.K",
        edit=("m.K = 1", "m.K = 2"),
    ),
    Scenario(
        "module made of text",
        RERUN,
        setup="import types\nm = types.ModuleType('madeup')\nexec('def f(x):\\n    return x + 1', m.__dict__)",
        step="y = m.f(2)",
        edit=("x + 1", "x + 2"),
    ),
    Scenario(
        "module loaded from a path by its spec",
        RERUN,
        setup="import importlib.util\nspec = importlib.util.spec_from_file_location('odd', 'odd-name.py')\nodd = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(odd)",
        step="y = odd.f(2)",
        edit=("x + 1", "x + 2"),
        modules={"odd-name.py": "K = 1\ndef f(x):\n    return x + 1\n"},
    ),
    Scenario(
        "module loaded from a path by its spec in the step",
        RERUN,
        setup="import importlib.util",
        step="spec = importlib.util.spec_from_file_location('odd', 'odd-name.py')\nodd_mod = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(odd_mod)\ny = odd_mod.f(2)\ndel odd_mod, spec",
        edit=("x + 1", "x + 2"),
        modules={"odd-name.py": "K = 1\ndef f(x):\n    return x + 1\n"},
    ),
    Scenario(
        "autoreload brings an edited function",
        RERUN,
        setup="%load_ext autoreload\n%autoreload 2\nimport mylib",
        step="y = mylib.f(2)",
        live="import os, time\nrewrite('mylib.py', '+ 1', '+ 2')\nos.utime('mylib.py', (time.time() + 5, time.time() + 5))",
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
        cell_only=True,
    ),
    Scenario(
        "autoreload brings an edited method to an old instance",
        RERUN,
        setup="%load_ext autoreload\n%autoreload 2\nfrom shapes import Box\nobj = Box()",
        step="y = obj.area()",
        live="import os, time\nrewrite('shapes.py', 'return 1', 'return 2')\nos.utime('shapes.py', (time.time() + 5, time.time() + 5))",
        modules={"shapes.py": "class Box:\n    def area(self):\n        return 1\n"},
        cell_only=True,
    ),
    Scenario(
        "autoreload brings a function not reached",
        SAME,
        setup="%load_ext autoreload\n%autoreload 2\nimport mylib",
        step="y = mylib.f(2)",
        live="import os, time\nrewrite('mylib.py', 'return 0', 'return 1')\nos.utime('mylib.py', (time.time() + 5, time.time() + 5))",
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\ndef other():\n    return 0\n"
        },
        cell_only=True,
    ),
    Scenario(
        "autoreload before a module first imported in the step",
        RERUN,
        setup="%load_ext autoreload\n%autoreload 2",
        step="from mylib import f\ny = f(2)",
        live="import os, time\nrewrite('mylib.py', '+ 1', '+ 2')\nos.utime('mylib.py', (time.time() + 5, time.time() + 5))",
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
        cell_only=True,
    ),
    Scenario(
        "script run by %run: function edited",
        RERUN,
        setup="%run helper_run.py",
        edit=("+ 1", "+ 2"),
        modules={
            "helper_run.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\ndef other():\n    return 0\nif __name__ == '__main__':\n    ran = 'yes'\n"
        },
        cell_only=True,
    ),
    Scenario(
        "script run by %run: constant edited",
        RERUN,
        setup="%run helper_run.py",
        edit=("K = 3", "K = 5"),
        modules={
            "helper_run.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\ndef other():\n    return 0\nif __name__ == '__main__':\n    ran = 'yes'\n"
        },
        cell_only=True,
    ),
    Scenario(
        "script run by %run: function not reached",
        SAME,
        setup="%run helper_run.py",
        edit=("return 0", "return 1"),
        modules={
            "helper_run.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\ndef other():\n    return 0\nif __name__ == '__main__':\n    ran = 'yes'\n"
        },
        cell_only=True,
    ),
    Scenario(
        "script run by %run -i: constant of the notebook",
        RERUN,
        setup="K = 3\n%run -i helper_i.py",
        edit=("K = 3", "K = 5"),
        modules={"helper_i.py": "def f(x):\n    return x * K\n"},
        cell_only=True,
    ),
    Scenario(
        "constant rebound in the notebook after %run",
        SAME,
        setup="%run helper_run.py\nKK = 1",
        edit=("KK = 1", "K = 9"),
        modules={
            "helper_run.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\ndef other():\n    return 0\nif __name__ == '__main__':\n    ran = 'yes'\n"
        },
        cell_only=True,
    ),
    Scenario(
        "text of a script executed in an earlier cell",
        RERUN,
        setup="exec(open('helper_x.py').read())",
        edit=("+ 1", "+ 2"),
        modules={"helper_x.py": "def f(x):\n    return x + 1\n"},
    ),
    Scenario(
        "text of a script executed in the step",
        RERUN,
        step="names = {}\nexec(open('helper_x.py').read(), names)\ny = names['f'](2)\ndel names",
        edit=("+ 1", "+ 2"),
        modules={"helper_x.py": "def f(x):\n    return x + 1\n"},
    ),
    Scenario(
        "script run by runpy in the step",
        RERUN,
        setup="import runpy",
        step="y = runpy.run_path('helper_x.py')['f'](2)",
        edit=("+ 1", "+ 2"),
        modules={"helper_x.py": "def f(x):\n    return x + 1\n"},
    ),
    Scenario(
        "script run by runpy in the step imports a module",
        RERUN,
        setup="import runpy",
        step="y = runpy.run_path('helper_x.py')['f'](2)",
        edit=("x + 1", "x + 2"),
        modules={
            "helper_x.py": "from mylib import f\n",
            "mylib.py": "def f(x):\n    return x + 1\n",
        },
    ),
    Scenario(
        "module run by runpy by its name",
        RERUN,
        setup="import runpy",
        step="y = runpy.run_module('helper_x')['f'](2)",
        edit=("+ 1", "+ 2"),
        modules={"helper_x.py": "def f(x):\n    return x + 1\n"},
    ),
    Scenario(
        "module run by runpy imports another",
        RERUN,
        setup="import runpy",
        step="y = runpy.run_module('helper_x')['f'](2)",
        edit=("x + 1", "x + 2"),
        modules={
            "helper_x.py": "from mylib import f\n",
            "mylib.py": "def f(x):\n    return x + 1\n",
        },
    ),
    Scenario(
        "module run as a program in a child process",
        RERUN,
        setup="import subprocess, sys",
        step="y = subprocess.run([sys.executable, '-m', 'prog'], capture_output=True, text=True).stdout",
        edit=("'one'", "'two'"),
        modules={"prog.py": "print('one')\n"},
    ),
    Scenario(
        "script run as a program in a child process",
        RERUN,
        setup="import subprocess, sys",
        step="y = subprocess.check_output([sys.executable, 'prog.py'], text=True)",
        edit=("'one'", "'two'"),
        modules={"prog.py": "print('one')\n"},
    ),
    Scenario(
        "module that its own function reads as a text",
        RERUN,
        setup="import mylib",
        step="y = mylib.own()",
        edit=("# one", "# two"),
        modules={
            "mylib.py": "from pathlib import Path\n# one\ndef own():\n    return Path(__file__).read_text().splitlines()[1]\n"
        },
    ),
    Scenario(
        "source of a module's function shown",
        RERUN,
        setup="import inspect, mylib",
        step="y = inspect.getsource(mylib.f)",
        edit=("# one", "# two"),
        modules={"mylib.py": "def f(x):\n    # one\n    return x\n"},
    ),
    Scenario(
        "name of a function's file shown",
        SAME,
        setup="import mylib",
        step="y = mylib.f.__code__.co_name",
        edit=("# one", "# two"),
        modules={"mylib.py": "def f(x):\n    # one\n    return x\n"},
    ),
    Scenario(
        "constants of a module gathered by dir",
        RERUN,
        setup="import mylib",
        step="y = {n: getattr(mylib, n) for n in dir(mylib) if n.isupper()}",
        edit=("A = 1", "A = 2"),
        modules={"mylib.py": "A = 1\nB = 1\n"},
    ),
    Scenario(
        "functions of a module gathered by inspect",
        RERUN,
        setup="import inspect, mylib",
        step="y = [fn(2) for n, fn in inspect.getmembers(mylib, inspect.isfunction)]",
        edit=("+ 1", "+ 2"),
        modules={"mylib.py": "def a(x):\n    return x + 1\ndef b(x):\n    return x\n"},
    ),
    Scenario(
        "functions of a module gathered by their prefix inside it",
        RERUN,
        setup="import mylib",
        step="y = mylib.run_all(2)",
        edit=("+ 1", "+ 2"),
        modules={
            "mylib.py": "import sys\ndef check_a(x):\n    return x + 1\ndef run_all(x):\n    me = sys.modules[__name__]\n    return [getattr(me, n)(x) for n in sorted(dir(me)) if n.startswith('check_')]\n"
        },
    ),
    Scenario(
        "function of a module looked up by a parameter in globals()",
        RERUN,
        setup="import mylib",
        step="y = mylib.call('a', 2)",
        edit=("+ 1", "+ 2"),
        modules={
            "mylib.py": "def do_a(x):\n    return x + 1\ndef call(n, x):\n    return globals()['do_' + n](x)\n"
        },
    ),
    Scenario(
        "class unpickled in the step lives in a module",
        RERUN,
        setup="import pickle\nfrom pathlib import Path\nimport shapes\nPath('o.pkl').write_bytes(pickle.dumps(shapes.Box()))",
        step="y = pickle.loads(Path('o.pkl').read_bytes()).go()",
        edit=("return 1", "return 2"),
        modules={
            "shapes.py": "class Box:\n    def go(self):\n        return 1\n    def other(self):\n        return 0\n"
        },
    ),
    Scenario(
        "function unpickled in the step lives in a module",
        RERUN,
        setup="import pickle\nimport mylib\nraw = pickle.dumps(mylib.f)\ndel mylib",
        step="y = pickle.loads(raw)(2)",
        edit=("+ 1", "+ 2"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "estimator of a local module loaded by joblib",
        RERUN,
        setup="import joblib, ours\njoblib.dump(ours.Plus(), 'm.joblib')",
        step="y = joblib.load('m.joblib').predict(2)",
        edit=("x + 1", "x + 2"),
        modules={
            "ours.py": "from sklearn.base import BaseEstimator\nclass Plus(BaseEstimator):\n    def predict(self, x):\n        return x + 1\n"
        },
    ),
    Scenario(
        "function located by its dotted name",
        RERUN,
        setup="import pydoc",
        step="y = pydoc.locate('mylib.f')(2)",
        edit=("+ 1", "+ 2"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "function resolved by its name with a colon",
        RERUN,
        setup="import pkgutil",
        step="y = pkgutil.resolve_name('mylib:f')(2)",
        edit=("+ 1", "+ 2"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "class named in a configuration file",
        RERUN,
        setup="import importlib, json\ndef build(path):\n    cfg = json.load(open(path))\n    mod, name = cfg['target'].rsplit('.', 1)\n    return getattr(importlib.import_module(mod), name)()",
        step="y = build('cfg.json').go()",
        edit=("return 1", "return 2"),
        modules={
            "shapes.py": "class Box:\n    def go(self):\n        return 1\n    def other(self):\n        return 0\n"
        },
        files={"cfg.json": '{"target": "shapes.Box"}'},
    ),
    Scenario(
        "handler of logging named in a text",
        RERUN,
        setup="import logging.config, io\nout = io.StringIO()",
        step="logging.config.dictConfig({'version': 1, 'formatters': {'f': {'()': 'fmt_mod.F'}}})\nimport sys\ny = sys.modules['fmt_mod'].F().format(None)",
        edit=("'one'", "'two'"),
        modules={
            "fmt_mod.py": "import logging\nclass F(logging.Formatter):\n    def format(self, record):\n        return 'one'\n"
        },
    ),
    Scenario(
        "module reloaded in the step, with nothing edited",
        SAME,
        setup="import mylib, importlib",
        step="importlib.reload(mylib)\ny = mylib.f(2)",
        edit=("import mylib, importlib", "import mylib, importlib  # a"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "function that has the name of its module, the helper edited",
        RERUN,
        setup="from pkg import train",
        step="y = train(2)",
        edit=("x + 1", "x + 2"),
        modules={
            "pkg/__init__.py": "from .train import train\n",
            "pkg/train.py": "def helper(x):\n    return x + 1\ndef train(x):\n    return helper(x)\n",
        },
    ),
    Scenario(
        "function that has the name of its module, imported in the step",
        RERUN,
        step="from pkg import train\ny = train(2)",
        edit=("x + 1", "x + 2"),
        modules={
            "pkg/__init__.py": "from .train import train\n",
            "pkg/train.py": "def helper(x):\n    return x + 1\ndef train(x):\n    return helper(x)\n",
        },
    ),
    Scenario(
        "module hidden by a function of its name",
        RERUN,
        step="from pkg.train import helper\ny = helper(2)",
        edit=("x + 1", "x + 2"),
        modules={
            "pkg/__init__.py": "from .train import train\n",
            "pkg/train.py": "def helper(x):\n    return x + 1\ndef train(x):\n    return helper(x)\n",
        },
    ),
    Scenario(
        "dotted import as binds the function of that name",
        RERUN,
        step="import pkg.train as t\ny = t(2)",
        edit=("x + 1", "x + 2"),
        modules={
            "pkg/__init__.py": "from .train import train\n",
            "pkg/train.py": "def helper(x):\n    return x + 1\ndef train(x):\n    return helper(x)\n",
        },
    ),
    Scenario(
        "module whose class has a property",
        RERUN,
        setup="import mylib",
        step="y = mylib.LIMIT",
        edit=("return 1", "return 2"),
        modules={
            "mylib.py": "import sys, types\nclass M(types.ModuleType):\n    @property\n    def LIMIT(self):\n        return 1\nsys.modules[__name__].__class__ = M\n"
        },
    ),
    Scenario(
        "module that put an object in its place",
        RERUN,
        setup="import mylib",
        step="y = mylib.limit()",
        edit=("return 1", "return 2"),
        modules={
            "mylib.py": "import sys\nclass M:\n    def limit(self):\n        return 1\nsys.modules[__name__] = M()\n"
        },
    ),
    Scenario(
        "module that put an object in its place, imported in the step",
        RERUN,
        step="import mylib\ny = mylib.limit()",
        edit=("return 1", "return 2"),
        modules={
            "mylib.py": "import sys\nclass M:\n    def limit(self):\n        return 1\nsys.modules[__name__] = M()\n"
        },
    ),
    Scenario(
        "module loaded by a lazy loader",
        RERUN,
        setup="import sys, importlib.util as u\nspec = u.find_spec('mylib')\nspec.loader = u.LazyLoader(spec.loader)\nmylib = u.module_from_spec(spec)\nsys.modules['mylib'] = mylib\nspec.loader.exec_module(mylib)\ndel spec",
        step="y = mylib.f(2)",
        edit=("+ 1", "+ 2"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
    ),
    Scenario(
        "set of lambdas at the top of a module",
        SAME,
        setup="import checks",
        step="y = sorted(c(2) for c in checks.ALL)",
        edit=("import checks", "import checks  # a"),
        modules={
            "checks.py": "ALL = {(lambda x: x + 0), (lambda x: x + 1), (lambda x: x + 2), (lambda x: x + 3), (lambda x: x + 4), (lambda x: x + 5), (lambda x: x + 6), (lambda x: x + 7)}\n"
        },
    ),
    Scenario(
        "set of closures of one maker",
        SAME,
        setup="import checks",
        step="y = sorted(c(2) for c in checks.ALL)",
        edit=("import checks", "import checks  # a"),
        modules={
            "checks.py": "def make(i):\n    def inner(x):\n        return x + i\n    return inner\nALL = {make(i) for i in range(8)}\n"
        },
    ),
    Scenario(
        "set of classes at the top of a module",
        SAME,
        setup="import checks",
        step="y = sorted(c.k for c in checks.ALL)",
        edit=("import checks", "import checks  # a"),
        modules={
            "checks.py": "def make(i):\n    class A:\n        k = i\n    return A\nALL = {make(i) for i in range(8)}\n"
        },
    ),
    Scenario(
        "attribute put two deep into an installed package",
        RERUN,
        setup="import xml.dom\nxml.dom.MINE = 1",
        step="y = xml.dom.MINE",
        edit=("MINE = 1", "MINE = 2"),
    ),
    Scenario(
        "attribute put into an installed package and read in a helper",
        RERUN,
        setup="import numpy as np\nnp.MINE = 1\ndef h():\n    return np.MINE",
        step="y = h()",
        edit=("MINE = 1", "MINE = 2"),
    ),
    Scenario(
        "function of numpy wrapped by itself",
        RERUN,
        setup="import numpy as np\nimport functools\nold = np.median\nnp.median = functools.lru_cache(lambda *a: 1)",
        step="y = np.median((1, 2))",
        edit=("*a: 1", "*a: 2"),
    ),
    Scenario(
        "accessor registered by a local module",
        RERUN,
        setup="import acc\nimport pandas as pd\ndf = pd.DataFrame({'x': [1]})",
        step="y = df.ours.total()",
        edit=("+ 1", "+ 2"),
        modules={
            "acc.py": "import pandas as pd\n@pd.api.extensions.register_dataframe_accessor('ours')\nclass Ours:\n    def __init__(self, df):\n        self.df = df\n    def total(self):\n        return int(self.df.x.sum()) + 1\n"
        },
    ),
    Scenario(
        "encoder of JSON registered in a local module",
        RERUN,
        setup="import enc, json",
        step="y = json.dumps({1}, cls=enc.E)",
        edit=("'one'", "'two'"),
        modules={
            "enc.py": "import json\nclass E(json.JSONEncoder):\n    def default(self, o):\n        return 'one'\n"
        },
    ),
    Scenario(
        "number of a module moved on when the step runs twice",
        RERUN,
        setup="import ids",
        step="y = ids.new()",
        live="pass",
        modules={"ids.py": "N = 0\ndef new():\n    global N\n    N += 1\n    return N\n"},
        reads_itself=True,
    ),
    Scenario(
        "module imported by an earlier step with a star",
        RERUN,
        setup="%%step one\nfrom mylib import *\nn = 1",
        edit=("+ 1", "+ 2"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\n"
        },
        cell_only=True,
    ),
    Scenario(
        "main guard of a module edited",
        SAME,
        setup="import mylib",
        step="y = mylib.f(2)",
        edit=("main_part = 1", "main_part = 2"),
        modules={
            "mylib.py": "K = 3\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\nif __name__ == '__main__':\n    main_part = 1\n"
        },
    ),
    Scenario(
        "future import added to a module",
        SAME,
        setup="from mylib import f",
        edit=("# top", "from __future__ import annotations"),
        modules={"mylib.py": "# top\ndef f(x: int) -> int:\n    return x + 1\n"},
    ),
    Scenario(
        "imports of a module put in another order",
        SAME,
        setup="from mylib import f",
        step="y = f(4)",
        edit=("import math\nimport os\n", "import os\nimport math\n"),
        modules={"mylib.py": "import math\nimport os\ndef f(x):\n    return math.sqrt(x)\n"},
    ),
    Scenario(
        "import of another installed module added to a module",
        SAME,
        setup="from mylib import f",
        step="y = f(4)",
        edit=("# more", "import pandas as pd"),
        modules={"mylib.py": "import math\n# more\ndef f(x):\n    return math.sqrt(x)\n"},
    ),
    Scenario(
        "functions of a module put in another order",
        SAME,
        setup="from mylib import f",
        step="y = f(4)",
        edit=(
            "def g(x):\n    return x + 1\ndef f(x):\n    return g(x)\n",
            "def f(x):\n    return g(x)\ndef g(x):\n    return x + 1\n",
        ),
        modules={"mylib.py": "def g(x):\n    return x + 1\ndef f(x):\n    return g(x)\n"},
    ),
    Scenario(
        "local package gets another unrelated submodule import",
        SAME,
        setup="import pkg",
        step="y = pkg.f(2)",
        edit=("# more", "from . import extra"),
        modules={
            "pkg/__init__.py": "from .a import f\n# more\n",
            "pkg/a.py": "def f(x):\n    return x + 1\n",
            "pkg/extra.py": "K = 1\n",
        },
    ),
    Scenario(
        "constant of Python's replaced that its functions read",
        RERUN,
        setup="import colorsys\ncolorsys.TWO_THIRD = 0.5",
        step="y = colorsys.hls_to_rgb(0.55, 0.5, 0.5)",
        edit=("TWO_THIRD = 0.5", "TWO_THIRD = 0.9"),
    ),
    Scenario(
        "flag of an installed submodule set that its classes read",
        RERUN,
        setup="from PIL import Image, ImageFile\nimport io\nImageFile.LOAD_TRUNCATED_IMAGES = False\nb = io.BytesIO()\nImage.linear_gradient('L').save(b, 'BMP')\nraw = b.getvalue()[:-9000]",
        step="def try_open(raw):\n    try:\n        return Image.open(io.BytesIO(raw)).convert('L').getpixel((0, 0))\n    except (OSError, SyntaxError):\n        return 'broken'\ny = try_open(raw)",
        edit=("IMAGES = False", "IMAGES = True"),
    ),
    Scenario(
        "class defined again with equal text beside an old instance",
        RERUN,
        setup="class A:\n    pass\nobj = A()\n# again",
        step="y = isinstance(obj, A)",
        edit=("# again", "class A:\n    pass"),
    ),
    Scenario(
        "member of an enum beside the enum defined again",
        RERUN,
        setup="import enum\nclass E(enum.Enum):\n    A = 1\nchosen = E.A\n# again",
        step="y = chosen == E.A",
        edit=("# again", "class E(enum.Enum):\n    A = 1"),
    ),
    Scenario(
        "set of lambdas in the notebook",
        SAME,
        setup="ALL = {(lambda x: x + 0), (lambda x: x + 1), (lambda x: x + 2), (lambda x: x + 3), (lambda x: x + 4), (lambda x: x + 5), (lambda x: x + 6), (lambda x: x + 7)}",
        step="y = sorted(c(2) for c in ALL)",
        edit=("ALL = ", "ALL =  "),
    ),
    Scenario(
        "dict of lambdas in a set's order",
        SAME,
        setup="ALL = {k: (lambda x: x + 1) for k in ('a', 'b')}",
        step="y = ALL['a'](1)",
        edit=("ALL = ", "ALL =  "),
    ),
    Scenario(
        "type checking block in the step",
        SAME,
        setup="from typing import TYPE_CHECKING",
        step="if TYPE_CHECKING:\n    from noisy import Thing\nimport base_cfg\ny = base_cfg.SIZE",
        edit=("# one", "# two"),
        modules={
            "base_cfg.py": "SIZE = 1\n",
            "noisy.py": "# one\nimport base_cfg\nbase_cfg.SIZE = 99\nclass Thing:\n    pass\n",
        },
    ),
    Scenario(
        "module imported inside a helper that is never called",
        SAME,
        setup="def cli():\n    import noisy\n    return noisy\ndef f(x):\n    if x > 100:\n        return cli()\n    import base_cfg\n    return base_cfg.SIZE",
        edit=("# one", "# two"),
        modules={
            "base_cfg.py": "SIZE = 1\n",
            "noisy.py": "# one\nimport base_cfg\nbase_cfg.SIZE = 99\n",
        },
    ),
    Scenario(
        "module that asks for a setting and is imported after it was made",
        RERUN,
        step="import base_cfg\nbase_cfg.configure(5)\nfrom model import SIZE\ny = SIZE",
        edit=("(5)", "(6)"),
        modules={
            "base_cfg.py": "OPT = {}\ndef configure(n):\n    OPT['n'] = n\n",
            "model.py": "import base_cfg\nSIZE = base_cfg.OPT.get('n')\n",
        },
    ),
    Scenario(
        "warnings silenced in the step before a module warns at import",
        SAME,
        setup="import warnings",
        step="with warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n    import warns\ny = len(w)\ndel w",
        edit=("import warnings", "import warnings  # a"),
        modules={"warns.py": "import warnings\nwarnings.warn('old')\n"},
    ),
    Scenario(
        "package installed in a folder of the project upgraded",
        RERUN,
        setup="import sys\nsys.path.insert(0, 'libs')\nimport tpkg",
        step="y = tpkg.f(2)",
        edit=("x + 1", "x + 2"),
        modules={
            "libs/tpkg/__init__.py": "def f(x):\n    return x + 1\n",
            "libs/tpkg-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tpkg\nVersion: 1.0\n",
        },
    ),
    Scenario(
        "class of a module decorated by a registry of another and found by name",
        RERUN,
        setup="import zoo, models",
        step="y = zoo.create('a')",
        edit=("return 1", "return 2"),
        modules={
            "zoo.py": "_R = {}\ndef model(cls):\n    _R[cls.__name__.lower()] = cls\n    return cls\ndef create(n):\n    return _R[n]().go()\n",
            "models.py": "from zoo import model\n@model\nclass A:\n    def go(self):\n        return 1\n",
        },
    ),
]
