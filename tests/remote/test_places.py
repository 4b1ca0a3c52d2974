"""What every place must do, whatever the URL: the same questions to each kind."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.remote.proxy import Proxy
from tests.remote.s3 import SETTINGS, Bucket
from zen_nb.store.remote import RANGE_BYTES, Breaker, NotThere, Remote, RemoteUnavailable

KEY, OTHER = "ab" * 32, "ac" * 32
NAME = f"{'0' * 32}-{'1' * 64}"
DIGEST = "cd" * 32


@pytest.fixture(params=["file", "memory", "s3"])
def open_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Remote]:
    """Open the place anew, as another machine would."""
    if request.param == "file":
        (tmp_path / "disk").mkdir()
        url = f"file://{tmp_path / 'disk'}"
    elif request.param == "memory":
        url = f"memory://{secrets.token_hex(4)}/store"
    else:
        bucket: Bucket = request.getfixturevalue("bucket")
        proxy: Proxy = request.getfixturevalue("proxy")
        patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
        url = f"s3://{bucket.name}/some/store"
    return lambda: Remote(url, 10.0)


def blob_of(place: Remote, size: int, digest: str = DIGEST) -> bytes:
    content = bytearray(size)
    for offset, piece in place.read_blob(digest, size):
        content[offset : offset + len(piece)] = piece
    return bytes(content)


def test_what_is_not_there(open_place: Any) -> None:
    """An empty place has no parcels and no blobs, and is no failure."""
    place = open_place()
    assert place.names(KEY) == []
    assert place.blob_size(DIGEST) is None
    with pytest.raises(NotThere):
        list(place.read_blob(DIGEST, 10))


def test_parcels_of_a_key(open_place: Any) -> None:
    """What was put under a key is listed and read by others, and under no other key."""
    place = open_place()
    names = [f"{'0' * 32}-{number:064x}" for number in range(3)]
    for number, name in enumerate(names):
        place.put_parcel(KEY, name, b"x" * (number + 1))
    other = open_place()
    listed = other.names(KEY)
    assert sorted((one.name, one.size_bytes) for one in listed) == list(
        zip(names, (1, 2, 3), strict=True)
    )
    assert all(one.at > 0 for one in listed)
    assert sorted(filter(None, other.read(KEY, listed))) == [b"x", b"xx", b"xxx"]
    assert other.names(OTHER) == []
    # As names go, the one is a part of the other.
    assert other.names(KEY[:-1]) == []


def test_what_is_listed_is_not_remembered(open_place: Any) -> None:
    """What another machine has put there since is seen."""
    place, other = open_place(), open_place()
    assert place.names(KEY) == []
    other.put_parcel(KEY, NAME, b"x")
    assert [one.name for one in place.names(KEY)] == [NAME]


@pytest.mark.parametrize("size", [1, RANGE_BYTES, 2 * RANGE_BYTES + 12_345])
def test_blobs(open_place: Any, tmp_path: Path, size: int) -> None:
    """A file of any size comes back as it was, in ranges."""
    content = secrets.token_bytes(size)
    path = tmp_path / "content"
    path.write_bytes(content)
    open_place().put_blob(DIGEST, str(path), size)
    other = open_place()
    assert other.blob_size(DIGEST) == size
    assert blob_of(other, size) == content
    with pytest.raises(NotThere, match="cut"):
        blob_of(other, size + 1)


def test_what_is_put_again_is_whole(open_place: Any, tmp_path: Path) -> None:
    """What turned out to be damaged is replaced by what is right."""
    place = open_place()
    path = tmp_path / "content"
    for content in (b"damaged", b"right"):
        path.write_bytes(content)
        place.put_blob(DIGEST, str(path), len(content))
    assert blob_of(open_place(), 5) == b"right"


def test_nothing_is_left_beside(open_place: Any, tmp_path: Path) -> None:
    """On a disk, drafts become what they are for, or go."""
    place = open_place()
    place.put_parcel(KEY, NAME, b"x")
    with pytest.raises(RemoteUnavailable):
        place.put_blob(DIGEST, str(tmp_path / "nothing"), 1)
    files = [path.name for path in (tmp_path / "disk").rglob("*") if path.is_file()]
    assert files in ([], [NAME])
    assert place.blob_size(DIGEST) is None


def test_a_disk_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    """A folder that nobody has made is most likely a disk that is not mounted."""
    place = Remote(f"file://{tmp_path / 'absent'}", 5.0)
    with pytest.raises(RemoteUnavailable, match="no such folder"):
        place.names(KEY)
    with pytest.raises(RemoteUnavailable, match="no such folder"):
        place.put_parcel(KEY, NAME, b"x")
    assert not (tmp_path / "absent").exists()


def test_a_url_of_no_known_kind_is_a_failure() -> None:
    """It says so in one line, with what to install."""
    with pytest.raises(RemoteUnavailable, match="pip install"):
        Remote("nonsense://x/y", 5.0).names(KEY)


def test_a_failure_is_remembered_for_a_while() -> None:
    """A place that failed is let alone, and asked again after a pause; the first reason stays."""
    asked: list[str] = []

    def ask(breaker: Breaker, why: str) -> None:
        with breaker.guard():
            asked.append(why)
            raise RemoteUnavailable(why)

    for pause, wanted in ((60.0, ["first"]), (0.0, ["first", "second"])):
        breaker = Breaker(pause)
        asked.clear()
        for why in ("first", "second"):
            with pytest.raises(RemoteUnavailable, match=wanted[-1] if why == "second" else why):
                ask(breaker, why)
        assert asked == wanted
        assert breaker.trouble == "first"


def test_a_place_that_goes_on_failing_is_asked_less_and_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After each failure the pause is twice as long, an hour at most; one success ends that."""
    now = [1000.0]
    monkeypatch.setattr("zen_nb.store.remote.time.monotonic", lambda: now[0])
    breaker = Breaker(60.0)

    def pause() -> float:
        began = now[0]
        with pytest.raises(RemoteUnavailable, match="off"), breaker.guard():
            raise RemoteUnavailable("off")
        while breaker.is_open:
            now[0] += 1.0
        return now[0] - began

    assert [pause() for _ in range(8)] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    with breaker.guard():
        pass
    assert pause() == 60


def test_what_is_not_there_is_no_failure() -> None:
    """A blob that is missing says nothing of the place."""
    breaker = Breaker()
    with pytest.raises(NotThere), breaker.guard():
        raise NotThere("it is missing there")
    assert not breaker.is_open
    assert breaker.trouble == ""
