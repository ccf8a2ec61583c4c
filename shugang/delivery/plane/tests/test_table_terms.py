"""Each term of a shared table satisfied and violated; and a copy from which the hidden rows and columns were taken
away by hand tells exactly what the granted view of the whole tells."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shugang.delivery.plane.tests.peer import credential, grant, later, split, terms
from shugang.delivery.plane.tests.tables import CONTACT_COLUMNS, contacts, store
from shugang.policy.sources import TableSource
from shugang.policy.terms import Quota, Rate, RowFilter

pytestmark = pytest.mark.system
TABLE = "/delta-sharing/shares/xiamen/schemas/health/tables/contacts"
FIELDS = ("city", "id", "name", "tel", "beds", "rate", "opened", "seen")
CITY = (RowFilter("city", "eq", "厦门市"),)
COUNT = 20_000


def source(vault: Path, name: str, table: pa.Table, columns: list[dict[str, str]], **options: Any) -> TableSource:
    path, digest = store(vault, name, table)
    return TableSource("xiamen", "health", "contacts", "ds", 3, path, digest, tuple(columns), **options)


def whole(vault: Path, **changes: Any):
    policy = {"rows": CITY} | changes
    made = source(vault, "whole.parquet", contacts(COUNT), CONTACT_COLUMNS)
    return grant("g1", "contacts", made, terms(FIELDS, **policy), ("t1",))


def filtered(vault: Path):
    kept = contacts(COUNT).filter(pa.compute.equal(contacts(COUNT)["city"], "厦门市")).select(list(FIELDS))
    columns = [next(c for c in CONTACT_COLUMNS if c["name"] == name) for name in FIELDS]
    return grant("g2", "contacts", source(vault, "kept.parquet", kept, columns), terms(FIELDS), ("t2",))


def told(plane, token: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    """Status and text, with what names the grant and the moment taken out."""
    reply = plane.get(TABLE + path, token, "POST" if body is not None else "GET", body, **headers)
    text = reply.body.decode()
    for secret in (r'"(url|path)":"[^"]*"', r'"id":"[^"]*"', r'"expirationTimestamp":\d+'):
        text = re.sub(secret, "", text)
    return reply.status, text


def test_a_physically_filtered_copy_tells_the_same(make_plane, vault):
    import pyarrow.compute  # noqa: F401

    plane = make_plane(whole(vault), filtered(vault), part_rows=2048)
    delta = {"Delta_Sharing_Capabilities": "responseformat=delta;includeEndStreamAction=true"}
    asked: list[tuple[str, Any, dict[str, str]]] = [
        ("/metadata", None, {}),
        ("/metadata", None, delta),
        ("/query", {}, {}),
        ("/query", {}, delta),
        ("/query", {"limitHint": 1}, {}),
        ("/query", {"predicateHints": ["id > 15000"]}, {}),
        ("/query", {"predicateHints": ["secret = '机密1'"]}, {}),
        ("/query", {"predicateHints": ["city = '福州市'"]}, {}),
        ("/query", {"jsonPredicateHints": '{"op":"isNull","children":[{"op":"column","name":"name"}]}'}, {}),
        ("/query", {"startingVersion": 3}, {}),
        ("/changes?startingVersion=3", None, {}),
        ("/changes?startingVersion=9", None, {}),
        ("/query", {"version": 2}, {}),
        ("/query", {"limitHint": "secret"}, {}),
    ]
    for path, body, headers in asked:
        raw = None if body is None else json.dumps(body).encode()
        answers = [told(plane, token, path, raw, **headers) for token in ("t1", "t2")]
        # The bundle names the columns of the base only by those that are granted; sizes may not differ by a byte.
        assert answers[0] == answers[1], (path, body)
        assert "机密" not in answers[0][1]


def files(plane, token: str = "t1") -> list[str]:
    reply = plane.get(TABLE + "/query", token, "POST", b"{}")
    return (
        [split(json.loads(line)["file"]["url"]) for line in reply.body.splitlines()[2:]] if reply.status == 200 else []
    )


def test_terms_hold_at_the_manifest_and_at_every_file(make_plane, vault, control):
    plane = make_plane(whole(vault))
    (url,) = files(plane)
    assert plane.get(url, Range="bytes=0-3").status == 206

    def now(**changes: Any) -> tuple[str, str]:
        """What manifest and file say under other terms: `ok` or the code."""
        plane.at(control.set(whole(vault, **changes)))
        manifest, file = plane.get(TABLE + "/query", "t1", "POST", b"{}"), plane.get(url, Range="bytes=0-3")
        return tuple("ok" if r.status < 300 else str(r.json["code"]) for r in (manifest, file))  # type: ignore[return-value]

    assert now() == ("ok", "ok")
    assert now(actions=("download",)) == ("action_denied", "action_denied")
    assert now(valid_until=later(-1)) == ("expired", "expired")
    assert now(valid_from=later(60)) == ("not_started", "not_started")
    assert now(purpose="risk_control") == ("purpose_denied", "purpose_denied")
    assert now(networks=("10.0.0.0/8",)) == ("place_denied", "place_denied")
    assert now(networks=("127.0.0.0/8",)) == ("ok", "ok")
    assert now(rate=Rate(1, 1)) == ("ok", "ok")
    assert plane.get(TABLE + "/query", "t1", "POST", b"{}").status == 429
    # What was released before stays free under any quota; what is new must fit.
    for quota in (Quota("bytes", 4, "total", "all"), Quota("rows", 1, "total", "all")):
        assert now(quotas=(quota,)) == ("ok", "ok")
    plane.at(control.set(whole(vault, quotas=(Quota("bytes", 10, "total", "all"),))))
    assert plane.get(url, Range="bytes=4-9").status == 206
    assert plane.get(url, Range="bytes=4-10").json["code"] == "quota_exhausted"
    # Other rows or fields make other files: the old address is gone.
    for changes in ({"rows": ()}, {"rows": (RowFilter("city", "eq", "福州市"),)}):
        assert now(**changes)[1] == "version_gone"
    plane.at(control.set(replace(whole(vault), credentials=(credential("t9"),))))
    assert plane.get(url).status == 403
