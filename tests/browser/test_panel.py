"""The panel in a real JupyterLab: it follows notebooks and kernels, and runs their own cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Opener
    from tests.browser.lab import Lab, OpenNotebook

LOAD = "%load_ext zen_nb\nran = []"
# The store is everybody's here: a mark of its own makes each test's steps new to it.
NUMBERS = "%%step numbers --ignore ran\nran.append('numbers')\nxs = [0, 1, 2, 3]\nmark = 'MARK'"
TOTAL = "%%step total factor=2 -> out --ignore ran\nran.append('total')\nout = sum(xs) * factor\nprint(out, mark)"
AFTER = "out, ran"


@pytest.fixture
def opened(notebook: Opener) -> OpenNotebook:
    """A notebook of two steps with the panel open; nothing has run."""
    found = notebook(LOAD, NUMBERS.replace("MARK", uuid4().hex), TOTAL, AFTER)
    found.command("zen_nb:show")
    expect(found.panel).to_be_visible()
    return found


@pytest.fixture
def live(opened: OpenNotebook) -> OpenNotebook:
    """The same, executed once."""
    for cell in range(3):
        opened.run(cell)
    expect(opened.row("total")).to_contain_text("up to date")
    return opened


def test_a_kernel_without_the_extension_is_said_and_mended_by_a_button(opened: OpenNotebook):
    """Until zen_nb is loaded the panel says so; its button loads it, and steps appear as they run."""
    expect(opened.panel).to_contain_text("not loaded")
    opened.panel.get_by_role("button", name="Load zen_nb").click()
    expect(opened.panel).to_contain_text("No steps yet")
    opened.edit(0, "ran = []")
    opened.run(0)
    opened.run(1)
    expect(opened.row("numbers")).to_contain_text("up to date")


def test_the_file_is_drawn_before_anything_runs(opened: OpenNotebook):
    """What the saved notebook says of its steps is there before the kernel says anything."""
    expect(opened.row("numbers")).to_be_visible()
    expect(opened.row("total")).to_be_visible()
    expect(opened.panel.locator(".znb-edge")).to_have_count(1)
    expect(opened.mark(1)).to_have_attribute("title", "numbers: not run in this kernel yet")


def test_marks_tell_how_each_cell_stands_and_why(live: OpenNotebook):
    """A mark beside each step's cell says cached, edited or failed, with the reason on hover."""
    expect(live.mark(2)).to_have_attribute("data-state", "up_to_date")
    expect(live.mark(3)).to_have_count(0)
    live.edit(2, TOTAL.replace("factor=2", "factor=3"))
    expect(live.mark(2)).to_have_attribute("data-state", "edited")
    expect(live.mark(2)).to_have_attribute(
        "title", re.compile("total: edited: the cell was edited")
    )
    expect(live.row("total")).to_contain_text("edited")
    live.edit(2, TOTAL)
    expect(live.mark(2)).to_have_attribute("data-state", "up_to_date")
    live.edit(1, "xs = [1]")
    expect(live.mark(1)).to_have_attribute("data-state", "edited")
    live.run(1)  # only now has the kernel one step less
    expect(live.mark(1)).to_have_count(0)


def test_run_executes_the_cells_of_the_page(live: OpenNotebook):
    """An edited cell runs as it stands on the page, and its output lands below it."""
    before = live.count(1)
    live.edit(2, TOTAL.replace("factor=2", "factor=3"))
    expect(live.row("total")).to_contain_text("edited")
    live.panel.get_by_role("button", name="Run (1 to run)").click()
    expect(live.row("total")).to_contain_text("up to date")
    assert "18" in live.text(2)
    assert live.count(1) == before
    live.run(3)
    assert live.text(3) == "(18, ['numbers', 'total', 'total'])"


def test_run_all_runs_every_step_afresh(live: OpenNotebook):
    """Run all reads nothing from the cache, in the order of the page, once."""
    live.panel.get_by_role("button", name="Run all").click()
    live.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.executionCount === 5"
    )
    live.run(3)
    assert live.text(3) == "(12, ['numbers', 'total', 'numbers', 'total'])"
    live.run(1)
    live.run(3)
    assert live.text(3) == "(12, ['numbers', 'total', 'numbers', 'total'])"


def test_a_click_goes_to_the_cell_of_a_step(live: OpenNotebook):
    """Selecting a step makes its cell the active one, and shows what the step made."""
    live.row("total").click()
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    assert live.page.evaluate(active) == 2
    details = live.panel.get_by_role("region", name="Details of total")
    expect(details).to_contain_text("out int 12")
    live.row("numbers").click()
    assert live.page.evaluate(active) == 1
    expect(live.panel.get_by_role("region", name="Details of numbers")).to_contain_text("History")


def test_a_switch_is_obeyed_by_the_next_execution_of_the_cell(live: OpenNotebook):
    """Off in the panel: the cell runs when it is executed; back as set, it is reused."""
    live.row("total").get_by_role("switch").click()
    expect(live.row("total").get_by_role("switch")).to_have_attribute("aria-checked", "false")
    live.run(2)
    live.panel.get_by_role("button", name="Clear 1 toggle").click()
    expect(live.row("total").get_by_role("switch")).to_have_attribute("aria-checked", "true")
    live.run(2)
    live.run(3)
    assert live.text(3) == "(12, ['numbers', 'total', 'total'])"


