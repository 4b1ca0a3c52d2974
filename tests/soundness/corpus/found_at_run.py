"""Modules, classes and texts of modules that only the running step finds."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME, Scenario, scenario

ONE = ("x + 1", "x + 2")
FAST = {"fast_mod.py": "# of the fast one\ndef f(x):\n    return x + 1\n"}
STEPS = {
    "steps/__init__.py": "",
    "steps/one.py": "def f(x):\n    return x + 1\n",
    "steps/two.py": "def f(x):\n    return x * 2\n",
}
EACH = "y = [importlib.import_module('steps.' + n).f(2) for n in {}]"
LIB = {"mylib.py": "K = 3\ndef f(x):\n    return x + 1\ndef other(x):\n    return 0\n"}
BOX = {
    "shapes.py": "# shapes\nclass Box:\n    def go(self):\n        return 1\n"
    "class Ball:\n    def go(self):\n        return 7\n"
}
BUILD = (
    "import importlib, json\ndef build(path):\n    cfg = json.load(open(path))\n"
    "    mod, name = cfg['target'].rsplit('.', 1)\n"
    "    return getattr(importlib.import_module(mod), name)()"
)
SCRIPT = {"helper_x.py": "from mylib import f\nlast = 0\n", **LIB}
PROGRAM = {"prog.py": "print('one')\n"}
RUN = "import subprocess, sys\nname = 'pro'"
OWN = {
    "mylib.py": "from pathlib import Path\n# one\ndef own():\n"
    "    return Path(__file__).read_text().splitlines()[1]\ndef f():\n    return 1\n"
}


def _(
    name: str, rerun: bool, setup: str = "", edit=None, step: str = "y = f(2)", **more
) -> Scenario:
    return scenario(name, rerun, setup, edit, step=step, **more)


SCENARIOS = [
    _(
        "module of a computed name",
        RERUN,
        "import importlib\nkind = 'fast'",
        ONE,
        "y = importlib.import_module(f'{kind}_mod').f(2)",
        modules=FAST,
    ),
    _(
        "module of a computed name: comment",
        SAME,
        "import importlib\nkind = 'fast'",
        ("# of", "# more of"),
        "y = importlib.import_module(f'{kind}_mod').f(2)",
        modules=FAST,
    ),
    _(
        "module of a computed name that is loaded already",
        RERUN,
        "from importlib import import_module\nimport fast_mod\nkind = 'fast'",
        ONE,
        "y = import_module(f'{kind}_mod').f(2)",
        modules=FAST,
    ),
    _(
        "module of a computed name by __import__",
        RERUN,
        "kind = 'fast'",
        ONE,
        "y = __import__(kind + '_mod').f(2)",
        modules=FAST,
    ),
    _(
        "module of a computed name in sys.modules",
        RERUN,
        "import sys, fast_mod\nkind = 'fast'",
        ONE,
        "y = sys.modules[kind + '_mod'].f(2)",
        modules=FAST,
    ),
    _(
        "submodules of computed names",
        RERUN,
        "import importlib",
        ONE,
        EACH.format("('one', 'two')"),
        modules=STEPS,
    ),
    _(
        "submodules of computed names: one not asked for",
        SAME,
        "import importlib",
        ("x * 2", "x * 3"),
        EACH.format("('one',)"),
        modules=STEPS,
    ),
    _(
        "submodules found by walking",
        RERUN,
        "import importlib, pkgutil\nimport steps",
        ("x * 2", "x * 3"),
        EACH.format("sorted(m.name for m in pkgutil.iter_modules(steps.__path__))"),
        modules=STEPS,
    ),
    _(
        "plugins loaded by a function of a module",
        RERUN,
        "import registry",
        ONE,
        "registry.load()\ny = registry.TABLE['a'](2)",
        reads_itself=True,
        modules={
            "registry.py": "import importlib\nTABLE = {}\nNAMES = ['plug_a']\ndef load():\n    for n in NAMES:\n        importlib.import_module(n)\n",
            "plug_a.py": "import registry\ndef a(x):\n    return x + 1\nregistry.TABLE['a'] = a\n",
        },
    ),
    _(
        "class named in a file",
        RERUN,
        BUILD,
        ("return 1", "return 2"),
        "y = build('cfg.json').go()",
        modules=BOX,
        files={"cfg.json": '{"target": "shapes.Box"}'},
    ),
    _(
        "class named in a file: comment beside it",
        SAME,
        BUILD,
        ("# shapes", "# all shapes"),
        "y = build('cfg.json').go()",
        modules=BOX,
        files={"cfg.json": '{"target": "shapes.Box"}'},
    ),
    _(
        "function located by a dotted name",
        RERUN,
        "import pydoc\nname = 'mylib'",
        ONE,
        "y = pydoc.locate(name + '.f')(2)",
        modules=LIB,
    ),
    _(
        "function resolved by a name with a colon",
        RERUN,
        "import pkgutil\nname = 'mylib'",
        ONE,
        "y = pkgutil.resolve_name(name + ':f')(2)",
        modules=LIB,
    ),
    _(
        "instance unpickled in the step",
        RERUN,
        "import pickle, shapes\nraw = pickle.dumps(shapes.Box())\ndel shapes",
        ("return 1", "return 2"),
        "y = pickle.loads(raw).go()",
        modules=BOX,
    ),
    _(
        "instance unpickled in the step: another class edited",
        SAME,
        "import pickle, shapes\nraw = pickle.dumps(shapes.Box())\ndel shapes",
        ("return 7", "return 8"),
        "y = pickle.loads(raw).go()",
        modules=BOX,
    ),
    _(
        "instance of a class of the notebook unpickled",
        RERUN,
        "import pickle\nclass A:\n    def go(self):\n        return 1\nraw = pickle.dumps(A())",
        ("return 1", "return 2"),
        "y = pickle.loads(raw).go()",
    ),
    _(
        "estimator of a module loaded by joblib",
        RERUN,
        "import joblib, ours\njoblib.dump(ours.Plus(), 'm.joblib')\ndel ours",
        ONE,
        "y = joblib.load('m.joblib').predict(2)",
        modules={
            "ours.py": "from sklearn.base import BaseEstimator\nclass Plus(BaseEstimator):\n    def predict(self, x):\n        return x + 1\n"
        },
    ),
    _(
        "text executed in the step imports a module",
        RERUN,
        "",
        ONE,
        "names = {}\nexec(open('helper_x.py').read(), names)\ny = names['f'](2)\ndel names",
        modules=SCRIPT,
    ),
    _(
        "script run in the step imports a module",
        RERUN,
        "import runpy\nname = 'helper'",
        ONE,
        "y = runpy.run_path(name + '_x.py')['f'](2)",
        modules=SCRIPT,
    ),
    _(
        "script run in the step is edited",
        RERUN,
        "import runpy\nname = 'helper'",
        ("last = 0", "last = 5"),
        "y = runpy.run_path(name + '_x.py')['last']",
        modules=SCRIPT,
    ),
    _(
        "module loaded by its spec in the step",
        RERUN,
        "import importlib.util",
        ONE,
        "spec = importlib.util.spec_from_file_location('odd', 'fast_' + 'mod.py')\nodd = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(odd)\ny = odd.f(2)\ndel odd, spec",
        modules=FAST,
    ),
    _(
        "module reloaded in the step",
        RERUN,
        "import mylib, importlib",
        step="importlib.reload(mylib)\ny = mylib.f(2)",
        modules=LIB,
        live="rewrite('mylib.py', '+ 1', '+ 2')",
    ),
    _(
        "module reloaded in a helper",
        RERUN,
        "import mylib\ndef fresh():\n    from importlib import reload\n    return reload(mylib)",
        step="y = fresh().f(2)",
        modules=LIB,
        live="rewrite('mylib.py', '+ 1', '+ 2')",
    ),
    _(
        "module reloaded in the step, nothing edited",
        SAME,
        "import mylib, importlib",
        ("import mylib, importlib", "import mylib, importlib  # a"),
        "importlib.reload(mylib)\ny = mylib.f(2)",
        modules=LIB,
    ),
    _(
        "module reads its own text",
        RERUN,
        "import mylib",
        ("# one", "# two"),
        "y = mylib.own()",
        modules=OWN,
    ),
    _(
        "module that could read its own text",
        SAME,
        "import mylib",
        ("# one", "# two"),
        "y = mylib.f()",
        modules=OWN,
    ),
    _(
        "module run as a program",
        RERUN,
        RUN,
        ("'one'", "'two'"),
        "y = subprocess.run([sys.executable, '-m', name + 'g'], capture_output=True, text=True).stdout",
        modules=PROGRAM,
    ),
    _(
        "script run as a program",
        RERUN,
        RUN,
        ("'one'", "'two'"),
        "y = subprocess.check_output([sys.executable, name + 'g.py'], text=True)",
        modules=PROGRAM,
    ),
    _(
        "version of a distribution asked for in the step",
        RERUN,
        "import sys, importlib.metadata as md\nsys.path.insert(0, 'libs')\nname = 'tpk'",
        ("Version: 1.0", "Version: 1.1"),
        "y = md.version(name + 'g')",
        files={
            "libs/tpkg-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tpkg\nVersion: 1.0\n"
        },
    ),
    _(
        "part of a module replaced while the step runs",
        SAME,
        "from unittest.mock import patch\nimport mylib\nL = 0",
        ("L = 0", "L = 1"),
        "with patch('mylib.K', 10):\n    y = mylib.f(2)",
        modules=LIB,
    ),
]
