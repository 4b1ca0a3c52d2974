"""How a value that holds no code got its fingerprint: taken again without a walk."""

from __future__ import annotations

from dataclasses import dataclass

from zen_nb.core.errors import NoFingerprint
from zen_nb.core.model import Fingerprint
from zen_nb.identity.components import digest_parts
from zen_nb.identity.guard import Changed
from zen_nb.identity.restored import stored_print
from zen_nb.identity.values import Parts, fingerprint_of


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a walk over one value met: classes and functions of packages, and nothing else.

    Attributes
    ----------
    kind
        The class of the value.
    tokens
        What each thing was called, by its ``id``.
    kept
        These things, so that no other gets their ``id``.
    code
        What stands for the packages that they come from.
    """

    kind: type
    tokens: dict[int, str]
    kept: list[object]
    code: tuple[str, ...]

    def take(self, value: object, notes: Parts) -> tuple[Fingerprint, Fingerprint] | None:
        """Return the fingerprints of `value` alone and with its code, as a walk would find them.

        ``None`` where it is not made of the very same things: then only a walk can tell.
        """
        if type(value) is not self.kind:
            return None
        asked = _Asked(self.tokens)
        try:
            own = fingerprint_of(value, asked, notes)
        except (Changed, NoFingerprint):
            return None
        if len(asked.found) != len(self.tokens):
            return None
        digest = digest_parts([own, *self.code]) if self.code else own
        return own, stored_print(value, digest)


class _Asked:
    """Gives things the names they had, and knows which were asked for."""

    __slots__ = ("_tokens", "found")

    def __init__(self, tokens: dict[int, str]) -> None:
        self._tokens = tokens
        self.found: set[int] = set()

    def token(self, thing: object) -> str:
        known = self._tokens.get(id(thing))
        if known is None:
            raise Changed
        self.found.add(id(thing))
        return known
