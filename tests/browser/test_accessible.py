"""The graph for everybody: axe-core, small places, large type, little motion, no colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.lab import REPOSITORY
from tests.browser.test_graph import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Opener
    from tests.browser.lab import OpenNotebook

AXE = REPOSITORY / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Artifacts of one node that the demo's details have a first look at.
LOOKS = """
from zen_nb.faces.snapshot import ArtifactView
demo.change("train_forest", artifacts=tuple(ArtifactView(n, "type", "") for n in
            ("df", "xs", "image", "model", "note")))
"""
PANEL = """
%load_ext zen_nb
from zen_nb.faces.extension import current
current().graphs._live["notebook"] = demo
"""


def violations(page: Page, root: str) -> list[str]:
    """Return what axe-core finds wrong within `root`, a line each."""
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """async ([root, rules]) => {
            const {violations} = await axe.run(root, {runOnly: rules});
            return violations.flatMap(({id, nodes}) => nodes.map(
                node => `${id}: ${node.html.slice(0, 150)} ${node.failureSummary}`));
        }""",
        [root, RULES],
    )
    return list(found)


def show(page: Page, theme: str) -> None:
    """Turn JupyterLab to a theme."""
    page.evaluate(
        "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})",
        f"JupyterLab {theme}",
    )
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {theme}")


def open_first(root: Locator) -> None:
    """Open the details of the first step, and wait for its first looks."""
    root.locator(".znb-card").first.click()
    expect(root.get_by_role("region", name="Details of")).to_contain_text("History")


@pytest.fixture
def golden(notebook: Opener) -> OpenNotebook:
    """The graph with every state in a notebook, first looks of every kind in its details."""
    opened = notebook(GOLDEN, "", "")
    opened.run(0)
    first = "demo.snapshot().nodes[0].name"
    opened.edit(1, LOOKS.replace('"train_forest"', first))
    opened.run(1)
    expect(opened.graph.locator(".znb-card")).to_have_count(11)
    return opened


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_in_a_graph_with_every_state(
    golden: OpenNotebook, page: Page, screenshots: Path, theme: str
):
    """No violation inline, as cards and as rows, with a step opened, in either theme."""
    show(page, theme)
    open_first(golden.graph)
    assert violations(page, ".jp-Notebook .znb") == []
    page.set_viewport_size({"width": 1280, "height": 1900})
    golden.graph.screenshot(path=screenshots / f"inline-{theme.lower()}.png")
    golden.graph.get_by_role("button", name="List", exact=True).click()
    expect(golden.graph).to_have_attribute("data-view", "list")
    assert violations(page, ".jp-Notebook .znb") == []
    golden.graph.screenshot(path=screenshots / f"inline-list-{theme.lower()}.png")
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_in_the_panel(
    golden: OpenNotebook, page: Page, screenshots: Path, theme: str
):
    """No violation in the panel with every state, in either theme."""
    show(page, theme)
    golden.edit(2, PANEL)
    golden.run(2)
    golden.command("zen_nb:show")
    expect(golden.panel.locator(".znb-card")).to_have_count(11)
    assert violations(page, ".znb-panel") == []
    open_first(golden.panel)
    assert violations(page, ".znb-panel") == []
    page.screenshot(path=screenshots / f"panel-{theme.lower()}.png")


def test_axe_finds_nothing_in_a_long_list(notebook: Opener, page: Page, screenshots: Path):
    """A list that is filtered and folded has no violation either; a fold opens by the keyboard."""
    opened = notebook(LONG)
    opened.run(0)
    expect(opened.graph).to_have_attribute("data-view", "list")
    expect(opened.graph.get_by_role("button", name="cached steps")).to_have_count(2)
    assert violations(page, ".jp-Notebook .znb") == []
    opened.graph.screenshot(path=screenshots / "long-list.png")
    before = opened.graph.locator(".znb-card").count()
    opened.graph.get_by_role("button", name="cached steps").first.focus()
    page.keyboard.press("Enter")
    expect(opened.graph.get_by_role("button", name="cached steps")).to_have_count(1)
    assert opened.graph.locator(".znb-card").count() > before
    opened.graph.get_by_role("searchbox").fill("step 150")
    expect(opened.graph.locator(".znb-card")).to_have_count(1)
    expect(opened.graph).to_contain_text("199 left out")


LONG = """
from tests.browser.demo import Demo
from zen_nb.faces.snapshot import EdgeView, Node, PipelineSnapshot
from zen_nb.faces.widget import graph_of
nodes = tuple(Node(f"s{n}", f"step {n}", "will_run" if n == 100 else "up_to_date", duration_s=1.0)
              for n in range(200))
edges = tuple(EdgeView(f"s{n}", f"s{n + 1}", ("x",)) for n in range(199))
demo = Demo(PipelineSnapshot("long", 1, nodes, edges))
graph_of(demo)
"""


@pytest.mark.parametrize("width", [220, 320, 640, 1100])
def test_nothing_is_wider_than_its_place(golden: OpenNotebook, page: Page, width: int):
    """From a panel of 220 pixels on, nothing is cut off or scrolls sideways, details included."""
    place = "document.querySelector('.jp-Notebook .znb').parentElement.style"
    page.evaluate(f"width => {{ {place}.width = `${{width}}px` }}", width)
    page.wait_for_timeout(200)
    open_first(golden.graph)
    assert golden.graph.evaluate(WIDER) == []


# What reaches beyond the root's edge and is not within something that scrolls by itself.
WIDER = """root => {
    const edge = root.getBoundingClientRect();
    const scrolls = el => el.closest('.znb-wide, .znb-diff, .znb-scroller, .znb-error');
    return [...root.querySelectorAll('*')]
        .filter(el => el.checkVisibility() && !scrolls(el) && !el.closest('.znb-heard'))
        .filter(el => el.getBoundingClientRect().right > edge.right + 1)
        .map(el => `${Math.round(el.getBoundingClientRect().right - edge.right)} px beyond `
            + `${Math.round(edge.width)}: ${el.outerHTML.slice(0, 120)}`);
}"""


def test_twice_the_size_is_readable(golden: OpenNotebook, page: Page):
    """At 200 % zoom, which halves the room, the same holds and every control is there."""
    golden.command("application:toggle-left-area")
    page.set_viewport_size({"width": 640, "height": 450})
    page.wait_for_timeout(200)
    open_first(golden.graph)
    assert golden.graph.evaluate(WIDER) == []
    expect(golden.graph.get_by_role("button", name="Run all")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 900})
    golden.command("application:toggle-left-area")


def test_motion_stops_where_it_is_not_wanted(golden: OpenNotebook, page: Page):
    """With reduced motion nothing moves by itself."""
    icon = golden.graph.locator('.znb-card[data-state="running"] > .znb-icon').first
    moving = "el => getComputedStyle(el).animationName"
    assert icon.evaluate(moving) != "none"
    page.emulate_media(reduced_motion="reduce")
    assert icon.evaluate(moving) == "none"
    page.emulate_media(reduced_motion="no-preference")


def test_no_state_is_told_by_colour_alone(golden: OpenNotebook):
    """Every card says its state in a word, and no two states share glyph and border."""
    cards = golden.graph.locator(".znb-card")
    told = cards.evaluate_all(
        """cards => cards.map(card => [
            card.dataset.state,
            card.querySelector('.znb-word').textContent,
            card.querySelector('.znb-glyph').getAttribute('d'),
        ])"""
    )
    words = {state: word for state, word, _ in told}
    glyphs = {state: glyph for state, _, glyph in told}
    assert len(words) == len(set(words.values())) == len(set(glyphs.values())) == 10
