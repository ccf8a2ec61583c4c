"""File download: every format holds exactly the granted view; ranges resume and are paid once; links open one door."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shugang.delivery.plane.tests.peer import credential, grant, later, terms
from shugang.delivery.plane.tests.tables import contacts, file_source, store
from shugang.policy.masks import keep_ends
from shugang.policy.sources import FileSource
from shugang.policy.terms import Mask, Quota, Rate, RowFilter

pytestmark = pytest.mark.system
PLACE = "/download/v1/contacts"
FIELDS = ("city", "id", "name", "tel", "beds", "rate", "opened", "seen")
MASKED = {
    "rows": (RowFilter("city", "in", ("厦门市", "泉州市")),),
    "masks": (Mask("tel", "keep_ends", {"prefix": 3, "suffix": 2}),),
}


def granted(vault: Path, secrets: tuple[str, ...] = ("t1",), actions=("download",), count: int = 200, **changes: Any):
    policy = terms(FIELDS, actions, **(MASKED | changes))
    made = grant("g1", "contacts", file_source(vault, count), policy, secrets)
    return replace(
        made,
        credentials=(*made.credentials, credential("link", "link"), credential("late", "link", expires_at=later(-1))),
    )


def expected(count: int = 200) -> list[dict[str, Any]]:
    kept = [row for row in contacts(count).to_pylist() if row["city"] in ("厦门市", "泉州市")]
    return [{**{f: row[f] for f in FIELDS}, "tel": keep_ends(row["tel"], 3, 2)} for row in kept]


def get(plane, format: str = "", **headers: str):
    return plane.get(PLACE + (f"?format={format}" if format else ""), "t1", **headers)


def counted(plane) -> list[tuple[str, int, int]]:
    return [
        (r["outcome"], r["rows"], r["bytes"]) for r in plane.shipped() if r["outcome"] in ("delivered", "continued")
    ]


def test_other_parameters_than_its_two_are_refused(make_plane, vault):
    plane = make_plane(granted(vault))
    for query in ("a=1", "format=csv&format=csv", "&".join(f"a{n}=1" for n in range(20))):
        reply = plane.get(f"{PLACE}?{query}", "t1")
        assert (reply.status, reply.code) == (400, "bad_request"), query


def test_every_format_holds_exactly_the_granted_view(make_plane, vault):
    plane = make_plane(granted(vault))
    rows = expected()
    whole = get(plane)
    assert pq.read_table(io.BytesIO(whole.body)).to_pylist() == rows
    assert whole.headers["content-type"] == "application/vnd.apache.parquet"
    texts = [[str(v) if v is not None else "" for v in row.values()] for row in rows]
    for text in texts:
        text[7] = text[7].replace(" ", "T")
    for name, encoding in (("csv", "utf-8"), ("csv-gb18030", "gb18030")):
        reply = get(plane, name)
        assert f"charset={encoding}" in reply.headers["content-type"]
        found = list(csv.reader(io.StringIO(reply.body.decode(encoding), newline="")))
        assert found[0] == list(FIELDS)
        assert [[*r[:5], float(r[5]), *r[6:]] for r in found[1:]] == [[*r[:5], float(r[5]), *r[6:]] for r in texts]
    found = [json.loads(line) for line in get(plane, "jsonl").body.splitlines()]
    assert found == [{**r, "opened": str(r["opened"]), "seen": r["seen"].isoformat()} for r in rows]
    sheet = openpyxl.load_workbook(io.BytesIO(get(plane, "xlsx").body)).active
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[0] == list(FIELDS)
    for row, wanted in zip(found[1:], rows, strict=True):
        values = list(wanted.values())
        values[5] = pytest.approx(values[5], rel=1e-15)  # a workbook holds sixteen digits of a fraction
        assert [*row[:6], row[6].date(), row[7]] == values
    assert {rows for _, rows, _ in counted(plane)} == {100} and len(counted(plane)) == 5
    assert get(plane, "exe").json["fields"]["format"].startswith("one of parquet")
    for reply in (get(plane), get(plane, "csv")):
        assert "机密".encode() not in reply.body and b"secret" not in reply.body
    name = unquote(get(plane, "csv-gb18030", method="HEAD").headers["content-disposition"].rpartition("''")[2])
    assert name == "厦门 医院-v3-gb18030.csv"


def test_texts_that_a_spreadsheet_would_run_and_values_that_it_would_round(make_plane, vault):
    odd = pa.table({"t": ["=1+1", "+x", "－y", "a\x01b", 'q"u,o\nte', None, "\U00020bb7"], "n": [2**60, *range(6)]})
    path, digest = store(vault, "odd.parquet", odd)
    columns = ({"name": "t", "type": "string"}, {"name": "n", "type": "long"})
    source = FileSource("odd", "ds", 1, path, digest, columns)
    plane = make_plane(grant("g1", "contacts", source, terms(("t", "n"), ("download",)), ("t1",)))
    texts = [t or "" for t in odd["t"].to_pylist()]
    plain = ["'" + t if t[:1] in ("=", "+", "－") else t for t in texts]
    for name, encoding in (("csv", "utf-8"), ("csv-gb18030", "gb18030")):
        found = list(csv.reader(io.StringIO(get(plane, name).body.decode(encoding), newline="")))
        assert found[1:] == [[t, str(n)] for t, n in zip(plain, odd["n"].to_pylist(), strict=True)]
    sheet = openpyxl.load_workbook(io.BytesIO(get(plane, "xlsx").body)).active
    cells = [(row[0].value, row[0].data_type, row[1].value) for row in list(sheet.iter_rows())[1:]]
    assert cells[0] == ("=1+1", "s", str(2**60)) and cells[3][0] == "a\ufffdb"
    lines = [json.loads(line) for line in get(plane, "jsonl").body.splitlines()]
    assert [line["t"] for line in lines] == odd["t"].to_pylist()


def test_a_broken_download_goes_on_and_is_paid_once(make_plane, vault):
    plane = make_plane(granted(vault, count=3000), whole_answer=1000)
    head = get(plane, "csv", method="HEAD")
    size, tag = int(head.headers["content-length"]), head.headers["etag"]
    assert counted(plane) == [] and head.headers["accept-ranges"] == "bytes"
    first = get(plane, "csv", Range="bytes=0-4999")
    rest = get(plane, "csv", Range="bytes=5000-", If_Range=tag)
    assert (first.status, rest.status, rest.headers["content-range"]) == (206, 206, f"bytes 5000-{size - 1}/{size}")
    body = first.body + rest.body
    assert body == get(plane, "csv").body and len(body) == size
    assert counted(plane) == [("delivered", 1500, 5000), ("continued", 0, size - 5000)]
    # With another version's tag the whole comes anew.
    assert get(plane, "csv", Range="bytes=5000-", If_Range='"old"').status == 200


def test_links_open_the_download_and_nothing_else(make_plane, vault, control):
    plane = make_plane(granted(vault))
    assert plane.get(f"{PLACE}?format=csv&ticket=link").status == 200
    assert (plane.get(f"{PLACE}?ticket=late").status, plane.get(f"{PLACE}?ticket=late").code) == (
        401,
        "credential_expired",
    )
    assert plane.get(f"{PLACE}?ticket=t1").status == 401 and plane.get(f"{PLACE}?ticket=").status == 401
    assert plane.get(PLACE, "link").status == 401
    assert plane.get(f"{PLACE}?ticket=link&ticket=link").status == 400 and plane.get(f"{PLACE}?x=1", "t1").status == 400
    assert [r["credential"] for r in plane.shipped() if r["outcome"] == "delivered"] == ["cred-link"]
    assert plane.get("/download/v1/other", "t1").status == 404
    plane.at(control.set(replace(granted(vault), state="suspended")))
    assert plane.get(f"{PLACE}?ticket=link").code == "suspended"
    revoked = granted(vault)
    gone = tuple(replace(key, revoked=True) for key in revoked.credentials)
    plane.at(control.set(replace(revoked, credentials=gone)))
    assert plane.get(f"{PLACE}?ticket=link").code == "revoked"


def test_a_link_opens_the_moment_it_was_made(make_plane, vault, control):
    """Its owner clicks sooner than this plane asks control again."""
    whole = granted(vault)
    other = tuple(key for key in whole.credentials if key.id != "cred-link")
    plane = make_plane(replace(whole, credentials=other), poll_seconds=1.0)
    assert plane.get(f"{PLACE}?format=csv&ticket=link").status == 401
    control.set(whole)
    assert plane.get(f"{PLACE}?format=csv&ticket=link").status == 200


def test_terms_that_refuse_a_download(make_plane, vault, control):
    """Each violated; where they are satisfied is shown above and beside."""
    plane = make_plane(granted(vault, ("t1",), ("read",)))

    def now(**changes: Any):
        plane.at(control.set(granted(vault, **changes)))
        return get(plane)

    assert get(plane).code == "action_denied"
    assert now(valid_until=later(-1)).code == "expired"
    assert now(valid_from=later(60)).code == "not_started"
    assert now(purpose="risk_control").code == "purpose_denied"
    assert now(networks=("10.0.0.0/8",)).code == "place_denied"
    assert now(networks=("127.0.0.0/8",)).status == 200
    assert now(quotas=(Quota("rows", 99, "total", "all"),)).status == 200  # what was delivered before stays free
    assert now(quotas=(Quota("calls", 1, "total", "all"),)).status == 200
    assert get(plane, "csv").code == "quota_exhausted"
    assert now(quotas=(Quota("bytes", 10, "total", "all"),), rows=()).code == "quota_exhausted"
    assert now(rate=Rate(1, 1)).status == 200
    assert get(plane).status == 429


def test_a_workbook_that_would_be_too_large_is_refused_by_name(make_plane, vault):
    path, digest = store(vault, "many.parquet", pa.table({"n": pa.array(range(100_001), pa.int64())}))
    source = FileSource("many", "ds", 1, path, digest, ({"name": "n", "type": "long"},))
    plane = make_plane(grant("g1", "contacts", source, terms(("n",), ("download",)), ("t1",)))
    reply = get(plane, "xlsx")
    assert reply.status == 400 and "100000" in reply.json["fields"]["format"]
    assert get(plane, "jsonl").body.count(b"\n") == 100_001
