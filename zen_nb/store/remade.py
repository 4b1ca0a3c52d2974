"""What numpy makes and its own pickles do not bring back."""

from __future__ import annotations

import copyreg
import gc
import sys
from collections.abc import Callable
from typing import Any


def reducers() -> dict[type, Callable[[Any], Any]]:
    """Return how to reduce such objects, by class."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return {}
    return {numpy.finfo: _limits, numpy.ufunc: _elementwise}


def _limits(value: Any) -> Any:
    return type(value), (value.dtype,)


def _elementwise(value: Any) -> Any:
    """Reduce a function of numpy's by its name, one of ``np.frompyfunc`` by what it was made of."""
    made_of = [part for part in gc.get_referents(value) if callable(part)]
    if len(made_of) != 1:
        return copyreg.dispatch_table[type(value)](value)
    return make_elementwise, (made_of[0], value.nin, value.nout, value.identity)


def make_elementwise(function: Any, n_in: int, n_out: int, identity: Any) -> Any:
    """Return the function that does what `function` does to each element."""
    more = {} if identity is None else {"identity": identity}
    return sys.modules["numpy"].frompyfunc(function, n_in, n_out, **more)
