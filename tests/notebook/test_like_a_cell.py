"""A ``%%step`` cell runs as the plain cell does."""

from __future__ import annotations

import sys

import pytest

CELLS = [
    "x = 1\nx + 1",
    "x = 1\nx + 1;",
    "1\n2\nprint('a')\n3",
    "x = 5",
    "None",
    "for i in range(2):\n    i",
    "import asyncio\nawait asyncio.sleep(0)\ny = 3\ny",
    "async def f():\n    return 4\nawait f()",
    "%%time\nq = 4\nq",
    "%%capture out\nprint('hidden')",
    "%%capture out\nprint('hidden')\nr = 1",
    "from IPython.display import display, HTML, clear_output\ndisplay(HTML('<b>x</b>'))\n5",
    "from IPython.display import display\nh = display('a', display_id='d1')\nh.update('b')\nprint('z')",
    "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('here')",
    "from IPython.display import clear_output\nprint('gone')\nclear_output(wait=True)\nprint('here')\n7",
    "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('out')",
    "'a' 'b'  # a comment ends it;",
    "x = '''\n%%step\n'''\nx",
    "def f():\n    '''Documented.'''\n    return 1\nf()",
    "[1, 2];",
    "%matplotlib --list",
    "a = !echo one\na",
    "get_ipython().run_cell('inner = 1\\ninner').success",
    "print('x', end='')\nprint('y')",
    "class R:\n    def __repr__(self):\n        return 'seen'\nR()",
    "raise SystemExit",
    "raise SystemExit(3)",
    "raise KeyboardInterrupt",
    "1/0",
    "def f():\n    raise ValueError('deep')\n\nf()",
    "x = (",
    "print('a')\nx = = 2",
    "return 1",
    "undefined_name",
]


def _after(nb):
    names = {
        name: repr(value)
        for name, value in nb.names.items()
        if name in "xyqriafhRn" or name in ("out", "inner")
    }
    count = nb.shell.execution_count
    hist = {number: repr(value) for number, value in nb.names["Out"].items() if number < count}
    return names.keys(), hist, repr(nb.names["_"]), nb.names["In"][-1].partition("\n")[2]


def _without_time(page):
    return [part for part in page if "time" not in str(part[-1])]


def _in_the_end(page):
    """Return what is on the page after its clears."""
    left, waiting = [], False
    for part in page:
        if part[0] == "clear" and part[1]:
            waiting = True
        elif part[0] == "clear":
            left, waiting = [], False
        elif waiting and part[0] != "update":
            left, waiting = [part], False
        else:
            left.append(part)
    return left


@pytest.mark.parametrize("cell", CELLS)
def test_the_page_the_namespace_and_the_history_are_the_same(fresh, cell):
    """Plain, run and hit: the same output, Out, _, names, error and count."""
    seen = []
    for line in ("# plain", "%%step s", "%%step s"):
        nb = fresh()
        magic = cell.startswith("%%")
        done = nb.cell(cell if magic and line == "# plain" else f"{line}\n{cell}")
        page = _in_the_end(_without_time(done.page))
        after = _after(nb)
        error = (
            type(done.error),
            str(done.error) if not isinstance(done.error, SyntaxError) else "",
        )
        seen.append((page, after[:3], error, repr(done.value)))
    assert seen[1] == seen[0]
    assert seen[2] == seen[0]


@pytest.mark.parametrize(
    "cell",
    [
        "1/0",
        "a = 1\n\n\nb = a / 0",
        "def f():\n    raise ValueError('deep')\n\nf()",
        "%%time\n1/0",
        "import json\njson.loads('{')",
        "await f()",
        "async def g():\n    raise KeyError('k')\nawait g()",
        "x = (",
        "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise RuntimeError('then') from e",
        "class A:\n    x = 1/0",
        "[1/0 for _ in (1,)]",
    ],
)
def test_tracebacks_are_the_plain_cell_s(fresh, cell):
    """The same text, numbers and lines; the first line shown is the magic line itself."""
    texts = []
    for line in ("# a plain line", "%%step s k=1"):
        nb = fresh()
        if cell.startswith("%%") and line.startswith("#"):
            continue
        texts.append(nb.cell(f"{line}\n{cell}").traceback.replace(line, "<line>"))
    assert len(set(texts)) == 1
    assert "zen_nb" not in texts[0]


