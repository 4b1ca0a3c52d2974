"""What a real kernel shows is recorded in order and shown again alike."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.slow

DRIVER = """
import sys, os, json
sys.path.insert(0, {root!r})
from zen_nb.observe.display import KernelCapture, capture_for
from zen_nb.observe.replay import replay, settle_figures
from zen_nb.observe.transcript import Transcript
shell = get_ipython()
state = {{}}
def before(information):
    if (information.raw_cell or "").startswith("# record"):
        state["capture"] = KernelCapture(shell)
        state["capture"].start()
def after(result):
    capture = state.pop("capture", None)
    if capture is not None:
        state["shown"] = capture.stop().to_bytes()
        state["results"] = list(capture.results)
        state["refusals"] = capture.refusals
shell.events.register("pre_run_cell", before)
shell.events.register("post_run_cell", after)
"""

AGAIN = "replay(Transcript.from_bytes(state['shown']), shell, state['results'])"


class Kernel:
    """A running kernel, and what its cells show as the page gets it."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        # A kernel that believes to run inside pytest does not watch its descriptors.
        env = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        self.manager.start_kernel(extra_arguments=["--log-level=50"], env=env)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str) -> list[dict]:
        """Execute a cell; return what it showed as notebook outputs, without numbers."""
        shown: list[dict] = []
        reply = self.client.execute_interactive(
            code, timeout=60, output_hook=lambda message: _take(shown, message)
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return shown

    def value(self, expression: str) -> str:
        """Return the text of an expression."""
        outputs = self.run(f"print({expression}, end='')")
        return outputs[0]["text"] if outputs else ""

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def _take(shown: list[dict], message: dict) -> None:
    kind, content = message["msg_type"], message["content"]
    if kind == "stream":
        last = shown[-1] if shown else {}
        if last.get("type") == "stream" and last["name"] == content["name"]:
            last["text"] += content["text"]
        else:
            shown.append({"type": kind, "name": content["name"], "text": content["text"]})
    elif kind in ("display_data", "update_display_data", "execute_result"):
        transient = content.get("transient") or {}
        shown.append(
            {"type": kind, "data": content["data"], "metadata": content["metadata"]}
            | ({"transient": transient} if transient else {})
        )
    elif kind == "clear_output":
        shown.append({"type": kind, "wait": content["wait"]})


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    kernel = Kernel()
    root = str(Path(__file__).resolve().parents[2])
    kernel.run(f"import os; os.chdir({str(tmp_path_factory.mktemp('cwd'))!r})")
    kernel.run(DRIVER.format(root=root))
    yield kernel
    kernel.stop()


CELLS = {
    "prints": "print('a'); print('b', file=sys.stderr); print('c')",
    "displays": (
        "from IPython.display import display, HTML\nprint(1)\ndisplay(HTML('<b>x</b>'))\nprint(2)"
    ),
    "result": "print('first')\n[1, 2, 3]",
    "updates": (
        "from IPython.display import display\n"
        "handle = display('one', display_id='shown-once')\nprint('between')\nhandle.update('two')"
    ),
    "system": "import os\nprint('before')\nos.system('echo from a program');",
    "subprocess": "import subprocess\nx = subprocess.run(['echo', 'child'], check=True)",
    "threads": (
        "import threading\nfrom IPython.display import display\n"
        "def work():\n    print('in a thread')\n    display('shown by a thread')\n"
        "t = threading.Thread(target=work); t.start(); t.join(); print('joined')"
    ),
    "frame": "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
    "figure": (
        "import matplotlib.pyplot as plt\n"
        "plt.figure(figsize=(1, 1)); plt.plot([1, 2]); print('a figure follows')"
    ),
    "descriptor": "import os\nos.write(1, b'raw\\n');",
    "await": "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')\n'value'",
    "unicode": "print('\\u00e9\\u4e2d\\U0001f600')",
}


@pytest.mark.parametrize("name", CELLS)
def test_a_replay_shows_what_the_run_showed(kernel, name):
    """The page gets the same outputs in the same order from a replay as from the run."""
    live = kernel.run("# record\n" + CELLS[name])
    assert live
    assert kernel.run(AGAIN) == live


def test_output_of_programs_is_never_lost(kernel):
    """Twenty cells that end in a program's output all have it in their transcript."""
    for number in range(20):
        kernel.run(f"# record\nimport os; os.system('echo program {number}');")
        text = kernel.value("Transcript.from_bytes(state['shown']).text()")
        assert text == f"program {number}\n"


def test_a_mark_behind_output_is_never_shown(kernel):
    """What waits for the descriptors leaves no trace in the output."""
    live = kernel.run("# record\nimport os; os.write(1, b'x' * 3000);")
    assert live == [{"type": "stream", "name": "stdout", "text": "x" * 3000}]


def test_a_result_comes_back_as_out_and_underscore(kernel):
    """The value behind a replayed result is in Out, in `_` and in the history, under its number."""
    kernel.run("# record\n{'answer': 42}")
    kernel.run(AGAIN)
    assert kernel.value("_ == {'answer': 42}, _ is state['results'][0]") == "True True"
    assert kernel.value("Out[max(Out)] is state['results'][0]") == "True"
    assert kernel.value("shell.history_manager.output_hist_reprs[max(Out)]") == "{'answer': 42}"


def test_every_result_of_a_cell_comes_back(kernel):
    """With several results shown by one cell each value comes back in its place."""
    kernel.run("shell.ast_node_interactivity = 'all'")
    try:
        live = kernel.run("# record\n'one'\nprint('x')\n'two'")
        assert [event["type"] for event in live] == ["execute_result", "stream", "execute_result"]
        assert kernel.value("state['results']") == "['one', 'two']"
        kernel.run("shell.ast_node_interactivity = 'last_expr'")
        assert kernel.run(AGAIN) == live
    finally:
        kernel.run("shell.ast_node_interactivity = 'last_expr'")


def test_a_result_keeps_the_bundle_of_the_run(kernel):
    """A replayed result shows what the run showed, whatever its type would show now."""
    live = kernel.run(
        "# record\nclass Shown:\n    def _repr_html_(self): return '<i>then</i>'\nShown()"
    )
    kernel.run("Shown._repr_html_ = lambda self: '<i>now</i>'")
    again = kernel.run(AGAIN)
    assert again == live
    assert again[0]["data"]["text/html"] == "<i>then</i>"


def test_what_zen_nb_says_itself_is_not_recorded(kernel):
    """A display whose metadata has the key zen_nb is shown and left out of the transcript."""
    live = kernel.run(
        "# record\nshell.display_pub.publish({'text/plain': 'status'}, {'zen_nb': {}})\nprint('x')"
    )
    assert len(live) == 2
    assert kernel.run(AGAIN) == live[1:]


def test_cleared_output_is_forgotten(kernel):
    """A replay leaves on the page what the run left there."""
    kernel.run(
        "# record\nfrom IPython.display import clear_output\n"
        "for i in range(50):\n    print('frame', i)\n    clear_output(wait=True)\nprint('end')"
    )
    assert kernel.run(AGAIN) == [
        {"type": "clear_output", "wait": True},
        {"type": "stream", "name": "stdout", "text": "end\n"},
    ]


def test_a_progress_bar_is_replayed_by_its_last_form(kernel):
    """What carriage returns overwrote is not written again."""
    kernel.run("# record\nfor i in range(5):\n    print(f'\\r{i}0 %', end='')\nprint()")
    assert kernel.run(AGAIN) == [{"type": "stream", "name": "stdout", "text": "40 %\n"}]


def test_widgets_that_only_show_are_replayed_by_their_last_plain_form(kernel):
    """A bar is its text as it stood at the end; one that took itself off the page is not there."""
    kernel.run(
        "# record\nimport ipywidgets as w\nfrom IPython.display import display\n"
        "bar = w.IntProgress(max=3)\ndisplay(w.HBox([w.HTML('<b>fit</b>'), bar]))\nbar.value = 2\n"
        "gone = w.IntProgress()\ndisplay(gone)\ngone.close()\nprint('done')"
    )
    assert kernel.value("state['refusals']") == "()"
    shown, printed = kernel.run(AGAIN)
    assert list(shown["data"]) == ["text/plain"]
    assert "IntProgress(value=2, max=3)" in shown["data"]["text/plain"]
    assert printed["text"] == "done\n"


@pytest.mark.parametrize(
    "body",
    [
        "w.IntSlider()",
        "w.VBox([w.Label('a'), w.Button()])",
        "w.interact(lambda x: x, x=3);",
        "old.value = 2",
    ],
)
def test_widgets_that_a_person_can_move_are_refused(kernel, body):
    """They live in their kernel, and so do those of earlier cells."""
    kernel.run("import ipywidgets as w\nold = w.IntProgress()")
    kernel.run(f"# record\n{body}")
    assert kernel.value("state['refusals']") == "('it talks to a live widget',)"


def test_live_widgets_and_errors_are_refused(kernel):
    """A cell that opened a comm or whose representation raised says that it cannot be kept."""
    kernel.run("# record\nfrom comm import create_comm\nc = create_comm(target_name='nobody')")
    assert kernel.value("state['refusals']") == "('it talks to a live widget',)"
    kernel.client.execute_interactive(
        "# record\nclass Bad:\n    def __repr__(self): raise ValueError('no')\nBad()",
        timeout=60,
        output_hook=lambda message: None,
    )
    assert kernel.value("state['refusals']") == "('it showed an error',)"


def test_other_cells_threads_are_not_taken_for_this_cell(kernel):
    """A nested capture of a function sees only what was shown while it was open."""
    live = kernel.run(
        "# record\nprint('before')\ninner = capture_for(shell, 'context')\ninner.start()\n"
        "print('inside')\nstate['inner'] = inner.stop()\nprint('behind')"
    )
    assert live == [{"type": "stream", "name": "stdout", "text": "before\ninside\nbehind\n"}]
    assert kernel.value("state['inner'].text()") == "inside\n"
    assert kernel.run(AGAIN) == live


def test_functions_in_two_threads_of_a_kernel_are_told_apart(kernel):
    """Captures in worker threads hold the displays and prints of their own thread only."""
    kernel.run(
        "import threading\nfrom IPython.display import display\n"
        "barrier = threading.Barrier(2)\nstate['both'] = {}\n"
        "def work(name):\n"
        "    capture = capture_for(shell, 'context')\n    capture.start()\n    barrier.wait()\n"
        "    print(name); display(name); barrier.wait()\n"
        "    state['both'][name] = [e.get('text') or e['data']['text/plain']\n"
        "                           for e in capture.stop().events]\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in 'ab']\n"
        "for t in threads: t.start()\nfor t in threads: t.join()"
    )
    found = kernel.value("sorted(state['both'].items())")
    assert found == "[('a', ['a\\n', \"'a'\"]), ('b', ['b\\n', \"'b'\"])]"


def test_nothing_is_left_in_the_kernel(kernel):
    """After a capture the session, the streams and the displayhook are their own again."""
    kernel.run(
        "before_write = sys.stdout.write.__qualname__\n"
        "inner = capture_for(None, 'context'); inner.start(); inner.stop()\n"
        "after_write = sys.stdout.write.__qualname__"
    )
    kernel.run("# record\n1")
    assert kernel.value("'send' in vars(shell.kernel.session)") == "False"
    assert kernel.value("before_write == after_write") == "True"
    assert kernel.value("'compute_format_data' in vars(shell.displayhook)") == "False"


PICKLED_FIGURE = """
import pickle, matplotlib.pyplot as plt
f = plt.figure(); raw = pickle.dumps(f)
"""


def test_loaded_figures_are_not_shown_twice(kernel):
    """Figures that loading has queued for display stay away from the page."""
    kernel.run(PICKLED_FIGURE)
    assert kernel.run("g = pickle.loads(raw); settle_figures([g])") == []


def test_a_figure_made_beside_a_loaded_one_is_still_shown(kernel):
    """Naming the loaded figures leaves the others in the queue."""
    kernel.run(PICKLED_FIGURE)  # each test may run in a worker of its own
    live = kernel.run("g = pickle.loads(raw); h = plt.figure(figsize=(1, 1)); settle_figures([g])")
    assert [event["type"] for event in live] == ["display_data"]


def test_the_format_of_figures_is_a_setting(kernel):
    """A change of it is seen, broken as a trace, and made again."""
    kernel.run(
        "import matplotlib.pyplot as plt\n%matplotlib inline\n"
        "from zen_nb.observe import ambient\nseen = ambient.trace('inline.figures')\n"
        "watch = ambient.AmbientWatch(); before = watch.start()\n"
        "%config InlineBackend.figure_format = 'svg'\n"
        "moved = watch.stop().changes"
    )
    assert kernel.value("ambient.check(seen)") == "inline.figures changed"
    kernel.run("%config InlineBackend.figure_format = 'png'")
    assert kernel.value("ambient.check(seen)") == "None"
    kernel.run("ambient.restore(moved)")
    live = kernel.run("plt.figure(figsize=(1, 1)); plt.plot([1, 2]);")
    kernel.run("%config InlineBackend.figure_format = 'png'")
    assert [sorted(event["data"]) for event in live] == [["image/svg+xml", "text/plain"]]
