"""Laws 3 and 4 over recipes: one recipe, one fingerprint, whichever way it is followed; two, two.

A recipe is plain data that says what a value is. `made` follows it in one of many ways:
views or copies, chunks, blocks, other histories of dicts and sets, pickled, copied, used.
"""

from __future__ import annotations

import copy
import pickle
import random
import struct
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.identity.samples import MyDict, MyList, Other, Plain, Slotted
from tests.identity.sinks import fp

ROWS = 3
DTYPES = ["i1", "i8", "u2", "f4", "f8", ">f8", "?", "c8", "M8[s]", "m8[ns]", "S3", "U2"]


def columns(kind: str, items: Any) -> Any:
    return st.tuples(st.just(kind), st.lists(items, min_size=ROWS, max_size=ROWS).map(tuple))


words = st.text(st.characters(codec="utf-8"), max_size=4)
small = st.integers(-(2**31), 2**31)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
column = (
    columns("int64", small)
    | columns("float64", numbers)
    | columns("object", st.none() | st.booleans() | small | words)
    | columns("str", words)
    | columns("category", st.sampled_from(["a", "b"]))
    | columns("Int64", st.none() | small)
    | columns("boolean", st.none() | st.booleans())
    | columns("datetime64[ns, Europe/Paris]", st.integers(0, 10**18))
    | columns("int64[pyarrow]", st.none() | small)
)
arrow_column = (
    columns("int64", st.none() | small)
    | columns("float32", st.none() | numbers)
    | columns("string", st.none() | words)
    | columns("bool", st.none() | st.booleans())
    | columns("list", st.none() | st.lists(small, max_size=3).map(tuple))
    | columns("struct", st.none() | st.tuples(small, words))
)


def frames(kind: str, cells: Any) -> Any:
    named = st.lists(st.tuples(words, cells), max_size=3, unique_by=lambda pair: pair[0])
    return st.tuples(st.just(kind), named.map(tuple))


leaf = st.one_of(
    *(
        st.tuples(st.just("leaf"), items)
        for items in (
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(allow_nan=False),
            st.text(max_size=5),
            st.binary(max_size=5),
        )
    )
)
arrays = st.tuples(
    st.just("array"),
    st.sampled_from(DTYPES),
    st.lists(st.integers(1, 3), max_size=3).map(tuple),
    st.sampled_from("CF"),
    st.integers(0, 2**32),
)
tables = frames("frame", column) | frames("arrow", arrow_column) | frames("polars", arrow_column)
sets = st.tuples(st.sampled_from(["set", "frozenset"]), st.frozensets(st.text(max_size=3)))


def containers(inner: Any) -> Any:
    some = st.lists(inner, max_size=4).map(tuple)
    pairs = st.lists(st.tuples(words, inner), max_size=4, unique_by=lambda p: p[0]).map(tuple)
    many = st.lists(leaf, min_size=31, max_size=70).map(tuple)
    return (
        st.tuples(st.sampled_from(["list", "tuple", "MyList", "twice", "two"]), some | many)
        | st.tuples(st.sampled_from(["dict", "MyDict", "Plain", "Other", "members"]), pairs)
        | st.tuples(st.just("Slotted"), st.tuples(inner, inner))
    )


recipes = st.recursive(leaf | arrays | tables | sets, containers, max_leaves=8)


def written(recipe: Any) -> str:
    """Return a text that tells recipes apart where they make different values."""
    kind, *rest = recipe
    if kind == "leaf" and type(rest[0]) is float:
        return f"float {struct.pack('<d', rest[0]).hex()}"
    if kind == "array":
        return f"array {made_array(recipe, random.Random(0)).tobytes().hex()} {array_shape(recipe)}"
    if kind == "frame":
        return f"frame {[(n, k, [bits(item) for item in items]) for n, (k, items) in rest[0]]}"
    if kind in ("arrow", "polars"):
        return f"{kind} {[(n, k, [bits(item) for item in items]) for n, (k, items) in rest[0]]}"
    if kind in ("set", "frozenset") or (kind == "members" and not rest[0]):
        return f"{kind.replace('members', 'set')} {sorted(rest[0])}"
    if kind == "leaf":
        return f"{type(rest[0]).__name__} {rest[0]!r}"
    if kind in ("dict", "MyDict", "Plain", "Other", "members"):
        return f"{kind} {[(name, written(part)) for name, part in rest[0]]}"
    return f"{kind} {[written(part) for part in rest[0]]}"


def bits(item: object) -> object:
    return (type(item).__name__, struct.pack("<d", item) if type(item) is float else repr(item))


def array_shape(recipe: Any) -> object:
    """Return what an array is besides its bytes: the order where there are two of them."""
    _, dtype, shape, order, _ = recipe
    return dtype, shape, order if sum(n > 1 for n in shape) > 1 else "C"


