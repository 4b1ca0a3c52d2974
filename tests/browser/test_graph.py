"""The live graph in a real notebook: clicks and keys reach the kernel, changes reach the page."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.faces.golden import PATH

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Opener
    from tests.browser.lab import OpenNotebook

SHOW = """
from tests.browser.demo import Demo
from zen_nb.faces.widget import graph_of
demo = Demo()
graph_of(demo)
"""
ASKED = "[ask for _, ask in demo.asked]"
GOLDEN = f"""
import json, time
from pathlib import Path
from tests.browser.demo import Demo
from tests.faces.golden import golden, rebuilt
from zen_nb.faces.snapshot import PipelineSnapshot
from zen_nb.faces.widget import graph_of
raw = json.loads(Path({str(PATH)!r}).read_text(encoding="utf-8"))
for node in raw["nodes"]:
    if node["started_at"]: node["started_at"] = time.time() - 12
    if node["finished_at"]: node["finished_at"] = time.time() - 7200
demo = Demo(rebuilt(PipelineSnapshot, raw))
graph_of(demo)
"""


@pytest.fixture
def shown(notebook: Opener) -> OpenNotebook:
    """A notebook whose first cell shows the demo; the second tells what was asked."""
    opened = notebook(SHOW, ASKED, "", "")
    opened.run(0)
    expect(opened.graph).to_be_visible()
    return opened


def asked(opened: OpenNotebook, count: int) -> list[dict[str, object]]:
    """Return the messages that have reached the kernel, once there are so many of them.

    JupyterLab sends a widget's messages by a subshell, in a thread beside the cells: a cell
    that is run after a click may be done before the click has arrived.
    """
    for _ in range(20):
        opened.run(1)
        found = ast.literal_eval(opened.text(1))
        assert isinstance(found, list)
        if len(found) >= count:
            break
        opened.page.wait_for_timeout(250)
    return found


def test_a_click_on_a_switch_reaches_the_kernel(shown: OpenNotebook) -> None:
    """One click turns a step's caching off, a second takes that back."""
    switch = shown.switch("train")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_have_attribute("title", re.compile("off, set by the demo"))
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    assert asked(shown, 2) == [
        {"kind": "toggle", "step": "train", "value": False},
        {"kind": "toggle", "step": "train", "value": None},
    ]


def test_a_click_arrives_while_a_cell_runs(shown: OpenNotebook) -> None:
    """A toggle does not wait for the cell that is running, even one that reports progress."""
    shown.edit(
        2,
        "import time\n"
        "began = time.time()\n"
        "while time.time() - began < 6 and not demo.asked:\n"
        "    demo.change('load', duration_s=time.time() - began)\n"
        "    time.sleep(0.05)\n"
        "print('saw it' if demo.asked else 'saw nothing')",
    )
    shown.run(2, wait=False)
    expect(shown.step("load")).to_contain_text(re.compile(r"\d+ ms|0\.\d s"))
    shown.switch("train").click()
    shown.wait_run(2, None)
    assert shown.text(2).strip() == "saw it"


def test_the_drawing_follows_without_being_shown_again(shown: OpenNotebook) -> None:
    """A change in the kernel is drawn on the same cards, and only there."""
    shown.page.evaluate("document.querySelectorAll('.znb-card').forEach(c => c.mine = true)")
    shown.edit(2, "demo.change('train', 'will_run', reason='param gamma 0.1 → 0.2')")
    shown.run(2)
    expect(shown.step("train")).to_contain_text("will run · param gamma 0.1 → 0.2")
    assert shown.page.evaluate(
        "[...document.querySelectorAll('.znb-card')].every(card => card.mine)"
    )
    expect(shown.graph.locator("[aria-live]")).to_have_text("train: will run")


def test_two_views_show_the_same(shown: OpenNotebook) -> None:
    """The same widget shown twice is flipped in both places."""
    shown.edit(2, "import ipywidgets\nipywidgets.VBox([Out[1]])")
    shown.run(2)
    switches = shown.switch("train")
    expect(switches).to_have_count(2)
    switches.first.click()
    expect(switches.nth(1)).to_have_attribute("aria-checked", "false")


