"""Instances by what they reduce to, and what a reducer of Python's own leaves out."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.attributes import Read, attributes_reader, held, slots_of
from zen_nb.identity.builtin import code
from zen_nb.identity.encoding import number, text
from zen_nb.identity.origin import module_origin
from zen_nb.identity.problems import type_name
from zen_nb.identity.refused import GENERAL
from zen_nb.identity.state import Writing, ask, write_slots, write_state
from zen_nb.identity.values import Encoder, Handler


def reducer_of(kind: type) -> Callable[[Any], Any] | None:
    """Return what `copyreg` has for a class, as far as it is part of what values of it are.

    Libraries that send things to other processes (tblib, dask) register how they send what is
    Python's or another's: whether one is loaded tells nothing of a value.
    """
    found: Any = copyreg.dispatch_table.get(kind)
    if found is None:
        return None
    function = found
    while isinstance(function, partial):
        function = function.func
    if module_origin(str(getattr(function, "__module__", ""))) != "package":
        return found  # type: ignore[no-any-return]
    for_others = module_origin(kind.__module__) == "python" or issubclass(kind, BaseException)
    return None if for_others else found


def reduced_handler(kind: type, reduce: Callable[[Any], Any]) -> Handler:
    """Write instances by what they reduce to."""
    writing = Writing.of(kind)
    is_exception = issubclass(kind, BaseException)
    write_unsaid = _unsaid_writer(kind, writing)

    def write(encoder: Encoder, value: object) -> None:
        found = _without_trace(kind, value, reduce)
        if isinstance(found, str):
            return _by_name(encoder, value, found)
        if not isinstance(found, tuple) or not 2 <= len(found) <= 6:
            raise NoFingerprint(type_name(kind), GENERAL)
        make, arguments, state, items, pairs, setter = (*found, None, None, None, None)[:6]
        encoder.out += b"q" + encoder.token(kind)
        if make is copyreg.__newobj__ and arguments[0] is kind:  # type: ignore[attr-defined]
            make, arguments = True, arguments[1:]
        encoder.encode(make if make is not kind else None)
        encoder.encode(arguments)
        # An exception says so once somebody has asked for its attributes, also where it has none.
        write_state(encoder, value, (state or None) if is_exception else state, writing)
        _content(encoder, items, pairs)
        encoder.encode(setter)
        write_unsaid(encoder, value, said=bool(state) or (state is not None and not is_exception))
        return None

    return write


def _unsaid_writer(kind: type, writing: Writing) -> Callable[..., None]:
    """Return what writes that part of instances which a reducer of Python's own leaves out."""
    author = next(
        parent
        for parent in kind.__mro__
        if "__reduce_ex__" in parent.__dict__ or "__reduce__" in parent.__dict__
    )
    is_python = author is not object and module_origin(str(author.__module__)) == "python"
    read: Read | None = attributes_reader(kind) if is_python else None
    slots = slots_of(kind, above=author) if is_python else []
    is_exception = issubclass(kind, BaseException)
    as_held = replace(writing, settle=None)

    def write(encoder: Encoder, value: Any, *, said: bool) -> None:
        unsaid = (read(value) or None) if read and not said else None
        write_state(encoder, value, unsaid, as_held)
        write_slots(encoder, held(value, slots) if slots else [])
        if is_exception:
            encoder.part("__cause__", value.__cause__)
            encoder.part("__context__", value.__context__)
            encoder.encode(value.__suppress_context__)

    return write


def _content(
    encoder: Encoder,
    items: Iterator[Any] | None,
    pairs: Iterator[Any] | None,
) -> None:
    if items is None:
        encoder.out += b"N"
    else:
        encoder.out += b"l"
        encoder.sequence(list(items))
    if pairs is None:
        encoder.out += b"N"
    else:
        listed = list(pairs)
        encoder.out += b"d" + number(len(listed))
        encoder.pairs(listed)


def _by_name(encoder: Encoder, value: object, name: str) -> None:
    """Write what reduces to the name of a global: code, or an instance by its class and name.

    That the user's own class says so does not keep its instances from changing.
    """
    kind = type(value)
    origin = module_origin(str(kind.__module__))
    if callable(value) and origin == "python":
        code(encoder, value)
        return
    encoder.out += b"G" + encoder.token(kind) + text(name)
    read = attributes_reader(kind) if origin != "package" else None
    slots = slots_of(kind) if origin != "package" else []
    encoder.encode(read(value) if read else None)
    write_slots(encoder, held(value, slots))


def _without_trace(kind: type, value: object, reduce: Callable[[Any], Any]) -> Any:
    """Reduce without leaving ``__slotnames__`` in the class, where it would count as code."""
    had = "__slotnames__" in kind.__dict__
    try:
        return ask(value, lambda: reduce(value))
    finally:
        if not had and "__slotnames__" in kind.__dict__:
            try:
                del kind.__slotnames__  # type: ignore[attr-defined]
            except (AttributeError, TypeError):  # a class that cannot be changed
                pass
