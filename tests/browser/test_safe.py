"""Text that somebody wrote to be executed is shown, wherever it comes from and wherever it goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.demo import details_of_everything
from zen_nb.faces.mermaid import to_mermaid
from zen_nb.faces.picture import to_html, to_page, to_svg
from zen_nb.faces.snapshot import ArtifactView, EdgeView, Node, PipelineSnapshot

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Opener

RUN = "window.znbHit=1"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<iframe src=javascript:parent.{RUN}></iframe>",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<object data=javascript:{RUN}></object>",
    f"<embed src=javascript:{RUN}>",
    f"<a href=javascript:{RUN}>click</a>",
    f"<form action=javascript:{RUN}><button>go</button></form>",
    f"<input autofocus onfocus={RUN}>",
    f"<math><mtext><img src=x onerror={RUN}></mtext></math>",
    f"<style>@import 'javascript:{RUN}';</style>",
    f"<link rel=stylesheet href=javascript:{RUN}>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<base href=javascript:{RUN}//>",
    f'"><script>{RUN}</script>',
    f"' onmouseover='{RUN}' autofocus onfocus='{RUN}",
    f"</title><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f"--><script>{RUN}</script>",
    f"<!--<img src=x onerror={RUN}>-->",
    f"${{{RUN}}}`${{{RUN}}}",
    f"javascript:{RUN}",
    f"\u202e<script>{RUN}</script>\u0000",
    f'"] --> b; click a call {RUN}',
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
]


def snapshot() -> PipelineSnapshot:
    """Return a graph with a step for each payload, which stands in every text of it."""
    nodes = tuple(
        Node(
            id=f"s{number}",
            name=f"{number} {bad}",
            state="failed" if number % 2 else "will_run",
            reason=bad,
            why=(bad,),
            badges=(bad,),
            parameters=((bad, bad),),
            artifacts=tuple(ArtifactView(name, bad, bad) for name in ARTIFACTS),
            error=bad if number % 2 else "",
            duration_s=1.0,
        )
        for number, bad in enumerate(PAYLOADS)
    )
    edges = tuple(
        EdgeView(before.id, after.id, (bad,))
        for before, after, bad in zip(nodes, nodes[1:], PAYLOADS, strict=False)
    )
    return PipelineSnapshot(PAYLOADS[0], 1, nodes, edges, message=PAYLOADS[1])


ARTIFACTS = ("df", "xs", "image", "model", "note")
SHOW = """
from tests.browser.demo import Demo, details_of_everything
from tests.browser.test_safe import PAYLOADS, snapshot
from zen_nb.faces.widget import graph_of
demo = Demo(snapshot())
demo.details = lambda step: details_of_everything(step, PAYLOADS[int(step.split()[0])])
graph_of(demo)
"""
PANEL = """
%load_ext zen_nb
from zen_nb.faces.extension import current
current().graphs._live["notebook"] = demo
"""


def safe(page: Page) -> None:
    """Fail where a payload was executed, or has become an element of the graph."""
    page.wait_for_timeout(300)
    assert page.evaluate("window.znbHit") is None
    bad = (
        "script, iframe, object, embed, form, base, link, meta, video, audio, math, style, animate"
    )
    assert page.locator(".znb").locator(bad).count() == 0
    assert page.locator(".znb img:not([src^='data:image/png;base64,'])").count() == 0
    handlers = """() => [...document.querySelectorAll('.znb *, .znb-gutter')].flatMap(el =>
        [...el.attributes].filter(({name}) => name.startsWith('on')).map(({name}) => name))"""
    assert page.evaluate(handlers) == []


def test_there_are_payloads_enough():
    """At least thirty ways, none twice."""
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 30


def test_nothing_is_executed_in_the_widget(notebook: Opener, page: Page):
    """Names, reasons, errors, parameters, previews, histories and diffs are text in the widget."""
    opened = notebook(SHOW, "")
    opened.run(0)
    cards = opened.graph.locator(".znb-card")
    expect(cards).to_have_count(len(PAYLOADS))
    for number in range(len(PAYLOADS)):
        cards.nth(number).dispatch_event("click")
        expect(opened.graph.get_by_role("region")).to_contain_text("History")
    safe(page)
    # Hit again by name: refusals carry the text of what was asked.
    opened.edit(1, "def no(*_): raise ValueError(snapshot().message)\ndemo.toggle = no")
    opened.run(1)
    cards.nth(3).get_by_role("switch").dispatch_event("click")
    expect(opened.graph.get_by_role("status").first).to_contain_text("ValueError")
    safe(page)


def test_nothing_is_executed_in_the_panel(notebook: Opener, page: Page):
    """The same in the panel, which is told by other messages."""
    opened = notebook(SHOW.replace("graph_of(demo)", ""), PANEL)
    opened.run(0)
    opened.run(1)
    opened.command("zen_nb:show")
    cards = opened.panel.locator(".znb-card")
    expect(cards).to_have_count(len(PAYLOADS))
    for number in range(len(PAYLOADS)):
        cards.nth(number).dispatch_event("click")
        expect(opened.panel.get_by_role("region", name="Details of")).to_contain_text("History")
    safe(page)


STEPS = [
    "%%step first bad={bad!r}\nprint(bad)\nvalue = bad\ntable = {{bad: bad}}",
    (
        "%%step second\nfrom IPython.display import HTML\nfrom pathlib import Path\n"
        "file = Path('<img src=x onerror=window.znbHit=1>.txt')\n"
        "text = file.read_text() if file.exists() else ''\n"
        "shown = HTML(value)\nprint(value)"
    ),
    "%%step third\nraise ValueError(value)",
]


def test_nothing_is_executed_by_real_steps(notebook: Opener, page: Page):
    """Parameters, values, standard output, HTML outputs and exceptions of steps that ran."""
    bad = "".join(PAYLOADS[:21])
    opened = notebook("%load_ext zen_nb", *(cell.format(bad=bad) for cell in STEPS), "%pipeline")
    for cell in range(4):
        opened.run(cell)
    opened.command("zen_nb:show")
    expect(opened.row("third")).to_contain_text("failed")
    for name in ("first", "second", "third"):
        opened.row(name).click()
        expect(opened.panel.get_by_role("region")).to_contain_text(name)
    opened.run(4)
    expect(opened.step("third")).to_contain_text("failed")
    safe(page)


def test_nothing_is_executed_in_the_saved_notebook(notebook: Opener, page: Page):
    """The picture that stands for the widget in a saved notebook is a picture."""
    picture = f"from IPython.display import HTML\nHTML({to_html(snapshot())!r})"
    opened = notebook(picture)
    opened.run(0)
    expect(page.locator(".jp-OutputArea-output img")).to_be_visible()
    safe(page)


@pytest.mark.parametrize("form", ["svg", "html"])
def test_nothing_is_executed_in_the_picture(chromium: Browser, tmp_path: Path, form: str):
    """The picture and the page are opened by themselves, where scripts would be allowed."""
    drawn = (to_svg if form == "svg" else to_page)(snapshot())
    path = tmp_path / f"graph.{form}"
    path.write_text(drawn, encoding="utf-8")
    opened = chromium.new_page()
    failures: list[str] = []
    opened.on("pageerror", lambda error: failures.append(str(error)))
    opened.goto(path.as_uri())
    opened.wait_for_timeout(300)
    assert opened.evaluate("window.znbHit") is None
    assert opened.evaluate("document.querySelectorAll('script, img, iframe, a').length") == 0
    assert failures == []
    opened.close()


def test_no_name_leaves_its_label_in_mermaid():
    """Each label is one quoted text: quotes, brackets and lines in names are given by number."""
    for line in to_mermaid(snapshot()).splitlines()[1:]:
        assert line.count('"') in (0, 2)
        assert "<script" not in line.replace("<br/>", "")
        assert "<" not in line.replace("<br/>", "")


def test_details_are_plain_data():
    """What is sent can be sent: JSON, whatever a step was named."""
    assert json.loads(json.dumps(details_of_everything("x", PAYLOADS[31])))
