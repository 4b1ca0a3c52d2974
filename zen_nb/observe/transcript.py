"""Everything that a step showed, in order, as bytes that can be kept and shown again."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Event: TypeAlias = dict[str, Any]

LIMIT_BYTES = 10_000_000
_SHOWN = frozenset({"stream", "display_data", "execute_result"})
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RESULT_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was shown.

    Attributes
    ----------
    events
        ``{"type": "stream", "name": "stdout", "text": …}``,
        ``{"type": "display_data" | "update_display_data", "data": …, "metadata": …,
        "transient": …}``, ``{"type": "clear_output", "wait": …}`` and
        ``{"type": "execute_result", "data": …, "metadata": …}``.
    """

    events: tuple[Event, ...] = ()

    def to_bytes(self) -> bytes:
        """Return compact JSON, nothing for nothing; bytes inside displays are kept as bytes."""
        if not self.events:
            return b""
        text = json.dumps(
            self.events, ensure_ascii=False, separators=(",", ":"), default=_encode_binary
        )
        return text.encode("utf-8", "surrogatepass")

    @classmethod
    def from_bytes(cls, raw: bytes) -> Transcript:
        """Return what `to_bytes` was given."""
        if not raw:
            return cls()
        text = raw.decode("utf-8", "surrogatepass")
        return cls(tuple(_decode(text)))

    @property
    def mime_types(self) -> frozenset[str]:
        """Return the kinds of displays in it."""
        return frozenset(mime for event in self.events for mime in event.get("data", ()))

    def text(self, name: str = "stdout") -> str:
        """Return what was written to one stream."""
        return "".join(e["text"] for e in self.events if e.get("name") == name)

    def moved(self, source: str, target: str, line: Callable[[int], int] = int) -> Transcript:
        """Return it with the cell's file name, and lines in it, as they are in another cell.

        Parameters
        ----------
        source, target
            What the kernel called the cell that ran, and calls the present one.
        line
            Where a line of the first stands in the second.
        """
        if source == target and line is int:
            return self
        place = re.compile(re.escape(source) + r"(?:((?:\", line |:))(\d+))?")

        def rename(found: re.Match[str]) -> str:
            return target + (found[1] + str(line(int(found[2]))) if found[1] else "")

        return Transcript(tuple(_map_text(e, lambda t: place.sub(rename, t)) for e in self.events))


def _map_text(event: Event, change: Callable[[str], str]) -> Event:
    if event["type"] == "stream":
        return event | {"text": change(event["text"])}
    return event


def _encode_binary(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"__zen_nb_bytes__": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _decode_binary(found: dict[str, Any]) -> Any:
    if found.keys() == {"__zen_nb_bytes__"}:
        return base64.b64decode(found["__zen_nb_bytes__"])
    return found


def settle(text: str) -> str:
    """Return `text` as a page shows it in the end: what a carriage return overwrote is gone."""
    if "\r" not in text:
        return text
    return "\n".join(map(_settle_line, text.split("\n")))


def _settle_line(line: str) -> str:
    ending = "\r" if line.endswith("\r") else ""
    parts = line.removesuffix("\r").split("\r")
    if len(parts) == 1:
        return line
    if "\x1b" not in line:
        final = ""
        for part in parts:
            final = part + final[len(part) :]
        return final + ending
    widths = [len(_COLOUR.sub("", part)) for part in parts]
    plain = "\x1b" not in _COLOUR.sub("", line)
    return parts[-1] + ending if plain and widths[-1] == max(widths) else line


@dataclass(slots=True)
class Recorder:
    """Takes events from any thread and keeps them in order, up to a size.

    What is cleared from the page is forgotten. Past the limit the transcript says how much was
    left out; values of expressions are kept, in plain text if need be.
    """

    limit_bytes: int = LIMIT_BYTES
    _events: list[Event] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)
    _size: int = 0
    _omitted: int = 0
    _clear_next: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stream(self, name: str, text: str) -> None:
        """Take a write to ``stdout`` or ``stderr``; neighbours are merged."""
        with self._lock:
            self._clear_if_due()
            size = len(text.encode("utf-8", "surrogatepass"))
            if self._size + size > self.limit_bytes:
                self._omitted += size
                return
            last = self._events[-1] if self._events else None
            if last is not None and last["type"] == "stream" and last["name"] == name:
                last["parts"].append(text)
                self._sizes[-1] += size
                self._size += size
            else:
                self._append({"type": "stream", "name": name, "parts": [text]}, size)

    def bundle(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take a ``display_data``, ``update_display_data`` or ``execute_result``."""
        event: Event = {"type": kind, "data": dict(content.get("data") or {})}
        event["metadata"] = dict(content.get("metadata") or {})
        if kind != "execute_result":
            event["transient"] = dict(content.get("transient") or {})
        size = _size_of(event)
        with self._lock:
            if kind in _SHOWN:
                self._clear_if_due()
            if self._size + size <= self.limit_bytes:
                self._append(event, size)
                return
            self._omitted += size
            if kind == "execute_result":
                plain = str(event["data"].get("text/plain", ""))[:_RESULT_LIMIT]
                self._append(event | {"data": {"text/plain": plain}, "metadata": {}}, len(plain))

    def clear(self, *, wait: bool) -> None:
        """Take a ``clear_output``."""
        with self._lock:
            if wait:
                self._clear_next = True
            else:
                self._forget()
                self._append({"type": "clear_output", "wait": False}, 0)

    def transcript(self) -> Transcript:
        """Return what was taken so far."""
        with self._lock:
            events = [dict(event) for event in self._events]
            if self._clear_next:
                events.append({"type": "clear_output", "wait": True})
            omitted = self._omitted
        if omitted:
            note = f"\n[{omitted / 1e6:,.1f} MB more were shown when this ran, and not kept]\n"
            events.append({"type": "stream", "name": "stderr", "text": note})
        return Transcript(tuple(_joined(event) for event in events))

    def _append(self, event: Event, size: int) -> None:
        self._events.append(event)
        self._sizes.append(size)
        self._size += size

    def _clear_if_due(self) -> None:
        if self._clear_next:
            self._clear_next = False
            self._forget()
            self._append({"type": "clear_output", "wait": True}, 0)

    def _forget(self) -> None:
        """Drop what a clear takes off the page; updates may concern other cells, and stay."""
        kept = [
            (event, size)
            for event, size in zip(self._events, self._sizes, strict=True)
            if event["type"] in ("update_display_data", "execute_result")
        ]
        self._events = [event for event, _ in kept]
        self._sizes = [size for _, size in kept]
        self._size = sum(self._sizes)


def _joined(event: Event) -> Event:
    if "parts" not in event:
        return event
    text = "".join(event["parts"])
    return {"type": "stream", "name": event["name"], "text": text}


def _size_of(event: Event) -> int:
    return sum(_leaf_sizes(event))


def _leaf_sizes(value: Any) -> Iterator[int]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield len(str(name)) + 4
            yield from _leaf_sizes(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _leaf_sizes(part)
    else:
        yield len(value) + 2 if isinstance(value, (str, bytes)) else 8


_decode = json.JSONDecoder(object_hook=_decode_binary).decode
