"""Where modules come from, and which versions they have."""

from __future__ import annotations

import importlib
import sys
import types
from importlib.metadata import version

import pytest

from zen_nb.identity import origin, packages


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
    assert packages.package_version("sklearn") == version("scikit-learn")


def test_version_names_what_is_running(monkeypatch):
    """Where another version is loaded than is installed, both are named."""
    packages.package_version.cache_clear()
    monkeypatch.setattr("numpy.__version__", "0.1")
    try:
        assert packages.package_version("numpy") == f"{version('numpy')} (running 0.1)"
    finally:
        packages.package_version.cache_clear()


def _installed(folder, name: str, version: str, *, holds: str, requires: str = "", url: str = ""):
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}\nText\nVersion: 9\n"
    )
    (info / "RECORD").write_text(f"{holds}/__init__.py,,\n")
    if url:
        (info / "direct_url.json").write_text(url)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return a folder on the path that packages can be put into, forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    caches = (
        packages.package_version,
        packages.requirements,
        packages.distributions,
        packages._owners,
    )
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    for cache in caches:
        cache.cache_clear()


def test_what_a_package_builds_on_counts(site):
    """The versions of all that a package requires, however deep, belong to it; extras do not."""
    _installed(site, "upper", "1.0", holds="upper", requires="mid-dle>=1; python_version > '3'")
    _installed(site, "mid_dle", "2.0", holds="middle", requires="lowest")
    _installed(site, "lowest", "3.0", holds="lowest", requires="absent-one")
    _installed(site, "spare", "1.0", holds="spare", requires="lowest; extra == 'all'")
    assert packages.package_version("upper") == "1.0"
    assert packages.requirements("upper") == {"lowest": "3.0", "mid-dle": "2.0"}
    assert packages.requirements("spare") == {}


def test_the_owner_of_an_import_name_is_asked(site):
    """A distribution that is called as an import name of another one says nothing of it."""
    _installed(site, "thing", "1.0", holds="other_thing")
    _installed(site, "real-thing", "2.0", holds="thing")
    assert packages.package_version("thing") == "real-thing 2.0"


def test_a_commit_tells_one_version_from_another(site):
    """What was installed from a repository is known by its commit as well."""
    url = '{"url": "x", "vcs_info": {"vcs": "git", "commit_id": "0123456789abcdef"}}'
    _installed(site, "moving", "1.0", holds="moving", url=url)
    assert packages.package_version("moving") == "1.0 (0123456789ab)"


def test_parts_of_a_shared_namespace_have_versions_of_their_own(site):
    """Distributions that share the first part of their import names are told apart."""
    for name, version_ in (("cloud-one", "1.0"), ("cloud-two", "2.0")):
        part = name.partition("-")[2]
        _installed(site, name, version_, holds=f"cloud_ns/{part}")
        (site / "cloud_ns" / part).mkdir(parents=True)
        (site / "cloud_ns" / part / "__init__.py").write_text("")
    importlib.import_module("cloud_ns.one")
    try:
        assert packages.package_of("cloud_ns.one.deep") == "cloud_ns.one"
        assert packages.package_version("cloud_ns.one") == "cloud-one 1.0"
    finally:
        del sys.modules["cloud_ns.one"], sys.modules["cloud_ns"]
