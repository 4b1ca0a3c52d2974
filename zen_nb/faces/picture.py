"""The graph at rest: one self-contained SVG, and a drawing in plain text.

The picture serves where no widget lives: GitHub, nbviewer, a saved notebook, a terminal.
All text of a snapshot is escaped; nothing in a picture loads or runs anything.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from zen_nb.faces.layers import Layers, lay_out
from zen_nb.faces.snapshot import Node, PipelineSnapshot
from zen_nb.faces.words import DARK_GLYPHS, LOOKS, clause, duration, forecast, size, spoken, timings

_CARD = (212, 60)
_GAP_ALONG = 44
_GAP_SIDE = 18
_MARGIN = 16
_HEAD = 46
_ARROW = 7
_WIDEST = 1040
_DASHES = {"solid": "", "dashed": "5 3", "dotted": "1.5 3"}

_STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1d2127}
.bg{fill:#fff;stroke:#d5d9e0}.card{fill:#fff}.dim{fill:#565d68}.name{font-weight:600}
.edge{fill:none;stroke:#8b919b;stroke-width:1.5}.tip{fill:#8b919b}
@media (prefers-color-scheme:dark){text{fill:#e7eaee}.bg{fill:#1b1e23;stroke:#3b424d}
.card{fill:#1b1e23}.dim{fill:#a9b1bd}.edge{stroke:#7d8591}.tip{fill:#7d8591}}
""".replace("\n", "")


def to_svg(snapshot: PipelineSnapshot) -> str:
    """Draw the graph: the same snapshot gives the same bytes, and nothing is loaded from outside.

    It flows to the right where that fits a page and down where it does not, and follows
    the reader's light or dark setting.
    """
    plan = _Plan.of(snapshot)
    parts = [_head(snapshot, plan)]
    parts += [_edge(plan, edge.source, edge.target) for edge in snapshot.edges]
    parts += [_card(node, *plan.corner(node.id)) for node in snapshot.nodes]
    width, height = plan.width, plan.height
    spoken_words = quoteattr(_clean(spoken(snapshot)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label={spoken_words}>'
        f"<style>{_STYLE}</style>"
        f'<rect class="bg" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>'
        f"{''.join(parts)}</svg>"
    )


def to_html(snapshot: PipelineSnapshot) -> str:
    """Return the picture as an image tag, since front ends strip SVG written into a page."""
    packed = base64.b64encode(to_svg(snapshot).encode()).decode()
    alt = quoteattr(_clean(spoken(snapshot)))
    return f'<img src="data:image/svg+xml;base64,{packed}" alt={alt} style="max-width:100%">'


def to_page(snapshot: PipelineSnapshot) -> str:
    """Return the picture as a page of its own, which loads and runs nothing."""
    title = escape(_clean(snapshot.pipeline))
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width"><style>body{margin:16px}'
        "svg{max-width:100%;height:auto}</style></head>"
        f"<body>{to_svg(snapshot)}</body></html>\n"
    )


def to_text(snapshot: PipelineSnapshot) -> str:
    """Draw a line per step: its mark, state, timings and what it reads from."""
    names = {node.id: node.name for node in snapshot.nodes}
    rows = [("", "", "", "")]
    for node in snapshot.nodes:
        sources = dict.fromkeys(edge.source for edge in snapshot.edges if edge.target == node.id)
        reads = ", ".join(names[each] for each in sources if each in names)
        rows.append((_marked(node), _told(node), timings(node), f"← {reads}" if reads else ""))
    clean = [tuple(_clean(cell) for cell in row) for row in rows[1:]]
    widths = [max((_cells(row[at]) for row in clean), default=0) for at in range(3)]
    lines = [_clean(f"{snapshot.pipeline}: {forecast(snapshot.run)}{_totals(snapshot)}")]
    for row in clean:
        padded = [_padded(cell, width) for cell, width in zip(row, widths, strict=False)]
        lines.append(("  " + "  ".join([*padded, row[3]])).rstrip())
    if snapshot.message:
        lines.append(_clean(snapshot.message))
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class StillGraph:
    """A graph that does not move: what is shown where the live one cannot be.

    Attributes
    ----------
    note
        Why it is still, and what to do, in one line; ``""`` where nothing is amiss.
    """

    snapshot: PipelineSnapshot
    note: str = ""

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        note = f"<p>{escape(_clean(self.note))}</p>" if self.note else ""
        text = to_text(self.snapshot) + (f"\n{self.note}" if self.note else "")
        return {"text/html": to_html(self.snapshot) + note, "text/plain": text}


