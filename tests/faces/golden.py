"""The golden snapshot, read back into the dataclasses of the contract."""

from __future__ import annotations

import json
import types
import typing
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from zen_nb.faces.snapshot import PipelineSnapshot

PATH = Path(__file__).parent / "golden_snapshot.json"


def golden_json() -> dict[str, Any]:
    """Return the golden file as plain data."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def golden() -> PipelineSnapshot:
    """Return the golden file as a snapshot."""
    return rebuilt(PipelineSnapshot, golden_json())


def rebuilt(kind: Any, raw: Any) -> Any:
    """Read plain data as the annotation `kind` says; a field too many or too few is an error."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        assert set(raw) == {field.name for field in fields(kind)}
        return kind(**{name: rebuilt(hints[name], value) for name, value in raw.items()})
    if origin is tuple and parts[-1] is Ellipsis:
        return tuple(rebuilt(parts[0], each) for each in raw)
    if origin is tuple:
        return tuple(rebuilt(part, each) for part, each in zip(parts, raw, strict=True))
    if origin is typing.Literal:
        assert raw in parts
        return raw
    if origin in (typing.Union, types.UnionType):
        assert type(raw) in parts or (type(raw) is int and float in parts)
        return raw
    assert isinstance(raw, (int, float) if kind is float else kind)
    return raw