def made(recipe: Any, way: random.Random) -> Any:
    """Follow a recipe, in the way that chance takes."""
    value = follow(recipe, way)
    route = way.randrange(4)
    if route == 0:
        return pickle.loads(pickle.dumps(value, 5))
    if route == 1:
        return copy.deepcopy(value)
    if route == 2:
        repr(value)
    return value


def follow(recipe: Any, way: random.Random) -> Any:
    kind, *rest = recipe
    if kind == "leaf":
        return fresh(rest[0])
    if kind == "array":
        return made_array(recipe, way)
    if kind in ("set", "frozenset"):
        return made_set(kind, rest[0], way)
    if kind in TABLES:
        return TABLES[kind](rest[0], way)
    if kind in ("dict", "MyDict", "Plain", "Other", "members"):
        return made_mapping(kind, rest[0], way)
    if kind == "Slotted":
        return Slotted(*(follow(part, way) for part in rest[0]))
    return made_sequence(kind, rest[0], way)


def fresh(value: Any) -> Any:
    """Return an equal leaf that is another object where Python allows it."""
    return pickle.loads(pickle.dumps(value, 5))


def made_sequence(kind: str, parts: Any, way: random.Random) -> Any:
    if kind == "twice":
        whole = [follow(part, way) for part in parts]
        return [whole, whole]
    if kind == "two":
        return [[follow(part, way) for part in parts], [follow(part, way) for part in parts]]
    items = [None] * way.randrange(5)
    cut = len(items)
    items += [follow(part, way) for part in parts]
    return {"list": list, "tuple": tuple, "MyList": MyList}[kind](items[cut:])


def made_mapping(kind: str, pairs: Any, way: random.Random) -> Any:
    parts = [(fresh(name), follow(part, way)) for name, part in pairs]
    found: dict[Any, Any] = MyDict() if kind == "MyDict" else {}
    if way.random() < 0.5:
        found[0] = 0  # makes CPython keep the dict in its general form
    found.update(parts)
    found.pop(0, None)
    if kind == "members":
        return {Plain(name=name, part=part) for name, part in way.sample(parts, len(parts))}
    if kind in ("Plain", "Other"):
        return {"Plain": Plain, "Other": Other}[kind](**found)
    return found


def made_set(kind: str, members: Any, way: random.Random) -> Any:
    members = [*members]
    way.shuffle(members)
    found = set(range(way.randrange(200)))
    found.clear()
    found.update(members)
    return found if kind == "set" else frozenset(found)


def made_array(recipe: Any, way: random.Random) -> Any:
    _, dtype, shape, order, seed = recipe
    size = int(np.prod(shape))
    plain = np.random.default_rng(seed).integers(0, 9, size).astype(dtype).reshape(shape)
    plain = np.array(plain, order=order)
    # numpy's pickle of a view with gaps comes back in this machine's order of bytes.
    if way.random() < 0.5 or not plain.dtype.isnative:
        return plain
    wide = np.zeros((*shape[:-1], 2 * shape[-1]) if shape else (2,), dtype, order=order)
    wide = wide[..., ::2] if shape else wide[0:1].reshape(())
    wide[...] = plain
    # A view with gaps counts as C, whichever way it steps; so only that order is taken by view.
    return wide if order == "C" else plain.copy("F")


def made_frame(named: Any, way: random.Random) -> Any:
    made_columns = {name: pandas_column(cell) for name, cell in named}
    route = way.randrange(3)
    if route == 0 or not named:
        return pd.DataFrame(
            made_columns,
            columns=pd.Index([n for n, _ in named], dtype="str"),
            index=pd.RangeIndex(ROWS),
        )
    if route == 1:
        found = pd.DataFrame(index=pd.RangeIndex(ROWS), columns=pd.Index([], dtype="str"))
        for name, cell in made_columns.items():
            found[name] = cell
        return found
    found = pd.concat([pd.DataFrame({n: c}) for n, c in made_columns.items()], axis=1).copy()
    found.index.is_unique, found.dtypes, found.isna(), repr(found)
    return found


def pandas_column(cell: Any) -> Any:
    kind, items = cell
    if kind == "category":
        return pd.Series(pd.Categorical(list(items), ["a", "b"]))
    if kind.startswith("datetime"):
        utc = pd.to_datetime(list(items), unit="ns", utc=True)
        return pd.Series(utc.tz_convert("Europe/Paris").as_unit("ns"))
    return pd.Series(list(items), dtype=kind)


ARROW = {
    "int64": pa.int64(),
    "float32": pa.float32(),
    "string": pa.string(),
    "bool": pa.bool_(),
    "list": pa.list_(pa.int64()),
    "struct": pa.struct([("a", pa.int64()), ("b", pa.string())]),
}
POLARS = {
    "int64": pl.Int64,
    "float32": pl.Float32,
    "string": pl.String,
    "bool": pl.Boolean,
    "list": pl.List(pl.Int64),
    "struct": pl.Struct({"a": pl.Int64, "b": pl.String}),
}


