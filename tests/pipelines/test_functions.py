"""What a step function gives back, from a run and from the cache alike."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytest

from zen_nb import pipeline, step, why
from zen_nb.core.errors import MissingOutput, UnknownStep, UsageError
from zen_nb.pipelines import surroundings
from zen_nb.store import records

FACTOR = 2


def scaled(value: float) -> float:
    """A helper whose global is reached by the steps that call it."""
    return value * FACTOR


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what tells, in order, which bodies ran."""
    bodies: list[str] = []
    monkeypatch.setattr(threading, "_zen_nb_test_hook", bodies.append, raising=False)
    return bodies


def body(name: str) -> None:
    """Tell the fixture that a body runs; lives in a module of Python, so it is no ingredient."""
    getattr(threading, "_zen_nb_test_hook", lambda _: None)(name)


def test_a_direct_call_runs_once_and_returns_its_values(ran: list[str]) -> None:
    """Outside a pipeline a step is called as the function it is."""

    @step
    def double(x: float) -> float:
        body("double")
        return scaled(x)

    assert [double(2.0), double(2.0), double(x=2.0), double(3.0)] == [4.0, 4.0, 4.0, 6.0]
    assert ran == ["double", "double"]


def test_a_changed_global_of_a_helper_runs_the_step_again(
    ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step reaches through helpers is part of its key."""

    @step
    def double(x: float) -> float:
        body("double")
        return scaled(x)

    assert double(2.0) == 4.0
    monkeypatch.setitem(globals(), "FACTOR", 5)
    assert double(2.0) == 10.0
    monkeypatch.setitem(globals(), "FACTOR", 2)
    assert double(2.0) == 4.0
    assert ran == ["double", "double"]


def test_a_default_that_the_caller_overrides_is_no_ingredient(ran: list[str]) -> None:
    """Only the values that a call really uses count."""

    def make(default: int) -> Any:
        def add(x: int, y: int = default) -> int:
            body("add")
            return x + y

        return step(add)

    assert make(1)(1, y=7) == 8
    assert make(2)(1, y=7) == 8
    assert ran == ["add"]
    assert make(2)(1) == 3


def test_kinds_of_arguments_do_not_collide(ran: list[str]) -> None:
    """1, True, 1.0 and "1" are four values, and text does not run into its neighbour."""

    @step
    def join(a: object, b: object = "") -> str:
        body("join")
        return f"{a!r}{b!r}"

    values = [1, True, 1.0, "1", b"1", (1,), [1]]
    assert [join(value) for value in values] == [f"{value!r}''" for value in values]
    assert join("1ab", "2") == "'1ab''2'"
    assert join("1", "ab2") == "'1''ab2'"
    assert len(ran) == len(values) + 2


def test_positional_only_and_variable_arguments_are_bound_by_name(ran: list[str]) -> None:
    """Every kind of parameter works, however it is passed."""

    @step
    def total(first: int, /, *rest: int, scale: int = 1, **more: int) -> int:
        body("total")
        return scale * (first + sum(rest) + sum(more.values()))

    assert [total(1, 2, 3, scale=2, x=4), total(1, 2, 3, scale=2, x=4), total(1)] == [20, 20, 1]
    assert ran == ["total", "total"]


def test_an_argument_changed_in_place_is_changed_on_a_hit_too() -> None:
    """The caller's own object sees what the body did to it."""

    @step
    def grow(items: list[int], frame: pd.DataFrame) -> int:
        items.append(9)
        frame["new"] = frame["a"] * 2
        return len(items)

    for _ in range(2):
        items, frame = [1], pd.DataFrame({"a": [1, 2]})
        alias = items
        assert grow(items, frame) == 2
        assert alias == [1, 9]
        assert list(frame.columns) == ["a", "new"]


def test_an_argument_that_is_returned_is_the_same_object_on_a_hit() -> None:
    """`f(x) is x` holds from the cache as from a run."""

    @step
    def same(items: list[int]) -> list[int]:
        items.append(1)
        return items

    for _ in range(2):
        items: list[int] = []
        assert same(items) is items
        assert items == [1]


def test_changing_what_a_hit_returned_leaves_the_store_alone() -> None:
    """Every hit gives a value of its own."""

    @step
    def zeros() -> Annotated[np.ndarray, "zeros"]:
        return np.zeros(100_000)

    zeros()
    first = zeros()
    first += 1
    assert zeros().sum() == 0


def test_an_exception_is_the_users_own_and_is_not_cached(ran: list[str]) -> None:
    """The traceback's type and text are those of the body, each time."""

    @step
    def fail() -> int:
        body("fail")
        raise KeyError("missing")

    for _ in range(2):
        with pytest.raises(KeyError, match="missing"):
            fail()
    assert ran == ["fail", "fail"]


def test_what_cannot_be_stored_is_passed_on_alive(ran: list[str], log: list[str]) -> None:
    """A lock goes to the next step as it is; the log names output and type."""

    @step
    def make() -> Annotated[object, "lock"]:
        body("make")
        return threading.Lock()

    @step
    def use(lock: object) -> bool:
        body("use")
        return hasattr(lock, "acquire")

    @pipeline
    def both() -> None:
        use(make())

    for _ in range(2):
        run = both()
        assert run.status == "completed"
        assert run.steps["use"].outputs["output"].load() is True
    assert ran == ["make", "use", "make", "use"]
    assert any("`lock` is a _thread.lock" in line for line in log)


def test_cutoff_an_upstream_that_reran_with_an_equal_frame_runs_nothing_below(
    ran: list[str],
) -> None:
    """Inputs count by content, not by who made them."""

    def make(text: str) -> Any:
        @step(name="load")
        def load() -> pd.DataFrame:
            body(f"load {text}")
            return pd.DataFrame({"a": [1, 2]})

        return load

    @step
    def count(frame: pd.DataFrame) -> int:
        body("count")
        return len(frame)

    for text in ("one", "two", "one"):
        load = make(text)

        @pipeline
        def both(load: Any = load) -> None:
            count(load())

        both()
    assert ran == ["load one", "count", "load two"]


class Telling:
    """A value that tells when it is brought back."""

    def __getstate__(self) -> dict[str, int]:
        return {"number": 1}

    def __setstate__(self, state: dict[str, int]) -> None:
        body("loaded")


def test_a_hit_in_a_pipeline_loads_nothing_until_asked(ran: list[str]) -> None:
    """Outputs stay in the store, and each load gives a fresh value."""

    @step
    def make() -> Annotated[Telling, "made"]:
        body("make")
        return Telling()

    @pipeline
    def one() -> None:
        make()

    one()
    output = one().steps["make"].outputs["made"]
    assert ran == ["make"]
    assert output.load() is not output.load()
    assert ran == ["make", "loaded", "loaded"]


def test_a_hit_that_loads_nothing_counts_as_a_use(tmp_path: Path) -> None:
    """What pipelines go on using is not evicted as if nobody had asked for it."""

    @step
    def make() -> int:
        return 1

    @pipeline
    def one() -> None:
        make()

    one()
    (file,) = [path for path in (tmp_path / "cache" / "records").rglob("*") if path.is_file()]
    os.utime(file, (0, 0))
    surroundings._store = None
    records._stores.clear()
    one()
    assert file.stat().st_mtime > 0


@pytest.mark.parametrize("harm", ["damaged", "gone"])
def test_a_part_that_is_not_whole_makes_its_step_run_though_nobody_asks_for_it(
    ran: list[str], tmp_path: Path, harm: str
) -> None:
    """A hit that loads nothing has still found every stored part as it was written."""

    @step
    def make() -> Annotated[np.ndarray, "big"]:
        body("make")
        return np.arange(1_000_000.0)

    @pipeline
    def one() -> None:
        make()

    one()
    (blob,) = [path for path in (tmp_path / "cache" / "blobs").rglob("*") if path.is_file()]
    if harm == "gone":
        blob.unlink()
    else:
        content = bytearray(blob.read_bytes())
        content[len(content) // 2] ^= 1
        blob.chmod(0o600)
        blob.write_bytes(content)
    run = one()
    assert run.status == "completed"
    assert run.steps["make"].outputs["big"].load()[-1] == 999_999
    assert ran == ["make", "make"]


def test_steps_of_one_function_differ_by_what_they_are_given(ran: list[str]) -> None:
    """What all calls of a function share is asked once, and no call takes it for its own."""

    @step
    def grow(x: int, by: int = 1) -> int:
        body(f"grow {x} by {by}")
        return scaled(x) + by

    @pipeline
    def chain(last: int) -> None:
        grow(grow(grow(0), by=2), by=last)

    statuses = [chain(last).status for last in (3, 3, 4)]
    assert statuses == ["completed", "cached", "completed"]
    assert ran == ["grow 0 by 1", "grow 1 by 2", "grow 4 by 3", "grow 4 by 4"]


def test_a_global_that_changes_between_two_steps_of_a_run_is_seen(
    ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that runs may move what a later one reaches, which hits before it had seen."""

    @step
    def first(x: float) -> float:
        body("first")
        return scaled(x)

    @step(enable_cache=False)
    def shift() -> int:
        body("shift")
        monkeypatch.setitem(scaled.__globals__, "FACTOR", 5)
        return 1

    @pipeline
    def chain() -> None:
        first(1.0)
        shift()
        first(1.0)

    chain()
    monkeypatch.setitem(scaled.__globals__, "FACTOR", 2)
    run = chain()
    assert [part.status for part in run.steps.values()] == ["cached", "completed", "cached"]
    assert [run.steps[name].outputs["output"].load() for name in ("first", "first_2")] == [2.0, 5.0]
    assert ran == ["first", "shift", "first", "shift"]


def test_the_same_step_twice_in_a_pipeline_has_two_names() -> None:
    """The second call of a step is called name_2."""

    @step
    def inc(x: int) -> int:
        return x + 1

    @pipeline
    def twice() -> None:
        inc(inc(1))

    run = twice()
    assert list(run.steps) == ["inc", "inc_2"]
    assert run.steps["inc_2"].outputs["output"].load() == 3


@pytest.mark.parametrize(
    ("annotation", "names"),
    [
        (int, ("output",)),
        (None, ()),
        (Annotated[int, "n"], ("n",)),
        (tuple[Annotated[int, "a"], Annotated[int, "b"]], ("a", "b")),
        (tuple[int, Annotated[int, "b"]], ("output_0", "b")),
        (tuple[int, ...], ("output",)),
        ("Tuple[Annotated[Unknown, 'a'], t.Annotated[int, 'b']]", ("a", "b")),
        ("None", ()),
    ],
)
def test_outputs_are_named_by_the_return_annotation(
    annotation: object, names: tuple[str, ...]
) -> None:
    """Annotated names an output, a tuple several, None none; text counts as what it says."""

    def function() -> None: ...

    function.__annotations__["return"] = annotation
    assert step(function).outputs == names


def test_the_wrong_number_of_outputs_is_named() -> None:
    """A step that returns fewer values than it declares says so, with their names."""

    @step
    def pair() -> tuple[Annotated[int, "a"], Annotated[int, "b"]]:
        return (1,)  # type: ignore[return-value]

    with pytest.raises(
        MissingOutput, match=r"step pair declares 2 outputs \(a, b\) and returned 1"
    ):
        pair()


def test_a_handle_cannot_be_used_as_a_value() -> None:
    """Deciding on an output inside the pipeline function is an error that says where to decide."""

    @step
    def give() -> int:
        return 1

    @pipeline
    def branching() -> None:
        if give():
            pass

    with pytest.raises(UsageError, match="has no value inside the pipeline; decide in a step"):
        branching()


def test_an_unusable_store_costs_the_cache_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[str], ran: list[str]
) -> None:
    """A cache folder that is a file: steps run, one line says why nothing is kept."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "file"))

    @step
    def give() -> int:
        body("give")
        return 1

    assert [give(), give()] == [1, 1]
    assert ran == ["give", "give"]
    assert len([line for line in log if line.startswith("Nothing is cached")]) == 1


def test_a_damaged_record_makes_its_step_run_when_its_value_is_wanted(
    ran: list[str], tmp_path: Path
) -> None:
    """Damage found only when a reader needs the value is a rerun, not an exception."""

    @step
    def load() -> Annotated[np.ndarray, "big"]:
        body("load")
        return np.arange(1_000_000.0)

    @step
    def total(big: np.ndarray, factor: int) -> float:
        body("total")
        return float(big.sum()) * factor

    @pipeline
    def both(factor: int) -> None:
        total(load(), factor)

    first = both(1).steps["total"].outputs["output"].load()
    blobs = [path for path in (tmp_path / "cache" / "blobs").rglob("*") if path.is_file()]
    for path in blobs:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(content)
    assert both(2).steps["total"].outputs["output"].load() == 2 * first
    assert ran == ["load", "total", "load", "total"]


def test_a_renamed_output_is_another_step(ran: list[str]) -> None:
    """Outputs are found by name, so their names are part of what a step is."""

    def give() -> int:
        body("give")
        return 1

    for name in ("a", "b", "a"):
        give.__annotations__["return"] = Annotated[int, name]
        assert step(give)() == 1
    assert ran == ["give", "give"]


def test_a_run_is_shown_in_one_line() -> None:
    """The representation of a run names its steps and nothing of the namespace."""

    @step
    def give() -> int:
        return 1

    @pipeline
    def one() -> None:
        give()

    assert re.fullmatch(r"<run of one, completed in \d\.\d+s \(give: completed\)>", repr(one()))


def test_an_expression_in_a_variable_reads_what_it_names(
    ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`frame.query(text)` depends on the globals that the text names."""
    monkeypatch.setitem(globals(), "LIMIT", 2)

    @step
    def above(frame: pd.DataFrame, text: str) -> int:
        body("above")
        return len(frame[frame.eval(text.replace("@LIMIT", str(globals()["LIMIT"])))])

    frame = pd.DataFrame({"x": [1, 2, 3]})
    assert above(frame, "x > @LIMIT") == 1
    monkeypatch.setitem(globals(), "LIMIT", 0)
    assert above(frame, "x > @LIMIT") == 3
    assert ran == ["above", "above"]


def test_why_answers_for_functions_too() -> None:
    """`zen_nb.why` says in a script what a step did last, in a pipeline or alone."""

    @step
    def add(x: int) -> int:
        return x + 1

    @pipeline
    def one(x: int) -> None:
        add(x)

    add(1)
    assert "first run" in str(why("add"))
    add(1)
    assert "add was cached: nothing it depends on has changed" in str(why("add"))
    one(2)
    assert "param x 1 → 2" in str(why("add"))
    with pytest.raises(UnknownStep, match="no step 'nope'"):
        why("nope")


class _Hostile(type):
    """A metaclass whose classes cannot be hashed: nothing can ask a table about them."""

    __hash__ = None

    def __eq__(cls, other):
        raise RuntimeError("no")


class _Odd(metaclass=_Hostile):
    size = 3


def test_a_value_that_breaks_the_cache_does_not_break_the_call():
    """Whatever an argument does to zen_nb, the function runs and returns."""

    @step
    def measure(thing) -> int:
        return thing.size

    assert measure(_Odd()) == 3
    assert measure(_Odd()) == 3
