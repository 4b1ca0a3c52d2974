"""`%pipeline why` and `zen_nb.why`: what changed, as a person reads it and as a program does."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

import zen_nb

SETUP = """\
import pandas as pd
cfg = {"w": 1.0, "layers": [1, 2]}
def prep(x):
    # a helper
    return x + 1
"""
LOAD = "%%step load -> df\ndf = pd.read_csv('sales.csv')"
CLEAN = "%%step clean -> tidy\ntidy = df.dropna()\ntidy = tidy.assign(total=prep(tidy.price))"
TRAIN = "%%step train gamma=0.001 -> model\nmodel = tidy.total.sum() * gamma * cfg['w']"

# What is asked twice may be a second older the second time.
_AGO = re.compile(r"just now|\d+ s ago")


def write_sales(rows=1000, zips="int"):
    made = pd.DataFrame({"zip": range(rows), "price": [n / 2 for n in range(rows)]})
    if zips == "str":
        made["zip"] = "z" + made["zip"].astype(str)
    made.to_csv("sales.csv", index=False)


@pytest.fixture
def sales(nb):
    """A notebook that has loaded, cleaned and trained."""
    write_sales()
    nb.cells(SETUP, LOAD, CLEAN, TRAIN)
    return nb


def why(nb, step):
    (text, about), *_ = nb.cells(f"%pipeline why {step}")[0].said
    assert about["role"] == "why"
    assert _AGO.sub("", text) == _AGO.sub("", str(zen_nb.why(step)))
    return text.splitlines()


def test_code_is_shown_as_a_diff_with_the_lines_of_the_page(sales):
    """A changed cell: its line in the cell on the page, and a unified diff."""
    done = sales.cells(CLEAN.replace("dropna()", "dropna()[:990]"))[0]
    assert done.status["reason"] == "code line 2 changed"
    lines = why(sales, "clean")
    assert "    -tidy = df.dropna()" in lines
    assert "    +tidy = df.dropna()[:990]" in lines
    assert lines[-1] == "Now it would be cached."


def test_a_helper_is_shown_as_a_diff(sales):
    """A changed function of the notebook, before and after the step runs again."""
    sales.cells(SETUP.replace("x + 1", "x + 2"))
    for _ in range(2):
        lines = why(sales, "clean")
        assert "  helper prep() line 5 changed" in lines
        assert "    +    return x + 2" in lines
        sales.cells(CLEAN)


def test_a_local_module_is_shown_as_a_diff(sales, monkeypatch):
    """A changed function of a module of the project, with the line of its file."""
    monkeypatch.syspath_prepend(str(Path.cwd()))
    Path("mylib.py").write_text("RATE = 2\n\ndef scale(x):\n    return x * RATE\n")
    cell = "%%step scaled -> s\ns = mylib.scale(df.price).sum()"
    sales.cells("import mylib", cell)
    Path("mylib.py").write_text("RATE = 3\n\ndef scale(x):\n    return x * RATE + 1\n")
    importlib.invalidate_caches()
    os.utime("mylib.py", (1, 1))
    importlib.reload(sys.modules["mylib"])
    lines = why(sales, "scaled")
    del sys.modules["mylib"]
    assert "  module mylib.RATE 2 → 3" in lines
    assert "  module mylib.scale line 4 changed" in lines
    assert "    +    return x * RATE + 1" in lines


def test_parameters_and_globals_are_shown_with_their_values(sales):
    """Old and new value of a parameter, and the entries of a dict that changed."""
    sales.cells(TRAIN.replace("0.001", "0.01"))
    assert "  param gamma 0.001 → 0.01" in why(sales, "train")
    sales.cells('cfg = {"w": 2.0, "layers": [1, 2]}')
    assert "  input cfg: w 1.0 → 2.0" in why(sales, "train")


def test_a_changed_frame_is_shown_by_rows_and_types(sales):
    """Upstream ran again: what changed of the frame, before the step runs and in its status."""
    write_sales(1002, "str")
    sales.cells(LOAD)
    lines = why(sales, "clean")
    place = lines.index("  input df:")
    assert lines[place + 1] == "    1,000 → 1,002 rows"
    assert lines[place + 2].startswith("    column zip int64 → ")
    said = "input df: 1,000 → 1,002 rows, column zip int64 → "
    assert said in sales.cells(CLEAN)[0].status["reason"]
    detail = zen_nb.why("clean").to_dict()["changes"][0]["detail"]
    assert detail["rows"] == [1000, 1002]
    assert list(detail["columns"]["retyped"]) == ["zip"]


def test_what_a_step_changes_in_place_is_shown_as_it_was_before(nb):
    """What is kept of an input is what the step was given, not what it left."""
    nb.cells("rows = [1, 2]", "%%step grow\nrows.append(3)\nrows[0] = 0")
    nb.cells("rows = [1, 5]")
    assert "  input rows: [1] 2 → 5" in why(nb, "grow")


def test_a_file_is_shown_by_size_and_time(sales):
    """A changed file, one that is gone, and one that came back."""
    write_sales(1100)
    os.utime("sales.csv", (10**9, 10**9))
    lines = why(sales, "load")
    assert "  sales.csv changed (" in lines[3]
    assert lines[4].startswith("    written ")
    detail = zen_nb.why("load").to_dict()["changes"][0]["detail"]
    assert detail["size_bytes"][0] < detail["size_bytes"][1]
    Path("sales.csv").unlink()
    assert "  sales.csv is gone" in why(sales, "load")


def test_an_environment_variable_is_named_without_its_value(nb, monkeypatch):
    """That it changed is said; neither value is."""
    monkeypatch.setenv("REGION", "canary-north")
    nb.cells("import os", "%%step a\nx = len(os.environ['REGION'])")
    monkeypatch.setenv("REGION", "canary-south")
    lines = why(nb, "a")
    assert "  environment variable REGION changed" in lines
    assert "canary" not in "\n".join(lines) + json.dumps(zen_nb.why("a").to_dict())


def test_the_nearest_record_is_compared_with(sales):
    """Not the last run but the one that differs least, and it is said which."""
    sales.cells(TRAIN.replace("0.001", "0.01").replace("sum()", "mean()"))
    done = sales.cells(TRAIN.replace("0.001", "0.02"))[0]
    assert done.status["reason"] == "param gamma 0.001 → 0.02"
    found = zen_nb.why("train")
    assert found.compared_with.key != sales.session.logs["train"].record.key
    assert any("the nearest of 2" in line for line in why(sales, "train"))


def test_a_hit_says_since_when_nothing_changed(sales):
    """A served step: since when, how long ago, and what it saved."""
    sales.cells(TRAIN)
    lines = why(sales, "train")
    assert lines[0].startswith("train was cached: nothing it depends on has changed since 20")
    assert " ago); " in lines[0] or "(just now); " in lines[0]
    assert zen_nb.why("train").to_dict()["last"]["compared"] is not None


def test_a_step_that_is_off_says_what_a_look_would_tell(sales):
    """Caching is off: the setting, and whether anything has changed."""
    sales.cells("%pipeline off train")
    lines = why(sales, "train")
    assert "caching is off, set by this step's toggle" in lines[-2]
    assert lines[-1].startswith("Nothing else has changed since the record of ")
    sales.cells('cfg = {"w": 2.0, "layers": [1, 2]}')
    assert why(sales, "train")[-1] == "  input cfg: w 1.0 → 2.0"


def test_a_record_that_expired_or_went_is_named(sales):
    """The record is there no more, or too old: nothing changed since it, and that is said."""
    sales.cells(TRAIN.replace("train ", "train --expires 0.001s ", 1))
    lines = why(sales, "train")
    assert "its record has expired" in "\n".join(lines)
    assert lines[-1].startswith("Nothing else ha")
    sales.session.store._mine.clear()
    sales.session.store.prune(0)
    lines = why(sales, "load")
    assert "evicted" in lines[-2]
    assert lines[-1].startswith("Nothing else has changed since the record of ")


def test_a_step_function_is_explained_too(nb):
    """A function decorated with ``@step``: with a diff, and what its last call would give now."""
    define = "from zen_nb import step\n@step\ndef add(x: list, k: int = 1) -> int:\n    return {}\n"
    nb.cells(define.format("len(x) + k"), "add([1, 2])", define.format("len(x) - k"))
    found = zen_nb.why("add")
    assert "The same call would run now" in str(found)
    assert "+    return len(x) - k" in found.changes[0].diff
    nb.cells("add([1, 2, 3])")
    assert "+    return len(x) - k" in str(zen_nb.why("add"))
    assert any("input x" in str(change) for change in zen_nb.why("add").changes)
    assert "would be cached" in nb.cells("%pipeline why add")[0].text


def test_steps_of_a_pipeline_tell_what_changed_in_what_they_were_given(nb):
    """In a run of a pipeline, where values stay in the store until they are needed."""
    define = (
        "import pandas as pd\nfrom zen_nb import step, pipeline\n"
        "@step\ndef make(n: int) -> pd.DataFrame:\n    return pd.DataFrame({{'a': range(n)}})\n"
        "@step\ndef count(df: pd.DataFrame) -> int:\n    return len(df)\n"
        "@pipeline\ndef whole():\n    return count(make({}))\nwhole()"
    )
    nb.cells(define.format(5), define.format(7))
    assert "input df: 5 → 7 rows, the first 5 rows look the same" in str(zen_nb.why("count"))


def test_the_page_shows_the_same_and_escapes_it(nb):
    """As markup there is the same text, and nothing of it is markup."""
    nb.cells("%%step a p='<script>alert(1)</script>'\nx = p + '<b>'")
    nb.cells("%%step a p='<i>'\nx = p + '<img src=x>'")
    bundle = zen_nb.why("a")._repr_mimebundle_()
    assert bundle["text/plain"] == str(zen_nb.why("a"))
    for raw in ("<script>", "<b>", "<img", "<i>"):
        assert raw in bundle["text/plain"]
        assert raw not in bundle["text/html"]
    assert "&lt;img src=x&gt;" in bundle["text/html"]


CANARIES = """\
import os, uuid, enum, pathlib
import pandas as pd
password = "canary01-" + "x"
tokens = ["canary02", {"deep": "canary03"}]
API_KEYS = {"alice": "canary04"}
settings = {"db": {"password": "canary05", "port": 1}, "ghp_canary06abcdefghij": 2}
class Client:
    def __init__(self):
        self.api_key, self.host = "canary07", "h"
