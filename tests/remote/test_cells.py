"""Steps of notebooks over a shared store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.notebook.world import Notebook
from tests.remote.machines import Machine
from tests.remote.proxy import Proxy
from tests.remote.s3 import Bucket

CELLS = (
    "%%step load n=5000\nimport numpy as np\nrows = np.arange(n)\nprint('loaded')",
    "%%step total\nt = int(rows.sum())\nt",
)


@pytest.fixture
def opened() -> Iterator[Callable[[Machine], Notebook]]:
    """Open a notebook on a machine; the one before it is closed."""
    with ExitStack() as stack:

        @contextmanager
        def on(machine: Machine) -> Iterator[Notebook]:
            with machine.here():
                notebook = Notebook()
                try:
                    yield notebook
                finally:
                    notebook.close()

        def make(machine: Machine) -> Notebook:
            stack.pop_all().close()
            return stack.enter_context(on(machine))

        yield make


def filled(notebook: Notebook) -> None:
    notebook.cells(*CELLS)
    assert notebook.session.store.flush(20.0) == 0
    assert notebook.session.store.shared.trouble == ""


def test_a_cell_is_answered_as_if_it_had_run_here(ci: Machine, bob: Machine, opened: Any) -> None:
    """Names, what is shown, and who computed it: on the page, in why, and in the status."""
    filled(opened(ci))
    notebook = opened(bob)
    load, total = notebook.cells(*CELLS)
    assert notebook.log() == ["cached load", "cached total"]
    assert notebook["t"] == sum(range(5000))
    assert load.shown == [("stdout", "loaded\n")]
    assert total.shown == [("result", str(sum(range(5000))))]
    assert "Computed by ci" in load.text
    assert "computed by ci, " in notebook.cell("%pipeline why load").text
    assert "results by ci are used" in notebook.cell("%pipeline status").text


def test_what_is_sent_meanwhile_is_no_doing_of_a_cell(
    ci: Machine, opened: Any, proxy: Proxy
) -> None:
    """A cell that runs while results are being sent is not told to have used the network."""
    notebook = opened(ci)
    proxy.harm = lambda method, path: "late" if method == "PUT" else None
    notebook.cells(CELLS[0])
    proxy.passed.clear()
    notebook.cells("%%step busy\nimport time\ntime.sleep(2.5)\ny = 1")
    assert proxy.counts["PUT"] >= 1  # each over a connection of its own
    [record] = notebook.session.store.history("busy")
    assert record.badges == ()
    assert [part.label for part in record.trace if part.kind in ("file", "env")] == []


def test_a_blob_that_is_missing_is_a_reason_on_the_page(
    ci: Machine, bob: Machine, opened: Any, bucket: Bucket
) -> None:
    """The cell runs, and the line beneath it says what is missing where."""
    filled(opened(ci))
    for name in bucket.names("blobs/"):
        bucket.remove(name)
    notebook = opened(bob)
    load, _ = notebook.cells(*CELLS)
    assert notebook.log() == ["ran load", "cached total"]
    assert "missing there" in load.text


def test_a_store_that_is_off_is_told_once_on_the_page(
    bob: Machine, opened: Any, proxy: Proxy
) -> None:
    """One line, however many steps there are; all run and are kept."""
    proxy.harm = lambda method, path: "refuse"
    notebook = opened(bob)
    done = notebook.cells(*CELLS)
    said = [text for cell in done for text, about in cell.said if about["role"] == "shared"]
    assert len(said) == 1
    assert "is left out for now" in said[0]
    assert opened(bob).cells(*CELLS)[0].status["cached"]


def test_a_check_takes_nothing_from_others(ci: Machine, bob: Machine, opened: Any) -> None:
    """`%pipeline recheck` runs what the store would give, however many have computed it."""
    filled(opened(ci))
    notebook = opened(bob)
    notebook.cells(*CELLS)
    assert "2 sound" in notebook.cell("%pipeline recheck").text


def test_a_run_of_all_ends_when_all_is_there(ci: Machine, opened: Any, bucket: Bucket) -> None:
    """What `%pipeline run` has computed is in the shared store when it has ended."""
    notebook = opened(ci)
    filled(notebook)
    notebook.cells("%pipeline run --no-cache")
    assert notebook.session.store.shared.sent.records == 4
    assert len(bucket.names("records/")) == 4
