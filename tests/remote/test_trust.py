"""Whose results are used is the user's word alone, and stands where nobody else can write."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from zen_nb.core.errors import StoreUnavailable, UsageError
from zen_nb.faces import cli
from zen_nb.store.sharing import without_secrets
from zen_nb.store.signing import SigningUnavailable
from zen_nb.store.trust import (
    KEY_FILE,
    TRUSTED,
    PublicKey,
    Trusted,
    Untrusted,
    Writable,
    id_of,
    new_key,
    open_key,
    read_public,
)

PUBLIC = "ed25519:" + "ab" * 32


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "keys"
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(found))
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_the_users_alone_whatever_the_umask(folder: Path) -> None:
    """Folders have mode 0700 and files 0600."""
    before = os.umask(0)
    try:
        new_key()
        Trusted().add("ci", read_public(PUBLIC))
        Writable().add("s3://some/where")
    finally:
        os.umask(before)
    assert mode(folder) == mode(folder / TRUSTED) == 0o700
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert {mode(path) for path in files} == {0o600}


def test_a_key_signs_as_itself_after_it_was_opened_again(tmp_path: Path, folder: Path) -> None:
    """The private key is kept; its signature is one that its public part confirms."""
    public = new_key().public
    key = open_key(outside=tmp_path / "cache")
    assert key is not None
    assert key.public == public
    trusted = Trusted(tmp_path / "other")
    trusted.add("me", public)
    assert trusted.verify(key.id, key.sign(b"x", b"1", b"2"), b"x", b"1", b"2").name == "me"
    for purpose, *parts in ((b"y", b"1", b"2"), (b"x", b"12", b""), (b"x", b"1")):
        with pytest.raises(Untrusted):
            trusted.verify(key.id, key.sign(b"x", b"1", b"2"), purpose, *parts)


def test_there_is_one_key(folder: Path) -> None:
    """A second one is not made over the first, which others trust."""
    new_key()
    before = (folder / KEY_FILE).read_text()
    with pytest.raises(UsageError, match="there is a key already"):
        new_key()
    assert (folder / KEY_FILE).read_text() == before


def test_a_key_that_others_can_read_signs_nothing(tmp_path: Path, folder: Path) -> None:
    """Nor one in the cache folder, a link, or a damaged one; each says what to do."""
    new_key()
    path = folder / KEY_FILE
    path.chmod(0o640)
    with pytest.raises(SigningUnavailable, match="chmod 600"):
        open_key(outside=tmp_path / "cache")
    path.chmod(0o600)
    with pytest.raises(SigningUnavailable, match="must not stand in the cache folder"):
        open_key(outside=tmp_path)
    path.write_text("zen_nb ed25519 private 00")
    with pytest.raises(SigningUnavailable, match="damaged"):
        open_key(outside=tmp_path / "cache")
    kept = tmp_path / "elsewhere"
    path.rename(kept)
    path.symlink_to(kept)
    with pytest.raises(SigningUnavailable):
        open_key(outside=tmp_path / "cache")


def test_a_name_stands_for_one_key() -> None:
    """Trust is by key; a name that is taken, or none, is an error."""
    trusted = Trusted()
    trusted.add("ci", read_public(PUBLIC))
    assert trusted.add("ci", read_public(PUBLIC)).name == "ci"
    with pytest.raises(UsageError, match="another key already"):
        trusted.add("ci", bytes(32))
    for name in ("", "you", "a/b", "x" * 99, "<script>"):
        with pytest.raises(UsageError, match="no name for a key"):
            trusted.add(name, bytes(32))
    for text in ("", "ed25519:", PUBLIC[:-1], PUBLIC.upper(), "ssh-ed25519 AAAA"):
        with pytest.raises(UsageError, match="no public key"):
            read_public(text)
    assert [one.name for one in trusted] == ["ci"]
    assert [one.name for one in trusted.remove("ci")] == ["ci"]
    assert list(trusted) == []


@pytest.mark.parametrize("harm", ["writable by others", "another name", "link", "nonsense"])
def test_a_file_that_others_may_have_written_adds_no_trust(
    folder: Path, tmp_path: Path, harm: str
) -> None:
    """Only what the user's own command has put there counts."""
    trusted = Trusted()
    trusted.add("ci", read_public(PUBLIC))
    path = folder / TRUSTED / id_of(read_public(PUBLIC))
    assert trusted.find(path.name) is not None
    if harm == "writable by others":
        path.chmod(0o620)
    elif harm == "another name":
        other = path.with_name("0" * 32)
        path.rename(other)
        path = other
    elif harm == "link":
        path.rename(tmp_path / "moved")
        path.symlink_to(tmp_path / "moved")
    else:
        path.write_text("[]")
    assert trusted.find(path.name) is None
    assert list(trusted) == []


def test_what_is_not_an_identity_is_looked_for_nowhere(folder: Path) -> None:
    """The name of a key in somebody's object leads to no path."""
    (folder / "sub").mkdir(parents=True)
    for name in ("../x", "", "sub", "A" * 32, "0" * 31):
        assert Trusted().find(name) is None


def test_without_cryptography_nothing_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature that cannot be checked is not good; one line says what to install."""
    import sys

    key = new_key()
    trusted = Trusted(mine=key)
    signature = key.sign(b"x")
    trusted.verify(key.id, signature, b"x")
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'zen_nb\[remote\]'"):
        trusted.verify(key.id, signature, b"x")


def test_keys_on_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`new` prints what others have to type; they can then list and distrust it."""
    assert cli.main(["keys", "list"]) == 0
    assert "zen-nb keys new" in capsys.readouterr().out
    assert cli.main(["keys", "new"]) == 0
    told = capsys.readouterr().out
    line = next(line for line in told.splitlines() if "keys trust" in line)
    public = line.split()[-1]
    assert PublicKey("", read_public(public)).text == public
    assert cli.main(["keys", "trust", "ci", PUBLIC]) == 0
    assert cli.main(["keys", "list"]) == 0
    shown = capsys.readouterr().out
    assert public in shown
    assert PUBLIC in shown
    assert cli.main(["keys", "distrust", "ci"]) == 0
    assert cli.main(["keys", "distrust", "ci"]) == 2
    assert cli.main(["keys", "trust", "ci", "nonsense"]) == 2
    assert cli.main(["keys", "new"]) == 2
    assert "there is a key already" in capsys.readouterr().err
    private = (folder / KEY_FILE).read_text().split()[-1]
    assert private not in told + shown


def test_a_password_in_a_url_is_not_shown() -> None:
    """What stands before the host is left out of every message."""
    assert without_secrets("ftp://me:secret@host/path") == "ftp://…@host/path"
    assert without_secrets("s3://bucket/a@b") == "s3://bucket/a@b"
