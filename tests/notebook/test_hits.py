"""A hit is indistinguishable from a run."""

from __future__ import annotations


def test_a_restarted_kernel_hits(fresh):
    """What ran in one kernel is served in the next, value and output alike."""
    cell = "%%step load\nprint('loading')\nrows = [1, 2]\nrows"
    nb = fresh()
    first = nb.cells(cell)[0]
    assert nb.log() == ["ran load"]
    nb = fresh()
    again = nb.cells(cell)[0]
    assert nb.log() == ["cached load"]
    assert nb["rows"] == [1, 2]
    assert again.shown == first.shown == [("stdout", "loading\n"), ("result", "[1, 2]")]
