"""Beautiful Soup: pages by their tags and texts, and a part of a page by its place in it.

Where in a file a tag stood does not count: a page that was copied or stored was read again
from its own text.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from zen_nb.identity.encoding import number, text

if TYPE_CHECKING:
    from zen_nb.identity.values import Encoder, Handler

_OF_PAGES = ("original_encoding", "declared_html_encoding", "is_xml", "known_xml")


def _element(encoder: Encoder, value: Any) -> None:
    """Write the page that an element is in, unless it was met, then the element's number."""
    if not encoder.knows(value):
        page = value
        while getattr(page, "parent", None) is not None:
            page = page.parent
        if encoder.knows(page):  # an element that its own page does not list
            page = value
        encoder.out += b"W" + text("page")
        _node(encoder, page)
        if page is value:
            return
        if not encoder.knows(value):
            _node(encoder, value)
    encoder.again(value)


def _node(encoder: Encoder, value: Any) -> None:
    encoder.again(value)
    encoder.out += encoder.token(type(value))
    if isinstance(value, str):
        encoder.out += text(str(value))
        return
    encoder.encode((value.name, value.prefix, value.namespace, getattr(value, "hidden", None)))
    encoder.encode(_plain(value.attrs))
    if isinstance(value, sys.modules["bs4"].BeautifulSoup):
        encoder.encode([getattr(value, name, None) for name in _OF_PAGES])
        encoder.encode(type(value.builder))
    encoder.out += number(len(value.contents))
    for part in value.contents:
        _node(encoder, part)


def _plain(attributes: Any) -> list[Any]:
    return [
        (str(name), [*map(str, part)] if isinstance(part, (list, tuple)) else str(part))
        for name, part in dict(attributes or {}).items()
    ]


HANDLERS: dict[str, Handler] = {"bs4:PageElement": _element}
