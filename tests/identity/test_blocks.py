"""Compiled code is one machine however its text is broken into lines, and another if it does else."""

from __future__ import annotations

import ast
import dis
import random
import sysconfig
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.mutants import bracketed, broken, in_lines, mutants, without_docstrings
from zen_nb.identity.bytecode import facts
from zen_nb.identity.instructions import listing

PROGRAMS = {
    "conditions": """
        def f(a, b, c):
            if a and b or not c: return (a or b) and c
            while a and (b or c): a, b = b, a
            assert a or b, (a, c)
            return a if b and c else b if c or a else c
        """,
    "comprehensions": """
        def f(x, y):
            a = [v for v in (0, 1, x) if v and v > 1 or v is None]
            b = {v: w for v in x if v for w in y if w and not v}
            return sum(v for v in a if v is not None and v in b), {v or x for v in a}
        """,
    "comparisons": "def f(a, b, c):\n    if not a < b <= c != a: return a is None or a is b is not c",
    "swaps": """
        def f(a, b, c):
            a, b = b, a
            a, b, c = c, a, b
            (_, a), _, _, b = g(a), b, c, a
            _, _, d = g(c)
            for a, _, _ in c: [a, b], c = (b, a), a
            return a, b, c, d, _
        """,
    "loops": """
        def f(x):
            for i in x:
                for j in i:
                    if j: continue
                    if j is None: break
                    g(i, j)
                else: return i
            else:
                while x.go() and x:
                    while True:
                        if x.stop(): break
                    else: return 2
                    if not x: continue
                    g(x)
            return x
        """,
    "for ever": """
        def f(x):
            try:
                while True: pass
            except KeyboardInterrupt: return x
        def g(x):
            while 1:
                try: x()
                except OSError: continue
                finally:
                    if x: break
                x.more()
        """,
    "exceptions": """
        def f(x):
            try: y = x()
            except (KeyError, OSError) as e:
                if e and x or y: raise
                return e
            except ValueError: raise TypeError(x) from None
            else: y = x.more() and y
            finally:
                x.close() if x and y else g()
            return y
        """,
    "groups": """
        def f(x):
            try: x()
            except* OSError as group: g(group)
            except* (ValueError, KeyError): return_ = x and group
            finally: del x
            return return_
        """,
    "finally": """
        def f(x):
            for i in x:
                try:
                    try:
                        if i and x: return i
                        elif i is None: continue
                        g(i)
                    finally: x.one()
                except OSError: break
                finally: x.two(i) or x.three()
            return g(x)
        """,
    "with": """
        def f(x):
            with x.open() as (a, b), x.lock:
                if a and b: return a
                with g(a) as c: g(c)
            return x and b
        """,
    "match": """
        def f(x):
            match x:
                case [a, b, *rest] if a and b: return b, a, rest
                case {"k": v, **more} | {"l": v, **more}: return more or v
                case C(a=1 | 2 as n, b=(m, None)): return n if m or n else m
                case str() | bytes(): y = x
                case _: y = None
            return y
        """,
    "generators": """
        def f(x):
            got = yield x and x.first
            while (got := (yield got or x)) is not None and got:
                try: yield from g(got)
                except GeneratorExit: return
                finally: x.close()
            return (yield)
        """,
    "async": """
        async def f(x):
            async with x as a, g(x): await a or x
            async for i in x:
                if i and a: continue
                try: yield await i
                finally: await x.close()
            else: b = [j async for j in x if j or await a]
            c = [await j for j in b if j]
        """,
    "classes": """
        class C(B, metaclass=M):
            n: int = 1
            if n and B: m = 2
            def f(self): return super().f() and self.x or __class__
            @property
            def g(self): self.y = self.x = self.z = self.f(*self.a, k=1, **self.k)
        """,
    "calls": """
        def f(x, *a, k=1, **m):
            global n
            n, x.y, x[1:k], x.z = x, n, a, m
            del x.y, x[0]
            x.y += k; x[k] -= 1; k //= x
            print(f"{x!r:>{k}} {k + 1}" "more" f"{a}", *a, sep="" if k else n, **m)
            return lambda y=k: y and x or (lambda: n)()
        """,
}
CASES = {name: textwrap.dedent(text).strip() for name, text in PROGRAMS.items()}

LIBRARY = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))


def digest(source: str) -> str:
    return facts(compile(source, "<text>", "exec")).digest


def functions(share: int) -> Iterator[ast.Module]:
    """Yield each `share`-th function of the standard library, as a program of its own."""
    count = 0
    for path in LIBRARY:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                count += 1
                if count % share == 0:
                    yield without_docstrings(ast.Module([node], []))


def compiled(tree: ast.Module) -> CodeType | None:
    """Compile all in one line; None for what Python refuses."""
    try:
        return in_lines(tree, lambda: 1)
    except SyntaxError:
        return None


