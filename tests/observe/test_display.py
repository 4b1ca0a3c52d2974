"""What functions and terminal cells show is recorded and shown again."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from zen_nb.observe.display import ShellCapture, capture_for
from zen_nb.observe.replay import replay
from zen_nb.observe.transcript import Recorder, Transcript, settle


def recorded(body) -> Transcript:
    capture = ShellCapture()
    capture.start()
    try:
        body()
    finally:
        transcript = capture.stop()
    return transcript


def shown(transcript: Transcript, shell=None) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        replay(transcript, shell)
    return out.getvalue(), err.getvalue()


# ------------------------------------------------------------------ functions


def test_prints_are_shown_live_and_recorded_in_order(capsys):
    """A function's output reaches the screen as it runs, and the transcript in order."""

    def body():
        print("one")
        print("two", file=sys.stderr)
        print("three")

    transcript = recorded(body)
    assert capsys.readouterr() == ("one\nthree\n", "two\n")
    assert [event["name"] for event in transcript.events] == ["stdout", "stderr", "stdout"]
    assert shown(transcript) == ("one\nthree\n", "two\n")


def test_a_logger_made_before_is_heard(capsys):
    """A handler that holds the stream since before the step is recorded too."""
    logger = logging.getLogger("tests.observe.held")
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    try:
        transcript = recorded(lambda: logger.warning("careful"))
    finally:
        logger.removeHandler(handler)
    assert transcript.text("stderr") == "careful\n"


def test_what_is_redirected_is_not_shown_and_not_recorded():
    """Output that the step keeps to itself is no output of the step."""

    def body():
        with redirect_stdout(io.StringIO()):
            print("kept")

    assert recorded(body).events == ()


def test_a_nested_capture_belongs_to_both(capsys):
    """What an inner step shows is shown by the outer one too."""
    inner: list[Transcript] = []

    def body():
        print("outer")
        inner.append(recorded(lambda: print("inner")))
        print("end")

    assert recorded(body).text() == "outer\ninner\nend\n"
    assert inner[0].text() == "inner\n"


def test_concurrent_captures_are_told_apart(capsys):
    """Two functions in two threads have each their own output."""
    barrier = threading.Barrier(2, timeout=20)
    found: dict[str, str] = {}

    def work(name: str) -> None:
        def body():
            barrier.wait()
            print(name)
            barrier.wait()

        found[name] = recorded(body).text()

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"a": "a\n", "b": "b\n"}


def test_tasks_of_one_loop_are_told_apart(capsys):
    """Two coroutines that take turns in one thread have each their own output."""

    async def work(name: str) -> str:
        capture = ShellCapture()
        capture.start()
        print(name)
        await asyncio.sleep(0)
        print(name)
        return capture.stop().text()

    async def both():
        return await asyncio.gather(asyncio.create_task(work("a")), asyncio.create_task(work("b")))

    assert asyncio.run(both()) == ["a\na\n", "b\nb\n"]


def test_a_thread_that_the_function_starts_belongs_to_it(capsys):
    """Output of a worker thread is output of the step that started it."""

    def body():
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()

    assert recorded(body).text() == "from a thread\n"


def test_the_streams_are_as_before(capsys):
    """After the last capture the streams have their own `write` again."""
    before = sys.stdout.write
    recorded(lambda: print("x"))
    assert sys.stdout.write == before


def test_a_capture_of_nothing_is_empty():
    """A step that shows nothing has an empty transcript."""
    assert recorded(lambda: None) == Transcript()


# ------------------------------------------------------------------ terminal


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    yield made
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


def run_and_record(shell, code: str) -> tuple[Transcript, list]:
    capture = capture_for(shell)
    capture.start()
    try:
        result = shell.run_cell(code, store_history=True)
    finally:
        transcript = capture.stop()
    assert result.success
    return transcript, capture.results


def test_a_terminal_cell_is_recorded_by_kind(shell, capsys):
    """Streams, displays and results of a terminal are told apart, each once."""
    transcript, results = run_and_record(
        shell, "from IPython.display import display\nprint('p')\ndisplay([1])\n{'a': 1}"
    )
    kinds = [event["type"] for event in transcript.events]
    assert kinds == ["stream", "display_data", "execute_result"]
    assert results == [{"a": 1}]
    assert "{'a': 1}" in capsys.readouterr().out


def test_a_terminal_replay_prints_what_the_run_printed(shell, capsys):
    """The terminal gets the same text from a replay, number of the result apart."""
    transcript, results = run_and_record(
        shell, "from IPython.display import display\nprint('p')\ndisplay([1])\n{'a': 1}"
    )
    live = capsys.readouterr().out
    shell.user_ns["again"] = lambda: replay(transcript, shell, results)
    shell.run_cell("again()", store_history=True)
    assert capsys.readouterr().out.replace("Out[2]", "Out[1]") == live
    assert shell.user_ns["_"] is results[0]
    assert shell.user_ns["Out"][2] is results[0]


