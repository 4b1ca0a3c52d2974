"""What code asks about paths without opening them counts as far as the answer goes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from zen_nb.observe.files import FileWatch
from zen_nb.observe.traces import broken, restated


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def watched(body) -> dict:
    watch = FileWatch()
    watch.start()
    try:
        body()
    finally:
        seen = watch.stop()
    assert seen.refusals == ()
    return {trace.name: trace for trace in seen.traces}


ASKED = {
    "exists": lambda: os.path.exists("a.txt"),
    "isfile": lambda: os.path.isfile("a.txt"),
    "lexists": lambda: os.path.lexists("a.txt"),
    "Path.exists": lambda: Path("a.txt").exists(),
    "Path.is_file": lambda: Path("a.txt").is_file(),
    "Path.is_symlink": lambda: Path("a.txt").is_symlink(),
    "bytes": lambda: os.path.exists(b"a.txt"),
}


@pytest.mark.parametrize("way", ASKED)
def test_whether_a_path_is_there_is_an_input(way):
    """A path that was asked for and is missing makes the step run when it appears."""
    trace = watched(ASKED[way])["a.txt"]
    assert broken(trace) is None
    Path("a.txt").write_text("new")
    assert broken(trace) == "a.txt appeared"
    trace = watched(ASKED[way])["a.txt"]
    Path("a.txt").write_text("other content")
    assert broken(trace) is None
    Path("a.txt").unlink()
    assert broken(trace) == "a.txt is gone"
    assert broken(restated(trace)) is None
    Path("a.txt").mkdir()
    assert broken(trace) == "a.txt changed (its kind, which was asked for)"


def test_of_a_state_counts_what_was_asked_for():
    """A size is not a time, and of a folder only counts that it is one."""
    Path("a.txt").write_text("one")
    os.mkdir("d")
    size = watched(lambda: os.path.getsize("a.txt"))["a.txt"]
    state = watched(lambda: os.stat("a.txt"))["a.txt"]
    folder = watched(lambda: os.stat("d"))["d"]
    os.utime("a.txt", (9, 9))
    Path("d/new").touch()
    assert broken(size) is None
    assert broken(folder) is None
    assert broken(state) == "a.txt changed (its state, which was asked for)"
    Path("a.txt").write_text("three")
    assert broken(size) == "a.txt changed (its size, which was asked for)"


def test_the_widest_question_counts():
    """Who asks whether a file is there and then how large it is has asked for both."""
    Path("a.txt").write_text("one")
    trace = watched(lambda: os.path.exists("a.txt") and os.path.getsize("a.txt"))["a.txt"]
    Path("a.txt").write_text("three")
    assert broken(trace)


def test_what_the_step_makes_is_no_answer():
    """A file that the step writes where there was none is what it wrote."""

    def body():
        if not os.path.exists("d"):
            os.makedirs("d/e", exist_ok=True)
        assert os.path.isdir("d/e")
        if not os.path.exists("a.txt"):
            Path("a.txt").write_text("made")

    traces = watched(body)
    assert traces["a.txt"].guard["role"] == "wrote"
    assert all(broken(trace) is None for trace in traces.values())


def test_what_packages_ask_for_themselves_does_not_count():
    """Only code of the project asks."""
    code = compile("import os\nos.path.exists('a.txt')", json.__file__, "exec")
    assert watched(lambda: exec(code, {"__name__": "json"})) == {}


def test_functions_are_what_they_were_afterwards():
    """Outside of watches nothing stands in; what was taken by name meanwhile is put back too."""
    before, taken = (os.stat, os.lstat), {}
    watched(lambda: taken.update(stat=os.stat))
    assert (os.stat, os.lstat) == before
    assert taken["stat"] is os.stat
