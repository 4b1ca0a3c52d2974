"""Laws 2 and 3: values are the same after the store, and in any process with any hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

from tests.identity.models import MADE
from tests.identity.samples import SAMPLES, quick_samples
from tests.identity.sinks import fp
from zen_nb.store.serialize import dump, load

ROOT = Path(__file__).resolve().parents[2]
SEEDS = (*range(19), 4294967295)
# What the store gives back as something else, or keeps for nobody. Each has its reason.
NOT_KEPT = {
    'named(np.arange(3).view(MyArray), unit="m")',  # numpy's pickles drop attributes of arrays
}


def stored(value: object) -> object:
    """Return `value` as the store brings it back."""
    payload = dump({"value": value}, namespace={})
    buffers = [bytearray(buffer) for buffer in payload.buffers]
    return load(payload.stream, buffers, namespace={})["value"]


@pytest.mark.parametrize("name", [name for name in {**SAMPLES, **MADE} if name not in NOT_KEPT])
def test_a_value_is_the_same_after_the_store(name):
    """The fingerprint of what is loaded is that of what was stored."""
    value = {**SAMPLES, **MADE}[name]()
    assert fp(stored(value)) == fp(value)


def told(module: str, seed: int) -> dict[str, str]:
    """Return the fingerprints of a table of values, as another process finds them.

    Models keep how many threads fitted them: it has as many as this process.
    """
    running = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"from {module} import tell; tell()"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONHASHSEED": str(seed),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": str(_openmp_effective_n_threads()),
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=150,
    )
    return dict(reversed(line.split(" ", 1)) for line in running.stdout.splitlines())


def differing(module: str, seeds: tuple[int, ...], here: dict[str, str]) -> Iterator[str]:
    with ThreadPoolExecutor(2) as pool:
        for seed, found in zip(seeds, pool.map(lambda s: told(module, s), seeds), strict=True):
            assert found.keys() == here.keys()
            yield from (f"{name} (seed {seed})" for name in here if here[name] != found[name])


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_twenty_hash_seeds_find_one_fingerprint():
    """No fingerprint of the table depends on the hash seed of its process."""
    here = {repr(name): fp(make()) for name, make in quick_samples().items()}
    assert list(differing("tests.laws.seeds", SEEDS, here)) == []


@pytest.mark.slow
def test_models_are_the_same_in_other_processes():
    """What libraries keep beside their state, addresses among it, is no ingredient."""
    here = {repr(name): fp(make()) for name, make in MADE.items()}
    assert list(differing("tests.identity.models", (1, 2), here)) == []