def test_a_result_without_its_value_is_shown_as_a_display(shell, capsys):
    """Where the value cannot be had the page still shows what it showed."""
    transcript, _ = run_and_record(shell, "'lost'")
    capsys.readouterr()
    replay(transcript, shell)
    assert capsys.readouterr().out == "'lost'\n"


# ------------------------------------------------------------------ transcripts

events = st.one_of(
    st.builds(
        lambda name, text: {"type": "stream", "name": name, "text": text},
        st.sampled_from(["stdout", "stderr"]),
        st.text(st.characters(), max_size=20),
    ),
    st.builds(
        lambda kind, data: {"type": kind, "data": data, "metadata": {}, "transient": {}},
        st.sampled_from(["display_data", "update_display_data"]),
        st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.binary(max_size=9)),
    ),
    st.builds(lambda wait: {"type": "clear_output", "wait": wait}, st.booleans()),
)


@given(st.lists(events))
def test_a_transcript_survives_as_bytes(found):
    """Every transcript comes back from its bytes, lone surrogates and binary included."""
    transcript = Transcript(tuple(found))
    assert Transcript.from_bytes(transcript.to_bytes()) == transcript


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.text(max_size=9))))
def test_merging_neighbours_loses_nothing(writes):
    """What each stream was given is what the transcript holds of it, neighbours merged."""
    recorder = Recorder()
    for name, text in writes:
        recorder.stream(name, text)
    transcript = recorder.transcript()
    for name in ("stdout", "stderr"):
        assert transcript.text(name) == "".join(text for n, text in writes if n == name)
    names = [event["name"] for event in transcript.events]
    assert all(one != other for one, other in pairwise(names))


def test_past_the_limit_it_says_how_much_was_left_out():
    """A transcript is bounded, says what is missing, and keeps results in plain text."""
    recorder = Recorder(limit_bytes=1000)
    recorder.stream("stdout", "kept")
    recorder.stream("stdout", "x" * 2_500_000)
    recorder.bundle("display_data", {"data": {"image/png": "y" * 500_000}})
    recorder.bundle("execute_result", {"data": {"text/plain": "v", "text/html": "z" * 2000}})
    found = recorder.transcript()
    assert found.text() == "kept"
    assert found.text("stderr") == "\n[3.0 MB more were shown when this ran, and not kept]\n"
    assert [e["data"] for e in found.events if e["type"] == "execute_result"] == [
        {"text/plain": "v"}
    ]


def test_clearing_forgets_what_it_took_off_the_page():
    """Fifty frames of an animation leave the last one, and updates of other displays stay."""
    recorder = Recorder()
    recorder.bundle("update_display_data", {"data": {}, "transient": {"display_id": "elsewhere"}})
    for number in range(50):
        recorder.clear(wait=True)
        recorder.stream("stdout", f"frame {number}\n")
    kinds = [event["type"] for event in recorder.transcript().events]
    assert kinds == ["update_display_data", "clear_output", "stream"]
    assert recorder.transcript().text() == "frame 49\n"


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("plain\n", "plain\n"),
        ("10 %\r50 %\r100 %\n", "100 %\n"),
        ("abcdef\rxy\n", "xycdef\n"),
        ("windows\r\nlines\r\n", "windows\r\nlines\r\n"),
        ("kept\nold\rnew\r", "kept\nnew\r"),
        ("\x1b[31m1\x1b[0m\r\x1b[32m22\x1b[0m", "\x1b[32m22\x1b[0m"),
        ("longer\r\x1b[32m22\x1b[0m", "longer\r\x1b[32m22\x1b[0m"),
        ("up\r\x1b[Aup again", "up\r\x1b[Aup again"),
    ],
)
def test_overwritten_text_is_settled_as_a_page_shows_it(written, seen):
    """A carriage return overwrites; where colours or cursor moves make it unsure all is kept."""
    assert settle(written) == seen


@given(st.text("ab\r\n", max_size=30))
def test_settling_twice_changes_nothing(text):
    """What is settled stays as it is."""
    assert settle(settle(text)) == settle(text)


def test_file_names_of_the_cell_move_with_it():
    """A warning names the present cell and line, not the one that ran."""
    then, now = "/tmp/ipykernel_1/11.py", "/tmp/ipykernel_2/22.py"
    transcript = Transcript(
        (
            {
                "type": "stream",
                "name": "stderr",
                "text": f'{then}:3: UserWarning: x\n  File "{then}", line 4, in f\n',
            },
        )
    )
    assert transcript.moved(then, now, lambda line: line + 1).text("stderr") == (
        f'{now}:4: UserWarning: x\n  File "{now}", line 5, in f\n'
    )
