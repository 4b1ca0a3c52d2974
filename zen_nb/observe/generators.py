"""Global random generators: where their streams stand, and whether somebody seeded them."""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from blake3 import blake3

from zen_nb.core.locks import new_lock
from zen_nb.observe.standins import StandIn, put_back
from zen_nb.observe.twister import Position, leads_to, shows_a_seed


class Generator(Protocol):
    """One global generator.

    Attributes
    ----------
    name
        As in the trace ``ambient:<name>``.
    seeders
        Functions that set the stream: module and name.
    """

    name: str
    seeders: tuple[tuple[str, str], ...]

    def read(self) -> Any:
        """Return the state, able to be pickled; ``None`` where the library is not loaded."""

    def write(self, state: Any) -> None:
        """Set the state."""

    def position(self, state: Any) -> Position | None:
        """Return where a Mersenne Twister stands, ``None`` where it is no such generator."""

    def shows_a_seed(self, state: Any) -> bool:
        """Tell, without knowing what was before, whether somebody seeded it."""

    def drawn_since_loaded(self, state: Any) -> bool:
        """Tell whether it moved from where its library began; in doubt, no."""


class PythonRandom:
    """The functions of the module ``random``."""

    name = "random"
    seeders: tuple[tuple[str, str], ...] = (("random", "seed"), ("random", "setstate"))

    def read(self) -> Any:
        return random.getstate()

    def write(self, state: Any) -> None:
        random.setstate(state)

    def position(self, state: Any) -> Position | None:
        return Position(state[1][:-1], state[1][-1])

    def shows_a_seed(self, state: Any) -> bool:
        return shows_a_seed(Position(state[1][:-1], state[1][-1]))

    def drawn_since_loaded(self, state: Any) -> bool:
        return False  # never loaded by a step: zen_nb needs it


class NumpyRandom:
    """The legacy functions of ``numpy.random``."""

    name = "numpy.random"
    seeders: tuple[tuple[str, str], ...] = (("numpy.random", "seed"), ("numpy.random", "set_state"))

    def read(self) -> Any:
        library = sys.modules.get("numpy.random")
        get_state = getattr(library, "get_state", None)
        if get_state is None:
            return None
        state = get_state(legacy=False)
        inner = state["state"]
        if "key" in inner:
            state = state | {"state": {"key": inner["key"].tobytes(), "pos": int(inner["pos"])}}
        return state

    def write(self, state: Any) -> None:
        numpy = import_module("numpy")
        inner = state["state"]
        if "key" in inner:
            words = numpy.frombuffer(inner["key"], dtype=numpy.uint32).copy()
            state = state | {"state": {"key": words, "pos": inner["pos"]}}
        numpy.random.set_state(state)

    def position(self, state: Any) -> Position | None:
        inner = state["state"]
        if "key" not in inner:
            return None
        return Position(tuple(memoryview(inner["key"]).cast("I")), inner["pos"])

    def shows_a_seed(self, state: Any) -> bool:
        """Compare with the stream that numpy itself began with, which it remembers."""
        here = self.position(state)
        origin = _numpy_origin()
        return here is None or origin is None or not leads_to(origin, here)

    def drawn_since_loaded(self, state: Any) -> bool:
        origin = _numpy_origin()
        return origin is not None and self.position(state) != origin


def _numpy_origin() -> Position | None:
    """Return where numpy began, ``None`` once somebody seeded: then numpy forgets it."""
    random_module = import_module("numpy.random")
    sequence = random_module.mtrand._rand._bit_generator.seed_seq
    if sequence is None:
        return None
    inner = random_module.MT19937(sequence).state["state"]
    return Position(tuple(inner["key"].tolist()), int(inner["pos"]))


