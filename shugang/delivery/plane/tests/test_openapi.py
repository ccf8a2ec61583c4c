"""The plane's OpenAPI document, and whatever a program makes of it: no answer is an error of ours."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from schemathesis import Case

from shugang.delivery.plane.openapi import document
from shugang.delivery.plane.tests.peer import PlaneProcess, credential, grant, terms
from shugang.delivery.plane.tests.tables import api_source, file_source, table_source
from shugang.delivery.plane.tests.test_query import COLUMNS, FIELDS, PARAMS, TEMPLATE
from shugang.delivery.plane.tests.test_query import ROWS as COMPANIES
from shugang.delivery.plane.tests.test_sql import sql_grant
from shugang.policy.governed.tests.world import PEOPLE
from shugang.policy.sources import PushSource, QuerySource
from tests.openapi import body, each, operations, query

pytestmark = pytest.mark.system
# For each operation; `make soak` asks for more.
EXAMPLES = int(os.environ.get("SHUGANG_API_EXAMPLES", "25"))
WORDS = {
    "product": ("segments", "companies", "people", "contacts", "shop", "nothing"),
    "share": ("xiamen", "XIAMEN", "none"),
    "schema": ("health", "none"),
    "table": ("Contacts", "none"),
    "operation": ("one", "a/b"),
}
CONTACTS = ("id", "city", "name")


@pytest.fixture
def plane(make_one: Any, vault: Path, tmp_path: Path) -> PlaneProcess:
    own = tmp_path / "own.sqlite3"
    with sqlite3.connect(own) as con:
        con.execute("CREATE TABLE company (symbol, name, city, listed, capital, staff INTEGER, phone)")
        con.executemany("INSERT INTO company VALUES (?, ?, ?, ?, ?, ?, ?)", COMPANIES)
    shared, file = table_source(vault), file_source(vault)
    push = PushSource("this", "ds-contacts", 3, shared.path, shared.sha256, shared.columns)
    asked = QuerySource("own", TEMPLATE, PARAMS, COLUMNS)
    return make_one(
        grant("g1", "segments", api_source(vault), terms(("prefix7", "city")), ("k1",)),
        grant("g2", "companies", asked, terms(FIELDS, ("query",)), ("k1",)),
        grant("g3", "contacts", shared, terms(CONTACTS), ("k1",)),
        grant("g4", "contacts", file, terms(CONTACTS, ("download",)), ("k1",)),
        grant("g5", "contacts", push, terms(CONTACTS, ("download",)), ("k1",)),
        grant(
            "g6", "segments", api_source(vault), terms(("city",)), (), credentials=(credential("s", "oauth", id="o1"),)
        ),
        sql_grant(vault, PEOPLE, "g7"),
        connectors={"own": {"url": f"sqlite:///{own}"}},
        role="edge",
        networks="127.0.0.0/8",
        sql_seconds=5,
    )


def answered(plane: PlaneProcess, case: Case, chance: random.Random) -> tuple[int, bytes]:
    """Sent as it was made; three names in four are those of things that there are."""
    named = {name: chance.choice(WORDS[name]) for name in case.path_parameters or {} if name in WORDS}
    named = {name: value for name, value in named.items() if chance.random() < 0.75}
    path = case.operation.path
    for name, value in {**(case.path_parameters or {}), **named}.items():
        kept = "/" if name == "operation" else ""
        path = path.replace(f"{{{name}}}", quote(str(value).encode("utf-8", "replace"), safe=kept))
    content, kind = body(case)
    if kind.startswith("text/plain") and chance.random() < 0.5:
        content = chance.choice((b"select * from people", b"select count(*) as n from people where id > 3", b"select"))
    if asked := query(case):
        path += "?" + urlencode(asked, doseq=True)
    headers = {name: str(value) for name, value in (case.headers or {}).items() if _sendable(str(value))}
    headers |= {
        "Content-Type": kind,
        "Authorization": chance.choice(("Bearer k1", "Bearer k1", "Basic bzE6cw==", "Bearer x")),
    }
    con = http.client.HTTPConnection("127.0.0.1", plane.port, timeout=30)
    try:
        con.request(case.method, path, body=content or None, headers=headers)
        answer = con.getresponse()
        return answer.status, answer.read()
    finally:
        con.close()


def _sendable(value: str) -> bool:
    return value.isascii() and value.isprintable()


def test_no_request_makes_a_server_error(plane):
    codes: dict[str, int] = {}

    def send(case: Case, chance: random.Random) -> None:
        status, told = answered(plane, case, chance)
        code = json.loads(told).get("code", "") if status >= 400 and told.startswith(b"{") else str(status)
        codes[code] = codes.get(code, 0) + 1
        assert status < 500 or code in ("target_unavailable", "sql_busy", "sql_time"), (case.path_parameters, told)

    for number, (_, _, operation) in enumerate(operations(json.loads(document()))):
        each(operation, EXAMPLES, number, send)
    # Not all was refused at the door, and the plane says of none that it failed.
    assert codes.get("200", 0) > 20, codes
    assert plane.health()["ok"]
    assert not re.search("request failed|Traceback", (plane.folder / "log").read_text())


def test_it_is_published(plane):
    reply = plane.get("/openapi.json")
    assert reply.status == 200 and reply.json["openapi"] == "3.1.0"
    assert reply.body == document()
    # and each address that it names is one
    for path, methods in reply.json["paths"].items():
        for method in methods:
            sent = b"{}" if method == "post" else None
            reply = plane.get(re.sub(r"\{\w+\}", "x", path), "k1", method.upper(), sent)
            assert reply.status != 405 and reply.status < 500
