"""What an installation is: its version, its weight, its files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from zen_nb._version import __version__

ROOT = Path(__file__).resolve().parents[1]

# What the user may bring, and zen_nb never does.
HEAVY = (
    "cryptography",
    "dask",
    "fsspec",
    "jupyter_server",
    "matplotlib",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "s3fs",
    "sklearn",
)


@pytest.fixture(scope="module")
def declared() -> dict:
    """Return what pyproject.toml declares of the project."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_version_is_a_release_number():
    """The version has three numbers, as the changelog counts them."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_changelog_has_this_version():
    """Whoever reads the changelog finds what the version they have brought."""
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_import_brings_nothing_heavy():
    """``import zen_nb`` leaves the user's libraries to the user."""
    code = "import json, sys, zen_nb; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded.isdisjoint(HEAVY)


def test_dependencies_are_the_nine(declared):
    """Runtime dependencies stay the few that the design names."""
    names = {re.split(r"[^\w-]", needed)[0] for needed in declared["dependencies"]}
    assert names == {
        "anywidget",
        "blake3",
        "cloudpickle",
        "diskcache",
        "filelock",
        "ipython",
        "ipywidgets",
        "nbformat",
        "platformdirs",
    }


def test_extras_are_those_the_readme_names(declared):
    """Every extra is told to the reader of the README, and no other."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)` \|", readme, flags=re.MULTILINE))
    assert set(declared["optional-dependencies"]) == told


def test_licence_is_the_declared_one(declared):
    """The licence file is the one that pyproject.toml names."""
    assert declared["license"] == "BSD-3-Clause"
    first = (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()[0]
    assert first == "BSD 3-Clause License"


def test_server_configuration_is_json_that_jupyter_merges():
    """What is installed for Jupyter enables only server extensions that exist."""
    files = sorted((ROOT / "jupyter-config" / "jupyter_server_config.d").glob("*.json"))
    assert [file.name for file in files] == ["zen_nb.json"]
    enabled = json.loads(files[0].read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"]
    for module in enabled:
        assert (ROOT / module.replace(".", "/")).exists()


def test_the_wheel_brings_the_panel_once_and_switches_the_server_extension_on(tmp_path):
    """What JupyterLab and the server look for is where they look, and the package has no copy."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    data = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert "etc/jupyter/jupyter_server_config.d/zen_nb.json" in data
    lab = {name for name in data if name.startswith("share/jupyter/labextensions/zen-nb/")}
    assert {Path(name).suffix for name in lab} == {".json", ".js", ".css"}
    assert {"zen_nb/static/widget.js", "zen_nb/static/widget.css"} <= set(names)
    assert not [name for name in names if name.startswith("zen_nb/labextension/")]
    manifest = json.loads((ROOT / "zen_nb" / "labextension" / "package.json").read_text())
    load = manifest["jupyterlab"]["_build"]["load"]
    assert f"share/jupyter/labextensions/zen-nb/{load}" in data
