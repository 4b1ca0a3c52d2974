"""The live graph, seen from the kernel."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

import ipywidgets
import pytest

from tests.browser.demo import Demo
from zen_nb.core.errors import UnknownStep
from zen_nb.faces import widget
from zen_nb.faces.picture import StillGraph
from zen_nb.faces.widget import GraphWidget, graph_of


@pytest.fixture
def demo() -> Demo:
    return Demo()


@pytest.fixture
def graph(demo: Demo) -> Any:
    made = GraphWidget(demo)
    yield made
    made.close()


def _await_revision(graph: GraphWidget, revision: int) -> list[int]:
    """Return the revisions that were pushed until `revision` was."""
    seen: list[int] = []
    there = threading.Event()

    def look(change: Any) -> None:
        seen.append(change["new"]["revision"])
        if seen[-1] >= revision:
            there.set()

    graph.observe(look, "snapshot")
    if graph.snapshot["revision"] < revision:
        assert there.wait(20)
    return seen


def test_snapshot_is_there_from_the_start(graph: GraphWidget, demo: Demo) -> None:
    """A widget shows the source's state before anything changes."""
    assert graph.snapshot == demo.snapshot().to_json()


def test_what_is_synced_is_json(graph: GraphWidget) -> None:
    """The page gets plain data and nothing else."""
    assert json.loads(json.dumps(graph.get_state("snapshot")["snapshot"])) == graph.snapshot


def test_changes_are_coalesced(graph: GraphWidget, demo: Demo) -> None:
    """A burst of changes reaches the page as its last state, in few pushes."""
    for each in range(500):
        demo.change("train", duration_s=float(each))
    seen = _await_revision(graph, 501)
    assert graph.snapshot["nodes"][1]["duration_s"] == 499.0
    assert len(seen) < 100


def test_changes_come_from_any_thread(graph: GraphWidget, demo: Demo) -> None:
    """Threads that change the source at once leave the page with the newest revision."""
    threads = [
        threading.Thread(target=lambda: [demo.change("load", duration_s=1.0) for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _await_revision(graph, 201)
    assert graph.snapshot["revision"] == 201


def test_messages_reach_the_source(graph: GraphWidget, demo: Demo) -> None:
    """A message in order is handed on, and its effect is pushed at once."""
    graph._handle_custom_msg({"kind": "toggle", "step": "train", "value": False}, [])
    assert [ask for _, ask in demo.asked] == [{"kind": "toggle", "step": "train", "value": False}]
    assert graph.snapshot["nodes"][1]["cache"]["toggle"] is False


@pytest.mark.parametrize(
    "content",
    [
        "run",
        {"kind": "shell", "command": "ls"},
        {"kind": "toggle", "step": "nobody", "value": True},
        {"kind": "stop"},
    ],
)
def test_refusals_are_told_to_the_page(graph: GraphWidget, content: Any) -> None:
    """What cannot be carried out comes back with its reason and never raises."""
    sent: list[Any] = []
    graph.send = sent.append
    graph._handle_custom_msg(content, [])
    assert [message["kind"] for message in sent] == ["refused"]
    assert sent[0]["text"]


def test_bundle_has_the_widget_an_image_and_text(graph: GraphWidget) -> None:
    """Beside the live view stand an image for pages and lines for terminals."""
    found, _ = graph._repr_mimebundle_()
    assert found["application/vnd.jupyter.widget-view+json"]["model_id"] == graph.model_id
    assert found["text/html"].startswith('<img src="data:image/svg+xml;base64,')
    assert found["text/plain"].splitlines()[1] == "  ✓ load    up to date  2.0 s"


def test_it_composes_with_ipywidgets(graph: GraphWidget, demo: Demo) -> None:
    """It stands in a box and is observed as any widget."""
    box = ipywidgets.VBox([graph])
    assert box.children == (graph,)
    demo.change("load", state="will_run")
    _await_revision(graph, 2)
    assert graph.snapshot["nodes"][0]["state"] == "will_run"


def test_an_observer_may_use_the_widget(graph: GraphWidget, demo: Demo) -> None:
    """A callback that changes the source while it is told of a change does not lock up."""
    graph.observe(lambda _: demo.change("report", duration_s=9.0), "snapshot")
    done = threading.Thread(
        target=lambda: graph._handle_custom_msg({"kind": "toggle", "step": None, "value": True}, [])
    )
    done.start()
    done.join(20)
    assert not done.is_alive()


def test_a_closed_widget_no_longer_follows(demo: Demo) -> None:
    """Closing ends the subscription."""
    made = GraphWidget(demo)
    made.close()
    assert demo._listeners == []


def test_a_source_has_one_live_graph(demo: Demo) -> None:
    """Showing a graph again shows the same one, until it is closed."""
    first = graph_of(demo)
    assert graph_of(demo) is first
    assert len(demo._listeners) == 1
    first.close()
    second = graph_of(demo)
    assert second is not first
    second.close()


def test_a_dropped_pipeline_leaves_its_last_picture(graph: GraphWidget, demo: Demo) -> None:
    """A source that has nothing to show any more says why over what was last drawn."""

    def gone() -> None:
        raise UnknownStep("nightly", [])

    demo.snapshot = gone
    graph._follower.push()
    assert "no step 'nightly'" in graph.snapshot["message"]
    assert len(graph.snapshot["nodes"]) == 3


def test_without_built_files_there_is_a_picture(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A checkout that was not built shows the picture and says what to run."""
    monkeypatch.setattr(widget, "_STATIC", tmp_path)
    shown = graph_of(demo)
    assert isinstance(shown, StillGraph)
    assert "make frontend" in shown._repr_mimebundle_()["text/plain"]


def test_the_picture_needs_no_widgets() -> None:
    """Drawing at rest imports neither anywidget nor ipywidgets."""
    code = (
        "import sys, zen_nb.faces.picture; "
        "print([name for name in ('anywidget', 'ipywidgets', 'IPython') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