def test_the_magic_line_is_shown_in_a_traceback(nb):
    """The source in a traceback is the page's."""
    done = nb.cell("%%step s gamma=1\n1/0")
    assert "%%step s gamma=1" in done.traceback
    assert "line 2" in done.traceback


def test_a_failing_hit_of_a_traceback_through_a_stored_function(nb):
    """A function that a hit brought back has the page's line in tracebacks."""
    cell = "%%step s\ndef f():\n    return 1/0"
    nb.cells(cell, cell)
    done = nb.cell("f()")
    assert "return 1/0" in done.traceback
    assert nb.log() == ["ran s", "cached s"]


def test_post_mortem_state(nb):
    """``%debug`` finds the user's own frame."""
    nb.cell("%%step s\ninner = 5\n1/0")
    frame = sys.last_traceback
    while frame.tb_next is not None:
        frame = frame.tb_next
    assert frame.tb_lineno == 3
    assert frame.tb_frame.f_globals["inner"] == 5
    assert sys.last_type is ZeroDivisionError


def test_an_error_is_never_cached(nb):
    """A step that raised runs again; the earlier record stays."""
    nb.cells("flag = 0", "%%step s\nx = 1 / (1 - flag)", "flag = 1")
    nb.cell("%%step s\nx = 1 / (1 - flag)")
    nb.cells("flag = 0", "%%step s\nx = 1 / (1 - flag)")
    assert nb.log() == ["ran s", "failed s", "cached s"]


def test_names_after_an_error_are_those_of_the_plain_cell(nb):
    """What the body did before it raised stays."""
    nb.cell("%%step s -> x\nx = 1\ntmp = 2\n1/0")
    assert nb["x"] == 1
    assert nb["tmp"] == 2


@pytest.mark.parametrize("setting", ["all", "last", "last_expr", "none", "last_expr_or_assign"])
def test_node_interactivity(fresh, setting):
    """``ast_node_interactivity`` applies to run and hit as to the plain cell."""
    pages = []
    for line in ("# plain", "%%step s", "%%step s"):
        nb = fresh()
        nb.shell.ast_node_interactivity = setting
        pages.append(nb.cells(f"{line}\n1\nx = 2\n3\ny = 4")[0].page)
    assert pages[0] == pages[1] == pages[2]


def test_node_interactivity_is_part_of_what_a_step_does(fresh):
    """A record made under another setting is not served."""
    nb = fresh()
    nb.cells("%%step s\n1\n2")
    nb = fresh()
    nb.shell.ast_node_interactivity = "all"
    page = nb.cells("%%step s\n1\n2")[0].shown
    assert page == [("result", "1"), ("result", "2")]


def test_a_trailing_semicolon_counts(nb):
    """``x;`` shows nothing, so it is not the step that shows x."""
    one, two, three = nb.cells("%%step s\nx = 1\nx", "%%step s\nx = 1\nx;", "%%step s\nx = 1\nx;")
    assert one.shown == [("result", "1")]
    assert two.shown == three.shown == []
    assert nb.log() == ["ran s", "ran s", "cached s"]


def test_results_are_in_out_and_underscore(nb):
    """Out[n], _ and _n hold the value after a run and after a hit."""
    for _ in range(2):
        nb.cells("%%step s\nrows = [1]\nrows")
        number = nb.shell.execution_count - 1
        assert nb["Out"][number] is nb["rows"]
        assert nb["_"] is nb["rows"]
        assert nb[f"_{number}"] is nb["rows"]
    assert nb.log() == ["ran s", "cached s"]


