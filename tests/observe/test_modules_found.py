"""What a step finds by name is seen: modules, classes, versions, the text of a module."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
import linecache
import pickle
import subprocess
import sys
import traceback
from importlib import import_module
from pathlib import Path

import pytest

from zen_nb.observe.files import FileWatch

OURS = "def f(x):\n    return 1 / x\nclass Box:\n    pass\n"


@pytest.fixture(autouse=True)
def ours(tmp_path, monkeypatch):
    """A module of the project that can be imported, and is forgotten again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("ours.py").write_text(OURS)
    Path("theirs.py").write_text("import ours\n")
    yield
    for name in ("ours", "theirs"):
        sys.modules.pop(name, None)
    linecache.clearcache()


def watched(body):
    """Return the files and the modules that `body` is seen to find."""
    watch = FileWatch()
    watch.start()
    try:
        body()
    finally:
        seen = watch.stop()
    return [trace.label for trace in seen.traces], watch.modules


def importing_text():
    """Execute a text with an import statement."""
    exec("import ours", {})


@pytest.mark.parametrize(
    "body",
    [
        lambda: import_module("ours"),
        lambda: __import__("ours"),
        importing_text,
    ],
    ids=["import_module", "__import__", "text"],
)
def test_a_module_that_no_statement_of_the_code_imports_is_found(body):
    """By the file whose code is executed."""
    _, found = watched(body)
    assert [Path(path).name for path in found.by_name()] == ["ours.py"]


def test_what_such_a_module_imports_is_found_as_well():
    """Its statements are in no code that was known."""
    _, found = watched(lambda: import_module("theirs"))
    assert [Path(path).name for path in found.by_name()] == ["ours.py", "theirs.py"]


def test_a_statement_finds_nothing_new():
    """What it imports is known before the step runs, and what that imports in turn."""

    def body():
        import theirs  # noqa: F401

    labels, found = watched(body)
    assert labels == []
    assert list(found.by_name()) == []


def test_a_loaded_module_asked_for_by_name_is_found():
    """Under whatever name the function was taken before."""
    importlib.import_module("ours")
    _, found = watched(lambda: import_module("ours"))
    assert "ours" in found.imported


def test_an_installed_module_counts_where_the_project_asks_for_it():
    """What libraries import for themselves is theirs."""
    _, found = watched(lambda: import_module("pandas"))
    assert "pandas" in found.imported


def test_an_unpickled_class_is_found():
    """By the module and the name under which it was pickled."""
    raw = pickle.dumps(import_module("ours").Box())
    _, found = watched(lambda: pickle.loads(raw))
    assert found.unpickled == {("ours", "Box")}


def test_a_version_that_the_project_asks_for_is_found():
    """Metadata of installed packages is left out of the files."""
    labels, found = watched(lambda: importlib.metadata.version("pandas"))
    assert labels == []
    assert found.distributions == {"pandas"}


def test_a_module_executed_again_is_read():
    """Its text decides, whatever is loaded."""
    module = import_module("ours")
    labels, _ = watched(lambda: importlib.reload(module))
    assert labels == ["file:ours.py"]


def test_a_module_loaded_by_hand_is_read():
    """No import system keeps it."""

    def body():
        spec = importlib.util.spec_from_file_location("odd", Path("ours.py").absolute())
        spec.loader.exec_module(importlib.util.module_from_spec(spec))

    labels, _ = watched(body)
    assert labels == ["file:ours.py"]


@pytest.mark.parametrize(
    "body",
    [
        lambda: Path("ours.py").read_text(),
        lambda: inspect.getsource(sys.modules["ours"]),
        lambda: linecache.getlines(str(Path("ours.py").absolute())),
    ],
    ids=["open", "inspect", "linecache"],
)
def test_the_text_of_a_module_can_be_data(body):
    """Code reads it as any file."""
    import_module("ours")
    labels, _ = watched(body)
    assert labels == ["file:ours.py"]


def test_the_text_of_a_module_in_a_traceback_is_no_data():
    """It is shown to a person."""
    module = import_module("ours")

    def body():
        try:
            module.f(0)
        except ZeroDivisionError:
            traceback.format_exc()

    labels, _ = watched(body)
    assert labels == []


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "ours"],
        [sys.executable, "ours.py"],
        ["cat", "ours.py"],
        ["sh", "-c", "cat ours.py"],
    ],
    ids=["module", "script", "argument", "shell"],
)
def test_a_program_reads_the_files_that_it_is_given(command):
    """And Python the module that it is to run."""
    labels, _ = watched(lambda: subprocess.run(command, check=True, capture_output=True))
    assert labels == ["file:ours.py"]
