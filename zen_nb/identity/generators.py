"""Random generators: their state, but for the two that everybody shares.

The state of the generators behind ``random.random`` and ``numpy.random.rand`` is a matter of
the surroundings, and is looked after there. What holds one of them (a distribution of scipy)
holds the shared one, whatever it would draw now.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zen_nb.identity.encoding import text

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler

_SHARED = (("random", "_inst"), ("numpy.random.mtrand", "_rand"))


def is_shared(generator: object) -> bool:
    """Tell whether this is the generator behind ``random.random`` or ``numpy.random.rand``."""
    for module, name in _SHARED:
        if module in sys.modules and getattr(sys.modules[module], name, None) is generator:
            return True
    return False


def _generator(encoder: Encoder, value: object) -> None:
    from zen_nb.identity.instances import instance_handler

    if is_shared(value):
        encoder.out += b"G" + encoder.token(type(value)) + text("shared")
    else:
        instance_handler(type(value))(encoder, value)


def _python_generator(encoder: Encoder, value: object) -> None:
    """Write a generator of Python's, with the attributes that its reducer leaves out."""
    _generator(encoder, value)
    if not is_shared(value):
        more = {name: part for name, part in vars(value).items() if name != "gauss_next"}
        encoder.encode(more or None)


HANDLERS: dict[str, Handler] = {
    "numpy:RandomState": _generator,
    "random:Random": _python_generator,
}
