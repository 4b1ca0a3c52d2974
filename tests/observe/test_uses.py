"""A setting counts for a step whose code or values can depend on it, and for no other."""

from __future__ import annotations

import pytest

from zen_nb.observe.transcript import Recorder, Transcript
from zen_nb.observe.uses import Uses, settings_used

NOTHING = Transcript()
DATA = ("numpy", "pandas", "sklearn")


def shown(stream: str) -> Transcript:
    """Return the transcript of a step that wrote one line."""
    recorder = Recorder()
    recorder.stream(stream, "text\n")
    return recorder.transcript()


@pytest.mark.parametrize(
    ("names", "setting"),
    [
        ("str", "pandas.display"),
        ("to_string", "pandas.display"),
        ("repr", "numpy.printoptions"),
        ("getattr", "numpy.printoptions"),
        ("warn", "warnings.filters"),
        ("isEnabledFor", "logging"),
        ("setlocale", "locale"),
        ("localtime", "time zone"),
        ("getcwd", "working directory"),
        ("Decimal", "decimal.context"),
    ],
)
def test_a_name_makes_a_setting_count(names, setting):
    """Code that has it can ask for the setting, or call what depends on it."""
    assert setting in settings_used(Uses({names}, DATA), NOTHING)
    assert setting not in settings_used(Uses({"fit"}, DATA), NOTHING)


def test_formatting_makes_display_options_count():
    """An f-string has no name."""
    found = settings_used(Uses((), DATA, formats=True), NOTHING)
    assert {"pandas.display", "numpy.printoptions"} <= set(found)


def test_what_a_step_shows_makes_settings_count():
    """Texts follow the display options; warnings and logs what lets them through."""
    assert "pandas.display" in settings_used(Uses((), DATA), shown("stdout"))
    assert {"warnings.filters", "logging"} <= set(settings_used(Uses((), DATA), shown("stderr")))


def test_a_step_that_only_fits_counts_what_decides_numbers():
    """Nothing of how something is shown."""
    found = settings_used(Uses({"LinearRegression", "fit"}, DATA), NOTHING)
    assert found == ("numpy.err", "pandas.compute", "sklearn.config")


def test_a_step_of_python_alone_counts_nothing():
    """Whatever is set in the notebook."""
    assert settings_used(Uses({"len", "sum"}, {"builtins", "python"}), NOTHING) == ()
