"""Whatever is wrong with the cache, the cell works, and one line says why it was not cached."""

from __future__ import annotations

import os

import pytest

from zen_nb.observe import display


def test_an_output_that_cannot_be_stored(nb):
    """The value stays; the line names it, its type and that it was not cached."""
    done = nb.cells("%%step s\nimport threading\nlock = threading.Lock()\nx = 1")[0]
    assert nb["lock"].locked() is False
    assert nb["x"] == 1
    assert "`lock` is a _thread.lock" in done.text
    assert done.text.count("\n") == 0
    assert nb.session.store.history("s") == []


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("import os\nf = open(os.devnull)", "f"),
        ("g = (i for i in range(3))", "g"),
        ("it = iter([1, 2])", "it"),
        ("m = memoryview(b'a')", "m"),
    ],
)
def test_values_that_would_come_back_different(nb, made, name):
    """Files, generators, iterators and views are not stored; the cell is unharmed."""
    done = nb.cells(f"%%step s\n{made}")[0]
    assert f"`{name}`" in done.text
    assert name in nb.names


def test_an_input_without_a_fingerprint(nb):
    """The line names variable, type and both remedies; the cell runs each time."""
    nb.cells("import threading\nconn = threading.Lock()")
    cell = "%%step s\nx = conn.locked()"
    one, two = nb.cells(cell, cell)
    assert nb.log() == ["ran s", "ran s"]
    assert "`conn`" in one.text
    assert "lock" in one.text
    assert "--ignore conn" in one.text
    assert "inside the step" in one.text
    assert two.status["stored"] is False


def test_a_store_that_cannot_be_opened(fresh, places, monkeypatch):
    """A file where the folder should be: one line, and everything else works."""
    (places / "blocked").write_text("no folder")
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(places / "blocked"))
    nb = fresh()
    one, two = nb.cells("%%step s\nx = 1\nx", "%%step s\nx = 2\nx")
    assert nb["x"] == 2
    assert one.shown == [("result", "1")]
    assert any("Nothing is cached" in text for text, _ in one.said)
    assert not any("Nothing is cached" in text for text, _ in two.said)
    nb.cells("%pipeline status", "%pipeline run", "%pipeline plan", "%pipeline why s", "%pipeline")
    assert "no store to clear" in nb.cell("%pipeline clear").traceback


def test_damaged_blobs_and_journal(fresh, places):
    """Every stored file overwritten: the step runs, says why, and works again after."""
    cell = "%%step s\nimport numpy as np\na = np.arange(5000)\nprint('x')"
    nb = fresh()
    nb.cells(cell)
    for path in [found for found in (places / "cache").rglob("*") if found.is_file()]:
        path.chmod(0o600)
        path.write_bytes(b"garbage" * 100)
    nb = fresh()
    done = nb.cells(cell, cell)
    assert nb.log() == ["ran s", "cached s"]
    assert nb["a"].sum() == 12497500
    assert done[0].shown == done[1].shown


def test_a_fault_inside_zen_nb_lets_the_cell_run(nb, monkeypatch):
    """An error of our own before, during the decision or after is one line; the cell is as usual."""
    for owner, name in ((nb.session, "begin"), (nb.session, "define"), (nb.session, "finish")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, lambda *_, **__: 1 / 0)
            done = nb.cell(f"%%step s\nx_{name} = 1\nx_{name}")
        assert done.error is None
        assert done.shown == [("result", "1")]
        assert nb[f"x_{name}"] == 1
        assert "ZeroDivisionError" in done.text
        assert display._shell_taps == ()
        assert type(os.environ) is os._Environ
    done = nb.cells("%%step t\ny = 1", "%%step t\ny = 1")
    assert nb.log()[-2:] == ["ran t", "cached t"]


def test_a_listener_that_raises(nb):
    """A face that fails does not reach the cell."""
    nb.session.subscribe(lambda: 1 / 0)
    nb.session.listen(lambda event: 1 / 0)
    done = nb.cell("%%step s\nx = 1\nx")
    assert done.error is None
    assert nb["x"] == 1
    nb.cells("%%step s\nx = 1\nx")
    assert "cached s" in nb.log()


def test_a_representation_that_raises(nb):
    """A value whose repr raises shows the user's error, as in the plain cell."""
    nb.cells("class R:\n    def __repr__(self):\n        raise ValueError('no repr')")
    done = nb.cell("%%step s\nr = R()\nr")
    assert done.error is None
    assert "no repr" in done.traceback


def test_a_value_that_misbehaves_when_pickled(nb):
    """Code of the value's own that raises while it is stored does not reach the cell."""
    nb.cells("class Bad:\n    def __reduce__(self):\n        raise RuntimeError('no')")
    done = nb.cell("%%step s\nb = Bad()")
    assert done.error is None
    assert done.status["stored"] is False


def test_a_note_is_said_once(nb):
    """The same reason for not caching is told the first time only."""
    cell = "%%step s\nimport threading\nlock = threading.Lock()"
    one, two = nb.cells(cell, cell)
    assert "Not cached" in one.text
    assert "Not cached" not in two.text


def test_an_interrupt_while_the_result_is_stored(nb, monkeypatch):
    """The values stay, one line says that nothing was stored, and the next execution is as usual."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(nb.session.store, "add", interrupted)
        done = nb.cell("%%step s k=2\nx = k\nx")
    assert done.error is None
    assert (nb["x"], "k" in nb.names) == (2, False)
    assert "not cached: KeyboardInterrupt" in done.text
    assert nb.session.store.history("s") == []
    nb.cells("%%step s k=2\nx = k\nx", "%%step s k=2\nx = k\nx")
    assert nb.log() == ["ran s", "cached s"]


def test_an_interrupt_while_it_is_decided(nb, monkeypatch):
    """The cell is interrupted before it began, and nothing stays watched."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(nb.session.store, "find", interrupted)
        done = nb.cell("%%step s k=2\nx = k")
    assert isinstance(done.error, KeyboardInterrupt)
    assert "x" not in nb.names
    nb.cells("%%step s k=2\nx = k")
    assert nb.log() == ["ran s"]


def test_a_step_line_below_another_magic_is_told(nb):
    """The cell runs as it is written, and one line says where %%step belongs."""
    done = nb.cell("%%time\n%%step a\nx = 1")
    assert nb["x"] == 1
    assert "must stand in the first line" in done.text
    assert "must stand" not in nb.cell("%%time\nx = 1").text


def test_what_cannot_be_stored_is_named_by_its_variable(nb):
    """A change in place that cannot be kept names the variable, a shown value says so."""
    nb.cell("import threading\nclass Box:\n    pass\nbox = Box()")
    done = nb.cell("%%step a\nbox.lock = threading.Lock()")
    assert "`box`" in done.text
    shown = nb.cell("%%step b\n(n for n in range(3))")
    assert "`the value it shows` is a generator" in shown.text


def test_what_is_set_on_an_object_of_the_notebook_is_kept(nb):
    """Attributes of instances are state like any other."""
    nb.cell("class Box:\n    pass\nbox = Box()")
    cell = "%%step a\nbox.x = 1"
    first, _ = nb.cells(cell, "del box.x")
    assert "not do again" not in first.text
    assert nb.cell(cell).status["cached"] is True
    assert nb["box"].x == 1
