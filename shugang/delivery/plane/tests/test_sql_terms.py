"""Each term that mode `sql` claims to hold: met it admits, broken it refuses by its code, and nothing is charged."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shugang.delivery.plane.tests.peer import FakeControl, PlaneProcess, Reply, credential
from shugang.delivery.plane.tests.test_sql import ENDLESS, QUERIES, sql_grant, until
from shugang.delivery.plane.tests.test_sql import ask as answer
from shugang.policy.governed.tests.world import ORDERS, PEOPLE, STAFF
from shugang.policy.terms import Mask, Quota, Rate, RowFilter
from shugang.policy.vocabulary import OutputRule

pytestmark = pytest.mark.system
PAST, FUTURE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
COUNT = "select count(*) as n from people"


@pytest.fixture
def serve(make_plane: Any, control: FakeControl, vault: Any) -> Any:
    """The test's plane, now with this one grant alone: a table under changed terms."""
    planes: list[PlaneProcess] = []
    numbers = itertools.count(1)

    def served(table: Any = PEOPLE, **changes: Any) -> PlaneProcess:
        granted = sql_grant(vault, table, f"g{next(numbers)}", **changes)
        if not planes:
            planes.append(make_plane(granted))
        else:
            planes[0].at(control.set(granted))
        return planes[0]

    return served


def ask(plane: PlaneProcess, sql: str = COUNT, key: str = "k1") -> Reply:
    return answer(plane, sql, key)


def refused(reply: Reply, code: str, plane: PlaneProcess) -> None:
    assert reply.code == code, reply
    plane.wait(lambda: plane.control.records and plane.control.records[-1]["outcome"] == code)
    last = plane.shipped()[-1]
    assert (last["state"], last["outcome"], last["charged"], last["bytes"]) == ("refused", code, False, 0)


def test_actions(serve):
    assert ask(serve(actions=("query", "compute"))).status == 200
    plane = serve(actions=("read",))
    refused(ask(plane), "action_denied", plane)


def test_purpose_and_subject(make_plane, vault):
    granted = sql_grant(vault, PEOPLE)
    other = replace(granted, credentials=(credential("k1"), credential("k2", purpose="evaluation")))
    plane = make_plane(other)
    assert ask(plane).status == 200
    refused(ask(plane, key="k2"), "purpose_denied", plane)
    assert ask(plane, key="nobody").code == "unknown_key"


def test_period(serve):
    assert ask(serve(valid_from=PAST)).status == 200
    plane = serve(valid_from=FUTURE)
    refused(ask(plane), "not_started", plane)
    plane = serve(valid_from=PAST, valid_until=datetime(2021, 1, 1, tzinfo=UTC))
    refused(ask(plane), "expired", plane)


def test_fields_rows_and_masks(serve):
    plane = serve(
        fields=("id", "age", "phone"),
        rows=(RowFilter("city", "eq", "SZ"), RowFilter("id", "le", 3)),
        masks=(Mask("phone", "redact", {}), Mask("age", "band", {"width": 10})),
    )
    assert ask(plane, "select * from people order by id").json["data"] == [
        {"id": 1, "age": 20, "phone": None},
        {"id": 2, "age": 30, "phone": None},
        {"id": 3, "age": 40, "phone": None},
    ]
    refused(ask(plane, "select city from people"), "column_hidden", plane)
    assert ask(plane, "select id from people where id > 3").json["data"] == []


def test_quotas(serve):
    plane = serve(quotas=(Quota("calls", 2),))
    assert [ask(plane).status for _ in range(2)] == [200, 200]
    refused(ask(plane), "quota_exhausted", plane)
    plane = serve(quotas=(Quota("rows", 5),))
    assert ask(plane, "select id from people limit 5").status == 200
    refused(ask(plane), "quota_exhausted", plane)
    plane = serve(quotas=(Quota("bytes", 400),))
    assert ask(plane).status == 200
    refused(ask(plane, "select * from people"), "quota_exhausted", plane)


def test_uncharged_outcomes_have_a_quota_of_their_own(serve):
    plane = serve(quotas=(Quota("calls", 1, counts="uncharged"),))
    assert ask(plane, "select id from people where false").json["outcome"] == "not_found"
    # even what would find something is refused now: the refusal tells nothing about the data
    refused(ask(plane), "uncharged_quota_exhausted", plane)


def test_rate(serve):
    plane = serve(rate=Rate(1, 2))
    replies = [plane.get(QUERIES, "k1", "POST", COUNT.encode(), Prefer="wait=0") for _ in range(4)]
    # a quick one may be answered at once
    statuses = [reply.status for reply in replies]
    assert set(statuses) <= {200, 202, 429} and statuses[0] != 429 and 429 in statuses, replies
    limited = next(reply for reply in replies if reply.status == 429)
    assert limited.code == "rate_limited"
    assert limited.headers["ratelimit-policy"].startswith('"rate";q=2')


def test_place_holds_for_progress_and_result_too(make_plane, control, vault):
    granted = sql_grant(vault, ORDERS, networks=("127.0.0.0/8",))
    plane = make_plane(granted)
    number = plane.get(QUERIES, "k1", "POST", ENDLESS.encode(), Prefer="wait=0").json["id"]
    until(plane, number, "running")
    plane.at(control.set(replace(granted, terms=replace(granted.terms, networks=("192.0.2.0/24",)))))
    for path in (f"{QUERIES}/{number}", f"{QUERIES}/{number}/result"):
        assert plane.get(path, "k1").code == "place_denied"
    refused(ask(plane, "select count(*) as n from orders"), "place_denied", plane)


def test_output_rule(make_plane, vault):
    granted = sql_grant(vault, STAFF)
    plane = make_plane(replace(granted, terms=replace(granted.terms, output=OutputRule(18))))
    assert ask(plane, "select region, count(*) as n from staff group by region").json["data"] == [
        {"region": "S", "n": 20}
    ]
    refused(ask(plane, "select name from staff"), "sql_output_rule", plane)
