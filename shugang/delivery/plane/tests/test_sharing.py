"""Delta Sharing: the protocol over the wire, and the official client against an oracle."""

from __future__ import annotations

import io
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize("use_delta", [None, True, False])
def test_the_official_client_reads_exactly_the_granted_view(make_plane, vault, tmp_path, use_delta):
    plane = make_plane(granted(vault))
    out = load(
        plane,
        tmp_path,
        f"use_delta = {use_delta}"
        """
client = delta_sharing.SharingClient(profile)
frame = delta_sharing.load_as_pandas(profile + "#Xiamen.HEALTH.contacts", use_delta_format=use_delta)
out = {"tables": [[t.share, t.schema, t.name] for t in client.list_all_tables()],
       "columns": list(frame.columns), "dtypes": [str(t) for t in frame.dtypes],
       "version": delta_sharing.get_table_version(profile + "#xiamen.health.Contacts"),
       "rows": frame.astype(object).where(frame.notna(), None).to_dict("records")}
""",
    )
    assert out["tables"] == [["xiamen", "health", "Contacts"]]
    assert (tuple(out["columns"]), out["version"]) == (FIELDS, 3)
    zone = "" if use_delta is False else "+00:00"  # Delta's own type of time is one of UTC
    oracle = [{**row, "opened": str(row["opened"]), "seen": str(row["seen"]) + zone} for row in expected(vault)]
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


def test_what_is_not_offered_is_refused_by_name(make_plane, vault):
    plane = make_plane(granted(vault))
    for method, path, body, status, code in [
        ("POST", "/query", {"timestamp": "yesterday"}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/query", {"timestamp": "2026-01-01T00:00:00"}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/query", {"timestamp": "1969-12-31T00:00:00Z"}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/query", {"version": 3, "timestamp": "2026-01-01T00:00:00Z"}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/query", {"version": 3, "startingVersion": 3}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/query", {"startingVersion": 1}, 410, "RESOURCE_DOES_NOT_EXIST"),
        ("POST", "/query", {"version": 2}, 410, "RESOURCE_DOES_NOT_EXIST"),
        ("POST", "/query", {"limitHint": "x"}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/query", {"limitHint": -1}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/query", [], 400, "MALFORMED_REQUEST"),
        ("POST", "/query", "{", 400, "MALFORMED_REQUEST"),
        ("POST", "/query", "[" * 20_000, 400, "MALFORMED_REQUEST"),
        ("GET", "/changes", None, 400, "INVALID_PARAMETER_VALUE"),
        ("GET", "/changes?startingVersion=1", None, 410, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "/changes?startingVersion=x", None, 400, "INVALID_PARAMETER_VALUE"),
        ("GET", "/changes?startingVersion=4", None, 400, "INVALID_PARAMETER_VALUE"),
        ("GET", "/changes?startingVersion=3&endingVersion=2", None, 400, "INVALID_PARAMETER_VALUE"),
        ("GET", "/changes?startingVersion=3&startingTimestamp=x", None, 400, "INVALID_PARAMETER_VALUE"),
        ("GET", "/metadata?version=9", None, 410, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "/version?startingTimestamp=x", None, 400, "INVALID_PARAMETER_VALUE"),
        ("GET", "/nothing", None, 400, "UNSUPPORTED_OPERATION"),
    ]:
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        reply = plane.get(TABLE + path, "t1", method, raw)
        assert (reply.status, reply.json["errorCode"]) == (status, code), (path, body)
    assert plane.get(TABLE + "/query", "t1", "POST", b'{"version": 3}').status == 200


def test_other_shares_do_not_exist(make_plane, vault):
    plane = make_plane(granted(vault))
    assert plane.get("/delta-sharing/shares/other", "t1").json["errorCode"] == "RESOURCE_DOES_NOT_EXIST"
    assert plane.get(TABLE.replace("xiamen", "other") + "/metadata", "t1").status == 404
    assert plane.get(TABLE + "/metadata", "t2").status == 401


def test_formats_and_ids_are_negotiated_and_echoed(make_plane, vault):
    plane = make_plane(granted(vault))

    def ask(capabilities: str, **headers: str):
        sent = {"Delta_Sharing_Capabilities": capabilities} if capabilities else {}
        return plane.get(TABLE + "/query", "t1", "POST", b"{}", **sent, **headers)

    plain = ask("")
    assert plain.headers["delta-sharing-capabilities"] == "responseformat=parquet"
    lines = [json.loads(line) for line in plain.body.splitlines()]
    assert set(lines[2]["file"]) >= {"url", "id", "partitionValues", "size", "stats"}
    for wanted in ("responseformat=delta;readerfeatures=x", "responseformat=parquet,DELTA", " responseFormat = delta "):
        reply = ask(wanted)
        assert reply.headers["delta-sharing-capabilities"] == "responseformat=delta"
        protocol, metadata, file = map(json.loads, reply.body.splitlines())
        assert protocol["protocol"]["deltaProtocol"] == {"minReaderVersion": 1, "minWriterVersion": 4}
        assert metadata["metaData"]["deltaMetadata"]["partitionColumns"] == []
        add = file["file"]["deltaSingleAction"]["add"]
        assert "X-Amz-Signature=" in add["path"] and json.loads(add["stats"])["numRecords"] == 100
    other = ask("responseformat=iceberg")
    assert (other.status, other.json["errorCode"]) == (400, "UNSUPPORTED_OPERATION")
    ended = ask("includeEndStreamAction=true")
    assert "endStreamAction" in json.loads(ended.body.splitlines()[-1])
    assert ended.headers["delta-sharing-capabilities"] == "responseformat=parquet;includeendstreamaction=true"
    ids = {}
    for name in ("parquet", "delta"):
        reply = ask("", fileidhash=name)
        assert reply.headers["fileidhash"] == name
        ids[name] = json.loads(reply.body.splitlines()[2])["file"]["id"]
    assert [len(ids["parquet"]), len(ids["delta"])] == [32, 64]
    assert lines[2]["file"]["id"] == ids["parquet"]
    assert ask("", fileidhash="sha1").status == 400


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


def released(plane) -> list[tuple[str, int, int]]:
    """(outcome, rows, bytes) of each record that counts."""
    kinds = ("delivered", "continued")
    return [(r["outcome"], r["rows"], r["bytes"]) for r in plane.shipped() if r["outcome"] in kinds]


def test_ranges_are_billed_as_their_union(make_plane, vault):
    plane = make_plane(granted(vault))
    url = address(plane)
    size = int(plane.get(url, method="HEAD").headers["content-length"])
    assert released(plane) == []
    asked = ("10-19", "10-19", "12-15", "15-29", "0-4", "0-39")
    for span in asked:
        assert plane.get(url, Range=f"bytes={span}").status == 206
    steps = [
        ("delivered", 100, 10),
        ("continued", 0, 10),
        ("continued", 0, 5),
        ("continued", 0, 5),
        ("continued", 0, 10),
    ]
    assert released(plane) == steps
    plane.kill()
    plane.start()
    assert plane.get(url, Range="bytes=5-9").status == 206
    assert released(plane) == steps
    assert len(plane.get(url).body) == size
    assert released(plane) == [*steps, ("continued", 0, size - 40)]
    assert len({r["request_id"] for r in plane.shipped() if r["outcome"] == "continued"}) == 5


def test_many_readers_of_one_file_are_billed_its_bytes_once(make_plane, vault):
    plane = make_plane(granted(vault))
    url = address(plane)
    size = int(plane.get(url, method="HEAD").headers["content-length"])
    spans = [(start, min(size, start + 700)) for start in range(0, size, 333)] * 3
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda span: len(plane.get(url, Range=f"bytes={span[0]}-{span[1] - 1}").body), spans))
    assert got == [end - start for start, end in spans]
    found = released(plane)
    assert sum(size for _, _, size in found) == size
    assert [rows for outcome, rows, _ in found if outcome == "delivered"] == [100]


