"""Delta Sharing: the protocol over the wire, and the official client against an oracle."""

from __future__ import annotations

import io
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shugang.delivery.plane.tests.peer import ROOT, grant, split, terms
from shugang.delivery.plane.tests.tables import table_source
from shugang.policy.masks import keep_ends
from shugang.policy.terms import Mask, Quota, RowFilter

pytestmark = pytest.mark.system
CLIENT = Path(os.environ.get("SHUGANG_CLIENT_PYTHON", ROOT / ".venv-client/bin/python"))
TABLE = "/delta-sharing/shares/xiamen/schemas/health/tables/contacts"
FIELDS = ("city", "id", "name", "tel", "beds", "rate", "opened", "seen")
MASKED = {
    "rows": (RowFilter("city", "in", ("厦门市", "泉州市")),),
    "masks": (Mask("tel", "keep_ends", {"prefix": 3, "suffix": 2}),),
}


def granted(vault: Path, **changes):
    return grant("g1", "contacts", table_source(vault), terms(FIELDS, **(MASKED | changes)), ("t1",))


def load(plane, tmp_path: Path, code: str) -> dict:
    """Run the official client in its own environment; `out` of `code` comes back as JSON."""
    if not CLIENT.exists():
        pytest.skip("the official client's environment is not installed")
    profile = tmp_path / "profile.share"
    profile.write_text(
        json.dumps({"shareCredentialsVersion": 1, "endpoint": f"{plane.url}/delta-sharing", "bearerToken": "t1"})
    )
    # Leaving without the interpreter's shutdown: the client's old native libraries now and then abort in it.
    last = "print(json.dumps(out, default=str), flush=True)\nos._exit(0)"
    script = f"import json, os, delta_sharing\nprofile = {str(profile)!r}\n{code}\n{last}"
    done = subprocess.run([CLIENT, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def expected(vault: Path) -> list[dict]:
    """The oracle: plain Python over the base file."""
    rows = pq.read_table(vault / "contacts.parquet").to_pylist()
    kept = [row for row in rows if row["city"] in ("厦门市", "泉州市")]
    return [{**{f: row[f] for f in FIELDS}, "tel": keep_ends(row["tel"], 3, 2)} for row in kept]


def test_the_official_client_reads_exactly_the_granted_view(make_plane, vault, tmp_path):
    plane = make_plane(granted(vault))
    out = load(
        plane,
        tmp_path,
        """
client = delta_sharing.SharingClient(profile)
frame = delta_sharing.load_as_pandas(profile + "#Xiamen.HEALTH.contacts")
out = {"tables": [[t.share, t.schema, t.name] for t in client.list_all_tables()],
       "columns": list(frame.columns), "dtypes": [str(t) for t in frame.dtypes],
       "version": delta_sharing.get_table_version(profile + "#xiamen.health.Contacts"),
       "rows": frame.astype(object).where(frame.notna(), None).to_dict("records")}
""",
    )
    assert out["tables"] == [["xiamen", "health", "Contacts"]]
    assert (tuple(out["columns"]), out["version"]) == (FIELDS, 3)
    oracle = [{**row, "opened": str(row["opened"]), "seen": str(row["seen"])} for row in expected(vault)]
    assert out["rows"] == oracle
    assert "机密" not in json.dumps(out, ensure_ascii=False)
    delivered = [record for record in plane.shipped() if record["outcome"] == "delivered"]
    assert [(record["rows"], record["request_id"].split(":")[:2]) for record in delivered] == [(100, ["file", "3"])]


def test_loading_twice_is_metered_once(make_plane, vault, tmp_path):
    limited = granted(vault, quotas=(Quota("rows", 100, "total", "all"),))
    plane = make_plane(limited)
    code = "out = [len(delta_sharing.load_as_pandas(profile + '#xiamen.health.contacts')) for _ in range(2)]"
    assert load(plane, tmp_path, code) == [100, 100]
    plane.kill()
    plane.start()
    assert load(plane, tmp_path, code) == [100, 100]
    assert sum(record["outcome"] == "delivered" for record in plane.shipped()) == 1


def test_an_empty_view_and_a_limit(make_plane, vault, tmp_path):
    plane = make_plane(granted(vault, rows=(RowFilter("city", "eq", "北京市"),)))
    out = load(
        plane,
        tmp_path,
        """
frame = delta_sharing.load_as_pandas(profile + "#xiamen.health.contacts", limit=3)
out = [len(frame), list(frame.columns)]""",
    )
    assert out == [0, list(FIELDS)]


def test_statistics_and_counts_are_those_of_the_view(make_plane, vault):
    plane = make_plane(granted(vault))
    reply = plane.get(TABLE + "/query", "t1", "POST", b'{"limitHint": 5, "predicateHints": ["id > 3"]}')
    assert reply.headers["delta-table-version"] == "3"
    protocol, metadata, file = map(json.loads, reply.body.splitlines())
    assert protocol == {"protocol": {"minReaderVersion": 1}}
    schema = json.loads(metadata["metaData"]["schemaString"])
    assert tuple(field["name"] for field in schema["fields"]) == FIELDS
    assert next(f for f in schema["fields"] if f["name"] == "tel")["metadata"] == {"comment": "联系电话"}
    stats = json.loads(file["file"]["stats"])
    rows = expected(vault)
    assert stats["numRecords"] == len(rows)
    assert (stats["minValues"]["id"], stats["maxValues"]["id"]) == (rows[0]["id"], rows[-1]["id"])
    assert set(stats["minValues"]) <= set(FIELDS) and "*" in stats["minValues"]["tel"]
    assert stats["nullCount"]["name"] == sum(row["name"] is None for row in rows)
    assert metadata["metaData"]["size"] == file["file"]["size"]
    assert b"secret" not in reply.body


def test_lists_page_by_page_and_only_what_may_be_read(make_plane, vault):
    source = table_source(vault)
    names = [f"t{i}" for i in range(5)]
    made = [
        grant(
            f"g{i}",
            name,
            type(source)(**{**source.__dict__, "table": name}),
            terms(("id",)),
            ("t1",),
            state="suspended" if i == 4 else "active",
        )
        for i, name in enumerate(names)
    ]
    plane = make_plane(*made)
    first = plane.get("/delta-sharing/shares/xiamen/all-tables?maxResults=3", "t1").json
    assert [item["name"] for item in first["items"]] == names[:3]
    second = plane.get(f"/delta-sharing/shares/xiamen/all-tables?pageToken={first['nextPageToken']}", "t1").json
    assert [item["name"] for item in second["items"]] == ["t3"] and "nextPageToken" not in second
    assert plane.get("/delta-sharing/shares", "t1").json == {"items": [{"name": "xiamen"}]}
    assert plane.get("/delta-sharing/shares/XIAMEN", "t1").json == {"share": {"name": "xiamen"}}
    assert plane.get("/delta-sharing/shares/xiamen/schemas", "t1").json["items"] == [
        {"name": "health", "share": "xiamen"}
    ]
    tables = plane.get("/delta-sharing/shares/xiamen/schemas/Health/tables", "t1").json["items"]
    assert len(tables) == 4 and tables[0] == {"name": "t0", "schema": "health", "share": "xiamen"}
    suspended = plane.get("/delta-sharing/shares/xiamen/schemas/health/tables/t4/metadata", "t1")
    assert (suspended.status, suspended.json["errorCode"]) == (403, "SUSPENDED")


def test_the_version_is_told_by_get_and_head(make_plane, vault):
    plane = make_plane(granted(vault))
    for method, path in (("GET", TABLE + "/version"), ("HEAD", TABLE + "/version"), ("HEAD", TABLE)):
        reply = plane.get(path, "t1", method)
        assert (reply.status, reply.headers["delta-table-version"], reply.body) == (200, "3", b"")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/query", {"timestamp": "2026-01-01T00:00:00Z"}, 400, "UNSUPPORTED_OPERATION"),
        ("POST", "/query", {"startingVersion": 1}, 400, "UNSUPPORTED_OPERATION"),
        ("POST", "/query", {"version": 2}, 410, "RESOURCE_DOES_NOT_EXIST"),
        ("POST", "/query", {"limitHint": "x"}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/query", {"limitHint": -1}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/query", [], 400, "MALFORMED_REQUEST"),
        ("POST", "/query", "{", 400, "MALFORMED_REQUEST"),
        ("GET", "/changes?startingVersion=1", None, 400, "UNSUPPORTED_OPERATION"),
        ("GET", "/metadata?version=9", None, 410, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "/version?startingTimestamp=x", None, 400, "UNSUPPORTED_OPERATION"),
        ("GET", "/nothing", None, 400, "UNSUPPORTED_OPERATION"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(make_plane, vault, method, path, body, status, code):
    plane = make_plane(granted(vault))
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
    reply = plane.get(TABLE + path, "t1", method, raw)
    assert (reply.status, reply.json["errorCode"]) == (status, code)
    assert plane.get(TABLE + "/query", "t1", "POST", b'{"version": 3}').status == 200


def test_other_shares_do_not_exist_and_a_delta_only_client_is_told(make_plane, vault):
    plane = make_plane(granted(vault))
    assert plane.get("/delta-sharing/shares/other", "t1").json["errorCode"] == "RESOURCE_DOES_NOT_EXIST"
    assert plane.get(TABLE.replace("xiamen", "other") + "/metadata", "t1").status == 404
    assert plane.get(TABLE + "/metadata", "t2").status == 401
    only = plane.get(TABLE + "/metadata", "t1", Delta_Sharing_Capabilities="responseformat=delta;readerfeatures=x")
    assert (only.status, only.json["errorCode"]) == (400, "UNSUPPORTED_OPERATION")
    both = plane.get(TABLE + "/metadata", "t1", Delta_Sharing_Capabilities="responseformat=delta,parquet")
    assert both.headers["delta-sharing-capabilities"] == "responseformat=parquet"


# -- files ------------------------------------------------------------------------------------------------------


def address(plane) -> str:
    reply = plane.get(TABLE + "/query", "t1", "POST", b"{}")
    return split(json.loads(reply.body.splitlines()[2])["file"]["url"])


def test_ranges(make_plane, vault):
    plane = make_plane(granted(vault))
    url = address(plane)
    whole = plane.get(url)
    size = len(whole.body)
    assert whole.status == 200 and whole.body[:4] == b"PAR1"
    head = plane.get(url, method="HEAD")
    assert (head.status, int(head.headers["content-length"]), head.headers["accept-ranges"]) == (200, size, "bytes")
    spans = (("0-3", 0, 4), ("-8", size - 8, size), (f"{size - 5}-", size - 5, size), ("2-99999999", 2, size))
    for asked, start, end in spans:
        part = plane.get(url, Range=f"bytes={asked}")
        assert (part.status, part.body) == (206, whole.body[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    outside = plane.get(url, Range=f"bytes={size}-")
    assert (outside.status, outside.headers["content-range"]) == (416, f"bytes */{size}")
    assert plane.get(url, Range="bytes=0-1,4-5").status == 200
    assert plane.get(url, Range="bytes=0-1", If_Range='"other"').status == 200
    assert sum(record["outcome"] == "delivered" for record in plane.shipped()) == 1


@pytest.mark.parametrize("forge", ["signature", "expires", "credential", "name", "version", "missing"])
def test_a_forged_address_opens_nothing(make_plane, vault, forge):
    plane = make_plane(granted(vault))
    url = address(plane)
    forged = {
        "signature": url[:-1] + ("0" if url[-1] != "0" else "1"),
        "expires": url.replace("expires=1", "expires=2"),
        "credential": url.replace("c=cred-t1", "c=cred-t2"),
        "name": url.replace("-part-00000", "-part-00001"),
        "version": url.replace("/3/", "/4/"),
        "missing": url.split("&X-Amz")[0],
    }[forge]
    assert forged != url
    reply = plane.get(forged)
    assert reply.status in (401, 404) and b"PAR1" not in reply.body
    assert not [record for record in plane.shipped() if record["outcome"] == "delivered"]


def test_a_lapsed_address_and_a_changed_policy(make_plane, vault, control):
    plane = make_plane(granted(vault), file_url_seconds=-1)
    reply = plane.get(address(plane))
    assert (reply.status, reply.code) == (403, "expired")
    narrower = granted(vault, rows=(RowFilter("city", "eq", "厦门市"),))
    old = address(plane)
    plane.at(control.set(narrower))
    assert plane.get(old).status in (403, 410)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "ended"}, "revoked"),
        ({"state": "suspended"}, "suspended"),
        ({"credentials": ()}, "revoked"),
    ],
)
def test_an_address_is_worth_what_the_grant_is_worth_now(make_plane, vault, control, changes, code):
    plane = make_plane(granted(vault))
    url = address(plane)
    assert plane.get(url, Range="bytes=0-3").status == 206
    plane.at(control.set(replace(granted(vault), **changes)))
    for method, headers in (("GET", {}), ("GET", {"Range": "bytes=0-3"}), ("HEAD", {})):
        reply = plane.get(url, method=method, **headers)
        assert reply.status == 403 and b"PAR1" not in reply.body
        assert method == "HEAD" or reply.code == code


def test_a_byte_quota_refuses_before_the_first_byte(make_plane, vault):
    plane = make_plane(granted(vault, quotas=(Quota("bytes", 100, "total", "all"),)))
    reply = plane.get(address(plane))
    assert (reply.status, reply.code) == (403, "quota_exhausted")


def test_long_files_go_through_a_pipe_and_arrive_whole(make_plane, vault):
    big = grant("g1", "contacts", table_source(vault, count=200_000), terms(FIELDS), ("t1",))
    plane = make_plane(big, whole_answer=1000)
    url = address(plane)
    whole = plane.get(url)
    assert whole.status == 200 and int(whole.headers["content-length"]) == len(whole.body) > 1_000_000
    assert pq.read_table(io.BytesIO(whole.body)).num_rows == 200_000
    part = plane.get(url, Range="bytes=1000-2999")
    assert part.body == whole.body[1000:3000]
    plane.wait(lambda: not list((plane.folder / "data/pipes").iterdir()))


def test_a_view_survives_a_restart_and_a_damaged_one_is_made_again(make_plane, vault):
    plane = make_plane(granted(vault))
    body = plane.get(address(plane)).body
    plane.kill()
    (part,) = (plane.folder / "data/cache").glob("*/part-00000.parquet")
    part.write_bytes(b"short")
    plane.start()
    assert plane.get(address(plane)).body == body
