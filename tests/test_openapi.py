"""Whatever a program sends to the API that its OpenAPI document describes, the answer is no error of ours."""

from __future__ import annotations

import os
import random
import re
from typing import Any
from urllib.parse import quote

import pytest
from schemathesis import Case

from shugang.api import api

from .doors import DOORS
from .doors.base import Door, fill
from .openapi import body, each, operations, query
from .visitors import browser, undone

pytestmark = pytest.mark.django_db
# For each operation; `make soak` asks for more.
EXAMPLES = int(os.environ.get("SHUGANG_API_EXAMPLES", "3"))
OPERATIONS = {f"{method} {path}": (path, operation) for method, path, operation in operations(api.get_openapi_schema())}


def doors(world: Any, method: str, path: str) -> list[tuple[str, str]]:
    """(a real address of this kind, who may use it), from the list of all doors."""
    wanted = re.compile(re.sub(r"\{\w+\}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}")))
    found = []
    for door in DOORS:
        if isinstance(door, Door) and door.method == method and door.address.startswith("/api/v1"):
            address = str(fill(door.address, world.things)).partition("?")[0]
            if wanted.fullmatch(address):
                found.append((address, door.owner))
    return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_makes_a_server_error(world: Any, name: str) -> None:
    path, operation = OPERATIONS[name]
    method = name.partition(" ")[0]
    real = doors(world, method, path)

    def send(case: Case, chance: random.Random) -> None:
        address, who = case.formatted_path, chance.choice(("", "gongfang", "yunying"))
        if real and chance.random() < 0.8:
            address, who = chance.choice(real)
        content, kind = body(case)
        client = browser(world, who)
        client.raise_request_exception = False
        with undone():
            answer = client.generic(method, quote(address, "/%"), content, content_type=kind, query_params=query(case))
        assert answer.status_code < 500, (who, method, address, query(case), content[:500], answer.exc_info)
        if (
            answer.status_code >= 400
            and method != "HEAD"
            and answer.headers["Content-Type"].startswith("application/json")
        ):
            assert set(answer.json()) >= {"code", "message", "message_en", "fields"}

    each(operation, EXAMPLES, len(name), send)
