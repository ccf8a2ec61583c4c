"""A buyer's query in a fleet: one worker runs it, any worker answers for it, and with its worker it ends uncharged."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from shugang.delivery.plane.fleet import tables
from shugang.delivery.plane.fleet.lines import Lines, Unreachable, head
from shugang.delivery.plane.tests.databases import journal, query
from shugang.delivery.plane.tests.peer import PlaneProcess
from shugang.delivery.plane.tests.test_sql import ENDLESS, QUERIES, ask, sql_grant, until, used
from shugang.policy.governed.tests.world import ORDERS, PEOPLE

pytestmark = pytest.mark.both
MANY = "select p.*, o.* from people p, orders o, orders q limit 60000"


@pytest.fixture
def fleet(make_fleet: Any, vault: Path) -> PlaneProcess:
    return make_fleet(sql_grant(vault, PEOPLE), sql_grant(vault, ORDERS), whole_answer=100_000)


class Line:
    """A connection that is kept, and with it the worker at its other end."""

    def __init__(self, plane: PlaneProcess) -> None:
        self._con = http.client.HTTPConnection("127.0.0.1", plane.port, timeout=60)
        found = re.search(r'worker="(\d+)"', self.ask("GET", "/metrics")[2].decode())
        assert found is not None
        self.worker = found[1]

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any, bytes]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._con.request(method, path, body=body, headers={"Authorization": "Bearer k1", **sent})
        answer = self._con.getresponse()
        return answer.status, answer.headers, answer.read()


def two(plane: PlaneProcess) -> tuple[Line, Line]:
    """Connections to two different workers."""
    first = second = Line(plane)
    while second.worker == first.worker:
        second = Line(plane)
    return first, second


def pid_of(plane: PlaneProcess, number: str) -> int:
    ((place,),) = query(
        plane.journal_url, "SELECT place FROM job JOIN worker ON worker = worker.id WHERE job.id = %s", number
    )
    return int(place.rpartition(":")[2])


@pytest.mark.system
def test_progress_stop_and_result_reach_the_worker_that_holds_the_query(fleet):
    here, there = two(fleet)
    # Given a long query begun at one worker
    status, _, told = here.ask("POST", QUERIES, ENDLESS.encode(), Prefer="wait=0")
    number = json.loads(told)["id"]
    assert status == 202
    # When another worker is asked, then it says the same, and what it is told to stop stops
    assert json.loads(there.ask("GET", f"{QUERIES}/{number}")[2])["state"] in ("waiting", "running")
    assert there.ask("GET", f"{QUERIES}/{number}/result")[0] == 202
    assert json.loads(there.ask("DELETE", f"{QUERIES}/{number}")[2])["code"] == "sql_stopped"
    assert json.loads(here.ask("GET", f"{QUERIES}/{number}")[2])["code"] == "sql_stopped"
    assert used(fleet) == [("g-orders", "refused", "sql_stopped", False, 0)]


@pytest.mark.system
def test_a_large_result_passes_from_worker_to_worker_whole_and_is_charged_once(fleet):
    here, there = two(fleet)
    number = json.loads(here.ask("POST", QUERIES, MANY.encode(), Prefer="wait=0")[2])["id"]
    until(fleet, number, "ready", seconds=60)
    status, headers, body = there.ask("GET", f"{QUERIES}/{number}/result")
    assert (status, int(headers["content-length"])) == (200, len(body))
    assert len(json.loads(body)["data"]) == 60_000
    assert {(g, charged, rows) for g, _, _, charged, rows in used(fleet)} == {
        ("g-people", True, 60_000), ("g-orders", True, 60_000)
    }  # fmt: skip
    record = fleet.shipped()[-1]
    assert record["bytes"] == len(body)


@pytest.mark.system
def test_a_retry_at_another_worker_finds_the_query_that_runs(fleet):
    here, there = two(fleet)
    first = json.loads(here.ask("POST", QUERIES, ENDLESS.encode(), Prefer="wait=0", Request_Id="r1")[2])
    again = json.loads(there.ask("POST", QUERIES, ENDLESS.encode(), Prefer="wait=0", Request_Id="r1")[2])
    assert again["id"] == first["id"]
    changed = json.loads(there.ask("POST", QUERIES, b"select id from orders", Request_Id="r1")[2])
    assert changed["code"] == "request_changed"
    there.ask("DELETE", f"{QUERIES}/{first['id']}")


@pytest.mark.system
def test_a_query_ends_with_its_worker_uncharged_and_every_worker_says_so(fleet):
    begun = ask(fleet, ENDLESS, Prefer="wait=0", Request_Id="r1").json
    number = begun["id"]
    until(fleet, number, "running")
    # When the worker that runs it is killed
    os.kill(pid_of(fleet, number), signal.SIGKILL)
    # Then whoever is asked says that it ended, and what it had reserved is free again
    fleet.wait(lambda: fleet.get(f"{QUERIES}/{number}", "k1").json["state"] == "failed")  # its socket dies after it
    told = until(fleet, number, "failed")
    assert (told["code"], told["request_id"]) == ("sql_interrupted", "r1")
    result = fleet.get(f"{QUERIES}/{number}/result", "k1")
    assert (result.status, result.code) == (503, "sql_interrupted")
    assert fleet.get(f"{QUERIES}/{number}", "k1", "DELETE").json["code"] == "sql_interrupted"
    assert fleet.get(f"{QUERIES}/{number}", "nobody").code == "unknown_key"
    assert used(fleet) == [("g-orders", "void", "interrupted", False, 0)]
    fleet.wait(lambda: not journal(fleet, "SELECT 1 FROM quota WHERE cells[7] <> 0"))
    assert journal(fleet, "SELECT * FROM claim") == []


@pytest.mark.system
def test_a_query_on_a_machine_that_is_not_reached_is_named_with_it(fleet):
    here, there = two(fleet)
    number = json.loads(here.ask("POST", QUERIES, ENDLESS.encode(), Prefer="wait=0")[2])["id"]
    query(fleet.journal_url, "UPDATE worker SET place = 'machine-2:1' WHERE id = (SELECT worker FROM job)")
    status, _, body = there.ask("GET", f"{QUERIES}/{number}")
    assert (status, json.loads(body)["code"]) == (503, "sql_elsewhere")
    assert json.loads(body)["fields"] == {"machine": "machine-2"}
    assert here.ask("DELETE", f"{QUERIES}/{number}")[0] == 200


def test_nobody_without_the_planes_secret_asks_or_answers(tmp_path):
    asked: list[Any] = []

    async def answer(question: Any, answering: Any) -> None:
        asked.append(question)
        answering.response_bytes(200, [], b"here")

    async def play() -> None:
        ours, other = (Lines("127.0.0.1", secret, tmp_path, answer) for secret in (b"1" * 32, b"2" * 32))
        address = await ours.open()
        async with ours.ask(address, {"ask": "status"}) as reader:
            assert (await head(reader))["status"] == 200
            assert await reader.read() == b"here"
        with pytest.raises(Unreachable):
            async with other.ask(address, {"ask": "stop"}) as reader:
                await head(reader)
        strange = await other.open()
        with pytest.raises(Unreachable):
            async with ours.ask(strange, {"ask": "stop"}) as reader:
                await head(reader)
        for each in (ours, other):
            await each.close()

    asyncio.run(play())
    assert asked == [{"ask": "status"}]
    assert list(tmp_path.glob("*.pem")) == []


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_journal_of_a_version_before_is_carried_on(shared_journal, version):
    async def play() -> None:
        con = await tables.connect(shared_journal, "plane-1", "test")
        await tables.create(con, "plane-1")
        await con.execute("DROP TABLE timed, timing; DROP FUNCTION take_time")
        if version == "1":
            await con.execute("DROP TABLE job; ALTER TABLE worker DROP address")
        await con.execute("UPDATE meta SET value = %s WHERE key = 'schema'", (version,))
        await tables.create(con, "plane-1")
        assert await tables.rows(con, "SELECT * FROM timed") == []
        assert await tables.rows(con, tables.FIND_JOB, "none") == []
        await con.execute("UPDATE meta SET value = '0' WHERE key = 'schema'")
        with pytest.raises(tables.OtherSchema):
            await tables.create(con, "plane-1")
        await con.close()

    asyncio.run(play())
