"""Files and environment variables that code comes to by way of Python's own functions."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME, scenario

DATA = "import os\nos.environ['DATA'] = 'd1'\n"
FOLDERS = {"d1/v.txt": "one", "d2/v.txt": "two"}

SCENARIOS = [
    scenario(
        "outside: a path with a variable of the environment",
        RERUN,
        DATA + "def f(x):\n    return open(os.path.expandvars('$DATA/v.txt')).read()",
        ("'d1'", "'d2'"),
        files=FOLDERS,
    ),
    scenario(
        "outside: a template filled from the environment",
        RERUN,
        DATA
        + "import string\ndef f(x):\n    return string.Template('$DATA').substitute(os.environ)",
        ("'d1'", "'d2'"),
    ),
    scenario(
        "outside: a home folder named by a variable",
        RERUN,
        "import os\nos.environ['HOME'] = '/home/one'\ndef f(x):\n    return os.path.expanduser('~/v.txt')",
        ("home/one", "home/two"),
    ),
    scenario(
        "outside: a program looked for on the path",
        RERUN,
        "import os, shutil\ndef f(x):\n    return shutil.which('sh')",
        live="os.environ['PATH'] = ''",
    ),
    scenario(
        "outside: a variable that no text names",
        SAME,
        DATA + "os.environ['OTHER'] = '1'\ndef f(x):\n    return os.path.expandvars('$DATA')",
        ("OTHER'] = '1'", "OTHER'] = '2'"),
    ),
    scenario(
        "outside: a composed path that is there later",
        RERUN,
        "from pathlib import Path\nOUT = Path('out')\ndef f(x):\n    p = OUT / 'model.txt'\n    return p.read_text() if p.exists() else 'none'",
        live="rewrite('out/model.txt', '', 'fitted')",
        files={"out/readme.md": "models"},
    ),
    scenario(
        "outside: a composed path that is gone later",
        RERUN,
        "import os\ndef f(x):\n    return [n for n in 'abc' if os.path.isfile(os.path.join('d', n + '.csv'))]",
        live="os.remove('d/a.csv')",
        files={"d/a.csv": "1", "d/b.csv": "2"},
    ),
    scenario(
        "outside: a composed path that is a folder later",
        RERUN,
        "import os\ndef f(x):\n    return os.path.isdir('d' + '1')",
        live="os.remove('d1')\nos.mkdir('d1')",
        files={"d1": "a file"},
    ),
    scenario(
        "outside: the sizes of files asked for",
        RERUN,
        "from pathlib import Path\ndef f(x):\n    return sum(p.stat().st_size for p in Path('d').iterdir())",
        ("1,", "100,"),
        files={"d/a.csv": "1,", "d/b.csv": "2"},
    ),
    scenario(
        "outside: the newest of files",
        RERUN,
        "import glob, os\nfor n, t in [('a', 5), ('b', 9)]:\n    os.utime(f'd/{n}.csv', (t, t))\n\ndef f(x):\n    return max(glob.glob('d/*.csv'), key=os.path.getmtime)",
        live="os.utime('d/a.csv', (99, 99))",
        files={"d/a.csv": "1", "d/b.csv": "2"},
    ),
    scenario(
        "outside: the size of a file touched without a change",
        SAME,
        "import os\ndef f(x):\n    return os.path.getsize(x * 'v' + '.txt')",
        live="os.utime('vv.txt', (99, 99))",
        files={"vv.txt": "one"},
    ),
    scenario(
        "outside: the content of a file that is only looked for",
        SAME,
        "import os\ndef f(x):\n    return os.path.exists(x * 'v' + '.txt')",
        live="rewrite('vv.txt', 'one', 'two')",
        files={"vv.txt": "one"},
    ),
    scenario(
        "outside: a file made where there is none",
        SAME,
        "from pathlib import Path\nK = 1\ndef f(x):\n    p = Path('out') / 'v.txt'\n    p.parent.mkdir(exist_ok=True)\n    if not p.exists():\n        p.write_text('made')\n    return p.read_text()",
        ("K = 1", "K = 2"),
    ),
    *(
        scenario(
            f"outside: a lazy frame {how}",
            RERUN,
            "import polars as pl\nlf = pl.scan_csv('d/a.csv')",
            ("x\n1\n", "z\n7\n"),
            step=f"y = {code}",
            files={"d/a.csv": "x\n1\n2\n"},
        )
        for how, code in {
            "described": "lf.describe().rows()",
            "asked for its schema": "lf.collect_schema().names()",
            "asked for its columns": "lf.columns",
        }.items()
    ),
    scenario(
        "outside: the limit of recursion asked for",
        RERUN,
        "import sys\nsys.setrecursionlimit(3000)\ndef f(x):\n    return sys.getrecursionlimit()",
        ("3000", "2500"),
    ),
    scenario(
        "outside: the limit of recursion met",
        RERUN,
        "import sys\nsys.setrecursionlimit(3000)\ndef g(n):\n    return n and g(n - 1)\ndef f(x):\n    try:\n        return g(2000)\n    except RecursionError:\n        return -1",
        ("3000", "900"),
    ),
    scenario(
        "outside: the limit of recursion far away",
        SAME,
        "import sys\nsys.setrecursionlimit(3000)\ndef f(x):\n    return x + 1",
        ("3000", "2500"),
    ),
    scenario(
        "outside: a variable read by a function that threads are handed",
        RERUN,
        "import os\nos.environ['REGION'] = 'eu'\nfrom concurrent.futures import ThreadPoolExecutor",
        ("'eu'", "'us'"),
        step="with ThreadPoolExecutor(1) as pool:\n    y = list(pool.map(os.getenv, ['REGION']))\ndel pool",
    ),
]
