"""Worker processes that a kernel forks use fingerprints, steps and the store as it does."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from zen_nb import fingerprint, step

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@step
def doubled(array: np.ndarray) -> np.ndarray:
    return array * 2


def _work(number: int) -> tuple[int, str, float]:
    array = np.arange(1_000_000.0) + number
    return os.getpid(), fingerprint(array), float(doubled(array)[-1])


def test_forked_workers_hash_and_store_large_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool of threads that the parent has begun is not waited for, and both hit each other."""
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "cache"))
    mine = _work(0)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        theirs = pool.map_async(_work, range(4)).get(timeout=60)
    assert theirs[0][1:] == mine[1:]
    assert all(process != os.getpid() for process, _, _ in theirs)
    assert [_work(number)[1:] for number in range(4)] == [one[1:] for one in theirs]
