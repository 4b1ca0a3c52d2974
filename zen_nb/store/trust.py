r"""Whose results are believed: public keys that the user has named, and a private one to sign with.

All of it stands in the user's key folder, outside of cache and project, where only the user can
write: nothing that a project or a store says adds to it.

``sharing.key`` (mode 0600) is one line, ``zen_nb ed25519 private <64 hex>``. ``trusted/<id>`` is
JSON with ``name``, ``public`` and ``added_at``; its name is the identity of the key, the first 16
bytes of the BLAKE3 digest of ``zen_nb sharing key 1\0`` and the public key.

A signature is Ed25519 over ``zen_nb signature 1\0`` and, for the purpose and every part handed in,
an unsigned 64-bit little-endian length followed by the bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import pack
from typing import Any

from blake3 import blake3

from zen_nb.core.errors import StoreUnavailable, UsageError
from zen_nb.store.drafts import NO_FOLLOW
from zen_nb.store.folder import make_private
from zen_nb.store.signing import SigningUnavailable, key_folder

ID_BYTES = 16
SIGNATURE_BYTES = 64
KEY_FILE = "sharing.key"
TRUSTED = "trusted"
WRITABLE = "writable"
MINE = "you"
# In a record's writer: who computed it, where that was elsewhere.
SHARED = "shared"
INSTALL = "pip install 'zen_nb[remote]'"

_PREFIX = b"zen_nb signature 1\0"
_PRIVATE = re.compile(r"zen_nb ed25519 private ([0-9a-f]{64})\s*")
_PUBLIC = re.compile(r"ed25519:([0-9a-f]{64})")
_CAP_BYTES = 4096


class Untrusted(Exception):
    """A signature that is not believed; its only argument says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key whose signatures are believed, by the name that the user gave it."""

    name: str
    public: bytes
    added_at: float = 0.0

    @property
    def id(self) -> str:
        return id_of(self.public)

    @property
    def text(self) -> str:
        """As it is handed to others."""
        return f"ed25519:{self.public.hex()}"


@dataclass(frozen=True, slots=True)
class SharingKey:
    """The private key that signs what is shared."""

    _private: Any
    public: bytes

    @property
    def id(self) -> str:
        return id_of(self.public)

    def sign(self, purpose: bytes, *parts: bytes | memoryview) -> bytes:
        """Return the signature of `parts` for `purpose`."""
        signature: bytes = self._private.sign(_message(purpose, *parts))
        return signature


def id_of(public: bytes) -> str:
    """Return the identity of a public key: 32 hexadecimal characters."""
    return blake3(b"zen_nb sharing key 1\0" + public).digest(length=ID_BYTES).hex()


def read_public(text: str) -> bytes:
    """Return the public key that a text holds; raises `UsageError`."""
    match = _PUBLIC.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text[:80]!r} is no public key; one begins with ed25519: (zen-nb keys)")
    return bytes.fromhex(match[1])


def new_key(folder: Path | None = None) -> SharingKey:
    """Make a private key for this user, where there is none, and return it.

    Raises
    ------
    UsageError
        Where there is one already: what it signed would not be believed any more.
    """
    ed25519 = _ed25519()
    path = (folder or key_folder()) / KEY_FILE
    private = ed25519.Ed25519PrivateKey.generate()
    line = f"zen_nb ed25519 private {private.private_bytes_raw().hex()}\n"
    try:
        make_private(path.parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)
    except FileExistsError:
        raise UsageError(f"there is a key already: {path}; remove it to make another") from None
    except OSError as error:
        raise StoreUnavailable(f"cannot write {path}: {error.strerror or error}") from None
    with open(handle, "w", encoding="ascii") as file:
        os.fchmod(handle, 0o600)
        file.write(line)
    return SharingKey(private, private.public_key().public_bytes_raw())


def open_key(outside: Path, folder: Path | None = None) -> SharingKey | None:
    """Return this user's private key, or ``None`` where there is none; never within `outside`.

    Raises
    ------
    SigningUnavailable
        Where others can read it, or it is damaged; says what to do.
    """
    path = (folder or key_folder()) / KEY_FILE
    if Path(os.path.realpath(path.parent)).is_relative_to(outside):
        raise SigningUnavailable(f"the key {path} must not stand in the cache folder {outside}")
    content = _own_file(path, 0o077)
    if content is None:
        return None
    match = _PRIVATE.fullmatch(content)
    if match is None:
        raise SigningUnavailable(f"the key {path} is damaged; remove it and run: zen-nb keys new")
    private = _ed25519().Ed25519PrivateKey.from_private_bytes(bytes.fromhex(match[1]))
    return SharingKey(private, private.public_key().public_bytes_raw())


def mine(folder: Path | None = None) -> PublicKey | None:
    """Return the public part of this user's own key, or ``None`` where there is none."""
    key = open_key(Path(os.devnull), folder)
    return None if key is None else PublicKey(MINE, key.public)


