"""Where modules come from, and which versions they have."""

from __future__ import annotations

import importlib
import sys
import types
from importlib.metadata import version

import pytest

from zen_nb.identity import origin


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sys", "python"),
        ("json.decoder", "python"),
        ("numpy", "package"),
        ("sklearn.svm", "package"),
        ("zen_nb.core", "package"),
        ("__main__", "project"),
        ("no_such_module_anywhere", "project"),
        ("tests.identity.samples", "project"),
    ],
)
def test_origin_of_modules(name: str, expected: str):
    """Python, installed packages and the project are told apart, loaded or not."""
    assert origin.module_origin(name) == expected


def test_file_decides_and_not_the_name(tmp_path, monkeypatch):
    """A file of the project that is called as a module of Python belongs to the project."""
    (tmp_path / "colorsys.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    importlib.invalidate_caches()
    assert origin.module_origin("colorsys") == "project"
    importlib.import_module("colorsys")
    assert origin.module_origin("colorsys") == "project"
    monkeypatch.delitem(sys.modules, "colorsys")


def test_asking_does_not_import(monkeypatch):
    """The origin of a package is found without loading it."""
    monkeypatch.delitem(sys.modules, "nbformat", raising=False)
    assert origin.module_origin("nbformat.v4") == "package"
    assert "nbformat" not in sys.modules


def test_module_made_by_hand_is_the_projects(monkeypatch):
    """A module without a file and without a distribution is user code."""
    monkeypatch.setitem(sys.modules, "made_by_hand", types.ModuleType("made_by_hand"))
    assert origin.module_origin("made_by_hand") == "project"


def test_version_is_that_of_the_distribution():
    """A package whose distribution has another name is found by it."""
    assert origin.package_version("sklearn") == version("scikit-learn")


def test_version_names_what_is_running(monkeypatch):
    """Where another version is loaded than is installed, both are named."""
    origin.package_version.cache_clear()
    monkeypatch.setattr("numpy.__version__", "0.1")
    try:
        assert origin.package_version("numpy") == f"{version('numpy')} (running 0.1)"
    finally:
        origin.package_version.cache_clear()