def test_history_holds_the_cell_as_written(nb):
    """In and the history hold the source with its magic line."""
    nb.cells("%%step s k=1\nx = k")
    assert nb["_i"] == "" or "%%step" in nb["_i1"] + nb["_i2"]
    assert "%%step s k=1" in nb["In"][-1]


def test_other_magics_beneath(nb):
    """``%%time`` beneath the line: its body is the step's, and hits."""
    one, two = nb.cells("%%step s\n%%time\nq = 3", "%%step s\n%%time\nq = 3")
    assert nb["q"] == 3
    assert nb.log() == ["ran s", "cached s"]
    assert one.shown == two.shown
    assert "time" in one.shown[0][1]


def test_a_nested_run_cell_is_not_the_step(nb):
    """A cell run from within a step, step line or not, leaves the outer step whole."""
    nb.cells("%%step outer\nget_ipython().run_cell('%%step inner\\nz = 1')\nw = 2")
    assert (nb["z"], nb["w"]) == (1, 2)
    assert nb.log() == ["ran outer"]


def test_run_of_a_file(nb, places):
    """``%run`` of a script and of a notebook's worth of steps works in a step and outside."""
    (places / "work" / "script.py").write_text("value = 41 + 1\n")
    nb.cells("%run script.py", "%%step s\n%run script.py\nv = value")
    assert nb["v"] == 42


def test_unload_leaves_nothing_behind(nb):
    """After ``%unload_ext`` the shell is as before ``%load_ext``, and ``%%step`` is unknown."""
    shell = nb.shell

    def places():
        return (
            [getattr(t, "__name__", t) for t in shell.input_transformer_manager.line_transforms],
            [getattr(t, "__name__", t) for t in shell.input_transformer_manager.cleanup_transforms],
            [getattr(t, "__name__", t) for t in shell.input_transformer_manager.token_transformers],
            list(shell.ast_transformers),
            {event: len(callbacks) for event, callbacks in shell.events.callbacks.items()},
            {kind: sorted(found) for kind, found in shell.magics_manager.magics.items()},
            sorted(shell.magics_manager.registry),
        )

    nb.cells("%unload_ext zen_nb")
    bare = places()
    done = nb.cell("%%step a\nx = 1")
    assert done.error is not None or "x" not in nb.names
    nb.cells(
        "%load_ext zen_nb", "%%step a\nx = 1", "%pipeline", "%pipeline run", "%unload_ext zen_nb"
    )
    assert places() == bare
    assert "step" not in shell.magics_manager.magics["cell"]


def test_reload_keeps_working(nb):
    """``%reload_ext`` gives a working zen_nb, once."""
    nb.cells("%%step a\nx = 1", "%reload_ext zen_nb", "%%step a\nx = 1")
    transforms = nb.shell.input_transformer_manager.line_transforms
    assert sum("transform_lines" in str(found) for found in transforms) == 1


def test_loading_twice_changes_nothing(nb):
    """``%load_ext`` again is harmless."""
    nb.cells("%load_ext zen_nb", "%%step a\nx = 1\nprint('once')")
    transforms = nb.shell.input_transformer_manager.line_transforms
    assert sum("transform_lines" in str(found) for found in transforms) == 1


def test_run_cell_without_history(nb):
    """A cell run silently or without history is a step all the same."""
    nb.shell.run_cell("%%step a\nx = 1", store_history=False)
    nb.shell.run_cell("%%step a\nx = 1", store_history=False)
    assert nb["x"] == 1
    assert nb.log() == ["ran a", "cached a"]


def test_a_step_while_others_transform_the_tree(nb):
    """Another AST transformer still gets its turn, before or after."""
    import ast

    class Doubling(ast.NodeTransformer):
        def visit_Constant(self, node):
            return (
                ast.copy_location(ast.Constant(node.value * 2), node)
                if isinstance(node.value, int)
                else node
            )

    nb.shell.ast_transformers.append(Doubling())
    nb.cells("%%step a\nx = 1")
    nb.shell.ast_transformers.pop()
    assert nb["x"] == 2
