"""What one machine computes, another that trusts it finds; by whatever happens, nobody is hurt."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.peers import SMALL, is_right
from tests.remote.machines import Machine
from tests.remote.proxy import Proxy
from tests.remote.s3 import Bucket
from zen_nb.store.sharing import by_whom

LARGE = 3_000_000  # elements of 8 bytes: in ranges


def filled(ci: Machine, *numbers: int, size: int = SMALL) -> None:
    """Let the store have some results."""
    for number in numbers:
        assert not ci.call(number, size)[1]
    assert ci.flush() == 0
    assert ci.shared.trouble == ""


def test_what_one_has_computed_another_finds(ci: Machine, bob: Machine) -> None:
    """A record by a trusted key is adopted: the first look is a hit, and later ones ask nobody."""
    filled(ci, 1)
    value, found = bob.call(1)
    assert found
    assert is_right(value, 1)
    assert by_whom(bob.latest) == "ci"


def test_an_adopted_record_is_a_hit_of_ones_own(ci: Machine, bob: Machine, proxy: Proxy) -> None:
    """What was brought once is found without the shared store."""
    filled(ci, 1)
    bob.call(1)
    bob.restart()
    proxy.passed.clear()
    proxy.harm = lambda method, path: "refuse"
    assert bob.call(1)[1]
    assert proxy.passed == []


def test_requests_of_hits_and_misses(ci: Machine, bob: Machine, proxy: Proxy) -> None:
    """A miss is one listing; a hit one more request for the record, and one for each range."""
    filled(ci, 1, size=LARGE)
    proxy.passed.clear()
    assert not bob.call(2, LARGE)[1]
    assert dict(proxy.counts) == {"LIST": 1}
    proxy.passed.clear()
    assert bob.call(1, LARGE)[1]
    # 24 MB in ranges of 8 MiB, what is small of the payload inline, and the record itself
    assert dict(proxy.counts) == {"LIST": 1, "GET": 4}


def test_blobs_come_when_they_are_wanted(ci: Machine, bob: Machine, proxy: Proxy) -> None:
    """To decide brings the record alone, a few kilobytes; its value comes when it is loaded."""
    filled(ci, 1, size=LARGE)
    record = ci.latest
    proxy.passed.clear()
    with bob.here():
        assert bob.store.bring(record.key, 0.0).new
        [adopted] = bob.store.find(record.key).found
    assert sum(one.got_bytes for one in proxy.passed) < 20_000
    with bob.here():
        assert is_right(bob.store.load(adopted, {})["output"], 1, LARGE)


def test_nothing_is_put_where_that_was_not_asked(
    machine: Callable[..., Machine], bucket: Bucket
) -> None:
    """To read is what is meant where nothing is said, even with a key."""
    one = machine("reader")
    one.new_key()
    one.call(1)
    one.flush()
    assert bucket.names() == []


def test_objects_are_not_written_again(ci: Machine, proxy: Proxy, bucket: Bucket) -> None:
    """Equal bytes of two results are put once; a blob goes before the record that names it."""
    filled(ci, 1)
    puts = [one.path for one in proxy.passed if one.method == "PUT"]
    assert ["blobs" in path for path in puts] == [*[True] * (len(puts) - 1), False]
    record = ci.latest
    proxy.passed.clear()
    ci.restart()
    ci.shared.fill(ci.folder / "report")
    with ci.here():
        ci.shared.served(record)
        assert ci.flush() == 0
    assert ci.shared.sent.there == 1
    assert proxy.counts["PUT"] == 0
    assert len(bucket.names("records/")) == 1


def test_a_record_by_an_unknown_key_is_an_explained_miss(
    ci: Machine, machine: Callable[..., Machine]
) -> None:
    """Who is not named is not believed; the reason names the key and says how to trust it."""
    filled(ci, 1)
    stranger = machine("stranger")
    value, found = stranger.call(1)
    assert not found
    assert is_right(value, 1)
    assert "you do not trust" in stranger.last.reason
    assert "zen-nb keys trust" in stranger.last.reason


def test_who_is_not_trusted_any_more_is_not_believed(ci: Machine, bob: Machine) -> None:
    """To distrust a key counts at once, for what was brought before too."""
    from zen_nb.store.trust import Trusted

    filled(ci, 1)
    assert bob.call(1)[1]
    with bob.here():
        assert len(Trusted().remove("ci")) == 1
    bob.restart()
    assert not bob.call(1)[1]
    assert "not trusted any more" in bob.last.reason


class Canary:
    """Leaves a folder where it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def test_a_crafted_pickle_is_not_executed(
    ci: Machine, bob: Machine, bucket: Bucket, tmp_path: Any
) -> None:
    """Whatever object holds it, and whoever put it there, a pickle from the store does not run."""
    filled(ci, 1)
    canary = tmp_path / "canary"
    poison = pickle.dumps(Canary(str(canary)))
    for name in bucket.names():
        whole = bucket.get(name)
        bucket.put(name, poison)
        bob.clean()
        value, found = bob.call(1)
        assert is_right(value, 1)
        assert not found
        bucket.put(name, whole)
    assert not canary.exists()
    bob.clean()
    assert bob.call(1)[1]


