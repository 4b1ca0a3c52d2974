"""Code objects: what does something else has another digest, what only looks so has not."""

from __future__ import annotations

import textwrap
from types import CodeType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zen_nb.identity.bytecode import Imported, facts


def code_of(text: str) -> CodeType:
    """Compile a text whose first definition is meant."""
    module = compile(textwrap.dedent(text), "<text>", "exec")
    return next(part for part in module.co_consts if isinstance(part, CodeType))


def digest(expression: str) -> str:
    return facts(compile(f"x = {expression}", "<text>", "exec")).digest


CONSTANTS = [
    "1", "True", "1.0", "'1'", "b'1'", "0.0", "-0.0", "0j", "-0j", "None", "...", "(1,)", "((1,),)",
    "(1, 2)", "(1, (2,))", "('ab', 'c')", "('a', 'bc')", "'a\\nb'", "'a\\\\nb'", "1e400", "1e400 - 1e400",
    "2**70", "'(1,)'", "f(a=1, b=2)", "f(b=1, a=2)", "f(1, b=2)", "f(1, 2)", "f(*a)", "f(**a)",
    "a.b()", "a.b", "a.c", "a[1]", "x in {1, 2}", "x in {1, 3}", "x not in {1, 2}", "x < 1", "x <= 1",
    "lambda a: a", "lambda b: b", "lambda *a: a", "lambda *, a: a", "lambda a, /: a", "[i for i in a]",
    "{i for i in a}", "(i for i in a)",
]  # fmt: skip


def test_constants_and_calls_are_told_apart():
    """No two of many look-alike expressions have one digest."""
    found = {expression: digest(expression) for expression in CONSTANTS}
    assert len(set(found.values())) == len(CONSTANTS)


@given(st.text(max_size=8), st.text(max_size=8))
def test_texts_never_run_into_each_other(one: str, two: str):
    """Code with two text constants tells where one ends and the next begins."""
    whole = one + two
    pairs = {(whole[:cut], whole[cut:]) for cut in range(len(whole) + 1)}
    assert len({digest(f"[{a!r}, f({b!r})]") for a, b in pairs}) == len(pairs)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("def f(a):\n    b = a\n    return b", "def f(a):\n    c = a\n    return c"),
        ("def f(a):\n    return a", "def f(a):\n    'doc'\n    return a"),
        ("def f(a):\n    return a", "def f(a: int) -> int:\n    return a"),
        ("def f(a):\n    return a", "\n\n\n\ndef f(a):\n\n    return a  # so"),
        (
            "def f(a):\n    if a: pass\n    return a",
            "def f(a):\n    if a:\n        pass\n    return a",
        ),
        (
            "def f(a):\n    b = 1\n    return lambda: b",
            "def f(a):\n    c = 1\n    return lambda: c",
        ),
        ("def f(a):\n    return a in {'x', 'y'}", "def f(a):\n    return a in {'y', 'x'}"),
        ("def f(a):\n    return a in {'x', 'y'}", "def g(a):\n    return a in {'x', 'y'}"),
    ],
)
def test_what_cannot_matter_leaves_no_trace(one: str, two: str):
    """Layout, docstrings, annotations, names of locals and the function's own name do not count."""
    assert facts(code_of(one)).digest == facts(code_of(two)).digest


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("def f(a):\n    b = a\n    return locals()", "def f(a):\n    c = a\n    return locals()"),
        ("def f(a):\n    def g(): pass\n    return g", "def f(a):\n    def h(): pass\n    return h"),
        ("def f(a): return a", "def f(b): return b"),
        ("def f(a): return a", "async def f(a): return a"),
        ("def f(a):\n    try:\n        a()\n    finally:\n        a = 1", "def f(a):\n    a()\n    a = 1"),
        ("def f(a):\n    for i in a:\n        if i: break\n    else:\n        return 1",
         "def f(a):\n    for i in a:\n        if i: continue\n    else:\n        return 1"),
    ],
)  # fmt: skip
def test_what_can_matter_counts(one: str, two: str):
    """Visible names, kinds of functions and where exceptions and loops go count."""
    assert facts(code_of(one)).digest != facts(code_of(two)).digest


def test_attributes_are_taken_with_their_name():
    """A global is known with the attributes taken from it at once."""
    found = facts(code_of("def f():\n    return np.random.rand(1) + K"))
    assert found.chains == (("np", "random", "rand"), ("K",))


def test_imports_tell_what_is_used():
    """Of a module imported inside, the parts taken are known, through comprehensions too."""
    text = """
    def f(xs):
        import mylib, pkg.sub, pkg.other as o
        from m import g as h, unused
        return [mylib.f(x) for x in xs], pkg.sub.k, o.z(h.deep)
    """
    found = {part.alias: part.chains for part in facts(code_of(text)).imports}
    assert found == {
        "mylib": (("f",),),
        "pkg": (("sub", "k"),),
        "o": (("z",),),
        "h": (("g", "deep"),),
        "unused": (("unused",),),
    }


def test_module_that_goes_elsewhere_counts_whole():
    """A module that is passed on, captured or never used is taken as a whole."""
    found = facts(code_of("def f():\n    import a, b\n    g(a)\n    return a.x")).imports
    assert [() in part.chains for part in found] == [True, True]


def test_dotted_import_without_use_means_the_submodule():
    """``import a.b`` alone is a wish for what importing ``a.b`` does."""
    (found,) = facts(code_of("def f():\n    import a.b")).imports
    assert found == Imported("a.b", 0, (), "a", is_global=False, binds_root=True)
    assert found.chains == (("b",),)


@pytest.mark.parametrize(
    ("text", "whole", "names"),
    [
        ("globals()['K']", False, {"K"}),
        ("globals().get('K')", False, {"K"}),
        ("'K' in globals()", False, {"K"}),
        ("dict(globals())", True, set()),
        ("globals()[k]", True, set()),
        ("vars(a)", False, set()),
        ("locals()", False, set()),
    ],
)
def test_globals_asked_by_name_are_one_name(text: str, whole: bool, names: set[str]):
    """A constant key is one global name; anything else is the whole namespace."""
    found = facts(code_of(f"def f(a, k):\n    return {text}"))
    assert found.reads_scope is whole
    assert names <= {chain[0] for chain in found.chains}