# -- the plan --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """Layers turned to pixels; `across` where the graph flows to the right."""

    layers: Layers
    across: bool
    width: int
    height: int

    @classmethod
    def of(cls, snapshot: PipelineSnapshot) -> _Plan:
        ids = [node.id for node in snapshot.nodes]
        edges = [(edge.source, edge.target) for edge in snapshot.edges]
        right = cls._turned(lay_out(ids, edges, _CARD[1], _GAP_SIDE), across=True)
        if right.width <= _WIDEST:
            return right
        down = cls._turned(lay_out(ids, edges, _CARD[0], _GAP_SIDE), across=False)
        return down if down.width < right.width else right

    @classmethod
    def _turned(cls, layers: Layers, *, across: bool) -> _Plan:
        along, extent = _CARD if across else _CARD[::-1]
        ranks = 1 + max(layers.rank.values(), default=0)
        length = ranks * (along + _GAP_ALONG) - _GAP_ALONG
        sides = [*layers.side.values(), extent / 2]
        passed = [side for each in layers.through.values() for side in each]
        breadth = max([max(sides) + extent / 2, *(side + 6 for side in passed)])
        width, height = (length, breadth) if across else (breadth, length)
        room = max(width, 420) + 2 * _MARGIN
        return cls(layers, across, round(room), round(height + _HEAD + _MARGIN))

    def corner(self, name: str) -> tuple[float, float]:
        along = self._along(self.layers.rank[name])
        side = self.layers.side[name] - _CARD[1 if self.across else 0] / 2
        return self.spot(along, side)

    def path(self, source: str, target: str) -> tuple[list[tuple[float, float]], float]:
        """Return an edge's stops and how long a box is along the flow."""
        rank, side = self.layers.rank, self.layers.side
        sides = [side[source], *self.layers.through[source, target], side[target]]
        stops = [(self._along(rank[source] + at), each) for at, each in enumerate(sides)]
        return stops, float(_CARD[0 if self.across else 1])

    def spot(self, along: float, side: float) -> tuple[float, float]:
        x, y = (along, side) if self.across else (side, along)
        return round(x + _MARGIN, 1), round(y + _HEAD, 1)

    def _along(self, rank: int) -> float:
        return float(rank * (_CARD[0 if self.across else 1] + _GAP_ALONG))


# -- the parts -------------------------------------------------------------------------------


def _head(snapshot: PipelineSnapshot, plan: _Plan) -> str:
    name = _fit(snapshot.pipeline, 200, 14, bold=True)
    left = plan.width - 2 * _MARGIN - 16 - _ems(name) * 15.4
    summary = _fit(forecast(snapshot.run) + _totals(snapshot), left, 12)
    empty = "" if snapshot.nodes else _text(_MARGIN, _HEAD + 30, 13, "dim", "No steps yet")
    return (
        _text(_MARGIN, 28, 14, "name", name)
        + _text(plan.width - _MARGIN, 28, 12, "dim", summary, end=True)
        + empty
    )


def _edge(plan: _Plan, source: str, target: str) -> str:
    if (source, target) not in plan.layers.through:
        return ""
    stops, length = plan.path(source, target)
    at = (stops[0][0] + length, stops[0][1])
    drawn = f"M{_xy(plan.spot(*at))}"
    for along, side in stops[1:-1]:
        drawn += _bend(plan, at, (along, side)) + f"L{_xy(plan.spot(along + length, side))}"
        at = (along + length, side)
    tip, side = stops[-1]
    drawn += _bend(plan, at, (tip - _ARROW, side))
    wings = [plan.spot(tip - _ARROW, side + way * _ARROW / 2) for way in (-1, 1)]
    head = f"M{_xy(wings[0])}L{_xy(plan.spot(tip, side))}L{_xy(wings[1])}Z"
    return f'<path class="edge" d="{drawn}"/><path class="tip" d="{head}"/>'


