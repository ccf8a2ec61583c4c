"""Four workers, one journal: what none of them may do twice, and what happens when one of them, or the database, ends."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.with_postgres import Postgres
from shugang.delivery.plane.clock import rule_day
from shugang.delivery.plane.fleet.journal import FleetJournal
from shugang.delivery.plane.journal import Intent, JournalFailed, StillAnswered
from shugang.delivery.plane.records import Entry, Template, verify_chain
from shugang.delivery.plane.tests.databases import WORKERS, journal, query, records, shared
from shugang.delivery.plane.tests.peer import PlaneProcess, grant, terms
from shugang.delivery.plane.tests.tables import api_source
from shugang.delivery.plane.tests.test_crash import Buyer
from shugang.delivery.plane.tests.test_usage import events, quotas
from shugang.delivery.plane.usage import CHARGED, UNCHARGED, Meter
from shugang.policy.terms import Quota, Rate

pytestmark = pytest.mark.both
PATH = "/api/v1/lookup/segments?prefix7=1300001"
AT = "2026-01-01T00:00:00.001Z"
FIELDS = ("prefix7", "city")


def one(vault, **changes) -> Any:
    return grant("g1", "segments", api_source(vault), terms(FIELDS, **changes), ("k1",))


def together(plane: PlaneProcess, count: int, clients: int = 64, **headers: str) -> list[Any]:
    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(lambda _: plane.get(PATH, "k1", **headers), range(count)))


def workers(plane: PlaneProcess) -> list[int]:
    """Process ids by worker."""
    return [int(place.rpartition(":")[2]) for (place,) in journal(plane, "SELECT place FROM worker ORDER BY id")]


# -- what the workers settle between them ---------------------------------------------------------------------


@pytest.mark.system
def test_one_request_id_is_answered_once_whichever_workers_it_reaches(make_fleet, vault):
    plane = make_fleet(one(vault))
    replies = together(plane, 64, Request_Id="r-1")
    assert {reply.status for reply in replies} == {200} and len({reply.body for reply in replies}) == 1
    assert sum("idempotent-replayed" not in reply.headers for reply in replies) == 1
    (record,) = plane.shipped()
    assert (record["request_id"], record["charged"]) == ("r-1", True)
    # And a request that came to nothing leaves its id free for every worker.
    assert journal(plane, "SELECT * FROM claim") == []


@pytest.mark.system
def test_a_nonce_is_spent_once_in_the_whole_fleet(make_fleet, vault):
    plane = make_fleet(one(vault))
    replies = together(plane, 48, X_Nonce="n1")
    assert [reply.status for reply in replies].count(200) == 1
    assert {reply.code for reply in replies if reply.status != 200} == {"nonce_repeated"}


@pytest.mark.system
def test_quotas_of_rows_and_bytes_are_exact_too(make_fleet, vault):
    plane = make_fleet(one(vault, quotas=(Quota("rows", 40, "month", "all"), Quota("calls", 90, "total", "uncharged"))))
    replies = together(plane, 160)
    assert [reply.status for reply in replies].count(200) == 40
    assert {reply.code for reply in replies if reply.status != 200} == {"quota_exhausted"}
    plane.shipped()
    assert sum(sum(cells[1::3]) for cells in shared(plane.journal_url).values()) == 40


@pytest.mark.system
def test_a_rate_is_that_of_the_fleet_not_of_each_worker(make_fleet, vault):
    plane = make_fleet(one(vault, rate=Rate(1, 20)))
    began = time.monotonic()
    replies = together(plane, 120)
    # Each second gives one more, and each worker may hand out one that it took in the second before.
    most = 20 + time.monotonic() - began + WORKERS
    assert 20 <= [reply.status for reply in replies].count(200) <= most
    assert {reply.code for reply in replies if reply.status != 200} == {"rate_limited"}


# -- what happens when one ends -------------------------------------------------------------------------------


@pytest.mark.system
def test_workers_that_are_killed_one_by_one_lose_nothing_and_hold_nothing_back(make_fleet, vault):
    plane = make_fleet(one(vault, quotas=(Quota("calls", 10**6, "total", "charged"),)))
    assert workers_are_killed(plane, 4) > 4 * 30


def workers_are_killed(plane: PlaneProcess, rounds: int) -> int:
    """Kill one worker after another under load and hold the journal against what was answered; how many answers."""
    over = threading.Event()
    buyers = [Buyer(plane, f"b{i}", over) for i in range(8)]
    for buyer in buyers:
        buyer.start()
    for round_ in range(1, rounds + 1):
        plane.wait(lambda round_=round_: sum(len(b.answers) for b in buyers) > 30 * round_)
        killed = random.choice(workers(plane))
        os.kill(killed, signal.SIGKILL)
        plane.wait(lambda killed=killed: killed not in workers(plane) and plane.ready())
    over.set()
    for buyer in buyers:
        buyer.join(40)
    told = plane.shipped()
    answers = {rid for buyer in buyers for rid in buyer.answers}
    check(told, answers)
    # What the killed ones had drawn and not recorded is there again: quotas, sums and records say the same.
    plane.wait(lambda: not journal(plane, "SELECT 1 FROM quota WHERE cells[7] <> 0"))
    assert sum(cells[0] for cells in shared(plane.journal_url).values()) == sum(r["charged"] for r in told)
    return len(answers)


def check(told: list[dict[str, Any]], answers: Collection[str]) -> None:
    """One chain, every answer in it once, nothing twice."""
    verify_chain(told)
    counts = Counter(record["request_id"] for record in told if record["state"] != "refused")
    assert [rid for rid in answers if counts[rid] != 1] == [] and max(counts.values()) == 1


@pytest.fixture
def own_server(tmp_path):
    server = Postgres().start()
    yield server
    server.remove()


@pytest.mark.system
def test_a_database_that_crashes_costs_no_record_and_no_process(own_server, control, tmp_path, vault):
    assert database_crashes(own_server, control, tmp_path, vault, 3) > 3 * 40


def database_crashes(server: Postgres, control: Any, tmp_path: Any, vault: Any, rounds: int) -> int:
    """Crash the database under load `rounds` times; how many answers there were."""
    revision = control.set(one(vault, quotas=(Quota("calls", 10**6, "total", "charged"),)))
    plane = PlaneProcess(control, tmp_path / "plane", vault, journal_url=server.url, workers=2).start()
    try:
        plane.at(revision)
        answers: dict[str, tuple[str, bytes]] = {}
        for round_ in range(rounds):
            over = threading.Event()
            buyers = [Buyer(plane, f"c{round_}-{i}", over) for i in range(8)]
            for buyer in buyers:
                buyer.start()
            plane.wait(lambda buyers=buyers: sum(len(b.answers) for b in buyers) > 40)
            pids = workers(plane)
            server.crash()
            # Every worker stays up and says what is wrong.
            plane.wait(lambda: plane.get(PATH, "k1").code == "journal_unavailable")
            over.set()
            for buyer in buyers:
                buyer.join(40)
                answers |= buyer.answers
            server.start()
            plane.wait(plane.ready, 60)
            assert sorted(workers(plane)) == sorted(pids)
        told = records(server.url)
        check(told, answers)
        assert plane.shipped() == told
        assert sum(cells[0] for cells in shared(server.url).values()) == sum(r["charged"] for r in told)
        return len(answers)
    finally:
        plane.kill()


@pytest.mark.system
def test_a_plane_that_served_alone_becomes_a_fleet(make_one, shared_journal, vault):
    # Given a plane with a journal of its own, a quota partly used, and a client who may retry
    limited = one(vault, quotas=(Quota("calls", 10, "total", "charged"),))
    plane = make_one(limited)
    first = plane.get(PATH, "k1", Request_Id="r-1", X_Nonce="n-1")
    assert [plane.get(PATH, "k1").status for _ in range(5)] == [200] * 5
    before = list(plane.shipped())
    plane.stop()
    # When it is started as four workers over a shared journal
    fleet = PlaneProcess(plane.control, plane.folder, vault, journal_url=shared_journal, workers=4).start()
    try:
        # Then its chain, its quotas, its answers and its nonces go on where they were
        assert fleet.get(PATH, "k1", Request_Id="r-1").body == first.body
        assert fleet.get(PATH, "k1", X_Nonce="n-1").code == "nonce_repeated"
        assert [reply.status for reply in together(fleet, 12)].count(200) == 4
        told = fleet.shipped()
        assert told[: len(before)] == before and len(told) > len(before)
        verify_chain(told)
        shared(shared_journal)
    finally:
        fleet.kill()
    # And nobody goes back to the file, nor begins a second story beside it
    assert not (plane.folder / "data/journal.sqlite3").exists()
    plane.start()
    plane.get(PATH, "k1")
    plane.stop()
    fleet.start(healthy=False)
    assert fleet.process is not None and fleet.process.wait(30) == 78


# -- inside one process: two workers by hand ------------------------------------------------------------------


class Config:
    plane_id, worker, journal_keep_days = "plane-1", 1, 0

    def __init__(self, url: str) -> None:
        self._url = url

    def journal_dsn(self) -> str:
        return self._url


async def joined(url: str) -> FleetJournal:
    made = FleetJournal(Config(url))  # type: ignore[arg-type]
    made.start()
    await made.joined.wait()
    return made


def use(name: str, size: int = 10, charged: bool = True) -> Entry:
    made = Template("g", "c", "query", "query", "found", 1, charged, "charged:found" if charged else "uncharged:found")
    return Entry(made, name, AT, AT, 1, size, "", "{}", rule_day(1767225600), True)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(quotas=quotas, events=events, chance=st.randoms(use_true_random=False))
def test_any_worker_decides_as_one_meter_would(shared_journal, quotas, events, chance):
    # Given two workers with the same terms, and one meter beside them that sees all
    async def play() -> None:
        journals = [await joined(shared_journal) for _ in range(2)]
        alone = Meter()
        alone.set_terms(tuple(quotas), None)
        meters = [each.meters[f"g{id(events)}-{chance.random()}"] for each in journals[:1]]
        meters.append(journals[1].meters[meters[0].grant])  # type: ignore[attr-defined]
        for meter in meters:
            meter.set_terms(tuple(quotas), None)
        # When uses come to either of them
        for day, charged, rows, size in events:
            mine = chance.choice(meters)
            base = CHARGED if charged else UNCHARGED
            code = await mine.reserve(day)
            # Then its answers are those of the one
            assert code == await alone.reserve(day)
            if code is None:
                code = await mine.settle(day, base, rows, size)
                assert code == await alone.settle(day, base, rows, size)
                if code is not None:
                    mine.release()
                    alone.release()
            more = chance.randrange(3)
            assert await mine.room(day, base, 0, more) == await alone.room(day, base, 0, more)
            assert await mine.further(day, base, more) == await alone.further(day, base, more)
            assert await mine.charge(day, base, 1, more) == await alone.charge(day, base, 1, more)
            await mine._draws.take("flush", 0, [0] * 7, (), False, -1)  # type: ignore[attr-defined]
        for each in journals:
            await each.stop()

    asyncio.run(play())


def test_the_next_worker_closes_what_a_dead_one_left_open(shared_journal):
    async def play() -> None:
        dead, heir = await joined(shared_journal), await joined(shared_journal)
        limits = (Quota("calls", 3, "total", "all"),)
        for each in (dead, heir):
            each.meters["g"].set_terms(limits, None)
        # Given one use recorded, one of which half has left, and one that had only begun
        day = use("x").day
        assert await dead.meters["g"].charge(day, CHARGED, 1, 10) is None
        await dead.submit(use("done"))
        for name in ("half", "begun"):
            assert await dead.meters["g"].reserve(day) is None
            await dead.intent(Intent("g", name, "c", "query", "query", 1, AT, AT, day, "{}"))
        assert await dead.meters["g"].settle(day, CHARGED, 100, 5000) is None
        await dead.released("g", "half", 2000, 40, "found", True, "charged:found")
        assert await heir.meters["g"].reserve(day) == "quota_exhausted"
        # When its sessions end without a word
        assert dead._member is not None
        for con in (dead._member.writer, dead._member.drawer, dead._member.house):
            await con.close()
        third = await joined(shared_journal)
        while len(records(shared_journal)) < 3:
            # The server may take a moment to notice; until then nobody may touch what is his.
            await asyncio.sleep(0.05)
        # Then what left is billed, what had only begun is void and free again, and nothing it says counts any more
        told = [(r["request_id"], r["state"], r["bytes"], r["charged"]) for r in records(shared_journal)]
        assert sorted(told) == [
            ("begun", "void", 0, False), ("done", "answered", 10, True), ("half", "aborted", 2000, True),
        ]  # fmt: skip
        assert await heir.meters["g"].reserve(day) is None
        assert await heir.meters["g"].reserve(day) == "quota_exhausted"
        with pytest.raises(JournalFailed):
            await dead.finish(use("half", 5000))
        heir.meters["g"].release()
        for each in (heir, third):
            await each.stop()
        await dead.stop()
        assert query(shared_journal, "SELECT cells FROM quota WHERE span = 't'") == [([2, 41, 2010, 0, 0, 0, 0],)]

    asyncio.run(play())


def test_a_request_id_that_another_worker_recorded_fails_alone(shared_journal):
    async def play() -> None:
        first, second = await joined(shared_journal), await joined(shared_journal)
        # Given a use recorded and one begun by the first worker
        await first.submit(use("same"))
        await first.intent(Intent("g", "begun", "c", "query", "query", 1, AT, AT, use("x").day, "{}"))
        # When the second submits both ids among others, all in one flush
        others = [second.submit(use(f"other-{i}")) for i in range(3)]
        doomed = [second.submit(use("same")), second.intent(Intent("g", "begun", "c", "q", "q", 1, AT, AT, 1, "{}"))]
        others += [second.submit(use(f"more-{i}")) for i in range(3)]
        # Then only those are refused, and the worker goes on
        told = await asyncio.gather(*others, *doomed, return_exceptions=True)
        assert told[:6] == [None] * 6 and {type(each) for each in told[6:]} == {StillAnswered}
        await second.submit(use("last"))
        await first.finish(use("begun"))
        for each in (first, second):
            await each.stop()

    asyncio.run(play())
    names = [record["request_id"] for record in records(shared_journal)]
    verify_chain(records(shared_journal))
    assert sorted(names) == sorted(set(names)) and len(names) == 9


def test_records_of_all_workers_make_one_chain(shared_journal):
    async def play() -> None:
        journals = [await joined(shared_journal) for _ in range(3)]

        async def write(each: FleetJournal, place: int) -> None:
            for number in range(40):
                await asyncio.gather(*(each.submit(use(f"w{place}-{number}-{i}")) for i in range(number % 4 + 1)))

        await asyncio.gather(*(write(each, place) for place, each in enumerate(journals)))
        for each in journals:
            await each.stop()

    asyncio.run(play())
    told = records(shared_journal)
    assert verify_chain(told)[0] == len(told) == 300
    assert [record["grant_seq"] for record in told] == list(range(1, 301))
