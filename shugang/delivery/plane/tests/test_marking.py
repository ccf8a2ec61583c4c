"""A marked table over the wire: the mark is in the file, canaries are not counted, no file leaves without its mark."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from shugang.delivery.plane.tests.peer import grant, split, terms
from shugang.delivery.plane.tests.tables import contacts, file_source, table_source
from shugang.policy.marks import MarkKey, suspects, votes_sql
from shugang.policy.sealing import of_mark, seal_to_plane
from shugang.policy.terms import Column, Mark, MarkedColumn

pytestmark = pytest.mark.system
TABLE = "/delta-sharing/shares/xiamen/schemas/health/tables/contacts"
MARK = Mark(("id",), (MarkedColumn("beds"), MarkedColumn("rate", 3)), canaries=7)
SECRET = bytes(range(32))
ROWS = 4000


def marked(control, vault, id: str, key: str, sealed: bool = True):
    from base64 import b64encode

    public = b64encode(control.plane_key.public_key().public_bytes_raw()).decode()
    made = grant(id, "contacts", table_source(vault, ROWS), terms(("id", "city", "beds", "rate"), mark=MARK), (key,))
    return replace(made, sealed_mark=seal_to_plane(public, SECRET, of_mark(id))) if sealed else made


def fetch(plane, key: str):
    lines = [json.loads(line) for line in plane.get(TABLE + "/query", key, "POST", b"{}").body.splitlines()]
    files = [line["file"] for line in lines if "file" in line]
    return pq.read_table(io.BytesIO(b"".join(plane.get(split(file["url"])).body for file in files))), files


def test_each_recipients_file_carries_his_mark_and_uncounted_canaries(make_plane, control, vault):
    import duckdb

    plane = make_plane(marked(control, vault, "g1", "k1"), marked(control, vault, "g2", "k2"))
    base = {row["id"]: row for row in contacts(ROWS).to_pylist()}
    copies = {id: fetch(plane, key)[0] for id, key in (("g1", "k1"), ("g2", "k2"))}
    for id, copy in copies.items():
        strangers = [row for row in copy.to_pylist() if row["id"] not in base]
        assert (copy.num_rows, len(strangers)) == (ROWS + 7, 7)
        own = [row for row in copy.to_pylist() if row["id"] in base]
        assert max(abs(row["beds"] - base[row["id"]]["beds"]) for row in own) == 1
        assert 0 < sum(row["beds"] != base[row["id"]]["beds"] for row in own) < ROWS / 20
        con = duckdb.connect()
        con.register("leak", copy)
        columns = [Column("id", "BIGINT"), Column("beds", "INTEGER"), Column("rate", "DOUBLE")]
        sql, params = votes_sql("leak", columns, MARK, SECRET)
        ranked = suspects(con.execute(sql, params).fetchall(), SECRET, ["g1", "g2"])
        assert ranked[0].recipient == id and ranked[0].z > 10 > 5 > ranked[1].z
    delivered = [record for record in plane.shipped() if record["outcome"] == "delivered"]
    assert [record["rows"] for record in delivered] == [ROWS, ROWS]
    assert copies["g1"] != copies["g2"] and MarkKey(SECRET, "g1") != MarkKey(SECRET, "g2")


def test_a_downloaded_file_carries_the_mark_as_well(make_plane, control, vault):
    made = marked(control, vault, "g1", "k1")
    source = file_source(vault, ROWS)
    download = grant("g1", "contacts", source, replace(made.terms, actions=("download",)), ("k1",))
    plane = make_plane(replace(download, sealed_mark=made.sealed_mark))
    reply = plane.get("/download/v1/contacts", "k1")
    copy = pq.read_table(io.BytesIO(reply.body))
    assert (reply.status, copy.num_rows) == (200, ROWS + 7)
    base = {row["id"]: row for row in contacts(ROWS).to_pylist()}
    own = [row for row in copy.to_pylist() if row["id"] in base]
    assert 0 < sum(row["beds"] != base[row["id"]]["beds"] for row in own) < ROWS / 20
    assert [r["rows"] for r in plane.shipped() if r["outcome"] == "delivered"] == [ROWS]


def test_a_download_without_the_secret_of_the_mark_is_not_made(make_plane, control, vault):
    made = marked(control, vault, "g1", "k1", sealed=False)
    plane = make_plane(
        grant("g1", "contacts", file_source(vault, ROWS), replace(made.terms, actions=("download",)), ("k1",))
    )
    refused = plane.get("/download/v1/contacts", "k1")
    assert (refused.status, refused.code) == (502, "source_unavailable")


def test_without_the_secret_of_the_mark_nothing_leaves(make_plane, control, vault):
    plane = make_plane(marked(control, vault, "g1", "k1", sealed=False))
    reply = plane.get(TABLE + "/query", "k1", "POST", b"{}")
    assert (reply.status, reply.code) == (502, "source_unavailable")
    assert all(record["bytes"] == 0 and not record["charged"] for record in plane.shipped())
