"""Settings count for the steps that can depend on them, and for no others."""

from __future__ import annotations

import decimal

import pytest
import sklearn

from tests.notebook.conftest import fresh, nb, places

__all__ = ["fresh", "nb", "places"]


@pytest.fixture(autouse=True)
def as_before():
    """Put back what a test sets."""
    with decimal.localcontext(), sklearn.config_context():
        yield


SETUP = """
import decimal
import numpy as np
import pandas as pd
import sklearn
from sklearn.preprocessing import StandardScaler
table = pd.DataFrame({"x": [1.0, 2.0, 4.0]})
"""
STEPS = {
    "scaled": "%%step scaled\nout = StandardScaler().fit_transform(table)",
    "third": "%%step third\nthird = decimal.Decimal(1) / 3",
    "array": "%%step array\nprint(np.ones(2) / 3)",
    "frame": "%%step frame\nprint(table)",
    "values": "%%step values\nprint(table.values)",
    "plain": "%%step plain\nn = 1",
}
COUNT = {
    "sklearn.set_config(transform_output='pandas')": ["scaled"],
    "pd.set_option('display.max_rows', 13)": ["frame", "values"],
    "np.set_printoptions(precision=3)": ["array", "frame", "values"],
}


@pytest.mark.parametrize("change", COUNT)
def test_a_setting_reruns_the_steps_that_can_depend_on_it(nb, change):
    """By the libraries that their code and their values come from."""
    import numpy as np
    import pandas as pd

    with np.printoptions(), pd.option_context("display.max_rows", 60):
        nb.cells(SETUP, *STEPS.values())
        nb.ran()
        nb.cells(change, *STEPS.values())
        assert nb.ran() == COUNT[change]


def test_the_precision_of_decimals_counts(nb):
    """Another precision is another result."""
    nb.cells(SETUP, STEPS["third"])
    nb.cells("decimal.getcontext().prec = 50", STEPS["third"])
    assert nb.ran() == ["third", "third"]
    assert len(str(nb["third"])) == 52


def test_settings_that_a_step_changes_are_changed_by_a_hit(nb):
    """What comes after computes the same."""
    step = (
        "%%step setup\nsklearn.set_config(transform_output='pandas')\ndecimal.getcontext().prec = 7"
    )
    nb.cells(SETUP, step)
    sklearn.set_config(transform_output="default")
    decimal.getcontext().prec = 28
    nb.cells(step)
    assert nb.ran() == ["setup"]
    assert sklearn.get_config()["transform_output"] == "pandas"
    assert decimal.getcontext().prec == 7