def test_keyboard_alone_is_enough(shown: OpenNotebook) -> None:
    """Arrows move, c flips, C takes back, r runs to here, Enter opens and Escape closes."""
    keys = shown.page.keyboard
    expect(shown.graph.locator('.znb-card[tabindex="0"]')).to_have_count(1)
    shown.step("load").focus()
    keys.press("ArrowRight")
    expect(shown.step("train")).to_be_focused()
    keys.press("c")
    expect(shown.switch("train")).to_have_attribute("aria-checked", "false")
    keys.press("Shift+C")
    expect(shown.switch("train")).to_have_attribute("aria-checked", "true")
    keys.press("r")
    keys.press("Enter")
    details = shown.graph.get_by_role("region", name="Details of train")
    expect(details).to_be_visible()
    keys.press("Escape")
    expect(details).to_be_hidden()
    expect(shown.step("train")).to_be_focused()
    assert asked(shown, 3) == [
        {"kind": "toggle", "step": "train", "value": False},
        {"kind": "toggle", "step": "train", "value": None},
        {"kind": "run", "to": "train", "all": False},
    ]


def test_keys_of_the_graph_are_not_keys_of_the_notebook(shown: OpenNotebook) -> None:
    """No letter typed at a step turns, cuts, copies, adds or deletes a cell."""
    before = shown.kinds()
    shown.step("load").focus()
    for key in "crabmyxddz":
        shown.page.keyboard.press(key)
    shown.page.keyboard.press("Enter")
    shown.page.keyboard.press("ArrowDown")
    assert shown.kinds() == before
    assert {ask["kind"] for ask in asked(shown, 2)} == {"toggle", "run"}


def test_the_run_bar_asks_for_runs(shown: OpenNotebook) -> None:
    """Run, Run all, Run to here and the three positions of the run's toggle are one click each."""
    bar = shown.graph.get_by_role("toolbar")
    bar.get_by_role("button", name="Run", exact=True).click()
    bar.get_by_role("button", name="Run all").click()
    for position in ("off", "on", "as set"):
        radio = bar.get_by_role("radio", name=position)
        radio.click()
        expect(radio).to_have_attribute("aria-checked", "true")
    shown.step("report").hover()
    shown.step("report").get_by_role("button", name="Run to here").click()
    expect(bar).to_contain_text("3 cached, 0 to run")
    assert asked(shown, 6) == [
        {"kind": "run", "to": None, "all": False},
        {"kind": "run", "to": None, "all": True},
        {"kind": "toggle", "step": None, "value": False},
        {"kind": "toggle", "step": None, "value": True},
        {"kind": "toggle", "step": None, "value": None},
        {"kind": "run", "to": "report", "all": False},
    ]


def test_pointing_at_a_switch_says_what_a_flip_would_make_run(shown: OpenNotebook) -> None:
    """The step itself for sure, those below it perhaps, with how long; marked in the graph too."""
    said = shown.graph.locator(".znb-forecast")
    shown.switch("train").hover()
    expect(said).to_have_text(
        "Off: train runs (about 2.0 s), and 1 below if results change (up to about 2.0 s)"
    )
    expect(shown.step("train")).to_have_attribute("data-would", "run")
    expect(shown.step("report")).to_have_attribute("data-would", "maybe")
    shown.graph.get_by_role("radio", name="off").hover()
    expect(said).to_have_text("Off: 3 steps run (about 6.0 s)")
    shown.graph.locator(".znb-title").hover()
    expect(said).to_have_text("3 cached, 0 to run")


def test_a_flip_that_nobody_confirms_is_pending(shown: OpenNotebook) -> None:
    """A switch moves at once, and says so while the kernel has not agreed."""
    shown.edit(2, "demo.answers = False")
    shown.run(2)
    shown.switch("train").click()
    expect(shown.switch("train")).to_have_attribute("aria-checked", "false")
    expect(shown.step("train")).to_contain_text("pending")
    shown.edit(2, "demo.toggle('train', False)")
    shown.run(2)
    expect(shown.step("train")).not_to_contain_text("pending")
    expect(shown.switch("train")).to_have_attribute("aria-checked", "false")


