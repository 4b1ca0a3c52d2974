"""The whole way in a real notebook: cells become steps, a click decides how the next run goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Opener
    from tests.browser.lab import OpenNotebook

CELLS = (
    "%load_ext zen_nb\nran = []",
    "%%step numbers -> xs --ignore ran\nran.append('numbers')\nxs = list(range(SIZE))",
    "%%step total factor=2 -> out --ignore ran\nran.append('total')\nout = sum(xs) * factor\nout",
    "%pipeline",
    "",
)


@pytest.fixture
def pipeline(notebook: Opener, request: pytest.FixtureRequest) -> OpenNotebook:
    """A notebook of two steps that both have run, with their graph below.

    Each test has values of its own, since all share one store.
    """
    size = sum(map(ord, request.node.name))
    opened = notebook(*(cell.replace("SIZE", str(size)) for cell in CELLS))
    for index in range(4):
        opened.run(index)
    expect(opened.graph.locator(".znb-card")).to_have_count(2)
    return opened


def tell(opened: OpenNotebook, expression: str) -> str:
    """Return what an expression is worth in the kernel."""
    opened.edit(4, expression)
    opened.run(4)
    return opened.text(4)


def test_the_graph_shows_what_the_cells_are(pipeline: OpenNotebook) -> None:
    """Two cells are two cards with an edge between them, both up to date."""
    expect(pipeline.step("numbers")).to_contain_text("up to date")
    expect(pipeline.step("total")).to_contain_text("up to date")
    expect(pipeline.graph.locator(".znb-edge")).to_have_count(1)


def test_a_switch_is_obeyed_by_the_next_execution(pipeline: OpenNotebook) -> None:
    """Off makes the next Shift-Enter run the cell, back to as set makes it hit again."""
    pipeline.run(2)
    assert tell(pipeline, "ran") == "['numbers', 'total']"
    pipeline.switch("total").click()
    expect(pipeline.step("total")).to_contain_text("caching off")
    pipeline.run(2)
    assert tell(pipeline, "ran") == "['numbers', 'total', 'total']"
    pipeline.step("total").focus()
    pipeline.page.keyboard.press("Shift+C")
    expect(pipeline.step("total")).to_contain_text("up to date")
    pipeline.run(2)
    assert tell(pipeline, "ran") == "['numbers', 'total', 'total']"


def test_the_runs_toggle_is_obeyed_by_every_step(pipeline: OpenNotebook) -> None:
    """Off for the run makes every cell run, whatever the steps say."""
    pipeline.graph.get_by_role("radio", name="off").click()
    expect(pipeline.step("numbers")).to_contain_text("caching off")
    pipeline.run(1)
    pipeline.run(2)
    assert tell(pipeline, "ran") == "['numbers', 'total', 'numbers', 'total']"


def test_an_edit_is_drawn_and_run_from_the_page(pipeline: OpenNotebook) -> None:
    """A new first step makes the second one stale; Run on the page brings it up to date."""
    pipeline.edit(1, CELLS[1].replace("SIZE", "11"))
    pipeline.run(1)
    expect(pipeline.step("total")).to_contain_text(re.compile("will run"))
    pipeline.graph.get_by_role("button", name=re.compile(r"^Run \(1 to run\)")).click()
    expect(pipeline.step("total")).to_contain_text("up to date")
    assert tell(pipeline, "out") == "110"


def test_selecting_a_step_shows_what_it_made(pipeline: OpenNotebook, screenshots: Path) -> None:
    """The details name parameters and artifacts as the record keeps them."""
    pipeline.step("total").click()
    details = pipeline.graph.get_by_role("region", name="Details of total")
    expect(details).to_contain_text("factor")
    expect(details).to_contain_text("out")
    pipeline.graph.screenshot(path=screenshots / "pipeline.png")


def test_a_restarted_kernel_hits_and_follows(pipeline: OpenNotebook) -> None:
    """After a restart the same cells hit, and the graph follows the edits that come then."""
    pipeline.restart()
    for index in range(4):
        pipeline.run(index)
    expect(pipeline.step("total")).to_contain_text("saved")
    assert tell(pipeline, "ran") == "[]"
    pipeline.edit(1, CELLS[1].replace("SIZE", "12"))
    pipeline.run(1)
    expect(pipeline.step("total")).to_contain_text("will run")


def test_a_failing_run_from_the_page_shows_the_users_code_alone(pipeline: OpenNotebook) -> None:
    """The traceback below the graph begins in the cell, as the cell's own would."""
    pipeline.edit(2, "%%step total factor=2 -> out --ignore ran\nout = sum(xs) / (factor - 2)")
    pipeline.run(2)
    expect(pipeline.step("total")).to_contain_text("failed")
    pipeline.graph.get_by_role("button", name=re.compile(r"^Run \(1 to run\)")).click()
    shown = pipeline.page.locator(".jp-Cell", has=pipeline.page.locator(".znb")).locator(
        ".jp-OutputArea-output"
    )
    expect(shown.filter(has_text="most recent call last")).to_contain_text("sum(xs)")
    expect(shown.filter(has_text="most recent call last")).not_to_contain_text("run_pipeline")


def test_a_result_is_pinned_and_forgotten_from_its_details(
    pipeline: OpenNotebook, screenshots: Path
) -> None:
    """Pin puts a badge on the card, Forget asks once more, and then the step runs again."""
    pipeline.step("total").click()
    details = pipeline.graph.locator(".znb-details")
    details.get_by_role("button", name="Pin").click()
    expect(pipeline.step("total")).to_contain_text("pinned")
    pipeline.graph.screenshot(path=screenshots / "pinned.png")
    details.get_by_role("button", name="Unpin").click()
    expect(pipeline.step("total")).not_to_contain_text("pinned")
    details.get_by_role("button", name="Forget").click()
    details.get_by_role("button", name="Forget this result?").click()
    expect(pipeline.step("total")).to_contain_text("will run")
    pipeline.run(2)
    assert tell(pipeline, "ran") == "['numbers', 'total', 'total']"
