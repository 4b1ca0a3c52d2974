"""The graph of a thousand steps, and how long a flip takes to the kernel and to another view.

The page's part is measured in a real Chromium, the flips in a real JupyterLab; where there is
no Chromium these rows are left out, aloud.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from benchmarks.timing import Row, medians
from zen_nb.faces.follow import changes
from zen_nb.faces.snapshot import EdgeView, Node, PipelineSnapshot
from zen_nb.notebook import shells

STEPS = 1000
_ROOT = Path(__file__).parents[1]
_STATIC = _ROOT / "zen_nb" / "static"


def rows() -> list[Row]:
    """Return the rows; those that need a browser only where there is one."""
    found = [_kernel_row(), _forecast_row()]
    try:
        from tests.browser.chromium import find_chromium
    except ImportError:
        path = None
    else:
        path = find_chromium()
    if path is None:
        print("no Chromium here: the page's rows are left out", file=sys.stderr)
        return found
    return [*found, *_page_rows(path), *_flip_rows(path)]


# ---------------------------------------------------------------- the kernel's part


def _session() -> Any:
    """Return a session with a thousand steps in a row, each executed once."""
    shell: Any = InteractiveShell.instance()
    shell.run_cell("%load_ext zen_nb")
    from zen_nb.faces.extension import current

    extension = current()
    assert extension is not None
    if "step_0" not in extension.session.registry:
        extension.session.configuration = replace(extension.session.configuration, status="quiet")
        for number in range(STEPS):
            before = f"v{number - 1} + 1" if number else "0"
            shell.run_cell(f"%%step step_{number}\nv{number} = {before}", silent=False)
    return extension


def _kernel_row() -> Row:
    """What one update costs the kernel: a step that changed among a thousand."""
    from IPython.utils.capture import capture_output

    with capture_output():
        extension = _session()
    session, live = extension.session, extension.graphs.live(None)
    last = live.snapshot()

    def update() -> None:
        nonlocal last
        name = f"step_{STEPS // 2}"
        session.logs[name] = replace(session.logs[name])
        session.revision += 1
        now = live.snapshot()
        json.dumps(changes(last, now))
        last = now

    def whole() -> None:
        json.dumps(live.snapshot().to_json())

    found = medians({"changes": update, "whole": whole}, rounds=15)
    ours, theirs = found["changes"], found["whole"]
    what = f"an update of a graph of {STEPS:,} steps, kernel"
    return Row(what, ours, "sending the whole", theirs, "≤ 5 ms", ours <= 0.005)


def _forecast_row() -> Row:
    """What a forecast after a cell costs the kernel, however many steps there are."""
    from IPython.utils.capture import capture_output

    with capture_output():
        session = _session().session
    end, when_idle = session.subscribe(lambda: None), shells.when_idle
    shells.when_idle = lambda *_: None  # a kernel goes on when it is idle; here it would at once
    found = medians(
        {"bounded": session.refresh, "whole": lambda: session.refresh(force=True)},
        rounds=5,
        warm_up=1,
    )
    shells.when_idle = when_idle
    end()
    ours, theirs = found["bounded"], found["whole"]
    what = f"the forecast after a cell among {STEPS:,} steps"
    return Row(what, ours, "of all steps", theirs, "≤ 50 ms and a step", ours <= 0.06)


# ---------------------------------------------------------------- the page's part

_PAGE = """async ([source, first, updates]) => {
    const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
    const widget = (await import(url)).default;
    const state = {snapshot: first};
    const heard = {};
    const model = {
        get: name => state[name],
        set: (name, value) => {
            state[name] = value;
            (heard[`change:${name}`] ?? []).forEach(call => call());
        },
        on: (event, call) => (heard[event] ??= []).push(call),
        off: () => undefined,
        send: () => undefined,
    };
    const tell = content => heard['msg:custom'].forEach(call => call(content));
    widget.initialize({model});
    const host = document.querySelector('#host');
    const now = () => performance.now();
    const began = now();
    const end = widget.render({model, el: host});
    host.getBoundingClientRect();
    const drawn = now() - began;
    const took = updates.map(update => {
        const at = now();
        tell(update);
        host.getBoundingClientRect();
        return now() - at;
    });
    const rows = host.querySelectorAll('.znb-card').length;
    end();
    host.replaceChildren();
    return {drawn, took, rows};
}"""


def big_graph() -> PipelineSnapshot:
    """Return a thousand steps that read from near and from far; half of them cached."""
    states = ("up_to_date", "will_run")
    nodes = tuple(
        Node(
            f"s{n}", f"step_{n}", states[n % len(states)], duration_s=1.0, reason="input x changed"
        )
        for n in range(STEPS)
    )
    edges = tuple(
        EdgeView(f"s{n - back}", f"s{n}", ("x",))
        for n in range(STEPS)
        for back in (1, 7)
        if n >= back
    )
    return PipelineSnapshot("big", 1, nodes, edges)


def _page_rows(path: str) -> list[Row]:
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import FLAGS

    first = big_graph()
    snapshots, updates = [first], []
    for number in range(20):
        last = snapshots[-1]
        nodes = list(last.nodes)
        nodes[number * 40] = replace(nodes[number * 40], state="running", started_at=1.0)
        nodes[number * 40 + 1] = replace(nodes[number * 40 + 1], state="failed", error="ValueError")
        snapshots.append(replace(last, revision=last.revision + 1, nodes=tuple(nodes)))
        updates.append(changes(last, snapshots[-1]))
    source = (_STATIC / "widget.js").read_text(encoding="utf-8")
    style = (_STATIC / "widget.css").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_content(f"<style>{style}</style><div id=host></div>")
        given = [source, first.to_json(), updates]
        found = [page.evaluate(_PAGE, given) for _ in range(7)]
        browser.close()
    assert found[0]["rows"] == STEPS, found[0]["rows"]
    drawn = statistics.median(one["drawn"] for one in found) / 1e3
    update = statistics.median(took for one in found for took in one["took"]) / 1e3
    return [
        Row(f"drawing {STEPS:,} steps, unfolded", drawn, "", None, "≤ 150 ms", drawn <= 0.15),
        Row(
            f"an update of {STEPS:,} steps, page",
            update,
            "",
            None,
            "10 Hz: ≤ 100 ms",
            update <= 0.1,
        ),
    ]


# ---------------------------------------------------------------- from a flip to another view

_FLIP = """() => new Promise(resolve => {
    const all = document.querySelectorAll('.znb-card[data-step=train] .znb-switch');
    const [first, second] = [...all];
    const began = performance.now();
    const confirmed = new MutationObserver(() => {
        confirmed.disconnect();
        resolve((performance.now() - began) / 1e3);
    });
    confirmed.observe(second, {attributes: true, attributeFilter: ['aria-checked']});
    first.click();
})"""
_STEPS = [
    "%load_ext zen_nb",
    "%%step train\nx = 1",
    "%pipeline",
    "import time; time.sleep(BUSY)",
]


def _flip_rows(path: str) -> list[Row]:
    """From a click in the notebook's graph, by the kernel, to the panel's switch."""
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import FLAGS
    from tests.browser.lab import Lab, OpenNotebook

    found: dict[str, list[float]] = {"idle": [], "busy": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = Lab.start(Path(folder))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{lab.url}/lab?reset")
            page.wait_for_function("window.jupyterapp?.shell?.currentWidget !== undefined")
            page.evaluate("window.jupyterapp.restored")
            cells = [cell.replace("BUSY", "15") for cell in _STEPS]
            opened = OpenNotebook(page, lab, "flips.ipynb", cells)
            opened.command("zen_nb:show")
            for cell in range(3):
                opened.run(cell)
            opened.row("train").wait_for()
            page.wait_for_timeout(1500)
            for state, times in found.items():
                for _ in range(9):
                    times.append(page.evaluate(_FLIP))
                    page.wait_for_timeout(400)
                if state == "idle":
                    opened.run(3, wait=False)
                    page.wait_for_timeout(500)
        finally:
            browser.close()
            lab.stop()
    what = {"idle": "a flip, from click to another view", "busy": "the same while a cell runs"}
    medians_s = {state: statistics.median(times) for state, times in found.items()}
    return [
        Row(what[state], took, "", None, "≤ 300 ms", took <= 0.3)
        for state, took in medians_s.items()
    ]
