"""What a magic line says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zen_nb.core.errors import UsageError
from zen_nb.notebook.line import read_line


def test_a_line_holds_words_parameters_outputs_and_options():
    """The four parts of a line are told apart wherever they stand."""
    line = read_line(
        "train gamma=0.001 -> model, acc --expires 7d --no-cache", valued=frozenset({"--expires"})
    )
    assert line.words == ("train",)
    assert line.parameters == {"gamma": 0.001}
    assert line.outputs == ("model", "acc")
    assert line.options == ("--expires", "7d", "--no-cache")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x=1", 1),
        ("x=-1.5e3", -1500.0),
        ("x=None", None),
        ("x='a b'", "a b"),
        ('x="it\'s"', "it's"),
        ("x='a\\'b'", "a'b"),
        ("x='back\\\\' y=2", "back\\"),
        ("x=[1, 2, (3, 4)]", [1, 2, (3, 4)]),
        ("x={'a': [1, 2], 'b c': {3}}", {"a": [1, 2], "b c": {3}}),
        ("x='# no comment'", "# no comment"),
        ("x='-> y'", "-> y"),
        ("x=b'raw'", b"raw"),
        ("x=r'a\\b'", "a\\b"),
        ("x='{y} $z'", "{y} $z"),
        ("x = 3", 3),
        ("x= 3", 3),
        ("x =[1, 2]", [1, 2]),
    ],
)
def test_parameters_are_python_literals(text, value):
    """A value may hold blanks, quotes, brackets, arrows and hashes; nothing is expanded."""
    assert read_line(text).parameters["x"] == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.binary(),
        lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
)  # fmt: skip
def test_every_literal_comes_through(value):
    """What `repr` writes of a literal is read back as the same value, whatever surrounds it."""
    line = read_line(f"train a=1 x={value!r} -> y --cache")
    assert repr(line.parameters) == repr({"a": 1, "x": value})
    assert (line.words, line.outputs, line.options) == (("train",), ("y",), ("--cache",))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("k=fast", r"k=fast is not a Python literal; write k='fast'"),
        ("k=a+b", r"k=a\+b is not a Python literal; write k='a\+b'"),
        ("k=it's", r"write k=\"it's\""),
        ("k=", r"k= has nothing after it.*k=1"),
        ("k= --cache", r"k= has nothing after it"),
        ("k=1, j=2", r"k=1, ends in a comma.*k=1"),
        ("k=1 k=2", r"k= is set twice"),
        ("-> 3x", r"-> 3x.*not a variable name"),
        ("-> class", r"-> class.*not a variable name"),
        ("->", r"nothing stands after ->"),
        ("-> a -> b", r"one ->"),
        ("k=[1, 2", r"k=\[1, 2 is not"),
    ],
)
def test_what_cannot_be_read_is_shown_with_what_to_write(text, says):
    """An error names the part and what to write instead, in one line."""
    with pytest.raises(UsageError, match=says) as caught:
        read_line(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("-> a,b", ("a", "b")),
        ("->a, b", ("a", "b")),
        ("-> a b", ("a", "b")),
        ("x=1->y", ("y",)),
        ("train->y", ("y",)),
    ],
)
def test_outputs_may_be_written_tight_or_wide(text, outputs):
    """Blanks around the arrow and the commas do not matter."""
    assert read_line(text).outputs == outputs


def test_the_value_of_an_option_may_be_quoted():
    """A path with blanks is written in quotes, after a blank or an equals sign."""
    valued = frozenset({"--file"})
    assert read_line("--file 'my rates.db'", valued=valued).options == ("--file", "my rates.db")
    assert read_line('--file="my rates.db"', valued=valued).options == ("--file=my rates.db",)


def test_a_comment_ends_the_line():
    """What follows a hash that begins a word is not read."""
    assert read_line("train k=1  # k=2 -> z").parameters == {"k": 1}
