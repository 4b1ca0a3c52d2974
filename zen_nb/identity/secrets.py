"""What must not be shown or kept: values whose name or form looks like a secret.

Caution costs a line of explanation, so what is in doubt is hidden.
"""

from __future__ import annotations

import math
import os
import re

# Words of a name, in lower case with an underscore on either side.
_NAME = re.compile(
    r"passw(or)?d|passphrase|passcode|secret|credential|api_?key"
    r"|_(pass|pwd|token|auth|bearer|cookie|dsn|authorization|otp)s?_"
    r"|_(private|access|signing|encryption|account)_?keys?_|_session_?ids?_"
    r"|_conn(ection)?_?str(ing)?s?_"
)
# How many tokens there may be is a parameter of a language model.
_COUNT = re.compile(r"_(n|num|max|min|total)_([a-z]+_)*tokens_$")
_FORM = re.compile(
    r"-----BEGIN |://[^/\s:@]*:[^/\s@]+@|^(sk|pk|rk|ghp|gho|ghs|github_pat|glpat|xox[abprs]|hf)[-_]"
    r"|AKIA[0-9A-Z]{12,}|ASIA[0-9A-Z]{12,}|AIza[0-9A-Za-z_-]{20,}|eyJ[\w-]{8,}\.[\w-]{8,}"
    r"|(?i:bearer|basic)\s+\S{12,}|(?i:password|passwd|pwd|secret|token|api_?key)\s*[=:]\s*\S",
)
_RANDOM_LOOKING = re.compile(r"^[A-Za-z0-9+/=_-]{20,}$")
_READ_CHARACTERS = 4096

_LITERAL = re.compile(
    r"(?P<long>'''|\"\"\")(?P<text>.*?)(?P=long)"
    r"|(?P<quote>['\"])(?P<line>(?:\\.|(?!(?P=quote))[^\n\\])*)(?P=quote)",
    re.DOTALL,
)
_NAMED = re.compile(r"(\w+)['\"\]]*\s*(?::\s*[\w.\[\]| ]+)?[=:(,]=?\s*[rbfuRBFU]{0,2}$")


def looks_secret(name: str, value: object) -> bool:
    """Tell whether a value may be a secret, by the words of its name or by its form."""
    words = _words(name)
    if _NAME.search(words):
        return not (_COUNT.search(words) and isinstance(value, (int, float)))
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value[:_READ_CHARACTERS]).decode("latin-1")
    return isinstance(value, str) and (has_secret_form(value) or _is_of_environment(name, value))


def _is_of_environment(name: str, value: str) -> bool:
    """Tell whether a text is the value of a variable of that name, or of a secret one."""
    last = re.split(r"[ .]", name)[-1]
    held: dict[bytes, bytes] = vars(os.environ)["_data"] if os.name == "posix" else {}
    raw = value.encode("utf-8", "surrogateescape") if value.isprintable() else b""
    return bool(raw) and any(
        raw == content and (os.fsdecode(key) == last or names_a_secret(os.fsdecode(key)))
        for key, content in held.items()
    )


def names_a_secret(name: str) -> bool:
    """Tell whether the words of a name speak of a secret."""
    return bool(_NAME.search(_words(name)))


def has_secret_form(value: str) -> bool:
    """Tell whether a text looks like a key, a token or a password, whatever its name."""
    head = value[:_READ_CHARACTERS]
    if _FORM.search(head):
        return True
    return bool(_RANDOM_LOOKING.match(head)) and _bits_per_letter(head) > 3.6 and _mixed(head)


def redacted(source: str) -> str:
    """Return source code whose literals that look like secrets are written as ``'…'``."""
    return _LITERAL.sub(lambda found: _redacted(found, source), source)


def _redacted(found: re.Match[str], source: str) -> str:
    quote = found["long"] or found["quote"]
    text = found["text"] if found["long"] else found["line"]
    line = source[source.rfind("\n", 0, found.start()) + 1 : found.start()]
    named = _NAMED.search(line)
    if text and named and names_a_secret(named[1]):
        return f"{quote}…{quote}"
    lines = ["…" if _FORM.search(part) else part for part in text.split("\n")]
    return quote + "\n".join(lines) + quote


def _words(name: str) -> str:
    """Write ``dbPassword`` as ``_db_password_``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name)
    return f"_{spaced.lower()}_"


def _mixed(value: str) -> bool:
    return any(letter.isdigit() for letter in value) and any(map(str.isalpha, value))


def _bits_per_letter(value: str) -> float:
    shares = [value.count(letter) / len(value) for letter in set(value)]
    return -sum(share * math.log2(share) for share in shares)
