"""Environment variables that the user's code reads are traced, by digest only."""

from __future__ import annotations

import json
import os
import shutil
import string
import tempfile
from pathlib import Path

import pytest

from zen_nb.observe.environment import EnvironmentWatch
from zen_nb.observe.traces import broken as check


def watched(body) -> tuple:
    watch = EnvironmentWatch()
    watch.start()
    try:
        body()
    finally:
        traces = watch.stop()
    watched.badges = watch.badges
    return traces


READS = {
    "item": lambda: os.environ["REGION"],
    "get": lambda: os.environ.get("REGION"),
    "getenv": lambda: os.getenv("REGION"),
    "in": lambda: "REGION" in os.environ,
}


@pytest.mark.parametrize("way", READS)
def test_every_way_of_reading_is_seen(way, monkeypatch):
    """A variable read by the user is a trace that holds until its value changes."""
    monkeypatch.setenv("REGION", "north")
    (trace,) = watched(READS[way])
    assert trace.label == "env:REGION"
    assert check(trace) is None
    monkeypatch.setenv("REGION", "south")
    assert check(trace) == "environment variable REGION changed"
    monkeypatch.delenv("REGION")
    assert check(trace) == "environment variable REGION is no longer set"


def test_a_variable_that_is_not_set_is_traced(monkeypatch):
    """Absence is an answer too."""
    monkeypatch.delenv("REGION", raising=False)
    (trace,) = watched(READS["get"])
    assert trace.digest == ""
    monkeypatch.setenv("REGION", "north")
    assert check(trace) == "environment variable REGION is set now"


def test_a_value_is_never_in_a_trace(monkeypatch):
    """A trace has a digest, never the value."""
    monkeypatch.setenv("REGION", "canary-4711")
    assert "canary-4711" not in repr(watched(READS["item"]))


def test_what_the_step_sets_itself_is_no_input():
    """A variable set by the step before it reads it says nothing about the outside."""

    def body():
        os.environ["ZEN_NB_TEST_OWN"] = "1"
        assert os.environ["ZEN_NB_TEST_OWN"] == "1"
        del os.environ["ZEN_NB_TEST_OWN"]

    assert watched(body) == ()


LOOKED_UP = {
    "a path with a variable": lambda: os.path.expandvars("$REGION/x"),
    "a template": lambda: string.Template("$REGION").substitute(os.environ),
    "a format": lambda: "{REGION}".format_map(os.environ),
}


@pytest.mark.parametrize("way", LOOKED_UP)
def test_what_python_looks_up_for_the_user_is_read_by_the_user(way, monkeypatch):
    """A variable that the standard library puts into a text of the user's is traced."""
    monkeypatch.setenv("REGION", "north")
    (trace,) = watched(LOOKED_UP[way])
    assert trace.label == "env:REGION"
    monkeypatch.setenv("REGION", "south")
    assert check(trace) == "environment variable REGION changed"


@pytest.mark.skipif(os.name == "nt", reason="where the home folder is has other names")
def test_the_home_folder_and_the_search_path_are_read_by_who_asks():
    """A path below the home folder hangs on where that is, a program on the search path."""
    assert [trace.label for trace in watched(Path("~/x").expanduser)] == ["env:HOME"]
    assert [trace.label for trace in watched(lambda: shutil.which("sh"))] == ["env:PATH"]


def test_readers_of_python_and_of_packages_do_not_count():
    """What the standard library and packages ask for themselves is no dependency of the step."""
    code = compile("import os\nos.path.expanduser('~/x')", json.__file__, "exec")
    assert watched(lambda: exec(code, {"__name__": "json"})) == ()
    assert watched(tempfile._candidate_tempdir_list) == ()


def test_reading_all_of_it_is_a_badge():
    """A step that goes through the whole environment is shown as external."""
    watched(lambda: dict(os.environ))
    assert watched.badges == ("external:environment",)
    watched(os.environ.copy)


def test_the_environment_has_its_own_class_again():
    """Outside of watches `os.environ` is what it was."""
    watched(lambda: None)
    assert type(os.environ) is os._Environ
