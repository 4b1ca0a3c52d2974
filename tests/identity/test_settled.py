"""Names that statements of a cell are to bind before it reads them."""

from __future__ import annotations

import ast

import pytest

from zen_nb.identity.flow import Flow
from zen_nb.identity.settled import Settled, settled_by


def found(text: str, *, watched: bool = True) -> Settled:
    statements = ast.parse(text).body
    flow = Flow()
    flow.walk(statements)
    return settled_by(statements, flow, watched=watched)


def settled(text: str) -> dict[str, tuple[int, ...]]:
    return dict(found(text).read)


SETTLED = [
    ("for i in xs: a = i\na, i", {"a": (0,), "i": (0,)}),
    ("n = 0\nwhile n < m:\n    n += 1\n    a = n\na", {"a": (1,)}),
    ("if c: a = 1\na", {"a": (0,)}),
    ("try: a = f()\nexcept E: pass\na", {"a": (0,)}),
    ("try:\n    import m\nexcept ImportError: pass\nm", {"m": (0,)}),
    ("with suppress(E): a = f()\na", {"a": (0,)}),
    ("match p:\n    case (a, b): pass\na, b", {"a": (0,), "b": (0,)}),
    ("c and (w := 1)\nw", {"w": (0,)}),
    ("[w for x in xs if (w := x)]\nw", {"w": (0,)}),
    ("for i in xs: a = i\nfor i in ys: b = i\ni", {"i": (0, 1)}),
    ("for i in xs: a = i\na\nfor j in ys: a = j\na", {"a": (0,)}),
    ("for i in xs:\n    a = i\n    print(a)\na", {"a": (0,)}),
    ("for i in xs:\n    try: a = f(i)\n    except E: continue\n    print(a)\na", {"a": (0,)}),
    ("for i in xs:\n    a = 0\n    for j in i: a += j\na", {"a": (0,)}),
    ("if c:\n    def f(): return 1\nf()", {"f": (0,)}),
]
OPEN = [
    # Read where no statement has bound them yet.
    "for v in xs: best = max(best, v)\nbest",
    "for v in xs: n += v\nn",
    "for v in xs:\n    if last: pass\n    last = v\nlast",
    "a\nfor v in xs: a = v\na",
    "if a: pass\nfor v in xs: a = v\na",
    "for v in xs:\n    if v: a = v\n    print(a)\na",
    "try: a = f()\nfinally: print(a)\nif c: a = 1\na",
    "for v in xs:\n    try: a = f(v)\n    finally: print(a)\na",
    # Bound only where a context manager has not ended an exception.
    "for v in xs:\n    with tolerant(): a = f(v)\n    print(a)\na",
    # Unbound again, or seen by code that others can call.
    "for v in xs: a = v\ndel a\na",
    "try: f()\nexcept E as e: pass\ne",
    "def g(): return a\nfor v in xs: a = v\na",
    "g = lambda: a\nfor v in xs: a = v\na",
    "class A:\n    def g(self): return a\nfor v in xs: a = v\na",
    "for v in xs:\n    def g(): return a\n    a = v\na",
]


@pytest.mark.parametrize(("text", "names"), SETTLED, ids=[text for text, _ in SETTLED])
def test_names_are_settled_by_what_binds_them_before_they_are_read(
    text: str, names: dict[str, tuple[int, ...]]
):
    """With each goes which statements are to bind it."""
    assert settled(text) == names


@pytest.mark.parametrize("text", OPEN)
def test_names_that_can_be_seen_before_are_not(text: str):
    """A name that may be read, deleted or asked for before it is bound stays an input."""
    assert "a" not in settled(text)
    assert not settled(text).keys() & {"best", "n", "last", "e"}


def test_names_that_are_surely_bound_need_no_statement():
    """Where nothing can be left under a name, nothing is to be seen."""
    assert settled("for i in (1, 2): a = i\na, i") == {}


PERHAPS = [
    ("for i in xs: a = i", {"a": (0,), "i": (0,)}),
    ("if c: a = 1\nfor i in ys: a = i", {"a": (0, 1), "i": (1,)}),
    ("if c: a = 1\na = 2", {}),
    ("if c: a = 1\nraise E", {}),
    ("if c:\n    with strange(): a = f()\n    print(a)", {}),
    ("if c: a = 1\ndef g(): return a", {}),
]


@pytest.mark.parametrize(("text", "names"), PERHAPS, ids=[text for text, _ in PERHAPS])
def test_names_that_are_perhaps_bound_and_not_read(text: str, names: dict[str, tuple[int, ...]]):
    """Whether such a name is an output shows when all that may bind it has run."""
    assert found(text).unread == names


UNWATCHED = [
    ("from m import *\nfor v in xs: a = v\na", True, {"v"}),
    ("for v in xs: a = v\na", False, {"v"}),
    ("for v in xs:\n    with strange(): a = f(v)\n    print(a)", True, {"a"}),
]


@pytest.mark.parametrize(("text", "watched", "inputs"), UNWATCHED)
def test_names_whose_statements_cannot_be_watched(text: str, watched: bool, inputs: set[str]):
    """They are settled nowhere; until they are bound, what was left under them is an input."""
    names = found(text, watched=watched)
    assert names.read["a"] == ()
    assert names.inputs == inputs


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("if c: a = 1\ndef g(): return a", {"a"}),
        ("for v in xs:\n    a = v\n    del a", {"a"}),
        ("try: f()\nexcept E as e: pass", {"e"}),
        ("for v in xs: a = v", set()),
        ("a = 1\ndef g(): return a", set()),
    ],
)
def test_names_of_which_what_was_left_counts(text: str, inputs: set[str]):
    """What functions of the cell may see at any time, and what is unbound again."""
    assert found(text).inputs == inputs
