"""``%pipeline accept``: a change that the user takes as equal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import zen_nb
from tests.notebook.test_kernel import Kernel
from zen_nb.core.errors import UsageError

HELPER = "def clean(rows):\n    return sorted(rows)"
EDITED = "def clean(rows):\n    return list(sorted(rows))"
CHANGED = "helper clean() line 2 changed"
OTHER = "def clean(rows):\n    return sorted(rows)[:2]"
LOAD = "%%step load\nrows = [3, 1, 2]"
TRAIN = "%%step train\nmodel = clean(rows)\nprint('trained')"
SCORE = "%%step score\nbest = model[0]"
CELLS = (HELPER, LOAD, TRAIN, SCORE)


@pytest.fixture
def pipe(nb):
    """A helper and three steps that have run."""
    nb.cells(*CELLS)
    nb.log()
    return nb


def refused(nb, line):
    """Return the one line with which ``%pipeline`` refuses."""
    done = nb.cell(f"%pipeline {line}")
    assert isinstance(done.error, UsageError), done.text
    assert len(done.traceback.strip().splitlines()) == 1
    return str(done.error)


def test_an_accepted_change_is_served_by_the_old_record(pipe):
    """What the record made is bound and shown, and the page says on whose word."""
    pipe.cells(EDITED)
    (said,) = pipe.cells("%pipeline accept train")
    assert said.text.startswith(f"Accepted for train: {CHANGED}. The record of 20")
    assert said.text.endswith("serves; %pipeline accept --undo train takes it back.")
    del pipe.names["model"]
    done = pipe.cells(TRAIN, SCORE)[0]
    assert pipe.log() == ["cached train", "cached score"]
    assert pipe["model"] == [1, 2, 3]
    assert done.shown == [("stdout", "trained\n")]
    assert done.text.endswith(f"Accepted as equal: {CHANGED}.")
    assert done.status["reason"].startswith("accepted as equal to the record of 20")
    assert done.status["reason"].endswith(f"({CHANGED})")


def test_only_what_was_accepted_is(pipe):
    """Back to the old form hits as before; any other edit runs."""
    pipe.cells(EDITED, "%pipeline accept train", HELPER, TRAIN, OTHER, TRAIN, EDITED, TRAIN)
    assert pipe.log() == ["cached train", "ran train", "cached train"]
    assert pipe["model"] == [1, 2, 3]


def test_it_holds_after_a_restart(fresh):
    """Another kernel over the same store serves the record."""
    fresh().cells(*CELLS, EDITED, "%pipeline accept train")
    again = fresh()
    again.cells(EDITED, *CELLS[1:])
    assert again.log() == ["cached load", "cached train", "cached score"]
    assert "train" in again.cells("%pipeline accepted")[0].text


def test_it_can_be_taken_back(pipe):
    """The step runs again, and the list is empty."""
    pipe.cells(EDITED, "%pipeline accept train", TRAIN)
    (said,) = pipe.cells("%pipeline accept --undo train")
    assert said.text == "Took back 1 accepted change of train: it runs again where it needs to."
    pipe.cells(TRAIN)
    assert pipe.log() == ["cached train", "ran train"]
    assert "Nothing is accepted" in pipe.cells("%pipeline accepted")[0].text
    assert "accepted are changes of: no step" in refused(pipe, "accept --undo train")


def test_taking_back_leaves_the_old_record(pipe):
    """What ran is kept: the old form of the helper hits."""
    pipe.cells(EDITED, "%pipeline accept train", "%pipeline accept --undo train", HELPER, TRAIN)
    assert pipe.log() == ["cached train"]


def test_a_change_accepted_on_top_of_another(pipe):
    """Both serve the one record that there is, and both are listed."""
    third = EDITED.replace("list(sorted(rows))", "[*sorted(rows)]")
    pipe.cells(EDITED, "%pipeline accept train", third, "%pipeline accept train")
    pipe.cells(TRAIN, EDITED, TRAIN, HELPER, TRAIN)
    assert pipe.log() == ["cached train"] * 3
    listed = zen_nb.accepted()
    assert [part.step for part in listed] == ["train", "train"]
    assert all(part.in_force for part in listed)
    pipe.cells("%pipeline accept --undo train", third, TRAIN)
    assert pipe.log() == ["ran train"]


def test_a_record_of_its_own_wins(pipe):
    """Once the step has run in its new form, what it made then is served."""
    pipe.cells(OTHER, "%pipeline accept train", TRAIN)
    assert pipe["model"] == [1, 2, 3]
    pipe.cells(TRAIN.replace("train\n", "train --no-cache\n"))
    assert pipe["model"] == [1, 2]
    pipe.cells(TRAIN)
    assert pipe.log() == ["cached train", "ran train", "cached train"]
    assert pipe["model"] == [1, 2]
    (listed,) = zen_nb.accepted()
    assert not listed.in_force
    assert listed.state.startswith("not needed now: its own record of 20")


def edit(nb, cell):
    """Execute an edited cell and interrupt it before it has done anything."""
    nb.cells("stop = True")
    name, _, body = cell.partition("\n")
    stopped = f"{name}\nif stop: raise KeyboardInterrupt\n{body}"
    assert isinstance(nb.cell(stopped).error, KeyboardInterrupt)
    nb.cells("stop = False")
    nb.log()
    return stopped


def test_the_cells_own_code_is_accepted_after_an_interrupt(pipe):
    """Run the edited cell, interrupt it, accept: from then on it is served."""
    cell = edit(pipe, TRAIN.replace("clean(rows)", "[*clean(rows)]"))
    assert "code line" in pipe.cells("%pipeline accept train")[0].text
    pipe.cells(cell)
    assert pipe.log() == ["cached train"]


def test_definitions_are_those_of_the_page(nb):
    """A hit makes the cell's functions again, in their present form."""
    cell = "%%step train\ndef scale(x):\n    return 2 * x\nvalue = scale(3)\nprint('done')"
    nb.cells(cell)
    edited = edit(nb, cell.replace("2 * x", "20 * x"))
    nb.cells("%pipeline accept train", edited)
    assert nb.log() == ["cached train"]
    assert (nb["value"], nb["scale"](3)) == (6, 60)


