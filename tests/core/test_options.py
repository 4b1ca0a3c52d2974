"""Settings: who decides, and where they are read from."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from zen_nb.core.errors import UsageError
from zen_nb.core.options import (
    Setting,
    parse_duration,
    parse_size,
    read_configuration,
    resolve,
    usable_configuration,
)

SWITCHES = (None, True, False)


@pytest.mark.parametrize("rungs", list(product(SWITCHES, repeat=4)))
def test_the_highest_rung_that_is_set_decides(rungs: tuple[bool | None, ...]) -> None:
    """The order: this step now, this run, the step, the pipeline, the surroundings, on."""
    around = Setting(False, "the environment")
    step_now, run_now, step, pipeline = rungs
    decided = resolve(
        step_now=step_now, run_now=run_now, step=step, pipeline=pipeline, surroundings=around
    )
    expected = next((rung for rung in rungs if rung is not None), False)
    assert decided.enabled is expected


def test_nothing_set_means_on() -> None:
    """Caching is on where nobody says anything, and says who decided."""
    assert resolve() == Setting(True, "the default")


@pytest.mark.parametrize(
    ("text", "count"),
    [("20GB", 20 * 10**9), ("500 MB", 5 * 10**8), ("1.5kb", 1500), ("7", 7)],
)
def test_sizes_are_read_in_decimal_units(text: str, count: int) -> None:
    """Units may be in any case, with or without a blank."""
    assert parse_size(text) == count


@pytest.mark.parametrize(
    ("text", "count"), [("7d", 604800), ("12h", 43200), ("30m", 1800), ("90s", 90), ("2", 2)]
)
def test_durations_are_read_in_their_units(text: str, count: int) -> None:
    """A plain number is seconds."""
    assert parse_duration(text) == count


@pytest.mark.parametrize("text", ["", "7 x", "d", "-1d", "1e3"])
def test_what_is_no_duration_says_what_to_write(text: str) -> None:
    """The message shows examples."""
    with pytest.raises(UsageError, match="7d, 12h, 30m or 90s"):
        parse_duration(text)


def test_the_environment_wins_over_the_project(tmp_path: Path) -> None:
    """Each variable stands over its line in pyproject.toml, found at or above the folder."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.zen_nb]\ncache_dir = "/p"\nsize_limit = "1GB"\n'
        'enable_cache = false\nstatus = "quiet"\n'
    )
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    project = read_configuration({}, below)
    assert (project.cache_dir, project.size_limit_bytes) == (Path("/p"), 10**9)
    assert (project.status, project.enable_cache and project.enable_cache.enabled) == (
        "quiet",
        False,
    )
    environment = {
        "ZEN_NB_CACHE_DIR": "/e",
        "ZEN_NB_SIZE_LIMIT": "2GB",
        "ZEN_NB_ENABLE_CACHE": "on",
        "ZEN_NB_STATUS": "full",
    }
    over = read_configuration(environment, below)
    assert (over.cache_dir, over.size_limit_bytes, over.status) == (Path("/e"), 2 * 10**9, "full")
    assert over.enable_cache == Setting(True, "the environment (ZEN_NB_ENABLE_CACHE)")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"ZEN_NB_ENABLE_CACHE": "maybe"}, "ZEN_NB_ENABLE_CACHE='maybe' is not a switch"),
        ({"ZEN_NB_SIZE_LIMIT": "much"}, "size_limit: cannot read 'much'; write for example 20GB"),
        ({"ZEN_NB_STATUS": "loud"}, "status = 'loud' is not known; write full or quiet"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(
    environment: dict[str, str], message: str, tmp_path: Path
) -> None:
    """What, where and what to write, in one line."""
    with pytest.raises(UsageError, match=message):
        read_configuration(environment, tmp_path)


def test_settings_that_cannot_be_read_keep_nobody_from_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken or mistyped pyproject.toml leaves the defaults, and says what is wrong."""
    monkeypatch.chdir(tmp_path)
    for text, problem in (
        ("[tool.zen_nb\n", "cannot be read"),
        ("[tool.zen_nb]\nbogus = 1\n", "has no setting 'bogus'; settings: auto, cache_dir"),
        ('[tool.zen_nb]\nenable_cache = "maybe"\n', "is not a switch"),
    ):
        (tmp_path / "pyproject.toml").write_text(text)
        found = usable_configuration()
        assert problem in found.problem
        assert (found.status, found.enable_cache) == ("full", None)
    (tmp_path / "pyproject.toml").write_text("[tool.zen_nb]\n")
    assert usable_configuration().problem == ""


def test_a_shared_store_is_named_by_the_project_or_the_environment(tmp_path: Path) -> None:
    """The environment wins, and can say that there is none; only its own mode is the user's."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.zen_nb]\nremote = "s3://team/store/"\nremote_mode = "write"\nremote_timeout = "2s"\n'
    )
    found = read_configuration({}, tmp_path)
    assert (found.remote, found.remote_mode, found.remote_asked) == (
        "s3://team/store",
        "write",
        False,
    )
    assert found.remote_timeout_s == 2.0
    own = {"ZEN_NB_REMOTE": "file:///mnt/team", "ZEN_NB_REMOTE_MODE": "write"}
    found = read_configuration(own, tmp_path)
    assert (found.remote, found.remote_mode, found.remote_asked) == (
        "file:///mnt/team",
        "write",
        True,
    )
    assert read_configuration({"ZEN_NB_REMOTE": "off"}, tmp_path).remote == ""
    assert read_configuration({}, tmp_path.parent).remote_mode == "read"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ZEN_NB_REMOTE", "bucket/store", "is no URL"),
        ("ZEN_NB_REMOTE_MODE", "both", "write read or write"),
        ("ZEN_NB_REMOTE_TIMEOUT", "soon", "remote_timeout"),
    ],
)
def test_what_is_no_shared_store_is_named(tmp_path: Path, name: str, value: str, told: str) -> None:
    """What cannot be read says what to write."""
    with pytest.raises(UsageError, match=told):
        read_configuration({name: value}, tmp_path)
