"""Full disk, a clock that jumps, readers that do not read, a line to the platform that is cut: nothing is lost, the
caller is told what is wrong, and the process stays."""

from __future__ import annotations

import http.client
import json
import resource
import secrets
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shugang.delivery.plane.records import verify_chain
from shugang.delivery.plane.tests.peer import PlaneProcess, grant, split, terms
from shugang.delivery.plane.tests.tables import api_source, store, table_source
from shugang.delivery.plane.tests.test_crash import Buyer
from shugang.policy.sources import TableSource
from shugang.policy.terms import Quota

pytestmark = pytest.mark.system
PATH = "/api/v1/lookup/segments?prefix7=1300001"
FIELDS = ("prefix7", "city")


def granted(vault: Path, **changes: Any) -> Any:
    return grant("g1", "segments", api_source(vault), terms(FIELDS, **changes), ("k1",))


def table_of(vault: Path, texts: list[str]) -> TableSource:
    path, digest = store(vault, "noise.parquet", pa.table({"text": texts}))
    columns = [{"name": "text", "type": "string"}]
    return TableSource("xiamen", "health", "noise", "ds-noise", 1, path, digest, columns)


def whole(plane: PlaneProcess, answers: dict[str, Any]) -> list[dict[str, Any]]:
    """All records have come home in one chain, and every answer among them once."""
    records = plane.shipped()
    verify_chain(records)
    found = [record["request_id"] for record in records if record["state"] == "answered"]
    assert len(found) == len(set(found)) and answers.keys() <= set(found)
    return records


def test_a_full_disk_stops_the_service_and_not_the_process(make_one, vault):
    # Given a disk that takes a megabyte of journal and no more
    plane = make_one(granted(vault))
    assert plane.process is not None
    pid = plane.process.pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    over = threading.Event()
    buyers = [Buyer(plane, f"b{i}", over) for i in range(6)]
    for buyer in buyers:
        buyer.start()
    # When it is full
    plane.wait(lambda: plane.get(PATH, "k1").status == 503, 120)
    over.set()
    for buyer in buyers:
        buyer.join(40)
    # Then everybody is told so, whatever he asks
    for _ in range(3):
        assert plane.get(PATH, "k1").code == "journal_unavailable"
    # And when there is room again, the same process goes on from what is durable
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    plane.wait(lambda: plane.get(PATH, "k1").status == 200, 60)
    assert plane.process.poll() is None
    whole(plane, {rid: body for buyer in buyers for rid, body in buyer.answers.items()})


JUMPY = """
import os, time
_real = time.time
_file = os.environ["SHUGANG_TEST_CLOCK"]
def _jumped():
    with open(_file) as file:
        return _real() + float(file.read() or 0)
time.time = _jumped
"""


def test_a_clock_that_jumps_stops_what_it_must_and_loses_nothing(make_plane, vault, tmp_path, monkeypatch):
    # Given a plane whose clock can be set
    (tmp_path / "jumpy").mkdir()
    (tmp_path / "jumpy/sitecustomize.py").write_text(JUMPY)
    clock = tmp_path / "clock"
    clock.write_text("0")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "jumpy"))
    monkeypatch.setenv("SHUGANG_TEST_CLOCK", str(clock))
    plane = make_plane(granted(vault, quotas=(Quota("calls", 10_000, "total", "charged"),)))
    first = plane.get(PATH, "k1", Request_Id="r-1", X_Nonce="n-1")
    assert first.status == 200
    for jump in ("7200", "-7200", "90000"):
        # When it jumps, forward or back
        clock.write_text(jump)
        # Then the plane cannot tell any more whether its grants stand, and says so
        plane.wait(lambda: plane.get(PATH, "k1").code == "bundle_stale")
        clock.write_text("0")
        # And once it is right again, all goes on, and what was spent or answered stays so
        plane.wait(lambda: plane.get(PATH, "k1").status == 200)
        assert plane.get(PATH, "k1", X_Nonce="n-1").code in ("nonce_repeated", "bundle_stale")
        again = plane.get(PATH, "k1", Request_Id="r-1")
        assert again.body == first.body or again.code == "bundle_stale"
    told = [r for r in whole(plane, {"r-1": first}) if r["request_id"] == "r-1" and r["state"] != "refused"]
    assert [record["charged"] for record in told] == [True]


def test_readers_that_do_not_read_hold_up_nobody(make_plane, vault):
    # Given forty clients that ask for a long file and read nothing of it
    shared = grant("g2", "contacts", table_source(vault, 400_000), terms(("id", "city", "tel")), ("k2",))
    plane = make_plane(granted(vault), shared, whole_answer=100_000)
    told = plane.get("/delta-sharing/shares/xiamen/schemas/health/tables/contacts/query", "k2", "POST", b"{}")
    path = split(json.loads(told.body.splitlines()[2])["file"]["url"])
    idle = []
    for _ in range(40):
        con = http.client.HTTPConnection("127.0.0.1", plane.port, timeout=30)
        con.request("GET", path)
        idle.append(con)
    # When others ask meanwhile, then they are answered
    assert [plane.get(PATH, "k1").status for _ in range(50)] == [200] * 50
    for con in idle:
        con.close()
    # And what the idle ones held is free again
    plane.wait(lambda: not list((plane.folder / "data").glob("pipes-*/*")), 60)
    delivered = [r for r in plane.shipped() if r["outcome"] == "delivered"]
    assert len(delivered) == 1


def test_a_plane_stops_beside_long_answers_and_cuts_them_off(make_plane, vault):
    # Given clients at the beginning of a file that no buffer of the kernel takes whole, and a call beside them
    noise = table_of(vault, [secrets.token_bytes(2_000).hex() for _ in range(10_000)])
    shared = grant("g2", "noise", noise, terms(("text",)), ("k2",))
    plane = make_plane(granted(vault), shared, whole_answer=100_000)
    told = plane.get("/delta-sharing/shares/xiamen/schemas/health/tables/noise/query", "k2", "POST", b"{}")
    path = split(json.loads(told.body.splitlines()[2])["file"]["url"])
    replies = []
    for _ in range(4):
        line = http.client.HTTPConnection("127.0.0.1", plane.port, timeout=30)
        line.request("GET", path)
        replies.append(line.getresponse())
    assert plane.get(PATH, "k1").status == 200
    # When it is told to stop, then it does, with what it holds put away
    assert plane.stop() == 0
    assert not list((plane.folder / "data").glob("pipes-*/*"))
    # And each client sees that its file is not whole
    for reply in replies:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            reply.read()


def test_a_plane_that_is_cut_off_stops_with_its_lease_and_loses_no_record(make_plane, vault, control):
    # Given a plane at the edge, at work
    control.lease = 3.0
    plane = make_plane(granted(vault), role="edge")
    over = threading.Event()
    buyers = [Buyer(plane, f"b{i}", over) for i in range(4)]
    for buyer in buyers:
        buyer.start()
    plane.wait(lambda: all(buyer.answers for buyer in buyers))
    # When the platform is out of reach
    control.away = True
    # Then it serves on by its lease, and stops when that ends
    plane.wait(lambda: plane.get(PATH, "k1").code == "bundle_stale")
    over.set()
    for buyer in buyers:
        buyer.join(40)
    assert plane.health()["unshipped"] > 0
    # And when the line is back, every record comes home, refusals included
    control.away = False
    plane.wait(lambda: plane.get(PATH, "k1").status == 200)
    records = whole(plane, {rid: body for buyer in buyers for rid, body in buyer.answers.items()})
    assert any(record["outcome"] == "bundle_stale" for record in records)
