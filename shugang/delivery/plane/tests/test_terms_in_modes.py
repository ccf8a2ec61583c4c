"""The terms that ask about the caller hold alike in every mode: met they admit, unmet they refuse, by code."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shugang.delivery.plane.tests.peer import PlaneProcess, credential, grant, split, terms
from shugang.delivery.plane.tests.tables import api_source, table_source
from shugang.policy.sources import QuerySource, SqlSource

pytestmark = pytest.mark.system
HERE, ELSEWHERE = ("127.0.0.0/8",), ("192.0.2.0/24",)
Make = Callable[..., PlaneProcess]


def _table(vault: Path, tmp_path: Path) -> tuple[Any, tuple[str, ...], tuple[str, ...], str]:
    return table_source(vault), ("id", "city"), ("read",), "/delta-sharing/shares/xiamen/schemas/health/tables/contacts"


def _api(vault: Path, tmp_path: Path) -> tuple[Any, tuple[str, ...], tuple[str, ...], str]:
    return api_source(vault), ("prefix7", "city"), ("read",), "/api/v1/lookup/product?prefix7=1300001"


def _query(vault: Path, tmp_path: Path) -> tuple[Any, tuple[str, ...], tuple[str, ...], str]:
    with sqlite3.connect(tmp_path / "own.sqlite3") as con:
        con.execute("CREATE TABLE IF NOT EXISTS company (name TEXT)")
        con.execute("INSERT INTO company VALUES ('厦门象屿')")
    source = QuerySource("own", "SELECT name FROM company", (), [{"name": "name", "type": "string"}])
    return source, ("name",), ("query",), "/query/v1/product"


def _sql(vault: Path, tmp_path: Path) -> tuple[Any, tuple[str, ...], tuple[str, ...], str]:
    table = table_source(vault)
    source = SqlSource("contacts", table.dataset, table.version, table.path, table.sha256, table.columns)
    return source, ("id", "city"), ("query",), "/sql/v1/queries"


MODES = {"table": _table, "api": _api, "query": _query, "sql": _sql}
BODIES = {"table": (b"{}", "/query"), "sql": (b"select id, city from contacts", "")}


@pytest.fixture(params=sorted(MODES))
def ask(
    request: pytest.FixtureRequest, make_plane: Make, vault: Path, tmp_path: Path
) -> Callable[..., tuple[int, str]]:
    """Serve one product under the given terms in the mode of this test, and ask for it: (status, code)."""
    source, fields, actions, path = MODES[request.param](vault, tmp_path)

    def asked(changes: dict[str, Any], key: dict[str, Any] | None = None, **settings: Any) -> tuple[int, str]:
        granted = replace(
            grant("g1", "product", source, terms(fields, actions, **changes), ()),
            credentials=(credential("k1", **(key or {})),),
        )
        headers = settings.pop("headers", {})
        connectors = {"connector_own": f"sqlite:///{tmp_path / 'own.sqlite3'}"}
        plane = make_plane(granted, **connectors, **settings)
        if request.param in BODIES:
            body, rest = BODIES[request.param]
            reply = plane.get(path + rest, "k1", "POST", body, **headers)
        else:
            reply = plane.get(path, "k1", **headers)
        refused = reply.status != 200
        (record,) = plane.shipped()
        # then the journal says the same, and nothing left under a refusal
        assert (record["state"] == "refused", record["bytes"] * refused, record["charged"] * refused) == (refused, 0, 0)
        return reply.status, record["outcome"] if refused else ""

    return asked


def test_from_an_agreed_network_it_is_served(ask):
    assert ask({"networks": HERE}) == (200, "")


def test_from_any_other_network_it_is_refused(ask):
    assert ask({"networks": ELSEWHERE}) == (403, "place_denied")


def test_a_callers_own_word_about_his_address_counts_for_nothing(ask):
    assert ask({"networks": ELSEWHERE}, headers={"X_Forwarded_For": "192.0.2.9"}) == (403, "place_denied")


def test_a_trusted_proxys_word_about_the_caller_counts(ask):
    forwarded = {"X_Forwarded_For": "203.0.113.1, 192.0.2.9"}
    assert ask({"networks": ELSEWHERE}, trusted_proxies="127.0.0.1/32", headers=forwarded) == (200, "")


def test_the_agreed_environment_stated_with_the_key_admits(ask):
    assert ask({"environment": "isolated"}, {"environment": "isolated"}) == (200, "")


def test_a_key_without_the_statement_of_environment_is_refused(ask):
    assert ask({"environment": "isolated"}) == (403, "environment_denied")


def test_a_key_of_another_purpose_is_refused(ask):
    assert ask({}, {"purpose": "evaluation"}) == (403, "purpose_denied")


def test_a_files_address_works_from_the_agreed_network_only(make_plane, vault, control):
    # given a table whose file address was handed out here
    source, fields, actions, path = _table(vault, vault)
    allowed = grant("g1", "product", source, terms(fields, actions, networks=HERE), ("k1",))
    plane = make_plane(allowed)
    lines = plane.get(path + "/query", "k1", "POST", b"{}").body.splitlines()
    address = split(json.loads(lines[2])["file"]["url"])
    # when the terms name another network
    plane.at(control.set(replace(allowed, terms=terms(fields, actions, networks=ELSEWHERE))))
    # then the address no longer works from here
    refused = plane.get(address)
    assert (refused.status, refused.code) == (403, "place_denied")
