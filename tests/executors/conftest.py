"""Executors of each kind, and a store of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.executors.counting import KINDS
from tests.stores import own_store
from zen_nb.executors.named import opened


@pytest.fixture(scope="package")
def executors() -> Iterator[dict[str, Executor]]:
    """One executor of each kind, for all tests of this folder."""
    with (
        ThreadPoolExecutor(4) as threads,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes,
        opened("dask") as dask,
    ):
        assert dask is not None
        yield {"threads": threads, "processes": processes, "dask": dask}


@pytest.fixture(params=KINDS)
def executor(request: pytest.FixtureRequest, executors: dict[str, Executor]) -> Executor:
    return executors[request.param]


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_store(tmp_path, monkeypatch)
