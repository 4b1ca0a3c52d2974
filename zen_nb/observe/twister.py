"""What the state of a Mersenne Twister tells about where it came from.

Both generators that programs seed globally, Python's and numpy's, are MT19937.
Two questions are answered from the state alone, so that no function of the user
has to be replaced for good: did somebody seed it, and has it only been drawn from?
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

WORDS = 624
_MASK = 0xFFFFFFFF
_MIDDLE = 397
_TWIST = 0x9908B0DF
_BLOCKS_BACK = 12
_FIRST_SEED = 19650218
_SEARCHES_BLOCKS = (1, 7, 56, 512, 1024)
_TELLING_WORDS = 4
_LONGEST_PERIOD = 615


@dataclass(frozen=True, slots=True)
class Position:
    """Where a twister stands: its block of words, and how many of them are used."""

    words: tuple[int, ...]
    used: int


def leads_to(start: Position, end: Position) -> bool:
    """Tell whether `end` follows from `start` by drawing alone.

    ``False`` also where more than a million numbers lie between: then nobody knows.
    """
    if start.words == end.words:
        return end.used >= start.used
    walker = random.Random()  # noqa: S311 (no secret is made here)
    walker.setstate((3, (*start.words, start.used), None))
    if start.used < WORDS:
        walker.getrandbits(32 * (WORDS - start.used))
    told = end.words[:_TELLING_WORDS]
    wanted = b"".join(_temper(word).to_bytes(4, "little") for word in told)
    return any(_holds_block(_draw(walker, blocks), wanted) for blocks in _SEARCHES_BLOCKS)


def _draw(walker: random.Random, blocks: int) -> bytes:
    return walker.getrandbits(32 * WORDS * blocks).to_bytes(4 * WORDS * blocks, "little")


def _holds_block(drawn: bytes, wanted: bytes) -> bool:
    at = drawn.find(wanted)
    return at >= 0 and at % (4 * WORDS) == 0


def _temper(word: int) -> int:
    word ^= word >> 11
    word ^= (word << 7) & 0x9D2C5680
    word ^= (word << 15) & 0xEFC60000
    return word ^ (word >> 18)


def shows_a_seed(here: Position) -> bool:
    """Tell whether a program seeded the generator, as far as its last blocks can show it.

    At start it is filled from 624 words of the system's entropy; a program that seeds gives a
    shorter key, which shows as a repetition when the filling is undone. Looks back over some
    seven thousand draws; what was drawn from longer ago counts as not seeded.
    """
    words = list(here.words)
    for _ in range(_BLOCKS_BACK):
        if words[0] >> 31 and _repeats(_key_words([1 << 31, *words[1:]])):
            return True
        words = _untwist(words)
    return False


def _untwist(words: list[int]) -> list[int]:
    """Return the block before; of its first word only the highest bit is known."""
    state = words.copy()
    for i in range(WORDS - 1, -1, -1):
        high = state[i] ^ state[(i + _MIDDLE) % WORDS]
        low = state[i - 1] ^ state[(i + _MIDDLE - 1) % WORDS]
        odd = low >> 31
        high ^= _TWIST if high >> 31 else 0
        low ^= _TWIST if odd else 0
        state[i] = (high << 1) & 0x80000000 | (low << 1) & 0x7FFFFFFE | odd
    return state


def _mix(word: int, factor: int) -> int:
    return ((word ^ (word >> 30)) * factor) & _MASK


def _key_words(words: list[int]) -> list[int]:
    """Return the words of the key that made this first block, each with its number added."""
    state = words.copy()
    state[0] = state[WORDS - 1]
    state[1] = ((state[1] + 1) & _MASK) ^ _mix(state[0], 1566083941)
    for i in range(WORDS - 1, 1, -1):
        state[i] = ((state[i] + i) & _MASK) ^ _mix(state[i - 1], 1566083941)
    start = _first_block()
    return [(state[i] - (start[i] ^ _mix(state[i - 1], 1664525))) & _MASK for i in range(3, WORDS)]


@cache
def _first_block() -> tuple[int, ...]:
    block = [_FIRST_SEED]
    for i in range(1, WORDS):
        block.append((_mix_first(block[-1]) + i) & _MASK)
    return tuple(block)


def _mix_first(word: int) -> int:
    return ((word ^ (word >> 30)) * 1812433253) & _MASK


def _repeats(key: list[int]) -> bool:
    return any(key[period:] == key[:-period] for period in range(1, _LONGEST_PERIOD))