def cells(kind: str, items: Any) -> list[Any]:
    if kind == "struct":
        return [None if item is None else {"a": item[0], "b": item[1]} for item in items]
    return [list(item) if isinstance(item, tuple) else item for item in items]


def made_arrow(named: Any, way: random.Random) -> Any:
    found = pa.table({name: pa.array(cells(*cell), ARROW[cell[0]]) for name, cell in named})
    if not named or way.random() < 0.3:
        return found
    longer = pa.concat_tables([found, found, found])
    cut = way.randrange(1, ROWS)
    return pa.concat_tables([longer.slice(ROWS, cut), longer.slice(ROWS + cut, ROWS - cut)])


def made_polars(named: Any, way: random.Random) -> Any:
    found = pl.DataFrame(
        [pl.Series(name, cells(*cell), dtype=POLARS[cell[0]]) for name, cell in named]
    )
    if not named or way.random() < 0.3:
        return found
    longer = pl.concat([found, found, found], rechunk=way.random() < 0.5)
    return longer.slice(ROWS, ROWS).lazy().collect()


TABLES = {"frame": made_frame, "arrow": made_arrow, "polars": made_polars}
ways = st.integers(0, 2**32).map(random.Random)
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@unhurried
@given(recipes, ways, ways)
def test_one_recipe_gives_one_fingerprint(recipe, way, other):
    """Neither views, chunks, blocks and histories nor copies and pickles count."""
    assert fp(made(recipe, way)) == fp(made(recipe, other))


@unhurried
@given(recipes, recipes, ways)
def test_two_recipes_give_two_fingerprints(one, other, way):
    """Values made after different recipes differ, whichever way they are made."""
    same = written(one) == written(other)
    assert (fp(made(one, way)) == fp(made(other, way))) == same


def spots(recipe: Any, at: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """Return the places of all recipes within a recipe."""
    found = [at]
    if recipe[0] in ("list", "tuple", "MyList", "twice", "two", "Slotted"):
        for place, part in enumerate(recipe[1]):
            found += spots(part, (*at, 1, place))
    elif recipe[0] in ("dict", "MyDict", "Plain", "Other", "members"):
        for place, (_, part) in enumerate(recipe[1]):
            found += spots(part, (*at, 1, place, 1))
    return found


def replaced(recipe: Any, at: tuple[int, ...], new: Any) -> Any:
    if not at:
        return new
    changed = [*recipe]
    changed[at[0]] = replaced(recipe[at[0]], at[1:], new)
    return tuple(changed)


def part_of(recipe: Any, at: tuple[int, ...]) -> Any:
    for place in at:
        recipe = recipe[place]
    return recipe


@unhurried
@given(recipes, st.data(), ways)
def test_one_change_anywhere_changes_the_fingerprint(recipe, data, way):
    """An element, a dtype, a name, an order, a class, a wrapping: each alone is seen."""
    at = data.draw(st.sampled_from(spots(recipe)))
    part = part_of(recipe, at)
    new = data.draw(changes(part))
    changed = replaced(recipe, at, new)
    assume(written(changed) != written(recipe))
    assert fp(made(changed, way)) != fp(made(recipe, way))


SWAPS = {
    "list": "tuple", "tuple": "MyList", "MyList": "list", "twice": "two", "two": "twice",
    "dict": "MyDict", "MyDict": "Plain", "Plain": "Other", "Other": "members", "members": "dict",
    "set": "frozenset", "frozenset": "set", "arrow": "polars", "polars": "arrow",
}  # fmt: skip


def changes(part: Any) -> Any:
    """Return small changes of one recipe."""
    kind = part[0]
    found = [st.just(("list", (part,))), leaf]
    if kind in SWAPS:
        found.append(st.just((SWAPS[kind], *part[1:])))
    if kind == "array":
        found += [
            st.sampled_from(DTYPES).map(lambda dtype: (kind, dtype, *part[2:])),
            st.just((*part[:2], part[2][::-1], *part[3:])),
            st.just((*part[:2], (*part[2], 1), *part[3:])),
            st.just((*part[:3], "F" if part[3] == "C" else "C", part[4])),
        ]
    if kind in TABLES and part[1]:
        (name, (column_kind, items)), *others = part[1]
        found += [
            st.just((kind, ((name + "x", (column_kind, items)), *others))),
            st.just((kind, (*others, part[1][0]))),
            st.just((kind, ((name, (column_kind, items[::-1])), *others))),
            st.just((kind, tuple(others))),
        ]
    if kind in ("list", "tuple", "dict", "Plain") and part[1]:
        found += [st.just((kind, part[1][::-1])), st.just((kind, part[1][1:]))]
    return st.one_of(found)
