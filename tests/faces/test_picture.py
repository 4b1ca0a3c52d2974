"""The graph at rest."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faces.golden import golden
from zen_nb.faces.layers import lay_out
from zen_nb.faces.picture import StillGraph, to_html, to_svg, to_text
from zen_nb.faces.snapshot import EdgeView, Node, PipelineSnapshot
from zen_nb.faces.words import LOOKS

_SVG = "{http://www.w3.org/2000/svg}"
_ANY_TEXT = st.text(st.characters(), max_size=30)
_GRAPHS = st.integers(1, 14).flatmap(
    lambda count: st.tuples(
        st.just([f"n{each}" for each in range(count)]),
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=24),
    )
)


def _snapshot(ids: list[str], pairs: list[tuple[int, int]]) -> PipelineSnapshot:
    nodes = tuple(Node(each, each, "never_run") for each in ids)
    edges = {(ids[a], ids[b]) for a, b in pairs if a < b}
    return PipelineSnapshot("p", 1, nodes, tuple(EdgeView(a, b, ("x",)) for a, b in sorted(edges)))


def test_same_snapshot_same_bytes() -> None:
    """A picture kept under version control changes only when the graph does."""
    assert to_svg(golden()) == to_svg(golden())


def test_every_step_is_drawn_with_its_mark() -> None:
    """Each card carries its state's icon beside its name."""
    drawn = to_svg(golden())
    for node in golden().nodes:
        assert LOOKS[node.state].icon in drawn
    texts = [text.text for text in ET.fromstring(drawn).iter(f"{_SVG}text")]
    assert {"load_data", "train_svc", "publish <b>&amp;"} <= set(texts)


def test_nothing_is_loaded_from_outside() -> None:
    """A picture has no script, no link and no address but the names of its own language."""
    drawn = to_svg(golden())
    assert {each.tag.removeprefix(_SVG) for each in ET.fromstring(drawn).iter()} == {
        "svg", "style", "rect", "path", "text", "g", "circle"
    }  # fmt: skip
    assert re.findall(r"https?://[^\"]*", drawn) == ["http://www.w3.org/2000/svg"]
    assert "@import" not in drawn
    assert "url(" not in drawn


@given(_ANY_TEXT, _ANY_TEXT, _ANY_TEXT)
def test_any_text_is_text(name: str, reason: str, badge: str) -> None:
    """Whatever a step is called, the picture is well-formed and holds no element but its own."""
    node = Node("a", name, "failed", reason=reason, error=reason, badges=(badge,))
    shown = PipelineSnapshot(name, 1, (node,), message=reason)
    root = ET.fromstring(to_svg(shown).encode())
    assert {each.tag.removeprefix(_SVG) for each in root.iter()} <= {
        "svg", "style", "rect", "path", "text", "g", "circle"
    }  # fmt: skip
    to_html(shown).encode()
    to_text(shown).encode()


@pytest.mark.parametrize("hostile", ['"><script>x</script>', "' onerror='x", "a\x1b[31m", "\u202e"])
def test_html_is_one_image(hostile: str) -> None:
    """The page gets a single image tag whose words stay inside their attribute."""
    shown = replace(golden(), pipeline=hostile)
    html = to_html(shown)
    parsed = ET.fromstring(html.replace('100%">', '100%"/>'))
    assert parsed.tag == "img"
    assert set(parsed.attrib) == {"src", "alt", "style"}
    head, packed = parsed.attrib["src"].split(",", 1)
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(packed).decode() == to_svg(shown)


def test_terminal_codes_do_not_reach_a_terminal() -> None:
    """Escape characters in a name are shown as replacements, never sent."""
    drawn = to_text(PipelineSnapshot("p", 1, (Node("a", "\x1b]0;x\x07", "never_run"),)))
    assert "\x1b" not in drawn
    assert "\x07" not in drawn


def test_text_names_marks_states_and_what_is_read() -> None:
    """Each line says mark, name, state and reason, times, and where its inputs come from."""
    lines = to_text(golden()).splitlines()
    assert lines[0].startswith("nightly: 2 cached, 9 to run, about 3.1 min")
    by_name = {line.split()[1]: " ".join(line.split()) for line in lines[1:]}
    assert by_name["features"] == "≠ features will run · param k 5 → 8 5.1 s ← clean, fetch_rates"
    assert by_name["load_data"] == "✓ load_data up to date 2.4 s · saved 2.4 s"


def test_an_empty_pipeline_is_a_picture_too() -> None:
    """A notebook without steps gets a picture and a line that say so."""
    empty = PipelineSnapshot("p", 0)
    assert "No steps yet" in to_svg(empty)
    assert to_text(empty) == "p: 0 cached, 0 to run"


def test_a_still_graph_says_why_it_is_still() -> None:
    """The note stands beneath the picture and beneath the text."""
    bundle = StillGraph(golden(), "run `make <frontend>`")._repr_mimebundle_()
    assert bundle["text/html"].endswith("<p>run `make &lt;frontend&gt;`</p>")
    assert bundle["text/plain"].endswith("run `make <frontend>`")


@given(_GRAPHS)
def test_cards_never_overlap(graph: tuple[list[str], list[tuple[int, int]]]) -> None:
    """In every layer the boxes keep their gap, whatever the graph."""
    ids, pairs = graph
    found = lay_out(ids, [(ids[a], ids[b]) for a, b in pairs], 60, 18)
    for layer in set(found.rank.values()):
        sides = sorted(found.side[each] for each in ids if found.rank[each] == layer)
        # Each side is rounded to a tenth; so is their difference, which is no tenth in binary.
        assert all(round(b - a, 1) >= 77.9 for a, b in pairwise(sides))


@given(_GRAPHS)
def test_edges_pass_between_cards(graph: tuple[list[str], list[tuple[int, int]]]) -> None:
    """Where an edge passes a layer it is clear of every box of it, and it goes down only."""
    ids, pairs = graph
    shown = _snapshot(ids, pairs)
    found = lay_out(ids, [(edge.source, edge.target) for edge in shown.edges], 60, 18)
    for (source, target), sides in found.through.items():
        assert found.rank[source] < found.rank[target]
        for layer, side in enumerate(sides, found.rank[source] + 1):
            boxes = [found.side[each] for each in ids if found.rank[each] == layer]
            assert all(abs(side - box) >= 30 for box in boxes)


def test_a_cycle_does_not_hang_the_picture() -> None:
    """A graph that cannot be is still drawn, so that its error can be seen."""
    nodes = tuple(Node(each, each, "never_run") for each in "ab")
    edges = (EdgeView("a", "b", ("x",)), EdgeView("b", "a", ("y",)))
    assert to_svg(PipelineSnapshot("p", 1, nodes, edges)).count("<g>") == 2