def test_a_switch_arrives_while_a_cell_runs(live: OpenNotebook):
    """A flip in the panel reaches the kernel and comes back before the running cell ends."""
    live.edit(3, "import time\nwhile 'total' not in str(get_ipython().user_ns.get('seen')):\n"
                 "    time.sleep(0.02)\n"
                 "    import zen_nb.faces.extension as extension\n"
                 "    toggles = extension.current().session.toggles\n"
                 "    seen = 'total' if toggles.step('total') is False else ''\nseen")  # fmt: skip
    live.run(3, wait=False)
    live.page.wait_for_timeout(300)
    before = live.count(3)
    live.row("total").get_by_role("switch").click()
    live.wait_run(3, before)
    assert live.text(3) == "'total'"
    expect(live.row("total").get_by_role("switch")).to_have_attribute("aria-checked", "false")


def test_toggles_are_offered_again_after_a_restart(live: OpenNotebook):
    """A restart ends toggles; the notebook keeps them, and one click sets them again."""
    live.row("total").get_by_role("switch").click()
    kept = "() => window.jupyterapp.shell.currentWidget.context.model.getMetadata('zen_nb')"
    live.page.wait_for_function(f"() => ({kept})()?.toggles?.steps?.total === false")
    live.restart()
    expect(live.panel).to_contain_text("not loaded")
    for cell in range(3):
        live.run(cell)
    expect(live.row("total").get_by_role("switch")).to_have_attribute("aria-checked", "true")
    expect(live.panel).to_contain_text("1 toggle from an earlier kernel")
    live.panel.get_by_role("button", name="Restore").click()
    expect(live.row("total").get_by_role("switch")).to_have_attribute("aria-checked", "false")
    expect(live.panel.get_by_text("earlier kernel")).to_be_hidden()
    live.panel.get_by_role("button", name="Clear 1 toggle").click()
    live.page.wait_for_function(f"() => ({kept})() === undefined")


def test_a_restarted_kernel_is_followed(live: OpenNotebook):
    """After a restart the last that is known stays on the page until the kernel tells more."""
    live.restart()
    expect(live.panel).to_contain_text("not loaded")
    live.run(0)
    live.run(1)
    expect(live.row("numbers")).to_contain_text("up to date")
    live.run(2)
    expect(live.row("total")).to_contain_text("up to date")
    live.edit(3, "ran")
    live.run(3)
    assert live.text(3) == "[]"


def test_the_panel_follows_the_active_notebook(live: OpenNotebook, notebook: Opener):
    """Several notebooks have a kernel each; the panel shows the one that is looked at."""
    other = notebook("%load_ext zen_nb", "%%step alone\nx = 1")
    other.run(0)
    other.run(1)
    expect(other.row("alone")).to_contain_text("up to date")
    expect(other.panel.locator(".znb-card")).to_have_count(1)
    live.activate()
    expect(live.row("total")).to_contain_text("up to date")


def test_pipelines_and_pipeline_functions_are_graphs_of_their_own(live: OpenNotebook):
    """What `%pipeline define` and `@pipeline` make can be chosen, and follows its runs."""
    live.edit(3, "from zen_nb import pipeline, step\n"
                 "@step\ndef double(x: int) -> int:\n    return x * 2\n"
                 "@step\ndef show(y: int) -> str:\n    return str(y)\n"
                 "@pipeline\ndef small(x: int):\n    show(double(x))\n"
                 "%pipeline define part numbers\nsmall(2).status")  # fmt: skip
    live.run(3)
    assert "completed" in live.text(3)
    choice = live.panel.get_by_role("combobox", name="Graph")
    expect(choice.locator("option")).to_have_text(["notebook", "part", "small"])
    choice.select_option("small")
    expect(live.row("show")).to_contain_text("up to date")
    expect(live.panel.locator(".znb-card")).to_have_count(2)
    live.row("double").get_by_role("switch").click()
    expect(live.row("double").get_by_role("switch")).to_have_attribute("aria-checked", "false")
    live.edit(3, "{name: one.status for name, one in small(2).steps.items()}")
    live.run(3)
    assert live.text(3).endswith("{'double': 'completed', 'show': 'cached'}")
    choice.select_option("part")
    expect(live.row("numbers")).to_be_visible()
    expect(live.panel.locator(".znb-card")).to_have_count(1)


