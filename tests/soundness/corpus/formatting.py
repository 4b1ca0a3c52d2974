"""The same code as a formatter would lay it out, each with a neighbour that does something else."""

from __future__ import annotations

import textwrap

from tests.soundness.scenario import RERUN, SAME, Scenario
from tests.soundness.scenario import scenario as _

# What it is, a function, a part of it, the same part laid out anew, and a part that matters.
FORMS = [
    (
        "comprehension's condition",
        "def f(x):\n    return [v for v in (0, 1, x) if v and v > 1]",
        ("v and v > 1", "v and\n            v > 1", "v and v > 0"),
    ),
    (
        "generator's condition",
        "def f(x):\n    return sum(v for v in range(9) if v and v % x)",
        ("if v and v % x", "\n        if v\n        and v % x\n    ", "if v and not v % x"),
    ),
    (
        "dict comprehension",
        "def f(x):\n    return {v: v or x for v in range(3) if v or not v}",
        ("{v: v or x for", "{\n        v: v\n        or x\n        for", "{v: v and x for"),
    ),
    (
        "returned condition",
        "def f(x):\n    return x and x + 1",
        ("x and x + 1", "(\n        x\n        and x + 1\n    )", "x and x + 2"),
    ),
    (
        "condition of if",
        "def f(x):\n    if x and x > 1 or not x: return 1\n    return 2",
        ("x and x > 1 or not x", "(x\n        and x > 1\n        or not x)", "x and (x > 2 or not x)"),
    ),
    (
        "condition of while",
        "def f(x):\n    n = 0\n    while n < 9 and x:\n        n += x\n    return n",
        ("while n < 9 and x", "while (\n        n < 9\n        and x\n    )", "while n < 5 and x"),
    ),
    (
        "chained comparison",
        "def f(x):\n    return not 0 < x < 3 or x",
        ("not 0 < x < 3 or x", "(not 0\n        < x\n        < 3\n        or x)", "not 0 < x <= 2 and x"),
    ),
    (
        "assertion",
        "def f(x):\n    assert x and x > 1, 'small'\n    return x",
        ("assert x and x > 1, 'small'", "assert (\n        x\n        and x > 1\n    ), 'small'", "assert x or x > 1, 'small'"),
    ),
    (
        "lambda",
        "f = lambda x: x and x - 1",
        ("lambda x: x and x - 1", "(\n    lambda x: x\n    and x - 1\n)", "lambda x: x and x - 0"),
    ),
    (
        "nested ternaries",
        "def f(x):\n    return 'a' if x > 2 and x else 'b' if x > 1 or not x else 'c'",
        (
            "'a' if x > 2 and x else 'b' if",
            "'a' if (\n        x > 2\n        and x\n    ) else 'b' if \\\n        ",
            "'b' if x > 2 and x else 'a' if",
        ),
    ),
    (
        "texts side by side",
        "def f(x):\n    return 'a' 'b' * x",
        ("'a' 'b' * x", "(\n        'a'\n        'b'\n        * x\n    )", "'a' + 'b' * x"),
    ),
    (
        "trailing comma of a call",
        "def f(x):\n    return max(x, 1)",
        ("max(x, 1)", "max(\n        x,\n        1,\n    )", "max((x, 1),)"),
    ),
    (
        "trailing comma of a tuple",
        "def f(x):\n    return (x, 1)",
        ("(x, 1)", "(\n        x,\n        1,\n    )", "((x, 1),)"),
    ),
    (
        "trailing comma of parameters",
        "def f(x, a=1):\n    return x + a",
        ("(x, a=1)", "(\n    x,\n    a=1,\n)", "(x, a=2)"),
    ),
    (
        "imports in brackets",
        "def f(x):\n    from math import floor, ceil\n    return ceil(x / 3), floor(x / 3)",
        ("floor, ceil\n", "(\n        floor,\n        ceil,\n    )\n", "ceil as floor, floor as ceil\n"),
    ),
    (
        "backslash",
        "def f(x):\n    return x + 1 - 2",
        ("x + 1 - 2", "x \\\n        + 1 \\\n        - 2", "x + (1 - 3)"),
    ),
    (
        "decorator",
        "def f(x):\n    from functools import lru_cache\n    @lru_cache(maxsize=2, typed=True)\n    def g(x): return x\n    return g(x), g.cache_parameters()",
        ("(maxsize=2, typed=True)", "(\n        maxsize=2,\n        typed=True,\n    )", "(maxsize=3, typed=True)"),
    ),
    (
        "chained methods",
        "def f(x):\n    return 'a b'.strip().upper().split()",
        (
            "'a b'.strip().upper().split()",
            "(\n        'a b'\n        .strip()\n        .upper()\n        .split()\n    )",
            "'a b'.strip().lower().split()",
        ),
    ),
    (
        "dict literal",
        "def f(x):\n    return {'a': x or 1, 'b': [x, 2]}",
        (
            "{'a': x or 1, 'b': [x, 2]}",
            "{\n        'a': x\n        or 1,\n        'b': [\n            x,\n            2,\n        ],\n    }",
            "{'b': [x, 2], 'a': x or 1}",
        ),
    ),
    (
        "f-string",
        "def f(x):\n    return f'{x:>4}' f'{x + 1}'",
        ("f'{x:>4}' f'{x + 1}'", '(\n        f"{x:>4}"\n        f"{x + 1}"\n    )', "f'{x:>4}' f' {x + 1}'"),
    ),
    (
        "quotes and numbers",
        "def f(x):\n    return 'it\\'s', 0xFF, 1_000, 1E3",
        ("'it\\'s', 0xFF, 1_000, 1E3", '"it\'s", 255, 1000, 1e3', "'it\\'s', 255, 1000, 1000"),
    ),
    (
        "try and finally",
        "def f(x):\n    try: return x and g(x)\n    except NameError: return 0\n    finally: x = 1",
        (
            "return x and g(x)\n    except NameError: return 0",
            "\n        return (\n            x\n            and g(x)\n        )\n\n    except NameError:\n        return 0",
            "return x and g(x)\n    except NameError: return 1",
        ),
    ),
    (
        "with",
        "def f(x):\n    from contextlib import nullcontext\n    with nullcontext(x) as a, nullcontext(1) as b: return a and b",
        (
            "nullcontext(x) as a, nullcontext(1) as b: return a and b",
            "(\n        nullcontext(x) as a,\n        nullcontext(1) as b,\n    ):\n        return (\n            a\n            and b\n        )",
            "nullcontext(x) as b, nullcontext(1) as a: return a and b",
        ),
    ),
    (
        "match",
        "def f(x):\n    match [x, 1]:\n        case [a, b] if a and b: return b, a\n        case _: return 0",
        (
            "case [a, b] if a and b: return b, a",
            "case [\n            a,\n            b,\n        ] if (\n            a\n            and b\n        ):\n            return b, a",
            "case [b, a] if a and b: return b, a",
        ),
    ),
    (
        "swapped names",
        "def f(x):\n    a, b, c = x, 1, 2\n    a, b, c = c, a, b\n    return a, b, c",
        (
            "a, b, c = c, a, b",
            "(\n        a,\n        b,\n        c,\n    ) = (\n        c,\n        a,\n        b,\n    )",
            "a, b, c = b, c, a",
        ),
    ),
    (
        "jumps in a loop",
        "def f(x):\n    n = 0\n    for i in range(9):\n        if i and i % x: continue\n        if i > 5 or n > 9: break\n        n += i\n    else: n = -1\n    return n",
        (
            "if i and i % x: continue\n        if i > 5 or n > 9: break",
            "if (\n            i\n            and i % x\n        ):\n            continue\n\n        if (i > 5\n                or n > 9):\n            break",
            "if i and i % x: continue\n        if i > 5 or n > 9: continue",
        ),
    ),
]  # fmt: skip


