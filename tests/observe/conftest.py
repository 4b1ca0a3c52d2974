"""What is observed here is observed as by a running step."""

from __future__ import annotations

import pytest

from zen_nb.identity.loads import Loading
from zen_nb.observe.audit import muted


@pytest.fixture(autouse=True)
def loading():
    """What zen_nb itself reads of a module that is loaded is not the step's, as in a run."""
    with Loading(muted):
        yield