def test_a_refusal_is_shown_and_taken_back(shown: OpenNotebook) -> None:
    """What the kernel refuses is said in its words, and the switch returns."""
    shown.edit(2, "def no(*_): raise ValueError('not <b>now</b>')\ndemo.toggle = no")
    shown.run(2)
    shown.switch("train").click()
    expect(shown.graph.get_by_role("status")).to_have_text("ValueError: not <b>now</b>")
    expect(shown.switch("train")).to_have_attribute("aria-checked", "true")


def test_names_and_reasons_are_text(shown: OpenNotebook) -> None:
    """Markup in whatever the user wrote is shown as it is, on the card and in the details."""
    shown.edit(
        2,
        "bad = '<img src=x onerror=\"document.title=1\"><script>document.title=1</script>'\n"
        "from zen_nb.faces.snapshot import ArtifactView\n"
        "demo.change('train', 'failed', reason=bad, error=bad, why=(bad,), badges=(bad,),\n"
        "            parameters=((bad, bad),), artifacts=(ArtifactView(bad, bad, bad),))",
    )
    shown.run(2)
    expect(shown.step("train")).to_contain_text("<img src=x")
    shown.step("train").click()
    expect(shown.graph.get_by_role("region")).to_contain_text("<script>document.title=1</script>")
    assert shown.graph.locator("script, img:not([src^='data:image/png;base64,'])").count() == 0
    assert shown.page.title() != "1"


def test_elapsed_time_ticks_without_the_kernel(shown: OpenNotebook) -> None:
    """A running step counts on by itself."""
    shown.edit(2, "import time\ndemo.change('train', 'running', started_at=time.time() - 20)")
    shown.run(2)
    clause = shown.step("train").locator(".znb-clause")
    expect(clause).to_have_text(re.compile("2[2-9] s of 2.0 s"))


def test_narrow_places_get_a_list(shown: OpenNotebook) -> None:
    """Where cards do not fit, the same steps stand in rows, and nothing is wider than its place."""
    expect(shown.graph).to_have_attribute("data-view", "right")
    shown.page.evaluate("document.querySelector('.znb').parentElement.style.width = '320px'")
    expect(shown.graph).to_have_attribute("data-view", "list")
    assert shown.graph.evaluate("root => root.scrollWidth <= root.clientWidth")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_every_state_can_be_read(
    notebook: Opener, page: Page, screenshots: Path, theme: str
) -> None:
    """All states are drawn in both themes, their text with the contrast that reading needs."""
    opened = notebook(GOLDEN)
    page.evaluate(
        "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})",
        f"JupyterLab {theme}",
    )
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {theme}")
    page.set_viewport_size({"width": 1280, "height": 1700})
    opened.run(0)
    expect(opened.graph.locator(".znb-card")).to_have_count(11)
    opened.step("features").click()
    page.evaluate("document.querySelector('.znb-scroller').style.maxHeight = 'none'")
    opened.graph.screenshot(path=screenshots / f"every-state-{theme.lower()}.png")
    page.set_viewport_size({"width": 1280, "height": 900})
    faint = opened.graph.evaluate(CONTRAST)
    assert faint == []


CONTRAST = """root => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgb = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b]
        .map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (at) => {
        for (let el = at; el; el = el.parentElement) {
            const found = rgb(getComputedStyle(el).backgroundColor);
            if (found[3] === 255) return found;
        }
        return [255, 255, 255, 255];
    };
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const faint = [];
    while (walk.nextNode()) {
        const el = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !el.checkVisibility()) continue;
        const [a, b] = [light(rgb(getComputedStyle(el).color)), light(behind(el))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) faint.push([el.className, walk.currentNode.data, ratio]);
    }
    return faint;
}"""
