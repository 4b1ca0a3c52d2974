"""Who decides whether a function's cache is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from zen_nb import pipeline, step
from zen_nb.core.errors import UsageError

SWITCHES = (None, True, False)


def two_runs(step_setting: bool | None, pipeline_setting: bool | None, **run: object) -> str:
    """Return the status of the step in the second of two runs."""

    @step(enable_cache=step_setting)
    def give() -> int:
        return 1

    @pipeline(enable_cache=pipeline_setting)
    def one() -> None:
        give()

    one()
    return one.with_options(**run)().steps["give"].status if run else one().steps["give"].status


@pytest.mark.parametrize("pipeline_setting", SWITCHES)
@pytest.mark.parametrize("step_setting", SWITCHES)
def test_the_step_wins_over_the_pipeline_and_unset_means_on(
    step_setting: bool | None, pipeline_setting: bool | None
) -> None:
    """Nine cells: the step's own setting, else the pipeline's, else on."""
    decided = step_setting if step_setting is not None else pipeline_setting
    expected = "completed" if decided is False else "cached"
    assert two_runs(step_setting, pipeline_setting) == expected


@pytest.mark.parametrize("step_setting", SWITCHES)
@pytest.mark.parametrize("run_setting", [True, False])
def test_with_options_of_the_pipeline_overrides_every_step(
    step_setting: bool | None, run_setting: bool
) -> None:
    """The run's setting is above the step's own."""
    expected = "cached" if run_setting else "completed"
    assert two_runs(step_setting, None, enable_cache=run_setting) == expected


@pytest.mark.parametrize("run_setting", [True, False])
def test_options_for_one_step_of_a_run_win_over_the_run(run_setting: bool) -> None:
    """The highest rung is this step, now."""
    asked = {"give": {"enable_cache": not run_setting}}
    expected = "completed" if run_setting else "cached"
    assert two_runs(None, None, enable_cache=run_setting, steps=asked) == expected


@pytest.mark.parametrize(("text", "expected"), [("false", "completed"), ("true", "cached")])
def test_the_environment_is_the_lowest_rung(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    """ZEN_NB_ENABLE_CACHE counts where neither step nor pipeline says anything."""
    monkeypatch.setenv("ZEN_NB_ENABLE_CACHE", text)
    assert two_runs(None, None) == expected
    assert two_runs(True, None) == "cached"


def test_the_project_is_asked_after_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[tool.zen_nb] enable_cache of the nearest pyproject.toml counts."""
    (tmp_path / "pyproject.toml").write_text("[tool.zen_nb]\nenable_cache = false\n")
    monkeypatch.chdir(tmp_path)
    assert two_runs(None, None) == "completed"
    monkeypatch.setenv("ZEN_NB_ENABLE_CACHE", "1")
    assert two_runs(None, None) == "cached"


def test_with_options_leaves_the_original_alone_and_configure_does_not() -> None:
    """with_options gives a copy; configure changes the step itself."""

    @step
    def give() -> int:
        return 1

    copy = give.with_options(enable_cache=False)
    assert (give.options.enable_cache, copy.options.enable_cache) == (None, False)
    assert give.configure(enable_cache=True) is give
    assert give.options.enable_cache is True


def test_off_still_stores_so_that_the_next_cached_run_finds_the_newest() -> None:
    """Off means that the cache is not read, not that nothing is kept."""

    @step
    def give() -> int:
        return 1

    give.with_options(enable_cache=False)()

    @pipeline
    def one() -> None:
        give()

    assert one().status == "cached"


def test_an_option_that_there_is_not_is_named_with_those_there_are() -> None:
    """Unknown options of steps, and options for unknown steps, are errors in one line."""

    @step
    def give() -> int:
        return 1

    @pipeline
    def one() -> None:
        give()

    with pytest.raises(UsageError, match=r"no option 'enable_cahce'; options: enable_cache"):
        give.with_options(enable_cahce=False)
    with pytest.raises(UsageError, match=r"no step 'gvie'; steps: give"):
        one.with_options(steps={"gvie": {"enable_cache": False}})()
