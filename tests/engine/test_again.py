"""A call that was a hit is answered shortly, and by nothing less certain than before."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zen_nb import step
from zen_nb.engine import again
from zen_nb.pipelines import surroundings

LIMIT = 3
TABLE = {"a": 1}


def helper(x: float) -> float:
    return x * LIMIT


@step
def scaled(x: Any, y: float = 2.0) -> str:
    return f"{type(x).__name__} {x!r} {helper(1.0)} {y}"


@step
def looked_up(name: str) -> int:
    return TABLE[name]


@step
def with_variable(x: int) -> str:
    return f"{x} {os.environ.get('ZEN_NB_TEST_WORD')}"


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "cache"))
    again._hits.clear()


@pytest.fixture
def shortly(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], tuple[Any, bool]]:
    """Call something, and tell whether the short way answered."""
    recall = again.recall

    def ask(call: Callable[[], Any]) -> tuple[Any, bool]:
        found: list[bool] = []

        def recalled(*args: Any) -> Any:
            hit = recall(*args)
            found.append(hit is not None)
            return hit

        with monkeypatch.context() as patch:
            patch.setattr(again, "recall", recalled)
            return call(), found[-1]

    return ask


def warm(call: Callable[[], Any]) -> Any:
    """Call three times: a run, a hit, and one that is answered shortly."""
    return [call() for _ in range(3)][-1]


def test_the_third_call_is_answered_shortly(shortly: Any) -> None:
    """A run, a hit, then the short way, with the same value."""
    told = [shortly(lambda: scaled(1)) for _ in range(4)]
    assert [short for _, short in told] == [False, False, True, True]
    assert len({value for value, _ in told}) == 1


CHANGES: dict[str, Callable[[pytest.MonkeyPatch], Any]] = {
    "a global": lambda patch: patch.setitem(globals(), "LIMIT", 4),
    "a helper": lambda patch: patch.setitem(globals(), "helper", lambda x: -x),
    "a helper's code": lambda patch: patch.setattr(helper, "__code__", (lambda x: x + 9).__code__),
    "a default": lambda patch: patch.setattr(helper, "__defaults__", (1.0,)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_the_code_reaches_is_seen(
    shortly: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Each way of changing it is asked about from the beginning, and gives what a run gives."""
    warm(lambda: scaled(1))
    with monkeypatch.context() as patch:
        CHANGES[change](patch)
        value, short = shortly(lambda: scaled(1))
        assert not short
        assert value == scaled._function(1)
    assert scaled(1) == scaled._function(1)


def test_arguments_that_are_equal_and_not_the_same_are_told_apart(shortly: Any) -> None:
    """1, True, 1.0 and '1'; both zeros; text and bytes: each has a value of its own."""
    values: list[Any] = [1, True, 1.0, "1", b"1", 0.0, -0.0, None, math.nan]
    for value in values:
        assert warm(lambda value=value: scaled(value)) == scaled._function(value)
    for value in values:
        told, short = shortly(lambda value=value: scaled(value))
        assert short
        assert told == scaled._function(value)


def test_what_can_change_is_not_remembered(shortly: Any) -> None:
    """Arguments and globals that are changed in place, and traces."""
    assert warm(lambda: scaled([1])) == scaled._function([1])
    assert shortly(lambda: scaled([1]))[1] is False
    warm(lambda: looked_up("a"))
    TABLE["a"] = 5
    try:
        assert shortly(lambda: looked_up("a")) == (5, False)
    finally:
        TABLE["a"] = 1
    warm(lambda: with_variable(1))
    os.environ["ZEN_NB_TEST_WORD"] = "other"
    try:
        assert shortly(lambda: with_variable(1)) == ("1 other", False)
    finally:
        del os.environ["ZEN_NB_TEST_WORD"]


def test_settings_and_the_store_count(shortly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off, expired, cleared, and another store: asked from the beginning each time."""
    warm(lambda: scaled(1))
    assert not shortly(lambda: scaled.with_options(enable_cache=False)(1))[1]
    assert not shortly(lambda: scaled.with_options(expires_after="1h")(1))[1]
    with monkeypatch.context() as patch:
        patch.setenv("ZEN_NB_ENABLE_CACHE", "false")
        assert not shortly(lambda: scaled(1))[1]
    assert not shortly(lambda: scaled(1))[1], "the run without the cache has made a newer record"
    assert shortly(lambda: scaled(1))[1]
    found = surroundings.store(surroundings.configuration())
    assert found is not None
    found.clear()
    assert not shortly(lambda: scaled(1))[1]


def test_a_record_that_another_process_has_replaced_is_read(shortly: Any) -> None:
    """The row is asked each time: a newer record of the same key is the one that is served."""
    from zen_nb.store.records import Store
    from zen_nb.store.serialize import dump

    warm(lambda: scaled(1))
    (hit,) = again._hits.values()
    other = Store.open(hit.store.folder, 10**9)
    other.add(
        hit.record, payload=dump({"output": "from elsewhere"}, namespace={}), transcript=b"[]"
    )
    assert shortly(lambda: scaled(1)) == ("from elsewhere", False)
    other.close()


def test_what_is_put_into_libraries_is_seen(shortly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in a library of the user's is asked each time."""
    warm(lambda: scaled(1))
    assert shortly(lambda: scaled(1))[1]
    with monkeypatch.context() as patch:
        patch.setattr(again, "registered", lambda _: {"patched:json": "0" * 64})
        assert not shortly(lambda: scaled(1))[1]
