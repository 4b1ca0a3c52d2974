"""Definite assignment: which names a cell reads from outside, and which it surely binds before."""

from __future__ import annotations

import ast

import pytest

from zen_nb.identity.flow import Flow


def reads(text: str) -> set[str]:
    flow = Flow()
    flow.walk(ast.parse(text).body)
    return set(flow.reads)


CASES = [
    ("x = 1\nx", ""),
    ("x\nx = 1", "x"),
    ("x += 1", "x"),
    ("x: int = 1\nx", ""),
    ("x: int\nx", "x"),
    ("a, *b = c\na, b", "c"),
    ("a[0] = b", "a b"),
    ("a.z += b", "a b"),
    ("del a", "a"),
    ("a = 1\ndel a\na", "a"),
    ("if c: a = 1\nelse: a = 2\na", "c"),
    ("if c: a = 1\na", "a c"),
    ("if c: a = 1\nelse: raise E\na", "E c"),
    ("for i in xs: a = i\na, i", "a i xs"),
    ("for i in (1, 2): a = i\na, i", ""),
    ("for i in range(3): a = i\na", "range"),
    ("for i in range(0): a = i\na", "a range"),
    ("for i in (1, 2):\n    if c: continue\n    a = i\na", "a c"),
    ("for i in (1, 2):\n    a = i\n    if c: break\na", "c"),
    ("for i in (1, 2):\n    a = 1\n    b = a\n    del a\na", "a"),
    ("while c: a = 1\na", "a c"),
    ("while True:\n    a = 1\n    if c: break\na", "c"),
    ("while True:\n    if c: break\n    a = 1\na", "a c"),
    ("try: a = f()\nexcept E: a = 1\na", "E f"),
    ("try: a = f()\nexcept E: pass\na", "E a f"),
    ("try: a = f()\nexcept E: raise\na", "E f"),
    ("try: a = f()\nfinally: b = 1\na, b", "f"),
    ("try:\n    f()\nexcept E as e: e\ne", "E e f"),
    ("with open(p) as h: a = h\na, h", "open p"),
    ("with suppress(E): a = f()\na", "E a f suppress"),
    ("match p:\n    case (a, b): y = 1\n    case _: y = 2\ny", "p"),
    ("match p:\n    case (a, b): y = 1\ny", "p y"),
    ("match p:\n    case C(v=a) if g(a): pass", "C g p"),
    ("(w := f())\nw", "f"),
    ("c and (w := 1)\nw", "c w"),
    ("(w := 1) and c\nw", "c"),
    ("y = 1 if c else (w := 2)\nw", "c w"),
    ("[y for x in xs if (y := x)]", "xs"),
    ("[y for x in xs if (y := x)]\ny", "xs y"),
    ("[K + x for x in xs]", "K xs"),
    ("x = 1\n{x: x for x in xs}", "xs"),
    ("f = lambda a: a + K\nK = 1\nf(2)", ""),
    ("f = lambda a: a + K\nf(2)\nK = 1", "K"),
    ("g = map(lambda a: a + K, xs)", "K map xs"),
    ("def f(a=D): return K", "D"),
    ("def f(): return K\nf()", "K"),
    ("def f(): return K\nK = 1\nf()", ""),
    ("def f(): return g()\ndef g(): return K\nf()", "K"),
    ("def f(): return g()\ndef g(): return f()\nf()", ""),
    ("@d\ndef f(): return K", "K d"),
    ("if c:\n    def f(): return A\nelse:\n    def f(): return B\nf()", "A B c"),
    ("class A(B, metaclass=M):\n    k = K\n    def go(self): return L", "B K M"),
    ("class A:\n    k = 1\n    j = k\n    def go(self): return L\nA()", "L"),
    ("import a.b as c, d.e\nc, d", ""),
    ("from m import x as y\ny", ""),
    ("async def f(): return K\nawait f()", "K"),
    ("assert a, b", "a b"),
    ("f'{a:>{b}}'", "a b"),
    ("globals()['K']", "K globals"),
    ("'K' in globals()", "K globals"),
    ("raise E\nx", "E"),
]


@pytest.mark.parametrize(("text", "names"), CASES, ids=[text for text, _ in CASES])
def test_reads_are_what_may_be_unbound(text: str, names: str):
    """A name is read from outside exactly where some way leads to it unbound."""
    assert reads(text) == set(names.split())


def test_bound_names_are_those_of_every_read():
    """With each read go the names that were bound every time it happened."""
    flow = Flow()
    flow.walk(ast.parse("if c:\n    K = 1\n    f()\nelse:\n    f()").body)
    assert flow.reads["f"] == frozenset()


def test_star_imports_own_what_is_read_after_them():
    """Names first read after a star import may come from it; those read before cannot."""
    flow = Flow()
    flow.walk(ast.parse("a\nfrom m import *\nb").body)
    assert flow.stars == {("m", 0): {"b"}}


def test_functions_nobody_called_are_remembered():
    """What a function of the cell reads is known, for code outside that calls it."""
    flow = Flow()
    flow.walk(ast.parse("J = 1\ndef f(): return K + J").body)
    assert flow.reads == {}
    assert flow.deferred == {"f": {"J": frozenset({"J"}), "K": frozenset({"J"})}}
