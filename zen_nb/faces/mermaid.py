"""The graph as Mermaid text, which GitHub and many editors draw."""

from __future__ import annotations

from typing import Final

from zen_nb.faces.snapshot import Node, PipelineSnapshot
from zen_nb.faces.words import LOOKS, duration

# What Mermaid or the page around it would read as something else, by its character number.
_PLAIN: Final = frozenset(" .,:+-_/()[]{}=≠✓○✎⋯▶✕⊘⌫⏱·→×%*!?@$^|~")


def to_mermaid(snapshot: PipelineSnapshot) -> str:
    """Return the graph as a flowchart: the same snapshot gives the same text.

    Every name is escaped character by character, so that none can become markup or a line
    of the diagram.
    """
    ids = {node.id: f"s{number}" for number, node in enumerate(snapshot.nodes)}
    lines = ["flowchart LR"]
    lines += [f'    {ids[node.id]}["{_label(node)}"]:::{node.state}' for node in snapshot.nodes]
    for edge in snapshot.edges:
        if edge.source in ids and edge.target in ids:
            read = escaped(", ".join(edge.names))
            lines.append(f'    {ids[edge.source]} -->|"{read}"| {ids[edge.target]}')
    for state in dict.fromkeys(node.state for node in snapshot.nodes):
        look = LOOKS[state]
        dash = "" if look.border == "solid" else ",stroke-dasharray:4 3"
        lines.append(f"    classDef {state} stroke:{look.color},stroke-width:2px{dash}")
    return "\n".join(lines) + "\n"


def _label(node: Node) -> str:
    look = LOOKS[node.state]
    took = "" if node.duration_s is None else f" · {duration(node.duration_s)}"
    return f"{escaped(node.name)}<br/>{look.glyph} {look.word}{took}"


def escaped(text: str) -> str:
    """Return `text` for a quoted label; what could be read as more is given by its number."""
    plain = (
        letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};"
        for letter in text.replace("\n", " ")
    )
    return "".join(plain)
