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
from functools import lru_cache
from typing import Any

from zen_nb.core.errors import UsageError

_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_NEXT = re.compile(
    r"""(?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<arrow>->)|(?P<blank>\s+)|.""", re.DOTALL
)
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
    """Return what a magic line says; of one without values, which cannot change, from memory.

    Parameters
    ----------
    valued
        Options that take the next word as their value (``--expires``).

    Raises
    ------
    UsageError
        Where a part cannot be read; shows it and what to write.
    """
    return _read(text, valued) if "=" in text else _read_again(text, valued)


def _read(text: str, valued: frozenset[str]) -> Line:
    words: list[str] = []
    parameters: dict[str, Any] = {}
    outputs: tuple[str, ...] | None = None
    options: list[str] = []
    parts = _joined(list(_split(text)))
    while parts:
        part = parts.pop(0)
        if part == "->":
            if outputs is not None:
                raise UsageError(
                    "a line takes one ->; write all outputs after it, for example -> df, model"
                )
            outputs = _outputs(parts)
        elif part.startswith("-"):
            options.append(_unquoted(part))
            if part in valued and parts:
                options.append(_unquoted(parts.pop(0)))
        elif match := _PARAMETER.fullmatch(part):
            if match[1] in parameters:
                raise UsageError(f"{match[1]}= is set twice on this line; leave one out")
            parameters[match[1]] = _literal(match[1], match[2])
        else:
            words.append(part)
    return Line(tuple(words), parameters, outputs, tuple(options))


_read_again = lru_cache(maxsize=512)(_read)


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
    better = better if _NAME.fullmatch(better) else f"step_{better}"
    raise UsageError(
        f"a step cannot be called {name!r}; write letters, digits, _ . or -, for example {better}"
    )


def _split(text: str) -> Iterator[str]:
    """Yield the parts between blanks; quotes and brackets hold together, ``#`` ends the line."""
    part = ""
    closing: list[str] = []
    for found in _NEXT.finditer(text):
        piece = found[0]
        if not closing and (found["blank"] or found["arrow"]):
            if part:
                yield part
            if found["arrow"]:
                yield "->"
            part = ""
            continue
        if piece == "#" and not part and not closing:
            break
        _nest(closing, piece)
        part += piece
    if part:
        yield part


def _nest(closing: list[str], piece: str) -> None:
    """Note a bracket that opens, or the one that closes it."""
    if closing and piece == closing[-1]:
        closing.pop()
    elif piece in _BRACKETS:
        closing.append(_BRACKETS[piece])


def _joined(parts: list[str]) -> list[str]:
    """Return the parts with blanks around ``=`` taken out: ``gamma = 1`` is ``gamma=1``."""
    joined: list[str] = []
    for part in parts:
        before = joined[-1] if joined else ""
        glued = before.endswith("=") and before[:-1].isidentifier() and not _is_option(part)
        if glued or (part.startswith("=") and before.isidentifier()):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _is_option(part: str) -> bool:
    return part.startswith("--") or part == "->"


def _unquoted(part: str) -> str:
    """Return an option or its value without the quotes that held it together."""
    head, sign, tail = part.partition("=") if part.startswith("-") else ("", "", part)
    if len(tail) > 1 and tail[0] in "'\"" and tail[-1] == tail[0]:
        tail = tail[1:-1]
    return f"{head}{sign}{tail}"


def _outputs(parts: list[str]) -> tuple[str, ...]:
    """Take the names after an arrow off `parts`."""
    taken: list[str] = []
    while parts and not parts[0].startswith("-") and "=" not in parts[0]:
        taken.append(parts.pop(0))
    names = tuple(name for name in " ".join(taken).replace(",", " ").split() if name)
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"-> {name}: not a variable name; write for example -> df, model")
    if not names:
        raise UsageError(
            "nothing stands after ->; write the outputs to keep, for example -> df, model"
        )
    return names


def _literal(name: str, text: str) -> Any:
    if not text:
        raise UsageError(f"{name}= has nothing after it; write a value, for example {name}=1")
    if text.endswith(","):
        raise UsageError(
            f"{name}={text} ends in a comma; blanks separate parameters: {name}={text[:-1]}"
        )
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        plain = text.strip("'\"")
        raise UsageError(f"{name}={text} is not a Python literal; write {name}={plain!r}") from None


def closest(word: str, known: list[str]) -> str:
    """Return ``; did you mean …?`` where a known word is like `word`, else ``""``."""
    found = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]}?" if found else ""
