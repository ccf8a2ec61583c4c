"""Given granted tables, when a buyer sends SQL of his own, then it runs governed, walled in, metered, and can be stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shugang.delivery.plane import render
from shugang.delivery.plane.sql_jobs import plain
from shugang.delivery.plane.tests.peer import ROOT, PlaneProcess, Reply, grant
from shugang.delivery.plane.tests.tables import store
from shugang.policy.governed.tests.test_probes import PROBES
from shugang.policy.governed.tests.test_probes import run as run_policy
from shugang.policy.governed.tests.world import LEAST, ORDERS, PEOPLE, STAFF, Table, raw_database, secrets_in
from shugang.policy.grant import CompiledGrant
from shugang.policy.sources import SqlSource
from shugang.policy.terms import Quota
from shugang.policy.vocabulary import OutputRule

pytestmark = pytest.mark.system
QUERIES = "/sql/v1/queries"
# Too many rows to go through in any patience of ours: 90 to the sixth.
ENDLESS = "select count(*) as n from orders a, orders b, orders c, orders d, orders e, orders f where a.id * f.id = 7"


def sql_grant(vault: Path, table: Table, name: str = "", **changes: Any) -> CompiledGrant:
    path, digest = store(vault, f"{table.name}.parquet", table.arrow())
    source = SqlSource(table.name, f"ds-{table.name}", 1, path, digest, table.columns)
    usual = {
        "purpose": "research",
        "valid_until": datetime.fromisoformat("2036-01-01T00:00:00Z"),
        "output": OutputRule(LEAST) if table.least else None,
    }
    terms = replace(table.terms, **(usual | changes))
    return grant(name or f"g-{table.name}", "shop", source, terms, ("k1",))


@pytest.fixture
def grants(vault: Path) -> list[CompiledGrant]:
    return [sql_grant(vault, table) for table in (PEOPLE, ORDERS, STAFF)]


@pytest.fixture
def plane(make_plane: Any, grants: list[CompiledGrant]) -> PlaneProcess:
    return make_plane(*grants)


def ask(plane: PlaneProcess, sql: str, key: str = "k1", **headers: str) -> Reply:
    """The answer, however long a busy machine takes, unless the caller says how long to wait."""
    reply = plane.get(QUERIES, key, "POST", sql.encode(), **{"Prefer": "wait=25", **headers})
    while reply.status == 202 and "Prefer" not in headers:
        time.sleep(0.2)
        reply = plane.get(f"{reply.headers['location']}/result", key)
    return reply


def used(plane: PlaneProcess) -> list[tuple[Any, ...]]:
    return [(r["grant"], r["state"], r["outcome"], r["charged"], r["rows"]) for r in plane.shipped()]


def until(plane: PlaneProcess, number: str, *states: str, seconds: float = 20.0) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        reply = plane.get(f"{QUERIES}/{number}", "k1")
        if reply.json["state"] in states:
            return reply.json
        assert time.monotonic() < deadline, reply.json
        time.sleep(0.05)


# -- answers and their records ----------------------------------------------------------------------------


def test_a_short_query_is_answered_at_once_and_charged(plane):
    reply = ask(plane, "select city, count(*) as n, sum(age) as s from people group by city")
    assert reply.status == 200, reply
    ages = [row["age"] for row in PEOPLE.rows if row["city"] == "SZ" and row["age"] is not None]
    assert reply.json["data"] == [{"city": "SZ", "n": 40, "s": sum(ages)}]
    (record,) = plane.shipped()
    assert (record["state"], record["outcome"], record["rows"]) == ("answered", "found", 1)
    assert (record["charged"], record["mode"], record["action"]) == (True, "sql", "query")
    assert record["bytes"] == len(reply.body)


def test_the_program_in_the_guide_works(plane):
    guide = (ROOT / "docs/guides/sql.md").read_text()
    program = guide.partition("```python\n")[2].partition("```")[0]
    environ = {**os.environ, "PLANE": plane.url, "KEY": "k1"}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=120)
    assert done.stdout == "[{'city': 'SZ', 'n': 40}]\n", done.stderr


def test_the_answer_comes_as_csv_and_arrow_too(plane):
    sql = "select id, joined, score from people where id <= 2 order by id"
    text = ask(plane, sql, Accept="text/csv").body.decode()
    assert text == "id,joined,score\r\n1,2021-02-02,1.25\r\n2,2022-03-03,2.5\r\n"
    with pa.ipc.open_stream(ask(plane, sql, Accept=render.ARROW).body) as reader:
        table = reader.read_all()
    assert table.to_pylist()[1] == {"id": 2, "joined": date(2022, 3, 3), "score": 2.5}
    assert ask(plane, sql, Accept="image/png").code == "not_acceptable"


def test_every_grant_that_a_query_touches_is_charged_and_no_other(plane):
    assert ask(plane, "select p.id, o.amount from people p join orders o on o.person = p.id").status == 200
    assert sorted(record[:4] for record in used(plane)) == [
        ("g-orders", "answered", "found", True),
        ("g-people", "answered", "found", True),
    ]


def test_each_record_says_which_columns_of_its_own_table_reached_the_answer(plane):
    ask(plane, "select p.city, sum(o.amount) as total from people p join orders o on o.person = p.id group by p.city")
    said = {r["grant"]: r["detail"] for r in plane.shipped()}
    mine, theirs = said["g-people"]["lineage"], said["g-orders"]["lineage"]
    assert ["city", "city", "IDENTITY", False] in mine and ["amount", "total", "AGGREGATION", False] in theirs
    assert not [edge for edge in mine if edge[0] in ("amount", "person")] and "amount" not in str(mine)
    assert said["g-people"]["query"] == said["g-orders"]["query"] and "select" not in str(said)


def test_an_answer_without_rows_is_not_found(plane):
    assert ask(plane, "select id from people where city = 'BJ'").json["outcome"] == "not_found"
    assert used(plane) == [("g-people", "answered", "not_found", False, 0)]


def test_a_table_may_be_named_with_its_product(plane):
    assert ask(plane, "select count(*) as n from shop.people").json["data"] == [{"n": 40}]
    assert ask(plane, "select count(*) as n from other.people").code == "sql_no_table"


def test_groups_below_the_agreed_size_do_not_leave(plane):
    reply = ask(plane, "select region, count(*) as n, sum(bonus) as b from staff group by region order by region")
    assert reply.json["data"] == [{"region": "N", "n": 17, "b": None}, {"region": "S", "n": 20, "b": None}]
    refused = ask(plane, "select max(pay) from staff")
    assert (refused.status, refused.code, refused.json["fields"]) == (
        403,
        "sql_output_rule",
        {"max": "sql_output_rule"},
    )


def test_a_refused_query_is_recorded_under_its_grant_and_free(plane):
    refused = ask(plane, "select note from people")
    assert (refused.status, refused.code, refused.json["fields"]) == (403, "column_hidden", {"note": "column_hidden"})
    assert used(plane) == [("g-people", "refused", "column_hidden", False, 0)]


def test_what_names_no_granted_table_has_no_grant_to_be_charged_to(plane):
    assert ask(plane, "select 1").code == "sql_no_table"
    assert ask(plane, "with people as (select 1 as a) select a from people").code == "sql_no_table"
    assert ask(plane, "select id from nowhere").code == "sql_no_table"
    assert ask(plane, "select id from people", key="nobody").code == "unknown_key"


def test_a_body_that_is_no_text_is_refused(plane):
    for body in (b"", b"\xff\xfe", b"select '\x00' from people"):
        assert plane.get(QUERIES, "k1", "POST", body).status in (400, 403)
    assert plane.get(QUERIES, "k1").status == 404
    assert plane.get(f"{QUERIES}/x/y/z", "k1").status == 404
    assert plane.get(QUERIES, "k1", "POST", b"select 1 " + b" " * 70_000).status == 400


def test_a_large_answer_leaves_in_pieces_charged_under_both_grants(make_plane, grants):
    plane = make_plane(*grants, whole_answer=100_000)
    reply = ask(plane, "select p.*, o.* from people p, orders o, orders q limit 60000")
    assert reply.status == 200
    assert len(reply.json["data"]) == 60_000
    assert {record[0]: record[3:] for record in used(plane)} == {"g-people": (True, 60_000), "g-orders": (True, 60_000)}


# -- the corpus -------------------------------------------------------------------------------------------


def test_no_probe_gets_a_secret_out_of_the_plane(make_plane, grants):
    """Answers, their sizes, errors and states: each equals what the granted cells alone give."""
    plane = make_plane(*grants)
    raw = raw_database()
    names = set()
    for probe in PROBES:
        reply = ask(plane, probe.sql)
        assert not secrets_in(reply.body.decode().replace(probe.sql, "")) or _asked(probe.sql, reply), probe
        if probe.expect != "contained":
            assert reply.code == probe.expect or reply.code == "sql_no_table", (probe, reply)
            continue
        expected = run_policy(raw, probe.sql) if reply.status != 403 else None
        if reply.status == 200:
            assert expected is not None, probe
            assert len(reply.json["data"]) == len(expected[1]), probe
            names.add(probe.sql)
        else:
            # The engine's own words, with the values that they print, stay inside.
            assert reply.code == "sql_no_table" or (expected, reply.code, reply.json["fields"]) == (
                None,
                "sql_failed",
                {},
            )
    assert len(names) >= 75
    log = (plane.folder / "log").read_text()
    assert not secrets_in(log)
    assert "/data/cache" not in log


def _asked(sql: str, reply: Reply) -> bool:
    """A refusal may repeat a name of the question, and an answer a text that stood in it."""
    return all(secret in sql for secret in secrets_in(reply.body.decode()))


# -- long queries -----------------------------------------------------------------------------------------


def test_a_long_query_is_answered_by_its_number_and_can_be_stopped(plane):
    begun = ask(plane, ENDLESS, Prefer="wait=0")
    assert begun.status == 202, (plane.folder / "log").read_text()[-3000:]
    number = begun.json["id"]
    assert begun.headers["location"] == f"{QUERIES}/{number}"
    assert until(plane, number, "running")["request_id"] == begun.json["request_id"]
    assert plane.get(f"{QUERIES}/{number}/result", "k1").status == 202
    # when the buyer stops it
    stopped = plane.get(f"{QUERIES}/{number}", "k1", "DELETE")
    # then it ends, nothing is charged, and there is no result
    assert (stopped.status, stopped.json["state"], stopped.json["code"]) == (200, "failed", "sql_stopped")
    assert plane.get(f"{QUERIES}/{number}/result", "k1").code == "sql_stopped"
    assert used(plane) == [("g-orders", "refused", "sql_stopped", False, 0)]
    _nothing_runs(plane)


def test_a_result_waits_and_is_charged_when_it_is_fetched_once(plane):
    begun = ask(plane, "select id from people order by id limit 3", Prefer="wait=0")
    number = begun.json["id"]
    ready = until(plane, number, "ready")
    # nothing of the answer shows before it is charged for
    assert set(ready) == {"id", "state", "progress", "seconds", "request_id"}
    assert used(plane) == []
    first = plane.get(f"{QUERIES}/{number}/result", "k1")
    again = plane.get(f"{QUERIES}/{number}/result", "k1")
    assert first.json["data"] == [{"id": 1}, {"id": 2}, {"id": 3}]
    assert (again.body, again.headers["idempotent-replayed"]) == (first.body, "true")
    assert used(plane) == [("g-people", "answered", "found", True, 3)]


def test_a_result_that_nobody_fetches_is_void(make_plane, grants):
    plane = make_plane(*grants, sql_keep_seconds=0.5)
    number = ask(plane, "select id from people", Prefer="wait=0").json["id"]
    until(plane, number, "ready")
    time.sleep(0.6)
    assert plane.get(f"{QUERIES}/{number}", "k1").status == 404
    plane.wait(lambda: plane.control.records)
    assert used(plane) == [("g-people", "void", "interrupted", False, 0)]


def test_a_query_ends_when_its_caller_goes_away(plane):
    with socket.create_connection(("127.0.0.1", plane.port)) as caller:
        head = f"POST {QUERIES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k1\r\nPrefer: wait=30\r\n"
        caller.sendall(f"{head}Content-Length: {len(ENDLESS)}\r\n\r\n{ENDLESS}".encode())
        plane.wait(lambda: any(_children(root) for root in _sandboxes(plane)))
    _nothing_runs(plane)
    plane.wait(lambda: plane.control.records)
    assert used(plane) == [("g-orders", "refused", "sql_stopped", False, 0)]


def test_another_key_does_not_see_the_query(make_plane, vault, grants):
    other = grant("g-other", "elsewhere", grants[1].source, grants[1].terms, ("k2",))
    plane = make_plane(*grants, other)
    number = ask(plane, ENDLESS, Prefer="wait=0").json["id"]
    for method in ("GET", "DELETE"):
        assert plane.get(f"{QUERIES}/{number}", "k2", method).status == 404
    assert plane.get(f"{QUERIES}/{number}/result", "k2").status == 404
    assert plane.get(f"{QUERIES}/{number}", "k1", "DELETE").json["code"] == "sql_stopped"


@pytest.mark.parametrize("state, code", [("suspended", "suspended"), ("ended", "revoked")])
def test_a_grant_that_falls_takes_its_running_query_with_it(plane, control, grants, state, code):
    number = ask(plane, ENDLESS, Prefer="wait=0").json["id"]
    until(plane, number, "running")
    # when one of its grants falls
    plane.at(control.set(grants[0], replace(grants[1], state=state, reason="x"), grants[2]))
    time.sleep(1.0)
    # then within a second it is over
    assert plane.get(f"{QUERIES}/{number}", "k1").json["code"] == code
    assert used(plane) == [("g-orders", "refused", code, False, 0)]
    _nothing_runs(plane)


def test_an_answer_is_not_handed_out_after_its_grant_fell(plane, control, grants):
    number = ask(plane, "select id from people", Prefer="wait=0").json["id"]
    until(plane, number, "ready")
    plane.at(control.set(replace(grants[0], state="suspended", reason="x"), *grants[1:]))
    assert plane.get(f"{QUERIES}/{number}/result", "k1").code == "suspended"
    assert used(plane) == [("g-people", "refused", "suspended", False, 0)]


def test_time_is_bounded_and_nothing_is_charged(make_plane, grants):
    plane = make_plane(*grants, sql_seconds=2)
    slow = ask(plane, ENDLESS)
    assert (slow.status, slow.code) == (504, "sql_time")
    assert used(plane) == [("g-orders", "refused", "sql_time", False, 0)]
    _nothing_runs(plane)


def test_memory_is_bounded_and_nothing_is_charged(make_plane, grants):
    plane = make_plane(*grants, sql_memory_mb=64)
    greedy = ask(
        plane,
        "select string_agg(concat(a.id, '-', b.id, '-', c.id, lpad('', 200, 'x')), ',') as n from orders a, orders b, orders c",
    )
    assert greedy.status == 413, greedy
    assert greedy.code == "sql_memory"
    wide = ask(plane, "select lpad(a.code, 900000000, 'x') as x from orders a")
    assert wide.status == 413, wide
    assert [record[1:4] for record in used(plane)] == [
        ("refused", "sql_memory", False),
        ("refused", "sql_memory", False),
    ]
    _nothing_runs(plane)
    # and the next one runs
    assert ask(plane, "select count(*) as n from orders").json["data"] == [{"n": 90}]


def test_too_many_rows_are_refused(make_plane, grants):
    plane = make_plane(*grants, row_cap=1000)
    assert ask(plane, "select a.id from orders a, orders b").code == "answer_too_large"


def test_as_many_as_agreed_run_and_wait_at_once_in_one_worker(make_one, grants):
    plane = make_one(*grants, sql_running=1, sql_waiting=1)
    numbers = [ask(plane, ENDLESS, Prefer="wait=0").json["id"] for _ in range(2)]
    full = ask(plane, ENDLESS, Prefer="wait=0")
    assert (full.status, full.code, full.headers["retry-after"]) == (503, "sql_busy", "1")
    states = [plane.get(f"{QUERIES}/{number}", "k1").json["state"] for number in numbers]
    assert sorted(states) == ["running", "waiting"]
    for number in numbers:
        plane.get(f"{QUERIES}/{number}", "k1", "DELETE")


def test_a_sandbox_that_is_killed_comes_back(make_one, grants):
    plane = make_one(*grants)
    assert ask(plane, "select count(*) as n from orders").status == 200
    (root,) = _sandboxes(plane)
    os.kill(root, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _sandboxes(plane) == [root] and time.monotonic() < deadline:
        time.sleep(0.05)
    # a query that met the dying process is refused by its code; soon after, answers are right again
    while (answer := ask(plane, "select count(*) as n from orders")).status != 200 and time.monotonic() < deadline:
        assert answer.code
    assert answer.json["data"] == [{"n": 90}]


def test_the_sandbox_ends_with_its_plane(plane):
    ask(plane, ENDLESS, Prefer="wait=0")
    plane.wait(lambda: any(_children(root) for root in _sandboxes(plane)))
    family = [pid for root in _sandboxes(plane) for pid in (root, *_children(root))]
    plane.kill()
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}/exe") for pid in family):
        assert time.monotonic() < deadline
        time.sleep(0.05)


# -- the same request again -------------------------------------------------------------------------------


def test_the_same_request_is_answered_again_and_charged_once(plane):
    sql = "select id, name from people where id < 5"
    first = ask(plane, sql, Request_Id="r1")
    again = ask(plane, sql, Request_Id="r1")
    assert (again.status, again.body) == (200, first.body)
    assert ask(plane, sql + " and true", Request_Id="r1").code == "request_changed"
    assert ask(plane, sql, Request_Id="r1", Accept="text/csv").code == "request_changed"
    assert [record[1:4] for record in used(plane) if record[1] == "answered"] == [("answered", "found", True)]


def test_after_the_answer_is_forgotten_a_retry_runs_again_uncharged(make_plane, grants):
    plane = make_plane(*grants, sql_keep_seconds=0.1)
    sql = "select p.id, o.code from people p join orders o on o.person = p.id order by 1, 2"
    first = ask(plane, sql, Request_Id="r1")
    time.sleep(0.3)
    again = ask(plane, sql, Request_Id="r1")
    assert (again.status, again.body, again.headers["idempotent-replayed"]) == (200, first.body, "true")
    # under one of the two grants alone, the id was used for something else
    assert ask(plane, "select id from people", Request_Id="r1").code == "request_changed"
    assert len([record for record in used(plane) if record[1] == "answered"]) == 2


def test_a_stopped_request_is_not_begun_again_and_a_failed_one_is(plane, control, grants):
    number = ask(plane, ENDLESS, Prefer="wait=0", Request_Id="r1").json["id"]
    plane.get(f"{QUERIES}/{number}", "k1", "DELETE")
    assert ask(plane, ENDLESS, Request_Id="r1").code == "sql_stopped"
    # one that failed, here with its grant, may be asked again under the same id
    sql = "select id from people limit 1"
    number = ask(plane, sql, Prefer="wait=0", Request_Id="r2").json["id"]
    until(plane, number, "ready")
    plane.at(control.set(replace(grants[0], state="suspended", reason="x"), *grants[1:]))
    assert plane.get(f"{QUERIES}/{number}/result", "k1").code == "suspended"
    plane.at(control.set(*grants))
    assert ask(plane, sql, Request_Id="r2").status == 200


def test_the_same_request_at_the_same_time_runs_once(plane):
    sql = "select count(*) as n from orders a, orders b, orders c where a.id + b.id = c.id"
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda: replies.append(ask(plane, sql, Request_Id="r1"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(reply.status, reply.body) for reply in replies} == {(200, replies[0].body)}
    assert used(plane) == [("g-orders", "answered", "found", True, 1)]


def test_a_request_id_that_runs_is_not_used_for_another_query(plane):
    begun = ask(plane, ENDLESS, Prefer="wait=0", Request_Id="r1")
    assert ask(plane, ENDLESS, Prefer="wait=0", Request_Id="r1").json["id"] == begun.json["id"]
    assert ask(plane, "select id from orders", Request_Id="r1").code == "request_changed"
    plane.get(f"{QUERIES}/{begun.json['id']}", "k1", "DELETE")


def test_a_nonce_counts_once_for_all_grants_of_a_query(plane):
    sql = "select count(*) as n from people, orders"
    assert ask(plane, sql, X_Nonce="n1").status == 200
    assert ask(plane, sql, X_Nonce="n1").code == "nonce_repeated"


# -- quotas -----------------------------------------------------------------------------------------------


def test_calls_are_held_while_a_query_runs(make_plane, vault):
    plane = make_plane(sql_grant(vault, ORDERS, quotas=(Quota("calls", 1),)))
    number = ask(plane, ENDLESS, Prefer="wait=0").json["id"]
    assert ask(plane, "select id from orders").code == "quota_exhausted"
    plane.get(f"{QUERIES}/{number}", "k1", "DELETE")
    # a stopped query gives its call back
    assert ask(plane, "select id from orders limit 1").status == 200
    assert ask(plane, "select id from orders limit 1").code == "quota_exhausted"


def test_rows_beyond_one_grants_quota_leave_under_none(make_plane, vault):
    plane = make_plane(sql_grant(vault, PEOPLE, quotas=(Quota("rows", 10),)), sql_grant(vault, ORDERS))
    refused = ask(plane, "select p.id from people p, orders o")
    assert refused.code == "quota_exhausted"
    assert {record[1:4] for record in used(plane)} == {("refused", "quota_exhausted", False)}
    assert len(ask(plane, "select p.id from people p, orders o limit 10").json["data"]) == 10
    assert ask(plane, "select p.id from people p, orders o limit 1").code == "quota_exhausted"
    assert ask(plane, "select id from orders limit 1").status == 200


def test_sums_of_whole_numbers_are_numbers_where_json_holds_them():
    digits = pa.decimal128(38, 0)
    table = pa.table({"a": pa.array([Decimal(5), None], digits), "b": pa.array([Decimal(2**60), None], digits)})
    assert plain(table).to_pylist() == [{"a": 5, "b": Decimal(2**60)}, {"a": None, "b": None}]


# -- helpers ----------------------------------------------------------------------------------------------


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def _sandboxes(plane: PlaneProcess) -> list[int]:
    """The forking process of each worker that has begun one."""
    assert plane.process is not None
    found: list[int] = []
    family = [plane.process.pid]
    while family:
        pid = family.pop()
        if pid != plane.process.pid and b"plane.sandbox" in _command(pid):
            found.append(pid)
        else:
            family += _children(pid)
    return found


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _nothing_runs(plane: PlaneProcess) -> None:
    deadline = time.monotonic() + 5
    while any(_children(root) for root in _sandboxes(plane)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert json.loads(plane.get("/healthz").body)["ok"]
