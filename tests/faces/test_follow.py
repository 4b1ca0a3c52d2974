"""Changes lead from one snapshot to the next, on both sides, and little is sent."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.browser.demo import Demo
from tests.faces.golden import golden, golden_json
from zen_nb.faces.follow import Follower, answer, applied, changes
from zen_nb.faces.snapshot import EdgeView, Node, PipelineSnapshot, RunBar

PATH = Path(__file__).parent / "golden_changes.json"


def golden_changes() -> list[dict[str, Any]]:
    """Return cases of changes: what was, what is sent, and what is then."""
    whole = golden()
    first = replace(whole, revision=1, nodes=whole.nodes[:3], edges=whole.edges[:2])
    renamed = replace(first.nodes[0], name="other", state="running", started_at=5.0)
    cases = {
        "one node": replace(first, revision=2, nodes=(renamed, *first.nodes[1:])),
        "a node less": replace(first, revision=3, nodes=first.nodes[1:]),
        "another order": replace(first, revision=4, nodes=first.nodes[::-1]),
        "a new node": replace(first, revision=5, nodes=(*first.nodes, Node("n", "n", "never_run"))),
        "edges and run": replace(
            first, revision=6, edges=first.edges[:1], run=RunBar(running=True, cached=2)
        ),
        "words": replace(first, revision=7, message="It was dropped.", pipeline="other"),
    }
    return [
        {
            "name": name,
            "before": first.to_json(),
            "message": changes(first, after),
            "after": after.to_json(),
        }
        for name, after in cases.items()
    ]


def test_the_golden_changes_are_what_is_sent():
    """The file that both languages test is what this side makes; write it anew when it changes."""
    assert json.loads(PATH.read_text(encoding="utf-8")) == golden_changes()


names = st.sampled_from("abcdef")
nodes = st.lists(
    st.builds(Node, id=names, name=names, state=st.sampled_from(["up_to_date", "will_run"])),
    unique_by=lambda node: node.id,
).map(tuple)
edges = st.lists(st.builds(EdgeView, names, names, st.just(("x",))), max_size=4).map(tuple)
snapshots = st.builds(
    PipelineSnapshot,
    pipeline=names,
    revision=st.just(1),
    nodes=nodes,
    edges=edges,
    message=names,
    run=st.builds(RunBar, cached=st.integers(0, 3)),
)


@given(snapshots, snapshots)
def test_changes_lead_from_any_snapshot_to_any_other(before, after):
    """What is sent makes exactly the next snapshot of the one before."""
    after = replace(after, revision=2)
    message = json.loads(json.dumps(changes(before, after)))
    assert applied(before.to_json(), message) == after.to_json()


def test_nothing_is_sent_where_nothing_changed():
    """A snapshot equal to the last needs no message."""
    assert changes(golden(), golden()) is None


def test_one_step_that_changes_is_all_that_is_sent():
    """Of a thousand steps, a message holds the one that changed."""
    first = PipelineSnapshot(
        "big", 1, tuple(Node(str(n), str(n), "up_to_date") for n in range(1000))
    )
    changed = replace(first.nodes[500], state="running")
    after = replace(first, revision=2, nodes=(*first.nodes[:500], changed, *first.nodes[501:]))
    message = changes(first, after)
    assert [node["id"] for node in message["nodes"]] == ["500"]
    assert message.keys() == {"kind", "base", "revision", "nodes"}
    assert len(json.dumps(message)) < 1000


def test_a_burst_of_changes_is_few_messages_that_lead_to_the_last_state():
    """Changes from several threads reach a follower coalesced, in an order that builds up."""
    demo, sent, there = Demo(), [], threading.Event()
    state = demo.snapshot().to_json()

    def send(message):
        sent.append(message)
        if message["revision"] == 401:
            there.set()

    follower = Follower(demo, send)
    threads = [
        threading.Thread(target=lambda: [demo.change("load", duration_s=1.0) for _ in range(100)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert there.wait(20)
    follower.close()
    for message in sent:
        assert message["base"] == state["revision"]
        state = applied(state, message)
    assert state == demo.snapshot().to_json()
    assert len(sent) < 50


def test_a_page_that_lost_its_place_is_sent_the_whole():
    """`resend` answers with the whole snapshot, whatever was sent before."""
    demo, sent = Demo(), []
    follower = Follower(demo, sent.append)
    answer(demo, follower, {"kind": "resend"}, (), sent.append)
    follower.close()
    assert sent == [{"kind": "snapshot", "snapshot": demo.snapshot().to_json()}]


def test_what_is_opened_is_answered_to_whoever_asked():
    """`details` of a step go to the asker; of a step there is not, a refusal."""
    demo, sent, told = Demo(), [], []
    demo.details = lambda step: {"of": step}
    follower = Follower(demo, sent.append)
    answer(demo, follower, {"kind": "details", "step": "train"}, (), told.append)
    answer(demo, follower, {"kind": "details", "step": "nobody"}, (), told.append)
    follower.close()
    assert told[0] == {"kind": "details", "step": "train", "details": {"of": "train"}}
    assert told[1]["kind"] == "refused"
    assert "nobody" in told[1]["text"]
    assert sent == []


def test_the_golden_snapshot_has_every_field():
    """The golden file is as this side writes it, so that the other side tests what is sent."""
    assert golden().to_json() == golden_json()


if __name__ == "__main__":
    PATH.write_text(json.dumps(golden_changes(), ensure_ascii=False) + "\n", encoding="utf-8")
