"""PIL: pictures by mode, size, palette, what is noted about them, and pixels.

A picture that was opened and not read yet is read from a copy of its file: the picture itself
stays as it is. A file of several pictures is an open file and has no fingerprint.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.encoding import text
from zen_nb.identity.problems import type_name

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler

_SEVERAL = "its file holds several pictures and is open; copy() the one that is meant"
_UNREAD = "it is not read yet and cannot be read beside itself; load() it first"


def _picture(encoder: Encoder, value: Any) -> None:
    if encoder.again(value):
        return
    shown = _read(value)
    encoder.out += b"x" + text("picture") + encoder.token(type(value))
    encoder.encode((shown.mode, shown.size, value.format))
    encoder.encode(getattr(value, "filename", None))
    encoder.part("info", shown.info)
    encoder.encode(_palette(shown))
    encoder.encode(shown.tobytes())


def _read(value: Any) -> Any:
    """Return the picture itself where its pixels are in memory, else a copy that was read."""
    unread = getattr(value, "fp", None) is not None
    copy = _reopened(value, value.fp if unread else getattr(value, "_fp", None))
    if copy is None and not unread:
        return value
    if getattr(copy, "n_frames", 1) > 1:
        raise NoFingerprint(type_name(type(value)), _SEVERAL)
    if not unread:
        return value
    if copy is None or (copy.mode, copy.size) != (value.mode, value.size):
        raise NoFingerprint(type_name(type(value)), _UNREAD)
    copy.load()
    return copy


def _reopened(value: Any, file: Any) -> Any:
    """Return the picture opened again from what its file holds; ``None`` where it is closed."""
    try:
        at = file.tell()
        file.seek(0)
        raw = file.read()
        file.seek(at)
        return sys.modules["PIL.Image"].open(io.BytesIO(raw))
    except Exception:
        return None


def _palette(picture: Any) -> object:
    if picture.mode not in ("P", "PA"):
        return None
    return bytes(picture.getpalette("RGBA") or ()), picture.im.getpalettemode()


HANDLERS: dict[str, Handler] = {"PIL:Image": _picture}