def test_a_parameter_is_named_with_both_values(nb):
    """The line says what differs, old and new."""
    cell = "%%step train gamma=0.1\nmodel = [gamma * n for n in range(10)]\nprint(len(model))"
    nb.cells(cell)
    edit(nb, cell.replace("0.1", "0.2"))
    text = nb.cells("%pipeline accept train")[0].text
    assert "code line" in text
    assert "param gamma 0.1 → 0.2" in text


def test_downstream_of_an_accepted_step_nothing_runs(pipe):
    """What reads its outputs sees those of the record, in a run and in a plan."""
    pipe.cells(EDITED, "%pipeline accept train")
    plan = pipe.cells("%pipeline plan")[0].text
    assert "3 cached, 0 to run" in plan
    assert "accepted as equal to the record of" in plan
    pipe.cells("%pipeline run")
    assert pipe.log() == ["cached load", "cached train", "cached score"]


def test_why_says_that_it_is_accepted(pipe):
    """Of what happened, and of what would."""
    pipe.cells(EDITED, "%pipeline accept train")
    before = pipe.cells("%pipeline why train")[0].text
    assert "Now it would be cached: accepted as equal to the record of" in before
    pipe.cells(TRAIN)
    text = pipe.cells("%pipeline why train")[0].text
    assert "train was cached: accepted as equal to the record of" in text
    assert f"({CHANGED})" in text


def test_the_graph_marks_it(pipe):
    """The node has a badge while the hit is an accepted one."""
    from zen_nb.faces.live import LivePipeline

    live = LivePipeline(pipe.session)

    def badges():
        live.opened()
        return {node.name: node.badges for node in live.snapshot().nodes}["train"]

    assert badges() == ()
    pipe.cells(EDITED, "%pipeline accept train")
    assert badges() == ("accepted",)
    pipe.cells(TRAIN)
    assert badges() == ("accepted",)
    pipe.cells("%pipeline accept --undo train")
    assert badges() == ()


# -- the outside ----------------------------------------------------------------------


READ = "%%step read\nfrom pathlib import Path\ntext = Path('notes.txt').read_text()"


@pytest.fixture
def reader(nb):
    """A step that has read a file."""
    Path("notes.txt").write_text("one")
    nb.cells(READ)
    nb.log()
    return nb