def plain(code: CodeType) -> object:
    """Return all that is compiled and used."""
    used = [
        (
            step.opname,
            plain(step.argval) if isinstance(step.argval, CodeType) else repr(step.argval),
        )
        for step in dis.get_instructions(code)
    ]
    return used, code.co_exceptiontable, code.co_flags, code.co_varnames[: code.co_argcount]


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=25)
@given(seed=st.integers(0), lines=st.integers(1, 60))
def test_each_part_may_stand_on_a_line_of_its_own(name: str, seed: int, lines: int):
    """Whatever lines the parts of a statement stand on, what it does is the same."""
    chance, tree = random.Random(seed), ast.parse(CASES[name])
    spread = facts(in_lines(tree, lambda: chance.randint(1, lines))).digest
    assert spread == facts(in_lines(tree, lambda: 1)).digest


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=5)
@given(seed=st.integers(0))
def test_text_may_be_broken_bracketed_and_written_anew(name: str, seed: int):
    """Breaking lines in brackets, adding brackets and formatting leave no trace."""
    chance, source = random.Random(seed), CASES[name]
    again = [ast.unparse(ast.parse(source)), broken(source, chance)]
    with_brackets = source if name == "match" else bracketed(source)
    again += [with_brackets, broken(with_brackets, chance)]
    assert {digest(text) for text in again} == {digest(source)}


def test_functions_of_the_standard_library_may_be_written_in_other_lines():
    """The same holds for functions that nobody wrote for this test."""
    chance = random.Random(1)
    found = []
    for tree in functions(share=25):
        one = compiled(tree)
        if one is not None:
            again = facts(compile(ast.unparse(tree), "<text>", "exec"))
            spread = facts(in_lines(tree, lambda: chance.randint(1, 4)))
            found.append((tree.body[0].name, {again.digest, spread.digest, facts(one).digest}))
    assert len(found) > 100
    assert [name for name, digests in found if len(digests) > 1] == []


def is_dead(node: ast.AST) -> bool:
    """Tell whether a branch is one that no run takes: what changes in it changes nothing."""
    return isinstance(node, ast.If) and "0 and" in ast.unparse(node.test)


def same_in_spite_of_a_change(tree: ast.Module) -> Iterator[str]:
    """Yield the changes after which a program is compiled to something else of the same digest."""
    before = compiled(tree)
    for name, changed in mutants(tree):
        after = compiled(changed)
        if after is None or before is None or plain(after) == plain(before):
            continue
        if facts(after).digest == facts(before).digest:
            yield name


@pytest.mark.parametrize("name", CASES)
def test_every_change_shows(name: str):
    """An operator, a constant, a name, a branch, a line taken out or moved: each is another digest."""
    assert list(same_in_spite_of_a_change(ast.parse(CASES[name]))) == []


def test_every_change_shows_in_functions_of_the_standard_library():
    """The same holds for functions that nobody wrote for this test."""
    trees = [tree for tree in functions(share=150) if len(list(ast.walk(tree))) < 200]
    trees = [tree for tree in trees if not any(map(is_dead, ast.walk(tree)))]
    assert len(trees) > 20
    assert [name for tree in trees for name in same_in_spite_of_a_change(tree)] == []


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("while a and b: f()\nelse: g()", "while a: \n  if not b: break\n  f()\nelse: g()"),
        ("try: f()\nexcept E: pass\ng()", "try:\n  f()\n  g()\nexcept E: pass"),
        ("try: f()\nfinally: g()", "try: f()\nexcept E: g()\nelse: g()"),
        ("while True: pass", "while True: f()"),
        ("try:\n  while True: pass\nexcept E: f()", "while True: pass"),
        ("with a: f()\nf()", "with a:\n  f()\n  f()"),
        ("for i in a: f()\nelse: g()", "for i in a: f()\ng() if i else g()"),
        ("for i in a:\n  while b: f()", "for i in a:\n  if b: f()"),
        ("while a:\n  f()\n  f()", "while a:\n  f()"),
        ("x = a and b", "x = bool(a and b)"),
        ("if a: f()\nif a: g()", "if a:\n  f()\n  g()"),
        ("f() if a or b else g()", "f() if a and b else g()"),
    ],
)
def test_neighbours_are_told_apart(one: str, two: str):
    """Programs that come close to each other have digests of their own."""
    assert digest(one) != digest(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("def f(a):\n  if a: return g()\n  return h()", "def f(a):\n  if a: return g()\n  else: return h()"),
        ("def f(a):\n  if not a: h()\n  else: g()", "def f(a):\n  if a: g()\n  else: h()"),
        ("def f(a):\n  while a():\n    g()", "def f(a):\n  while True:\n    if not a(): break\n    g()"),
    ],
)  # fmt: skip
def test_what_goes_on_alike_is_one(one: str, two: str):
    """Two ways to write one flow of control are one machine."""
    assert digest(one) == digest(two)


def test_long_alike_code_in_a_loop_ends():
    """Hundreds of equal statements in a loop are told apart by what comes after them."""
    many = "while a:\n" + "  a.go()\n" * 300
    assert digest(many) != digest(many + "  a.go()\n")


def test_instructions_are_read_as_dis_reads_them():
    """Names and the targets of jumps are those that the standard library finds."""
    for tree in functions(share=97):
        code = compiled(tree)
        for part in code.co_consts if code else ():
            if isinstance(part, CodeType):
                found = listing(part)
                known = list(dis.get_instructions(part))
                targets = {
                    step.argval for step in known if step.opcode in (*dis.hasjrel, *dis.hasjabs)
                }
                assert {step.target for step in found.steps if step.target >= 0} == targets
                names = {step.argval for step in known if step.opcode in dis.hasname}
                assert names <= {
                    step.argval for step in found.steps if step.op not in ("LOAD_CONST", "KW_NAMES")
                }
