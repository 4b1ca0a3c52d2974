"""The laws of values: distinct, the same in every process, the same after a round trip."""

from __future__ import annotations

import copy
import math
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tests.identity.samples import (
    NO_ROUND_TRIP,
    SAMPLES,
    NameSink,
    Other,
    Plain,
    Reducing,
    Stateful,
    fp,
)
from zen_nb.identity.values import Encoder, fingerprint_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made():
    values = {name: make() for name, make in SAMPLES.items()}
    return {name: (value, fp(value)) for name, value in values.items()}


def test_every_sample_has_a_fingerprint_of_its_own(made):
    """No two values of the table share a fingerprint."""
    by_print: dict[str, list[str]] = {}
    for name, (_, fingerprint) in made.items():
        by_print.setdefault(fingerprint, []).append(name)
    assert [names for names in by_print.values() if len(names) > 1] == []
    assert len(made) > 500


def test_a_fingerprint_is_64_hexadecimal_digits(made):
    """Every fingerprint is a BLAKE3 digest in lower-case hexadecimal."""
    assert all(len(f) == 64 and set(f) <= set("0123456789abcdef") for _, f in made.values())


def test_a_value_made_again_has_the_same_fingerprint(made):
    """Content decides, not identity."""
    assert [name for name, (_, f) in made.items() if fp(SAMPLES[name]()) != f] == []


def test_taking_a_fingerprint_leaves_no_trace(made):
    """A second fingerprint of the same object equals the first."""
    assert [name for name, (value, f) in made.items() if fp(value) != f] == []


def test_a_pickle_round_trip_keeps_the_fingerprint(made):
    """What comes back from a protocol 5 pickle with buffers out of band is the same value."""
    changed = []
    for name, (value, fingerprint) in made.items():
        if name not in NO_ROUND_TRIP:
            buffers: list[pickle.PickleBuffer] = []
            dumped = pickle.dumps(value, 5, buffer_callback=buffers.append)
            loaded = pickle.loads(dumped, buffers=[bytearray(b.raw()) for b in buffers])
            if fp(loaded) != fingerprint:
                changed.append(name)
    assert changed == []


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters(), max_size=6)
    | st.binary(max_size=6)
)
hashable = st.recursive(
    leaves,
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
trees = st.recursive(
    leaves | hashable,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.lists(st.integers() | st.text(max_size=2), min_size=30, max_size=70)
        | inner.map(lambda part: Plain(part=part))
    ),
    max_leaves=12,
)


def spelled(value):
    """Return a text that tells any two of the generated trees apart, made another way."""
    kind = type(value).__name__
    if isinstance(value, (list, tuple)):
        return f"{kind}({','.join(map(spelled, value))})"
    if isinstance(value, (set, frozenset)):
        return f"{kind}({','.join(sorted(map(spelled, value)))})"
    if isinstance(value, dict):
        return f"{kind}({','.join(f'{spelled(k)}:{spelled(v)}' for k, v in value.items())})"
    if isinstance(value, Plain):
        return f"Plain({spelled(value.part)})"
    if isinstance(value, float):
        return f"float({struct.pack('<d', value).hex()})"
    if isinstance(value, complex):
        return f"complex({struct.pack('<dd', value.real, value.imag).hex()})"
    return f"{kind}({value!r})"


@given(trees, trees)
def test_two_trees_are_equal_only_if_their_fingerprints_are(one, other):
    """Fingerprints of random trees agree exactly where an independent spelling agrees."""
    assert (fp(one) == fp(other)) == (spelled(one) == spelled(other))


@given(trees)
def test_a_deep_copy_of_a_tree_has_the_same_fingerprint(tree):
    """Copies share nothing that the original does not, whatever is interned."""
    assert fp(pickle.loads(pickle.dumps(tree, 5))) == fp(tree)


@given(trees)
def test_wrapping_changes_the_fingerprint(tree):
    """A value, a list of it, a tuple of it and a dict of it all differ."""
    around = [tree, [tree], (tree,), {"a": tree}, [[tree]], Plain(part=tree), Other(part=tree)]
    assert len({fp(value) for value in around}) == len(around)


@given(st.lists(leaves, min_size=1, max_size=80), st.data())
def test_changing_one_item_changes_the_fingerprint(items, data):
    """One leaf replaced by another one, in a short or a packed list, is seen."""
    place = data.draw(st.integers(0, len(items) - 1))
    new = data.draw(leaves)
    assume(spelled(new) != spelled(items[place]))
    changed = [*items[:place], new, *items[place + 1 :]]
    assert fp(changed) != fp(items)
    assert fp({"x": changed}) != fp({"x": items})
    assert fp([changed, [items]]) != fp([items, [items]])


