"""Which files a step reads and writes is seen, and every later change of them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zen_nb.core.model import Trace
from zen_nb.observe import audit, reads
from zen_nb.observe.files import FileWatch, Seen, path_traces
from zen_nb.observe.traces import broken as check


@pytest.fixture(autouse=True, params=["at once", "later"])
def folder(tmp_path, monkeypatch, request):
    """A working folder; what is read is looked at when it is opened, or only noted then."""
    monkeypatch.chdir(tmp_path)
    later = request.param == "later"
    if later and reads.foreign_mounts() is None:
        pytest.skip("this system looks at files when they are opened")
    monkeypatch.setattr(reads, "_LEAST_NS", 0 if later else 10**18)
    return tmp_path


def tick() -> None:
    """Wait until the clock that file times are taken from has moved on."""
    time.sleep(0.02)


def watched(body, **options) -> Seen:
    if reads._LEAST_NS == 0:
        tick()
    watch = FileWatch(**options)
    watch.start()
    try:
        body()
    finally:
        seen = watch.stop()
    return seen


def labels(seen: Seen) -> list[str]:
    return [trace.label for trace in seen.traces]


def only(seen: Seen) -> Trace:
    assert not seen.refusals
    (trace,) = seen.traces
    return trace


def age(*paths: str, seconds: float = 60) -> None:
    """Make files look as if nobody had touched them lately."""
    for path in paths:
        os.utime(path, (time.time() - seconds,) * 2)


# ------------------------------------------------------------------ what is read


def test_a_read_file_holds_until_it_changes():
    """The reason says which file and how its size changed."""
    Path("data.csv").write_text("a" * 1204)
    trace = only(watched(lambda: Path("data.csv").read_text()))
    assert trace.label == "file:data.csv"
    assert check(trace) is None
    Path("data.csv").write_text("a" * 1310)
    assert check(trace) == "data.csv changed (1,204 → 1,310 bytes)"
    Path("data.csv").unlink()
    assert check(trace) == "data.csv is gone"


def test_the_same_content_written_again_still_holds():
    """Not the time of a file counts but its content."""
    Path("data.csv").write_text("same")
    trace = only(watched(lambda: Path("data.csv").read_text()))
    Path("data.csv").unlink()
    Path("data.csv").write_text("same")
    age("data.csv")
    assert check(trace) is None


def test_same_size_and_time_with_other_content_is_seen():
    """A change that puts size and modification time back is seen all the same."""
    Path("data.csv").write_text("one")
    age("data.csv")
    before = Path("data.csv").stat()
    trace = only(watched(lambda: Path("data.csv").read_text()))
    Path("data.csv").write_text("two")
    os.utime("data.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert Path("data.csv").stat().st_mtime_ns == before.st_mtime_ns
    assert check(trace) == "data.csv changed (same size, other content)"


def test_a_fresh_guard_is_not_trusted():
    """A file touched just before it was read is compared by content, whatever its times say."""
    Path("data.csv").write_text("one")
    trace = only(watched(lambda: Path("data.csv").read_text()))
    assert trace.guard["settled"] is False
    lying = Trace(trace.label, "0" * 64, trace.guard)
    assert check(lying) == "data.csv changed (same size, other content)"


def test_a_settled_guard_spares_reading(monkeypatch):
    """A file that rested when it was read is not read again to be checked."""
    Path("data.csv").write_text("one")
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 10_000_000_000)
    trace = only(watched(lambda: Path("data.csv").read_text()))
    assert trace.guard["settled"] is True
    unread = Trace(trace.label, "0" * 64, trace.guard)
    assert check(unread) is None


def test_a_missing_file_is_a_trace_of_absence():
    """A step that found no file runs again once there is one."""
    trace = only(watched(lambda: _reads("config.toml")))
    assert (trace.label, trace.digest) == ("file:config.toml", "")
    assert check(trace) is None
    Path("config.toml").touch()
    assert check(trace) == "config.toml appeared"


def test_a_listed_folder_is_an_input():
    """A file that comes into a folder which the step listed makes it run."""
    Path("in").mkdir()
    Path("in/a").touch()
    trace = only(watched(lambda: list(Path("in").glob("*"))))
    assert trace.label == "file:in"
    assert check(trace) is None
    Path("in/b").touch()
    assert check(trace) == "folder in changed (1 → 2 entries)"


def test_a_folder_is_listed_without_what_the_step_writes_into_it():
    """A step that lists a folder and writes into it holds as long as the others stay."""
    Path("data.csv").touch()

    def body():
        list(Path().iterdir())
        Path("out.csv").write_text("x")

    seen = watched(body)
    assert labels(seen) == ["file:.", "file:out.csv"]
    assert [check(trace) for trace in seen.traces] == [None, None]
    Path("more.csv").touch()
    assert check(seen.traces[0]) == "folder . changed (1 → 2 entries)"


def test_a_relative_path_follows_the_working_directory(folder):
    """The same step in another checkout reads the file that is there."""
    Path("here").mkdir()
    Path("there").mkdir()
    Path("here/data").write_text("x")
    Path("there/data").write_text("x")
    os.chdir("here")
    trace = only(watched(lambda: Path("data").read_text()))
    os.chdir("../there")
    Path("../here/data").unlink()
    assert check(trace) is None
    Path("data").write_text("y")
    assert check(trace) == "data changed (same size, other content)"


def test_paths_after_a_change_of_folder_are_the_right_ones(folder):
    """A relative path means the folder of the moment it was opened in."""
    Path("sub").mkdir()
    Path("sub/data").write_text("x")

    def body():
        os.chdir("sub")
        Path("data").read_text()
        os.chdir("..")

    trace = only(watched(body))
    assert trace.guard["path"] == str(folder / "sub" / "data")
    assert check(trace) is None


def test_threads_of_the_step_are_seen_by_a_cell():
    """What a worker thread reads is read by the step."""
    Path("data.csv").write_text("x")

    def body():
        thread = threading.Thread(target=Path("data.csv").read_text)
        thread.start()
        thread.join()

    assert labels(watched(body)) == ["file:data.csv"]
    assert labels(watched(body, reach="context")) == ["file:data.csv"]


def test_functions_side_by_side_do_not_see_each_other():
    """Two functions in two threads have each their own files."""
    barrier = threading.Barrier(2, timeout=20)
    found: dict[str, list[str]] = {}

    def work(name: str) -> None:
        def body():
            barrier.wait()
            Path(name).write_text(name)
            barrier.wait()

        found[name] = labels(watched(body, reach="context"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"a": ["file:a"], "b": ["file:b"]}


# ------------------------------------------------------------------ what is written


def test_a_written_file_must_hold_what_the_step_wrote():
    """A file that the step made and somebody changed makes the step run."""
    trace = only(watched(lambda: Path("out.csv").write_text("made")))
    assert check(trace) is None
    Path("out.csv").write_text("other")
    assert check(trace) == "out.csv no longer holds what the step wrote"
    Path("out.csv").unlink()
    assert check(trace) == "out.csv, which the step wrote, is gone"


def test_a_file_written_anew_is_an_effect_whatever_it_held():
    """Overwriting depends on nothing that was there before."""
    Path("out.csv").write_text("before")
    trace = only(watched(lambda: Path("out.csv").write_text("after")))
    assert trace.guard["role"] == "wrote"


def test_written_then_read_is_an_effect():
    """A step may read what it has written itself."""

    def body():
        Path("tmp.json").write_text("x")
        Path("tmp.json").read_text()

    assert only(watched(body)).guard["role"] == "wrote"


def test_absent_then_made_is_an_effect():
    """A step that makes a file because it is not there is cached by what it made."""

    def body():
        if not _reads("model.bin"):
            Path("model.bin").write_text("x")

    assert only(watched(body)).guard["role"] == "wrote"


def _reads(path: str) -> bool:
    try:
        return bool(Path(path).read_text())
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("mode", ["a", "r+"])
def test_a_file_changed_in_place_is_refused(mode):
    """What a step appends to or patches cannot be made again from the record."""
    Path("log").write_text("before")

    def body():
        with Path("log").open(mode) as file:
            file.write("more")

    seen = watched(body)
    assert seen.refusals == ("it changes log, which was there before",)
    assert seen.traces == ()


def test_an_input_that_the_step_overwrites_is_refused():
    """Read and then written: on the next run the input would be another one."""
    Path("data").write_text("1")

    def body():
        Path("data").write_text(Path("data").read_text() + "1")

    assert watched(body).refusals == ("it changes data, which was there before",)


def test_opened_for_change_and_left_alone_is_a_read():
    """A mode that allows writing makes no effect by itself."""
    Path("data").write_text("1")

    def body():
        with Path("data").open("r+") as file:
            file.read()

    assert only(watched(body)).guard["role"] == "read"


def test_an_input_that_the_step_removes_is_refused():
    """A consumed input is not there for the next run."""
    Path("data").write_text("1")

    def body():
        Path("data").read_text()
        Path("data").unlink()

    assert watched(body).refusals == ("it removes data, which was there before",)


def test_a_replaced_file_is_an_effect_and_its_draft_is_nothing():
    """Writing beside and renaming over, as careful programs do, is a write."""
    Path("out").write_text("old")

    def body():
        Path("out.tmp").write_text("new")
        Path("out.tmp").replace("out")

    trace = only(watched(body))
    assert (trace.label, trace.guard["role"]) == ("file:out", "wrote")


def test_temporary_files_leave_nothing():
    """What is made and gone again is nobody's business."""

    def body():
        with tempfile.TemporaryDirectory() as place:
            Path(place, "x").write_text("x")
            Path(place, "x").read_text()

    assert watched(body) == Seen()


