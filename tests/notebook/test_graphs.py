"""The graphs of a notebook: what is defined, what is called, and what a page may do with them."""

from __future__ import annotations

import pytest

from zen_nb.core.errors import UsageError
from zen_nb.faces.extension import current
from zen_nb.faces.follow import changes

FUNCTIONS = """
from zen_nb import pipeline, step
ran = []
@step
def double(x: int) -> int:
    return x * 2
@step
def fail_at(y: int) -> int:
    return 1 // (y - 8)
@pipeline
def small(x: int):
    fail_at(double(x))
"""


@pytest.fixture
def graphs(nb):
    """The graphs of a notebook in which two functions are steps of a third."""
    nb.cells(FUNCTIONS)
    return current().graphs


def states(graph) -> dict[str, str]:
    return {node.name: node.state for node in graph.snapshot().nodes}


def test_a_called_pipeline_function_is_a_graph(graphs, nb):
    """Its steps, what they read, and what the last call did with each."""
    assert graphs.names() == ["notebook"]
    nb.cells("small(1).status")
    assert graphs.names() == ["notebook", "small"]
    graph = graphs.source("small")
    assert states(graph) == {"double": "up_to_date", "fail_at": "up_to_date"}
    assert [(e.source, e.target) for e in graph.snapshot().edges] == [("double", "fail_at")]
    nb.cells("small(1).status")
    assert [node.cached for node in graph.snapshot().nodes] == [True, True]
    assert graph.snapshot().run.cached == 2


def test_a_failing_call_is_drawn_to_where_it_came(graphs, nb):
    """The step that failed says why; the error is the user's."""
    nb.cells("try:\n    small(4)\nexcept ZeroDivisionError as error:\n    print(error)")
    graph = graphs.source("small")
    assert states(graph) == {"double": "up_to_date", "fail_at": "failed"}
    assert "ZeroDivisionError" in graph.snapshot().nodes[1].error
    assert not graph.snapshot().run.running


def test_switches_of_a_function_are_obeyed_by_its_next_call(graphs, nb):
    """Off for a step, off for the run, and back; the switch says who set it."""
    nb.cells("small(1)")
    graph = graphs.source("small")
    graph.ask({"kind": "toggle", "step": "double", "value": False})
    cache = graph.snapshot().nodes[0].cache
    assert (cache.toggle, cache.enabled, cache.as_set) == (False, False, True)
    done = nb.cells("{n: s.status for n, s in small(1).steps.items()}")[0]
    assert done.value == {"double": "completed", "fail_at": "cached"}
    graph.ask({"kind": "clear_toggles"})
    graph.ask({"kind": "toggle", "step": None, "value": False})
    assert nb.cells("small(1).status")[0].value == "completed"
    graph.ask({"kind": "toggle", "step": None, "value": None})
    assert nb.cells("small(1).status")[0].value == "cached"


def test_run_calls_a_function_again_with_its_arguments(graphs, nb):
    """As it was called last; all afresh where that is asked; not up to a step."""
    nb.cells("small(3)")
    graph = graphs.source("small")
    graph.ask({"kind": "run", "to": None, "all": False})
    assert [node.cached for node in graph.snapshot().nodes] == [True, True]
    graph.ask({"kind": "run", "to": None, "all": True})
    assert [node.cached for node in graph.snapshot().nodes] == [False, False]
    with pytest.raises(UsageError, match="is a function"):
        graph.ask({"kind": "run", "to": "double", "all": False})


def test_who_asks_for_a_graph_there_is_not_is_told(graphs):
    """A name that nothing has is an error that lists those there are."""
    with pytest.raises(UsageError, match="no pipeline 'other'"):
        graphs.source("other")


STEPS = ["ran = []", "%%step a --ignore ran\nran.append('a')\nx = 1",
         "%%step b --ignore ran\nran.append('b')\ny = x + 1"]  # fmt: skip


def test_afresh_is_for_one_execution(graphs, nb):
    """Each step runs once more without reading the cache, and is a hit again after that."""
    nb.cells(*STEPS)
    graphs.live(None).ask({"kind": "afresh", "step": None})
    nb.cells(*STEPS[1:], *STEPS[1:])
    assert nb["ran"] == ["a", "b", "a", "b"]
    graphs.live(None).ask({"kind": "afresh", "step": "b"})
    nb.cells(*STEPS[1:], *STEPS[1:])
    assert nb["ran"] == ["a", "b", "a", "b", "b"]


def test_a_result_is_pinned_and_forgotten_from_the_page(graphs, nb):
    """A pin shows, and keeps; what is forgotten runs again; without a record there is a word."""
    nb.cells(*STEPS)
    live = graphs.live(None)
    record = nb.session.logs["a"].record
    live.ask({"kind": "pin", "step": "a", "value": True})
    assert nb.session.store.pins.holds(record.key)
    nb.session.refresh(force=True)
    badges = {node.id: node.badges for node in live.snapshot().nodes}
    assert badges == {"a": ("pinned", "ignores ran"), "b": ("ignores ran",)}
    live.ask({"kind": "pin", "step": "a", "value": False})
    live.ask({"kind": "forget", "step": "a"})
    assert not nb.session.store.find(record.key).found
    nb.cells(*STEPS[1:])
    assert nb["ran"] == ["a", "b", "a"]
    nb.cells("%%step c --no-store\nz = 1")
    with pytest.raises(UsageError, match="no record of c"):
        live.ask({"kind": "pin", "step": "c", "value": True})


def test_what_shows_the_same_is_the_same_object(graphs, nb):
    """A node is made anew only where something that it shows has changed."""
    nb.cells(*STEPS)
    live = graphs.live(None)
    before = live.snapshot()
    again = live.snapshot()
    assert all(one is other for one, other in zip(before.nodes, again.nodes, strict=True))
    assert before.edges is again.edges
    live.ask({"kind": "toggle", "step": "a", "value": False})
    after = live.snapshot()
    changed = [
        node.name for node, old in zip(after.nodes, before.nodes, strict=True) if node is not old
    ]
    assert changed[0] == "a"
    message = changes(before, after)
    assert {node["name"] for node in message["nodes"]} <= {"a", "b"}


def test_a_plain_cell_is_followed_by_a_forecast(graphs, nb):
    """A variable that a step reads, changed by a cell that is no step, shows in the graph."""
    nb.cells("k = 1", "%%step c\nz = k + 1")
    live = graphs.live(None)
    end = live.subscribe(lambda: None)
    nb.cells("k = 2")
    assert live.snapshot().nodes[0].state == "will_run"
    nb.cells("k = 1")
    assert live.snapshot().nodes[0].state == "up_to_date"
    end()


def test_a_forecast_that_takes_long_leaves_nothing_that_looks_up_to_date(graphs, nb, monkeypatch):
    """What has not been looked at waits where something above it runs."""
    from zen_nb.notebook import ahead, shells

    nb.cells("k = 1", "%%step c\nz = k + 1", "%%step d\nw = z", "%%step e\nv = w")
    live = graphs.live(None)
    end = live.subscribe(lambda: None)
    later = []
    monkeypatch.setattr(ahead, "_AT_A_GO_S", -1.0)
    monkeypatch.setattr(shells, "when_idle", lambda _, action: later.append(action))
    nb.cells("k = 2")
    later.pop(0)()
    assert states(live) == {"c": "will_run", "d": "waiting", "e": "waiting"}
    while later:
        later.pop(0)()
    assert states(live) == {"c": "will_run", "d": "waiting", "e": "waiting"}
    nb.cells("k = 1")
    while later:
        later.pop(0)()
    assert set(states(live).values()) == {"up_to_date"}
    end()
