"""Cells: what of their text counts, and which statements a hit runs again."""

from __future__ import annotations

import ast

import pytest

from zen_nb.identity.cell import CellFacts, read_cell


def read(text: str) -> CellFacts:
    return read_cell(ast.parse(text), ast.parse)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("x = 1", "x = 1  # one"),
        ("x = f(1, 2)", "x = f(\n    1,\n    2,\n)"),
        ("if a and b:\n    x = 1", "if (\n    a\n    and b\n):\n\n    x = 1"),
        ("x = 1", "x: int = 1"),
        ("def f(a): return a", "def f(a: int) -> int:\n    'doc'\n    return a"),
        ("class A:\n    k = 1", "class A:\n    'doc'\n    k = 1"),
        ("x = 'a'", 'x = "a"'),
        ("x = 1; y = 2", "x = 1\ny = 2"),
    ],
)
def test_looks_do_not_count(one: str, two: str):
    """Comments, layout, quotes, annotations and docstrings nobody reads leave no trace."""
    assert read(one).digest == read(two).digest


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("'a'", "'b'"),
        ("1", "x = 1"),
        ("def f():\n    'a'\nf.__doc__", "def f():\n    'b'\nf.__doc__"),
        ("@d\ndef f(): 'a'", "@d\ndef f(): 'b'"),
        ("@d\ndef f(a: int): pass", "@d\ndef f(a: str): pass"),
        ("class A(B):\n    'a'", "class A(B):\n    'b'"),
        ("class A(B):\n    k: int", "class A(B):\n    k: str"),
        ("x = 1\ny = 2", "y = 2\nx = 1"),
    ],
)
def test_what_can_be_seen_counts(one: str, two: str):
    """Shown constants, and documentation that something may read, are part of the cell."""
    assert read(one).digest != read(two).digest


DEFINED = [
    ("import a, b as c", "a c"),
    ("import a\na = 1", ""),
    ("import a.b\nimport a.c", "a"),
    ("def f(): return K", "f"),
    ("K = 1\ndef f(): return K", "f"),
    ("K = 1\ndef f(x=K): pass", ""),
    ("def f(x=[]): pass", "f"),
    ("def f(x=connect()): pass", ""),
    ("def f(): pass\nf.k = 1", ""),
    ("def f(): pass\nsetattr(f, 'k', 1)", ""),
    ("def f(): pass\nf = 1", ""),
    ("@dec\ndef f(): pass", "f"),
    ("@dec\ndef f(): return K\nK = 1", ""),
    ("def dec(g): return g\n@dec\ndef f(): pass", "dec f"),
    ("@singledispatch\ndef f(x): pass\n@f.register\ndef _(x: int): pass", ""),
    ("class A:\n    k = 1\n    def go(self): pass", "A"),
    ("class A:\n    k = print('made')", ""),
    ("class A(make()): pass", ""),
    ("class A: pass\nA.k = 1", ""),
    ("class A:\n    @classmethod\n    def go(cls): cls.n = 1", ""),
    ("class A:\n    v: list = field(default_factory=list)", "A"),
    ("if c:\n    def f(): pass", ""),
]


@pytest.mark.parametrize(("text", "names"), DEFINED, ids=[text for text, _ in DEFINED])
def test_definitions_that_a_hit_makes_again(text: str, names: str):
    """Only what needs nothing else of the cell, is not changed in it, and has no effects."""
    assert read(text).redefined == set(names.split())


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("get_ipython().system('ls')", "shell"),
        ("get_ipython().run_line_magic('matplotlib', 'inline')", ""),
        ("get_ipython().run_line_magic('who', '')", "%who"),
        ("y = Out[1]", "history"),
        ("y = input()", "interactive"),
        ("ip = get_ipython()", "get_ipython"),
    ],
)
def test_cells_that_cannot_be_replayed_are_refused(text: str, refused: str):
    """A cell that leaves Python or asks the person is refused with the reason."""
    reason = read(text).refusal
    assert refused in reason
    assert bool(reason) == bool(refused)