@given(st.lists(st.text(max_size=3) | st.binary(max_size=3), min_size=2, max_size=80), st.data())
def test_moving_a_border_between_strings_changes_the_fingerprint(items, data):
    """The same letters cut elsewhere are another list."""
    strings = [item for item in items if isinstance(item, str)]
    assume(len(strings) > 1 and any(strings))
    moved = ["".join(strings), *[""] * (len(strings) - 1)]
    assume(moved != strings)
    assert fp(moved) != fp(strings)


@given(st.sets(hashable, min_size=2, max_size=8), st.randoms())
def test_the_order_in_which_a_set_grew_does_not_count(members, rng):
    """Two equal sets have one fingerprint, whatever their history."""
    shuffled = sorted(members, key=lambda member: rng.random())
    other: set = set(range(1000))
    other.clear()
    other.update(shuffled)
    assert fp(other) == fp(members)


@settings(max_examples=60)
@given(
    npst.arrays(
        dtype=npst.scalar_dtypes() | npst.array_dtypes(max_size=3),
        shape=npst.array_shapes(min_dims=0, max_dims=3, max_side=4),
    )
)
def test_an_array_equals_its_copies_and_views(array):
    """A strided view, a copy in C order and a pickled copy of an array are one value."""
    plain = np.ascontiguousarray(array).reshape(array.shape)
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    assert fp(wide[..., 0]) == fp(plain)
    assert fp(pickle.loads(pickle.dumps(plain, 5))) == fp(plain)
    assert fp(plain.reshape(1, *plain.shape)) != fp(plain)


@settings(max_examples=60)
@given(npst.arrays(dtype="f8", shape=npst.array_shapes(max_dims=2, max_side=6)), st.data())
def test_one_changed_element_of_an_array_is_seen(array, data):
    """Every element counts, also where the change is of sign or kind of zero."""
    place = data.draw(st.integers(0, array.size - 1))
    changed = array.copy()
    old = changed.flat[place]
    changed.flat[place] = data.draw(st.sampled_from([0.0, -0.0, 1.0, -old, math.inf]))
    same = changed.tobytes() == array.tobytes()
    assert (fp(changed) == fp(array)) == same


def test_a_change_inside_an_object_is_seen():
    """State counts, whichever way a class gives it."""
    for value, change in (
        (Plain(a=[1]), lambda v: v.a.append(2)),
        (Stateful([1]), lambda v: v.kept.append(2)),
        (Reducing([1]), lambda v: v.kept.append(2)),
    ):
        before = fp(value)
        change(value)
        assert fp(value) != before


def test_what_a_class_leaves_out_of_its_state_does_not_count():
    """``__getstate__`` decides what the state is."""
    assert fp(Stateful(1)) == fp(Stateful(1))


def test_the_encoder_can_be_used_again_and_while_it_is_in_use():
    """A sink that takes fingerprints with the same encoder disturbs nothing."""
    value = [[1], Plain(a=[2]), Plain(b=3)]
    plain = Encoder(NameSink())
    assert plain.fingerprint(value) == plain.fingerprint(copy.deepcopy(value)) == fp(value)

    class Once(NameSink):
        def token(self, thing):
            inner = encoder.fingerprint([[1], {"a": (2,)}, {3}])
            assert inner == fp([[1], {"a": (2,)}, {3}])
            return super().token(thing)

    encoder = Encoder(Once())
    assert encoder.fingerprint(value) == fp(value)


def test_a_known_digest_may_be_supplied():
    """The digest of a buffer can come from elsewhere; the fingerprint is the same."""
    asked = []

    def remembered(buffer):
        from zen_nb.identity.encoding import buffer_digest

        asked.append(buffer.nbytes)
        return buffer_digest(buffer)

    array = np.arange(1000.0)
    assert Encoder(NameSink(), remembered).fingerprint(array) == fingerprint_of(array, NameSink())
    assert asked == [8000]


def test_digests_do_not_depend_on_threads():
    """A buffer above the size where threads start has the digest that one thread computes."""
    from blake3 import blake3

    from zen_nb.core.threads import THREADS_FROM_BYTES
    from zen_nb.identity.encoding import buffer_digest

    large = bytes(range(256)) * (THREADS_FROM_BYTES // 128)
    assert buffer_digest(large) == blake3(large).digest()


def test_the_format_is_pinned():
    """These fingerprints are in stores: when one changes, `FORMAT` has to change."""
    assert fp(1) == "7e28a02d40c44f370c2d3d545b77d72bfd9b9f4aca2a71806cc07e8926a4606d"
    assert (
        fp([1, {"a": (2.0, None)}])
        == "20f2275eaa0f9a5adf6e3b0c3194d038e73a45b91c0cca10cd4fd43e8991cdfd"
    )
    assert (
        fp([[n, str(n)] for n in range(40)])
        == "26b5f94378be03c8a46cc06398e5b40326b41fe988285105abd8e51a26b7ab67"
    )
    assert (
        fp(np.arange(6.0).reshape(2, 3))
        == "61e1fa38cbfd74180e1ec86f96f80a3328c7d0f43d7c10747070ea09f1734302"
    )
