"""What changed between two versions of a step: which records compare, and what is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import Ridge

from zen_nb.core.model import Component, Trace
from zen_nb.engine.decide import in_words
from zen_nb.engine.explain import changes, nearest_place, of_trace
from zen_nb.identity.code import Reach
from zen_nb.identity.components import shown_code


def component(label, value):
    reach = Reach({})
    reach.add_value(label, value)
    return reach.components[label]


def code(text, line=1, label="code"):
    return Component(label, text, shown_code(text, line))


def change(before, after, label="input:x"):
    """Return the one change between two values, as a record would have kept the first."""
    was = component(label, before)
    kept = Component(label, was.digest, json.loads(json.dumps(dict(was.shown))))
    (found,) = changes([kept], [component(label, after)])
    json.dumps(found.to_dict())
    return found


FRAME = pd.DataFrame({"id": range(1000), "zip": range(1000), "price": np.arange(1000.0)})


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (FRAME.assign(zip=FRAME.zip.astype(float)), "column zip int64 → float64"),
        (FRAME.drop(columns="zip"), "column zip removed"),
        (FRAME.assign(new=1), "column new added"),
        (FRAME[["zip", "id", "price"]], "columns in another order"),
        (FRAME.set_index(FRAME.id + 1), "index unnamed → id"),
        (FRAME.set_index(FRAME.index + 1), "index changed"),
        (FRAME.head(900), "1,000 → 900 rows, the first 900 rows look the same"),
        (pd.concat([FRAME, FRAME.head(2)], ignore_index=True), "1,000 → 1,002 rows"),
        (FRAME.iloc[100:].reset_index(drop=True), "1,000 → 900 rows, columns id, zip, price"),
        (FRAME.assign(price=FRAME.price + 1), "column price: nearly all values changed"),
        (FRAME.assign(price=FRAME.price.where(FRAME.id != 7, 0)), "column price: fewer than 1 %"),
        (FRAME.assign(price=FRAME.price.where(FRAME.id % 10 > 0, -1)), "column price: about 9 %"),
    ],
)
def test_frames_are_compared_by_rows_columns_and_content(after, words):
    """What is said of a frame names rows, columns, dtypes, index and shares of values."""
    assert str(change(FRAME, after)).startswith(f"input x: {words}")


def test_small_frames_are_compared_exactly():
    """Where every value is in the sample, the share is no estimate."""
    small = pd.DataFrame({"a": range(100), "b": range(100)})
    found = change(small, small.assign(a=small.a.where(small.a > 2, -1)))
    assert str(found) == "input x: column a: 3 of 100 values changed"
    assert found.to_dict()["detail"]["columns"]["changed"] == {"a": 0.03}
    assert found.to_dict()["detail"]["columns"]["estimated"] == []


def test_frames_for_programs():
    """The same as structure: rows, columns added, removed, retyped and changed."""
    after = pd.concat([FRAME, FRAME.head(2)]).drop(columns="id").assign(new=1)
    detail = change(FRAME, after.astype({"zip": str})).to_dict()["detail"]
    assert detail["rows"] == [1000, 1002]
    assert detail["columns"]["added"] == ["new"]
    assert detail["columns"]["removed"] == ["id"]
    assert list(detail["columns"]["retyped"]) == ["zip"]


def test_a_frame_of_polars_says_the_same():
    """Frames are compared alike whichever library made them; a change of library is named."""
    before, after = pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 3]})
    assert str(change(before, after)) == "input x: column a: 1 of 2 values changed"
    assert "polars.DataFrame 2 × 1" in str(change(before.to_pandas(), before))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (np.zeros(5), np.array([0, 0, 1.0, 0, 0]), "1 of 5 elements changed"),
        (np.zeros((3, 4)), np.zeros((3, 5)), "3 × 4 → 3 × 5"),
        (np.zeros(4), np.zeros(6), "4 → 6, the first 4 look the same"),
        (np.zeros(3), np.zeros(3, "f4"), "dtype float64 → float32"),
        (np.ones((3, 4)), np.asfortranarray(np.ones((3, 4))), "order C → F"),
        (np.zeros(10**6), np.r_[np.zeros(10**6 - 1), 1], "fewer than 1 % of elements changed"),
        (np.zeros(10**6), np.ones(10**6), "nearly all elements changed"),
        (pd.Series([1, 2]), pd.Series([1, 2], name="n"), "name None → n"),
        (pd.Series([1, 2]), pd.Series([1, 2], index=[1, 2]), "index RangeIndex of int64"),
        (list(range(200)), [*range(199), 0], "1 of 200 items changed"),
    ],
)
def test_arrays_are_compared_by_shape_type_order_and_content(before, after, words):
    """What is said of an array names shape, dtype, memory order and the share of elements."""
    assert str(change(before, after)).startswith(f"input x: {words}")


TEXT = "".join(f"line {n}\n" for n in range(50))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, "b 2 → 3"),
        ({"m": {"lr": 0.1}}, {"m": {"lr": 0.2}}, "m.lr 0.1 → 0.2"),
        ({"a": 1}, {"a": 1, "c": 2}, "1 → 2 keys, added c"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "in another order"),
        ({"a": np.zeros(3)}, {"a": np.ones(3)}, "a changed"),
        (["a", "b", "c"], ["a", "c"], "3 → 2 items, removed 'b'"),
        (["a", "b"], ["a", "x"], "[1] 'b' → 'x'"),
        (["a", "b"], ["b", "a"], "in another order"),
        ({1, 2}, {1, 3}, "added 3, removed 2"),
        (Ridge(alpha=1.0), Ridge(alpha=2.0), "alpha 1.0 → 2.0"),
        (TEXT, TEXT.replace("line 20\n", "another\n"), "line 21 changed"),
    ],
)
def test_containers_and_objects_are_compared_by_their_parts(before, after, words):
    """Of dicts, lists, sets and estimators the parts that differ are named, with values."""
    assert str(change(before, after)).startswith(f"input x: {words}")


def test_secrets_are_said_to_have_changed_without_their_values():
    """Neither side of a secret is told, by its name, by its form, or deep inside a dict."""
    assert "hidden" not in str(change("canary1", "canary2", "param:token"))
    for found in (
        change("canary1", "canary2", "param:token"),
        change({"db": {"password": "canary1"}}, {"db": {"password": "canary2"}}),
        change(["canary1"], ["canary2"], "global:API_KEYS"),
        change({"x": "ghp_canary10123456789abc"}, {"x": "ghp_canary20123456789abc"}),
    ):
        assert "changed" in str(found)
        assert "canary" not in json.dumps(found.to_dict()) + str(found)


def test_code_is_shown_as_a_diff_with_the_lines_of_its_cell_or_file():
    """Line numbers are those that the page shows, and only what is around a change is told."""
    before = "def f():\n    a = 1\n    b = 2\n    c = 3\n    return a\n"
    (found,) = changes(
        [code(before, 10, "helper:f")], [code(before.replace("b = 2", "b = 4"), 10, "helper:f")]
    )
    assert str(found) == "helper f() line 12 changed"
    assert found.diff[0] == "@@ -10,5 +10,5 @@"
    assert "-    b = 2" in found.diff
    assert "+    b = 4" in found.to_dict()["diff"]


def test_a_long_diff_is_bounded_and_says_so():
    """What is left out of a diff is counted."""
    before, after = ("\n".join(f"{sign} = {n}" for n in range(500)) for sign in "ab")
    (found,) = changes([code(before)], [code(after)])
    assert len(found.diff) == 61
    assert found.diff[-1] == "… 941 more lines of this diff are left out"


def test_code_whose_text_is_the_same_is_not_shown_as_a_diff():
    """What its names stand for can change, and then there is nothing to show."""
    was = Component("code", "one", shown_code("x = f()", 2))
    now = Component("code", "two", shown_code("x = f()", 2))
    (found,) = changes([was], [now])
    assert str(found) == "code changed, its text did not"
    assert found.diff == ()


def test_what_an_older_version_kept_tells_nothing_wrong():
    """A record without a profile, or with one that cannot be read, says only that it changed."""
    now = component("input:x", FRAME)
    for shown in ({}, {"type": "pandas.DataFrame", "profile": {"kind": "frame"}}):
        (found,) = changes([Component("input:x", "other", shown)], [now])
        assert str(found) in ("input x changed", "input x: changed")


def test_files_are_compared_by_size_and_time():
    """A file that changed, went or came is said so, with its size and when it was written."""
    one = Trace("file:a.csv", "d1", {"size": 1204, "mtime_ns": 10**18})
    two = Trace("file:a.csv", "d2", {"size": 1310, "mtime_ns": 2 * 10**18})
    found = of_trace(one, "a.csv changed (1,204 → 1,310 bytes)", two)
    assert (found.how, str(found)) == ("changed", "a.csv changed (1,204 → 1,310 bytes)")
    assert found.clauses()[1].startswith("written 2001-09-0")
    assert found.to_dict()["detail"]["size_bytes"] == [1204, 1310]
    assert of_trace(one, "a.csv is gone", None).how == "gone"
    assert of_trace(Trace("file:a.csv", ""), "a.csv appeared", two).how == "new"


def test_the_nearest_record_is_the_one_that_differs_least():
    """Not the last one but the nearest is compared with; the newest of equals."""
    body = code("model = fit(X)\n" * 5)
    edited = code("model = fit(X)\n" * 4 + "model = fit(X, 1)\n")
    low, high = component("param:gamma", 0.1), component("param:gamma", 0.2)
    now = [body, low]
    assert nearest_place([[edited, high], [body, high], [edited, low]], now) == 1
    assert nearest_place([[edited, high], [body, low]], now) == 1
    assert nearest_place([[], [body, high], [body, high]], now) == 1


def test_packages_count_less_than_what_the_user_wrote():
    """A record from before an upgrade is nearer than one of other code."""
    old, new = (Component("package:pandas", v, {"version": v}) for v in ("2.2", "2.3"))
    body, edited = code("x = 1\ny = 2\n"), code("x = 1\ny = 3\n")
    assert nearest_place([[edited, new], [body, old]], [body, new]) == 1


def test_another_step_of_the_same_name_is_not_compared():
    """Nothing shared and other code: it is a step of another notebook."""
    assert nearest_place([[code("import os\nprint(os.sep)")]], [code("x = 1 + 2")]) is None


def test_a_reason_stays_one_short_line():
    """However much changed, the clause of the status line is bounded."""
    before = [component(f"global:name_{n}", "a" * 70 + str(n)) for n in range(9)]
    after = [component(f"global:name_{n}", "b" * 70 + str(n)) for n in range(9)]
    words = in_words(changes(before, after))
    assert len(words) < 400
    assert words.endswith("more")
    assert "\n" not in words