client = Client()
class Key(enum.Enum):
    PROD = "sk-canary08-abcdef"
key = Key.PROD
secret_path = pathlib.Path("canary09")
region = os.environ["CANARY_TOKEN"]
everything = dict(os.environ)
frame = pd.DataFrame({"name": ["canary11", "canary12"]}, index=["canary13", "canary14"])
kinds = pd.Categorical(["canary15", "canary16"])
long = "line one canary17\\n" * 40
def use():
    credentials = "canary18"
    return len(credentials) + len(password) + len(tokens) + len(API_KEYS)
"""
USE = (
    "%%step use token='canary19' url='https://me:canary20@host/' -> n\n"
    "n = use() + len(token) + len(url) + len(settings) + len(client.host) + len(frame) + len(long)\n"
    "n += len(region) + len(everything) + len(kinds) + len(str(key)) + len(str(secret_path))\n"
    "n += len(os.environ['CANARY_PLAIN'])"
)


def test_no_secret_is_found_in_the_store_or_in_what_is_said(nb, places, monkeypatch):
    """Canaries in parameters, globals, dicts, objects, frames, code and the environment stay out.

    The step depends on all of them, and all of them change.
    """
    monkeypatch.setenv("CANARY_TOKEN", "canary21")
    monkeypatch.setenv("CANARY_PLAIN", "canary22")
    said = [text for cell in nb.cells(CANARIES, USE) for text, _ in cell.said]
    monkeypatch.setenv("CANARY_TOKEN", "canary23")
    monkeypatch.setenv("CANARY_PLAIN", "canary24")
    again = nb.cells(CANARIES.replace("canary", "canary-b"), "%pipeline why use")
    again += nb.cells(USE.replace("canary", "canary-b"), "%pipeline why use", "%pipeline status")
    said += [text + repr(about) for cell in again for text, about in cell.said]
    found = zen_nb.why("use")
    said += [str(found), repr(found), found.to_html(), json.dumps(found.to_dict())]
    assert len(found.changes) > 8
    assert nb.ran() == ["use", "use"]
    assert "canary" not in "\n".join(said)
    files = [path for path in (places / "cache").rglob("*") if path.is_file()]
    assert [path for path in files if b"canary" in path.read_bytes()] == []


def test_a_secret_that_a_step_binds_stays_out_of_what_is_said_of_it(nb):
    """An output of a secret name is told by its length, as an input is."""
    nb.cells("%%step a\npassword = 'can' + 'ary'")
    record = nb.session.logs["a"].record
    assert [part.summary for part in record.artifacts] == ["6 characters"]