def test_a_made_folder_must_be_there():
    """Later cells may count on a folder that the step made."""
    trace = only(watched(lambda: Path("out").mkdir()))
    assert check(trace) is None
    Path("out").rmdir()
    assert check(trace) == "out, which the step wrote, is gone"


def test_a_database_that_is_only_asked_is_an_input():
    """SQLite reads in C: its file is an input when it did not change, and refused when it did."""
    connection = sqlite3.connect("shop.db")
    connection.execute("create table t (x)")
    connection.commit()
    connection.close()

    def ask(statement: str) -> None:
        connection = sqlite3.connect("shop.db")
        connection.execute(statement)
        connection.commit()
        connection.close()

    assert only(watched(lambda: ask("select * from t"))).guard["role"] == "read"
    assert watched(lambda: ask("insert into t values (1)")).refusals


# ------------------------------------------------------------------ readers written in C


def test_files_named_by_strings_are_told_read_from_written():
    """A path in the step's text covers what no event tells of."""
    polars = pytest.importorskip("polars")
    polars.DataFrame({"a": [1]}).write_parquet("in.parquet")

    def body():
        polars.read_parquet("in.parquet").write_parquet("out.parquet")

    seen = watched(body, strings=["in.parquet", "out.parquet", "no such", "two\nlines"])
    roles = {trace.label: trace.guard["role"] for trace in seen.traces}
    assert roles == {"file:in.parquet": "read", "file:out.parquet": "wrote"}
    polars.DataFrame({"a": [2]}).write_parquet("in.parquet")
    assert check(seen.traces[0]) == "in.parquet changed (same size, other content)"


