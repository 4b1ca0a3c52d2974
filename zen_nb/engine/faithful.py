"""Whether outputs come back from the store as they are: tried out where it is doubtful.

It is for classes of packages that write and read their own pickles, unless they are known to
do so faithfully, and for classes that answer for attributes they do not have, which are asked
before their instances hold any. Where loading would run what the user wrote to be run, nothing
is tried.
"""

from __future__ import annotations

import contextlib
import copyreg
import io
from collections.abc import Collection, Mapping
from typing import Any

from zen_nb.core.errors import NotStorable, StoreUnavailable
from zen_nb.core.model import Fingerprint, Record
from zen_nb.engine.inplace import print_of
from zen_nb.identity.origin import module_origin
from zen_nb.store.serialize import Payload, dump, load

TRIED_UP_TO_BYTES = 256 << 10
_FAITHFUL = frozenset(
    {"numpy", "pandas", "scipy", "sklearn", "matplotlib", "polars", "pyarrow", "PIL", "torch"}
)
_MAKING = ("__reduce__", "__reduce_ex__", "__setstate__", "__new__", "__getnewargs__")
_WAYS = (*_MAKING, "__getstate__", "__getattr__", "__getnewargs_ex__")


def unlike(
    values: Mapping[str, Any],
    payload: Payload,
    record: Record,
    *,
    namespace: dict[str, Any] | None,
    absent: Collection[str],
) -> dict[str, Fingerprint]:
    """Return the fingerprints that outputs will come back with, where they are other ones.

    Raises
    ------
    NotStorable
        Where one would not come back at all.
    """
    found: dict[str, Fingerprint] = {}
    prints = {part.name: part.fingerprint for part in record.artifacts}
    if payload.size_bytes > TRIED_UP_TO_BYTES or not any(map(_is_doubtful, payload.kinds)):
        return found
    for name, value in values.items():
        alone = dump({name: value}, namespace=namespace, absent=absent)
        doubtful = sorted(one.__qualname__ for one in alone.kinds if _is_doubtful(one))
        if doubtful and not any(map(_runs_what_the_user_wrote, alone.kinds)):
            back = _loaded(alone, namespace, name, doubtful[0])
            digest = print_of(back) if prints.get(name) else None
            if digest is not None and digest != prints[name]:
                found[name] = digest
    return found


def _loaded(alone: Payload, namespace: dict[str, Any] | None, name: str, kind: str) -> Any:
    buffers = [bytearray(buffer) for buffer in alone.buffers]
    silent = io.StringIO()
    try:
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            return load(alone.stream, buffers, namespace=namespace)[name]
    except StoreUnavailable as error:
        raise NotStorable(name, kind, f"once stored it {error}") from None


def _is_doubtful(kind: type) -> bool:
    module = str(kind.__module__)
    origin = module_origin(module)
    if origin == "project":
        return _has(kind, ("__getattr__",)) and not _has(kind, _MAKING)
    if origin != "package" or module.partition(".")[0] in _FAITHFUL:
        return False
    return kind in copyreg.dispatch_table or _has(kind, _WAYS)


def _runs_what_the_user_wrote(kind: type) -> bool:
    return module_origin(str(kind.__module__)) == "project" and _has(kind, _MAKING)


def _has(kind: type, names: Collection[str]) -> bool:
    """Tell whether a class defines one of these methods anew."""
    return any(name in vars(parent) for parent in kind.__mro__[:-1] for name in names)
