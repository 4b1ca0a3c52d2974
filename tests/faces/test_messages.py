"""What a page may ask, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zen_nb.core.errors import UnknownStep, UsageError
from zen_nb.faces.messages import LONGEST_NAME, checked

_STEPS = ("load", "train")
_GOOD: list[dict[str, Any]] = [
    {"kind": "toggle", "step": "train", "value": False},
    {"kind": "toggle", "step": None, "value": True},
    {"kind": "toggle", "step": "load", "value": None},
    {"kind": "clear_toggles"},
    {"kind": "run", "to": None, "all": True},
    {"kind": "run", "to": "train", "all": False},
    {"kind": "stop"},
    {"kind": "pin", "step": "train", "value": True},
    {"kind": "forget", "step": "load"},
]
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    max_leaves=6,
)
_KINDS = st.sampled_from(["toggle", "run", "stop", "clear_toggles", "pin", "forget"])
_NEAR_MISSES = st.fixed_dictionaries(
    {"kind": _KINDS | _VALUES},
    optional={"step": _VALUES, "value": _VALUES, "to": _VALUES, "all": _VALUES},
)


@pytest.mark.parametrize("message", _GOOD)
def test_known_messages_pass_as_they_are(message: dict[str, Any]) -> None:
    """A message with exactly the fields of its kind is handed on unchanged."""
    assert checked(message, _STEPS) == message


@given(_VALUES | _NEAR_MISSES)
def test_anything_else_is_a_usage_error(content: Any) -> None:
    """Whatever a page sends either is one of the known messages or is refused in one line."""
    found, refused = None, ""
    try:
        found = checked(content, _STEPS)
    except UsageError as error:
        refused = str(error)
    assert "\n" not in refused
    assert (found is None) is bool(refused)
    if found is not None:
        assert found["kind"] in ("toggle", "run", "stop", "clear_toggles")
        assert found.get("step") in (None, *_STEPS)
        assert found.get("to") in (None, *_STEPS)


@pytest.mark.parametrize("message", _GOOD)
def test_one_field_too_many_is_refused(message: dict[str, Any]) -> None:
    """Nothing rides along with a known message."""
    with pytest.raises(UsageError):
        checked({**message, "extra": 1}, _STEPS)


def test_numbers_are_not_booleans() -> None:
    """A toggle's value is true, false or null, and 1 is none of them."""
    with pytest.raises(UsageError):
        checked({"kind": "toggle", "step": "train", "value": 1}, _STEPS)


def test_only_steps_that_are_there_can_be_named() -> None:
    """An unknown step is refused with the names of the known ones."""
    with pytest.raises(UnknownStep, match="load, train"):
        checked({"kind": "run", "to": "deploy", "all": False}, _STEPS)


def test_a_name_of_any_length_is_not_repeated_back() -> None:
    """A very long name is refused by its length, without being shown."""
    with pytest.raises(UsageError) as refused:
        checked({"kind": "run", "to": "x" * (LONGEST_NAME + 1), "all": False}, _STEPS)
    assert len(str(refused.value)) < 100


def test_buffers_are_refused() -> None:
    """No message of the page has binary parts."""
    with pytest.raises(UsageError):
        checked({"kind": "stop"}, _STEPS, [memoryview(b"x")])
