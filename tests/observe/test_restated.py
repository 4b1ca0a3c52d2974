"""What a trace would hold now: the state that a user can accept in place of the one seen."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from zen_nb.core.model import Trace
from zen_nb.observe.files import FileWatch
from zen_nb.observe.traces import broken, restated


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def trace_of(action: str) -> Trace:
    """Return the one trace of code that runs in this folder."""
    watch = FileWatch()
    watch.start()
    exec(action, {"os": os})
    (found,) = watch.stop().traces
    return found


@pytest.mark.parametrize("action", ["open('a.txt').read()", "open('a.txt', 'w').write('one')"])
def test_a_changed_file_holds_as_it_is_now(action: str) -> None:
    """Read or written: with its present content, until that changes again."""
    Path("a.txt").write_text("one")
    seen = trace_of(action)
    Path("a.txt").write_text("two!")
    assert broken(seen)
    now = restated(seen)
    assert now is not None
    assert (now.label, now.guard["role"]) == (seen.label, seen.guard["role"])
    assert broken(now) is None
    Path("a.txt").write_text("six!")
    assert broken(now)


def test_a_relative_path_stays_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trace follows the working directory, as the one it stands for."""
    Path("a.txt").write_text("one")
    seen = trace_of("open('a.txt').read()")
    Path("a.txt").write_text("two!")
    now = restated(seen)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert now is not None
    assert broken(now)
    Path("a.txt").write_text("two!")
    assert broken(now) is None


def test_a_file_that_appeared_holds_with_what_it_has() -> None:
    """It was looked for in vain; now it is there."""
    seen = trace_of("try: open('late.txt')\nexcept OSError: pass")
    Path("late.txt").write_text("here")
    now = restated(seen)
    assert broken(seen)
    assert now is not None
    assert broken(now) is None
    Path("late.txt").write_text("there")
    assert broken(now)


def test_a_folder_holds_with_its_present_entries() -> None:
    """A listing is of names."""
    Path("folder").mkdir()
    seen = trace_of("os.listdir('folder')")
    Path("folder/new.txt").write_text("")
    assert broken(seen)
    now = restated(seen)
    assert now is not None
    assert broken(now) is None
    Path("folder/newer.txt").write_text("")
    assert broken(now)


@pytest.mark.parametrize("then", ["gone", "a folder"])
def test_what_is_gone_or_another_thing_holds_nothing(then: str) -> None:
    """There is no content to stand for the file's."""
    Path("a.txt").write_text("one")
    seen = trace_of("open('a.txt').read()")
    Path("a.txt").unlink()
    if then == "a folder":
        Path("a.txt").mkdir()
    assert restated(seen) is None


def test_a_variable_holds_with_its_value_or_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not being set is a state like another."""
    seen = Trace("env:ZEN_NB_TEST_REGION", "ab" * 32)
    for value in ("north", None):
        if value is None:
            monkeypatch.delenv("ZEN_NB_TEST_REGION")
        else:
            monkeypatch.setenv("ZEN_NB_TEST_REGION", value)
        now = restated(seen)
        assert broken(seen)
        assert now is not None
        assert broken(now) is None


def test_a_generator_holds_where_it_stands() -> None:
    """Until somebody draws."""
    random.seed(5)
    now = restated(Trace("ambient:random", "ab" * 32))
    assert now is not None
    assert broken(now) is None
    random.random()
    assert broken(now)


@pytest.mark.parametrize("label", ["ambient:no.such.thing", "planet:mars"])
def test_what_is_not_known_here_holds_nothing(label: str) -> None:
    """A trace of another version or of a library that is not there."""
    assert restated(Trace(label, "")) is None
