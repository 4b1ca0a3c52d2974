"""``%pipeline cache``: the store, asked and changed from the notebook."""

from __future__ import annotations

import json

from zen_nb.store.records import Store

STEPS = ("%%step load\nrows = list(range(10))", "%%step total\nanswer = sum(rows)")


def told(cell):
    """Return what zen_nb said last in a cell."""
    return cell.said[-1][0]


def evict_all(nb):
    """Evict as another kernel would, which has computed none of it."""
    other = Store.open(nb.session.store.folder, 10**9)
    other.prune(0)
    other.close()


def test_stats_and_list_name_what_the_notebook_has(nb):
    """Records of both steps, as text and as JSON."""
    nb.cells(*STEPS)
    (stats, listed, raw) = nb.cells(
        "%pipeline cache stats", "%pipeline cache list", "%pipeline cache stats --json"
    )
    assert "2 records of 2 steps" in told(stats)
    assert {"load", "total"} <= set(told(listed).split())
    assert json.loads(told(raw))["records"] == 2


def test_what_is_evicted_runs_again_and_says_why(fresh):
    """Evicted by another kernel: the step runs, and both its line and the graph name the reason."""
    nb = fresh()
    nb.cells(*STEPS)
    evict_all(nb)
    nb = fresh()
    ran = nb.cells(*STEPS)
    assert nb.log() == ["ran load", "ran total"]
    assert "evicted to keep the store below 0 GB" in told(ran[0])
    (why,) = nb.cells("%pipeline why load")
    assert "evicted" in told(why)


def test_this_kernels_own_results_are_never_evicted(nb):
    """Whatever size is asked for, what was computed here stays."""
    nb.cells(*STEPS, "%pipeline cache prune --to 0", *STEPS)
    assert nb.log() == ["ran load", "ran total", "cached load", "cached total"]


def test_a_pin_shows_in_the_graph_and_keeps(fresh):
    """The node has a badge, and the record is still there when all else was evicted."""
    from zen_nb.faces import extension

    nb = fresh()
    nb.cells(*STEPS, "%pipeline cache pin load")
    evict_all(nb)
    nb = fresh()
    nb.cells(*STEPS)
    assert nb.log() == ["cached load", "ran total"]
    nb.session.refresh(force=True)
    found = extension.current()
    assert found is not None
    nodes = {node.id: node for node in found.graphs.live(None).snapshot().nodes}
    assert "pinned" in nodes["load"].badges
    assert "pinned" not in nodes["total"].badges


def test_clear_makes_a_step_run_again(nb):
    """One step's records are gone; the other's serve."""
    nb.cells(*STEPS, "%pipeline cache clear load", *STEPS)
    assert nb.log() == ["ran load", "ran total", "ran load", "cached total"]


def test_what_it_does_not_know_is_one_line(nb):
    """A wrong word, a missing one and an unknown step are errors that say what to write."""
    for line, words in (
        ("%pipeline cache", "see %pipeline cache --help"),
        ("%pipeline cache prune", "--to"),
        ("%pipeline cache shwo load", "invalid choice"),
        ("%pipeline cache show lod", "there is no step 'lod'"),
    ):
        cell = nb.cell(line)
        assert words in str(cell.error), line
    assert nb.cell("%pipeline cache --help").error is None