def test_a_page_that_is_opened_again_finds_the_running_kernel(live: OpenNotebook, lab: Lab):
    """Another page on the same kernel is told all, while a cell runs as well."""
    live.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    live.edit(3, "import time; time.sleep(4)")
    live.run(3, wait=False)
    path = live.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    second = live.page.context.new_page()
    second.goto(f"{lab.url}/lab/workspaces/second?reset")
    second.wait_for_function("window.jupyterapp?.shell?.currentWidget !== undefined")
    second.evaluate(
        """async path => {
            await window.jupyterapp.restored;
            await window.jupyterapp.commands.execute('docmanager:open', {path});
            await window.jupyterapp.commands.execute('zen_nb:show');
        }""",
        path,
    )
    row = second.locator('.znb-panel .znb-card[data-step="total"]')
    expect(row.get_by_role("switch")).to_be_visible(timeout=15_000)
    row.get_by_role("switch").click()
    expect(live.row("total").get_by_role("switch")).to_have_attribute("aria-checked", "false")
    second.close()
    live.wait_run(3, None)


def test_what_ran_last_is_shown_without_a_kernel(live: OpenNotebook):
    """With the kernel gone the server tells of the last run: states, times, artifacts."""
    live.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    live.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    expect(live.panel).to_contain_text("No kernel runs. This is the last that is known.")
    expect(live.row("total")).to_contain_text("up to date")
    expect(live.row("total").get_by_role("switch")).to_be_hidden()


def test_everything_is_a_command(live: OpenNotebook):
    """The palette has what the panel has, for the active cell where that matters."""
    names = live.page.evaluate(
        "window.jupyterapp.commands.listCommands().filter(name => name.startsWith('zen_nb:'))"
    )
    assert set(names) == {
        f"zen_nb:{name}"
        for name in (
            "show",
            "run",
            "run-all",
            "run-to-cell",
            "stop",
            "toggle",
            "clear-toggles",
            "load",
        )
    }
    live.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2")
    live.command("zen_nb:toggle")
    expect(live.row("total").get_by_role("switch")).to_have_attribute("aria-checked", "false")
    live.command("zen_nb:clear-toggles")
    expect(live.row("total").get_by_role("switch")).to_have_attribute("aria-checked", "true")
    live.edit(2, TOTAL.replace("factor=2", "factor=5"))
    expect(live.row("total")).to_contain_text("edited")
    live.command("zen_nb:run-to-cell")
    expect(live.row("total")).to_contain_text("up to date")
    assert "30" in live.text(2)


def test_stop_interrupts_what_the_panel_runs(live: OpenNotebook):
    """A run from the panel is stopped from it, and the step says so."""
    live.edit(2, "%%step total factor=2 -> out --ignore ran\nimport time\ntime.sleep(60)\nout = 1")
    expect(live.row("total")).to_contain_text("edited")
    live.panel.get_by_role("button", name="Run (1 to run)").click()
    expect(live.row("total")).to_contain_text("running")
    expect(live.mark(2)).to_have_attribute("data-state", "running")
    live.command("zen_nb:stop")
    expect(live.row("total")).to_contain_text("failed")
    expect(live.row("total")).to_contain_text("KeyboardInterrupt")


def test_a_connection_that_was_lost_is_taken_up_again(live: OpenNotebook):
    """What happened meanwhile is shown, and switches work, after the page has reconnected."""
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    live.page.evaluate(f"{kernel}.reconnect()")
    live.page.wait_for_function(f"{kernel}.connectionStatus === 'connected'")
    live.row("total").get_by_role("switch").click()
    expect(live.row("total").get_by_role("switch")).to_have_attribute("title", re.compile("toggle"))
    live.edit(1, "%%step numbers --ignore ran\nxs = [9]")
    live.run(1)
    expect(live.row("numbers")).to_contain_text("up to date")


def test_notebook_7_has_the_panel_too(live: OpenNotebook, lab: Lab):
    """The same panel stands at the right of Notebook 7, live on the same kernel."""
    live.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    path = live.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    second = live.page.context.new_page()
    second.goto(f"{lab.url}/notebooks/{path}")
    second.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.session")
    second.evaluate("window.jupyterapp.commands.execute('zen_nb:show')")
    row = second.locator('.znb-panel .znb-card[data-step="total"]')
    expect(row).to_contain_text("up to date", timeout=15_000)
    row.get_by_role("switch").click()
    expect(live.row("total").get_by_role("switch")).to_have_attribute("aria-checked", "false")
    second.close()


def test_cells_that_are_steps_by_themselves_are_run_and_marked_too(notebook: Opener):
    """In automatic mode the panel runs, and marks, cells that have no line of zen_nb's."""
    opened = notebook(
        "%load_ext zen_nb\n%pipeline auto on",
        f"import time\ntime.sleep(0.2)\nxs = [1, 2]\nmark = {uuid4().hex!r}",
        "time.sleep(0.2)\nprint(sum(xs))",
    )
    opened.command("zen_nb:show")
    for cell in range(3):
        opened.run(cell)
    expect(opened.mark(1)).to_have_attribute("data-state", "up_to_date")
    before = opened.count(1)
    opened.edit(2, "time.sleep(0.2)\nprint(sum(xs) * 10)")
    expect(opened.mark(2)).to_have_attribute("data-state", "edited")
    opened.panel.get_by_role("button", name="Run (1 to run)").click()
    expect(opened.mark(2)).to_have_attribute("data-state", "up_to_date")
    assert "30" in opened.text(2)
    assert opened.count(1) == before