def _in_a_module(name: str, source: str, part: tuple[str, str], rerun: bool) -> Scenario:
    module = {"mylib.py": f"{source}\n"}
    return _(name, rerun, "import mylib", part, step="y = mylib.f(2)", modules=module)


def _in_a_method(name: str, source: str, part: tuple[str, str], rerun: bool) -> Scenario:
    lines = ("@staticmethod\n" if source.startswith("def ") else "") + source
    before, after = (textwrap.indent(text, "    ").lstrip(" ") for text in part)
    setup = f"class C:\n{textwrap.indent(lines, '    ')}"
    return _(name, rerun, setup, (before, after), step="y = C.f(2)")


def _in_the_step(name: str, source: str, part: tuple[str, str], rerun: bool) -> Scenario:
    return _(name, rerun, "", part, step=f"{source}\ny = f(2)")


def _in_a_helper(name: str, source: str, part: tuple[str, str], rerun: bool) -> Scenario:
    return _(name, rerun, source, part)


def _everywhere() -> list[Scenario]:
    """Return each form in a helper, and in turn in a module, in a method and in the step itself."""
    found = []
    for number, (name, source, (part, again, other)) in enumerate(FORMS):
        where = (_in_a_module, _in_a_method, _in_the_step)[number % 3]
        place = where.__name__.replace("_", " ").strip()
        found += [
            _in_a_helper(f"{name}: laid out anew", source, (part, again), SAME),
            _in_a_helper(f"{name}: changed", source, (part, other), RERUN),
            where(f"{name}: laid out anew {place}", source, (part, again), SAME),
            where(f"{name}: changed {place}", source, (part, other), RERUN),
        ]
    return found


SCENARIOS = _everywhere()
