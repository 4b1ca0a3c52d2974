"""What code can see of other code besides running it: documents, annotations, text, places."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator
from types import FunctionType, ModuleType

from zen_nb.identity.bytecode import DOC_READERS

# Names whose use lets code see the text of a function, comments and all.
_SOURCE_READERS = frozenset(
    {"getsource", "getsourcelines", "getcomments", "getblock", "findsource", "getsourcefile"}
)
# Names whose use lets code see how a function was compiled: its lines, the names of its locals.
_PLACE_READERS = frozenset(
    {
        "__code__",
        "co_firstlineno",
        "co_lines",
        "co_varnames",
        "co_names",
        "co_consts",
        "getclosurevars",
        "getcallargs",
        "dis",
        "get_instructions",
    }
)
# Names whose use lets code go through what a class or module holds, in order.
_ORDER_READERS = frozenset({"vars", "__dict__", "getmembers"})
READERS = DOC_READERS | _SOURCE_READERS | _PLACE_READERS | _ORDER_READERS
# Those that can be asked for by a text as well: ``getattr(f, "__doc__")``.
_IN_TEXTS = frozenset(name for name in READERS if name.startswith("__"))
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def readers_among(names: Collection[str], strings: Collection[str]) -> frozenset[str]:
    """Return which ways of looking at code some code has, by its names and its texts."""
    return READERS.intersection(names) | _IN_TEXTS.intersection(strings)


def seen_of(thing: FunctionType | type | ModuleType, readers: frozenset[str]) -> Iterator[str]:
    """Yield what such readers can see of a function, class or module."""
    if readers & _ORDER_READERS and not isinstance(thing, FunctionType):
        yield " ".join(name for name in vars(thing) if not name.startswith("__"))
    if isinstance(thing, ModuleType):
        return
    if readers & DOC_READERS:
        annotations = inspect.get_annotations(thing)
        yield f"{thing.__doc__!r} {_ADDRESS.sub('', repr(annotations))}"
    if readers & _SOURCE_READERS:
        yield _source(thing)
    if readers & _PLACE_READERS and isinstance(thing, FunctionType):
        code = thing.__code__
        yield f"{code.co_firstlineno} {code.co_varnames} {code.co_freevars} {code.co_cellvars}"


def _source(thing: FunctionType | type) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError, IndentationError, SyntaxError):
        return ""
