"""An S3 server of this machine, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).parents[2])
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def served() -> Iterator[int]:
    """Serve S3 on the loopback and give the port."""
    ask = [sys.executable, "-m", "tests.remote.s3"]
    env = os.environ | {"PYTHONPATH": ROOT}
    process = subprocess.Popen(
        ask, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=env, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


class Bucket:
    """A new bucket, changed behind everybody's back."""

    def __init__(self, port: int, name: str) -> None:
        import boto3

        named = {name.lower(): value for name, value in SETTINGS.items() if "KEY" in name}
        self._s3: Any = boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", **named
        )
        self.name = name
        self._s3.create_bucket(Bucket=name)

    def names(self, within: str = "") -> list[str]:
        """Return the names of all objects, or of those whose name holds a text."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        found = [one["Key"] for page in pages for one in page.get("Contents", ())]
        return [name for name in found if within in name]

    def get(self, name: str) -> bytes:
        content: bytes = self._s3.get_object(Bucket=self.name, Key=name)["Body"].read()
        return content

    def put(self, name: str, content: bytes) -> None:
        self._s3.put_object(Bucket=self.name, Key=name, Body=content)

    def remove(self, name: str) -> None:
        self._s3.delete_object(Bucket=self.name, Key=name)


def main() -> None:
    """Serve until whoever started this is gone."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
