r"""Who wrote these bytes: one secret key per user, kept outside cache and project.

Signature, version 1
--------------------
``MAC = BLAKE3-keyed(key, M)`` with 32 bytes of output, where ``M`` is the
concatenation of ``zen_nb mac 1\\0`` and, for each of ``purpose``, then every part
handed in, an unsigned 64-bit little-endian length followed by the bytes. For a
record the parts are its key, its variant and the whole body of the envelope, so
that no signed thing can be replayed as another one.

BLAKE3's keyed mode is a MAC by design (no HMAC construction around it is needed),
is several times faster than HMAC-SHA256 and is the hash that everything else here
already uses.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from hmac import compare_digest
from pathlib import Path
from struct import pack

from blake3 import blake3

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store.folder import make_private

KEY_BYTES = 32
MAC_BYTES = 32
IDENTITY_BYTES = 8
KEY_FILE = "signing.key"

_PREFIX = b"zen_nb mac 1\0"
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class SigningUnavailable(StoreUnavailable):
    """There is no key that only this user can read: nothing is stored, nothing is loaded."""


class Signer:
    """Makes and checks signatures with one user's key.

    Attributes
    ----------
    identity
        Eight public bytes that tell keys apart, so that a foreign record is named as
        foreign and not as damaged.
    """

    __slots__ = ("_key", "identity")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise SigningUnavailable(f"a signing key has {KEY_BYTES} bytes, this one {len(key)}")
        self._key = key
        self.identity = blake3(b"zen_nb key identity 1", key=key).digest(length=IDENTITY_BYTES)

    def mac(self, purpose: bytes, *parts: bytes | memoryview) -> bytes:
        """Return the signature of `parts` for `purpose`."""
        pieces: list[bytes | memoryview] = [_PREFIX, pack("<Q", len(purpose)), purpose]
        for part in parts:
            pieces.append(pack("<Q", len(part)))
            pieces.append(part)
        return blake3(b"".join(pieces), key=self._key).digest()

    def agrees(self, mac: bytes, purpose: bytes, *parts: bytes | memoryview) -> bool:
        """Tell whether `mac` is the signature of `parts`, in constant time."""
        return compare_digest(mac, self.mac(purpose, *parts))


def key_folder() -> Path:
    """Return where the key lives: ``ZEN_NB_KEY_DIR``, else the user's data folder."""
    chosen = os.environ.get("ZEN_NB_KEY_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_dir

    return Path(user_data_dir("zen_nb"))


def open_signer(folder: Path | None = None, *, outside: Path | None = None) -> Signer:
    """Return the signer of this user, making its key on first use; never within `outside`.

    Raises
    ------
    SigningUnavailable
        Where no key can be kept that only this user can read; says what to do.
    """
    folder = key_folder() if folder is None else folder
    path = folder / KEY_FILE
    if outside is not None and Path(os.path.realpath(folder)).is_relative_to(outside):
        raise SigningUnavailable(
            f"the signing key must not stand in the cache folder {outside}; change ZEN_NB_KEY_DIR"
        )
    try:
        make_private(folder)
        if not path.exists():
            _create(path)
        return Signer(_read(path))
    except OSError as error:
        why = error.strerror or error
        raise SigningUnavailable(
            f"no signing key at {path}: {why}; set ZEN_NB_KEY_DIR to a folder of your own"
        ) from None


def _create(path: Path) -> None:
    """Make the key appear whole, with mode 0600; whoever comes second uses the first's key."""
    draft = path.with_name(f".{KEY_FILE}.{os.getpid()}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    try:
        try:
            os.fchmod(handle, 0o600)
            os.write(handle, secrets.token_bytes(KEY_BYTES))
            os.fsync(handle)
        finally:
            os.close(handle)
        _appear(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _appear(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # A file system without hard links: the name is claimed first, so that two processes
        # still cannot both win; a reader waits for the bytes.
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
        except FileExistsError:
            return
        try:
            os.write(handle, draft.read_bytes())
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(path: Path) -> bytes:
    for _ in range(100):
        handle = os.open(path, os.O_RDONLY | _NO_FOLLOW)
        try:
            _require_private(path, os.fstat(handle))
            key = os.read(handle, KEY_BYTES + 1)
        finally:
            os.close(handle)
        if len(key) == KEY_BYTES:
            return key
        if key:
            break
        time.sleep(0.01)
    raise SigningUnavailable(
        f"the signing key {path} is damaged; remove it (results stored so far will run again)"
    )


def _require_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SigningUnavailable(f"the signing key {path} is not a plain file; remove it")
    if status.st_uid != os.geteuid():
        raise SigningUnavailable(
            f"the signing key {path} belongs to another user; "
            "set ZEN_NB_KEY_DIR to a folder of your own"
        )
    if status.st_mode & 0o077:
        raise SigningUnavailable(
            f"others can read the signing key {path}; "
            f"remove it, or trust it again with: chmod 600 '{path}'"
        )