def test_a_named_file_that_python_reads_after_c_wrote_it_is_an_effect():
    """The first touch that Python sees need not be the first one."""
    polars = pytest.importorskip("polars")
    Path("out.csv").write_text("old content that is longer")

    def body():
        polars.DataFrame({"a": [1]}).write_csv("out.csv")
        Path("out.csv").read_text()

    assert only(watched(body, strings=["out.csv"])).guard["role"] == "wrote"


def test_declared_files_are_traced_as_they_stand():
    """What the user declares is an input without being opened."""
    Path("a.txt").write_text("x")
    (trace,) = path_traces(["a.txt", "none.txt"])
    assert (trace.label, check(trace)) == ("file:a.txt", None)


# ------------------------------------------------------------------ what is left out


def test_python_packages_and_the_machine_leave_no_trace():
    """Imports, installed data and devices are covered otherwise."""
    Path("mymodule.py").write_text("x = 1")
    sys.path.insert(0, str(Path.cwd()))

    def body():
        import mymodule
        from sklearn.datasets import load_iris

        load_iris()
        Path("/dev/null").read_bytes()
        Path("/proc/self/stat").read_bytes()
        assert mymodule.x == 1

    try:
        assert watched(body).traces == ()
    finally:
        sys.path.pop(0)
        sys.modules.pop("mymodule", None)


