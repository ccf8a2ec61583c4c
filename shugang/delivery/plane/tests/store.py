"""An S3 server (moto's) in a process of its own, for the tests."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from shugang.delivery.plane.outgoing import Outgoing
from shugang.delivery.plane.s3 import S3, Bucket
from shugang.delivery.plane.tests.peer import free_port
from shugang.policy.addresses import Rules

ACCESS, SECRET, BUCKET = "AKIDEXAMPLE", "geheim/secret+key", "exchange"


class Store:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from moto.server import main; import sys; main(sys.argv[1:])", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )  # fmt: skip
        for _ in range(300):
            try:
                urllib.request.urlopen(urllib.request.Request(f"{self.url}/{BUCKET}", method="PUT"), timeout=2)
                break
            except OSError:
                assert self.process.poll() is None, "moto did not start"
                time.sleep(0.1)
        else:
            raise AssertionError("moto did not answer")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def rules(self) -> Rules:
        return Rules.of([f"127.0.0.1:{self.port}"], private=True)

    def bucket(self, **changes: Any) -> Bucket:
        parts = {
            "endpoint": self.url,
            "bucket": BUCKET,
            "region": "us-east-1",
            "access_key": ACCESS,
            "secret_key": SECRET,
        }
        return Bucket(**(parts | changes))

    def client(self, **settings: Any) -> tuple[S3, Outgoing]:
        """Inside a running loop; the second is to be closed."""
        outgoing = Outgoing(self.rules, **settings)
        return S3(self.bucket(), outgoing), outgoing

    def put(self, key: str, data: bytes) -> None:
        request = urllib.request.Request(
            f"{self.url}/{BUCKET}/{key}", data=data, method="PUT", headers={"Content-Type": "text/csv"}
        )
        urllib.request.urlopen(request, timeout=10)

    def get(self, key: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}/{BUCKET}/{key}", timeout=10) as answer:
            return bytes(answer.read())

    def names(self) -> list[str]:
        import re

        with urllib.request.urlopen(f"{self.url}/{BUCKET}?list-type=2", timeout=10) as answer:
            return re.findall(r"<Key>([^<]*)</Key>", answer.read().decode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
