"""The line after ``%%step`` and ``%pipeline``: words, parameters, outputs and options.

Python literals may hold blanks and quotes, so the line is split by brackets and
quotes instead of as a shell would, and IPython expands nothing in it.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zen_nb.core.errors import UsageError

_OPENING = {"(": ")", "[": "]", "{": "}"}
_PARAMETER = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)=(?!=)(.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w.-]*")


@dataclass(frozen=True, slots=True)
class Line:
    """What a magic line says, options still unread.

    Attributes
    ----------
    words
        Bare words in order: a verb, names of steps.
    parameters
        ``key=value`` with the value read as a Python literal; keys may be ``step.key``.
    outputs
        Names after ``->``; ``None`` where there is no arrow.
    options
        Words that begin with ``-`` and what follows them, for the argument parser.
    """

    words: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] | None = None
    options: tuple[str, ...] = ()


def read_line(text: str, *, valued: frozenset[str] = frozenset()) -> Line:
    """Return what a magic line says.

    Parameters
    ----------
    valued
        Options that take the next word as their value (``--expires``).

    Raises
    ------
    UsageError
        Where a part cannot be read; shows it and what to write.
    """
    words: list[str] = []
    parameters: dict[str, Any] = {}
    outputs: tuple[str, ...] | None = None
    options: list[str] = []
    parts = list(_split(text))
    place = 0
    while place < len(parts):
        part = parts[place]
        place += 1
        if part == "->":
            place, outputs = _outputs(parts, place)
        elif part.startswith("-"):
            options.append(part)
            if part in valued and place < len(parts):
                options.append(parts[place])
                place += 1
        elif match := _PARAMETER.fullmatch(part):
            parameters[match[1]] = _literal(match[1], match[2])
        else:
            words.append(part)
    return Line(tuple(words), parameters, outputs, tuple(options))


def check_name(name: str) -> str:
    """Return `name` where a step can be called so.

    Raises
    ------
    UsageError
        Where it cannot; shows a name like it that can.
    """
    if _NAME.fullmatch(name):
        return name
    better = re.sub(r"[^\w.-]+", "_", name).strip("_") or "my_step"
    raise UsageError(f"a step cannot be called {name!r}; write letters, digits, _ . or -, for example {better}")


def _split(text: str) -> Iterator[str]:
    """Yield the parts between blanks; quotes and brackets hold theirs together; ``#`` ends the line."""
    part, closing, quote, skip = "", [], "", False
    for place, character in enumerate(text):
        if quote:
            part += character
            skip = character == "\\" and not skip
            if character == quote and text[place - 1 : place] != "\\":
                quote = ""
            continue
        if character == "#" and not closing and not part:
            break
        if character in "'\"" and (closing or "=" in part):
            quote = character
        elif character in _OPENING:
            closing.append(_OPENING[character])
        elif closing and character == closing[-1]:
            closing.pop()
        if character.isspace() and not closing and not quote:
            if part:
                yield from _apart(part)
            part = ""
        else:
            part += character
    if part:
        yield from _apart(part)


def _apart(part: str) -> Iterator[str]:
    """Yield a part with an arrow glued to it as two."""
    if part.startswith("->") and part != "->":
        yield "->"
        yield part[2:]
    else:
        yield part


def _outputs(parts: list[str], place: int) -> tuple[int, tuple[str, ...]]:
    taken: list[str] = []
    while place < len(parts) and not parts[place].startswith("-") and "=" not in parts[place]:
        taken.append(parts[place])
        place += 1
    names = tuple(name for name in " ".join(taken).replace(",", " ").split() if name)
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"-> {name}: not a variable name; write for example -> df, model")
    if not names:
        raise UsageError("nothing stands after ->; write the outputs to keep, for example -> df, model")
    return place, names


def _literal(name: str, text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        plain = text.strip("'\"")
        raise UsageError(f"{name}={text} is not a Python literal; write {name}={plain!r}") from None


def closest(word: str, known: list[str]) -> str:
    """Return ``; did you mean …?`` where a known word is like `word`, else ``""``."""
    found = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]}?" if found else ""
