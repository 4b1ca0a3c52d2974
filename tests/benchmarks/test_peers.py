"""The comparison with peers: systems do the same work, and a round that is no hit is told."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from benchmarks.peers import rounds
from benchmarks.peers.environments import Installed
from benchmarks.peers.page import page
from benchmarks.peers.questions import QUESTIONS, Question
from benchmarks.peers.rounds import Found, measured
from benchmarks.peers.systems import PLAIN, SYSTEMS, ZEN

JOBLIB = next(one for one in SYSTEMS if one.name == "joblib")


def _asked(name: str, **changes: object) -> Question:
    found = next(one for one in QUESTIONS if one.name == name)
    return replace(found, rounds=1, warm_up=0, calls=1, **changes)


@pytest.mark.slow
def test_systems_give_the_same_value_and_reuse_it() -> None:
    """Each has one round under the clock, and a page can be written of it."""
    question = _asked("between", size=10)
    found = measured(question, dict.fromkeys([ZEN, JOBLIB], sys.executable))
    assert [one.cannot for one in found.values()] == ["", ""]
    assert [len(one.seconds) for one in found.values()] == [1, 1]
    text = page({question: found}, {ZEN: Installed(10, 1), JOBLIB: Installed(5, 1)}, "here", [])
    assert f"| {question.title} | " in text
    assert "| joblib | 1 | 5e-06 MB | 0.5 |" in text


@pytest.mark.slow
def test_what_runs_again_is_no_hit() -> None:
    """A chain that starts elsewhere in every call, asked as if it had to be cached."""
    found = measured(_asked("fresh", hits=True), {JOBLIB: sys.executable})
    assert found[JOBLIB].cannot == "no hit: it ran add_one again"


@pytest.mark.slow
def test_a_system_that_fails_says_why() -> None:
    """By the last line that it printed; the others go on."""
    broken = replace(JOBLIB, module="in_nowhere")
    found = measured(_asked("import"), dict.fromkeys([broken, JOBLIB], sys.executable))
    assert "No module named 'benchmarks.peers.in_nowhere'" in found[broken].cannot
    assert found[JOBLIB].seconds


def test_systems_that_disagree_are_no_comparison() -> None:
    """Other values are other work."""
    answers = {ZEN: rounds.Answer([], 1.0), JOBLIB: rounds.Answer([], 2.0)}
    with pytest.raises(ValueError, match=r"zen_nb 1[.]0, joblib 2[.]0"):
        rounds.agreed(_asked("chain"), answers)


def test_where_zen_nb_is_slower_is_told() -> None:
    """With how many times as long it takes, and what has no answer with the reason."""
    question = _asked("chain")
    found = {
        PLAIN: Found(cannot="it has no cache"),
        ZEN: Found([0.003, 0.002, 0.004]),
        JOBLIB: Found([0.001]),
    }
    text = page({question: found}, {ZEN: Installed(10, 1)}, "here", [])
    assert f"| {question.title} | - | 3 ms | 1 ms (0.333) |" in text
    assert f"| {question.title} | - | 2 ms – 4 ms | 1 ms – 1 ms |" in text
    assert f"- {question.title}: zen_nb takes 3 × joblib\n" in text
    assert f"- plain Python, it has no cache: {question.title}\n" in text
