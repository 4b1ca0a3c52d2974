"""Where the store lies: on a network its database stays on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.making import a_record, got, mounted, put
from zen_nb.store import folder as folders
from zen_nb.store.folder import kind_of_mount

MOUNTS = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:26 / /home rw,nosuid shared:5 master:1 - nfs4 server:/home rw,vers=4.2
31 30 0:27 / /home/me/my\\040disk rw - tmpfs tmpfs rw
32 22 0:28 / /mnt/share rw - cifs //server/share rw
33 22 0:29 / /mnt/bucket rw - fuse.s3fs s3fs rw
34 22 254:2 / /mnt/share rw - xfs /dev/vdb rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/x", "ext4"),
        ("/homes", "ext4"),
        ("/home/me", "nfs4"),
        ("/home/me/my disk/a", "tmpfs"),
        ("/mnt/share/a", "xfs"),
        ("/mnt/bucket", "fuse.s3fs"),
    ],
)
def test_the_mount_that_is_seen_counts(path: str, kind: str) -> None:
    """The longest mount point, the later of two on one place, blanks unescaped."""
    assert kind_of_mount(path, MOUNTS) == kind


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Mount a file system of a type that counts as remote here."""
    with mounted(tmp_path / "network", "50m") as there:
        if not there:
            pytest.skip("nothing can be mounted here")
        monkeypatch.setattr(folders, "REMOTE", folders.REMOTE | {"tmpfs"})
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "local"))
        yield tmp_path / "network"


def test_on_a_network_the_database_is_local(network: Path, tmp_path: Path, opened: Any) -> None:
    """Records and blobs are on the network, the database is not, and the store says where."""
    store = opened(network / "store")
    record = put(store, a_record(), {"x": bytes(2_000_000)})
    assert not list(network.rglob("cache.db*"))
    assert store.index_folder.is_relative_to(tmp_path / "local")
    assert list(store.index_folder.glob("cache.db"))
    assert len(list((network / "store" / "blobs").rglob("?" * 64))) == 1
    assert got(store, record)["x"] == bytes(2_000_000)


def test_another_machine_finds_what_was_stored(
    network: Path, tmp_path: Path, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine with an index of its own reads the files, and each sees what the other adds."""
    here = opened(network / "store")
    record = put(here, a_record(1), {"x": 1})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    there = opened(network / "store")
    assert there.index_folder != here.index_folder
    assert got(there, record) == {"x": 1}
    later = put(here, a_record(2), {"x": 2})
    assert got(there, later) == {"x": 2}
    back = put(there, a_record(1, variant=1), {"x": 3})
    assert {one.variant for one in there.find(back.key).found} == {record.variant, back.variant}


def test_a_local_store_is_in_one_place(tmp_path: Path, opened: Any) -> None:
    """Without a network everything is in the folder."""
    store = opened(tmp_path / "store")
    assert store.index_folder == store.folder


def test_a_cache_inside_a_cloned_repository_never_hits(
    tmp_path: Path, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else has signed is refused with that reason, and what one makes there is kept."""
    import shutil

    theirs = opened(tmp_path / "theirs" / "cache")
    record = put(theirs, a_record(), {"x": bytes(2_000_000), "small": 1})
    theirs.close()
    shutil.copytree(tmp_path / "theirs", tmp_path / "clone")
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(tmp_path / "mine"))
    mine = opened(tmp_path / "clone" / "cache")
    lookup = mine.find(record.key)
    assert lookup.found == ()
    assert "signed by somebody else" in lookup.refused[0]
    assert mine.history("train") == []
    own = put(mine, a_record(), {"x": 2})
    assert got(mine, own) == {"x": 2}


def test_a_clock_that_goes_backward_loses_nothing(folder: Path, opened: Any) -> None:
    """Records from the future are served, newest are first, and making room does not fail."""
    import time

    store = opened(folder)
    late = put(store, a_record(1, variant=1, created_at=time.time() + 10**6), {"x": 1})
    now = put(store, a_record(1, variant=2), {"x": 2})
    assert [one.variant for one in store.find(late.key).found] == [now.variant, late.variant]
    assert len(store.history("train")) == 2
    store._journal.touch(late.key)
    assert opened(folder).prune(0).keys == (late.key,)
