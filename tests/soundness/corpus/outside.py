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
]