def test_data_that_a_project_module_reads_is_traced():
    """Listing and reading at import time by the user's own module counts."""
    Path("parts").mkdir()
    Path("parts/a").write_text("x")
    Path("reader.py").write_text("import os\nnames = os.listdir('parts')\nopen('parts/a').close()")
    sys.path.insert(0, str(Path.cwd()))
    try:
        seen = watched(lambda: __import__("reader"))
    finally:
        sys.path.pop(0)
        sys.modules.pop("reader", None)
    assert "file:parts" in labels(seen)
    assert "file:parts/a" in labels(seen)


def test_the_store_leaves_no_trace():
    """zen_nb's own files are no inputs."""
    Path("store").mkdir()
    assert watched(lambda: Path("store/x").write_text("x"), store=["store"]) == Seen()


def test_nothing_watched_nothing_collected():
    """The hook stays for ever, and collects only between start and stop."""
    watched(lambda: None)
    Path("x").write_text("x")
    assert audit._active == ()
    assert watched(lambda: None) == Seen()


def test_a_hook_that_fails_never_reaches_the_user(monkeypatch):
    """A failure of the watch is not a failure of the step."""

    def broken(*_):
        raise ValueError

    monkeypatch.setitem(audit._NOTES, "open", broken)
    Path("x").write_text("x")
    assert watched(lambda: Path("x").read_text()) == Seen()


# ------------------------------------------------------------------ badges


def test_programs_and_networks_give_badges():
    """What answers from outside is shown on the node."""
    seen = watched(lambda: subprocess.run([sys.executable, "-c", ""], check=True))
    assert seen.badges == ("external:subprocess",)

    def connect():
        import socket

        with socket.socket() as door, pytest.raises(OSError, match="refused"):
            door.connect(("127.0.0.1", 9))

    assert watched(connect).badges == ("external:network",)


# ------------------------------------------------------------------ laws