def test_a_forged_address_opens_nothing(make_plane, vault):
    plane = make_plane(granted(vault))
    url = address(plane)
    for forge in ["signature", "expires", "credential", "name", "version", "missing"]:
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
        assert reply.status in (401, 404) and b"PAR1" not in reply.body, forge
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
    url = address(plane)
    reply = plane.get(url)
    assert (reply.status, reply.code) == (403, "quota_exhausted")
    assert plane.get(url, Range="bytes=0-99").status == 206
    assert plane.get(url, Range="bytes=0-99").status == 206
    assert plane.get(url, Range="bytes=50-100").status == 403
    assert [size for _, _, size in released(plane)] == [100]


def test_a_row_quota_counts_a_file_by_its_first_byte(make_plane, vault):
    plane = make_plane(granted(vault, quotas=(Quota("rows", 100, "total", "all"),)))
    url = address(plane)
    assert plane.get(url, Range="bytes=0-3").status == 206
    assert plane.get(url).status == 200
    plane.kill()
    plane.start()
    assert plane.get(url).status == 200
    less = make_plane(granted(vault, quotas=(Quota("rows", 99, "total", "all"),)))
    assert less.get(address(less), Range="bytes=0-3").code == "quota_exhausted"


def test_long_files_go_through_a_pipe_and_arrive_whole(make_plane, vault):
    big = grant("g1", "contacts", table_source(vault, count=200_000), terms(FIELDS), ("t1",))
    plane = make_plane(big, whole_answer=1000)
    url = address(plane)
    whole = plane.get(url)
    assert whole.status == 200 and int(whole.headers["content-length"]) == len(whole.body) > 1_000_000
    assert pq.read_table(io.BytesIO(whole.body)).num_rows == 200_000
    part = plane.get(url, Range="bytes=1000-2999")
    assert part.body == whole.body[1000:3000]
    plane.wait(lambda: not list((plane.folder / "data").glob("pipes-*/*")))


def test_a_view_survives_a_restart_and_a_damaged_one_is_made_again(make_plane, vault):
    plane = make_plane(granted(vault))
    body = plane.get(address(plane)).body
    plane.kill()
    (part,) = (plane.folder / "data/cache").glob("*/part-00000.parquet")
    part.write_bytes(b"short")
    plane.start()
    assert plane.get(address(plane)).body == body
