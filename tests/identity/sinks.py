"""A sink that names code by where it is defined, which is all that tests of values need."""

from __future__ import annotations

from zen_nb.identity.values import fingerprint_of


class NameSink:
    """Names code by where it is defined, as far as these tests need."""

    def token(self, thing: object) -> str:
        module = getattr(thing, "__module__", None) or getattr(thing, "__name__", "")
        return f"{type(thing).__name__} {module}.{getattr(thing, '__qualname__', '')}"


def fp(value: object) -> str:
    return fingerprint_of(value, NameSink())
