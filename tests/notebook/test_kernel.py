"""A real kernel: what only it can show."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.slow
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ROOT = str(Path(__file__).parents[2])


class Kernel:
    """A running kernel, its cells' outputs as the page gets them."""

    def __init__(self, folder: Path) -> None:
        env = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        env |= {"ZEN_NB_CACHE_DIR": str(folder / "cache"), "ZEN_NB_KEY_DIR": str(folder / "key")}
        env |= {"PYTHONPATH": ROOT, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(extra_arguments=["--log-level=50"], env=env)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.run("%load_ext zen_nb")

    def run(self, code: str, *, stop_on_error: bool = True) -> tuple[dict, list[tuple], list[dict]]:
        """Return the reply, the user's outputs and the metadata of what zen_nb said."""
        page: list[tuple] = []
        said: list[dict] = []
        reply = self.client.execute_interactive(
            code,
            timeout=60,
            stop_on_error=stop_on_error,
            output_hook=lambda m: _take(m, page, said),
        )
        return reply["content"], page, said

    def value(self, expression: str) -> str:
        return self.run(f"print({expression}, end='')")[1][0][1]

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def _take(message: dict, page: list[tuple], said: list[dict]) -> None:
    kind, content = message["msg_type"], message["content"]
    if kind == "stream":
        if page and page[-1][0] == content["name"]:
            page[-1] = (content["name"], page[-1][1] + content["text"])
        else:
            page.append((content["name"], content["text"]))
    elif kind in ("display_data", "update_display_data", "execute_result"):
        if "zen_nb" in content["metadata"]:
            said.append({**content["metadata"]["zen_nb"], "text": content["data"]["text/plain"]})
        else:
            page.append((kind, content["data"]))
    elif kind == "error":
        page.append(("error", content["ename"], "\n".join(content["traceback"])))
    elif kind == "clear_output":
        page.append(("clear", content["wait"]))


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    made = Kernel(tmp_path_factory.mktemp("kernel"))
    yield made
    made.stop()


CELLS = {
    "streams": "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')",
    "result": "value = 41\nvalue + 1",
    "rich": "from IPython.display import HTML, display\ndisplay(HTML('<b>1</b>'))\nHTML('<i>2</i>')",
    "update": "from IPython.display import display\nh = display('one', display_id=True)\nh.update('two')",
    "clear": "from IPython.display import clear_output\nprint('x')\nclear_output(wait=True)\nprint('y')",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\nwaited = 3\nwaited",
    "frame": "import pandas as pd\ntable = pd.DataFrame({'a': [1, 2]})\ntable",
    "quiet": "value = 5\nvalue;",
    "thread": "import threading\nt = threading.Thread(target=print, args=('in thread',))\nt.start()\nt.join()\ndel t",
}


@pytest.mark.parametrize("case", CELLS)
def test_run_and_hit_show_what_the_plain_cell_shows(kernel, case):
    """The same messages in the same order, apart from those of zen_nb's own."""
    pages = []
    for line in ("# plain", f"%%step {case}", f"%%step {case}"):
        reply, page, said = kernel.run(f"{line}\n{CELLS[case]}")
        assert reply["status"] == "ok", reply
        if case == "clear":
            page = page[-1:]
        pages.append(page)
    assert said[-1]["cached"] is True, said
    assert pages[1] == pages[0]
    assert pages[2] == pages[0]


def test_inline_figures_are_shown_again(kernel):
    """A figure of the inline backend is replayed once, and left open by neither."""
    kernel.run("%matplotlib inline\nimport matplotlib.pyplot as plt")
    cell = "%%step figure\nfig, ax = plt.subplots()\nax.plot([1, 2])\nprint('after')"
    ran, hit = kernel.run(cell), kernel.run(cell)
    assert [part[0] for part in ran[1]] == [part[0] for part in hit[1]]
    assert ran[1][-1][1]["image/png"] == hit[1][-1][1]["image/png"]
    assert kernel.value("len(plt.get_fignums())") == "0"


def test_an_error_stops_run_all(kernel):
    """The reply is an error, and the cells queued behind it are aborted."""
    kernel.run("after = 0")
    waiting = [kernel.client.execute(code) for code in ("%%step e\n1/0", "after = 1")]
    replies = [kernel.client.get_shell_msg(timeout=30)["content"]["status"] for _ in waiting]
    assert replies[0] == "error"
    assert replies[1] in ("aborted", "error")
    time.sleep(0.3)
    kernel.client.wait_for_ready(timeout=30)
    assert kernel.value("after") == "0"


def test_the_traceback_is_the_plain_cell_s(kernel):
    """Text and line numbers are those of the plain cell; the magic line is shown as it is."""
    body = "def f():\n    raise ValueError('deep')\n\nf()"
    texts = []
    for line in ("# plain", "%%step e2"):
        text = _COLOUR.sub("", kernel.run(f"{line}\n{body}")[1][-1][2])
        texts.append(
            re.sub(r"In ?\[\d+\]", "In[n]", text)
            .replace(f"# {line}", "<line>")
            .replace(line, "<line>")
        )
    assert texts[0] == texts[1]
    assert "%%step e3" in kernel.run("%%step e3\n1/0")[1][-1][2]


def test_an_interrupt_stores_nothing(kernel):
    """SIGINT in a sleeping step: KeyboardInterrupt, names as after it, no record, next run fine."""
    cell = "%%step slow\nimport time\nbegun = True\nprint('going', flush=True)\ntime.sleep(pause)\ndone = True"
    kernel.run("pause = 30")
    timer = threading.Timer(1.0, kernel.manager.interrupt_kernel)
    timer.start()
    reply, _, _ = kernel.run(cell)
    timer.join()
    assert reply["ename"] == "KeyboardInterrupt"
    assert kernel.value("begun, 'done' in globals()") == "True False"
    kernel.run("pause = 0")
    assert kernel.run(cell)[2][-1]["cached"] is False
    assert kernel.run(cell)[2][-1]["cached"] is True


def test_a_run_of_steps_that_await(kernel):
    """``%pipeline run`` with a step that awaits works on the kernel's loop."""
    kernel.run("%%step await_it\nimport asyncio\nawait asyncio.sleep(0.01)\nslept = 1\nslept")
    reply, page, said = kernel.run("%pipeline run --to await_it --no-cache")
    assert reply["status"] == "ok", page
    assert ("execute_result", {"text/plain": "1"}) in page
    assert said[-1]["role"] == "summary"


def test_another_kernel_hits(kernel, tmp_path_factory):
    """A second kernel over the same store hits, with the same page."""
    folder = Path(kernel.value("__import__('os').environ['ZEN_NB_CACHE_DIR']")).parent
    cell = "%%step shared\nprint('once')\nrows = [1, 2]\nrows"
    first = kernel.run(cell)
    other = Kernel(folder)
    try:
        again = other.run(cell)
    finally:
        other.stop()
    assert again[1] == first[1]
    assert again[2][-1]["cached"] is True, again[2][-1]["reason"]


def test_completion_inside_a_step_cell(kernel):
    """The kernel completes names beneath the magic line."""
    kernel.run("long_variable = 1")
    code = "%%step x\ny = long_var"
    reply = kernel.client.complete(code, len(code), reply=True, timeout=20)
    assert "long_variable" in reply["content"]["matches"]


def test_the_first_figure_of_a_kernel_is_no_reason_to_run_again(tmp_path):
    """What the shell sets up with the first figure is not the user's; a style is."""
    kernel = Kernel(tmp_path)
    try:
        kernel.run("import matplotlib.pyplot as plt")
        cell = "%%step plot\nplt.plot([1, 2]);"
        svg = "%config InlineBackend.figure_formats = ['svg']"
        said = [kernel.run(line)[2] for line in (cell, cell, svg, cell, cell)]
        cached = [about[-1]["cached"] for about in said if about]
        assert cached == [False, True, False, True]
        assert said[3][-1]["reason"] == "inline.figures changed"
        kernel.run("plt.style.use('ggplot')")
        assert kernel.run(cell)[2][-1]["reason"] == "matplotlib.rcParams changed"
    finally:
        kernel.stop()


SLOW = "%%step slow\nimport time\nprint('begun', flush=True)\ntime.sleep(pause)\nfound = pause * 2"


@pytest.fixture
def pair(tmp_path):
    """Two kernels over one store."""
    made = [Kernel(tmp_path), Kernel(tmp_path)]
    yield made
    for one in made:
        one.stop()


def begin(kernel, code):
    """Run a cell beside the test; return what waits for it."""
    found = []
    thread = threading.Thread(target=lambda: found.append(kernel.run(code)))
    thread.start()

    def end():
        thread.join()
        return found[0]

    return end


def test_of_two_kernels_one_computes_and_the_other_says_that_it_waits(pair):
    """The second shows for how long it has been computed, and ends as a hit."""
    first, second = pair
    for one in pair:
        one.run("pause = 5")
    end = begin(first, SLOW)
    time.sleep(1.5)
    began = time.monotonic()
    reply, page, said = second.run(SLOW)
    assert reply["status"] == "ok"
    assert time.monotonic() - began < 10
    assert page == [("stdout", "begun\n")]
    waits = [part["text"] for part in said if part["role"] == "waiting"]
    assert waits[0].startswith("Step slow is computing in another kernel, ")
    assert waits[0].endswith(" so far.")
    assert waits[-1].startswith("Waited ")
    assert len(waits) >= 3
    assert said[-1]["cached"] is True
    assert second.value("found") == "10"
    assert end()[2][-1]["cached"] is False


def test_a_kernel_that_waits_can_be_interrupted(pair):
    """KeyboardInterrupt ends the cell at once; the next cell runs, and the other kernel goes on."""
    first, second = pair
    for one in pair:
        one.run("pause = 8")
    end = begin(first, SLOW)
    time.sleep(1.5)
    timer = threading.Timer(1.5, second.manager.interrupt_kernel)
    timer.start()
    began = time.monotonic()
    reply, page, _ = second.run(SLOW)
    assert reply["ename"] == "KeyboardInterrupt"
    assert time.monotonic() - began < 5
    assert [part[0] for part in page] == ["error"]
    assert second.value("'found' in globals()") == "False"
    assert end()[0]["status"] == "ok"
    assert second.run(SLOW)[2][-1]["cached"] is True