def test_a_changed_file_is_accepted_as_it_is_now(reader, fresh):
    """The record serves for this content of the file, here and after a restart, for no other."""
    Path("notes.txt").write_text("two!")
    text = reader.cells("%pipeline accept read")[0].text
    assert "notes.txt changed (3 → 4 bytes)" in text
    reader.cells(READ)
    assert reader.log() == ["cached read"]
    again = fresh()
    again.cells(READ)
    assert again.log() == ["cached read"]
    assert again["text"] == "one"
    Path("notes.txt").write_text("three")
    again.cells(READ)
    Path("notes.txt").write_text("one")
    again.cells(READ)
    Path("notes.txt").write_text("two!")
    again.cells(READ)
    assert again.log() == ["ran read", "cached read", "cached read"]
    assert again["text"] == "one"


def test_code_and_file_changed_together_are_accepted_together(nb):
    """Both are named, and both must stay so."""
    cell = READ + "\ntext = shorten(text)"
    Path("notes.txt").write_text("one")
    nb.cells("def shorten(t):\n    return t[:9]", cell)
    Path("notes.txt").write_text("two!")
    nb.cells("def shorten(t):\n    return t[0:9]")
    nb.log()
    text = nb.cells("%pipeline accept read")[0].text
    assert "helper shorten() line 2 changed" in text
    assert "notes.txt changed" in text
    nb.cells(cell)
    Path("notes.txt").write_text("other")
    nb.cells(cell)
    assert nb.log() == ["cached read", "ran read"]


def test_a_changed_variable_is_accepted(nb, monkeypatch):
    """An environment variable with another value, or none at all."""
    monkeypatch.setenv("REGION", "north")
    cell = "%%step read\nimport os\nregion = os.environ.get('REGION')"
    nb.cells(cell)
    for value in ("south", None):
        monkeypatch.setenv("REGION", value) if value else monkeypatch.delenv("REGION")
        assert "REGION" in nb.cells("%pipeline accept read")[0].text
        nb.cells(cell)
    assert nb.log() == ["ran read", "cached read", "cached read"]
    assert nb["region"] == "north"
    os.environ["REGION"] = "west"
    nb.cells(cell)
    assert nb.log() == ["ran read"]


def test_a_file_that_is_gone_is_not_accepted(reader):
    """There is no state of it that the record could hold for."""
    Path("notes.txt").unlink()
    text = refused(reader, "accept read")
    assert text == "notes.txt is gone: that cannot be accepted for read; bring it back, or run it"


# -- nothing to accept ----------------------------------------------------------------


def test_what_is_a_hit_needs_no_accepting(pipe):
    """Neither by itself nor as accepted."""
    assert "nothing to accept: train would be cached" in refused(pipe, "accept train")
    pipe.cells(EDITED, "%pipeline accept train")
    assert "already; %pipeline accepted" in refused(pipe, "accept train")


def test_a_step_that_never_ran_has_nothing_to_accept(nb):
    """It has to run once."""
    nb.cell("%%step train\nmodel = 1 / 0")
    assert "no earlier result of train to accept; run it once" in refused(nb, "accept train")


def test_a_step_that_waits_cannot_be_accepted_yet(pipe):
    """What it reads is not known before the step above it ran."""
    edit(pipe, LOAD)
    assert "train waits for load, which runs first" in refused(pipe, "accept train")


def test_below_a_step_that_is_never_cached_it_can_be(nb):
    """What that step gave last is what the next one reads."""
    gate = "%%step gate --no-cache\nlimit = 2"
    cell = "%%step train\nmodel = clean([3, 1, limit])"
    nb.cells(HELPER, gate, cell, EDITED)
    nb.log()
    nb.cells("%pipeline accept train", gate, cell)
    assert nb.log() == ["ran gate", "cached train"]


def test_what_cannot_be_cached_cannot_be_accepted(pipe):
    """The reason is the one that the step itself gives."""
    pipe.cells("rows = (n for n in [1])")
    pipe.cells("%pipeline drop load", TRAIN)
    text = refused(pipe, "accept train")
    assert text.startswith("train cannot be cached, so nothing can be accepted: `rows`")


