"""What comes back from the store is what went in, aliases and live functions included."""

from __future__ import annotations

import io
import itertools
import random
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zen_nb import fingerprint
from zen_nb.core.errors import NotStorable
from zen_nb.store.serialize import NotLoadable, Payload, dump, load

SOURCE = """
import functools

scale = 3

def plain(x):
    return x * scale

class Model:
    def __init__(self, value):
        self.value = value
    def scaled(self):
        return self.value * scale
    class Part:
        pass

def make():
    count = 0
    def step():
        nonlocal count
        count += 1
        return count
    def read():
        return count
    def factorial(n):
        return 1 if n == 0 else n * factorial(n - 1)
    class Local:
        def own(self):
            return __class__, scale
    return step, read, factorial, Local

step, read, factorial, Local = make()

@functools.lru_cache
def remembered(x):
    return x * scale
"""


@pytest.fixture
def notebook() -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(SOURCE, namespace)
    return namespace


def again(values: dict[str, Any], namespace: dict[str, Any], **more: Any) -> dict[str, Any]:
    payload = dump(values, namespace=namespace, **more)
    return load(payload.stream, copies(payload), namespace=namespace)


def copies(payload: Payload) -> list[bytearray]:
    return [bytearray(buffer) for buffer in payload.buffers]


ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    ATOMS | st.binary() | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.frozensets(ATOMS)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_plain_values_come_back_equal_and_of_their_types(value: object) -> None:
    """Built-in values survive with their exact types."""
    back = again({"v": value}, {})["v"]
    assert repr(back) == repr(value) or back == value
    assert type(back) is type(value)


