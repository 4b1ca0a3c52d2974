"""A source of a graph that a notebook makes by hand: it records what the page asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from zen_nb.core.errors import UsageError
from zen_nb.faces.snapshot import CacheSwitch, EdgeView, Node, PipelineSnapshot, RunBar, State


class Demo:
    """Three steps in a row, or any other graph; toggles are obeyed, runs only written down."""

    def __init__(self, first: PipelineSnapshot | None = None) -> None:
        self.asked: list[tuple[float, Mapping[str, Any]]] = []
        self.answers = True
        self._lock = threading.RLock()
        self._listeners: list[Callable[[], None]] = []
        self._now = first or three_steps()

    def snapshot(self) -> PipelineSnapshot:
        with self._lock:
            return self._now

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def ask(self, message: Mapping[str, Any]) -> None:
        self.asked.append((time.time(), message))
        if message["kind"] == "stop":
            raise UsageError("nothing is running")
        if message["kind"] == "toggle" and self.answers:
            self.toggle(message["step"], message["value"])

    def watched(self) -> None:
        return

    def details(self, step: str) -> Mapping[str, Any]:
        return details_of_everything(step)

    def toggle(self, step: str | None, value: bool | None) -> None:
        switch = CacheSwitch(value, value is not False, "the demo", as_set=True)
        if step is None:
            self._become(run=replace(self._now.run, cache=switch))
        else:
            self.change(step, cache=switch)

    def change(self, step: str, state: State | None = None, **parts: Any) -> None:
        """Give a step another state or other parts, and tell those who follow."""
        if state is not None:
            parts["state"] = state
        self._become(
            nodes=tuple(
                replace(node, **parts) if node.name == step else node for node in self._now.nodes
            )
        )

    def _become(self, **parts: Any) -> None:
        with self._lock:
            self._now = replace(self._now, revision=self._now.revision + 1, **parts)
        for listener in list(self._listeners):
            listener()


def three_steps() -> PipelineSnapshot:
    """Return load, train and report, all up to date."""
    return PipelineSnapshot(
        "demo",
        1,
        tuple(Node(name, name, "up_to_date", duration_s=2.0) for name in STEPS),
        (EdgeView("load", "train", ("df",)), EdgeView("train", "report", ("model",))),
        RunBar(cached=3),
    )


STEPS = ("load", "train", "report")


def details_of_everything(step: str, word: str = "") -> dict[str, Any]:
    """Return details with every kind of first look, `word` in each text of them."""
    table = {
        "columns": ["a", word or "b"],
        "types": ["int64", "object"],
        "index": ["0", word or "1"],
    }
    return {
        "changes": [
            {"words": f"helper {word or step}()", "diff": ["-    return 1", f"+    {word}"]}
        ],
        "compared": f"What changed since the record of yesterday{word}:",
        "previews": {
            "df": {"kind": "table", **table, "rows": [["1", word], ["2", "y"]], "shape": [900, 14]},
            "xs": {"kind": "plot", "low": [0, 1, None, 2], "high": [1, 3, None, 2], "length": 4000},
            "image": {"kind": "picture", "png": PIXEL, "width": 1, "height": 1},
            "model": {"kind": "parameters", "rows": [["C", word or "1.0"]], "text": word or "SVC"},
            "note": {"kind": "text", "text": word or "hello"},
        },
        "pictures": [PIXEL],
        "history": [
            {
                "created_at": time.time() - 60 * number,
                "duration_s": 1.5,
                "size_bytes": 2048,
                "key": word or "abc",
                "state": state,
            }
            for number, state in enumerate(("current", "kept", "gone"))
        ],
    }


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
