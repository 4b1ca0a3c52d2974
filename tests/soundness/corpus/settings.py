"""Settings that decide what a step computes, and those that cannot."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME, Scenario, scenario

ARRAY = "import numpy as np\nnp.set_printoptions(precision=2)\n"
PRECISION = ("precision=2", "precision=3")
FRAME = "import pandas as pd\npd.set_option('display.precision', 2)\ndf = pd.DataFrame({'a': [1 / 3]})\n"
DISPLAY = ("precision', 2", "precision', 3")
LOG = "import logging\nlog = logging.getLogger('mine')\nlog.setLevel(logging.INFO)\n"
LEVEL = ("logging.INFO", "logging.DEBUG")
FILTER = "import warnings\nwarnings.simplefilter('ignore')\n"
FILTERED = ("'ignore'", "'error'")
ZONE = "import os, time\nos.environ['TZ'] = 'UTC-1'\ntime.tzset()\n"
ZONED = ("UTC-1", "UTC-5")
FIT = "import numpy as np\nfrom sklearn.linear_model import LinearRegression\ndef f(x):\n    return LinearRegression().fit([[0], [1]], [0, x]).predict([[2]])\n"


def _(
    name: str, rerun: bool, setup: str = "", edit=None, step: str = "y = f(2)", **more
) -> Scenario:
    return scenario(name, rerun, setup, edit, step=step, **more)


SCENARIOS = [
    _(
        "print options: str of an array",
        RERUN,
        ARRAY + "def f(x):\n    return str(np.array([1 / 3]))",
        PRECISION,
    ),
    _(
        "print options: an array in an f-string",
        RERUN,
        ARRAY + "def f(x):\n    return f'{np.array([1 / 3])}'",
        PRECISION,
    ),
    _(
        "print options: an array formatted by %",
        RERUN,
        ARRAY + "def f(x):\n    return '%s' % np.array([1 / 3])",
        PRECISION,
    ),
    _(
        "print options: an array that is added up",
        SAME,
        ARRAY + "def f(x):\n    return float(np.array([1 / 3]).sum())",
        PRECISION,
    ),
    _(
        "print options: a model that is fitted",
        SAME,
        FIT + "np.set_printoptions(precision=2)",
        PRECISION,
        step="m = f(2)\ny = len(m)",
    ),
    _(
        "display options: a table to a text",
        RERUN,
        FRAME + "def f(x):\n    return df.to_string()",
        DISPLAY,
    ),
    _("display options: repr of a table", RERUN, FRAME + "def f(x):\n    return repr(df)", DISPLAY),
    _(
        "display options: a table in an f-string",
        RERUN,
        FRAME + "def f(x):\n    return f'<{df}>'",
        DISPLAY,
    ),
    _(
        "display options: a table that is added up",
        SAME,
        FRAME + "def f(x):\n    return float(df['a'].sum())",
        DISPLAY,
    ),
    _(
        "display options: a table to a file's text",
        SAME,
        FRAME + "def f(x):\n    return df.to_csv()",
        DISPLAY,
    ),
    _(
        "mode of pandas: kind of texts",
        RERUN,
        "import pandas as pd\npd.set_option('future.infer_string', False)\ndef f(x):\n    return pd.Series(['a']).dtype.name",
        ("infer_string', False", "infer_string', True"),
    ),
    _(
        "numpy's error settings decide",
        RERUN,
        "import numpy as np\nnp.seterr(divide='ignore')\ndef f(x):\n    try:\n        return float(np.float64(1) / np.float64(0))\n    except FloatingPointError:\n        return 0",
        ("'ignore'", "'raise'"),
    ),
    _(
        "decimal places decide",
        RERUN,
        "import decimal\ndecimal.getcontext().prec = 5\ndef f(x):\n    return str(decimal.Decimal(1) / 3)",
        ("prec = 5", "prec = 6"),
    ),
    _(
        "decimal places decide in a module",
        RERUN,
        "import decimal, mylib\ndecimal.getcontext().prec = 5",
        ("prec = 5", "prec = 6"),
        "y = str(mylib.f(3))",
        modules={"mylib.py": "from decimal import Decimal as D\ndef f(x):\n    return D(1) / x\n"},
    ),
    _(
        "decimal places beside whole numbers",
        SAME,
        "import decimal\ndecimal.getcontext().prec = 5\ndef f(x):\n    return x + 1",
        ("prec = 5", "prec = 6"),
    ),
    _(
        "a logger's level decides",
        RERUN,
        LOG + "def f(x):\n    return logging.getLogger('mine').isEnabledFor(logging.DEBUG)",
        LEVEL,
    ),
    _(
        "a logger's level beside what does not log",
        SAME,
        LOG + "def f(x):\n    return x + 1",
        LEVEL,
    ),
    _(
        "warning filters decide",
        RERUN,
        FILTER
        + "def f(x):\n    try:\n        warnings.warn('w')\n        return 1\n    except UserWarning:\n        return 2",
        FILTERED,
    ),
    _(
        "warning filters beside what does not warn",
        SAME,
        FILTER + "def f(x):\n    return x + 1",
        FILTERED,
    ),
    _(
        "the time zone decides",
        RERUN,
        ZONE + "def f(x):\n    return time.localtime(0).tm_hour",
        ZONED,
    ),
    _(
        "the time zone of a date",
        RERUN,
        ZONE + "import datetime\ndef f(x):\n    return datetime.datetime.fromtimestamp(0).hour",
        ZONED,
    ),
    _("the time zone beside whole numbers", SAME, ZONE + "def f(x):\n    return x + 1", ZONED),
    _(
        "the working directory decides",
        RERUN,
        "import os\nos.makedirs('one', exist_ok=True)\nos.makedirs('two', exist_ok=True)\nos.chdir('one')\ndef f(x):\n    return os.path.basename(os.getcwd())",
        ("chdir('one')", "chdir('two')"),
    ),
    _(
        "the working directory beside whole numbers",
        SAME,
        "import os\nos.makedirs('one', exist_ok=True)\nos.makedirs('two', exist_ok=True)\nos.chdir('one')\ndef f(x):\n    return x + 1",
        ("chdir('one')", "chdir('two')"),
    ),
    _(
        "the locale decides",
        RERUN,
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C')\ndef f(x):\n    return locale.setlocale(locale.LC_CTYPE)",
        ("LC_ALL, 'C'", "LC_ALL, 'C.UTF-8'"),
    ),
    _(
        "the style of figures decides",
        RERUN,
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.rcParams['lines.linewidth'] = 2\ndef f(x):\n    fig, ax = plt.subplots()\n    width = ax.plot([1, 2])[0].get_linewidth()\n    plt.close(fig)\n    return width",
        ("= 2\n", "= 3\n"),
    ),
    _(
        "configuration of scikit-learn decides",
        RERUN,
        "import sklearn\nimport pandas as pd\nfrom sklearn.preprocessing import StandardScaler\nsklearn.set_config(transform_output='default')\ndef f(x):\n    return type(StandardScaler().fit_transform(pd.DataFrame({'a': [1., 2.]}))).__name__",
        ("'default'", "'pandas'"),
    ),
]
