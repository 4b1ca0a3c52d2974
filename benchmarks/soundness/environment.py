"""Makes an environment for the peers, on top of this one: ``python -m … FOLDER``.

Peers bring a web server and more, which neither zen_nb's tests nor its users should meet; what
they have in common with zen_nb (numpy, pandas, joblib) must be the same for all.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

_PEERS = Path(__file__).with_name("peers.txt")


def main(folder: str) -> None:
    """Make it anew; what is installed here is seen there, after what is there."""
    venv.create(folder, clear=True, with_pip=True)
    python = str(Path(folder) / "bin" / "python")
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    told = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    here = sysconfig.get_path("purelib")
    Path(told.stdout.strip(), "beneath.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q", "-q"]
    subprocess.run([*pip, "-r", str(_PEERS)], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
