"""What is declared of an address, and how a sample of it is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

OPEN, OWN, CLOSED = "open", "own", "closed"


@dataclass(frozen=True)
class Door:
    """One sample of an address. `<name>` in `address` and `data` stands for the number of that thing of the world.

    `reach`: OPEN, anybody succeeds without signing in; OWN, everybody who acts for a party succeeds with what is
    his, so a stranger must not read of others' there; CLOSED, only those who take part.
    """

    address: str
    owner: str = ""
    reach: str = CLOSED
    method: str = "GET"
    data: Any = None
    ok: tuple[int, ...] = (200,)
    readers: tuple[str, ...] = ()
    administrators: bool = False
    guarded: bool = True  # a POST of a session carries the CSRF token
    unchanged: bool = False  # a POST that writes nothing, such as a cookie
    traced: bool = False  # a read that leaves its own trace
    json: bool = False
    prepare: Callable[[Any], None] | None = None
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    headers: dict[str, str] = field(default_factory=dict, hash=False)
    body: str = "application/octet-stream"  # what bytes are sent as

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


def read(address: str, owner: str = "", reach: str = CLOSED, **more: Any) -> Door:
    return Door(address, owner, reach, **more)


def post(address: str, owner: str, data: Any = None, ok: tuple[int, ...] = (302,), **more: Any) -> Door:
    return Door(address, owner, more.pop("reach", CLOSED), "POST", data or {}, ok, **more)


def both(address: str, owner: str, data: Any, **more: Any) -> tuple[Door, Door]:
    """A page with its form, and the form sent."""
    shown = {"reach", "readers", "administrators", "prepare"}
    return read(address, owner, **{k: v for k, v in more.items() if k in shown}), post(address, owner, data, **more)


def api(method: str, address: str, owner: str, data: Any = None, **more: Any) -> Door:
    if method == "GET":
        return Door(f"/api/v1{address}", owner, more.pop("reach", CLOSED), **more)
    return Door(f"/api/v1{address}", owner, more.pop("reach", CLOSED), method, data or {}, json=True, **more)


def fill(value: Any, things: dict[str, Any]) -> Any:
    """Put the world's numbers in place of `<name>`; a callable is asked with the things."""
    if callable(value):
        return fill(value(things), things)
    if isinstance(value, str):
        return re.sub(r"<([a-z_:]+)>", lambda m: _number(things[m[1]]) if m[1] in things else m[0], value)
    if isinstance(value, dict):
        return {k: fill(v, things) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, things) for v in value]
    return value


def _number(thing: Any) -> str:
    return str(getattr(thing, "number", None) or getattr(thing, "pk", thing))


def ask(client: Client, door: Door, things: dict[str, Any]) -> HttpResponse:
    address, data = fill(door.address, things), fill(door.data, things)
    headers = fill(door.headers, things)
    if door.method == "GET":
        return client.get(address)
    if not door.json:
        return client.post(address, data)
    if isinstance(data, bytes):
        return client.generic(door.method, address, data, content_type=door.body, headers=headers)
    return client.generic(door.method, address, json.dumps(data), content_type="application/json", headers=headers)
