"""SIGKILL under load, again and again: nothing acknowledged is lost, nothing is billed twice."""

from __future__ import annotations

import http.client
import random
import sqlite3
import threading

import pytest

from shugang.delivery.plane.tests.databases import restored, shared
from shugang.delivery.plane.tests.peer import PlaneProcess, grant, terms
from shugang.delivery.plane.tests.tables import api_source

pytestmark = pytest.mark.system
ROUNDS = 6
CLIENTS = 8


class Buyer(threading.Thread):
    """Keeps every answer that arrived whole; names every other request itself, the plane names the rest."""

    def __init__(self, plane: PlaneProcess, name: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.plane, self.prefix, self.over = plane, name, stop
        self.answers: dict[str, tuple[str, bytes]] = {}
        self.sent = 0

    def run(self) -> None:
        while not self.over.is_set():
            self.sent += 1
            path = f"/api/v1/lookup/segments?prefix7={1300000 + random.randrange(1500)}"
            named = {"Request_Id": f"{self.prefix}-{self.sent}"} if self.sent % 2 else {}
            try:
                reply = self.plane.get(path, "k1", **named)
                if reply.status == 200:
                    self.answers[reply.json["request_id"]] = (path, reply.body)
            except (OSError, ValueError, http.client.HTTPException):
                continue  # a killed server's broken answer is none


def test_kill_and_restart_rounds(make_plane, vault):
    assert kill_and_restart(make_plane, vault, ROUNDS) > ROUNDS * 60


def kill_and_restart(make_plane, vault, rounds: int) -> int:
    """Kill the plane under load `rounds` times and hold its journal against what was answered; how many answers."""
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(("prefix7", "city")), ("k1",)))
    answers: dict[str, tuple[str, bytes]] = {}
    for round_ in range(rounds):
        over = threading.Event()
        buyers = [Buyer(plane, f"r{round_}-{i}", over) for i in range(CLIENTS)]
        for buyer in buyers:
            buyer.start()
        plane.wait(lambda buyers=buyers: sum(len(b.answers) for b in buyers) > 60)
        plane.kill()
        over.set()
        for buyer in buyers:
            buyer.join(40)
            answers |= buyer.answers
        plane.start()
    records = plane.shipped()
    by_id: dict[str, list] = {}
    for record in records:
        by_id.setdefault(record["request_id"], []).append(record)
    # Every acknowledged answer is in the journal exactly once …
    assert [rid for rid in answers if len(by_id.get(rid, [])) != 1] == []
    # … nothing is there twice, acknowledged or not …
    assert max(map(len, by_id.values())) == 1
    # … a retry gives the same bytes, and no second charge.
    charged = sum(record["charged"] for record in records)
    named = sorted(item for item in answers.items() if not item[0].startswith("sg-"))
    for rid, (path, body) in random.sample(named, 80):
        reply = plane.get(path, "k1", Request_Id=rid)
        assert (reply.body, reply.headers["idempotent-replayed"]) == (body, "true")
    assert sum(record["charged"] for record in plane.shipped()) == charged
    assert len(plane.shipped()) == len(records)
    plane.stop()
    counted(plane, records)
    return len(answers)


def counted(plane: PlaneProcess, records: list[dict]) -> None:
    """The quota sums that a start finds equal a count of the records."""
    used = shared(plane.journal_url) if plane.journal_url else restored(plane.folder)
    cells = [sum(column) for column in zip(*used.values(), strict=True)]
    charged = [record for record in records if record["charged"]]
    assert cells[:3] == [len(charged), sum(r["rows"] for r in charged), sum(r["bytes"] for r in charged)]
    assert cells[3] == len(records) - len(charged)


def test_two_processes_cannot_share_a_journal(make_plane, vault):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(("prefix7",)), ("k1",)))
    second = PlaneProcess(plane.control, plane.folder, vault)
    second.start(healthy=False)
    assert second.process is not None and second.process.wait(20) == 78
    assert plane.get("/api/v1/lookup/segments?prefix7=1300001", "k1").status == 200


def test_a_journal_of_another_version_is_not_touched(make_one, vault):
    plane = make_one(grant("g1", "segments", api_source(vault), terms(("prefix7",)), ("k1",)))
    plane.stop()
    path = plane.folder / "data/journal.sqlite3"
    with sqlite3.connect(path) as con:
        con.execute("PRAGMA user_version = 99")
    con.close()
    plane.start(healthy=False)
    assert plane.process is not None and plane.process.wait(20) == 78
    assert "another version" in (plane.folder / "log").read_text()


def test_a_journal_that_cannot_commit_ends_all_service(make_one, vault):
    plane = make_one(grant("g1", "segments", api_source(vault), terms(("prefix7",)), ("k1",)))
    path = "/api/v1/lookup/segments?prefix7=1300001"
    assert plane.get(path, "k1").status == 200
    with sqlite3.connect(plane.folder / "data/journal.sqlite3") as con:
        con.execute("CREATE TRIGGER broken BEFORE INSERT ON batch BEGIN SELECT RAISE(ABORT, 'disk'); END")
    con.close()
    for _ in range(3):
        reply = plane.get(path, "k1")
        assert (reply.status, reply.code) == (503, "journal_unavailable")
    with sqlite3.connect(plane.folder / "data/journal.sqlite3") as con:
        con.execute("DROP TRIGGER broken")
    con.close()
    # Nothing of its memory is used again: the process stays, and makes its plane anew from what is durable.
    plane.wait(lambda: plane.get(path, "k1").status == 200)
    assert plane.process is not None and plane.process.poll() is None
    assert len(plane.shipped()) == 2


def test_a_graceful_stop_keeps_what_was_answered(make_plane, vault):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(("prefix7",)), ("k1",)))
    for _ in range(5):
        plane.get("/api/v1/lookup/segments?prefix7=1300001", "k1")
    assert plane.stop() == 0
    plane.start()
    assert len(plane.shipped()) == 5


def test_the_journal_waits_for_control(make_plane, vault, control):
    control.lease = 30.0
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(("prefix7",)), ("k1",)))
    control.away = True
    for _ in range(5):
        assert plane.get("/api/v1/lookup/segments?prefix7=1300001", "k1").status == 200
    assert plane.health()["unshipped"] == 5
    control.away = False
    assert [record["seq"] for record in plane.shipped()] == [1, 2, 3, 4, 5]
