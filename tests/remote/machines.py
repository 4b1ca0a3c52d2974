"""Machines of a team: each with a cache folder and keys of its own, over one shared store."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.faults.peers import SMALL, made
from tests.remote.s3 import SETTINGS
from zen_nb.core.model import Record
from zen_nb.store.sharing import Sharing


class Machine:
    """One of them, played in this process; `tests.remote.worker` is one in its own.

    Parameters
    ----------
    url
        The shared store; ``""`` for none.
    port
        Of the S3 server, or of what stands before it.
    """

    def __init__(
        self, folder: Path, url: str, port: int = 0, *, mode: str = "read", timeout: str = "20"
    ) -> None:
        from zen_nb import step

        self.folder = folder
        self.env = {
            "ZEN_NB_CACHE_DIR": str(folder / "cache"),
            "ZEN_NB_KEY_DIR": str(folder / "key"),
            "ZEN_NB_REMOTE": url,
            "ZEN_NB_REMOTE_MODE": mode,
            "ZEN_NB_REMOTE_TIMEOUT": timeout,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            **SETTINGS,
        }
        self.public = ""
        self._step = step(made)

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """Be on this machine."""
        before = {name: os.environ.get(name) for name in self.env}
        os.environ.update(self.env)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def call(self, number: int, size: int = SMALL) -> tuple[Any, bool]:
        """Return what the function gives here, and whether it was found instead of computed."""
        with self.here():
            value = self._step(number, size)
        return value, self.last.cached

    @property
    def last(self) -> Any:
        """What is known of the last call."""
        from zen_nb.pipelines.recent import recall

        found = recall("made")
        assert found is not None
        return found

    @property
    def store(self) -> Any:
        from zen_nb.core.options import usable_configuration
        from zen_nb.store.records import open_store

        with self.here():
            return open_store(usable_configuration())

    @property
    def latest(self) -> Record:
        """The record that was made last."""
        with self.here():
            [record] = self.store.latest(1)
        return record

    @property
    def shared(self) -> Sharing:
        found = self.store.shared
        assert found is not None
        return found

    def flush(self, seconds: float = 20.0) -> int:
        """Wait until all is sent; return how many records are left."""
        return self.shared.flush(seconds)

    def new_key(self) -> str:
        """Make a key to sign with, and return its public part."""
        from zen_nb.store.trust import PublicKey, new_key

        with self.here():
            self.public = PublicKey("", new_key().public).text
        return self.public

    def trust(self, public: str, name: str = "ci") -> None:
        from zen_nb.store.trust import Trusted, read_public

        with self.here():
            Trusted().add(name, read_public(public))

    def restart(self) -> None:
        """Know nothing but what is in its folder: what a new process knows."""
        from zen_nb.engine import again
        from zen_nb.pipelines import surroundings
        from zen_nb.store import records

        gone = [path for path in records._stores if path.is_relative_to(self.folder)]
        for path in gone:
            records._stores.pop(path).close()
        again._hits.clear()
        surroundings._store = None

    def clean(self) -> None:
        """Be new: with the keys of before, and an empty cache."""
        self.restart()
        shutil.rmtree(self.folder / "cache", ignore_errors=True)
