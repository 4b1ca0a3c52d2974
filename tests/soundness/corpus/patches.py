"""What earlier cells and modules put into libraries, and steps that never name it."""

from tests.soundness.scenario import RERUN, SAME, Scenario


def _(name, setup, step, edit=None, rerun=RERUN, **more):
    return Scenario(f"put into a library: {name}", rerun, setup, step, edit, **more)


BOX = "class Box:\n    v = 1\n"
PATCH = "import json\ndef default(self, o):\n    return 'one'\njson.JSONEncoder.default = default\n"

SCENARIOS = [
    _(
        "a method of a class of Python's",
        PATCH,
        "y = json.dumps({1: 2}) + json.JSONEncoder().encode([{1}])",
        ("'one'", "'two'"),
    ),
    _(
        "a method, by a module that the step never names",
        "import patching, json",
        "y = json.dumps([{1}])",
        ("'one'", "'two'"),
        modules={"patching.py": PATCH},
    ),
    _(
        "a method, by a function of a module",
        "import patching, json\npatching.on()",
        "y = json.dumps([{1}])",
        ("'one'", "'two'"),
        modules={
            "patching.py": "import json\ndef default(self, o):\n    return 'one'\n"
            "def on():\n    json.JSONEncoder.default = default\n"
        },
    ),
    _(
        "a method, and another function of the module edited",
        "import patching, json",
        "y = json.dumps([{1}])",
        ("return 0", "return 1"),
        SAME,
        modules={"patching.py": PATCH + "def other():\n    return 0\n"},
    ),
    _(
        "a method, by a patch of unittest's",
        "import json\nfrom unittest import mock\n"
        "mock.patch.object(json.JSONEncoder, 'default', lambda self, o: 'one').start()",
        "y = json.dumps([{1}])",
        ("'one'", "'two'"),
    ),
    _(
        "a method, by setattr with a computed name",
        "import json\nfor name in ['default']:\n"
        "    setattr(json.JSONEncoder, name, lambda self, o: 'one')",
        "y = json.dumps([{1}])",
        ("'one'", "'two'"),
    ),
    _(
        "a method of pandas, and a step that uses numpy alone",
        "import numpy as np, pandas as pd\ndef ours(self):\n    return 1\npd.DataFrame.ours = ours",
        "y = int(np.sum([1, 2]))",
        ("return 1", "return 2"),
        SAME,
    ),
    _(
        "a function of numpy that a package on top of it calls",
        "import numpy as np\nfrom scipy.stats import iqr\n"
        "np.percentile = lambda *a, **k: np.array([0.0, 1.0])",
        "y = float(iqr([1, 2, 3]))",
        ("1.0]", "2.0]"),
    ),
    _(
        "a way of copying",
        "import copyreg, copy\n" + BOX + "def how(box):\n    return (int, (1,))\n"
        "copyreg.pickle(Box, how)",
        "y = copy.copy(Box())",
        ("(1,)", "(2,)"),
    ),
    _(
        "a codec",
        "import codecs\ndef enc(s, e='strict'):\n    return (b'1', len(s))\ndef find(n):\n"
        "    return codecs.CodecInfo(enc, None, name='zz') if n == 'zz' else None\n"
        "codecs.register(find)",
        "y = 'a'.encode('zz')",
        ("b'1'", "b'2'"),
    ),
    _(
        "a handler of errors",
        "import codecs\ncodecs.register_error('mine', lambda e: ('1', e.end))",
        "y = b'a\\xff'.decode('utf-8', errors='mine')",
        ("'1'", "'2'"),
    ),
    _(
        "an adapter of sqlite3",
        "import sqlite3\n" + BOX + "sqlite3.register_adapter(Box, lambda p: 1)",
        "c = sqlite3.connect(':memory:')\n"
        "y = c.execute('select ?', (Box(),)).fetchone()[0]\nc.close()\ndel c",
        (": 1)", ": 2)"),
    ),
    _(
        "a constructor of yaml",
        "import yaml\nyaml.SafeLoader.add_constructor('!k', lambda l, n: 1)",
        "y = yaml.safe_load('!k a')",
        (": 1", ": 2"),
    ),
    _(
        "a colour map under a name",
        "import matplotlib\nfrom matplotlib.colors import ListedColormap\n"
        "matplotlib.colormaps.register(ListedColormap(['red']), name='ours', force=True)",
        "y = matplotlib.colormaps['ours'](0.5)",
        ("red", "blue"),
    ),
    _(
        "a default of a keyword",
        "import json\njson.dumps.__kwdefaults__['sort_keys'] = False",
        "y = json.dumps({'b': 1, 'a': 2})",
        ("= False", "= True"),
    ),
    _(
        "a constant that a library's functions read",
        "import string\nstring.ascii_lowercase = 'abc'",
        "y = string.capwords('a b') + string.ascii_lowercase",
        ("'abc'", "'abd'"),
    ),
    _(
        "a method, put back before the step",
        "import json\nold = json.JSONEncoder.default\n"
        "json.JSONEncoder.default = lambda self, o: 'one'\njson.JSONEncoder.default = old",
        "y = json.dumps([1])",
        ("'one'", "'two'"),
        SAME,
    ),
    _(
        "an attribute of the user's own figure",
        "import matplotlib\nmatplotlib.use('agg')\nfrom matplotlib.figure import Figure\n"
        "fig = Figure()\nfig.note = 1",
        "import matplotlib.colors as c\ny = c.to_hex('red')",
        ("note = 1", "note = 2"),
        SAME,
    ),
    _(
        "a method, after the step has run",
        "import json",
        "y = json.dumps([1])",
        live="json.JSONEncoder.encode = lambda self, o: 'ours'",
        cell_only=True,
    ),
    _(
        "an attribute that the step itself puts there",
        "import json",
        "json.here = 1\ny = json.dumps([1])",
        ("here = 1", "here =  1"),
        SAME,
        reads_itself=True,
    ),
]