def _bend(plan: _Plan, start: tuple[float, float], end: tuple[float, float]) -> str:
    if start[1] == end[1]:
        return f"L{_xy(plan.spot(*end))}"
    half = (start[0] + end[0]) / 2
    first, second = plan.spot(half, start[1]), plan.spot(half, end[1])
    return f"C{_xy(first)} {_xy(second)} {_xy(plan.spot(*end))}"


def _card(node: Node, x: float, y: float) -> str:
    look = LOOKS[node.state]
    width, height = _CARD
    inner = width - 48
    foot = " · ".join(part for part in (timings(node), *node.badges) if part)
    lines = [(node.name, 13, "name"), (_told(node), 11.5, ""), (foot, 10.5, "dim")]
    shown = [line for line in lines if line[0]]
    top = y + (30.5 if len(shown) == 2 else 22)
    texts = [
        _text(x + 36, top + 16 * at, points, kind, _fit(words, inner, points, bold=kind == "name"))
        for at, (words, points, kind) in enumerate(shown)
    ]
    dashes = f' stroke-dasharray="{_DASHES[look.border]}"' if _DASHES[look.border] else ""
    ink = DARK_GLYPHS.get(node.state, "#ffffff")
    inside = ink if node.state == "running" else "none"
    return (
        f'<g><rect class="card" x="{x}" y="{y}" width="{width}" height="{height}" rx="7" '
        f'stroke="{look.color}" stroke-width="1.5"{dashes}/>'
        f'<path d="M{x + 5},{y}h2v{height}h-2a5,5 0 0 1 -5,-5v-{height - 10}a5,5 0 0 1 5,-5z" '
        f'fill="{look.color}"/>'
        f'<g transform="translate({x + 14},{top - 12.5})"><circle cx="8" cy="8" r="8" '
        f'fill="{look.color}"/><path d="{look.icon}" fill="{inside}" stroke="{ink}" '
        f'stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/></g>'
        f"{''.join(texts)}</g>"
    )


def _text(x: float, y: float, points: float, kind: str, words: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}" font-size="{points}"{named}{anchor}>{escape(words)}</text>'


# -- the words -------------------------------------------------------------------------------


def _marked(node: Node) -> str:
    return f"{LOOKS[node.state].glyph} {node.name}"


def _told(node: Node) -> str:
    said, word = clause(node), LOOKS[node.state].word
    return f"{word} · {said}" if said else word


def _totals(snapshot: PipelineSnapshot) -> str:
    run = snapshot.run
    parts = [f"saved {duration(run.saved_s)}"] if run.saved_s > 0 else []
    parts += [f"store {size(run.store_bytes)}"] if run.store_bytes > 0 else []
    return "".join(f" · {part}" for part in parts)


def _fit(words: str, width: float, points: float, *, bold: bool = False) -> str:
    """Cut `words` to what surely fits, since a picture cannot measure its reader's font."""
    clean = _clean(words).replace("\n", " ")
    room = width / (points * (1.1 if bold else 1.0))
    if _ems(clean) <= room:
        return clean
    kept, used = "", 0.8  # the ellipsis
    for letter in clean:
        used += _ems(letter)
        if used > room:
            break
        kept += letter
    return kept.rstrip() + "…"


def _ems(words: str) -> float:
    """Return how wide `words` are in a wide font, in units of its size."""
    return sum(_em(letter) for letter in words)


def _em(letter: str) -> float:
    if _cell(letter) != 1:
        return _cell(letter) / 2
    if letter in "iljtfrI.,:;'|!()[] ·":
        return 0.4
    return 0.9 if letter in "mwMW@%…→" else 0.7 if letter.isupper() else 0.61


def _padded(words: str, width: int) -> str:
    return words + " " * (width - _cells(words))


def _cells(words: str) -> int:
    return sum(_cell(letter) for letter in words)


def _cell(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _clean(words: str) -> str:
    """Replace what XML and terminals must not be given: control characters, lone surrogates."""
    return "".join(letter if _allowed(letter) else "\N{REPLACEMENT CHARACTER}" for letter in words)


def _allowed(letter: str) -> bool:
    if letter in "\n\t":
        return True
    bidi_or_control = unicodedata.category(letter) in ("Cc", "Cs", "Cn")
    return not bidi_or_control and letter not in _TURNING


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows: a name must not rearrange a line."""


def _xy(spot: Iterable[float]) -> str:
    return ",".join(f"{value:g}" for value in spot)