def test_a_record_under_another_key_is_refused(ci: Machine, bob: Machine, bucket: Bucket) -> None:
    """A signature covers the key: a good record is not served for another question."""
    filled(ci, 1, 2)
    one, other = sorted(bucket.names("records/"))
    kept = bucket.get(one), bucket.get(other)
    for at, content in ((one, kept[1]), (other, kept[0])):
        folder = at.rpartition("/")[0]
        name = (other if at == one else one).rpartition("/")[2]
        bucket.remove(at)
        bucket.put(f"{folder}/{name}", content)
    for number in (1, 2):
        value, found = bob.call(number)
        assert not found
        assert is_right(value, number)
        assert "is not good" in bob.last.reason


@pytest.mark.parametrize("kind", ["records/", "blobs/"])
def test_a_damaged_object_is_an_explained_miss(
    ci: Machine, bob: Machine, bucket: Bucket, kind: str
) -> None:
    """A byte flipped or an end cut off, sampled over record and blobs: the step runs."""
    filled(ci, 1)
    for name in bucket.names(kind):
        whole = bucket.get(name)
        places = range(0, len(whole), max(1, len(whole) // 5))
        for at in places:
            flipped = whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :]
            for damage in (flipped, whole[:at]):
                bucket.put(name, damage)
                bob.clean()
                value, found = bob.call(1)
                assert not found
                assert is_right(value, 1)
                assert bob.last.reason
        bucket.put(name, whole)
    bob.clean()
    assert bob.call(1)[1]


def test_a_blob_that_is_missing_is_put_there_again(
    ci: Machine, bob: Machine, machine: Callable[..., Machine], bucket: Bucket
) -> None:
    """Behind a record a blob is gone: the step runs, and whoever writes mends the store."""
    filled(ci, 1)
    for name in bucket.names("blobs/"):
        bucket.remove(name)
    value, found = bob.call(1)
    assert not found
    assert is_right(value, 1)
    assert "missing there" in bob.last.reason
    assert bob.call(1)[1]
    other = machine("other", mode="write")
    other.new_key()
    other.trust(ci.public)
    assert not other.call(1)[1]
    assert other.flush() == 0
    bob.clean()
    assert bob.call(1)[1]


def test_a_damaged_blob_is_put_there_again(
    ci: Machine, bob: Machine, machine: Callable[..., Machine], bucket: Bucket
) -> None:
    """A blob of the right size and the wrong content is replaced by who has found that out."""
    filled(ci, 1)
    [name, *_] = bucket.names("blobs/")
    bucket.put(name, bytes(len(bucket.get(name))))
    other = machine("other", mode="write")
    other.new_key()
    other.trust(ci.public)
    assert not other.call(1)[1]
    assert other.flush() == 0
    assert bob.call(1)[1]


@pytest.mark.parametrize("harm", ["refuse", "error", "drop"])
def test_a_store_that_fails_is_left_out(ci: Machine, bob: Machine, proxy: Proxy, harm: Any) -> None:
    """403, an error or a lost connection: values are right and kept here, asked once, told once."""
    filled(ci, 1, 2, 3)
    proxy.passed.clear()
    asked: list[str] = []
    proxy.harm = lambda method, path: asked.append(path) or harm
    for number in (1, 2, 3):
        value, found = bob.call(number)
        assert not found
        assert is_right(value, number)
    assert len(set(asked)) == 1  # a connection that was open already is tried once more
    assert "is left out for now" in bob.shared.trouble
    assert all(bob.call(number)[1] for number in (1, 2, 3))


def test_a_failure_is_told_once(
    ci: Machine,
    bob: Machine,
    proxy: Proxy,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log has one line, however many steps ask."""
    from zen_nb.logger import get_logger
    from zen_nb.pipelines import surroundings

    monkeypatch.setattr(surroundings, "_told", set())
    caplog.set_level(logging.WARNING, logger="zen_nb")  # the plays of faults are quieter
    proxy.harm = lambda method, path: "refuse"
    root = get_logger("zen_nb")
    root.addHandler(caplog.handler)
    try:
        for number in (1, 2, 3):
            bob.call(number)
    finally:
        root.removeHandler(caplog.handler)
    told = [line for line in caplog.messages if "shared store" in line]
    assert len(told) == 1


def test_nobody_waits_longer_than_was_set(
    machine: Callable[..., Machine], ci: Machine, proxy: Proxy
) -> None:
    """A store that does not answer is given up within the time that is set."""
    filled(ci, 1)
    proxy.harm = lambda method, path: "hang"
    slow = machine("slow", timeout="0.3")
    slow.trust(ci.public)
    value, found = slow.call(1)
    assert not found
    assert is_right(value, 1)
    assert "did not answer within 0.3 s" in slow.shared.trouble or "imeout" in slow.shared.trouble


def test_a_cut_upload_is_no_record(ci: Machine, bob: Machine, proxy: Proxy) -> None:
    """A PUT that ended half way: nothing is lost here, and others compute for themselves."""
    for kind in ("blobs/", "records/"):
        proxy.harm = lambda method, path, kind=kind: (
            "cut" if method == "PUT" and kind in path else None
        )
        number = 1 if kind == "blobs/" else 2
        ci.restart()
        assert not ci.call(number)[1]
        ci.flush()
        assert "Nothing is put into the shared store" in ci.shared.trouble
        assert ci.call(number)[1]
        proxy.harm = lambda method, path: None
        value, found = bob.call(number)
        assert not found
        assert is_right(value, number)


def test_half_an_object_is_no_record(ci: Machine, bob: Machine, proxy: Proxy) -> None:
    """A store that keeps half of what it was given, and says all is well: an explained miss."""
    for number, kind in enumerate(("blobs/", "records/")):
        proxy.harm = lambda method, path, kind=kind: (
            "halve" if method == "PUT" and kind in path else None
        )
        ci.call(number)
        assert ci.flush() == 0
        proxy.harm = lambda method, path: None
        value, found = bob.call(number)
        assert not found
        assert is_right(value, number)
        assert bob.last.reason != "first run"


def test_writing_may_fail_where_reading_works(ci: Machine, bob: Machine, proxy: Proxy) -> None:
    """Who may not put anything there is told so, and still finds what others have put."""
    filled(ci, 1)
    writer = Machine(bob.folder, bob.env["ZEN_NB_REMOTE"], proxy.port, mode="write")
    writer.new_key()
    proxy.harm = lambda method, path: "refuse" if method == "PUT" else None
    assert not writer.call(2)[1]
    writer.flush()
    assert "Nothing is put into the shared store" in writer.shared.trouble
    assert writer.call(1)[1]
    writer.restart()


def test_without_its_libraries_all_works_here(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL that nothing installed can read is told in one line, with what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "fsspec", None)
    one = Machine(tmp_path, "s3://somewhere/store")
    value, found = one.call(1)
    assert not found
    assert is_right(value, 1)
    assert "pip install 'zen_nb[remote]'" in one.shared.trouble
    one.restart()


def test_a_project_cannot_have_results_put_somewhere(
    tmp_path: Any, bucket: Bucket, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a project's file asks for is not the user's word: results stay here until it is."""
    from zen_nb.store.trust import Writable

    project = tmp_path / "project"
    project.mkdir()
    url = f"s3://{bucket.name}/store"
    (project / "pyproject.toml").write_text(
        f'[tool.zen_nb]\nremote = "{url}"\nremote_mode = "write"\n'
    )
    monkeypatch.chdir(project)
    one = Machine(tmp_path / "one", "", proxy.port, mode="")
    one.new_key()
    one.call(1)
    one.flush()
    assert bucket.names() == []
    assert "zen-nb keys allow" in one.shared.trouble
    one.restart()
    with one.here():
        Writable().add(url)
    one.call(2)
    assert one.flush() == 0
    assert bucket.names("records/")
    one.restart()


def test_asking_draws_no_random_numbers(ci: Machine, bob: Machine) -> None:
    """The user's stream of random numbers goes on as if nobody had asked the store."""
    import random

    import numpy as np

    filled(ci, 1)
    random.seed(1)
    np.random.seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist()
    assert bob.call(1)[1]
    assert not bob.call(2)[1]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_a_forked_child_asks_nobody(ci: Machine, bob: Machine, proxy: Proxy) -> None:
    """Of the threads that ask there are none in a child: it computes, and does not hang."""
    filled(ci, 1)
    with bob.here():
        bob.store
        proxy.passed.clear()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                value, found = bob.call(1)
                code = 0 if is_right(value, 1) and not found else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert proxy.passed == []
    assert bob.call(1)[1]


def test_an_interrupt_ends_the_wait(ci: Machine, bob: Machine, proxy: Proxy) -> None:
    """Ctrl-C while the store is slow is the user's: nothing is held, the next call works."""
    import signal
    import threading

    filled(ci, 1)
    asked = threading.Event()

    def harm(method: str, path: str) -> Any:
        asked.set()
        return "hang"

    proxy.harm = harm

    def interrupt() -> None:
        asked.wait(20)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        bob.call(1)
    proxy.harm = lambda method, path: None
    bob.restart()
    assert bob.call(1)[1]


@pytest.mark.slow
def test_what_workers_compute_is_signed_and_put_there_by_the_client(
    ci: Machine, bob: Machine
) -> None:
    """Processes that compute for a pipeline sign nothing; what they made is shared all the same."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from tests.executors import steps
    from zen_nb import pipeline

    @pipeline
    def drawn() -> None:
        frame = steps.begin(4)
        steps.mean(frame)
        steps.unboxed(steps.boxed(frame))

    with ci.here(), ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        run = drawn.with_options(executor=pool)()
        assert run.status == "completed"
        assert ci.shared.sent.records == len(run.steps) == 4
    with bob.here():
        assert drawn().status == "cached"


def test_a_pipeline_brings_what_it_needs(
    ci: Machine, bob: Machine, proxy: Proxy, bucket: Bucket
) -> None:
    """Where all are hits no data comes; where a value is wanted and gone, its step runs after all."""
    import numpy as np

    from zen_nb import pipeline, step

    @step
    def begin(n: int) -> np.ndarray:
        return np.arange(n)

    @step
    def total(rows: np.ndarray) -> int:
        return int(rows.sum())

    @pipeline
    def first() -> None:
        begin(5000)

    @pipeline
    def both() -> None:
        total(begin(5000))

    with ci.here():
        first()
        assert ci.flush() == 0
    proxy.passed.clear()
    with bob.here():
        assert first().status == "cached"
        assert not [one for one in proxy.passed if "blobs" in one.path]
        for name in bucket.names("blobs/"):
            bucket.remove(name)
        run = both()
        assert run.steps["total"].status == "completed"
        assert run.steps["total"].outputs["output"].load() == sum(range(5000))
        assert both().status == "cached"


def test_what_is_damaged_here_is_not_put_there(ci: Machine, bucket: Bucket, proxy: Proxy) -> None:
    """A blob that has gone bad on its own disk spoils nobody else's."""
    ci.env["ZEN_NB_REMOTE_MODE"] = "read"
    ci.call(1)
    record = ci.latest
    for path in (ci.folder / "cache" / "blobs").rglob("*"):
        if path.is_file():
            content = bytearray(path.read_bytes())
            content[0] ^= 1
            path.chmod(0o600)
            path.write_bytes(content)
    ci.restart()
    ci.env["ZEN_NB_REMOTE_MODE"] = "write"
    with ci.here():
        ci.shared.offer(record)
        assert ci.flush() == 0
    assert bucket.names() == []


def test_ones_own_key_is_believed(ci: Machine) -> None:
    """Who has put something there finds it when the cache is gone."""
    filled(ci, 1)
    ci.clean()
    assert ci.call(1)[1]
    assert by_whom(ci.latest) == "you"


def test_what_was_evicted_comes_back_from_there(ci: Machine, bob: Machine) -> None:
    """A record that made room here is found in the shared store again."""
    filled(ci, 1)
    assert bob.call(1)[1]
    with bob.here():
        assert len(bob.store.prune(0).keys) == 1
    bob.restart()
    assert bob.call(1)[1]


@pytest.mark.parametrize("harm", ["error", "drop"])
def test_what_fails_by_chance_is_asked_again_at_once(
    ci: Machine, bob: Machine, proxy: Proxy, harm: Any
) -> None:
    """One error of a server that else answers keeps nobody from what is there."""
    filled(ci, 1)
    harms = [harm]
    proxy.harm = lambda method, path: harms.pop() if harms else None
    assert bob.call(1)[1]
    assert bob.shared.trouble == ""


def test_where_no_store_is_named_nothing_of_it_is_imported(tmp_path: Any) -> None:
    """Libraries and threads for a shared store come with the first step that asks one."""
    import subprocess
    import sys

    from tests.remote.s3 import ROOT

    code = (
        "import sys, threading\n"
        "from tests.remote.machines import Machine\n"
        "from pathlib import Path\n"
        f"one = Machine(Path({str(tmp_path)!r}), '')\n"
        "one.call(1)\n"
        "print(sorted({'fsspec', 's3fs', 'cryptography', 'asyncio'} & set(sys.modules)))\n"
        "print([t.name for t in threading.enumerate() if 'zen_nb' in t.name])\n"
    )
    env = os.environ | {"PYTHONPATH": ROOT}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[]", "[]"]