ARRAYS = [
    np.arange(10_000.0),
    np.arange(10_000)[::-3],
    np.asfortranarray(np.arange(20_000).reshape(100, 200)),
    np.array(["a", None, 3], dtype=object),
    np.array([], dtype="i8"),
    np.array(5.0),
    np.arange("2020", "2024", dtype="M8[D]"),
    np.zeros(3, dtype=[("x", "i1"), ("y", "f8")]),
    np.ma.masked_array(np.arange(3), mask=[False, True, False]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_arrays_come_back_as_they_were(array: Any) -> None:
    """Dtype, shape, content and mask survive whatever the memory looked like."""
    back = again({"a": array}, {})["a"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert type(back) is type(array)
    np.testing.assert_array_equal(back, array)


FRAMES = [
    pd.DataFrame({"a": np.arange(5000), "b": np.arange(5000.0), "c": ["x"] * 5000}),
    pd.DataFrame({"t": pd.date_range("2024", periods=900, tz="Europe/Berlin")}),
    pd.DataFrame({"k": pd.Categorical(["a", "b", "a"], ordered=True)}, index=list("xyz")),
    pd.DataFrame({"n": pd.array([1, None, 3], dtype="Int64")}),
    pd.DataFrame(),
]


@pytest.mark.parametrize("frame", FRAMES, ids=range(len(FRAMES)))
def test_frames_come_back_as_they_were(frame: pd.DataFrame) -> None:
    """Columns, dtypes, index and attributes of a frame survive."""
    frame.attrs["unit"] = "m"
    back = again({"f": frame}, {})["f"]
    pd.testing.assert_frame_equal(back, frame)
    assert back.attrs == {"unit": "m"}


def test_numeric_memory_is_out_of_band_and_not_copied() -> None:
    """A large array's own memory is handed to the store; a small one stays in the stream."""
    array = np.arange(10_000.0)
    payload = dump({"a": array, "small": np.arange(3)}, namespace={})
    assert [buffer.nbytes for buffer in payload.buffers] == [80_000]
    array[0] = 7.0
    assert np.frombuffer(payload.buffers[0])[0] == 7.0
    assert len(payload.stream) < 1000


def test_aliases_between_outputs_survive() -> None:
    """What was one object is one object, also inside containers."""
    shared = [1]
    back = again({"a": shared, "b": {"in": shared}, "c": (shared,)}, {})
    assert back["a"] is back["b"]["in"] is back["c"][0]


def test_aliases_with_objects_of_the_notebook_survive() -> None:
    """A known object is stored as its name and resolved in the namespace."""
    model = {"weights": [1]}
    namespace = {"model": model}
    payload = dump({"b": [model, 1]}, namespace=namespace, known={id(model): "model"})
    assert b"weights" not in payload.stream
    assert load(payload.stream, namespace=namespace)["b"][0] is model


def test_views_still_see_their_array() -> None:
    """A slice and the array that it was cut from keep sharing memory."""
    base = np.asfortranarray(np.arange(2000.0).reshape(20, 100))
    back = again({"base": base, "cut": base[::2, 1:], "row": base[3]}, {})
    back["base"][:] = -1
    assert (back["cut"] == -1).all()
    assert (back["row"] == -1).all()
    assert back["cut"].strides == base[::2, 1:].strides


def test_a_view_of_a_known_array_sees_it() -> None:
    """A slice of an array that the notebook holds is a window on that one."""
    held = np.arange(1000.0)
    namespace = {"held": held}
    back = again({"cut": held[10:20]}, namespace, known={id(held): "held"})
    held[10] = -5
    assert back["cut"][0] == -5


def test_dict_views_still_see_their_dict() -> None:
    """`d.keys()` that is stored with `d` shows a key added later."""
    table = {"a": 1}
    back = again({"table": table, "keys": table.keys(), "items": table.items()}, {})
    back["table"]["b"] = 2
    assert list(back["keys"]) == ["a", "b"]
    assert ("b", 2) in back["items"]


def test_named_functions_and_classes_are_those_of_the_notebook(notebook: dict[str, Any]) -> None:
    """By reference: `isinstance` holds and a redefinition reaches them."""
    values = {name: notebook[name] for name in ("plain", "Model", "remembered")}
    values |= {"m": notebook["Model"](4), "p": notebook["Model"].Part()}
    back = again(values, notebook)
    assert back["plain"] is notebook["plain"]
    assert back["remembered"] is notebook["remembered"]
    assert type(back["m"]) is notebook["Model"] is back["Model"]
    assert type(back["p"]) is notebook["Model"].Part


def test_other_functions_read_the_live_namespace(notebook: dict[str, Any]) -> None:
    """A lambda and a method of a local class see a global that changed after loading."""
    exec("by_two = lambda x, y=[1]: x * scale", notebook)
    make_lambda = notebook.pop("by_two")
    back = again({"f": make_lambda, "l": notebook["Local"]()}, notebook)
    notebook["scale"] = 10
    assert back["f"](2) == 20
    assert back["f"].__globals__ is notebook
    assert back["l"].own() == (type(back["l"]), 10)


def test_what_will_be_absent_goes_by_value(notebook: dict[str, Any]) -> None:
    """Names that a hit will not find are stored whole, still over the live namespace."""
    names = ("plain", "Model", "remembered")
    values = {name: notebook[name] for name in names} | {"m": notebook["Model"](4)}
    payload = dump(values, namespace=notebook, absent=frozenset(names))
    elsewhere = {"scale": 10}
    back = load(payload.stream, namespace=elsewhere)
    assert (back["plain"](2), back["m"].scaled(), back["remembered"](3)) == (20, 40, 30)
    assert type(back["m"]) is back["Model"]
    assert back["remembered"].cache_info().currsize == 1


def test_closures_share_their_cells(notebook: dict[str, Any]) -> None:
    """Two closures over one variable still see each other, and recursion through a cell works."""
    back = again({name: notebook[name] for name in ("step", "read", "factorial")}, notebook)
    assert [back["step"](), back["step"](), back["read"]()] == [1, 2, 2]
    assert notebook["read"]() == 0
    assert back["factorial"](5) == 120


def test_functions_keep_all_that_hangs_on_them(notebook: dict[str, Any]) -> None:
    """Defaults, keyword defaults, annotations, attributes, name and docstring survive."""
    exec(
        "def outer():\n"
        "    def inner(a: int = 1, *, k: str = 'z') -> float:\n"
        "        'Says so.'\n"
        "        return a, k\n"
        "    inner.mark = [inner]\n"
        "    return inner\n",
        notebook,
    )
    inner = notebook["outer"]()
    back = again({"f": inner}, notebook)["f"]
    assert back() == (1, "z")
    assert back.__annotations__ == inner.__annotations__ != {}
    assert back.mark == [back]
    assert (back.__qualname__, back.__doc__) == (inner.__qualname__, "Says so.")


def test_modules_come_back_by_name() -> None:
    """A module is imported again, not copied."""
    assert again({"np": np}, {})["np"] is np


def test_what_the_notebook_no_longer_defines_is_named(notebook: dict[str, Any]) -> None:
    """A reference that cannot be resolved says which one."""
    payload = dump({"f": notebook["plain"]}, namespace=notebook)
    with pytest.raises(NotLoadable, match="'plain'"):
        load(payload.stream, namespace={})


def _generator() -> Any:
    yield 1


REFUSED = [
    (lambda: iter([1]), "list_iterator"),
    (lambda: map(str, [1]), "map"),
    (lambda: enumerate([1]), "enumerate"),
    (_generator, "generator"),
    (lambda: memoryview(b"x"), "memoryview"),
    (threading.Lock, "_thread.lock"),
    (sys._getframe, "frame"),
]


@pytest.mark.parametrize(("make", "type_name"), REFUSED, ids=[name for _, name in REFUSED])
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: {"deep": [v]}], ids=["bare", "within"])
def test_what_would_come_back_changed_is_refused(make: Any, type_name: str, wrap: Any) -> None:
    """The output and the type in the way are named, wherever it is held."""
    with pytest.raises(NotStorable) as caught:
        dump({"fine": 1, "bad": wrap(make()), "also": 2}, namespace={})
    assert (caught.value.name, caught.value.type_name) == ("bad", type_name)
    assert caught.value.why


def test_open_files_and_sockets_are_refused(tmp_path: Any) -> None:
    """A text file does not silently become a string buffer."""
    path = tmp_path / "f.txt"
    path.write_text("x")
    with path.open() as text, path.open("rb") as binary, socket.socket() as plug:
        for value, name in ((text, "TextIOWrapper"), (binary, "BufferedReader"), (plug, "socket")):
            with pytest.raises(NotStorable, match=name):
                dump({"f": value}, namespace={})
    buffer = io.BytesIO(b"abc")
    buffer.seek(1)
    assert again({"b": buffer}, {})["b"].read() == b"bc"


def test_too_deep_nesting_is_said_in_one_line() -> None:
    """A structure deeper than the stack is not a traceback of recursion."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NotStorable, match="nested too deeply"):
        dump({"deep": deep}, namespace={})
    while deep:
        deep = deep.pop()


def test_a_counter_comes_back_at_its_number() -> None:
    """A counter inside a value is its next number, as in a figure whose axis has categories."""
    counter = itertools.count(3)
    next(counter)
    back = again({"held": [counter, counter]}, {})["held"]
    assert next(back[0]) == 4
    assert next(back[1]) == 5


@pytest.mark.parametrize(
    "how", [{}, {"mode": "w"}, {"mode": "rb"}, {"mode": "wb"}, {"mode": "rb", "buffering": 0}]
)
def test_a_closed_file_comes_back_closed(how: dict[str, Any], tmp_path: Path) -> None:
    """What `with open(…) as f` leaves behind is no reason not to keep a step."""
    (tmp_path / "a").write_text("x")
    with (tmp_path / "a").open(**how) as file:
        pass
    back = again({"file": file}, {})["file"]
    assert (type(back), back.closed, repr(back)) == (type(file), True, repr(file))


def sharing(array: np.ndarray) -> dict[str, Any]:
    """Return windows of several kinds on one array, below the top of a payload."""
    return {
        "turned": array.T,
        "some": [array[:, ::2], (array[::-1],)],
        "wide": np.broadcast_to(array[0], (2, *array.shape[1:])),
        "other": array.reshape(-1).view("u1")[8:24],
    }


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("size", [4, 400], ids=["in the stream", "beside it"])
def test_windows_inside_containers_share_their_memory(order: Any, size: int) -> None:
    """What is written through one of them shows in all the others, as before."""
    array = np.array(np.arange(4.0 * size).reshape(4, size), order=order)
    values = sharing(array) if order == "C" else {"turned": array.T, "some": [array, (array,)]}
    back = again({"v": values}, {})["v"]
    assert (back["turned"] == array.T).all()
    assert back["turned"].flags.f_contiguous == values["turned"].flags.f_contiguous
    back["turned"][0, 0] = -1
    assert back["some"][1][0][-1 if order == "C" else 0, 0] == -1
    assert back["some"][0][0, 0] == -1
    if order == "C":
        assert not back["wide"].flags.writeable
        assert back["wide"][1, 0] == -1


def test_parts_of_an_array_that_is_not_kept_share_what_they_share() -> None:
    """The memory under two windows is kept where what they were cut from is not."""
    array = np.arange(10)
    back = again({"v": [array[:6], array[4:]], "w": array[:0]}, {})["v"]
    back[0][5] = -1
    assert back[1].tolist() == [4, -1, 6, 7, 8, 9]


def test_parts_of_an_array_that_share_nothing_stay_apart() -> None:
    """Columns that lie between each other do not bring the whole array with them."""
    array = np.zeros((1000, 1000))
    payload = dump({"v": [array[:, 0], array[:, 5]]}, namespace={})
    assert payload.size_bytes < 50_000


def test_windows_far_apart_in_a_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two slivers of a large array that share a byte are not kept with all between them."""
    monkeypatch.setattr("zen_nb.store.views.SCATTERED_BYTES", 1000)
    array = np.zeros((100, 100))
    with pytest.raises(NotStorable, match=r"shares memory with another .* copy\(\) one"):
        dump({"v": [array[:, 0], array[:, 0]]}, namespace={})


def test_arrays_of_objects_share_their_items() -> None:
    """A window on an array of objects stays one."""
    array = np.array([[1], "two", None, (4,)], dtype=object)
    back = again({"v": {"all": array, "end": array[::-2]}}, {})["v"]
    back["all"][3] = "new"
    assert back["end"][0] == "new"
    assert back["end"][1] == "two"


def test_arrays_of_a_subclass_share_their_memory() -> None:
    """A matrix over an array is one after a load as well."""
    array = np.arange(6.0).reshape(2, 3)
    back = again({"v": [array, np.asmatrix(array)]}, {})["v"]
    back[0][0, 0] = -1
    assert type(back[1]) is np.matrix
    assert back[1][0, 0] == -1


def test_a_window_inside_a_container_sees_an_array_of_the_notebook() -> None:
    """Also where the notebook's array is a window itself, at some place in another value."""
    held = {"rows": [np.arange(12.0).reshape(3, 4)]}
    cut = held["rows"][0][1:]
    place = ("held", (("item", "rows"), ("item", 0)))
    back = again({"v": (cut,)}, {"held": held}, known={id(held["rows"][0]): place})
    held["rows"][0][1, 0] = -5
    assert back["v"][0][0, 0] == -5


def test_frames_that_share_memory_do_not_after_a_load() -> None:
    """Frames guard what they share; the guard is not stored, so neither is the sharing."""
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    back = again({"v": [frame, frame[["a", "b"]], frame.copy(deep=False)]}, {})["v"]
    back[0].loc[0, "a"] = -1
    assert back[1].loc[0, "a"] == back[2].loc[0, "a"] == 1.0


def test_shared_generators_are_those_of_the_process() -> None:
    """What draws from the generator that everybody shares still does after a load."""
    values = {"a": np.random.mtrand._rand, "b": [random.random], "c": np.random.RandomState(1)}
    back = again(values, {})
    assert back["a"] is np.random.mtrand._rand
    assert back["b"][0].__self__ is random._inst
    assert back["c"] is not values["c"]


def test_a_closed_temporary_file_comes_back_closed() -> None:
    """What ``with NamedTemporaryFile() as f`` leaves behind is a closed file."""
    with tempfile.NamedTemporaryFile("wb") as file:
        pass
    back = again({"f": file}, {})["f"]
    assert back.closed
    assert back.name == file.name
    assert fingerprint(back) == fingerprint(file)


def test_functions_of_elements_are_made_again() -> None:
    """What ``np.frompyfunc`` gave works after a load; numpy's own functions are its own."""
    made = np.frompyfunc(lambda x, y: x * 10 + y, 2, 1, identity=0)
    back = again({"made": made, "own": np.add, "limits": np.finfo("f4")}, {})
    assert back["made"].reduce([1, 2, 3]) == 123
    assert back["made"].identity == 0
    assert back["own"] is np.add
    assert back["limits"].eps == np.finfo("f4").eps
