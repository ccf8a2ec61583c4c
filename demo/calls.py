"""HTTP as a buyer's program makes it: standard library only."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, NamedTuple


class Answer(NamedTuple):
    status: int
    body: bytes
    content_type: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a refusal; "" for an answer."""
        return "" if self.status < 400 else str(self.json.get("code") or self.json.get("errorCode", ""))


def get(url: str, key: str, **headers: str) -> Answer:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}", **headers})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return Answer(answer.status, answer.read(), answer.headers.get("Content-Type", ""))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read(), error.headers.get("Content-Type", ""))


def until(ask: Callable[[], bool], what: str, seconds: float = 20.0) -> float:
    """Seconds until `ask` is true. Raises TimeoutError naming what never came."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if ask():
            return time.monotonic() - start
        time.sleep(0.05)
    raise TimeoutError(what)
