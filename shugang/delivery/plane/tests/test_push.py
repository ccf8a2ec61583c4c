"""Given a buyer's registered destination, when the plane pushes, then what left is written, recorded and billed once."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aiohttp import web

from shugang.delivery.plane.tests.peer import free_port, grant, terms
from shugang.delivery.plane.tests.store import ACCESS, BUCKET, SECRET, Store
from shugang.delivery.plane.tests.tables import CONTACT_COLUMNS, contacts, store
from shugang.delivery.plane.tests.test_connections import sealed
from shugang.policy.connections import Account, Connection
from shugang.policy.sources import PushSource
from shugang.policy.terms import Mask, Quota, RowFilter

pytestmark = pytest.mark.system
PATH = "/push/v1/contacts"
FIELDS = ("id", "city", "name", "tel")
BODY = b'{"target": "CN-000001"}'
CHARGED = {"delivered": True}


@pytest.fixture(scope="module")
def s3(tmp_path_factory) -> Iterator[Store]:
    made = Store(tmp_path_factory.mktemp("s3"))
    yield made
    made.close()


def source(vault: Path, count: int = 6000, version: int = 3) -> PushSource:
    path, digest = store(vault, f"contacts-{version}.parquet", contacts(count))
    return PushSource("this", "ds-contacts", version, path, digest, CONTACT_COLUMNS)


def granted(**changes):
    return terms(FIELDS, ("download",), **changes)


def to_store(control, port: int, prefix: str = "in", **more) -> Connection:
    url = f"s3+http://127.0.0.1:{port}/{BUCKET}/{prefix}"
    more = {"party": "buyer", "purpose": "target", **more}
    return sealed(control, more.pop("number", "CN-000001"), Account(ACCESS, SECRET), url, **more)


@pytest.fixture
def push(make_plane, control, vault, s3):
    def make(allowed=None, count: int = 6000, connection=None, at=None, **settings):
        control.connections = (connection or to_store(control, s3.port),)
        given, view = allowed or granted(), replace(source(vault, count), at=at)
        made = grant("g1", "contacts", view, given, ("k1",), outcomes=CHARGED)
        return make_plane(made, networks="127.0.0.0/8", part_rows=2048, **settings)

    return make


def _files(s3: Store, prefix: str) -> dict[str, bytes]:
    return {key: s3.get(key) for key in s3.names() if key.startswith(prefix)}


def test_the_granted_view_is_written_whole_with_a_manifest_and_billed_once(push, s3):
    masked = granted(
        rows=(RowFilter("city", "eq", "厦门市"),), masks=(Mask("tel", "keep_ends", {"prefix": 4, "suffix": 2}),)
    )
    plane = push(masked)
    reply = plane.get(PATH, "k1", "POST", BODY, Request_Id="r-1")
    assert reply.status == 200, reply.body
    files = _files(s3, "in/contacts/v3/")
    manifest = json.loads(files.pop("in/contacts/v3/_manifest.json"))
    assert [f["sha256"] for f in manifest["files"]] == [sha256(files[k]).hexdigest() for k in sorted(files)]
    table = pa.concat_tables([pq.read_table(io.BytesIO(files[k])) for k in sorted(files)])
    assert tuple(table.column_names) == FIELDS and table.num_rows == 1500 == manifest["rows"] == reply.json["rows"]
    assert set(table["city"].to_pylist()) == {"厦门市"} and all("*" in tel for tel in table["tel"].to_pylist())
    again = plane.get(PATH, "k1", "POST", BODY, Request_Id="r-1")
    assert again.json == reply.json and again.headers["idempotent-replayed"] == "true"
    assert (
        plane.get(PATH, "k1", "POST", b'{"target":"CN-000001","format":"csv"}', Request_Id="r-1").code
        == "request_changed"
    )
    (record,) = [r for r in plane.shipped() if r["state"] == "answered"]
    size = sum(map(len, files.values()))
    assert (record["mode"], record["outcome"], record["charged"], record["rows"], record["bytes"]) == (
        "push", "delivered", True, 1500, size,
    )  # fmt: skip
    assert record["answer_sha256"] == sha256(b"".join(files[k] for k in sorted(files))).hexdigest()
    assert reply.json["bytes"] == size and SECRET not in json.dumps(record)


def test_csv_is_written_with_cells_that_no_spreadsheet_runs(push, s3):
    plane = push(connection=None)
    reply = plane.get(PATH, "k1", "POST", b'{"target": "CN-000001", "format": "csv"}')
    assert reply.status == 200
    files = {k: v for k, v in _files(s3, "in/contacts/v3/").items() if k.endswith(".csv")}
    lines = [line for k in sorted(files) for line in files[k].decode().splitlines()]
    assert len(lines) == 6003 and lines[0] == ",".join(FIELDS)
    assert reply.json["bytes"] == sum(map(len, files.values()))
    assert not list((plane.folder / "data").glob("pushing-*/*"))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"target": "CN-000009"}', b'{"target": "CN-000001", "format": "xls"}',
     b'{"target": "CN-000001", "path": "../x"}', b'{"target": 1}'],
)  # fmt: skip
def test_a_request_that_names_no_destination_of_ones_own_writes_nothing(push, control, s3, body):
    other = to_store(control, s3.port, "foreign", party="another")
    plane = push(connection=other if body.startswith(b'{"target": "CN-000001"') else None)
    reply = plane.get(PATH, "k1", "POST", body)
    assert (reply.status, reply.code) == (400, "bad_request")
    assert _files(s3, "foreign/") == {}
    assert {r["charged"] for r in plane.shipped()} == {False}


def test_a_destination_of_another_party_is_nobodys(push, control, s3):
    plane = push(connection=to_store(control, s3.port, "foreign", party="another"))
    assert plane.get(PATH, "k1", "POST", BODY).code == "bad_request"
    assert _files(s3, "foreign/") == {}


def test_a_quota_that_does_not_suffice_refuses_before_anything_is_written(push, control, s3):
    plane = push(
        granted(quotas=(Quota("rows", 5999, "total", "charged"),)), connection=to_store(control, s3.port, "full")
    )
    assert plane.get(PATH, "k1", "POST", BODY).code == "quota_exhausted"
    assert _files(s3, "full/") == {}


def test_an_empty_view_is_delivered_as_such(push, control, s3):
    plane = push(granted(rows=(RowFilter("city", "eq", "nowhere"),)), connection=to_store(control, s3.port, "none"))
    reply = plane.get(PATH, "k1", "POST", BODY)
    assert (reply.status, reply.json["rows"]) == (200, 0)
    assert json.loads(_files(s3, "none/")["none/contacts/v3/_manifest.json"])["rows"] == 0


def test_without_the_right_to_download_nothing_is_pushed(push):
    assert push(terms(FIELDS, ("read",))).get(PATH, "k1", "POST", BODY).code == "action_denied"


class Shaky:
    """A store that fails as it is told: `parts` holds what each PUT of a part does (status, or seconds to wait)."""

    def __init__(self, *parts: float) -> None:
        self.port, self.parts, self.aborted = free_port(), list(parts), 0
        self.puts: list[tuple[str, int]] = []
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        assert ready.wait(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", self.port).start())
        ready.set()
        self._loop.run_forever()

    async def _answer(self, request: web.Request) -> web.Response:
        query = parse_qs(request.query_string, keep_blank_values=True)
        body = await request.read()
        if "uploads" in query:
            return web.Response(body=b"<R><UploadId>u1</UploadId></R>")
        if request.method == "DELETE":
            self.aborted += 1
            return web.Response(status=204)
        if request.method == "POST":
            return web.Response(body=b'<R><ETag>"e"</ETag></R>')
        what = self.parts.pop(0) if self.parts else 200
        self.puts.append((request.path, len(body)))
        if what < 100:
            await asyncio.sleep(what)
            what = 200
        return web.Response(status=int(what), headers={"ETag": '"e"'})

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


@pytest.fixture
def shaky(push, control):
    made: list[Shaky] = []

    def make(*parts: float, **settings):
        made.append(Shaky(*parts))
        return made[0], push(connection=to_store(control, made[0].port), **settings)

    yield make
    for each in made:
        each.close()


def test_a_part_that_is_sent_again_is_billed_once(shaky):
    there, plane = shaky(200, 500, 503, 200)
    reply = plane.get(PATH, "k1", "POST", BODY)
    assert reply.status == 200 and len(there.puts) == 3 + 2 + 1  # three files, two sent again, the manifest
    (record,) = plane.shipped()
    assert (record["state"], record["rows"], record["bytes"]) == ("answered", 6000, reply.json["bytes"])
    sizes = dict(there.puts)
    sizes.pop(next(p for p in sizes if p.endswith("_manifest.json")))
    assert record["bytes"] == sum(sizes.values())


def test_a_destination_that_gives_up_is_billed_for_what_left_and_its_upload_aborted(shaky):
    there, plane = shaky(200, 500, 500, 500, allowed=granted(quotas=(Quota("rows", 10096, "total", "all"),)))
    reply = plane.get(PATH, "k1", "POST", BODY, Request_Id="r-1")
    assert (reply.status, reply.code) == (502, "target_unavailable")
    (record,) = plane.shipped()
    assert (record["state"], record["charged"], record["rows"]) == ("aborted", True, 4096)
    assert record["bytes"] == there.puts[0][1] + there.puts[1][1] and there.aborted == 1
    # What did not leave is not counted: a whole push still fits the quota.
    assert plane.get(PATH, "k1", "POST", BODY).status == 200


def test_a_destination_that_is_away_costs_nothing(push, control):
    plane = push(granted(quotas=(Quota("calls", 1, "total", "all"),)), connection=to_store(control, free_port()))
    for _ in range(2):
        assert plane.get(PATH, "k1", "POST", BODY).code == "target_unavailable"
    assert {(r["state"], r["charged"], r["bytes"]) for r in plane.shipped()} == {("void", False, 0)}


def _pushing(plane) -> threading.Thread:
    def ask() -> None:
        try:
            plane.answer = plane.get(PATH, "k1", "POST", BODY, Request_Id="r-1")
        except OSError:
            plane.answer = None

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_revocation_stops_a_push_under_way(shaky, control, vault):
    there, plane = shaky(200, 2.0)
    asking = _pushing(plane)
    plane.wait(lambda: len(there.puts) == 2)
    ended = grant("g1", "contacts", source(vault), granted(), ("k1",), outcomes=CHARGED, state="ended")
    plane.at(control.set(ended))
    asking.join(20)
    assert plane.answer.code == "revoked" and len(there.puts) == 2
    (record,) = plane.shipped()
    assert (record["state"], record["rows"], record["bytes"]) == ("aborted", 4096, sum(s for _, s in there.puts))


def test_a_kill_in_mid_push_bills_what_was_released(shaky):
    there, plane = shaky(200, 30.0)
    asking = _pushing(plane)
    plane.wait(lambda: len(there.puts) == 2)
    plane.kill()
    asking.join(20)
    left = sum(size for _, size in there.puts)
    plane.start()
    record = plane.shipped()[0]  # what follows is how it goes on
    assert (record["state"], record["charged"], record["outcome"]) == ("aborted", True, "delivered")
    assert (record["rows"], record["bytes"]) == (4096, left)


def test_a_folder_gets_whole_files_and_nothing_outside_of_it(push, tmp_path):
    (tmp_path / "push" / "box").mkdir(parents=True)
    plane = push(
        connection=Connection("CN-000001", "buyer", "target", "folder:///box", ""), push_root=str(tmp_path / "push")
    )
    assert plane.get(PATH, "k1", "POST", BODY).status == 200
    found = sorted(p.name for p in (tmp_path / "push" / "box" / "contacts" / "v3").iterdir())
    assert found == ["_manifest.json", "part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert [p.name for p in (tmp_path / "push").iterdir()] == ["box"]


def test_a_destination_that_follows_gets_each_version_once_also_after_a_restart(push, control, vault, s3):
    plane = push(connection=to_store(control, s3.port, "follow", schedule="version"))
    plane.wait(lambda: "follow/contacts/v3/_manifest.json" in s3.names())
    control.connections = (to_store(control, s3.port, "follow", schedule="version"),)
    new = grant("g1", "contacts", source(vault, 500, 4), granted(), ("k1",), outcomes=CHARGED)
    plane.at(control.set(new))
    plane.wait(lambda: "follow/contacts/v4/_manifest.json" in s3.names())
    plane.wait(lambda: len(control.records) == 2)
    plane.stop()
    plane.start()
    plane.at(control.set(new))
    time.sleep(1.0)
    assert [(r["request_id"], r["rows"], r["charged"]) for r in plane.shipped()] == [
        ("follow-CN-000001-v3", 6000, True),
        ("follow-CN-000001-v4", 500, True),
    ]
