"""``zen-nb keys``: whose results are used, and with what ours are signed."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import Any

from zen_nb.core.errors import StoreUnavailable
from zen_nb.faces.endings import DONE, Unusable

_ABOUT = (
    "Results in a shared store are signed. Yours are used by whoever trusts your public key, and "
    "you use those of the keys that you have named here. They stand in your own folder; no "
    "project and no store can add to them."
)


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    keys = commands.add_parser(
        "keys", help="make a key to sign with, and name those that you trust", description=_ABOUT
    )
    acts = keys.add_subparsers(required=True, metavar="COMMAND")
    new = acts.add_parser("new", help="make your key, and print its public part for others")
    new.set_defaults(command=_new)
    trust = acts.add_parser("trust", help="use what this key has signed, from now on")
    trust.add_argument("name", metavar="NAME", help="what you call it, such as ci")
    trust.add_argument("public", metavar="PUBLIC", help="ed25519:…, from whoever it belongs to")
    trust.set_defaults(command=_trust)
    distrust = acts.add_parser("distrust", help="use nothing more of what a key has signed")
    distrust.add_argument("name", metavar="NAME")
    distrust.set_defaults(command=_distrust)
    listed = acts.add_parser("list", help="show your public key and those that you trust")
    listed.set_defaults(command=_list)
    allow = acts.add_parser("allow", help="let projects have your results put into a store")
    allow.add_argument("url", metavar="URL", help="the store, as projects name it")
    allow.set_defaults(command=_allow)


def _new(_: argparse.Namespace) -> int:
    from zen_nb.store.trust import PublicKey, new_key

    with _usable():
        key = PublicKey("you", new_key().public)
    print(f"Your results are used by whoever runs:\n  zen-nb keys trust NAME {key.text}")
    return DONE


def _trust(given: argparse.Namespace) -> int:
    from zen_nb.store.trust import Trusted, read_public

    with _usable():
        key = Trusted().add(given.name, read_public(given.public))
    print(f"Results signed by {key.name} ({key.id[:12]}…) are used from now on.")
    return DONE


def _distrust(given: argparse.Namespace) -> int:
    from zen_nb.store.trust import Trusted

    gone = Trusted().remove(given.name)
    if not gone:
        raise Unusable(f"there is no key {given.name!r}; see zen-nb keys list")
    names = ", ".join(one.name for one in gone)
    print(f"Results signed by {names} are used no more, those in your cache included.")
    return DONE


def _list(_: argparse.Namespace) -> int:
    from zen_nb.notebook.reports import table
    from zen_nb.store.trust import Trusted, Writable, mine

    with _usable():
        own = mine()
    rows = [(one.name, one.text) for one in (*([own] if own else []), *Trusted())]
    print(table(("name", "public key"), rows) if rows else "There are no keys: zen-nb keys new")
    for url in Writable().all():
        print(f"Projects may have results put into {url}")
    return DONE


def _allow(given: argparse.Namespace) -> int:
    from zen_nb.store.trust import Writable

    with _usable():
        Writable().add(given.url)
    print(f"Projects that ask for it have your results put into {given.url}.")
    return DONE


@contextlib.contextmanager
def _usable() -> Iterator[None]:
    """Let what cannot be read or written end the command in one line."""
    try:
        yield
    except StoreUnavailable as error:
        raise Unusable(str(error)) from None
