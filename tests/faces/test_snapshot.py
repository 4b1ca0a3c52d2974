"""The contract between the kernel and every face, on one golden file."""

from __future__ import annotations

import json
import typing
from pathlib import Path

from tests.faces.golden import golden, golden_json
from zen_nb.faces.snapshot import State
from zen_nb.faces.words import LOOKS

_FRONTEND = Path(__file__).parents[2] / "frontend" / "src"


def test_golden_file_is_what_the_dataclasses_say() -> None:
    """Reading the golden file into the dataclasses and writing it again changes nothing."""
    assert golden().to_json() == golden_json()


def test_golden_file_has_every_state() -> None:
    """A face that draws the golden file has drawn every state there is."""
    assert {node.state for node in golden().nodes} == set(typing.get_args(State))


def test_states_look_the_same_in_both_languages() -> None:
    """The widget and the still picture share words, glyphs, colours, borders and icons."""
    page = json.loads((_FRONTEND / "states.json").read_text(encoding="utf-8"))
    kernel = {
        state: {part: getattr(look, part) for part in ("word", "glyph", "color", "border", "icon")}
        for state, look in LOOKS.items()
    }
    assert page == kernel