class Trusted:
    """The keys that this user believes; read each time, so that a change counts at once.

    Parameters
    ----------
    mine
        The user's own key, which is believed as well.
    """

    def __init__(self, folder: Path | None = None, mine: SharingKey | None = None) -> None:
        self._folder = folder or key_folder()
        self._mine = None if mine is None else PublicKey(MINE, mine.public)

    def __iter__(self) -> Iterator[PublicKey]:
        try:
            names = sorted(os.listdir(self._folder / TRUSTED))
        except OSError:
            return
        for name in names:
            found = self._read(name)
            if found is not None:
                yield found

    def find(self, key_id: str) -> PublicKey | None:
        """Return the key with this identity, where it is trusted."""
        if self._mine is not None and self._mine.id == key_id:
            return self._mine
        return self._read(key_id)

    def add(self, name: str, public: bytes) -> PublicKey:
        """Believe what `public` signs, from now on, under `name`; raises `UsageError`."""
        if not re.fullmatch(r"[\w.@+ -]{1,80}", name) or name == MINE:
            raise UsageError(f"{name!r} is no name for a key; write a word, such as ci")
        if any(one.name == name and one.public != public for one in self):
            raise UsageError(
                f"{name} is another key already; choose a name, or: zen-nb keys distrust {name}"
            )
        key = PublicKey(name, public, time.time())
        said = {"name": name, "public": public.hex(), "added_at": key.added_at}
        path = self._folder / TRUSTED / key.id
        draft = path.with_name(f".{key.id}.{os.getpid()}")
        try:
            make_private(path.parent)
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)
            with open(handle, "w", encoding="ascii") as file:
                os.fchmod(handle, 0o600)
                json.dump(said, file)
            draft.rename(path)
        except OSError as error:
            raise StoreUnavailable(f"cannot write {path}: {error.strerror or error}") from None
        return key

    def remove(self, name: str) -> list[PublicKey]:
        """Believe the keys of this name, or identity, no longer; return them."""
        gone = [one for one in self if name in (one.name, one.id, one.text)]
        for one in gone:
            (self._folder / TRUSTED / one.id).unlink(missing_ok=True)
        return gone

    def verify(
        self, key_id: str, signature: bytes, purpose: bytes, *parts: bytes | memoryview
    ) -> PublicKey:
        """Return who signed `parts`; raises `Untrusted` where nobody who is trusted did."""
        key = self.find(key_id)
        if key is None:
            raise Untrusted(unknown(key_id))
        ed25519 = _ed25519()
        try:
            public = ed25519.Ed25519PublicKey.from_public_bytes(key.public)
            public.verify(signature, _message(purpose, *parts))
        except Exception:
            raise Untrusted(f"its signature by {key.name} is not good") from None
        return key

    def _read(self, name: str) -> PublicKey | None:
        if len(name) != 2 * ID_BYTES or name.strip("0123456789abcdef"):
            return None
        try:
            content = _own_file(self._folder / TRUSTED / name, 0o022)
            said = json.loads(content or "")
            key = PublicKey(str(said["name"]), bytes.fromhex(said["public"]), said["added_at"])
        except (StoreUnavailable, ValueError, TypeError, KeyError):
            return None
        return key if key.id == name else None


def unknown(key_id: str) -> str:
    """Return what is said of something that a key signed which nobody has named."""
    return (
        f"it was signed by key {key_id[:12]}…, which you do not trust; "
        "where you know whose it is: zen-nb keys trust NAME PUBLIC"
    )


class Writable:
    """The stores that this user lets projects write to: a line each in a file beside the keys."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder or key_folder()) / WRITABLE

    def all(self) -> list[str]:
        """Return their URLs."""
        with contextlib.suppress(StoreUnavailable):
            return (_own_file(self._path, 0o022) or "").splitlines()
        return []

    def add(self, url: str) -> None:
        """Let projects write to `url` from now on."""
        url = url.rstrip("/")
        if url in self.all():
            return
        try:
            make_private(self._path.parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_FOLLOW
            with open(os.open(self._path, flags, 0o600), "a", encoding="utf-8") as file:
                file.write(f"{url}\n")
        except OSError as error:
            raise StoreUnavailable(f"cannot write {self._path}: {error.strerror}") from None


def _message(purpose: bytes, *parts: bytes | memoryview) -> bytes:
    pieces: list[bytes | memoryview] = [_PREFIX]
    for part in (purpose, *parts):
        pieces.append(pack("<Q", len(part)))
        pieces.append(part)
    return b"".join(pieces)


def _own_file(path: Path, forbidden: int) -> str | None:
    """Return what a file holds that nobody else can have written; ``None`` where there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | NO_FOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SigningUnavailable(f"cannot read {path}: {error.strerror}") from None
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise SigningUnavailable(f"{path} is not a file of your own; remove it")
        if status.st_mode & forbidden:
            raise SigningUnavailable(f"others have access to {path}; mend it: chmod 600 '{path}'")
        return file.read(_CAP_BYTES).decode("utf-8", "replace")


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise StoreUnavailable(f"signatures need cryptography: {INSTALL}") from None
    return ed25519
