"""One key per user, made once, read by nobody else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zen_nb.store.signing import KEY_FILE, Signer, SigningUnavailable, open_signer

A_SIGNER = Signer(bytes(range(32)))


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_parts_cannot_be_shifted(one: list[bytes], other: list[bytes]) -> None:
    """Signatures agree exactly where the parts do, not where their concatenation does."""
    mac = A_SIGNER.mac(b"p", *one)
    assert A_SIGNER.agrees(mac, b"p", *other) == (one == other)
    assert not A_SIGNER.agrees(mac, b"q", *one)
    assert not Signer(bytes(32)).agrees(mac, b"p", *one)


def test_the_key_is_private_whatever_the_umask(tmp_path: Path) -> None:
    """The key has mode 0600 and its new folders 0700, also under umask 0."""
    before = os.umask(0)
    try:
        open_signer(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a" / "b" / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == [KEY_FILE]


@pytest.mark.slow
def test_processes_that_race_get_one_key(tmp_path: Path) -> None:
    """Whoever comes second uses the key of the first."""
    code = (
        "import sys; from pathlib import Path; from zen_nb.store.signing import open_signer;"
        "sys.stdin.readline(); print(open_signer(Path(sys.argv[1])).identity.hex())"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "k")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    assert len({racer.communicate()[0] for racer in racers}) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """The message has the command that mends it."""
    open_signer(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(SigningUnavailable, match="chmod 600"):
        open_signer(tmp_path)


def test_a_linked_or_cut_key_is_refused(tmp_path: Path) -> None:
    """Neither a symlink nor a file of another length counts as a key."""
    real = tmp_path / "real"
    real.write_bytes(bytes(32))
    real.chmod(0o600)
    (tmp_path / KEY_FILE).symlink_to(real)
    with pytest.raises(SigningUnavailable):
        open_signer(tmp_path)
    (tmp_path / KEY_FILE).unlink()
    (tmp_path / KEY_FILE).write_bytes(b"short")
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(SigningUnavailable, match="damaged"):
        open_signer(tmp_path)


def test_no_key_stands_in_the_cache(tmp_path: Path) -> None:
    """A key folder inside the cache folder is refused."""
    with pytest.raises(SigningUnavailable, match="cache folder"):
        open_signer(tmp_path / "cache" / "key", outside=tmp_path / "cache")
