"""What would not come back from the store as it is is noticed when it is stored."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup

from zen_nb import fingerprint
from zen_nb.core.errors import NotStorable
from zen_nb.engine import faithful
from zen_nb.engine.faithful import unlike
from zen_nb.identity.restored import remember
from zen_nb.store.serialize import dump, load


def record_of(values: dict[str, Any]) -> Any:
    parts = [SimpleNamespace(name=name, fingerprint=fingerprint(v)) for name, v in values.items()]
    return SimpleNamespace(artifacts=parts)


def found(values: dict[str, Any]) -> dict[str, str]:
    payload = dump(values, namespace={})
    return unlike(values, payload, record_of(values), namespace={}, absent=())


class Asking:
    """Asks what it holds for attributes that it does not have, as wrappers do."""

    def __init__(self, inner: object) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Loud(Asking):
    """Says when it is made again."""

    made = 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        type(self).made += 1
        vars(self).update(state)


def test_what_can_be_stored_and_never_loaded_is_refused() -> None:
    """A wrapper that asks itself while it is empty is refused with what a load would say."""
    with pytest.raises(NotStorable, match=r"`v` is a Asking.*once stored it cannot be loaded"):
        found({"v": Asking([1])})


def test_nothing_is_tried_where_that_runs_code_of_the_user() -> None:
    """What loading does beside making the value would happen twice."""
    assert found({"v": [Loud([1]), BeautifulSoup("<p>a</p>", "html.parser").p]}) == {}
    assert Loud.made == 0


def test_a_value_that_comes_back_as_another_one_goes_by_what_was_stored() -> None:
    """A tag brings a page of its own back; until it is changed it stands for the first."""
    values = {"v": BeautifulSoup("<p>a<b>c</b></p>", "html.parser").b, "w": 1}
    other = found(values)
    assert list(other) == ["v"]
    payload = dump(values, namespace={})
    back = load(payload.stream, payload.buffers, namespace={})["v"]
    assert fingerprint(back) == other["v"] != fingerprint(values["v"])
    remember(back, other["v"], fingerprint(values["v"]))
    assert fingerprint(back) == fingerprint(values["v"])
    back["id"] = "new"
    assert fingerprint(back) not in (other["v"], fingerprint(values["v"]))


def test_large_values_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load is only worth it where it is quick."""
    monkeypatch.setattr(faithful, "TRIED_UP_TO_BYTES", 10)
    assert found({"v": BeautifulSoup("<p>a</p>", "html.parser").p}) == {}
