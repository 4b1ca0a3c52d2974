"""Law: what was left under names that a step may bind is read exactly where a plain cell reads it."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.laws.test_correct_build import an_empty_store
from tests.notebook.world import Notebook

SETUP = """
from contextlib import suppress
class Quiet:
    def __enter__(self):
        return 7
    def __exit__(self, *_):
        return True
def look():
    return v
def drop():
    global w
    del w
xs, ys, t = [1, 2], [], 0
"""
name = st.sampled_from("vwi")
some = st.sampled_from(["xs", "ys", "range(len(xs))"])
small = st.integers(0, 2)
word = st.sampled_from(["'3'", "'q'"])

binding = st.one_of(
    st.builds("for {} in {}: pass".format, name, some),
    st.builds("for {} in {}:\n    {} = {} + 1".format, name, some, name, small),
    st.builds("for {0} in {1}:\n    {2} = {0}\n    print({2})".format, name, some, name),
    st.builds(
        "for {0} in {1}:\n    if {0} > {2}:\n        {3} = {0}\n        break\nelse:\n    {4} = 5".format,
        name,
        some,
        small,
        name,
        name,
    ),
    st.builds("for {0} in {1}:\n    {2} = max({2}, {0})".format, name, some, name),
    st.builds("for {} in {}:\n    {} += 1".format, name, some, name),
    st.builds("for {} in {}:\n    print({})\n    {} = 3".format, name, some, name, name),
    st.builds(
        "for {} in {}:\n    with Quiet() as {}:\n        {} = 1 // {}\n    print({})".format,
        name,
        some,
        name,
        name,
        small,
        name,
    ),
    st.builds("t = 0\nwhile t < len({}):\n    t += 1\n    {} = t".format, some, name),
    st.builds("if {}: {} = {}".format, some, name, small),
    st.builds("if {}:\n    {} = {}\nelse:\n    {} = 8".format, some, name, small, name),
    st.builds(
        "try:\n    {} = {}\n    {} = int({})\nexcept ValueError:\n    {} = 6".format,
        name,
        small,
        name,
        word,
        name,
    ),
    st.builds(
        "try:\n    {} = int({})\nexcept ValueError as {}:\n    pass".format, name, word, name
    ),
    st.builds("try:\n    {} = int({})\nfinally:\n    print({})".format, name, word, name),
    st.builds("with suppress(ValueError):\n    {} = int({})".format, name, word),
    st.builds("with Quiet() as {}:\n    {} = 1 // {}".format, name, name, small),
    st.builds("{} and ({} := {})".format, some, name, small),
    st.builds("[{0} for n in {1} if ({0} := n)]".format, name, some),
    st.builds("match {}:\n    case [{}, *_]: pass".format, some, name),
)
reading = st.one_of(
    st.builds("y = {}, {}".format, name, name),
    st.builds("print({})".format, name),
    st.builds("try:\n    print({})\nexcept NameError:\n    print('none')".format, name),
    st.builds("print('{}' in globals())".format, name),
)
meddling = st.one_of(
    st.builds("del {}".format, name),
    st.sampled_from(
        ["print(look())", "drop()", "y = eval('v')", "print(sorted({*globals()} & {*'vwi'}))"]
    ),
    st.builds("def f():\n    return {}\n{} = 1".format, name, name),
)
bodies = st.builds(
    "\n".join,
    st.tuples(
        st.one_of(binding, binding, binding, reading, meddling),
        st.one_of(binding, binding, reading, meddling),
        st.one_of(reading, binding),
        st.one_of(reading, name),
    ),
)
between = st.one_of(
    st.builds("{} = {}".format, name, small),
    st.builds("globals().pop('{}', None);".format, name),
    st.sampled_from(["xs = []", "xs = [2, 3]", "ys = [1]", "ys = []", "i, v = 'left', 4"]),
)
notebooks = st.tuples(
    st.lists(bodies, min_size=1, max_size=2),
    st.lists(st.one_of(between, st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=9),
)
_KEPT = ("v", "w", "i", "t", "y")


def seen_of(sources: list[str], *, with_steps: bool) -> tuple[list[object], list[str]]:
    """Return what each cell showed, raised and left; and what ran."""
    nb = Notebook(with_steps=with_steps)
    try:
        nb.cells(SETUP)
        seen: list[object] = []
        for source in sources:
            cell = nb.cell(source)
            assert all(about["role"] != "fault" for _, about in cell.said), cell.text
            held = {part: repr(nb.names[part]) for part in _KEPT if part in nb.names}
            seen.append((cell.shown, repr(cell.error), held))
        return seen, nb.log() if with_steps else []
    finally:
        nb.close()


@example(
    (
        ["print(sorted({*globals()} & {*'vwi'}))\nfor v in ys:\n    pass"],
        [0, "v = 1", 0],
    )
)
@example(
    (
        ["for v in ys:\n    if v > 0:\n        v = v\n        break\nelse:\n    i = 5\nprint(i)"],
        ["v = 0", 0, "globals().pop('v', None);", 0],
    )
)
@example(
    (
        ["for v in xs: pass\nfor i in xs:\n    with Quiet() as v: v = 1 // 0\n    print(v)"],
        ["v = 0", "xs = []", 0, "i, v = 'left', 4", 0],
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(notebooks)
def test_leftovers_are_read_where_a_plain_cell_reads_them(notebook):
    """Cold, warm, alternating, after leftovers came and went: page, error and names are equal."""
    steps, acts = notebook
    told = [act if isinstance(act, str) else act % len(steps) for act in acts]

    def cells(line: str) -> list[str]:
        return [
            act if isinstance(act, str) else f"{line.format(act)}\n{steps[act]}" for act in told
        ]

    mixed = cells("%%step s{}")
    mixed[::2] = [
        source.replace("\n", " --no-cache\n", 1) if source[0] == "%" else source
        for source in mixed[::2]
    ]
    with an_empty_store():
        expected, _ = seen_of(cells("# s{}"), with_steps=False)
        for sources in (cells("%%step s{}"), mixed, cells("%%step s{}")):
            seen, log = seen_of(sources, with_steps=True)
            assert seen == expected, (log, "\n\n".join(sources))
