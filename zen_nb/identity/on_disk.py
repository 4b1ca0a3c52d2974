"""Objects that read a file whenever they are asked: by what the file holds.

The archive that ``np.load`` opens and the data sets of Arrow hold no data themselves.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.threads import hashing_threads
from zen_nb.identity.encoding import number, text
from zen_nb.identity.problems import said_by, type_name

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler

_PIECE_BYTES = 1 << 22
_ELSEWHERE = "its files are not on this machine"


def _archive(encoder: Encoder, value: Any) -> None:
    """Write the bytes of the file that the archive reads from, as it was when it was opened."""
    if encoder.again(value):
        return
    encoder.out += b"W" + text("archive") + encoder.token(type(value))
    encoder.encode((value.zip is None, getattr(value, "allow_pickle", None)))
    if value.zip is not None:
        encoder.out += _digest_of(value, value.zip.fp)


def _digest_of(value: Any, file: Any) -> bytes:
    digest = blake3(max_threads=hashing_threads(_PIECE_BYTES))
    try:
        at = file.tell()
        file.seek(0)
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
        file.seek(at)
    except (OSError, ValueError, AttributeError) as error:
        raise NoFingerprint(type_name(type(value)), f"cannot be read ({said_by(error)})") from None
    return digest.digest()


def _data_set(encoder: Encoder, value: Any) -> None:
    """Write schema and format of a data set, and the content of each of its files in order."""
    if encoder.again(value):
        return
    encoder.out += b"W" + text("data set") + encoder.token(type(value))
    encoder.encode(value.schema)
    if hasattr(value, "children"):
        encoder.sequence(list(value.children))
    elif not hasattr(value, "files"):
        encoder.encode(value.to_table())
    else:
        _files(encoder, value)


def _files(encoder: Encoder, value: Any) -> None:
    if type(value.filesystem) is not sys.modules["pyarrow.fs"].LocalFileSystem:
        raise NoFingerprint(type_name(type(value)), _ELSEWHERE)
    encoder.encode((value.format.default_extname, str(value.partition_expression)))
    fragments = [*value.get_fragments()]
    encoder.out += number(len(fragments))
    for one in fragments:
        encoder.encode((one.path, str(one.partition_expression)))
        try:
            with open(one.path, "rb") as file:  # noqa: PTH123 - as Arrow spells it
                encoder.out += _digest_of(value, file)
        except OSError as error:
            why = f"cannot be read ({said_by(error)})"
            raise NoFingerprint(type_name(type(value)), why) from None


HANDLERS: dict[str, Handler] = {"numpy:NpzFile": _archive, "pyarrow:Dataset": _data_set}
