"""Given a push that broke off, when its destination or the plane is back, then it goes on, and all its tries are billed
as one push."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shugang.delivery.plane.tests.peer import grant, terms
from shugang.delivery.plane.tests.tables import contacts
from shugang.delivery.plane.tests.test_push import (  # noqa: F401
    BODY,
    CHARGED,
    PATH,
    _files,
    _pushing,
    granted,
    push,
    s3,
    shaky,
    source,
    to_store,
)
from shugang.policy.connections import Connection
from shugang.policy.marks import suspects, votes_sql
from shugang.policy.pushes import CHINA
from shugang.policy.sealing import of_mark, seal_to_plane
from shugang.policy.terms import Column, Mark, MarkedColumn, Quota

pytestmark = pytest.mark.system
SOON = {"push_retry_seconds": 0.3}
ALL = granted(quotas=(Quota("rows", 6000, "total", "all"), Quota("calls", 1, "total", "all")))


def _told(plane, state: str) -> list[dict]:
    return [r for r in plane.shipped() if r["state"] == state]


def _over(plane) -> None:
    plane.wait(lambda: _told(plane, "answered"), 60)


def _sent(there) -> dict[str, list[int]]:
    """File → the sizes in which it came."""
    found: dict[str, list[int]] = {}
    for path, size in there.puts:
        found.setdefault(path.rpartition("/")[2], []).append(size)
    return found


def test_a_push_that_broke_off_goes_on_by_itself_and_is_charged_once(shaky):  # noqa: F811
    # Given a store that takes one file of three and then nothing for a while, and a quota for one push alone
    there, plane = shaky(200, *[500] * 3, *[503] * 3, allowed=ALL, **SOON)
    assert plane.get(PATH, "k1", "POST", BODY, Request_Id="r-1").code == "target_unavailable"
    # When it is back
    _over(plane)
    # Then the first file was not sent again, and the rest is billed as what is left
    first, *further = [r for r in plane.shipped() if r["charged"]]
    assert [r["request_id"] for r in further] == ["r-1~2"] and further[0]["outcome"] == "continued"
    assert first["rows"] + further[0]["rows"] == 6000
    files = _sent(there)
    assert len(files["part-00000.parquet"]) == 1 and len(files["part-00001.parquet"]) > 3
    assert first["bytes"] + further[0]["bytes"] == sum(
        sizes[0] for name, sizes in files.items() if name.endswith(".parquet")
    )
    # A further try that got no further is void, and its number is taken by the next one
    assert {(r["request_id"], r["outcome"]) for r in _told(plane, "void")} == {("r-1~2", "target_unavailable")}
    # and who asks again under its number hears how it ended
    again = plane.get(PATH, "k1", "POST", BODY, Request_Id="r-1")
    assert (again.json["rows"], again.headers["idempotent-replayed"]) == (6000, "true")
    assert plane.get(PATH, "k1", "POST", BODY).code == "quota_exhausted"


def test_its_buyer_who_asks_again_is_the_further_try(shaky):  # noqa: F811
    _, plane = shaky(200, *[500] * 3)
    assert plane.get(PATH, "k1", "POST", BODY, Request_Id="r-1").code == "target_unavailable"
    assert plane.get(PATH, "k1", "POST", b'{"target":"CN-000001","format":"csv"}', Request_Id="r-1").code == (
        "request_changed"
    )
    reply = plane.get(PATH, "k1", "POST", BODY, Request_Id="r-1")
    assert (reply.status, reply.json["rows"], reply.json["request_id"]) == (200, 6000, "r-1")
    assert sum(r["rows"] for r in plane.shipped() if r["charged"]) == 6000


def test_a_push_goes_on_after_a_kill(shaky):  # noqa: F811
    there, plane = shaky(200, 30.0, allowed=ALL, **SOON)
    asking = _pushing(plane)
    plane.wait(lambda: len(there.puts) == 2)
    plane.kill()
    asking.join(20)
    plane.start()
    _over(plane)
    charged = [r for r in plane.shipped() if r["charged"]]
    assert [(r["request_id"], r["state"], r["outcome"], r["rows"]) for r in charged] == [
        ("r-1", "aborted", "delivered", 4096),
        ("r-1~2", "answered", "continued", 1904),
    ]
    # the file that was cut off was sent again, for nothing
    files = _sent(there)
    assert [len(files[f"part-0000{n}.parquet"]) for n in range(3)] == [1, 2, 1]
    assert sum(r["bytes"] for r in charged) == sum(files[f"part-0000{n}.parquet"][0] for n in range(3))
    assert charged[1]["answer_sha256"] != sha256(b"").hexdigest()


def test_a_killed_writer_leaves_nothing_in_a_folder_once_it_has_gone_on(push, tmp_path):  # noqa: F811
    box = tmp_path / "push" / "box"
    place = box / "contacts" / "v3"
    place.mkdir(parents=True)
    left = place / ".part-00000.parquet.0123456789ab"
    left.write_bytes(b"half")
    plane = push(
        connection=Connection("CN-000001", "buyer", "target", "folder:///box", ""), push_root=str(tmp_path / "push")
    )
    assert plane.get(PATH, "k1", "POST", BODY).status == 200
    assert not left.exists() and len(list(place.iterdir())) == 4


def _at(minutes: int) -> str:
    return f"{(datetime.now(UTC) + timedelta(minutes=minutes)).astimezone(CHINA):%H:%M}"


@pytest.mark.parametrize(("minutes", "goes"), [(-3, True), (60, False)])
def test_a_schedule_says_when(push, control, s3, minutes, goes):  # noqa: F811
    # Given a version that came a quarter of an hour ago, and a daily moment
    prefix = f"daily{minutes}"
    came = datetime.now(UTC) - timedelta(minutes=15)
    plane = push(connection=to_store(control, s3.port, prefix, schedule=f"daily {_at(minutes)}"), at=came, **SOON)
    if goes:
        # Then it is sent once the moment has passed, and not again
        plane.wait(lambda: f"{prefix}/contacts/v3/_manifest.json" in s3.names())
        _over(plane)
    else:
        assert plane.get(PATH, "k1", "POST", BODY, Request_Id="asked").status == 200
    assert [r["request_id"] for r in _told(plane, "answered")] == (["follow-CN-000001-v3"] if goes else ["asked"])


MARK = Mark(("id",), (MarkedColumn("beds"), MarkedColumn("rate", 3)), canaries=7)
SECRET = bytes(range(32))


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_pushed_file_carries_its_recipients_mark(make_plane, control, vault, s3, form):  # noqa: F811
    """`shugang trace-leak` names the recipient of a pushed file by the same computation."""
    import duckdb

    public = b64encode(control.plane_key.public_key().public_bytes_raw()).decode()
    prefix = f"marked-{form}"
    control.connections = (to_store(control, s3.port, prefix),)
    allowed = terms(("id", "city", "beds", "rate"), ("download",), mark=MARK)
    made = grant("g1", "contacts", source(vault, 4000), allowed, ("k1",), outcomes=CHARGED)
    plane = make_plane(
        replace(made, sealed_mark=seal_to_plane(public, SECRET, of_mark("g1"))), networks="127.0.0.0/8", part_rows=2048
    )
    body = json.dumps({"target": "CN-000001", "format": form}).encode()
    reply = plane.get(PATH, "k1", "POST", body)
    files = [data for name, data in sorted(_files(s3, prefix).items()) if name.endswith(form)]
    con = duckdb.connect()
    if form == "parquet":
        copy = pa.concat_tables([pq.read_table(io.BytesIO(data)) for data in files])
    else:
        from pyarrow import csv

        copy = pa.concat_tables([csv.read_csv(io.BytesIO(data)) for data in files])
    base = {row["id"] for row in contacts(4000).to_pylist()}
    assert (copy.num_rows, sum(id not in base for id in copy["id"].to_pylist())) == (4007, 7)
    assert reply.json["rows"] == 4000
    con.register("leak", copy)
    columns = [Column("id", "BIGINT"), Column("beds", "INTEGER"), Column("rate", "DOUBLE")]
    sql, params = votes_sql("leak", columns, MARK, SECRET)
    ranked = suspects(con.execute(sql, params).fetchall(), SECRET, ["g1", "g2", "g3"])
    assert ranked[0].recipient == "g1" and ranked[0].z > 10 > 5 > ranked[1].z


def test_without_the_secret_of_the_mark_nothing_is_pushed(make_plane, control, vault, s3):  # noqa: F811
    control.connections = (to_store(control, s3.port, "unmarked"),)
    allowed = terms(("id", "city", "beds", "rate"), ("download",), mark=MARK)
    plane = make_plane(
        grant("g1", "contacts", source(vault, 4000), allowed, ("k1",), outcomes=CHARGED), networks="127.0.0.0/8"
    )
    assert plane.get(PATH, "k1", "POST", BODY).code == "source_unavailable"
    assert not _files(s3, "unmarked/") and {r["bytes"] for r in plane.shipped()} == {0}
