"""What a step changed in place, and changing it again on a hit.

An input whose fingerprint differs after the run was changed, or a part of it was.
Which one cannot be told, so the state of every object in it that can change is kept;
a hit gives those states to the objects that are there, and all references see them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from zen_nb.core.errors import NoFingerprint, NotStorable
from zen_nb.core.model import Fingerprint
from zen_nb.identity.code import Present, fingerprint
from zen_nb.observe.places import LIMIT, Places, is_plain, is_users, kept_by
from zen_nb.observe.state import State, fits, give_state, is_fixed, state_of

# An object, stored as its place, and the parts of the state it is given.
Patch: TypeAlias = tuple[Any, str, Any, dict[str, Any]]
UNCHANGEABLE = "the step changes it in place, which a hit could not do again; bind a new value"


class Prints:
    """Tells which inputs of a step a run changed.

    Parameters
    ----------
    held
        ``(name, value, print)`` of the inputs; ``None`` for a print that is still to be taken.
    """

    def __init__(self, held: Iterable[tuple[str, Any, Fingerprint | None]]) -> None:
        self._held = list(held)
        self._before: list[Fingerprint | None] = []
        self.present = Present()

    def open(self) -> None:
        """Take what prints are missing, before the body runs."""
        print_of = self.present.print_of
        self._before = [known or print_of(value) for _, value, known in self._held]

    def changed(self) -> dict[str, Any]:
        """Return the inputs that have another print now, by name."""
        compared = zip(self._held, self._before, strict=True)
        return {
            name: value
            for (name, value, _), before in compared
            if before is not None and self.present.print_of(value) != before
        }


class InPlace:
    """Finds what one run changes in place.

    Parameters
    ----------
    held
        ``(name, value, print)`` of the inputs, as `Prints` takes them.
    code
        Names and objects of the functions and classes that the step reaches.
    """

    def __init__(
        self,
        held: Iterable[tuple[str, Any, Fingerprint | None]],
        code: Iterable[tuple[str, Any]] = (),
    ) -> None:
        held = list(held)
        self._prints = Prints(held)
        self._code = CodeState(code, self._prints.present)
        self.places = Places((name, value) for name, value, _ in held)
        self._opaque: dict[int, Fingerprint | None] = {}

    def open(self) -> None:
        """Remember, before the body runs, what cannot be known of parts afterwards."""
        self._prints.open()
        self._code.open()
        for part, place in self.places:
            if place[1] and not is_fixed(part) and state_of(part) is None:
                self._opaque[id(part)] = self._prints.present.print_of(part)

    def close(self) -> tuple[list[Patch], dict[str, Any]]:
        """Return the states to give to objects on a hit, and the inputs that changed, by name.

        Raises
        ------
        NotStorable
            Where a change cannot be made again.
        """
        self._code.close()
        changed = self._prints.changed()
        for name in changed.keys() & self.places.overflowing:
            raise NotStorable(
                name,
                type(changed[name]).__qualname__,
                f"the step changes it, and it holds over {LIMIT} objects",
            )
        patches = [
            self._patch(part, place[0]) for part, place in self.places if place[0] in changed
        ]
        return [patch for patch in patches if patch is not None], changed

    def _patch(self, part: Any, name: str) -> Patch | None:
        state = state_of(part)
        if state is not None:
            return part, state.kind, state.content, state.attributes
        if is_fixed(part) or (
            id(part) in self._opaque
            and self._prints.present.print_of(part) == self._opaque[id(part)]
        ):
            return None
        raise NotStorable(name, type(part).__qualname__, UNCHANGEABLE)


class CodeState:
    """What functions and classes keep for themselves: attributes, closure cells, defaults."""

    def __init__(self, roots: Iterable[tuple[str, Any]], present: Present) -> None:
        self._roots = list(roots)
        self._present = present
        self._before: list[tuple[str, Any, dict[str, Any]]] = []
        self._prints: dict[int, tuple[Any, Fingerprint | None]] = {}

    def open(self) -> None:
        """Remember what each of them keeps."""
        seen: set[int] = set()
        waiting = self._roots[::-1]
        while waiting:
            name, thing = waiting.pop()
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            parts = kept_by(thing)
            self._before.append((name, thing, parts))
            waiting += [(name, part) for part in parts.values() if is_users(part)]
            for part in parts.values():
                if not is_plain(part) and id(part) not in self._prints:
                    self._prints[id(part)] = (part, self._present.print_of(part))

    def close(self) -> None:
        """Raise `NotStorable` where one of them keeps something else now."""
        for name, thing, before in self._before:
            now = kept_by(thing)
            same = now.keys() == before.keys() and all(now[part] is before[part] for part in now)
            if not same or any(self._is_other(part) for part in now.values()):
                kind = "class" if isinstance(thing, type) else "function"
                raise NotStorable(
                    name, kind, "the step changes what it keeps, which a hit could not do again"
                )

    def _is_other(self, part: Any) -> bool:
        known = self._prints.get(id(part))
        return (
            known is not None and known[1] is not None and self._present.print_of(part) != known[1]
        )


def repeatable(patches: Iterable[Patch]) -> bool:
    """Tell whether the objects of `patches` can be given their states."""
    return all(fits(part, State(*rest)) for part, *rest in patches)


def repeat(patches: Iterable[Patch]) -> None:
    """Give every object its state."""
    for part, *rest in patches:
        give_state(part, State(*rest))


def print_of(value: object) -> Fingerprint | None:
    """Return the fingerprint of a value; ``None`` where it has none."""
    try:
        return fingerprint(value)
    except NoFingerprint:
        return None
