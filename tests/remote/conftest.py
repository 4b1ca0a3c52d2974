"""A shared store for each test, by S3 on the loopback, with a proxy that can do harm."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.remote.machines import Machine
from tests.remote.proxy import Proxy
from tests.remote.s3 import Bucket, served


@pytest.fixture(scope="session")
def server() -> Iterator[int]:
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    with served() as port:
        yield port


@pytest.fixture
def bucket(server: int) -> Bucket:
    return Bucket(server, f"team-{secrets.token_hex(4)}")


@pytest.fixture
def proxy(server: int) -> Iterator[Proxy]:
    made = Proxy(server)
    yield made
    made.close()


@pytest.fixture
def machine(tmp_path: Path, bucket: Bucket, proxy: Proxy) -> Iterator[Callable[..., Machine]]:
    """Make machines of a team that share one store: ``machine("ci", mode="write")``."""
    made: list[Machine] = []

    def make(name: str, **how: str) -> Machine:
        made.append(Machine(tmp_path / name, f"s3://{bucket.name}/store", proxy.port, **how))
        return made[-1]

    yield make
    for one in made:
        one.restart()


@pytest.fixture
def ci(machine: Callable[..., Machine]) -> Machine:
    """The machine that fills the store."""
    found = machine("ci", mode="write")
    found.new_key()
    return found


@pytest.fixture
def bob(machine: Callable[..., Machine], ci: Machine) -> Machine:
    """A machine that reads, and trusts the other."""
    found = machine("bob")
    found.trust(ci.public)
    return found