contents = st.binary(max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(contents, contents, st.booleans())
def test_a_trace_holds_exactly_while_the_content_is_the_same(first, second, keep_times):
    """Whatever happens to times: a check passes if and only if the bytes are those read."""
    path = Path("data.bin")
    path.write_bytes(first)
    trace = only(watched(path.read_bytes))
    before = path.stat()
    path.write_bytes(second)
    if keep_times:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (check(trace) is None) == (first == second)


def append(text: str) -> None:
    with Path("log.txt").open("a") as file:
        file.write(text)


def test_appending_is_refused_whether_or_not_the_file_was_there():
    """Run again it would append again, so a file made so is no effect that a hit could stand for."""
    first, second = (watched(lambda: append("line")) for _ in range(2))
    assert first.refusals == ("it appends to log.txt, and would do so again",)
    assert second.refusals == ("it changes log.txt, which was there before",)
    assert first.traces == second.traces == ()


def test_appending_to_what_the_step_wrote_first_is_an_effect():
    """Written anew and then added to, a file is the same after every run."""

    def body():
        Path("log.txt").write_text("head")
        append("line")

    for _ in range(2):
        assert only(watched(body)).guard["role"] == "wrote"


# ------------------------------------------------------------------ looked at later


def noted(*paths: str) -> None:
    """Open files until they are only noted, where that is done at all."""
    Path("first.txt").write_text("a")
    for path in ("first.txt", *paths):
        Path(path).read_text()


def test_a_file_that_is_changed_unseen_after_it_was_read_is_refused():
    """Python tells of no write through a file that was open before; its time of change does."""
    Path("a.txt").write_text("a" * 10)
    before = os.open("a.txt", os.O_WRONLY)

    def body():
        noted("a.txt")
        tick()
        os.write(before, b"b")

    try:
        seen = watched(body)
    finally:
        os.close(before)
    assert any("a.txt changed while the step" in line for line in seen.refusals)


def test_what_a_program_makes_is_read_as_it_left_it():
    """A file that a program of the step's own has written is no file that changed meanwhile."""

    def body():
        noted()
        subprocess.run([sys.executable, "-c", "open('made.txt', 'w').write('b')"], check=True)
        assert Path("made.txt").read_text() == "b"

    seen = watched(body)
    assert not seen.refusals
    assert "file:made.txt" in labels(seen)


def test_many_files_leave_the_same_traces_however_they_are_looked_at():
    """Repeated, missing and rewritten files among many, by several spellings and threads."""
    names = [f"{number}.txt" for number in range(300)]
    for name in names:
        Path(name).write_text(name)

    def read(some: list[str]) -> None:
        for name in some:
            Path(name).read_text()
            Path(name).resolve().read_bytes()

    def body():
        read(names)
        thread = threading.Thread(target=read, args=(names[::2],))
        thread.start()
        thread.join()
        Path("5.txt").write_text("other")
        for missing in ("no.txt", "neither.txt"):
            with pytest.raises(FileNotFoundError):
                Path(missing).read_text()
        Path("new.txt").write_text("1")
        Path("new.txt").read_text()

    seen = watched(body)
    assert seen.refusals == ("it changes 5.txt, which was there before",)
    expected = {*names, "no.txt", "neither.txt", "new.txt"} - {"5.txt"}
    assert labels(seen) == sorted(f"file:{name}" for name in expected)
    roles = {trace.guard["role"] for trace in seen.traces}
    assert roles == {"read", "absent", "wrote"}


def test_steps_inside_steps_see_what_is_read_in_them():
    """What only the outer one has noted is not lost when an inner one begins and ends."""
    for name in ("outer.txt", "inner.txt", "last.txt"):
        Path(name).write_text(name)
    inner: list[Seen] = []

    def body():
        noted("outer.txt")
        inner.append(watched(lambda: noted("inner.txt")))
        noted("last.txt")

    outer = watched(body)
    assert labels(inner[0]) == ["file:first.txt", "file:inner.txt"]
    assert {"file:outer.txt", "file:inner.txt", "file:last.txt"} <= set(labels(outer))


def test_file_systems_of_other_machines_are_told_from_their_kinds():
    """Times of files on a share come from its own clock; folders may hold spaces."""
    mounts = (
        "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "36 21 0:44 / /proc rw - proc proc rw\n"
        "40 21 0:50 / /home/me/My\\040Drive rw shared:7 - fuse.drive drive rw\n"
        "41 21 0:51 / /data rw - nfs4 server:/data rw\n"
    )
    devices = {"/home/me/My Drive/": os.makedev(0, 50), "/data/": os.makedev(0, 51)}
    assert reads.foreign_among(mounts) == devices


def test_files_on_a_share_are_looked_at_when_they_are_opened(monkeypatch, folder):
    """Nothing waits for a clock that is not this machine's."""
    monkeypatch.setattr(reads, "foreign_mounts", lambda: (f"{folder}/",))
    Path("a.txt").write_text("a")
    watch = FileWatch()
    watch.start()
    try:
        noted("a.txt")
        (folder / "a.txt").read_text()
        assert not reads.taken()
    finally:
        seen = watch.stop()
    assert "file:a.txt" in labels(seen)
