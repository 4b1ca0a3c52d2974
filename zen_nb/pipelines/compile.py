"""From a pipeline function to invocations: its body runs once, step calls give handles."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from zen_nb.core.errors import UsageError
from zen_nb.engine.body import Call
from zen_nb.engine.run import Invocation, Link


@dataclass(frozen=True, slots=True)
class Handle:
    """Stands for an output inside a pipeline function, where nothing has run yet."""

    node: str
    output: str

    def __iter__(self) -> Any:
        raise UsageError(
            f"output {self.output!r} of step {self.node} cannot be unpacked inside the pipeline; "
            "declare several outputs with Tuple[Annotated[…, 'a'], Annotated[…, 'b']]"
        )

    def __bool__(self) -> bool:
        raise UsageError(
            f"output {self.output!r} of step {self.node} has no value inside the pipeline; "
            "decide in a step"
        )


class Drawing:
    """Collects the step calls of one pipeline function."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.invocations: list[Invocation] = []
        self._count: dict[str, int] = {}

    def add(self, call: Call) -> Any:
        """Take in a step call; return a handle for each of its outputs."""
        count = self._count[call.name] = self._count.get(call.name, 0) + 1
        node = call.name if count == 1 else f"{call.name}_{count}"
        links = {
            name: Link(value.node, value.output)
            for name, value in call.arguments.items()
            if isinstance(value, Handle)
        }
        plain = {name: value for name, value in call.arguments.items() if name not in links}
        _refuse_nested(node, plain)
        made = Call(
            call.name,
            call.function,
            call.outputs,
            plain,
            options=call.options,
            setting=call.setting,
            each=call.each,
        )
        self.invocations.append(Invocation(node, made, links))
        handles = tuple(Handle(node, output) for output in call.outputs)
        return handles[0] if len(handles) == 1 else handles or None


def _refuse_nested(node: str, arguments: Mapping[str, Any]) -> None:
    for name, value in arguments.items():
        parts = value.values() if isinstance(value, dict) else value
        if isinstance(value, (dict, list, tuple)) and any(isinstance(p, Handle) for p in parts):
            raise UsageError(
                f"step {node}: argument {name!r} holds outputs of steps inside a container; "
                "pass each as an argument"
            )


drawing: ContextVar[Drawing | None] = ContextVar("drawing", default=None)
