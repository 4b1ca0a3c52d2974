"""``zen-nb cache`` and ``%pipeline cache``: what the store holds, and how to change it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.store.making import a_record, got, put
from zen_nb.faces import cli
from zen_nb.store.records import Store, open_store

BIG = 200_000


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with three steps, opened as the command line opens it."""
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(tmp_path / "key"))
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "cache"))
    writer = Store.open(tmp_path / "cache", 10**9)
    for number, (step, took) in enumerate([("load", 2.0), ("train", 40.0), ("train", 60.0)], 1):
        put(writer, a_record(number, step=step, duration_s=took), {"x": np.arange(BIG) + number})
    writer.close()
    from zen_nb.core.options import usable_configuration

    return open_store(usable_configuration())


def asked(capsys: Any, *words: str, code: int = 0) -> str:
    """Return what a command prints; it must end with `code`."""
    assert cli.main(["cache", *words]) == code
    printed = capsys.readouterr()
    return printed.out.strip() if code != cli.UNUSABLE else printed.err.strip()


def test_stats_say_what_freeing_would_cost(store: Store, capsys: Any) -> None:
    """Bytes, records, compute, and the seconds that evicting next would lose."""
    told = asked(capsys, "stats")
    assert "3 records of 2 steps, 1 min 42 s of compute" in told
    assert "of compute would be lost by freeing 4.8" in told
    found = json.loads(asked(capsys, "stats", "--json"))
    assert found["size_bytes"] == store.size_bytes()
    assert found["records"] == 3
    assert (found["lost_s"], found["evicted"]) == (102.0, 0)


def test_list_and_show_name_steps_and_records(store: Store, capsys: Any) -> None:
    """A line per step; of a step each record with its artifacts, its trace and who wrote it."""
    lines = asked(capsys, "list").splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["train", "load"]
    told = asked(capsys, "show", "train")
    assert told.count("took") == 2
    assert "x: int 3" in told
    assert "file:data.csv" in told
    assert "python 3." in told
    found = json.loads(asked(capsys, "show", "train", "--json"))
    assert [one["duration_s"] for one in found] == [60.0, 40.0]
    assert "no step 'lod'" in asked(capsys, "show", "lod", code=cli.UNUSABLE)


def test_what_was_evicted_says_so(store: Store, capsys: Any) -> None:
    """Pruned to nothing, a step's records are gone with a reason, and counted as evicted."""
    told = asked(capsys, "prune", "--to", "2MB")
    assert told.startswith("Evicted 2 records: 3.2")
    assert "evicted to keep the store below" in asked(capsys, "show", "load")
    assert json.loads(asked(capsys, "stats", "--json"))["evicted"] == 2
    assert "--to" in asked(capsys, "prune", "--to", "much", code=cli.UNUSABLE)
    assert "required" in asked(capsys, "prune", code=cli.UNUSABLE)


def test_a_pin_keeps_what_would_go(store: Store, capsys: Any) -> None:
    """The newest record of a pinned step outlives what is worth more."""
    assert asked(capsys, "pin", "load").startswith("Pinned 1 record of load, 1.6")
    asked(capsys, "prune", "--to", "0")
    assert "pinned" in asked(capsys, "show", "load")
    assert got(store, a_record(1))
    assert asked(capsys, "pin", "load", "--off") == "1 record of load can be evicted again."
    asked(capsys, "prune", "--to", "0")
    assert store.size_bytes() == 0


def test_clear_leaves_nothing_of_a_step(
    store: Store, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step, or all after a question; what was said of it is nowhere in the folder."""
    secret = b"canary-5e1f"
    put(store, a_record(9, step="canary-5e1f"), {"x": secret * 1000}, transcript=secret)
    assert "no step" in asked(capsys, "clear", "lod", code=cli.UNUSABLE)
    asked(capsys, "clear", "canary-5e1f")
    assert "canary-5e1f" not in asked(capsys, "list")
    assert "Say so with --yes" in asked(capsys, "clear", code=cli.UNUSABLE)
    asked(capsys, "clear", "--yes")
    assert asked(capsys, "list") == "There are no records."
    for path in store.folder.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes()


def test_verify_finds_what_is_damaged_and_takes_it_out(store: Store, capsys: Any) -> None:
    """A flipped byte in a blob is named, with exit code 1; mended, the rest is as it was."""
    assert "3 records and 3 blobs looked at, 4.8" in asked(capsys, "verify")
    blob = next(path for path in (store.folder / "blobs").rglob("*") if path.is_file())
    content = bytearray(blob.read_bytes())
    content[1000] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(content)
    record = store.folder / "records" / "00" / f"{1:064x}"
    record.chmod(0o600)
    record.write_bytes(record.read_bytes()[:-1])
    told = asked(capsys, "verify", code=cli.FAILED)
    assert "2 damaged" in told
    assert f"blob {blob.name[:12]}…: a stored part is damaged" in told
    assert "file: the record is cut" in told
    assert "2 mended" in asked(capsys, "verify", "--repair")
    told = asked(capsys, "verify", code=cli.FAILED)
    assert "1 damaged" in told
    assert "a stored part is gone" in told
    usable = [number for number in (1, 2, 3) if store.find(f"{number:064x}").found]
    assert len(usable) == 2


def test_a_damaged_store_is_no_traceback(store: Store, capsys: Any) -> None:
    """Noise in place of a row, and in place of the database: every command still answers."""
    assert store._rows is not None
    store._rows.put(f"{2:064x}", b"noise")
    (store.folder / "records" / "00" / f"{2:064x}").unlink()
    assert "1 record cannot be used here" in asked(capsys, "stats")
    assert "1 damaged" in asked(capsys, "verify", code=cli.FAILED)
    asked(capsys, "verify", "--repair")
    asked(capsys, "verify")
    store.close()
    (store.folder / "cache.db").write_bytes(b"noise" * 1000)
    assert "2 records" in asked(capsys, "stats")


def test_names_cannot_steer_a_terminal(store: Store, capsys: Any) -> None:
    """A step's name is data: what a terminal would obey is shown as question marks."""
    put(store, a_record(8, step="evil\x1b[2Jname"), {"x": 1})
    for words in (["list"], ["show", "evil\x1b[2Jname"]):
        assert "\x1b" not in asked(capsys, *words)


def test_the_path_is_the_folder(store: Store, capsys: Any) -> None:
    """For scripts: nothing but the folder."""
    assert asked(capsys, "path") == str(store.folder)


def test_help_is_given_by_both(capsys: Any) -> None:
    """``zen-nb --help`` names the command, ``zen-nb cache --help`` all of its words."""
    with pytest.raises(SystemExit, match="0"):
        cli.main(["cache", "--help"])
    told = capsys.readouterr().out
    assert all(
        word in told
        for word in ("stats", "list", "show", "verify", "prune", "clear", "pin", "path")
    )
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    assert "cache" in capsys.readouterr().out
