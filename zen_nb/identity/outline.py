"""Which parts a container or an object has, at which path, and a digest of each.

A part is shown where it is a small scalar, or a short list of them, and neither the path
to it nor its form speaks of a secret.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from blake3 import blake3

from zen_nb.core.model import JSON
from zen_nb.identity import sample
from zen_nb.identity.secrets import has_secret_form, names_a_secret
from zen_nb.identity.summary import LONGEST, shown_value, summarise

MOST = 256
DEEPEST = 3
_KEY_CHARACTERS = 40
_WHOLE = 1000
_DICTS = (dict, MappingProxyType)


def outlined(name: str, value: object, limit_bytes: int) -> dict[str, JSON]:
    """Return the parts of a dict, estimator or instance by path; empty where it has none."""
    inside = _inside(value)
    if inside is None:
        return {}
    found: dict[str, JSON] = {"kind": "items", "of": _of(value), "size": len(inside)}
    return found | _within(_walk(name, inside, ()), limit_bytes)


def listed(name: str, value: Iterable[Any], limit_bytes: int) -> dict[str, JSON]:
    """Return the items of a short list, tuple or set in order, those of a set sorted."""
    items = [_leaf(name, item) for item in value]
    if isinstance(value, (set, frozenset)):
        items.sort(key=repr)
    kept = _within(((str(place), item) for place, item in enumerate(items)), limit_bytes)
    entries = kept["entries"]
    assert isinstance(entries, dict)
    return {"of": type(value).__name__, "size": len(items), "entries": list(entries.values())}


def _within(entries: Iterable[tuple[str, list[JSON]]], limit_bytes: int) -> dict[str, JSON]:
    """Keep as many entries as fit, and say how many were left out."""
    kept: dict[str, JSON] = {}
    more = 0
    for path, entry in entries:
        limit_bytes -= len(path) + sum(len(str(part)) for part in entry) + 10
        if limit_bytes < 0 or len(kept) >= MOST:
            more += 1
            if more >= MOST:
                break
            continue
        kept[path] = entry
    return {"entries": kept, "more": more}


def _of(value: object) -> str:
    return "dict" if isinstance(value, _DICTS) else type(value).__name__


def _inside(value: object) -> dict[Any, Any] | MappingProxyType[Any, Any] | None:
    """Return what lies in a value by name; parameters and fitted state of an estimator."""
    kind = type(value)
    if isinstance(value, _DICTS):
        return value
    # What ``os.environ`` holds is never shown; functions and classes are code.
    if issubclass(kind, type) or hasattr(kind, "__get__") or kind.__module__ == "os":
        return None
    if hasattr(kind, "get_params"):
        fitted = {name: part for name, part in vars(value).items() if name.endswith("_")}
        return {
            **value.get_params(deep=True),  # type: ignore[attr-defined]
            **fitted,
        }
    slots = [name for base in kind.__mro__ for name in _slots(base) if hasattr(value, name)]
    return {name: getattr(value, name) for name in slots} | getattr(value, "__dict__", {}) or None


def _slots(kind: type) -> tuple[str, ...]:
    named = kind.__dict__.get("__slots__", ())
    found = (named,) if isinstance(named, str) else tuple(named)
    return tuple(name for name in found if not name.startswith("__"))


def _walk(
    name: str, inside: Mapping[Any, Any], above: tuple[str, ...]
) -> Iterator[tuple[str, list[JSON]]]:
    for key, part in inside.items():
        path = (*above, _key(key))
        deeper = part if isinstance(part, _DICTS) else None
        if deeper and len(path) < DEEPEST:
            yield from _walk(name, deeper, path)
        else:
            yield ".".join(path), _leaf(" ".join((name, *path)), part)


def _key(key: object) -> str:
    text = key if isinstance(key, str) else repr(key)
    if has_secret_form(text) or not isinstance(key, (str, int, float, bool, tuple, type(None))):
        return f"…{blake3(sample.element(text)).hexdigest(length=2)}"
    return text if len(text) <= _KEY_CHARACTERS else text[: _KEY_CHARACTERS - 1] + "…"


def _leaf(name: str, value: object) -> list[JSON]:
    """Return what is shown of a part (``None`` where nothing may be) and its digest."""
    return [_shown(name, value), blake3(_content(value)).hexdigest(length=4)]


def _shown(name: str, value: object) -> str | None:
    if isinstance(value, (str, bytes)) and len(value) > LONGEST:
        return None
    short = shown_value(name, value)
    if short is not None or names_a_secret(name):
        return short
    if type(value) in (list, tuple) and len(value) <= LONGEST // 3:  # type: ignore[arg-type]
        items = [shown_value(name, item) for item in value]  # type: ignore[attr-defined]
        line = ", ".join(item for item in items if item is not None)
        if None not in items and len(line) <= LONGEST - 2:
            return f"[{line}]" if type(value) is list else f"({line})"
    if isinstance(value, (str, bytes)):
        return None
    return " ".join(filter(None, summarise(value, name))) or None


def _content(value: Any) -> bytes:
    """Return bytes that tell a part from others as far as that costs little."""
    with contextlib.suppress(TypeError):
        return sample.element(value)
    if isinstance(value, (list, tuple)) and len(value) <= _WHOLE:
        return b"".join(map(_item, value))
    from zen_nb.identity.profile import of_data

    told = of_data(value) or summarise(value)
    return repr(told).encode("utf-8", "surrogatepass")


def _item(value: Any) -> bytes:
    try:
        return sample.element(value)
    except TypeError:
        return type(value).__qualname__.encode("utf-8", "surrogatepass")
