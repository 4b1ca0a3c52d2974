"""What libraries register with objects: loggers by their settings, callbacks by what is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler

_OF_LOGGERS = frozenset({"name", "level", "parent", "handlers", "manager", "root", "_cache"})
_OF_CALLBACKS = frozenset({"callbacks", "_func_cid_map", "_cid_gen", "_pickled_cids"})


def _logger(encoder: Encoder, value: Any) -> None:
    """Write name, level, filters, the kinds and levels of handlers, and parents by name.

    A handler itself is a file or a stream of one process.
    """
    if encoder.again(value):
        return
    encoder.out += b"o" + encoder.token(type(value))
    encoder.encode((value.name, value.level, [*_above(value)]))
    handlers = [(type(one), getattr(one, "level", None)) for one in value.handlers]
    encoder.part("handlers", handlers)
    _rest(encoder, value, _OF_LOGGERS)


def _above(logger: Any) -> list[str]:
    names: list[str] = []
    while (logger := logger.parent) is not None:
        names.append(logger.name)
    return names


def _callbacks(encoder: Encoder, value: Any) -> None:
    """Write what is called for each signal, as far as copies call it; not under which number."""
    if encoder.again(value):
        return
    encoder.out += b"o" + encoder.token(type(value))
    kept = [
        (signal, [proxy() for number, proxy in called.items() if number in value._pickled_cids])
        for signal, called in value.callbacks.items()
    ]
    encoder.part("callbacks", [one for one in kept if one[1]])
    _rest(encoder, value, _OF_CALLBACKS)


def _rest(encoder: Encoder, value: Any, written: frozenset[str]) -> None:
    for name, part in vars(value).items():
        if name not in written:
            encoder.out += encoder.name(name)
            encoder.part(name, part)
    encoder.out += b"N"


HANDLERS: dict[str, Handler] = {
    "logging:Logger": _logger,
    "matplotlib:CallbackRegistry": _callbacks,
}