class TorchRandom:
    """Torch's generator on the processor; it begins at a fixed seed, so it counts as seeded."""

    name = "torch.random"
    seeders: tuple[tuple[str, str], ...] = (
        ("torch", "manual_seed"),
        ("torch", "set_rng_state"),
        ("torch", "seed"),
    )

    def read(self) -> Any:
        get_state = getattr(sys.modules.get("torch"), "get_rng_state", None)
        return None if get_state is None else bytes(get_state().numpy().tobytes())

    def write(self, state: Any) -> None:
        torch = import_module("torch")
        torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))

    def position(self, state: Any) -> Position | None:
        return None

    def shows_a_seed(self, state: Any) -> bool:
        return True

    def drawn_since_loaded(self, state: Any) -> bool:
        return False


GENERATORS: tuple[Generator, ...] = (PythonRandom(), NumpyRandom(), TorchRandom())


def digest(state: Any) -> str:
    """Return the fingerprint of a generator's state."""
    hasher = blake3()
    if isinstance(state, bytes):
        hasher.update(state)
    else:
        hasher.update(repr(state).encode())
    return hasher.hexdigest()


class Lineage:
    """Knows whether a generator's present state descends from one that nobody seeded."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._last: Any = None
        self._seeded = False

    def is_seeded(self, state: Any) -> bool:
        """Tell whether somebody seeded before `state`; in doubt, yes."""
        if self._seeded:
            return True
        # Steps that run side by side may ask of a state that is older than the last.
        if self._last is None or not self.drawn_only(state, self._last):
            self._seeded = self._was_seeded(state)
            self._last = state
        return self._seeded

    def _was_seeded(self, state: Any) -> bool:
        if self._last is None:
            return self._generator.shows_a_seed(state)
        return not self.drawn_only(self._last, state)

    def drawn_only(self, before: Any, after: Any) -> bool:
        """Tell whether drawing alone leads from one state to the other; in doubt, no."""
        start, end = self._generator.position(before), self._generator.position(after)
        return start is not None and end is not None and leads_to(start, end)

    def note_seed(self) -> None:
        """Note that from now on the stream is somebody's."""
        self._seeded = True

    def note_entropy(self, state: Any) -> None:
        """Note that the stream begins anew at `state`, with no seed that anybody knows."""
        self._seeded, self._last = False, state


@dataclass(slots=True)
class Seeding:
    """What the seeding functions of one generator were called with while a step ran.

    Attributes
    ----------
    called
        Whether one was called at all.
    fresh
        Whether nothing had been drawn before the first call.
    entropy
        Whether the last call took the seed from the system.
    """

    called: bool = False
    fresh: bool = False
    entropy: bool = False


_watchers: dict[str, list[tuple[Seeding, Any]]] = {}
_places: dict[str, list[StandIn]] = {}
_lock = new_lock()


@contextmanager
def watch_seeding(generator: Generator, seeding: Seeding, before: Any) -> Iterator[None]:
    """Note calls of the seeding functions for a while, by functions put in their place.

    One that the step has imported by name is put back everywhere it went.
    """
    watcher = (seeding, before)
    with _lock:
        watchers = _watchers.setdefault(generator.name, [])
        watchers.append(watcher)
        if len(watchers) == 1:
            _places[generator.name] = _stand_in(generator, watchers)
    try:
        yield
    finally:
        with _lock:
            watchers[:] = [known for known in watchers if known is not watcher]
            places = [] if watchers else _places.pop(generator.name)
        put_back(places)


def _stand_in(generator: Generator, watchers: list[tuple[Seeding, Any]]) -> list[StandIn]:
    places = []
    for module_name, name in generator.seeders:
        module = sys.modules.get(module_name)
        original = getattr(module, name, None)
        if original is not None:
            noting = _noting(original, generator, watchers)
            places.append(StandIn.put(module, name, original, noting))
    return places


def _noting(
    original: Callable[..., Any], generator: Generator, watchers: list[tuple[Seeding, Any]]
) -> Callable[..., Any]:
    @functools.wraps(original)
    def noting(*args: Any, **kwargs: Any) -> Any:
        now = generator.read()
        values = [*args, *kwargs.values()]
        for seeding, before in tuple(watchers):
            if not seeding.called:
                seeding.called = True
                seeding.fresh = bool(before == now)
            seeding.entropy = not values or values[0] is None
        return original(*args, **kwargs)

    return noting
