"""Modules that are loaded by the step itself, or perhaps not: nobody may load them before it."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME
from tests.soundness.scenario import scenario as _

BASE = {"base_cfg.py": "SIZE = 1\n"}
NOISY = BASE | {"noisy.py": "import base_cfg\nbase_cfg.SIZE = 99  # one\nclass Thing:\n    pass\n"}
LIB = {
    "mylib.py": "K = 3\nL = 0\ndef g(x):\n    return x * K\ndef f(x):\n    return g(x) + 1\ndef other():\n    return 0\n"
}
PKG = {
    "pkg/__init__.py": "from .a import f\nTOP = 1\n",
    "pkg/a.py": "from . import b\nfrom .b import K\ndef f(x):\n    return b.g(x) + K\ndef unused():\n    return 0\n",
    "pkg/b.py": "K = 3\ndef g(x):\n    return x + 1\ndef unused():\n    return 0\n",
}
LOADS_SUB = {
    "pkg/__init__.py": "import pkg.sub\n",
    "pkg/sub.py": "def f(x):\n    return x + 1\ndef unused():\n    return 0\n",
}
CIRCLE = {
    "a_mod.py": "import b_mod\ndef f(x):\n    return b_mod.g(x)\ndef base():\n    return 7\ndef unused():\n    return 0\n",
    "b_mod.py": "import a_mod\ndef g(x):\n    return a_mod.base() + x\n",
}
DEEP = {
    "pkg/__init__.py": "",
    "pkg/a/__init__.py": "",
    "pkg/a/b/__init__.py": "from ..c import K\nfrom ...top import g\ndef f(x):\n    return g(x) * K\n",
    "pkg/a/c.py": "K = 3\nL = 4\n",
    "pkg/top.py": "def g(x):\n    return x + 1\ndef unused():\n    return 0\n",
}
SHADOW = {
    "pkg/__init__.py": "from .train import train\n",
    "pkg/train.py": "def helper(x):\n    return x + 1\ndef train(x):\n    return helper(x)\ndef unused():\n    return 0\n",
}
LAZY = {
    "pkg/__init__.py": "import importlib\ndef __getattr__(name):\n    if name == 'sub':\n        return importlib.import_module('pkg.sub')\n    raise AttributeError(name)\n",
    "pkg/sub.py": "def f(x):\n    return x + 1\n",
}
REGISTRY = {
    "registry.py": "TABLE = {}\ndef register(name):\n    def deco(fn):\n        TABLE[name] = fn\n        return fn\n    return deco\ndef call(name, x):\n    return TABLE[name](x)\n",
    "plugins.py": "from registry import register\nHELP = 1\n@register('a')\ndef a(x):\n    return x + 1\n",
}
REEXPORT = {
    "api.py": "from impl import f as run, g\nVERSION = '1'\n",
    "impl.py": "def f(x):\n    return x + 1\ndef g(x):\n    return x\n",
}
STARRED = {
    "api.py": "from impl import *\n",
    "impl.py": "_K = 1\ndef f(x):\n    return x + _K\ndef g(x):\n    return 0\n",
}
FALLBACK = "def f(x):\n    try:\n        from fast import g\n    except ImportError:\n        from slow import g\n    return g(x)"
PLACED = {
    "mylib.py": "import sys\nclass M:\n    def limit(self):\n        return 1\nsys.modules[__name__] = M()\n"
}
WARNS = "with warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n    import warns\ny = len(w)\ndel w"
READS_FILE = "from pathlib import Path\np = Path('made.txt')\nTEXT = p.read_text() if p.exists() else 'none'\n"

_MOMENT = [
    _(
        "environment set in the step before a module reads it at import",
        RERUN,
        "",
        ("'fast'", "'slow'"),
        step="import os\nos.environ['ZZ_MODE'] = 'fast'\nimport modecfg\ny = modecfg.MODE",
        modules={"modecfg.py": "import os\nMODE = os.environ.get('ZZ_MODE', 'none')\n"},
    ),
    _(
        "seed set in the step before a module draws at import",
        RERUN,
        "import random",
        ("seed(1)", "seed(2)"),
        step="random.seed(1)\nimport drawn\ny = drawn.X",
        modules={"drawn.py": "import random\nX = random.random()\n"},
    ),
    _(
        "module asks for a setting that the step made before its import",
        RERUN,
        "",
        ("(5)", "(6)"),
        step="import base_cfg\nbase_cfg.configure(5)\nfrom model import SIZE\ny = SIZE",
        modules={
            "base_cfg.py": "OPT = {}\ndef configure(n):\n    OPT['n'] = n\n",
            "model.py": "import base_cfg\nSIZE = base_cfg.OPT.get('n')\n",
        },
    ),
    _(
        "module reads a file that the step wrote before its import",
        RERUN,
        "",
        ("'one'", "'two'"),
        step="from pathlib import Path\nPath('made.txt').write_text('one')\nimport readit\ny = readit.TEXT",
        modules={"readit.py": READS_FILE},
    ),
    _(
        "module prints while the step imports it",
        RERUN,
        "",
        ("'hi'", "'ho'"),
        step="import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    import chatty\ny = out.getvalue()",
        modules={"chatty.py": "print('hi')\n"},
    ),
    _(
        "module warns while the step imports it and listens",
        SAME,
        "import warnings",
        ("import warnings", "import warnings  # a"),
        step=WARNS,
        modules={"warns.py": "import warnings\nwarnings.warn('old')\n"},
    ),
    _(
        "branch not taken imports a module that changes another",
        SAME,
        "import base_cfg\nverbose = False",
        ("= False", "= not True"),
        step="if verbose:\n    import noisy\ny = base_cfg.SIZE",
        modules=NOISY,
    ),
    _(
        "branch not taken imports a module that ends the process",
        SAME,
        "verbose = False",
        ("= False", "= not True"),
        step="if verbose:\n    import command_line\ny = 1",
        modules={"command_line.py": "import sys\nsys.exit(2)\n"},
    ),
    _(
        "type checking block of the step imports a module that changes another",
        SAME,
        "from typing import TYPE_CHECKING",
        ("import base_cfg\n", "import base_cfg  # a\n"),
        step="import base_cfg\nif TYPE_CHECKING:\n    from noisy import Thing\ny = base_cfg.SIZE",
        modules=NOISY,
    ),
    _(
        "helper that is never called imports a module that changes another",
        SAME,
        "def cli():\n    import noisy\n    return noisy\ndef f(x):\n    if x > 100:\n        return cli()\n    import base_cfg\n    return base_cfg.SIZE",
        ("import noisy\n", "import noisy  # a\n"),
        modules=NOISY,
    ),
    _(
        "helper that is never called imports what ends the process",
        SAME,
        "def f(x):\n    if x > 100:\n        import command_line\n    return x",
        ("return x", "return  x"),
        modules={"command_line.py": "import sys\nsys.exit(2)\n"},
    ),
]

_PARTS = [
    _(
        "module imported in the step: default from another module",
        RERUN,
        "",
        ("BASE = 2", "BASE = 3"),
        step="from model import f\ny = f()",
        modules={
            "settings_mod.py": "BASE = 2\n",
            "model.py": "import settings_mod\ndef f(x=settings_mod.BASE):\n    return x\n",
        },
    ),
    _(
        "module imported in the step: constant computed from another's",
        RERUN,
        "",
        ("BASE = 2", "BASE = 3"),
        step="from model import SIZE\ny = SIZE",
        modules={
            "settings_mod.py": "BASE = 2\nOTHER = 0\n",
            "model.py": "from settings_mod import BASE\nSIZE = BASE * 2\n",
        },
    ),
    _(
        "module imported in the step: constant of another not used",
        SAME,
        "",
        ("OTHER = 0", "OTHER = 1"),
        step="from model import SIZE\ny = SIZE",
        modules={
            "settings_mod.py": "BASE = 2\nOTHER = 0\n",
            "model.py": "from settings_mod import BASE\nSIZE = BASE * 2\n",
        },
    ),
    _(
        "package imported in the step: function of a submodule",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="import pkg\ny = pkg.f(2)",
        modules=PKG,
    ),
    _(
        "package imported in the step: constant by relative import",
        RERUN,
        "",
        ("K = 3", "K = 4"),
        step="from pkg import f\ny = f(2)",
        modules=PKG,
    ),
    _(
        "package imported in the step: what is not reached",
        SAME,
        "",
        (("return 0", "return 9"), ("TOP = 1", "TOP = 2")),
        step="from pkg import f\ny = f(2)",
        modules=PKG,
    ),
    _(
        "package imported in the step loads its submodule",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="import pkg\ny = pkg.sub.f(2)",
        modules=LOADS_SUB,
    ),
    _(
        "package imported in the step loads its submodule: not reached",
        SAME,
        "",
        ("return 0", "return 9"),
        step="import pkg\ny = pkg.sub.f(2)",
        modules=LOADS_SUB,
    ),
    _(
        "package imported in the step finds its submodule when asked",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="from pkg import sub\ny = sub.f(2)",
        modules=LAZY,
    ),
    _(
        "circular modules imported in the step",
        RERUN,
        "",
        ("return 7", "return 8"),
        step="import a_mod\ny = a_mod.f(2)",
        modules=CIRCLE,
    ),
    _(
        "circular modules imported in the step: not reached",
        SAME,
        "",
        ("return 0", "return 9"),
        step="import b_mod\ny = b_mod.g(2)",
        modules=CIRCLE,
    ),
    _(
        "three packages deep in the step: function by three dots",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="import pkg.a.b\ny = pkg.a.b.f(2)",
        modules=DEEP,
    ),
    _(
        "three packages deep in the step: not used",
        SAME,
        "",
        (("L = 4", "L = 5"), ("return 0", "return 9")),
        step="from pkg.a.b import f\ny = f(2)",
        modules=DEEP,
    ),
    _(
        "package without a file of its own in the step",
        RERUN,
        "",
        ("K = 1", "K = 2"),
        step="from space.one import f\ny = f(2)",
        modules={
            "space/one.py": "from space.two import K\ndef f(x):\n    return x + K\n",
            "space/two.py": "K = 1\nL = 1\n",
        },
    ),
    _(
        "package without a file of its own in the step: not reached",
        SAME,
        "",
        ("L = 1", "L = 2"),
        step="import space.one\ny = space.one.f(2)",
        modules={
            "space/one.py": "from space.two import K\ndef f(x):\n    return x + K\n",
            "space/two.py": "K = 1\nL = 1\n",
        },
    ),
    _(
        "function that has the name of its module in the step",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="from pkg import train\ny = train(2)",
        modules=SHADOW,
    ),
    _(
        "function that has the name of its module in the step: not reached",
        SAME,
        "",
        ("return 0", "return 9"),
        step="from pkg import train\ny = train(2)",
        modules=SHADOW,
    ),
    _(
        "dotted import as finds the function of that name",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="import pkg.train as t\ny = t(2)",
        modules=SHADOW,
    ),
    _(
        "name handed on by another module in the step",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="from api import run\ny = run(2)",
        modules=REEXPORT,
    ),
    _(
        "name handed on by another module in the step: another one edited",
        SAME,
        "",
        (("return x\n", "return -x\n"), ("'1'", "'2'")),
        step="from api import run\ny = run(2)",
        modules=REEXPORT,
    ),
    _(
        "names handed on are exchanged",
        RERUN,
        "",
        ("import f as run, g", "import g as run, f"),
        step="from api import run\ny = run(2)",
        modules=REEXPORT,
    ),
    _(
        "name handed on by a star in the step",
        RERUN,
        "",
        ("_K = 1", "_K = 2"),
        step="from api import f\ny = f(2)",
        modules=STARRED,
    ),
    _(
        "name handed on by a star in the step: another one edited",
        SAME,
        "",
        ("return 0", "return 9"),
        step="from api import f\ny = f(2)",
        modules=STARRED,
    ),
    _(
        "star import in the step comes to shadow a name of Python",
        RERUN,
        "",
        ("# more", "def max(x):\n    return 'mine'"),
        step="from mylib import *\ny = max([1, 5])",
        modules={"mylib.py": "def f(x):\n    return x\n# more\n"},
        cell_only=True,
    ),
    _(
        "star import in the step: name left out of __all__",
        RERUN,
        "def g(x):\n    return 'notebook'",
        ("['f', 'g']", "['f']"),
        step="from mylib import *\ny = g(2)",
        modules={
            "mylib.py": "__all__ = ['f', 'g']\ndef f(x):\n    return x\ndef g(x):\n    return 'lib'\n"
        },
        cell_only=True,
    ),
    _(
        "getattr of a module imported in the step",
        RERUN,
        "name = 'f'",
        ("+ 1", "+ 2"),
        step="import mylib\ny = getattr(mylib, name)(2)",
        modules=LIB,
    ),
    _(
        "module imported in the step is passed on whole",
        RERUN,
        "def h(m):\n    return m.f(2)",
        ("x * K", "x + K"),
        step="import mylib\ny = h(mylib)",
        modules=LIB,
    ),
    _(
        "text evaluated in a module imported in the step",
        RERUN,
        "",
        ("K = 3", "K = 4"),
        step="import mylib\ny = mylib.h()",
        modules={"mylib.py": "K = 3\ndef h():\n    return eval('K * 2')\n"},
    ),
    _(
        "globals of a module imported in the step, by a name put together",
        RERUN,
        "",
        ("+ 1", "+ 2"),
        step="import mylib\ny = mylib.call('a', 2)",
        modules={
            "mylib.py": "def do_a(x):\n    return x + 1\ndef call(n, x):\n    return globals()['do_' + n](x)\n"
        },
    ),
    _(
        "class of a module imported in the step",
        RERUN,
        "",
        ("return 1", "return 2"),
        step="from mylib import B\ny = B().go()",
        modules={
            "mylib.py": "class A:\n    def go(self):\n        return 1\nclass B(A):\n    k = 1\n"
        },
    ),
    _(
        "dataclass of a module imported in the step: another class edited",
        SAME,
        "",
        ("b: int = 1", "b: int = 2"),
        step="from mylib import A\ny = A().a",
        modules={
            "mylib.py": "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int = 1\n@dataclass\nclass B:\n    b: int = 1\n"
        },
    ),
    _(
        "docstring and annotation of a module imported in the step",
        SAME,
        "",
        (("'''one'''", "'''two'''"), ("x: int", "x: float")),
        step="from mylib import f\ny = f(2)",
        modules={
            "mylib.py": "'''one'''\ndef f(x: int):\n    '''one'''\n    return x + 1\nf_too: 'one' = 1\n"
        },
    ),
    _(
        "docstring of a module imported in the step is shown",
        RERUN,
        "",
        ("'''one'''", "'''two'''"),
        step="import mylib\ny = mylib.f.__doc__",
        modules={"mylib.py": "def f(x):\n    '''one'''\n    return x + 1\n"},
    ),
    _(
        "file beside a module imported in the step",
        RERUN,
        "",
        ('"a": 1', '"a": 2'),
        step="import conf\ny = conf.CFG['a']",
        modules={
            "conf.py": "import json\nfrom pathlib import Path\nCFG = json.loads((Path(__file__).parent / 'conf.json').read_text())\n"
        },
        files={"conf.json": '{"a": 1}'},
    ),
]

_EFFECTS = [
    _(
        "statement of a module imported in the step, of which nothing is used",
        RERUN,
        "import base_cfg",
        ("= 99", "= 98"),
        step="import noisy\ny = base_cfg.SIZE",
        modules=NOISY,
        cell_only=True,
        reads_itself=True,
    ),
    _(
        "function registered by a plugin imported in the step",
        RERUN,
        "import registry",
        ("x + 1", "x + 2"),
        step="import plugins\ny = registry.call('a', 2)",
        modules=REGISTRY,
        reads_itself=True,
    ),
    _(
        "plugin imported in the step for a constant",
        RERUN,
        "import registry",
        ("x + 1", "x + 2"),
        step="from plugins import HELP\ny = registry.call('a', HELP)",
        modules=REGISTRY,
        reads_itself=True,
    ),
    _(
        "plugin and its registry imported in the step",
        RERUN,
        "",
        ("x + 1", "x + 2"),
        step="import plugins, registry\ny = registry.call('a', 2)",
        modules=REGISTRY,
        reads_itself=True,
    ),
    _(
        "plugin and its registry imported in the step: a constant edited",
        SAME,
        "",
        ("HELP = 1", "HELP = 2"),
        step="import plugins, registry\ny = registry.call('a', 2)",
        modules=REGISTRY,
        reads_itself=True,
    ),
    _(
        "object put in a module's place, imported in the step",
        RERUN,
        "",
        ("return 1", "return 2"),
        step="import mylib\ny = mylib.limit()",
        modules=PLACED,
    ),
    _(
        "object put in a module's place is there already",
        RERUN,
        "import mylib as before",
        ("return 1", "return 2"),
        step="import mylib\ny = mylib.limit()",
        modules=PLACED,
    ),
    _(
        "program's part of a module imported in the step",
        SAME,
        "",
        ("K = 4", "K = 5"),
        step="import mylib\ny = mylib.f(2)",
        modules={"mylib.py": LIB["mylib.py"] + "if __name__ == '__main__':\n    K = 4\n"},
    ),
    _(
        "imports of a module imported in the step in another order",
        SAME,
        "",
        ("import math\nimport os\n", "import os\nimport math\n"),
        step="from mylib import f\ny = f(4)",
        modules={"mylib.py": "import math\nimport os\ndef f(x):\n    return math.sqrt(x)\n"},
    ),
    _(
        "quiet module of the project imported by one imported in the step",
        SAME,
        "",
        ("# more", "from . import extra"),
        step="import pkg\ny = pkg.f(2)",
        modules={
            "pkg/__init__.py": "from .a import f\n# more\n",
            "pkg/a.py": "def f(x):\n    return x + 1\n",
            "pkg/extra.py": "K = 1\n",
        },
    ),
    _(
        "subclasses of a class in the modules imported in the step",
        RERUN,
        "",
        ("return 1", "return 2"),
        step="import impls\nfrom bases import Base\ny = [k().go() for k in Base.__subclasses__()]",
        modules={
            "bases.py": "class Base:\n    pass\n",
            "impls.py": "from bases import Base\nclass A(Base):\n    def go(self):\n        return 1\n",
        },
    ),
]

_THERE_OR_NOT = [
    _(
        "fast module that could not be imported now can",
        RERUN,
        FALLBACK,
        ("raise ImportError('no')", "pass"),
        modules={
            "fast.py": "raise ImportError('no')\ndef g(x):\n    return 'fast'\n",
            "slow.py": "def g(x):\n    return 'slow'\n",
        },
    ),
    _(
        "slow module used while the fast one is missing",
        RERUN,
        FALLBACK,
        ("'slow'", "'slower'"),
        modules={"slow.py": "def g(x):\n    return 'slow'\n"},
    ),
    _(
        "fallback at the top of a module imported in the step",
        RERUN,
        "",
        ("return 1", "return 2"),
        step="from mylib import f\ny = f(2)",
        modules={
            "mylib.py": "try:\n    from no_such_speedups import g\nexcept ImportError:\n    def g():\n        return 1\ndef f(x):\n    return g() + x\n"
        },
    ),
    _(
        "module for a fallback comes to be while the fallback is loaded",
        RERUN,
        "",
        step="from mylib import f\ny = f(2)",
        modules={
            "mylib.py": "try:\n    from speedups import g\nexcept ImportError:\n    def g():\n        return 1\ndef f(x):\n    return g() + x\n"
        },
        live="rewrite('speedups.py', '', 'def g():\\n    return 5\\n')",
        cell_only=True,
    ),
    _(
        "module in a zip is imported in the step",
        RERUN,
        "import zipfile, sys\nwith zipfile.ZipFile('lib.zip', 'w') as z:\n    z.writestr(zipfile.ZipInfo('zipped.py', (2020, 1, 1, 0, 0, 0)), 'def f(x):\\n    return x + 1\\n')\nsys.path.insert(0, 'lib.zip')",
        ("x + 1", "x + 2"),
        step="import zipped\ny = zipped.f(2)",
    ),
    _(
        "module searched for by find_spec before its import",
        RERUN,
        "import importlib.util",
        ("+ 1", "+ 2"),
        step="if importlib.util.find_spec('mylib'):\n    import mylib\n    y = mylib.f(2)\nelse:\n    y = 0",
        modules=LIB,
    ),
    _(
        "module imported by an earlier step",
        RERUN,
        "%%step one\nimport mylib\nn = 1",
        ("+ 1", "+ 2"),
        step="y = mylib.f(2)",
        modules=LIB,
        cell_only=True,
    ),
]

_AGAIN = [
    _(
        "module that the step loaded gets another constant",
        RERUN,
        "",
        step="import mylib\ny = mylib.f(2)",
        modules=LIB,
        live="import mylib as m\nm.K = 9",
    ),
    _(
        "module that the step loaded gets another function",
        RERUN,
        "",
        step="from mylib import f\ny = f(2)",
        modules=LIB,
        live="import mylib as m\nm.g = lambda x: 0",
    ),
    _(
        "class of a module that the step loaded gets another attribute",
        RERUN,
        "",
        step="from mylib import A\ny = A.k",
        modules={"mylib.py": "class A:\n    k = 1\n"},
        live="import mylib as m\nm.A.k = 2",
    ),
    _(
        "table of a module that the step loaded is filled",
        RERUN,
        "",
        step="import mylib\ny = dict(mylib.T)",
        modules={"mylib.py": "T = {}\n"},
        live="import mylib as m\nm.T['a'] = 1",
    ),
    _(
        "what a module that the step loaded was made from changes",
        RERUN,
        "",
        step="from model import SIZE\nimport settings_mod\ny = [SIZE, settings_mod.BASE]",
        modules={
            "settings_mod.py": "BASE = 2\n",
            "model.py": "from settings_mod import BASE\nSIZE = BASE * 2\n",
        },
        live="import settings_mod as m\nm.BASE = 5",
        cell_only=True,
    ),
    _(
        "module that the step loaded is edited and not reloaded",
        SAME,
        "",
        step="import mylib\ny = mylib.f(2)",
        modules=LIB,
        live="rewrite('mylib.py', '+ 1', '+ 2')",
        cell_only=True,
    ),
    _(
        "module that the step loaded is edited and reloaded",
        RERUN,
        "",
        step="import mylib\ny = mylib.f(2)",
        modules=LIB,
        live="import mylib as m\nrewrite('mylib.py', '+ 1', '+ 2')\nimport importlib\nimportlib.reload(m)",
    ),
    _(
        "module that the step loaded is taken out and edited",
        RERUN,
        "",
        step="import mylib\ny = mylib.f(2)",
        modules=LIB,
        live="rewrite('mylib.py', '+ 1', '+ 2')\nimport sys\nsys.modules.pop('mylib', None)",
    ),
    _(
        "module that the step imports is loaded by another cell meanwhile",
        SAME,
        "",
        step="def late():\n    import mylib\n    return mylib.f(2)\ny = 2 if 'z' > 'a' else late()",
        modules=LIB,
        live="import mylib",
    ),
    _(
        "table of a module grows in the step that loads it",
        SAME,
        "",
        ("y = n", "y = (n)"),
        step="import state\nn = state.add(3)\ny = n",
        modules={"state.py": "SEEN = []\ndef add(x):\n    SEEN.append(x)\n    return len(SEEN)\n"},
        reads_itself=True,
    ),
]

SCENARIOS = [*_MOMENT, *_PARTS, *_EFFECTS, *_THERE_OR_NOT, *_AGAIN]