def test_where_caching_is_off_there_is_nothing_to_accept(pipe):
    """The switch comes first."""
    pipe.cells(EDITED, "%pipeline off train")
    assert "caching is off for train" in refused(pipe, "accept train")


def test_an_evicted_record_cannot_be_accepted(pipe):
    """It says so, and what to do."""
    evict(pipe)
    pipe.cells(EDITED)
    assert refused(pipe, "accept train").startswith("train waits for load, which runs first")
    pipe.cells(LOAD)
    assert "the earlier results of train are gone (evicted" in refused(pipe, "accept train")


def test_an_accepted_record_that_is_evicted_is_a_miss_with_a_reason(pipe):
    """The step runs, says why, and what it makes is its own record."""
    pipe.cells(EDITED, "%pipeline accept train")
    evict(pipe)
    (listed,) = zen_nb.accepted()
    assert not listed.in_force
    assert "evicted" in listed.state
    pipe.cells(LOAD)
    pipe.log()
    done = pipe.cells(TRAIN)[0]
    assert pipe.log() == ["ran train"]
    assert "the record accepted for it cannot be served: evicted" in done.text
    pipe.cells(TRAIN)
    assert pipe.log() == ["cached train"]


def evict(nb):
    """Let the store have no room for what was written before."""
    store = nb.session.store
    store._mine.clear()
    assert store.prune(0)


def test_expiry_still_counts(pipe):
    """An accepted record that is too old is not served, and none is accepted."""
    aging = TRAIN.replace("train\n", "train --expires 1h\n")
    pipe.cells(aging, EDITED, "%pipeline accept train", aging)
    expired = TRAIN.replace("train\n", "train --expires 0.000001s\n")
    done = pipe.cells(expired)[0]
    assert pipe.log() == ["cached train", "cached train", "ran train"]
    assert "expired" in done.text
    assert "have expired; run it once" in refused(pipe, "accept train")


def test_a_record_without_an_output_of_the_present_code_is_no_answer(pipe):
    """A hit must bind what the cell binds."""
    pipe.cell(TRAIN + "\nraise KeyboardInterrupt\nsize = len(model)")
    assert "has no `size`, which train gives now; run it" in refused(pipe, "accept train")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("accept", "write %pipeline accept STEP"),
        ("accept zz", "no step 'zz'"),
        ("accept --all train", "it has --undo"),
        ("accept --undo zz", "nothing is accepted for 'zz'"),
    ],
)
def test_a_wrong_line_is_one_line(pipe, line, says):
    """What, where and what to do."""
    assert says in refused(pipe, line)


def test_clearing_a_step_takes_its_acceptances(pipe):
    """Nothing is left to serve, and nothing of the kind is listed."""
    pipe.cells(EDITED, "%pipeline accept train", "%pipeline clear train")
    assert zen_nb.accepted() == []
    pipe.cells(TRAIN)
    assert pipe.log() == ["ran train"]


def test_the_python_functions_do_the_same(pipe):
    """``accept``, ``accepted`` and ``unaccept`` of the package."""
    pipe.cells(EDITED)
    found = zen_nb.accept("train")
    assert found.changes == (CHANGED,)
    (listed,) = zen_nb.accepted()
    assert str(listed).startswith("train, 20")
    assert str(listed).endswith(f": {CHANGED}; in force")
    assert zen_nb.unaccept("train") == [found]
    assert zen_nb.accepted() == []


@pytest.mark.slow
def test_in_a_real_kernel(tmp_path):
    """Accepted in one kernel, served in the next, taken back there."""
    first = Kernel(tmp_path)
    try:
        for cell in (*CELLS, EDITED):
            first.run(cell)
        said = first.run("%pipeline accept train")[2]
        assert said[0]["text"].startswith(f"Accepted for train: {CHANGED}.")
    finally:
        first.stop()
    second = Kernel(tmp_path)
    try:
        second.run(EDITED)
        second.run(LOAD)
        _, page, said = second.run(TRAIN)
        assert page == [("stdout", "trained\n")]
        assert said[-1]["cached"] is True
        assert f"Accepted as equal: {CHANGED}." in said[-1]["text"]
        second.run("%pipeline accept --undo train")
        assert second.run(TRAIN)[2][-1]["cached"] is False
    finally:
        second.stop()
